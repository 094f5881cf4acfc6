"use strict";
// Everything from data reaches the page through textContent or the canvas, never as HTML.
(() => {
  const element = (id) => document.getElementById(id);
  const read = (id) => JSON.parse(element(id).textContent);
  const facts = read("facts"), nodes = read("nodes"), edges = read("edges");
  const box = element("graph"), tip = element("tip"), chosen = element("chosen");
  const night = matchMedia("(prefers-color-scheme: dark)"), narrow = matchMedia("(max-width: 639px)");
  const nodeSet = new vis.DataSet(), edgeSet = new vis.DataSet();
  const ring = nodes.length > 60 ? 1.5 : 4; // in screen pixels, whatever the zoom
  const rules = element("rule"); // a trace is drawn under one rule at a time
  let focus = null; // {nodes: Set, edges: Set}: what stays bright
  const under = (thing) => (rules && thing.by ? { ...thing, ...thing.by[rules.value] } : thing);

  // --- place: the same order on every screen, stretched along the side that has room left ---

  let stretch = [1, 1];
  const spot = (node) => (narrow.matches ? node.tall : [node.x, node.y]);

  function measure() {
    const [wide, high] = [0, 1].map((side) => {
      const values = nodes.map((node) => spot(node)[side]);
      return Math.max(...values) - Math.min(...values) + 170 - 90 * side;
    });
    const room = box.clientWidth / box.clientHeight, shape = wide / high;
    const within = (factor) => Math.min(Math.max(factor, 1), 1.6);
    stretch = [within(room / shape), within(shape / room)];
  }

  // --- paint: colours come from the style sheet, so that print and dark mode need one definition ---

  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  }

  function paintedNode(drawn, ink, sheet) {
    const node = under(drawn);
    const bright = !focus || focus.nodes.has(node.id);
    const fill = node.folded ? sheet : colour(node.group);
    const line = node.flagged ? ink : node.folded ? colour(node.by ? node.group : "soft") : fill;
    const both = { background: fill, border: line };
    return {
      id: node.id, label: narrow.matches ? node.brief : node.label, shape: node.shape, size: node.size,
      x: spot(node)[0] * stretch[0], y: spot(node)[1] * stretch[1],
      borderWidth: node.flagged ? ring : 1, borderWidthSelected: ring + 2, shapeProperties: { borderDashes: node.folded ? [4, 3] : false },
      color: { ...both, highlight: { background: fill, border: colour("chosen") }, hover: both },
      opacity: bright ? 1 : 0.15, font: { size: node.folded && nodes.length > 60 ? 36 : 15, color: bright ? ink : "rgba(128,128,128,.35)", strokeWidth: 4, strokeColor: sheet },
    };
  }

  function curve(bend) {
    const roundness = bend[narrow.matches ? 1 : 0];
    if (roundness) return { enabled: true, type: "curvedCW", roundness };
    return { enabled: true, type: "cubicBezier", forceDirection: narrow.matches ? "vertical" : "horizontal", roundness: 0.45 };
  }

  function paintedEdge(drawn) {
    const edge = under(drawn);
    const bright = !focus || focus.edges.has(edge.id);
    const line = focus && bright ? colour("chosen") : colour("edge");
    return {
      id: edge.id, from: edge.from, to: edge.to, width: edge.width, hidden: !edge.width, smooth: curve(edge.bend),
      ...(edge.by ? { arrows: { to: { enabled: !edge.ahead, scaleFactor: 0.4 } } } : {}), // ahead goes without saying
      color: { color: line, highlight: colour("chosen"), hover: colour("chosen"), opacity: bright ? (edge.by ? 0.55 : 0.85) : 0.12 },
    };
  }

  function paint() {
    const ink = colour("ink"), sheet = colour("sheet");
    nodeSet.update(nodes.map((node) => paintedNode(node, ink, sheet)));
    edgeSet.update(edges.map(paintedEdge));
  }

  // --- amounts on the edges: largest first, each at the first place along its edge where it covers nothing ---

  const places = [0.5, 0.44, 0.56, 0.38, 0.62, 0.32, 0.68, 0.26, 0.74, 0.2, 0.8];
  const largest = () => edges.map(under).filter(({ width }) => width).sort((a, b) => b.width - a.width || a.id - b.id).slice(0, 150);
  let ranked = largest();
  const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

  function covered(node) {
    const { left, right, bottom } = network.getBoundingBox(node.id), { x, y } = nodeSet.get(node.id), reach = node.size;
    return [{ left: x - reach, right: x + reach, top: y - reach, bottom: y + reach }, { left, right, top: y + reach, bottom: bottom + 4 }];
  }

  function drawAmounts(canvas) {
    const size = 12 / network.getScale(), ink = colour("ink"), sheet = colour("sheet");
    const taken = nodes.flatMap(covered);
    canvas.font = `${size}px system-ui, sans-serif`;
    canvas.textAlign = "center";
    canvas.textBaseline = "middle";
    for (const edge of ranked.filter(({ id }) => !focus || focus.edges.has(id))) {
      const lines = edge.amount.split("\n");
      const wide = Math.max(...lines.map((line) => canvas.measureText(line).width)) / 2 + size / 3, high = lines.length * size * 0.6 + size / 8;
      const boxes = places.map((place) => network.body.edges[edge.id].edgeType.getPoint(place))
        .map(({ x, y }) => ({ x, y, left: x - wide, right: x + wide, top: y - high, bottom: y + high }));
      const free = boxes.find((box) => !taken.some((other) => meet(box, other)));
      if (!free) continue;
      taken.push(free);
      canvas.globalAlpha = 0.88;
      canvas.fillStyle = sheet;
      canvas.fillRect(free.left, free.top, 2 * wide, 2 * high);
      canvas.globalAlpha = 1;
      canvas.fillStyle = ink;
      lines.forEach((line, index) => canvas.fillText(line, free.x, free.y + (index - (lines.length - 1) / 2) * size * 1.2));
    }
  }

  // --- facts of one account or edge, as elements ---

  function make(tag, text, kind) {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (kind) made.className = kind;
    return made;
  }

  function fill(target, [[heading], ...lines]) {
    target.replaceChildren(make("b", heading), ...lines.map(([what, value]) => {
      const line = make("div");
      line.append(make("dt", what), make("dd", value));
      return line;
    }));
    target.hidden = false;
  }

  function hover(lines, pointer) {
    fill(tip, lines);
    const room = tip.parentElement.clientWidth - tip.offsetWidth - 8;
    const below = box.offsetTop + pointer.y + 18, above = box.offsetTop + pointer.y - tip.offsetHeight - 14;
    tip.style.left = Math.max(8, Math.min(box.offsetLeft + pointer.x + 14, room)) + "px";
    tip.style.top = (below + tip.offsetHeight > tip.parentElement.clientHeight && above > 0 ? above : below) + "px";
  }

  // --- the table ---

  function tableRow(row) {
    const [tx, time, payer, payee, amount, currency, received, channel, file, number, twin, ...carried] = row;
    const line = make("tr");
    const paid = make("td", amount, "number");
    if (received) paid.append(make("br"), make("span", "received " + received, "kind"));
    const source = make("td", facts.files[file]);
    if (twin) source.append(make("br"), make("span", "and " + twin, "kind"));
    line.append(make("td", tx), make("td", time, "time"), 
      make("td", facts.accounts[payer][0], "account"), make("td", facts.accounts[payee][0], "account"),
      paid, make("td", currency), make("td", channel), source, make("td", number, "number"),
      ...carried.map((part) => make("td", part, "number")));
    return line;
  }

  function list(rows, what) {
    document.querySelector("#rows tbody").replaceChildren(...rows.map(tableRow));
    const of = facts.total.toLocaleString("en");
    element("shown").textContent = what ? `${rows.length.toLocaleString("en")} of ${of}: ${what}` :
      rows.length < facts.total ? `the ${facts.listed || "first"} ${rows.length.toLocaleString("en")} of ${of} in time order` : `${of} cited, in time order`;
    element("all").hidden = !what;
  }

  // --- choosing: a finding, an account, an edge, or nothing ---

  const ends = (row) => [facts.accounts[row[2]][1], facts.accounts[row[3]][1]];

  function choose(next, rows, what, lines) {
    focus = next;
    for (const button of document.querySelectorAll(".finding")) {
      button.setAttribute("aria-pressed", String(next !== null && next.finding === Number(button.dataset.finding)));
    }
    if (lines) fill(chosen, lines); else chosen.hidden = true;
    paint();
    list(rows, what);
  }

  function chooseAll() {
    network.unselectAll();
    choose(null, facts.rows, "");
  }

  function chooseFinding(index) {
    const found = facts.findings[index];
    network.unselectAll();
    choose({ finding: index, nodes: new Set(found.nodes), edges: new Set(found.edges) },
      found.rows.map((row) => facts.rows[row]), found.name || `finding ${index + 1}`, found.node === undefined ? undefined : facts.nodes[found.node]);
  }

  function chooseNode(id) {
    const near = edges.filter((edge) => edge.from === id || edge.to === id);
    choose({ nodes: new Set([id, ...near.flatMap((edge) => [edge.from, edge.to])]), edges: new Set(near.map((edge) => edge.id)) },
      facts.rows.filter((row) => ends(row).includes(id)), facts.nodes[id][0][0], facts.nodes[id]);
  }

  function chooseEdge(id) {
    const { from, to } = edges[id];
    choose({ nodes: new Set([from, to]), edges: new Set([id]) },
      facts.rows.filter((row) => ends(row)[0] === from && ends(row)[1] === to), facts.edges[id][0][0], facts.edges[id]);
  }

  // --- the picture ---

  measure();
  paint();
  const network = new vis.Network(box, { nodes: nodeSet, edges: edgeSet }, JSON.parse(box.dataset.options));
  const zoom = (factor) => network.moveTo({ scale: network.getScale() * factor });
  const fit = () => { network.fit({ maxZoomLevel: 1.25 }); zoom(0.88); };  // names are wider than their nodes
  const repaint = () => { measure(); paint(); fit(); };

  network.on("afterDrawing", drawAmounts);
  network.on("hoverNode", ({ node, pointer }) => hover(facts.nodes[node], pointer.DOM));
  network.on("hoverEdge", ({ edge, pointer }) => hover(facts.edges[edge], pointer.DOM));
  for (const event of ["blurNode", "blurEdge", "dragStart", "zoom", "click"]) network.on(event, () => { tip.hidden = true; });
  network.on("click", ({ nodes: hit, edges: near }) => {
    if (hit.length) chooseNode(hit[0]);
    else if (near.length) chooseEdge(near[0]);
    else chooseAll();
  });
  // The wheel scrolls the page; with Ctrl it zooms the picture.
  box.addEventListener("wheel", (event) => { if (!event.ctrlKey) event.stopPropagation(); }, { capture: true });
  for (const button of document.querySelectorAll(".finding")) {
    button.addEventListener("click", () => {
      if (button.getAttribute("aria-pressed") === "true") chooseAll(); else chooseFinding(Number(button.dataset.finding));
    });
  }
  element("all").addEventListener("click", chooseAll);
  element("fit").addEventListener("click", fit);
  element("zoom-in").addEventListener("click", () => zoom(1.3));
  element("zoom-out").addEventListener("click", () => zoom(1 / 1.3));
  if (rules) rules.addEventListener("change", () => { ranked = largest(); paint(); });
  night.addEventListener("change", paint);
  narrow.addEventListener("change", repaint);
  for (const [event, on] of [["beforeprint", true], ["afterprint", false]]) {
    addEventListener(event, () => {
      document.documentElement.classList.toggle("print", on);
      paint();
      network.redraw();
    });
  }
  network.once("afterDrawing", fit); // labels are measured when first drawn
  list(facts.rows, "");
  window.graphflow = { network, chooseFinding, chooseAll };
})();

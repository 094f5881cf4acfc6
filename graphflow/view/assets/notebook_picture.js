"use strict";
// A small picture for a notebook. Text from data goes to the canvas or to textContent, never into HTML.
(() => {
  const element = (id) => document.getElementById(id);
  const read = (id) => JSON.parse(element(id).textContent);
  const facts = read("facts");
  const short = (text, most) => (text.length > most ? text.slice(0, most >> 1) + "…" + text.slice(text.length - ((most - 1) >> 1)) : text);
  const nodes = read("nodes").map((node) => ({ ...node, group: node.groups, label: short(node.label, 20), brief: short(node.label, 11) }));
  const edges = read("edges").map((edge, index) => ({ ...edge, width: facts.widths[index], amount: facts.amounts[index] }));
  const box = element("graph"), told = element("told");
  const night = matchMedia("(prefers-color-scheme: dark)"), narrow = matchMedia("(max-width: 639px)");
  const shapes = { "only-receives": "square", "pays-and-receives": "diamond" };
  const nodeSet = new vis.DataSet(), edgeSet = new vis.DataSet();
  const ranked = edges.length > 40 ? [] : [...edges].sort((a, b) => b.width - a.width || a.id - b.id); // who has an amount
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();

  // Tiers drawn apart, or accounts of a tier, as the room allows.
  let stretch = [1, 1], letter = 1;
  const spot = (node) => (narrow.matches ? node.tall : [node.x, node.y]);
  function measure() {
    const [wide, high] = [0, 1].map((side) => {
      const values = nodes.map((node) => spot(node)[side]);
      return Math.max(...values) - Math.min(...values) + 170 - 90 * side;
    });
    const room = box.clientWidth / box.clientHeight, shape = wide / high;
    const within = (factor) => Math.min(Math.max(factor, 1), 2);
    stretch = [within(room / shape), within(shape / room)];
  }

  function paintedNode(node, ink, sheet) {
    const fill = node.folded ? sheet : colour(node.group);
    const both = { background: fill, border: node.flagged ? ink : node.folded ? colour("soft") : fill };
    const [x, y] = spot(node).map((value, side) => value * stretch[side]);
    return {
      id: node.id, label: narrow.matches ? node.brief : node.label, x, y, size: node.size,
      shape: node.folded ? "box" : shapes[node.group] || "dot", borderWidth: node.flagged ? 3 : 1,
      shapeProperties: { borderDashes: node.folded ? [4, 3] : false }, color: { ...both, highlight: both, hover: both },
      font: { size: 15 * letter, color: ink, strokeWidth: 4, strokeColor: sheet },
    };
  }

  function paintedEdge(edge) {
    const roundness = edge.bend[narrow.matches ? 1 : 0];
    return {
      id: edge.id, from: edge.from, to: edge.to, width: edge.width,
      smooth: roundness ? { enabled: true, type: "curvedCW", roundness } :
        { enabled: true, type: "cubicBezier", forceDirection: narrow.matches ? "vertical" : "horizontal", roundness: 0.45 },
      color: { color: colour("edge"), highlight: colour("chosen"), hover: colour("chosen"), opacity: 0.85 },
    };
  }

  // Amounts beside the arrows, the largest first. One that would touch another is left out: two half covered amounts
  // read as a third one.
  function drawAmounts(canvas) {
    const size = 12 * letter, ink = colour("ink"), sheet = colour("sheet");
    const taken = nodes.flatMap(({ id, size: reach }) => {
      const { x, y } = network.getPosition(id), { left, right, bottom } = network.getBoundingBox(id);
      const label = { x: (left + right) / 2, y: (y + reach + bottom) / 2, wide: (right - left) / 2, high: Math.max(bottom - y - reach, 0) / 2 };
      return [{ x, y, wide: reach, high: reach }, label];
    });
    canvas.font = `${size}px system-ui, sans-serif`;
    canvas.textAlign = "center";
    canvas.textBaseline = "middle";
    for (const edge of ranked) {
      const lines = edge.amount.split("\n");
      const wide = Math.max(...lines.map((line) => canvas.measureText(line).width)) / 2 + size / 3, high = lines.length * size * 0.6 + size / 8;
      const { edgeType } = network.body.edges[edge.id];
      const spots = [0.5, 0.4, 0.6, 0.3, 0.7].map((part) => edgeType.getPoint(part));
      const free = spots.find(({ x, y }) => !taken.some((other) => Math.abs(x - other.x) < wide + other.wide && Math.abs(y - other.y) < high + other.high));
      if (!free) continue;
      taken.push({ ...free, wide, high });
      canvas.fillStyle = sheet;
      canvas.fillRect(free.x - wide, free.y - high, 2 * wide, 2 * high);
      canvas.fillStyle = ink;
      lines.forEach((line, index) => canvas.fillText(line, free.x, free.y + (index - (lines.length - 1) / 2) * size * 1.2));
    }
  }

  function paint() {
    const ink = colour("ink"), sheet = colour("sheet");
    nodeSet.update(nodes.map((node) => paintedNode(node, ink, sheet)));
    edgeSet.update(edges.map(paintedEdge));
  }

  const tell = (text) => { told.textContent = text; };

  measure();
  paint();
  const network = new vis.Network(box, { nodes: nodeSet, edges: edgeSet }, JSON.parse(box.dataset.options));
  function fit() {
    network.fit({ maxZoomLevel: 1.1 });
    network.moveTo({ scale: network.getScale() * 0.9 });
    if (nodes.length > 30) return; // no room for larger letters
    letter = Math.min(Math.max(0.85 / network.getScale(), 1), 1.6);
    paint();
  }
  network.on("afterDrawing", drawAmounts);
  network.on("hoverNode", ({ node }) => tell(facts.nodes[node]));
  network.on("hoverEdge", ({ edge }) => tell(facts.edges[edge]));
  network.on("click", ({ nodes: hit, edges: near }) => {
    tell(hit.length ? facts.nodes[hit[0]] : near.length ? facts.edges[near[0]] : facts.rest);
  });
  // The wheel scrolls the notebook; with Ctrl it zooms the picture.
  box.addEventListener("wheel", (event) => { if (!event.ctrlKey) event.stopPropagation(); }, { capture: true });
  night.addEventListener("change", paint);
  narrow.addEventListener("change", () => { measure(); paint(); fit(); });
  network.once("afterDrawing", fit); // labels are measured when first drawn
  tell(facts.rest);
  window.graphflow = { network };
})();

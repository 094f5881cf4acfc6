// The picture: vis-network draws marks and curves where the page says, from the state of the page.

const nodeSet = new vis.DataSet(), edgeSet = new vis.DataSet();
const last = { node: new Map(), edge: new Map() };
const WIDEST = 22; // canvas units of the edge that carried the most in a trace; the others in proportion

// What stays bright: all, or what is chosen and what belongs to it. `lit`: the edge of the transaction that is stepped on.
const focus = kept(() => JSON.stringify(state.chosen) + filterKey() + apartKey(), () => {
  const { chosen } = state, { edges, nodeOf } = model(), row = stepRow();
  if (!chosen) return null;
  const lit = row ? [nodeOf[row.payer], nodeOf[row.payee]] : null;
  if (chosen.finding !== undefined) return { ...focusOfFinding(facts.findings[chosen.finding], nodeOf), lit };
  const near = chosen.edge ? [edges.get(edgeId(...chosen.edge))].filter(Boolean) : [...edges.values()].filter(({ from, to }) => from === chosen.node || to === chosen.node);
  const ends = chosen.edge || [chosen.node, ...[...model().nodes.values()].filter(({ apart, fold }) => apart && fold === chosen.node).map(({ id }) => id)];
  return { nodes: new Set([...ends, ...near.flatMap(({ from, to }) => [from, to])]), edges: new Map(near.map(({ id }) => [id, 0])), lit };
});

// Edges are numbered in the order of the first transaction of the finding on each that passes the filters.
function focusOfFinding(finding, nodeOf) {
  if (finding.node !== undefined) {
    return { nodes: new Set(finding.nodes), edges: new Map(finding.edges.map((edge) => [edgeId(drawnEdges[edge].from, drawnEdges[edge].to), 0])) };
  }
  const found = { nodes: new Set(finding.nodes || []), edges: new Map() }, pass = new Set(passing());
  const cited = finding.edges ? finding.edges.map((edge) => [drawnEdges[edge].from, drawnEdges[edge].to]) : [];
  const listed = finding.rows.map((row) => rows[row]), order = [...listed.filter((row) => pass.has(row)), ...listed.filter((row) => !pass.has(row))];
  let number = 0;
  for (const [from, to] of [...order.map((row) => [nodeOf[row.payer], nodeOf[row.payee]]), ...cited]) {
    found.nodes.add(from).add(to);
    const id = edgeId(from, to);
    if (!found.edges.has(id) && model().edges.has(id)) found.edges.set(id, edgeSeen(id) ? (number += 1) : 0);
  }
  return found;
}

// --- paint ---

const RING = 3; // screen pixels of a flagged account's ring, less where its mark is small: the colour within must be seen
const FADED = 0.15;
const BOX = 22; // half a side of a box of folded accounts: larger than the mark of any usual account
const DASHES = [10, 6]; // canvas units

function thinRings() {
  const scale = network.getScale();
  for (const { id, flagged, folded } of model().nodes.values()) {
    if ((!flagged && !folded) || !last.node.has(id) || !network.body.nodes[id]) continue; // what is drawn may lag behind
    const { options } = network.body.nodes[id], most = Math.min(flagged ? RING : 1.5, Math.max(0.8, 0.16 * options.size * scale));
    [options.borderWidth, options.borderWidthSelected] = [most, most + 1.5];
  }
}

function paintedNode(node, tones) {
  const [x, y] = spots().get(node.id), bright = !focus() || focus().nodes.has(node.id), group = nodeGroup(node);
  const fill = node.folded ? tones("sheet") : tones(group);
  const line = focus()?.lit?.includes(node.id) ? tones("chosen") : node.flagged ? tones("ink") : node.folded && !traced ? tones("soft") : tones(group);
  const both = { background: fill, border: line };
  return {
    id: node.id, shape: node.folded ? "square" : node.shape, size: node.folded ? BOX : node.size, x, y, hidden: !nodeSeen(node.id),
    borderWidth: node.flagged ? RING : focus()?.lit?.includes(node.id) ? 2.5 : node.folded ? 1.5 : 1, borderWidthSelected: RING, shapeProperties: { borderDashes: node.folded ? DASHES : false },
    color: { ...both, highlight: { background: fill, border: tones("chosen") }, hover: both }, opacity: bright ? 1 : FADED,
  };
}

function curve(bend) {
  const roundness = state.layout === "tiers" ? bend[narrow.matches ? 1 : 0] : 0.12;
  if (roundness) return { enabled: true, type: "curvedCW", roundness };
  return { enabled: true, type: "cubicBezier", forceDirection: narrow.matches ? "vertical" : "horizontal", roundness: 0.45 };
}

const widthsOf = kept(() => [filterKey(), apartKey(), state.rule].join(), () => new Map());

function widthOf(id) {
  const known = widthsOf();
  if (!known.has(id)) {
    const share = shareOf(amountOf(edgeSums(id)));
    known.set(id, traced ? Math.max(WIDEST * share, 1) : 1 + 7 * Math.sqrt(share));
  }
  return known.get(id);
}

// Of many edges each is fainter, so that marks and what is chosen stand out.
const strengthOf = () => (traced ? 0.55 : model().edges.size > 400 ? 0.4 : model().edges.size > 120 ? 0.6 : 0.85);

function paintedEdge(edge, tones) {
  const now = focus(), bright = !now || now.edges.has(edge.id), seen = edgeSeen(edge.id), ahead = traced && edge.ahead && state.layout === "tiers";
  const lit = now?.lit && edgeId(...now.lit) === edge.id, marked = lit || (now ? bright : fresh.has(edge.id));
  const wide = seen ? Math.round(widthOf(edge.id) * 100) / 100 : 0;
  return {
    id: edge.id, from: edge.from, to: edge.to, hidden: !seen, width: lit ? Math.max(wide, 4) : wide, smooth: curve(edge.bend),
    ...(traced ? { arrows: { to: { enabled: !ahead, scaleFactor: 0.4 } } } : {}), // ahead goes without saying
    color: {
      color: tones(marked ? "chosen" : "edge"), highlight: tones("chosen"), hover: tones("chosen"),
      opacity: lit ? 1 : !bright ? 0.1 : now?.lit ? 0.4 : marked ? 0.85 : strengthOf(),
    },
  };
}

// Only what differs from the last time goes to vis-network. What it takes milliseconds to work out for a thousand edges
// (it makes every curve anew) is spared where only the look of a thing has changed: its options are what it draws by.
const LOOK = ["hidden", "width", "opacity", "borderWidth", "color"];
const shapeKey = (item) => JSON.stringify(item, (name, value) => (LOOK.includes(name) ? undefined : value));

function update(set, memory, things, items) {
  const changed = [], there = new Set();
  for (const item of items) {
    const before = memory.get(item.id), key = shapeKey(item);
    there.add(item.id);
    if (!before || before.key !== key) changed.push(item);
    else if (LOOK.some((name) => JSON.stringify(item[name]) !== JSON.stringify(before.item[name]))) restyle(things()[item.id].options, item);
    memory.set(item.id, { key, item });
  }
  const gone = [...memory.keys()].filter((id) => !there.has(id));
  for (const id of gone) memory.delete(id);
  if (gone.length) set.remove(gone);
  if (changed.length) set.update(changed);
}

function restyle(options, item) {
  for (const name of LOOK) if (item[name] !== undefined && name !== "color") options[name] = item[name];
  Object.assign(options.color, item.color);
}

const nodeLook = (id) => last.node.get(id).item;
const edgeLook = (id) => last.edge.get(id).item;

let painting = false; // vis-network draws as soon as it is told of something: texts wait until it knows all

function paint() {
  painting = true;
  const style = getComputedStyle(document.documentElement), seen = new Map();
  const tones = (name) => { if (!seen.has(name)) seen.set(name, style.getPropertyValue("--" + name).trim()); return seen.get(name); };
  const { nodes, edges } = model();
  update(nodeSet, last.node, () => network.body.nodes, [...nodes.values()].map((node) => paintedNode(node, tones)));
  update(edgeSet, last.edge, () => network.body.edges, [...edges.values()].map((edge) => paintedEdge(edge, tones)));
  network?.body.emitter.emit("_dataChanged"); // what was hidden or shown by its look alone is listed anew
  painting = false;
}

// --- choosing by hand ---

let network;
const zoom = (factor) => network.moveTo({ scale: network.getScale() * factor });

// All of it, with room for names, which are wider than their marks, and for the times of an axis.
function fit() {
  if (!box.clientWidth || ![...model().nodes.keys()].some(nodeSeen)) return;
  const timed = state.layout === "time", beside = timed && narrow.matches ? timesWide() : 0;
  network.fit({ maxZoomLevel: 1.25 });
  const across = [...spots().values()].map(([x]) => x), wide = Math.max(...across) - Math.min(...across) + 60;
  const scale = network.getScale() * (timed && !beside && model().nodes.size <= ROOMY ? 0.7 : timed ? 0.84 : 0.88);
  network.moveTo({ scale: Math.min(scale, (box.clientWidth - beside) / wide), offset: { x: beside / 2, y: 0 } });
}

const choose = (chosen, run = "") => change({ chosen }, run);

function openPicture() {
  measure();
  paint();
  network = new vis.Network(box, { nodes: nodeSet, edges: edgeSet }, JSON.parse(box.dataset.options));
  box.querySelector(".vis-network").tabIndex = -1; // the picture itself is the stop, and has a name
  network.on("beforeDrawing", drawBands);
  network.on("afterDrawing", drawTexts);
  network.on("click", ({ nodes: hit, edges: near }) => {
    const edge = near.length && !hit.length ? model().edges.get(near[0]) : null;
    if (hit.length) choose({ node: hit[0] });
    else if (edge) choose({ edge: [edge.from, edge.to] });
    else if (state.chosen) choose(null);
  });
  network.on("doubleClick", ({ nodes: [hit] }) => { if (hit !== undefined && model().nodes.get(hit)?.folded) unfold(hit); });
  network.on("dragEnd", ({ nodes: dragged }) => {
    if (!dragged.length) return;
    const here = network.getPositions(dragged), own = { ...state.moved[state.layout] };
    for (const id of dragged) own[id] = [Math.round(here[id].x), Math.round(here[id].y)];
    change({ moved: { ...state.moved, [state.layout]: own } });
  });
  // The wheel scrolls the page; with Ctrl it zooms the picture.
  box.addEventListener("wheel", (event) => { if (!event.ctrlKey) event.stopPropagation(); }, { capture: true });
  network.once("afterDrawing", fit); // labels are measured when first drawn
}

// --- boxes of folded accounts ---

const UNFOLDED = 300; // at once

function unfold(fold) {
  const apart = new Set(state.apart), more = (heldIn.get(fold) || []).filter((account) => !apart.has(account)).slice(0, UNFOLDED);
  if (!more.length) return;
  const empty = more.length === model().nodes.get(fold).folded; // the box goes with its last account
  change({ apart: [...state.apart, ...more].sort((a, b) => a - b), chosen: empty ? null : { node: fold } });
  fit();
}

function foldAgain(fold) {
  change({ apart: state.apart.filter((account) => facts.accounts[account].node !== fold), chosen: { node: fold } });
  fit();
}

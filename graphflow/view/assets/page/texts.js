// Texts on the picture, the important ones first, each where it covers nothing: a text without room is left out.

const FONT = "system-ui, sans-serif", CELL = 64, ROOMY = 60;
const PLACES = [0.5, 0.44, 0.56, 0.38, 0.62, 0.32, 0.68, 0.26, 0.74, 0.2, 0.8];

// What is taken already, in squares, so that a text is compared with its neighbours only.
class Room {
  constructor() { this.squares = new Map(); }

  * near({ left, right, top, bottom }) {
    for (let x = Math.floor(left / CELL); x <= Math.floor(right / CELL); x += 1) {
      for (let y = Math.floor(top / CELL); y <= Math.floor(bottom / CELL); y += 1) yield x * 4096 + y;
    }
  }

  take(one) {
    for (const square of this.near(one)) {
      if (!this.squares.has(square)) this.squares.set(square, []);
      this.squares.get(square).push(one);
    }
  }

  free(one) {
    for (const square of this.near(one)) {
      for (const other of this.squares.get(square) || []) {
        if (one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom) return false;
      }
    }
    return true;
  }
}

const widths = new Map();
function widthOfText(canvas, text, size, bold) {
  const key = size + (bold ? "b" : "") + text;
  if (!widths.has(key)) {
    canvas.font = `${bold ? "600 " : ""}${size}px ${FONT}`;
    widths.set(key, canvas.measureText(text).width);
  }
  return widths.get(key);
}

const toScreen = ([x, y]) => { const spot = network.canvasToDOM({ x, y }); return [spot.x, spot.y]; };
const curvePoint = (id, place) => { const { x, y } = network.body.edges[id].edgeType.getPoint(place); return toScreen([x, y]); };
function* along(id) {
  for (const place of PLACES) yield [...curvePoint(id, place), 0, 0];
}
const ended = (text, length) => { const signs = [...text]; return signs.length > length + 1 ? "…" + signs.slice(-length).join("") : text; };
const middle = (text, length) => { const signs = [...text]; return signs.length > length ? signs.slice(0, length / 2).join("") + "…" + signs.slice(1 - length / 2).join("") : text; };

// From the fullest to the shortest that is still of use.
function labelsOf(node) {
  if (node.folded) return [[nodeName(node)]];
  const { account, name } = facts.accounts[node.account], full = middle(account, 22), short = ended(account, 6);
  const named = name && name !== account ? [middle(name, 22)] : [];
  const sizes = model().nodes.size <= ROOMY ? [[full, ...named], [short, ...named]] : [[short, ...named]];
  return [...sizes, ...(named.length ? [[short]] : [])];
}

function boxAt(x, y, wide, high) {
  return { x, y, left: x - wide / 2, right: x + wide / 2, top: y - high / 2, bottom: y + high / 2 };
}

// The first of the places where the lines fit, or nothing.
function placed(canvas, room, lines, size, places, bold) {
  const wide = Math.max(...lines.map((line) => widthOfText(canvas, line, size, bold))) + 5, high = lines.length * size * 1.2 + 2;
  for (const [x, y, alongX, alongY] of places) {
    const one = boxAt(x + alongX * wide / 2, y + alongY * high / 2, wide, high);
    if (one.left >= 0 && one.right <= box.clientWidth && room.free(one)) return { ...one, lines, size, bold };
  }
  return null;
}

// Everything that is written on the picture now, in screen pixels: the canvas and the exported SVG draw the same.
function arranged(canvas) {
  const scale = network.getScale(), room = new Room(), texts = [], bright = focus();
  const seen = [...model().nodes.values()].filter((node) => nodeSeen(node.id)).map((node) => {
    const { x, y } = network.getPosition(node.id), [left, top] = toScreen([x, y]), size = (nodeLook(node.id).size + 2) * scale;
    room.take(boxAt(left, top, 2 * size, 2 * size));
    return { node, x: left, y: top, size, bright: !bright || bright.nodes.has(node.id) };
  });
  const add = (one, more) => { if (one) { room.take(one); texts.push({ ...one, ...more }); } return Boolean(one); };
  for (const one of headings(canvas, room)) texts.push({ ...one, kind: "heading" });
  for (const [id, number] of bright ? bright.edges : []) {
    if (!number || !edgeSeen(id)) continue;
    const free = placed(canvas, room, [String(number)], 12, along(id), true);
    add(free || (bright.edges.size <= ROOMY ? placed(canvas, new Room(), [String(number)], 12, along(id), true) : null), { kind: "step" });
  }
  const label = ({ node, x, y, size, bright: lit }) => {
    const gap = size + 1, places = [[x, y + gap, 0, 1], [x, y - gap, 0, -1], [x + gap, y, 1, 0], [x - gap, y, -1, 0]];
    for (const lines of labelsOf(node)) {
      if (add(placed(canvas, room, lines, node.folded ? 13 : 11.5, places, node.flagged && seen.length > ROOMY), { kind: "label", dim: !lit, node: node.id })) return;
    }
  };
  const first = seen.filter(({ node, bright: lit }) => (bright ? lit : node.flagged || node.folded || seen.length <= ROOMY));
  first.sort((a, b) => Number(Boolean(b.node.flagged)) - Number(Boolean(a.node.flagged)) || a.node.id - b.node.id).forEach(label);
  amounts(canvas, room, add, bright);
  const named = new Set(first);
  if (!bright) seen.filter((one) => !named.has(one)).forEach(label);
  return texts;
}

// Amounts on the thickest edges only, where there is no room for all.
function amounts(canvas, room, add, bright) {
  const edges = [...model().edges.values()].filter(({ id }) => edgeSeen(id) && (!bright || bright.edges.has(id)));
  const ranked = edges.map((edge) => [edgeLook(edge.id).width, edge]).sort((a, b) => b[0] - a[0] || (a[1].id < b[1].id ? -1 : 1));
  for (const [, edge] of ranked.slice(0, bright || edges.length <= ROOMY ? ROOMY : 16)) {
    add(placed(canvas, room, edgeAmount(edge.id), 12, along(edge.id)), { kind: "amount" });
  }
}

// --- tiers and times: bands behind the picture, and what they are ---

const heading = (tier) => (tier ? t("tier {n}", { n: tier }) : traced ? t("victims") : t("start"));

// From where to where each tier reaches, in canvas units along the flow.
const bands = () => {
  const side = narrow.matches ? 1 : 0, found = new Map();
  for (const node of drawnNodes) {
    const at = spotOf(node)[side] * stretch[side], band = found.get(node.tier) || [at, at];
    found.set(node.tier, [Math.min(band[0], at), Math.max(band[1], at)]);
  }
  const order = [...found].sort((a, b) => a[1][0] - b[1][0]);
  return order.map(([tier, [from, to]], place) => {
    const before = order[place - 1], after = order[place + 1];
    return { tier, from: before ? (before[1][1] + from) / 2 : from - 90, to: after ? (to + after[1][0]) / 2 : to + 90 };
  });
};

function ticks() {
  const every = Math.max(1, Math.ceil(lastStep / 8)), found = [];
  for (let step = 0; step <= lastStep; step += every) found.push(step);
  return found;
}

// On a narrow screen tiers go from top to bottom, and a heading stands beside its accounts, where there is room.
function headings(canvas, room) {
  const found = [], write = (text, places) => { const one = placed(canvas, room, [text], 12, places, true); if (one) { room.take(one); found.push(one); } };
  if (state.layout === "tiers" && narrow.matches) {
    for (const { tier, from, to } of bands()) {
      const [top, bottom] = [from, to].map((y) => toScreen([0, y])[1]);
      write(heading(tier), [(top + bottom) / 2, top + 9, bottom - 9].flatMap((y) => [[2, y, 1, 0], [box.clientWidth - 2, y, -1, 0]]));
    }
  } else if (state.layout === "tiers") {
    for (const { tier, from, to } of bands()) write(heading(tier), [[toScreen([(from + to) / 2, 0])[0], 10, 0, 0]]);
  } else if (state.layout === "time") {
    for (const step of ticks()) write(clock.text[step], [[toScreen([timeOf(step), 0])[0], 10, 0, 0]]);
  }
  return found;
}

function drawBands(canvas) {
  const from = network.DOMtoCanvas({ x: 0, y: 0 }), to = network.DOMtoCanvas({ x: box.clientWidth, y: box.clientHeight });
  canvas.fillStyle = colour("band");
  if (state.layout === "tiers") {
    bands().forEach((band, place) => {
      if (place % 2) return;
      if (narrow.matches) canvas.fillRect(from.x, band.from, to.x - from.x, band.to - band.from);
      else canvas.fillRect(band.from, from.y, band.to - band.from, to.y - from.y);
    });
  }
  if (state.layout === "time") for (const step of ticks()) canvas.fillRect(timeOf(step), from.y, 2 / network.getScale(), to.y - from.y);
}

let shown = [];
function drawTexts(canvas) {
  if (painting) return;
  const ratio = network.canvas.pixelRatio || 1, ink = colour("ink"), soft = colour("soft"), sheet = colour("sheet"), chosen = colour("chosen");
  canvas.save();
  canvas.setTransform(ratio, 0, 0, ratio, 0, 0);
  canvas.textAlign = "center";
  canvas.textBaseline = "middle";
  canvas.lineJoin = "round";
  shown = arranged(canvas);
  for (const { kind, lines, size, bold, x, y, left, top, right, bottom, dim } of shown) {
    canvas.font = `${bold ? "600 " : ""}${size}px ${FONT}`;
    canvas.globalAlpha = kind === "amount" ? 0.86 : 1;
    canvas.fillStyle = kind === "step" ? chosen : sheet;
    if (kind === "step") { canvas.beginPath(); canvas.arc(x, y, Math.max(9, (right - left) / 2), 0, 7); canvas.fill(); }
    if (kind === "amount") canvas.fillRect(left, top, right - left, bottom - top);
    canvas.globalAlpha = dim ? 0.3 : 1;
    canvas.fillStyle = kind === "step" ? sheet : kind === "heading" ? soft : ink;
    canvas.strokeStyle = sheet;
    canvas.lineWidth = 3;
    lines.forEach((line, index) => {
      const at = y + (index - (lines.length - 1) / 2) * size * 1.2;
      if (kind === "label" || kind === "heading") canvas.strokeText(line, x, at);
      canvas.fillText(line, x, at);
    });
  }
  canvas.restore();
}

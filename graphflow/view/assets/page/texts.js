// Texts on the picture, the important ones first, each where it covers nothing: a text without room is left out.

const FONT = "system-ui, sans-serif", CELL = 64;
const ROOMY = 60; // up to so many accounts each has its label, where there is room; of more, the important ones come first
const TRACED = 150; // up to so many edges, texts keep off the lines of others
const CLOSE = 0.75, FAR = 16; // below this scale, so many labels of lesser accounts at most
const SURE = 8; // so many labels of the most important accounts are written farther off, where there is no room beside
const WING = 1.15; // a triangle is wider than its size
const AWAY = [16, 5]; // an amount keeps so far from labels, across and down: beside one it would seem to speak of that account
const PLACES = [0.5, 0.44, 0.56, 0.38, 0.62, 0.32, 0.68, 0.26, 0.74, 0.2, 0.8, 0.14, 0.86];

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

  // `own`: what is marked as its own does not count.
  free(one, own) {
    for (const square of this.near(one)) {
      for (const other of this.squares.get(square) || []) {
        if (own !== undefined && other.own === own) continue;
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
  if (node.folded) return [[nodeName(node)], ["+" + count(node.folded)]];
  const { account, name } = facts.accounts[node.account], full = middle(account, 22), short = ended(account, 6);
  const named = name && name !== account ? [middle(name, 22)] : [];
  const sizes = model().nodes.size <= ROOMY ? [[full, ...named], [short, ...named]] : [[short, ...named]];
  return [...sizes, ...(named.length ? [[short]] : [])];
}

function boxAt(x, y, wide, high) {
  return { x, y, left: x - wide / 2, right: x + wide / 2, top: y - high / 2, bottom: y + high / 2 };
}

// The first of the places where the lines fit, or nothing. `spare`: what else they should not cover.
function placed(canvas, room, lines, size, places, { bold = false, spare = null, own, least = 0, clear = () => true } = {}) {
  const wide = Math.max(least, Math.max(...lines.map((line) => widthOfText(canvas, line, size, bold))) + 5), high = Math.max(least, lines.length * size * 1.2 + 2);
  for (const [x, y, alongX, alongY] of places) {
    const one = boxAt(x + alongX * wide / 2, y + alongY * high / 2, wide, high);
    if (one.left < 0 || one.right > box.clientWidth || one.top < 0 || one.bottom > box.clientHeight) continue;
    if (room.free(one) && (!spare || spare.free(one, own)) && clear(one)) return { ...one, lines, size, bold };
  }
  return null;
}

// Everything that is written on the picture now, in screen pixels: the canvas and the exported SVG draw the same.
function arranged(canvas) {
  const scale = network.getScale(), room = new Room(), texts = [], bright = focus();
  const edges = [...model().edges.values()].filter(({ id }) => edgeSeen(id)), weights = weightsOf(edges);
  const seen = [...model().nodes.values()].filter((node) => nodeSeen(node.id)).map((node) => {
    const { x, y } = network.getPosition(node.id), [left, top] = toScreen([x, y]), size = (nodeLook(node.id).size * WING + 1) * scale;
    room.take(boxAt(left, top, 2 * size, 2 * size));
    return { node, x: left, y: top, size, weight: weights.get(node.id) || 0, bright: !bright || bright.nodes.has(node.id) };
  });
  const lines = edges.length <= TRACED ? linesOf(edges) : null;
  const add = (one, more) => { if (one) { room.take(one); texts.push({ ...one, ...more }); } return Boolean(one); };
  for (const one of headings(canvas, room)) texts.push({ ...one, kind: "heading" });
  if (bright) steps(canvas, room, add, bright);
  const ends = state.chosen && state.chosen.node !== undefined ? [state.chosen.node] : bright?.lit || [];
  const turn = ({ node, bright: on }) => (ends.includes(node.id) ? 4 : node.folded && on ? 3 : node.flagged ? 2 : node.apart ? 1 : 0);
  const ranked = [...seen].sort((a, b) => turn(b) - turn(a) || b.node.folded - a.node.folded || b.weight - a.weight || a.node.id - b.node.id);
  // A box without its label would pass for one account: each has one, the largest first, those out of focus last.
  const first = ranked.filter((one) => (bright ? one.bright : turn(one) || seen.length <= ROOMY));
  if (bright) first.push(...ranked.filter((one) => !one.bright && one.node.folded));
  const sure = new Set([1, 2].flatMap((rank) => first.filter((one) => turn(one) === rank).slice(0, SURE)));
  const write = (one, far) => label(canvas, room, add, one, lines, { far, bold: Boolean(one.node.flagged) && seen.length > ROOMY });
  for (const one of first) write(one, turn(one) > 2 || one.node.folded || (one.node.apart && sure.has(one)) ? 2 : sure.has(one) ? 1 : 0);
  amounts(canvas, room, add, edges, lines, bright, texts);
  for (const one of texts) if (one.kind === "amount") room.take(wider(one)); // of the labels that follow
  const named = new Set(first), others = bright ? [] : ranked.filter((one) => !named.has(one));
  let left = scale < CLOSE ? FAR : others.length; // from afar the largest only; nearer, all that have room
  for (const one of others) if (left > 0 && write(one, 0)) left -= 1;
  return texts;
}

// An account's label beside its mark. `far`: without room there, 1: farther off, with a line to it that crosses no mark;
// 2: as far as need be.
function label(canvas, room, add, { node, x, y, size, bright }, lines, { far, bold }) {
  const gap = size + 1, slant = size * 0.75, letters = node.folded ? 13 : 11.5, more = { kind: "label", dim: !bright, node: node.id };
  const places = [[x, y + gap, 0, 1], [x, y - gap, 0, -1], [x + gap, y, 1, 0], [x - gap, y, -1, 0],
    [x + slant, y + slant, 1, 1], [x - slant, y + slant, -1, 1], [x + slant, y - slant, 1, -1], [x - slant, y - slant, -1, -1]];
  for (const words of labelsOf(node)) {
    for (const spare of lines ? [lines, null] : [null]) {
      if (add(placed(canvas, room, words, letters, places, { bold, spare }), more)) return true;
    }
  }
  const clear = ({ x: toX, y: toY }) => { // the line to it passes by other accounts
    const long = Math.hypot(toX - x, toY - y);
    for (let at = size + 4; at < long; at += 5) if (!room.free(boxAt(x + (toX - x) * at / long, y + (toY - y) * at / long, 4, 4))) return false;
    return true;
  };
  const off = (path, most) => labelsOf(node).some((words) => add(placed(canvas, room, words, letters, around(x, y, most), { bold, clear: path }), { ...more, to: [x, y] }));
  return far > 0 && (off(clear, node.folded ? 260 : 130) || (far > 1 && off(undefined, 500)));
}

// Places about a point, from near to far.
function* around(x, y, most = 130) {
  for (let far = 14; far < most; far += 8) for (let turn = 0; turn < 24; turn += 1) yield [x + far * Math.cos(turn / 12 * Math.PI), y + far * Math.sin(turn / 12 * Math.PI), 0, 0];
}

// How thick the thickest edge of each account is.
function weightsOf(edges) {
  const found = new Map();
  for (const { id, from, to } of edges) for (const end of [from, to]) found.set(end, Math.max(found.get(end) || 0, edgeLook(id).width));
  return found;
}

// The curves, as rows of small squares: a text on the line of another edge would seem to speak of that.
function linesOf(edges) {
  const found = new Room();
  for (const { id } of edges) for (let place = 0; place <= 20; place += 1) found.take({ ...boxAt(...curvePoint(id, place / 20), 6, 6), own: id });
  return found;
}

// Numbers of a finding's edges, each on its edge, else near it; where one finds no place its run ends: no gaps.
function steps(canvas, room, add, bright) {
  for (const run of numbered(bright)) {
    for (const [id, number] of run) {
      const [x, y] = curvePoint(id, 0.5), places = [...along(id), ...around(x, y)];
      if (!add(placed(canvas, room, [String(number)], 12, places, { bold: true, least: 18 }), { kind: "step", edge: id, to: [x, y] })) break;
    }
  }
}

const wider = ({ left, right, top, bottom }) => ({ left: left - AWAY[0], right: right + AWAY[0], top: top - AWAY[1], bottom: bottom + AWAY[1] });

// Amounts on the thickest edges only, where there is no room for all, and none close to an account's label.
function amounts(canvas, room, add, seen, lines, bright, texts) {
  const labels = new Room();
  for (const one of texts) if (one.kind === "label") labels.take(wider(one));
  const edges = seen.filter(({ id }) => !bright || bright.edges.has(id)), few = edges.length <= ROOMY;
  const ranked = edges.map((edge) => [edgeLook(edge.id).width, edge]).sort((a, b) => b[0] - a[0] || (a[1].id < b[1].id ? -1 : 1));
  for (const [, edge] of ranked.slice(0, few ? ROOMY : FAR)) {
    const write = (spare) => add(placed(canvas, room, edgeAmount(edge.id), 12, along(edge.id), { spare, own: edge.id, clear: (one) => labels.free(one) }), { kind: "amount", edge: edge.id });
    if (!write(lines) && few && lines) write(null);
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

// Times that have room beside each other, each where it is on the axis, in canvas units.
function ticks(canvas) {
  const side = narrow.matches ? 1 : 0, found = [];
  let free = -Infinity;
  for (const [place, time] of axis.ticks) {
    const spot = toScreen(side ? [0, place] : [place, 0])[side], half = side ? 18 : widthOfText(canvas, time, 12, true) / 2 + 8;
    if (spot - half < free) continue;
    found.push([place, time]);
    free = spot + half;
  }
  return found;
}

const onAxis = () => [t("Time: first transaction of each account"), axis.lean ? t("busy times drawn wider, empty ones narrower") : t("an even axis")];

// On a narrow screen tiers and time go from top to bottom, and a heading stands beside its accounts, where there is room.
function headings(canvas, room) {
  const found = [], high = box.clientHeight, wide = box.clientWidth;
  const write = (lines, places) => { const one = placed(canvas, room, lines, 12, places, { bold: true }); if (one) { room.take(one); found.push(one); } };
  const beside = (from, to) => [(from + to) / 2, from + 9, to - 9].flatMap((y) => [[2, y, 1, 0], [wide - 2, y, -1, 0]]);
  if (state.layout === "tiers") {
    for (const { tier, from, to } of bands()) {
      if (narrow.matches) write([heading(tier)], beside(toScreen([0, from])[1], toScreen([0, to])[1]));
      else write([heading(tier)], [[toScreen([(from + to) / 2, 0])[0], 10, 0, 0]]);
    }
  } else if (state.layout === "time") {
    write(wide > 500 ? [onAxis().join("; ")] : onAxis(), [[2, high - 2, 1, -1], [wide - 2, high - 2, -1, -1]]);
    for (const [place, time] of ticks(canvas)) {
      if (narrow.matches) write([time], [[2, toScreen([0, place])[1], 1, 0]]);
      else write([time], [[toScreen([place, 0])[0], 10, 0, 0]]);
    }
  }
  return found;
}

// Every second tier, and the times of an axis: from where to where along the flow, in canvas units, and in which colour.
function stripes(canvas) {
  if (state.layout === "tiers") return bands().filter((_, place) => place % 2 === 0).map(({ from, to }) => [from, to, "band"]);
  return state.layout === "time" ? ticks(canvas).map(([place]) => [place, place + 1 / network.getScale(), "rule"]) : [];
}

function drawBands(canvas) {
  thinRings();
  const from = network.DOMtoCanvas({ x: 0, y: 0 }), to = network.DOMtoCanvas({ x: box.clientWidth, y: box.clientHeight });
  for (const [low, high, tone] of stripes(canvas)) {
    canvas.fillStyle = colour(tone);
    if (narrow.matches) canvas.fillRect(from.x, low, to.x - from.x, high - low);
    else canvas.fillRect(low, from.y, high - low, to.y - from.y);
  }
}

// From a text that found no room beside what it is of, to that.
function pointer(canvas, from, to, tone) {
  canvas.strokeStyle = tone;
  canvas.lineWidth = 1;
  canvas.beginPath();
  canvas.moveTo(...from);
  canvas.lineTo(...to);
  canvas.stroke();
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
  for (const { kind, lines, size, bold, x, y, left, top, right, bottom, dim, to } of shown) {
    canvas.font = `${bold ? "600 " : ""}${size}px ${FONT}`;
    canvas.globalAlpha = kind === "amount" ? 0.86 : 1;
    canvas.fillStyle = kind === "step" ? chosen : sheet;
    if (to) pointer(canvas, [x, y], to, kind === "step" ? chosen : soft);
    if (kind === "step") { canvas.beginPath(); canvas.arc(x, y, (right - left) / 2, 0, 7); canvas.fill(); }
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

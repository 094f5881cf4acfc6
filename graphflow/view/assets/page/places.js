// Where accounts stand: by tier as the page was made, by time, or drawn together by forces. Dragged ones stay where they are.

const PITCH = [170, 86]; // room of one account, across and down
const CROWD = 150; // more accounts stand closer, so that their marks stay large
const BESIDE_BOX = 24; // up to so many accounts stand about the box that they came out of
const FREE = 50; // canvas units between the middles of those and of others
let stretch = [1, 1];

const spotOf = (node) => (narrow.matches ? node.tall : [node.x, node.y]);

// The same order on every screen, stretched along the side that has room left.
function measure() {
  const [wide, high] = [0, 1].map((side) => {
    const values = drawnNodes.map((node) => spotOf(node)[side]);
    return Math.max(...values) - Math.min(...values) + 170 - 90 * side;
  });
  const room = box.clientWidth / box.clientHeight, shape = wide / high;
  const clamped = (factor) => Math.min(Math.max(factor, 1), 1.6);
  stretch = [clamped(room / shape), clamped(shape / room)];
}

const spots = kept(() => [state.layout, apartKey(), JSON.stringify(state.moved), narrow.matches, stretch].join(), () => {
  const found = { tiers: byTier, time: byTime, force: byForce }[state.layout]();
  for (const [id, spot] of Object.entries(state.moved[state.layout] || {})) if (found.has(Number(id))) found.set(Number(id), spot);
  return found;
});

function byTier() {
  const found = new Map(drawnNodes.map((node) => [node.id, spotOf(node).map((value, side) => value * stretch[side])]));
  let below = Math.max(...[...found.values()].map(([, y]) => y)) + 1.5 * PITCH[1];
  for (const [fold, members] of foldsOpen()) {
    if (members.length <= BESIDE_BOX) { besideBox(found, fold, members); continue; }
    // Of many, a block below the picture, under the box they came out of.
    const across = Math.max(4, Math.ceil(Math.sqrt(members.length / 2)));
    const left = found.get(fold)[0] - (across - 1) / 2 * PITCH[0];
    members.forEach((id, place) => found.set(id, [left + (place % across) * PITCH[0], below + Math.floor(place / across) * PITCH[1]]));
    below += (Math.ceil(members.length / across) + 0.5) * PITCH[1];
  }
  return found;
}

// The nearest free places about the box; its own, where it is empty.
function besideBox(found, fold, members) {
  const start = found.get(fold), taken = [...found].filter(([id]) => id !== fold || model().nodes.has(fold)).map(([, spot]) => spot);
  const free = ([x, y]) => taken.every(([otherX, otherY]) => Math.hypot(x - otherX, y - otherY) >= FREE);
  for (const id of members) {
    let spot = start;
    for (const next of about(start)) if (free(next)) { spot = next; break; }
    taken.push(spot);
    found.set(id, spot);
  }
}

function* about([x, y]) {
  yield [x, y];
  for (let far = FREE; ; far += 8) for (let turn = 0; turn < 24; turn += 1) yield [x + far * Math.cos(turn / 12 * Math.PI), y + far * Math.sin(turn / 12 * Math.PI)].map(Math.round);
}

function foldsOpen() {
  const open = new Map();
  for (const node of model().nodes.values()) if (node.apart) open.set(node.fold, [...(open.get(node.fold) || []), node.id]);
  return open;
}

// --- by time: along the axis stands the first transaction of an account ---

const LEANS = [0, 0.3, 0.6, 0.8, 0.9, 1]; // how far busy times are drawn wider: not at all, or each account as far from the last
const timesWide = () => (clock.text[0].length > 16 || (rows[0]?.time.length || 0) > 16 ? 148 : 122); // pixels beside the accounts for the times of an axis that goes down
let axis = { lean: 0, ticks: [] }; // ticks: where times are written, [place along the axis, time]

// When an account is first seen: by all its transactions where the page knows them, else by those that it lists.
function firsts() {
  const found = new Map();
  for (const row of [...rows].reverse()) for (const account of [row.payer, row.payee]) found.set(model().nodeOf[account], [row.at, row.time]);
  for (const { id, apart } of model().nodes.values()) {
    const known = facts.whole && !apart ? [facts.whole.nodes[id].came[2], facts.whole.nodes[id].went[2]].filter((time) => time.length) : [];
    for (const time of known) if (!found.has(id) || time[0] < found.get(id)[0]) found.set(id, time);
    if (!found.has(id)) found.set(id, [clock.at[0], clock.text[0]]);
  }
  return found;
}

// An even axis where all accounts stand apart on it; else busy times take more of it and empty ones less, and the
// picture says so. Time goes from left to right, on a narrow screen from top to bottom.
function byTime() {
  const first = firsts(), order = [...first.keys()].sort((a, b) => first.get(a)[0] - first.get(b)[0] || a - b);
  const [along, across] = narrow.matches ? (order.length > CROWD ? [70, 90] : [96, 130]) : order.length > CROWD ? [110, 64] : PITCH;
  const room = narrow.matches ? box.clientHeight / (box.clientWidth - timesWide()) : box.clientWidth / box.clientHeight;
  const length = Math.max(8 * along, Math.sqrt(order.length * along * across * room));
  const start = first.get(order[0])[0], whole = first.get(order.at(-1))[0] - start || 1;
  let found;
  for (const lean of LEANS) {
    const placed = order.map((id, place) => ((1 - lean) * (first.get(id)[0] - start) / whole + lean * place / Math.max(order.length - 1, 1)) * length);
    found = inLanes(order, placed, along);
    axis = { lean, ticks: lean ? order.map((id, place) => [placed[place], first.get(id)[1]]) : evenTicks(start, whole, length) };
    if (Math.max(...found.map(([, lane]) => lane)) * across <= length / room) break;
  }
  return new Map(order.map((id, place) => {
    const [x, lane] = found[place], aside = (lane % 2 ? -1 : 1) * Math.ceil(lane / 2) * across;
    return [id, (narrow.matches ? [aside, x] : [x, aside]).map(Math.round)];
  }));
}

// Each account on the lane nearest to the middle that is free at its time.
function inLanes(order, places, apart) {
  const ends = [];
  return places.map((x) => {
    let lane = ends.findIndex((end) => x - end >= apart);
    if (lane < 0) lane = ends.length;
    ends[lane] = x;
    return [x, lane];
  });
}

// Round times of the reader's clock: days where there are some, else hours, else any step.
function evenTicks(start, whole, length) {
  const all = clock.at.map((at, step) => [(at - start) / whole * length, clock.text[step]]).filter(([place]) => place <= 1.1 * length);
  const round = [/ 00:00/, / (00|12):00/, / (00|06|12|18):00/, /:00/, /:[03]0/].map((of) => all.filter(([, time]) => of.test(time)));
  return round.find((ticks) => ticks.length >= 4) || all;
}

// --- by forces: edges pull, accounts push; a bounded number of rounds from the tiers on, so always the same ---

const LENGTH = 150, PAIRS = 12e6;

function byForce() {
  const ids = [...model().nodes.keys()], tiers = byTier(), at = new Map(ids.map((id, place) => [id, place]));
  const mid = [0, 1].map((side) => ids.reduce((sum, id) => sum + tiers.get(id)[side], 0) / ids.length);
  const x = Float64Array.from(ids, (id) => tiers.get(id)[0] - mid[0]), y = Float64Array.from(ids, (id, place) => tiers.get(id)[1] - mid[1] + (place % 7) * 3);
  const links = [...model().edges.values()].filter(({ from, to }) => from !== to).map(({ from, to }) => [at.get(from), at.get(to)]);
  const degree = new Int32Array(ids.length);
  for (const ends of links) for (const end of ends) degree[end] += 1;
  const weights = links.map(([a, b]) => 1 / Math.min(degree[a], degree[b])); // so that a hub does not pull all into one clump
  const rounds = Math.min(240, Math.max(25, Math.floor(PAIRS / (ids.length * ids.length / 2))));
  for (let round = 0; round < rounds; round += 1) forced(x, y, links, weights, LENGTH * 2 * (1 - round / rounds) + 2);
  for (let round = 0; round < 200 && parted(x, y); round += 1);
  return new Map(ids.map((id, place) => [id, [Math.round(x[place]), Math.round(y[place])]]));
}

function forced(x, y, links, weights, reach) {
  const dx = new Float64Array(x.length), dy = new Float64Array(x.length), inward = 0.2 * Math.sqrt(x.length);
  for (let a = 0; a < x.length; a += 1) {
    for (let b = a + 1; b < x.length; b += 1) {
      const across = x[a] - x[b], down = y[a] - y[b], push = (LENGTH * LENGTH) / Math.max(across * across + down * down, 25);
      dx[a] += across * push; dx[b] -= across * push; dy[a] += down * push; dy[b] -= down * push;
    }
    dx[a] -= x[a] * inward * (narrow.matches ? 2 : 1); // nobody drifts away, least along the short side of the screen
    dy[a] -= y[a] * inward * (narrow.matches ? 1 : 2);
  }
  links.forEach(([a, b], place) => {
    const across = x[a] - x[b], down = y[a] - y[b], pull = weights[place] * Math.hypot(across, down) / LENGTH;
    dx[a] -= across * pull; dx[b] += across * pull; dy[a] -= down * pull; dy[b] += down * pull;
  });
  for (let a = 0; a < x.length; a += 1) {
    const long = Math.hypot(dx[a], dy[a]) || 1, step = Math.min(long, reach) / long;
    x[a] += dx[a] * step;
    y[a] += dy[a] * step;
  }
}

const APART = 56; // between the middles of two marks, so that none covers another

// Moves accounts apart that forces left too close; says whether there were any.
function parted(x, y) {
  const squares = new Map(), at = (place) => 65536 * Math.floor(x[place] / APART) + Math.floor(y[place] / APART);
  let moved = false;
  x.forEach((_, place) => { if (!squares.has(at(place))) squares.set(at(place), []); squares.get(at(place)).push(place); });
  const near = (square) => [-65536, 0, 65536].flatMap((right) => [-1, 0, 1].flatMap((down) => squares.get(square + right + down) || []));
  x.forEach((_, a) => {
    for (const b of near(at(a))) {
      if (b <= a) continue;
      let across = x[a] - x[b], down = y[a] - y[b], long = Math.hypot(across, down);
      if (long >= APART) continue;
      if (long < 1) [across, down, long] = [1, (a % 3) - 1, Math.hypot(1, (a % 3) - 1)];
      const push = (APART + 1 - long) / 2 / long;
      x[a] += across * push; x[b] -= across * push; y[a] += down * push; y[b] -= down * push;
      moved = true;
    }
  });
  return moved;
}

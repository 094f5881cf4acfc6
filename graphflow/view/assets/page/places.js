// Where accounts stand: by tier as the page was made, by time, or drawn together by forces. Dragged ones stay where they are.

const PITCH = [170, 86]; // room of one account, across and down
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
  for (const [fold, members] of foldsOpen()) { // a block below the picture, under the box it came out of
    const across = Math.max(4, Math.ceil(Math.sqrt(members.length / 2)));
    const left = found.get(fold)[0] - (across - 1) / 2 * PITCH[0];
    members.forEach((id, place) => found.set(id, [left + (place % across) * PITCH[0], below + Math.floor(place / across) * PITCH[1]]));
    below += (Math.ceil(members.length / across) + 0.5) * PITCH[1];
  }
  return found;
}

function foldsOpen() {
  const open = new Map();
  for (const node of model().nodes.values()) if (node.apart) open.set(node.fold, [...(open.get(node.fold) || []), node.id]);
  return open;
}

// --- by time: x is the first transaction of an account that the page lists ---

const AXIS = [1400, 2800, 5600, 11200];
let axis = AXIS[0];

const timeOf = (step) => (clock.at[step] - clock.at[0]) / (clock.at[lastStep] - clock.at[0]) * axis;

function byTime() {
  const first = new Map([...model().nodes.keys()].map((id) => [id, clock.at[0]]));
  for (const row of [...rows].reverse()) for (const account of [row.payer, row.payee]) first.set(model().nodeOf[account], row.at);
  const order = [...model().nodes.keys()].sort((a, b) => first.get(a) - first.get(b) || a - b);
  const room = box.clientWidth / box.clientHeight;
  let found;
  for (axis of AXIS) {
    found = inLanes(order, (id) => (first.get(id) - clock.at[0]) / (clock.at[lastStep] - clock.at[0]) * axis);
    const heights = [...found.values()].map(([, y]) => y);
    if (Math.max(...heights) - Math.min(...heights) < axis / room) break;
  }
  return found;
}

// Each account on the lane nearest to the middle that is free at its time.
function inLanes(order, placed) {
  const ends = [], found = new Map();
  for (const id of order) {
    const x = placed(id);
    let lane = ends.findIndex((end) => x - end >= PITCH[0]);
    if (lane < 0) lane = ends.length;
    ends[lane] = x;
    found.set(id, [x, (lane % 2 ? -1 : 1) * Math.ceil(lane / 2) * PITCH[1]]);
  }
  return found;
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
  return new Map(ids.map((id, place) => [id, [Math.round(x[place]), Math.round(y[place])]]));
}

function forced(x, y, links, weights, reach) {
  const dx = new Float64Array(x.length), dy = new Float64Array(x.length), inward = 0.2 * Math.sqrt(x.length);
  for (let a = 0; a < x.length; a += 1) {
    for (let b = a + 1; b < x.length; b += 1) {
      const across = x[a] - x[b], down = y[a] - y[b], push = (LENGTH * LENGTH) / Math.max(across * across + down * down, 25);
      dx[a] += across * push; dx[b] -= across * push; dy[a] += down * push; dy[b] -= down * push;
    }
    dx[a] -= x[a] * inward; // nobody drifts away
    dy[a] -= y[a] * inward * 2; // screens are wide
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

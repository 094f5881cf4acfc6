// The state of the page is one object: drawing follows from it, and undo, reset and the link are made of it.

const START = Object.freeze({
  chosen: null, // {finding}, {node} or {edge: [from, to]}; its row: the transaction that is stepped on
  off: [], // groups of the legend that are switched off
  role: [], // groups of which one end must be; empty: all
  finding: [], currency: [], channel: [], bank: [], // places in lists of facts, of which one must be; empty: all
  time: null, amount: null, // [from, to]: steps of the sliders
  upto: null, // the last transaction that play has come to
  words: "", // what a listed transaction must say
  layout: "tiers",
  sort: null, // [column, falls]
  apart: [], // accounts taken out of the boxes they are folded into
  moved: {}, // layout → node → where it was dragged
  rule: traced ? "fifo" : "",
});
const LAYOUTS = ["tiers", "time", "force"];
const MOST_UNDONE = 100;

let state = { ...START };
const past = [], future = []; // states before this one, and those that were undone, the next one last
let going = ""; // what the present run of changes is about: typing a word is one change
const followers = []; // what is drawn from the state, in order

function follow(draw) {
  followers.push(draw);
}

function show() {
  for (const draw of followers) draw();
  element("undo").disabled = !past.length;
  element("redo").disabled = !future.length;
  element("reset").disabled = link(state) === "";
}

// `run`: a name under which changes that follow each other are one step for undo.
function change(changes, run = "") {
  if (!run || run !== going) past.push(state);
  if (past.length > MOST_UNDONE) past.shift();
  future.length = 0;
  going = run;
  state = { ...state, ...changes };
  remember();
  show();
}

function travel(taken, left) {
  if (!taken.length) return;
  going = "";
  left.push(state);
  state = taken.pop();
  remember();
  show();
}

const undo = () => travel(past, future), redo = () => travel(future, past);
const reset = () => change({ ...START });

// --- the link: what differs from the start, after the # of the page's address ---

// What differs from the start; states do not change, so it is worked out once.
const differing = new WeakMap();
function own(of) {
  if (!differing.has(of)) differing.set(of, Object.fromEntries(Object.entries(of).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(START[name]))));
  return differing.get(of);
}
const link = (of) => (Object.keys(own(of)).length ? encodeURIComponent(JSON.stringify(own(of))) : "");

// What can be undone goes with the page's entry in the browser's history: it is there again after a reload, of a file too.
function remember() {
  for (const kept of [{ past: past.map(own), future: future.map(own) }, null]) {
    try {
      return history.replaceState(kept, "", "#" + link(state));
    } catch {
      // too much for the history: the link alone; and a frame of a notebook has no address of its own
    }
  }
}

// The state of the link, and what led to it. A link from elsewhere has no past: undo then goes to all that the page shows.
function recall() {
  state = linked();
  const { past: before, future: after } = history.state || {};
  for (const [list, told] of [[past, before], [future, after]]) if (Array.isArray(told)) list.push(...told.slice(-MOST_UNDONE).map(fitting));
  if (!Array.isArray(before) && link(state)) past.push({ ...START });
}

// Somebody may have written the link by hand: only what the page can show is taken from it.
function linked() {
  try {
    return fitting(JSON.parse(decodeURIComponent(location.hash.slice(1))));
  } catch {
    return { ...START };
  }
}

function fitting(found) {
  if (typeof found !== "object" || found === null) return { ...START };
  const taken = Object.keys(START).filter((name) => Object.hasOwn(found, name) && FITS[name](found[name]));
  return { ...START, ...Object.fromEntries(taken.map((name) => [name, found[name]])) };
}

const some = (list) => (value) => Array.isArray(value) && value.length <= list.length && value.every((place) => place >= 0 && within(list)(place));
const named = (value) => Array.isArray(value) && value.length < 40 && value.every((group) => typeof group === "string" && group.length < 40);
const within = (list) => (value) => Number.isInteger(value) && value >= -1 && value < list.length;
const pair = (value) => Array.isArray(value) && value.length === 2;
const span = (value) => value === null || (pair(value) && value.every((step) => Number.isInteger(step) && step >= 0 && step < 1000) && value[0] <= value[1]);
const isNode = (id) => Number.isInteger(id) && id >= 0 && id < drawnNodes.length + facts.accounts.length;
const FITS = {
  chosen: (value) => value === null || (typeof value === "object" && (isNode(value.node) ||
    (pair(value.edge) && value.edge.every(isNode)) || (value.finding >= 0 && within(facts.findings)(value.finding)))),
  off: named, role: named,
  finding: some(facts.findings), currency: some(facts.currencies), channel: some(facts.channels), bank: some(facts.banks),
  time: span, amount: span,
  upto: (value) => value === null || (value >= 0 && within(rows)(value)),
  words: (value) => typeof value === "string" && value.length <= 200,
  layout: (value) => LAYOUTS.includes(value),
  sort: (value) => value === null || (pair(value) && Number.isInteger(value[0]) && typeof value[1] === "boolean"),
  apart: (value) => Array.isArray(value) && value.every((account) => account >= 0 && within(facts.accounts)(account)),
  moved: (value) => typeof value === "object" && value !== null && Object.entries(value).every(([layout, spots]) => LAYOUTS.includes(layout) &&
    typeof spots === "object" && spots !== null && Object.values(spots).every((spot) => pair(spot) && spot.every(Number.isFinite))),
  rule: (value) => (traced ? facts.rules.includes(value) : value === ""),
};

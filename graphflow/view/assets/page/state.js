// The state of the page is one object: drawing follows from it, and undo, reset and the link are made of it.

const START = Object.freeze({
  chosen: null, // {finding}, {node} or {edge: [from, to]}; its row: the transaction that is stepped on
  off: [], // groups of the legend that are switched off
  finding: -1, currency: -1, channel: -1, bank: -1, // places in lists of facts; -1: all
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
const past = [];
let going = ""; // what the present run of changes is about: typing a word is one change
const followers = []; // what is drawn from the state, in order

function follow(draw) {
  followers.push(draw);
}

function show() {
  for (const draw of followers) draw();
  element("undo").disabled = !past.length;
  element("reset").disabled = link(state) === "";
}

// `run`: a name under which changes that follow each other are one step for undo.
function change(changes, run = "") {
  if (!run || run !== going) past.push(state);
  if (past.length > MOST_UNDONE) past.shift();
  going = run;
  state = { ...state, ...changes };
  remember();
  show();
}

function undo() {
  if (!past.length) return;
  going = "";
  state = past.pop();
  remember();
  show();
}

const reset = () => change({ ...START });

// --- the link: what differs from the start, after the # of the page's address ---

function link(of) {
  const own = Object.entries(of).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(START[name]));
  return own.length ? encodeURIComponent(JSON.stringify(Object.fromEntries(own))) : "";
}

function remember() {
  try {
    history.replaceState(null, "", "#" + link(state));
  } catch {
    // a frame of a notebook has no address of its own
  }
}

// Somebody may have written the link by hand: only what the page can show is taken from it.
function linked() {
  let found;
  try {
    found = JSON.parse(decodeURIComponent(location.hash.slice(1)));
  } catch {
    return { ...START };
  }
  if (typeof found !== "object" || found === null) return { ...START };
  const taken = Object.keys(START).filter((name) => Object.hasOwn(found, name) && FITS[name](found[name]));
  return { ...START, ...Object.fromEntries(taken.map((name) => [name, found[name]])) };
}

const within = (list) => (value) => Number.isInteger(value) && value >= -1 && value < list.length;
const pair = (value) => Array.isArray(value) && value.length === 2;
const span = (value) => value === null || (pair(value) && value.every((step) => Number.isInteger(step) && step >= 0 && step < 1000) && value[0] <= value[1]);
const isNode = (id) => Number.isInteger(id) && id >= 0 && id < drawnNodes.length + facts.accounts.length;
const FITS = {
  chosen: (value) => value === null || (typeof value === "object" && (isNode(value.node) ||
    (pair(value.edge) && value.edge.every(isNode)) || (value.finding >= 0 && within(facts.findings)(value.finding)))),
  off: (value) => Array.isArray(value) && value.every((group) => typeof group === "string" && group.length < 40),
  finding: within(facts.findings), currency: within(facts.currencies), channel: within(facts.channels), bank: within(facts.banks),
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

// What is chosen, transaction by transaction: previous and next, each lit in the picture in turn and said in words.

const NUMBERS = 20; // step numbers that are shown at once: the first ones, or those around the step that is on

const stepRows = kept(() => JSON.stringify([state.chosen && { ...state.chosen, row: 0 }]) + filterKey() + apartKey(), () => {
  const pass = new Set(passing());
  return thereIs(state.chosen) ? chosenRows().filter((row) => pass.has(row)) : [];
});
const stepPlace = () => stepRows().findIndex((row) => row.index === state.chosen?.row);
const stepRow = () => stepRows()[stepPlace()];

// The next or the previous one; from no step on, the first or the last. null: there is none.
function beyond(by) {
  const { row } = state.chosen || {}, all = stepRows();
  if (!Number.isInteger(row)) return (by > 0 ? all[0] : all.at(-1)) || null;
  return (by > 0 ? all.find(({ index }) => index > row) : all.findLast(({ index }) => index < row)) || null;
}

function step(by) {
  const next = beyond(by), { nodeOf } = model();
  if (!next) return;
  change({ chosen: { ...state.chosen, row: next.index } }, "step");
  const ends = [nodeOf[next.payer], nodeOf[next.payee]];
  if (ends.some(outOfSight)) bringIntoView(ends);
}

function outOfSight(id) {
  const spot = network.canvasToDOM(network.getPosition(id));
  return spot.x < 10 || spot.y < 10 || spot.x > box.clientWidth - 10 || spot.y > box.clientHeight - 10;
}

// Edges that may show their numbers now, in two runs: from the one that is stepped on, or the first, onward, and back.
function numbered({ edges, lit }) {
  const all = [...edges].filter(([, number]) => number).sort(([, a], [, b]) => a - b), here = lit ? edges.get(edgeId(...lit)) || 1 : 1;
  return [all.slice(here - 1, here + NUMBERS - 1), all.slice(Math.max(0, here - 1 - NUMBERS / 4), here - 1).reverse()];
}

function stepSaid() {
  const all = stepRows(), row = stepRow();
  if (!thereIs(state.chosen)) return t("Choose a finding, an account or an edge to step through its transactions.");
  if (!row) return many(all.length, "{n} transaction to step through, in time order", "{n} transactions to step through, in time order") + numbersSaid();
  return t("{n} of {of}: {time}, {amount}, {payer} → {payee}", {
    n: count(stepPlace() + 1), of: count(all.length), time: row.time, amount: money(row.paid, row.currency), payer: nameAt(row.payer), payee: nameAt(row.payee),
  });
}

function numbersSaid() {
  const numbers = focus() ? [...focus().edges.values()].filter(Boolean).length : 0;
  return numbers > NUMBERS ? "; " + t("of its {n} edges, numbered in time order, the first ones show their numbers", { n: count(numbers) }) : "";
}

const showSteps = whenDrawn(() => {
  element("step-back").disabled = !beyond(-1);
  element("step-on").disabled = !beyond(1);
  element("step-said").textContent = stepSaid();
}, () => JSON.stringify(state.chosen) + filterKey() + apartKey());

function openSteps() {
  element("step-back").addEventListener("click", () => step(-1));
  element("step-on").addEventListener("click", () => step(1));
}

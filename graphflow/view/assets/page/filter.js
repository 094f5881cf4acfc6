// Filters work on the listed transactions. An account or an edge is seen as long as one of its transactions passes.

const groupAt = (group) => (typeof group === "string" ? group : group[facts.rules.indexOf(state.rule)]);
const groupOf = (account) => groupAt(facts.accounts[account].group);
const cites = facts.findings.map((finding) => new Set(finding.rows));
const clock = facts.clock, lastStep = clock.at.length - 1;
const complete = rows.length === facts.total;

const filterKey = () => JSON.stringify([
  state.off, state.off.length ? state.rule : "", state.finding, state.currency, state.channel, state.bank, state.time, state.amount, state.words, state.upto,
]);
const NO_FILTER = JSON.stringify([[], "", -1, -1, -1, -1, null, null, "", null]);
const filtered = () => filterKey() !== NO_FILTER;

// What can be read in a transaction, in lower case; made when first asked for.
function told(row) {
  if (row.told === undefined) {
    const ends = [row.payer, row.payee].map((account) => facts.accounts[account]);
    row.told = [
      row.tx, row.time, ...ends.flatMap((end) => [end.account, end.name || "", facts.banks[end.bank] || ""]),
      digits(row.paid, row.currency), plain(row.paid, row.currency), codeOf(row.currency), facts.channels[row.channel] || "", facts.files[row.file][1],
    ].join("\n").toLowerCase();
  }
  return row.told;
}

// --- amounts are compared within one currency: the chosen one, or the only one ---

const amountCurrency = () => {
  if (state.currency >= 0) return state.currency;
  const used = new Set(rows.map((row) => row.currency));
  return used.size === 1 ? [...used][0] : -1;
};

const MOST_AMOUNTS = 100;
const amountSteps = kept(() => state.currency, () => {
  const currency = amountCurrency();
  const sorted = [...new Set(rows.filter((row) => row.currency === currency).map((row) => row.paid))].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  if (sorted.length <= MOST_AMOUNTS) return sorted;
  return Array.from({ length: MOST_AMOUNTS }, (_, place) => sorted[Math.round(place * (sorted.length - 1) / (MOST_AMOUNTS - 1))]);
});

function passes(row, withoutTime) {
  if (state.off.length && (state.off.includes(groupOf(row.payer)) || state.off.includes(groupOf(row.payee)))) return false;
  if (state.finding >= 0 && !cites[state.finding].has(row.index)) return false;
  if (state.currency >= 0 && row.currency !== state.currency) return false;
  if (state.channel >= 0 && row.channel !== state.channel) return false;
  if (state.bank >= 0 && facts.accounts[row.payer].bank !== state.bank && facts.accounts[row.payee].bank !== state.bank) return false;
  if (!withoutTime && state.upto !== null && row.index > state.upto) return false;
  if (!withoutTime && state.time && (row.at < clock.at[state.time[0]] || row.at >= clock.at[state.time[1]])) return false;
  if (state.amount && amountSteps().length) {
    const steps = amountSteps(), [low, high] = state.amount.map((step) => steps[Math.min(step, steps.length - 1)]);
    if (row.currency !== amountCurrency() || row.paid < low || row.paid > high) return false;
  }
  return !state.words || state.words.toLowerCase().split(/\s+/).every((word) => told(row).includes(word));
}

const passing = kept(filterKey, () => (filtered() ? rows.filter((row) => passes(row)) : rows));
const atAnyTime = kept(filterKey, () => rows.filter((row) => passes(row, true)));

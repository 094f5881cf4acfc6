// Filters work on the listed transactions. An account or an edge is seen as long as one of its transactions passes.

const groupAt = (group) => (typeof group === "string" ? group : group[facts.rules.indexOf(state.rule)]);
const groupOf = (account) => groupAt(facts.accounts[account].group);
const cites = facts.findings.map((finding) => new Set(finding.rows));
const clock = facts.clock, lastStep = clock.at.length - 1;
const complete = rows.length === facts.total;

const FILTERS = ["off", "role", "finding", "currency", "channel", "bank", "time", "amount", "upto", "words"];
const filterOf = (of) => JSON.stringify([of.off.length || of.role.length ? of.rule : "", ...FILTERS.map((name) => of[name])]);
const filterKey = () => filterOf(state);
const NO_FILTER = filterOf(START);
const clearFilters = () => change(Object.fromEntries(FILTERS.map((name) => [name, START[name]])));
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

// --- amounts are compared within one currency: the one that is chosen alone, or the only one ---

const amountCurrency = () => {
  const used = new Set(state.currency.length ? state.currency : rows.map((row) => row.currency));
  return used.size === 1 ? [...used][0] : -1;
};

const MOST_AMOUNTS = 100;
const amountSteps = kept(() => state.currency.join(), () => {
  const currency = amountCurrency();
  const sorted = [...new Set(rows.filter((row) => row.currency === currency).map((row) => row.paid))].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  if (sorted.length <= MOST_AMOUNTS) return sorted;
  return Array.from({ length: MOST_AMOUNTS }, (_, place) => sorted[Math.round(place * (sorted.length - 1) / (MOST_AMOUNTS - 1))]);
});

// Of a list, a transaction must have one of those chosen; of accounts, at one of its ends. None chosen: all pass.
const wanted = kept(filterKey, () => Object.fromEntries(["role", "finding", "currency", "channel", "bank"].map((name) => {
  if (!state[name].length) return [name, null];
  return [name, new Set(name === "finding" ? state.finding.flatMap((place) => [...cites[place]]) : state[name])];
})));

function passes(row, withoutTime) {
  const { role, finding, currency, channel, bank } = wanted(), ends = [row.payer, row.payee];
  if (state.off.length && ends.some((end) => state.off.includes(groupOf(end)))) return false;
  if (role && !ends.some((end) => role.has(groupOf(end)))) return false;
  if (finding && !finding.has(row.index)) return false;
  if (currency && !currency.has(row.currency)) return false;
  if (channel && !channel.has(row.channel)) return false;
  if (bank && !ends.some((end) => bank.has(facts.accounts[end].bank))) return false;
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

// The table of transactions: those that pass the filters and belong to what is chosen, sorted, and saved as they stand.

const CHUNK = 120; // rows that are made at once; more as the reader scrolls
const body = document.querySelector("#rows tbody");
const scroller = body.closest(".scroll");

// What a column shows, and by what it sorts. The order is that of the headings.
const nameAt = (account) => facts.accounts[account].account;
const mostPlaces = Math.max(0, ...facts.currencies.map(([, places]) => places));
const comparable = (amount, currency) => amount * 10n ** BigInt(mostPlaces - facts.currencies[currency][1]);
const COLUMNS = [
  { kind: "tx", says: (row) => row.tx },
  { kind: "time", says: (row) => row.time, by: (row) => row.at },
  { kind: "account", says: (row) => nameAt(row.payer) },
  { kind: "account", says: (row) => nameAt(row.payee) },
  { kind: "number", says: (row) => digits(row.paid, row.currency), by: (row) => comparable(row.paid, row.currency) },
  { kind: "", says: (row) => codeOf(row.currency) },
  { kind: "", says: (row) => facts.channels[row.channel] || "" },
  { kind: "file", says: (row) => facts.files[row.file][0] },
  { kind: "number", says: (row) => String(row.row), by: (row) => row.row },
  ...facts.rules.map((_, rule) => ({ kind: "number", says: (row) => digits(row.carried[rule], row.currency), by: (row) => comparable(row.carried[rule], row.currency) })),
];

// Transactions of what is chosen; all, when nothing is.
function chosenRows() {
  const { chosen } = state, { nodeOf } = model();
  if (!chosen) return rows;
  if (chosen.finding !== undefined) return facts.findings[chosen.finding].rows.map((row) => rows[row]);
  if (chosen.edge) return rows.filter((row) => nodeOf[row.payer] === chosen.edge[0] && nodeOf[row.payee] === chosen.edge[1]);
  return rows.filter((row) => nodeOf[row.payer] === chosen.node || nodeOf[row.payee] === chosen.node);
}

const listKey = () => [filterKey(), apartKey(), JSON.stringify(state.chosen && { ...state.chosen, row: 0 }), JSON.stringify(state.sort)].join();
const listed = kept(listKey, () => {
  const pass = new Set(passing()), found = chosenRows().filter((row) => pass.has(row));
  if (!state.sort || !COLUMNS[state.sort[0]]) return found;
  const { says, by = says } = COLUMNS[state.sort[0]], turn = state.sort[1] ? -1 : 1;
  return found.map((row) => [by(row), row]).sort(([a, x], [b, y]) => (a < b ? -turn : a > b ? turn : x.index - y.index)).map(([, row]) => row);
});

function tableRow(row) {
  const line = make("tr");
  line.dataset.row = String(row.index);
  line.append(...COLUMNS.map(({ kind, says }) => make("td", says(row), kind)));
  const file = line.children[7];
  file.title = facts.files[row.file][1];
  if (row.twin) {
    const other = make("span", t("and {twin}", { twin: row.twin.split(/[\\/]/).pop() }), "kind");
    other.title = row.twin;
    file.append(make("br"), other);
  }
  [row.payer, row.payee].forEach((account, side) => {
    const { name } = facts.accounts[account];
    if (name) line.children[2 + side].append(make("br"), make("span", name, "kind"));
  });
  if (row.changed) line.children[4].append(make("br"), make("span", t("received {amount}", { amount: money(row.received, row.got) }), "kind"));
  return line;
}

const more = (to) => body.append(...listed().slice(body.children.length, to).map(tableRow));
const PRINTED = 200; // rows on paper; the style sheet has the same number

const fillTable = whenDrawn(() => {
  body.replaceChildren();
  scroller.scrollTop = 0;
  more(CHUNK);
}, listKey);

// The row of the transaction that is stepped on; rows are made up to it, and the table scrolls to it without moving the page.
const markRow = whenDrawn(() => {
  const { row } = state.chosen || {}, place = Number.isInteger(row) ? listed().findIndex(({ index }) => index === row) : -1;
  for (const line of body.querySelectorAll("[aria-current]")) line.removeAttribute("aria-current");
  if (place < 0) return;
  if (place >= body.children.length) more(place + CHUNK);
  const line = body.children[place], head = body.previousElementSibling.offsetHeight;
  line.setAttribute("aria-current", "step");
  if (line.offsetTop - head < scroller.scrollTop || line.offsetTop + line.offsetHeight > scroller.scrollTop + scroller.clientHeight) {
    scroller.scrollTop = line.offsetTop - (scroller.clientHeight - line.offsetHeight + head) / 2;
  }
}, () => listKey() + JSON.stringify(state.chosen));

// How many transactions what is chosen has in all, listed or not; -1: the page does not know.
function ofChosen() {
  const { chosen } = state;
  if (chosen.finding !== undefined) return facts.findings[chosen.finding].of ?? chosenRows().length;
  if (complete) return chosenRows().length;
  if (chosen.edge) return model().edges.get(edgeId(...chosen.edge)).paid?.count ?? -1;
  const { apart, opened } = model().nodes.get(chosen.node), own = facts.whole.nodes[chosen.node];
  if (apart || opened) return -1; // what was taken out of a box is known by its listed transactions alone
  const itself = model().edges.get(edgeId(chosen.node, chosen.node));
  return own.came[0] + own.went[0] - (itself ? itself.paid.count : 0);
}

function toldOfTable() {
  const said = { n: count(listed().length), of: count(facts.total) }, what = state.chosen ? chosenName() : "";
  if (what) {
    const of = ofChosen();
    if (of < 0) return t("{n} listed here, perhaps not all: {what}", { ...said, what });
    if (of > chosenRows().length) return t("{n} of {of} transactions listed here: {what}", { n: said.n, of: count(of), what });
    return t("{n} of {of}: {what}", { ...said, what });
  }
  if (filtered()) return t("{n} of {of} in the filters", said);
  if (complete) return t("{n} cited, in time order", said);
  return facts.listed === "largest" ? t("the largest {n} of {of} in time order", said) : t("{n} of {of}, some of every finding, in time order", said);
}

function showTable() {
  fillTable();
  markRow();
  document.querySelectorAll("#rows th").forEach((head, column) => {
    head.setAttribute("aria-sort", !state.sort || state.sort[0] !== column ? "none" : state.sort[1] ? "descending" : "ascending");
  });
  element("shown").textContent = toldOfTable();
  const unprinted = listed().length - PRINTED;
  element("rest-rows").textContent = unprinted > 0 ? many(unprinted, "and {n} more row: in the CSV that this page saves", "and {n} more rows: in the CSV that this page saves") : "";
  element("all").hidden = !state.chosen;
  const field = element("row-words");
  if (field.value !== state.words) field.value = state.words;
}

function openTable() {
  document.querySelectorAll("#rows th button").forEach((button, column) => {
    button.addEventListener("click", () => {
      const [own, falls] = state.sort || [];
      change({ sort: own !== column ? [column, false] : falls ? null : [column, true] });
    });
  });
  scroller.addEventListener("scroll", () => {
    if (scroller.scrollTop + scroller.clientHeight > scroller.scrollHeight - 600) more(body.children.length + CHUNK);
  }, { passive: true });
  element("row-words").addEventListener("input", (event) => change({ words: event.target.value.slice(0, 200) }, "words"));
  element("all").addEventListener("click", () => choose(null));
  element("save-csv").addEventListener("click", () => save("csv", "text/csv;charset=utf-8", csv(), listed().length < facts.total ? `-${listed().length}-of-${facts.total}` : ""));
}

// --- CSV: what the table shows, complete; no cell that a spreadsheet would run as a formula ---

const safe = (text) => (/^[=+\-@\t\r]/.test(text) ? "'" + text : text);
const cell = (text) => (/[",\r\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text);
const heads = () => [...document.querySelectorAll("#rows th")].map((head) => head.dataset.said);

function csv() {
  const titles = [...heads().slice(0, 6), t("Received"), t("Received currency"), ...heads().slice(6, 9), t("Other side's file and row"), ...heads().slice(9),
    t("Payer's name"), t("Payer's bank"), t("Payee's name"), t("Payee's bank")];
  const lines = listed().map((row) => [
    ...[row.tx, row.time, nameAt(row.payer), nameAt(row.payee)].map(safe), plain(row.paid, row.currency), safe(codeOf(row.currency)),
    plain(row.received, row.got), safe(codeOf(row.got)), safe(facts.channels[row.channel] || ""), safe(facts.files[row.file][1]), String(row.row), safe(row.twin),
    ...row.carried.map((part) => plain(part, row.currency)),
    ...[row.payer, row.payee].flatMap((account) => [facts.accounts[account].name, facts.banks[facts.accounts[account].bank] || ""]).map(safe),
  ]);
  return "\ufeff" + [titles.map(safe), ...lines].map((line) => line.map(cell).join(",") + "\r\n").join("");
}

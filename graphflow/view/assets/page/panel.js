// What is chosen, in words: an account, an edge with its transactions, or a finding.

const MOST_CITED = 50; // transactions of an edge in the panel; the table has all
const panel = element("chosen");
const LOOKS = {
  "victim-candidate": t("victim candidate"), source: t("source"), collector: t("collector"), transit: t("transit"), distributor: t("distributor"),
  cycle: t("cycle"), "cash-out": t("cash-out"), "controller-candidate": t("controller candidate"), end: t("end"), other: t("no role"),
  victim: t("victim"), "trail-end": t("the trail ends there"), "no-statement": t("its own statement is not held"),
  ...Object.fromEntries(["held-0", "held-1", "held-2", "held-3"].map((group) => [group, t("on the trail")])),
};
const RULES = new Map(traced ? [...element("rule").options].map((option) => [option.value, option.textContent]) : []);

// What a role rests on: two pages can say different things of one account.
const BASIS = traced ? t("by the whole trail") : t("by this case's cited transactions alone");

function nodeLines(id) {
  const node = model().nodes.get(id), { came, went } = figures().byNode.get(id), account = node.folded ? {} : facts.accounts[node.account];
  const role = (node.folded && node.groups === "other" ? t("several") : LOOKS[nodeGroup(node)]) || "", flagged = account.flagged ? t("flagged") : "";
  const lines = [
    [t("role"), role && t("{role} ({basis})", { role: [role, flagged].filter(Boolean).join(", "), basis: BASIS }), facts.means[nodeGroup(node)]], [t("why"), account.why], [t("type"), account.type], [t("name"), account.name],
    [t("bank"), facts.banks[account.bank]],
    ...[[t("in"), came], [t("out"), went]].map(([word, tally]) => [word, tally.count ? `${tally.text()} (${many(tally.count, "{n} transaction", "{n} transactions")})` : ""]),
    ...heldLines(node, account),
    [t("money stays"), account.stays ? staying(account.stays) : "", facts.means.stays],
    [t("first"), earliest(came.first, went.first, -1)], [t("last"), earliest(came.last, went.last, 1)],
  ];
  return [nodeName(node), lines.filter(([, value]) => value)];
}

// First in, first out: what an account hands on within a day of getting it.
const staying = (time) => (traced ? t("{time} on average, of what it hands on within a day, in the whole ledger", { time }) : t("{time} on average, of what it hands on within a day, in this case", { time }));

function heldLines(node, account) {
  if (!traced || account.group === "victim") return [];
  const word = account.group === "trail-end" ? t("left the data here, {rule}") : account.group === "no-statement" ? t("last seen here, {rule}") : t("still held, {rule}");
  return facts.rules.map((rule, place) => [word.replace("{rule}", () => RULES.get(rule)), heldBy(node, account, place).text() || t("nothing")]);
}

// Of a box: all that its accounts hold, less those that were taken out of it.
function heldBy(node, account, rule) {
  if (!node.folded) return new Tally(0, account.held?.[rule] || []);
  const held = new Tally(0, facts.held[node.id]?.[rule] || []);
  for (const out of state.apart) {
    if (facts.accounts[out].node === node.id) for (const [currency, amount] of facts.accounts[out].held?.[rule] || []) held.less(currency, BigInt(amount));
  }
  return held;
}

function earliest(a, b, turn) {
  const found = [a, b].filter(Boolean).sort((x, y) => (x[0] - y[0]) * -turn);
  return found.length ? found[0][1] : "";
}

function edgeLines(edge) {
  const { paid, carried, rows: own } = edgeSums(edge.id), received = new Tally();
  for (const row of own) received.add(row, row.got, row.received);
  const changed = own.some((row) => row.changed);
  const sources = own.slice(0, 3).map((row) => `${facts.files[row.file][0]}:${row.row}`);
  const unlisted = own.length ? [] : edge.sources.map(([file, row]) => `${facts.files[file][0]}:${row}`);
  const rest = paid.count - sources.length - unlisted.length;
  return [edgeName(edge), [
    [t("transactions"), count(paid.count)], [t("paid"), paid.text()], [t("received"), changed ? received.text() : ""],
    ...(traced ? facts.rules.map((rule, place) => [t("carried, {rule}", { rule: RULES.get(rule) }), carried[place].text() || t("nothing")]) : []),
    [t("first"), paid.first && paid.first[1]], [t("last"), paid.last && paid.last[1]],
    [t("source rows"), [...sources, ...unlisted].join(", ") + (rest > 0 ? " " + t("and {n} more", { n: count(rest) }) : "")],
  ].filter(([, value]) => value)];
}

function fill(target, [title, lines]) {
  target.replaceChildren(make("b", title), ...lines.map(([what, value, means]) => {
    const line = make("div"), name = make("dt", what);
    if (means && target === panel) Object.assign(name, { title: means, tabIndex: 0, className: "term" }).dataset.means = means;
    line.append(name, make("dd", value));
    return line;
  }));
  target.hidden = false;
}

function openPanel() {
  for (const one of document.querySelectorAll(".finding")) {
    one.addEventListener("click", () => choose(one.getAttribute("aria-pressed") === "true" ? null : { finding: Number(one.dataset.finding) }));
    one.after(ways());
  }
  wayBack.addEventListener("click", () => go(document.querySelector('.finding[aria-pressed="true"]'), "center"));
}

// On a narrow screen picture and table are far from the list in which something is chosen: ways to both, and back.
const wayBack = element("way-back");

function go(target, block) {
  wayBack.hidden = target.classList.contains("finding");
  target.scrollIntoView({ block });
  target.focus({ preventScroll: true });
}

function ways() {
  const made = make("div", undefined, "ways");
  made.append(button(t("To the picture"), () => go(box, "start")), button(t("To its transactions"), () => go(element("transactions"), "start")));
  return made;
}

// --- the panel ---

// Something that a link, undo or folding chose may not be there any more.
function thereIs(chosen) {
  if (!chosen) return false;
  if (chosen.finding !== undefined) return true;
  return chosen.edge ? model().edges.has(edgeId(...chosen.edge)) : model().nodes.has(chosen.node);
}

function chosenName() {
  const { chosen } = state;
  if (!thereIs(chosen)) return "";
  if (chosen.finding !== undefined) return facts.findings[chosen.finding].node === undefined ? t("finding {n}", { n: chosen.finding + 1 }) : facts.findings[chosen.finding].name;
  return chosen.edge ? edgeName(model().edges.get(edgeId(...chosen.edge))) : nodeName(model().nodes.get(chosen.node));
}

function button(text, pressed) {
  const made = make("button", text);
  made.type = "button";
  made.addEventListener("click", pressed);
  return made;
}

function showPanel() {
  const { chosen } = state, there = thereIs(chosen), finding = there && chosen.finding !== undefined ? facts.findings[chosen.finding] : null;
  for (const one of document.querySelectorAll(".finding")) one.setAttribute("aria-pressed", String(Boolean(finding) && chosen.finding === Number(one.dataset.finding)));
  if (!finding) wayBack.hidden = true;
  element("chosen-section").hidden = !there || (finding && finding.node === undefined);
  if (!there) return;
  if (chosen.edge) showEdge(model().edges.get(edgeId(...chosen.edge)));
  else if (!finding || finding.node !== undefined) showNode(finding ? finding.node : chosen.node);
}

function showNode(id) {
  const node = model().nodes.get(id), more = (heldIn.get(id) || []).length - state.apart.filter((account) => facts.accounts[account].node === id).length;
  if (!node) return;
  fill(panel, nodeLines(id));
  const tools = make("div", undefined, "tools");
  if (node.folded && more > 0) tools.append(button(t("Unfold {n}", { n: count(Math.min(more, UNFOLDED)) }), () => unfold(id)));
  if (node.folded && more < node.folded) tools.append(make("span", t("{n} of its accounts are in no transaction that this page lists.", { n: count(node.folded - more) }), "hint"));
  const fold = node.apart ? node.fold : node.opened ? id : -1;
  if (fold >= 0) tools.append(button(t("Fold again"), () => foldAgain(fold)));
  if (tools.childElementCount) panel.append(tools);
}

function showEdge(edge) {
  const own = edgeSums(edge.id).rows;
  fill(panel, edgeLines(edge));
  const list = make("ul", undefined, "cited");
  list.append(...own.slice(0, MOST_CITED).map((row) => make("li", citation(row))));
  if (own.length > MOST_CITED) list.append(make("li", t("and {n} more in the table", { n: count(own.length - MOST_CITED) }), "hint"));
  panel.append(list);
  if (own.length) panel.append(button(t("Copy with file and row"), (event) => copy(own.map(citation).join("\n"), event.currentTarget, list)));
}

const citation = (row) => [row.time, money(row.paid, row.currency), row.tx, t("{file}, row {row}", { file: facts.files[row.file][1], row: row.row })].join(" · ");

// Where a browser keeps the clipboard from a page opened as a file, the text is left selected.
async function copy(text, said, shownAt) {
  const label = said.textContent;
  try {
    await navigator.clipboard.writeText(text);
    said.textContent = t("Copied");
  } catch {
    said.textContent = copiedBySelection(text) ? t("Copied") : t("Selected: press Ctrl+C");
    if (shownAt && said.textContent !== t("Copied")) getSelection().selectAllChildren(shownAt);
  }
  setTimeout(() => { said.textContent = label; }, 2000);
}

function copiedBySelection(text) {
  const field = make("textarea", text, "away");
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  return done;
}

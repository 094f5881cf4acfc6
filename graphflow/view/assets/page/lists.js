// Filters above the picture: lists to choose several from, and what is filtered now, each part to be taken away again.

// Findings, currencies, channels and banks by their place in the lists of facts; roles by their name in the style sheet.
const HOLDINGS = {
  "held-3": t("holds half of the largest holding or more"), "held-2": t("holds a tenth or more"), "held-1": t("holds less"), "held-0": t("holds nothing"),
};
const placesOf = (texts) => texts.map((text, place) => [place, text]);
const LISTS = {
  finding: placesOf(facts.findings.map((finding, index) => `${index + 1}. ${finding.name}`)),
  role: [...new Set(facts.accounts.flatMap((account) => account.group))].map((group) => [group, HOLDINGS[group] || LOOKS[group] || group])
    .sort(([a], [b]) => Object.keys(LOOKS).indexOf(a) - Object.keys(LOOKS).indexOf(b)),
  currency: placesOf(facts.currencies.map(([code]) => code)), channel: placesOf(facts.channels), bank: placesOf(facts.banks),
};
const LIST_NAMES = Object.keys(LISTS);
const listOf = (name) => element("only-" + name);
const listSaid = (name) => listOf(name).querySelector("summary").firstChild.textContent;
const MOST_CHIPS = 4; // of one list; more are one chip

function choices(name) {
  return LISTS[name].map(([value, text]) => {
    const label = make("label"), box = make("input");
    box.type = "checkbox";
    box.checked = state[name].includes(value);
    box.addEventListener("change", () => {
      const chosen = LISTS[name].map(([one]) => one).filter((one) => (one === value ? box.checked : state[name].includes(one)));
      change({ [name]: chosen, ...(name === "currency" ? { amount: null } : {}) });
    });
    label.append(box, make("span", text));
    return label;
  });
}

function openChoices() {
  const lists = [...document.querySelectorAll(".filter-bar .list")];
  for (const name of LIST_NAMES) {
    const list = listOf(name);
    list.querySelector("[role=group]").replaceChildren(...choices(name));
    list.hidden = LISTS[name].length < (name === "channel" || name === "bank" ? 1 : 2);
    list.querySelector(".none").addEventListener("click", () => change({ [name]: [], ...(name === "currency" ? { amount: null } : {}) }));
  }
  for (const list of lists) list.addEventListener("toggle", () => { if (list.open) for (const other of lists) if (other !== list) other.open = false; });
  addEventListener("pointerdown", ({ target }) => { for (const list of lists) if (list.open && !narrow.matches && !list.contains(target)) list.open = false; });
  element("lists").addEventListener("keydown", (event) => {
    const list = event.target.closest(".list");
    if (event.key !== "Escape" || !list || !list.open) return;
    list.open = false;
    list.firstElementChild.focus();
    event.stopPropagation();
  });
  element("open-lists").addEventListener("click", () => {
    const open = element("lists").classList.toggle("open");
    element("open-lists").setAttribute("aria-expanded", String(open));
  });
  element("no-filter").addEventListener("click", clearFilters);
}

// --- what is filtered now ---

// Each filter in words, and the change that takes it away.
function filtersNow() {
  const without = (name, value) => ({ [name]: state[name].filter((one) => one !== value) });
  const found = state.off.map((group) => [t("hidden: {what}", { what: legendName(group) }), without("off", group)]);
  for (const name of LIST_NAMES) {
    const said = listSaid(name), texts = new Map(LISTS[name]), chosen = state[name];
    if (chosen.length > MOST_CHIPS) found.push([t("{list}: {n} of {of}", { list: said, n: count(chosen.length), of: count(LISTS[name].length) }), { [name]: [] }]);
    else found.push(...chosen.map((value) => [t("{list}: {what}", { list: said, what: texts.get(value) ?? HOLDINGS[value] ?? LOOKS[value] ?? value }), { ...without(name, value), ...(name === "currency" ? { amount: null } : {}) }]));
  }
  for (const [name, said] of [["time", t("Time")], ["amount", t("Amount")]]) {
    if (state[name]) found.push([t("{list}: {what}", { list: said, what: limits(name).map(SAID[name]).join(" – ") }), { [name]: null }]);
  }
  if (state.upto !== null) found.push([t("{list}: {what}", { list: t("Played until"), what: rows[state.upto].time }), { upto: null }]);
  if (state.words) found.push([t("{list}: {what}", { list: t("Words"), what: state.words }), { words: "" }]);
  return found;
}

const legendName = (group) => [...document.querySelectorAll(".legend button")].find((entry) => entry.dataset.group === group)?.textContent.trim() || group;

const drawChips = whenDrawn(() => {
  const before = [...element("chips").querySelectorAll("button")].indexOf(document.activeElement);
  element("chips").replaceChildren(...filtersNow().map(([said, away]) => {
    const chip = button(said, () => change(away)), item = make("li");
    chip.setAttribute("aria-label", t("Take away the filter {what}", { what: said }));
    chip.append(make("span", "×"));
    item.append(chip);
    return item;
  }));
  const chips = element("chips").querySelectorAll("button");
  if (before >= 0) (chips[Math.min(before, chips.length - 1)] || box).focus(); // the keyboard stays where it was
}, filterKey);

// On paper there is nothing to press: what the picture and the table rest on is said.
const drawOnPaper = whenDrawn(() => {
  const filters = filtersNow().map(([said]) => said).join("; "), what = state.chosen ? chosenName() : "";
  element("on-paper").textContent = [
    filters ? t("Active filters: {filters}.", { filters }) : t("No filter is active."),
    what ? t("Chosen: {what}.", { what }) : "", traced ? t("Rule: {rule}.", { rule: RULES.get(state.rule) }) : "",
  ].filter(Boolean).join(" ");
}, () => filterKey() + JSON.stringify(state.chosen) + state.rule);

function showLists() {
  let lists = 0;
  for (const name of LIST_NAMES) {
    const list = listOf(name), boxes = list.querySelectorAll("input");
    LISTS[name].forEach(([value], place) => { boxes[place].checked = state[name].includes(value); });
    list.querySelector(".none").disabled = !state[name].length;
    list.querySelector(".chosen-count").textContent = state[name].length ? count(state[name].length) : "";
    list.classList.toggle("on", state[name].length > 0);
    lists += Number(state[name].length > 0);
  }
  listOf("amount").classList.toggle("on", Boolean(state.amount));
  lists += Number(Boolean(state.amount));
  element("open-lists").textContent = lists ? t("Filters ({n})", { n: count(lists) }) : t("Filters");
  element("no-filter").hidden = !filtered();
  const passed = t("{n} of {of} transactions pass the filters.", { n: count(passing().length), of: count(rows.length) });
  const partial = t("Filters see the {n} transactions that this page lists, of {of}.", { n: count(rows.length), of: count(facts.total) });
  element("filtered").textContent = [filtered() ? passed : t("No filter is active."), complete ? "" : partial].filter(Boolean).join(" ");
  drawChips();
  drawOnPaper();
}

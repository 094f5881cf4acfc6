"use strict";
/* The table of cases: search, filters, order, and how many rows are seen. Without this script all rows are seen. */
const graphflow = { language: document.documentElement.lang, charts: {} };
graphflow.words = JSON.parse(document.getElementById("phrases").textContent);
graphflow.t = (text, values = {}) => {
  const said = Object.hasOwn(graphflow.words, text) ? graphflow.words[text] : text;
  return said.replace(/\{(\w+)\}/g, (whole, name) => (Object.hasOwn(values, name) ? String(values[name]) : whole));
};

(() => {
  const FIRST = 10, STEP = 50;
  const t = graphflow.t;
  const element = (id) => document.getElementById(id);
  const table = element("cases");
  if (!table) return;
  const [words, level, detector, order, clear, shown, more, every] =
    ["words", "level", "detector", "order", "clear", "shown", "more", "every"].map(element);
  const heads = [...table.querySelectorAll("th")];
  const collator = new Intl.Collator(graphflow.language, { numeric: true });
  const number = new Intl.NumberFormat(graphflow.language);
  const { accounts, cases } = JSON.parse(element("flagged").textContent);
  const flagged = (rank) => (cases[rank] ?? []).map((account) => accounts[account]).join("\n");
  const rows = [...table.tBodies[0].rows].map((row, rank) => ({
    row, rank, text: `${row.textContent}\n${flagged(rank)}`.toLowerCase(), level: row.dataset.level, detectors: row.dataset.detectors.split("\n"),
  }));
  let limit = FIRST;

  function show() {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let fit = 0;
    for (const item of rows) {
      const fits = wanted.every((word) => item.text.includes(word)) && (!level.value || item.level === level.value) &&
        (!detector.value || item.detectors.includes(detector.value));
      item.row.hidden = !fits || fit >= limit;
      fit += fits;
    }
    const seen = Math.min(fit, limit), of = number.format(rows.length);
    shown.textContent = fit > limit && fit < rows.length
      ? t("{n} of {fit} that fit shown, {of} in all", { n: number.format(seen), fit: number.format(fit), of })
      : t("{n} of {of} shown", { n: number.format(seen), of });
    more.hidden = every.hidden = fit <= limit;
    more.textContent = t("Show {n} more", { n: number.format(Math.min(STEP, fit - limit)) });
    clear.hidden = !(words.value || level.value || detector.value);
  }

  function sort(key, direction) {
    const column = heads.findIndex((head) => head.dataset.key === key);
    const value = ({ row }) => row.cells[column].dataset.sort ?? row.cells[column].textContent.trim();
    const sign = direction === "descending" ? -1 : 1;
    const numeric = heads[column].classList.contains("number");
    const compare = numeric ? (a, b) => Number(a) - Number(b) : collator.compare;
    rows.sort((a, b) => sign * compare(value(a), value(b)) || a.rank - b.rank);
    for (const head of heads) head.removeAttribute("aria-sort");
    heads[column].setAttribute("aria-sort", direction);
    order.value = `${key} ${direction}`;
    table.tBodies[0].append(...rows.map((item) => item.row));
    show();
  }

  for (const head of heads.filter((each) => each.dataset.key)) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () =>
      sort(head.dataset.key, head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending"));
  }
  function grow(by) {
    limit += by;
    show();
  }
  order.addEventListener("input", () => sort(...order.value.split(" ")));
  more.addEventListener("click", () => grow(STEP));
  every.addEventListener("click", () => grow(rows.length));
  clear.addEventListener("click", () => {
    words.value = level.value = detector.value = "";
    show();
    words.focus();
  });
  for (const input of [words, level, detector]) input.addEventListener("input", show);
  for (const { row } of rows) {
    const [points, id] = [".choose", ".id"].map((part) => row.querySelector(part));
    points.setAttribute("aria-label",
      t("Show how the {points} points of {case} add up", { points: points.textContent, case: id.textContent }));
  }
  element("search").addEventListener("submit", (event) => event.preventDefault());
  show();
})();

(() => {
  /* On paper nothing can be opened: what is folded is open while it prints. */
  let opened = [];
  addEventListener("beforeprint", () => {
    document.documentElement.classList.add("print");
    opened = [...document.querySelectorAll("details:not([open])")].filter((each) => !each.closest("tr[hidden]"));
    for (const each of opened) each.open = true;
  });
  addEventListener("afterprint", () => {
    document.documentElement.classList.remove("print");
    for (const each of opened) each.open = false;
  });
})();

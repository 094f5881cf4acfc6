/* The table of cases: filters, order, and how many rows are seen. Cases beyond the first ones get their row when they are
   asked for. Without this script the first ones are all seen. */
(() => {
  const FIRST = 10, STEP = 50, MOST_TOLD = 3, MOST_DETECTORS = 4, MOST_WORDS = 1000;
  const { t, made, search } = graphflow;
  const element = (id) => document.getElementById(id);
  const table = element("cases");
  if (!table) return;
  const [words, level, detector, order, clear, shown, more, every, nothing, filtered, listed] =
    ["words", "level", "detector", "order", "clear", "shown", "more", "every", "nothing", "filtered", "listed"].map(element);
  const heads = [...table.querySelectorAll("th")], body = table.tBodies[0];
  const keys = heads.map((head) => head.dataset.key);
  const collator = new Intl.Collator(graphflow.language, { numeric: true });
  const number = graphflow.whole;
  const option = (select, value) => [...select.options].find((each) => each.value === value)?.textContent ?? value;
  const inputs = { words, level, detector, order };
  const start = Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, input.value]));
  const pageless = t("This case has no page of its own; --pages writes more.");
  const named = (detectors) => detectors.map((name) => option(detector, name)).join(" ");
  let limit = FIRST, moved = false, sorted = "";

  /* --- cases, those of the page's rows first --- */
  function ofRow(row, rank) {
    const cell = (key) => row.cells[keys.indexOf(key)];
    const sort = Object.fromEntries(keys.filter(Boolean).map((key) => [key, cell(key).dataset.sort ?? cell(key).textContent.trim()]));
    const detectors = row.dataset.detectors.split("\n");
    sort.what = row.querySelector(".what > b").textContent;
    sort.detectors = named(detectors); /* the cell says how many more there are: nobody searches for that */
    return item(rank, sort, { level: row.dataset.level, detectors, row,
      amount: cell("amount").textContent, points: cell("points").textContent, folded: row.querySelector(".steps").textContent });
  }

  function ofLine(line, rank) {
    const [id, itsLevel, headline, points, exact, amount, currency, worth, start, end, places] = line;
    const detectors = places.map(search.told);
    const sort = { rank: rank + 1, case: id, level: option(level, itsLevel), what: headline, points: exact, amount: worth,
      time: `${start} – ${end}`, detectors: named(detectors) };
    return item(rank, sort, { level: itsLevel, detectors, line, amount: `${amount} ${currency}`, points });
  }

  function item(rank, sort, { amount, points, folded = "", ...own }) {
    const said = { [t("Case")]: sort.case, [t("Level")]: sort.level, [t("What was seen")]: sort.what, [t("Points")]: points,
      [t("Amount")]: amount, [t("Time")]: sort.time, [t("Detectors")]: `${sort.detectors} ${own.detectors.join(" ")}` };
    const seen = Object.fromEntries(Object.entries(said).map(([name, text]) => [name, search.plain(String(text))]));
    return { rank, sort, seen, folded: search.plain(folded), ...own };
  }

  const rows = [...body.rows].map(ofRow);
  const items = [...rows, ...search.lines.map((line, k) => ofLine(line, rows.length + k))];
  const all = Number(listed?.dataset.of ?? items.length);

  /* --- a row for a case that has none --- */
  function flaggedOf(rank) {
    const flagged = search.flagged(rank), rest = flagged.length - MOST_TOLD;
    const told = made("p", "", { class: "flagged" });
    told.append(made("span", t("Flagged"), { "data-term": "flagged" }), `: ${flagged.slice(0, MOST_TOLD).map(search.named).join("; ")}`,
      rest > 0 ? ` ${t("and {n} more", { n: number.format(rest) })}` : "");
    return flagged.length ? told : "";
  }

  function listOf(names) {
    return names.flatMap((name, k) => [k ? ", " : "", made("span", option(detector, name), { "data-term": name })]);
  }

  function detectorsOf(names) {
    const rest = names.slice(MOST_DETECTORS), first = listOf(names.slice(0, MOST_DETECTORS));
    if (!rest.length) return first;
    const folded = made("details");
    folded.append(made("summary", t("and {n} more", { n: number.format(rest.length) })), ...listOf(rest));
    return [...first, " ", folded];
  }

  function rowOf({ rank, line, sort, level: itsLevel, detectors }) {
    const [id, , headline, points, , amount, currency, , start, end, , linked] = line;
    const name = linked ? made("a", id, { href: `cases/${encodeURIComponent(id)}.html` }) : id;
    const what = [made("b", headline), flaggedOf(rank), made("p", t("{points} points; the reasons are in findings.csv.", { points }), { class: "note" })];
    const cells = {
      rank: [String(rank + 1)], case: [name], level: [made("span", sort.level, { class: `level ${itsLevel}` })], what, points: [points],
      amount: [made("span", amount), " ", made("span", currency)], time: [made("span", `${start} –`), " ", made("span", end)],
      detectors: detectorsOf(detectors),
    };
    const classes = { rank: "number", case: "id", level: "level-cell", what: "what", points: "number plain", amount: "number money", time: "time", detectors: "detectors" };
    const row = made("tr");
    for (const key of keys) {
      const cell = made("td", "", { class: classes[key] ?? "shape-cell" });
      cell.append(...(cells[key] ?? []));
      if (key === "level") cell.dataset.term = itsLevel;
      if (key === "case" && !linked) cell.title = pageless;
      row.append(cell);
    }
    moved = true;
    return row;
  }

  /* --- what is seen --- */
  function explain(entry, wanted) {
    const cell = entry.row.querySelector(".what");
    cell.querySelector(".found")?.remove();
    if (!wanted.length) return;
    cell.querySelector("b").after(made("p", t("Found: {where}", { where: search.why(entry, wanted) }), { class: "found" }));
  }

  function show() {
    const wanted = search.words(words.value);
    let fit = 0;
    for (const entry of items) {
      const fits = (!level.value || entry.level === level.value) && (!detector.value || entry.detectors.includes(detector.value)) &&
        wanted.every((word) => search.fits(entry, word));
      const seen = fits && fit < limit;
      fit += fits;
      if (seen) {
        entry.row ??= rowOf(entry);
        explain(entry, wanted);
      }
      if (entry.row) entry.row.hidden = !seen;
    }
    if (moved) body.append(...items.filter((entry) => entry.row).map((entry) => entry.row));
    moved = false;
    tell(fit);
  }

  function tell(fit) {
    const seen = number.format(Math.min(fit, limit)), of = number.format(items.length);
    shown.textContent = fit > limit && fit < items.length
      ? t("{n} of {fit} that fit shown, {of} in all", { n: seen, fit: number.format(fit), of })
      : t("{n} of {of} shown", { n: seen, of });
    more.hidden = every.hidden = fit <= limit;
    more.textContent = t("Show {n} more", { n: number.format(Math.min(STEP, fit - limit)) });
    const told = [words.value.trim() && t("words “{words}”", { words: words.value.trim() }), level.value && t("level {level}", { level: option(level, level.value) }),
      detector.value && t("detector {detector}", { detector: option(detector, detector.value) })].filter(Boolean);
    clear.hidden = !told.length;
    const beyond = all - items.length;
    nothing.hidden = fit > 0;
    nothing.textContent = fit > 0 ? "" : [t("No case of this page fits."), beyond > 0 && missing(beyond)].filter(Boolean).join(" ");
    filtered.textContent = [told.length ? t("Shown are cases that fit: {asked}.", { asked: told.join(", ") }) : "",
      sorted ? t("In the order of: {order}.", { order: sorted }) : ""].filter(Boolean).join(" ");
  }

  const missing = (n) => t("{n} cases are not in this page, and were not searched; cases.csv and findings.csv hold them.", { n: number.format(n) });

  function sort(key, direction) {
    const sign = direction === "descending" ? -1 : 1;
    const compare = heads[keys.indexOf(key)].classList.contains("number") ? (a, b) => Number(a) - Number(b) : collator.compare;
    items.sort((a, b) => sign * compare(a.sort[key], b.sort[key]) || a.rank - b.rank);
    for (const head of heads) head.removeAttribute("aria-sort");
    heads[keys.indexOf(key)].setAttribute("aria-sort", direction);
    order.value = `${key} ${direction}`;
    sorted = order.value === "rank ascending" ? "" : option(order, order.value);
    moved = true;
    show();
  }

  /* --- the link: what is asked for that differs from the start, after the # of the page's address --- */
  const asked = () => Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, input.value]).filter(([name, value]) => value !== start[name]));

  function remember() {
    const own = asked();
    try {
      history.replaceState(null, "", "#" + (Object.keys(own).length ? encodeURIComponent(JSON.stringify(own)) : ""));
    } catch {
      /* A frame of a notebook has no address of its own, and some browsers limit how often it changes. */
    }
  }

  /* Somebody may have written the link by hand: only what the page could have asked for itself is taken from it. */
  function linked() {
    let found = null;
    try {
      found = JSON.parse(decodeURIComponent(location.hash.slice(1)));
    } catch {
      return null; /* a part of the page, or nothing */
    }
    if (typeof found !== "object" || found === null || Array.isArray(found)) return null;
    const taken = Object.keys(inputs).filter((name) => Object.hasOwn(found, name) && typeof found[name] === "string" && fitting(name, found[name]));
    return { ...start, ...Object.fromEntries(taken.map((name) => [name, found[name]])) };
  }

  const fitting = (name, value) => (name === "words" ? value.length <= MOST_WORDS : [...inputs[name].options].some((each) => each.value === value));

  function take(state) {
    for (const [name, value] of Object.entries(state)) inputs[name].value = value;
    sort(...order.value.split(" "));
  }

  /* A link that is opened in this page is followed. A jump to a part of the page leaves what is asked for as it is. */
  addEventListener("hashchange", () => {
    const state = linked();
    if (state) take(state);
    else if (Object.keys(asked()).length) remember();
  });

  for (const head of heads.filter((each) => each.dataset.key)) {
    const button = made("button", head.textContent, { type: "button", class: "sort" });
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      sort(head.dataset.key, head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending");
      remember();
    });
  }
  function grow(by) {
    limit += by;
    show();
  }
  order.addEventListener("input", () => {
    sort(...order.value.split(" "));
    remember();
  });
  more.addEventListener("click", () => grow(STEP));
  every.addEventListener("click", () => grow(items.length));
  clear.addEventListener("click", () => {
    words.value = level.value = detector.value = "";
    show();
    remember();
    words.focus();
  });
  for (const input of [words, level, detector]) {
    input.addEventListener("input", () => {
      show();
      remember();
    });
  }
  for (const { row } of rows) {
    const [points, id] = [".choose", ".id"].map((part) => row.querySelector(part));
    points.setAttribute("aria-label",
      t("Show how the {points} points of {case} add up", { points: points.textContent, case: id.textContent }));
    if (!id.querySelector("a")) id.title = pageless;
  }
  element("search").addEventListener("submit", (event) => event.preventDefault());
  if (listed) listed.textContent = items.length < all ? missing(all - items.length) : "";
  const state = linked();
  if (state) take(state);
  else show();
})();

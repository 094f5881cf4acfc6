// Search: accounts by number, name or bank, transactions by amount; a hit is chosen and brought into view.

const MOST_HITS = 12;
const field = element("search"), hits = element("hits");
let found = [], active = -1;

function searched(text) {
  const wanted = text.trim().toLowerCase();
  if (!wanted) return [];
  const accounts = facts.accounts.map((account, index) => ({ account: index, text: [account.account, account.name, facts.banks[account.bank]].filter(Boolean).join(" · ") }))
    .filter((hit) => hit.text.toLowerCase().includes(wanted));
  const amount = wanted.replaceAll(",", "").replace(/\s*[a-z]+$/, "");
  const amounts = /^[\d.]+$/.test(amount) ? rows.filter((row) => { const own = plain(row.paid, row.currency); return own === amount || own.split(".")[0] === amount || own.startsWith(amount); }) : [];
  return [...accounts, ...amounts.map((row) => ({ row, text: `${money(row.paid, row.currency)} · ${row.time} · ${nameAt(row.payer)} → ${nameAt(row.payee)}` }))];
}

function jump(hit) {
  closeHits();
  const nodeOf = model().nodeOf, ends = hit.row ? [nodeOf[hit.row.payer], nodeOf[hit.row.payee]] : [nodeOf[hit.account]];
  const chosen = hit.row && model().edges.has(edgeId(...ends)) ? { edge: ends } : { node: ends[0] };
  const folded = !hit.row && model().nodes.get(ends[0]).folded;
  if (folded) change({ apart: [...state.apart, hit.account].sort((a, b) => a - b), chosen: { node: drawnNodes.length + hit.account } });
  else choose(chosen);
  bringIntoView(state.chosen.edge || [state.chosen.node]);
}

function bringIntoView(ids) {
  const here = ids.filter((id) => model().nodes.has(id)).map((id) => network.getPosition(id));
  if (!here.length) return;
  const position = { x: here.reduce((sum, { x }) => sum + x, 0) / here.length, y: here.reduce((sum, { y }) => sum + y, 0) / here.length };
  network.moveTo({ position, scale: Math.max(network.getScale(), 0.7) });
}

function showHits() {
  const all = searched(field.value);
  found = all.slice(0, MOST_HITS);
  active = found.length ? 0 : -1;
  hits.replaceChildren(...found.map((hit, place) => {
    const item = make("li", hit.text);
    item.id = "hit-" + place;
    item.setAttribute("role", "option");
    item.addEventListener("mousedown", (event) => { event.preventDefault(); jump(hit); });
    return item;
  }));
  if (all.length > found.length) hits.append(make("li", t("and {n} more", { n: count(all.length - found.length) }), "hint"));
  if (!all.length && field.value.trim()) hits.append(make("li", t("nothing found on this page"), "hint"));
  hits.hidden = !hits.childElementCount;
  field.setAttribute("aria-expanded", String(!hits.hidden));
  markActive();
}

function markActive() {
  hits.querySelectorAll("[role=option]").forEach((item, place) => item.setAttribute("aria-selected", String(place === active)));
  if (active >= 0) field.setAttribute("aria-activedescendant", "hit-" + active); else field.removeAttribute("aria-activedescendant");
}

function closeHits() {
  hits.hidden = true;
  field.setAttribute("aria-expanded", "false");
  field.removeAttribute("aria-activedescendant");
}

function openSearch() {
  field.addEventListener("input", showHits);
  field.addEventListener("focus", () => { if (field.value) showHits(); });
  field.addEventListener("blur", closeHits);
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && found[active] && !hits.hidden) jump(found[active]);
    else if (event.key === "Escape") closeHits();
    else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && found.length) {
      active = (active + (event.key === "ArrowDown" ? 1 : -1) + found.length) % found.length;
      markActive();
      event.preventDefault();
    }
  });
}

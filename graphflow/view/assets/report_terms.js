/* What a word means, beside the word: a column's heading opens all words of its column, a tap on a word that one. The
   section of terms has all of them, for paper and for whoever has no script. */
(() => {
  const { t, made } = graphflow;
  const terms = document.getElementById("terms");
  if (!terms) return;
  const meaning = new Map([...terms.querySelectorAll("[data-key]")].map((each) => [each.dataset.key, each]));
  const group = new Map([...terms.querySelectorAll("[data-group]")].map((each) => [each.dataset.group, each]));
  const tip = made("div", "", { class: "tip meaning", role: "status", tabindex: "-1" });
  tip.hidden = true;
  document.body.append(tip);
  let opener = null;

  function close() {
    tip.hidden = true;
    opener?.setAttribute("aria-expanded", "false");
    opener = null;
  }

  function open(by, parts) {
    close();
    const list = made("dl");
    list.append(...parts.map((part) => part.cloneNode(true)));
    tip.replaceChildren(list);
    tip.hidden = false;
    const { left, bottom } = by.getBoundingClientRect();
    const room = document.documentElement.clientWidth - tip.offsetWidth - 8;
    tip.style.left = `${Math.max(Math.min(left, room), 8) + scrollX}px`;
    tip.style.top = `${bottom + scrollY + 4}px`;
    if (by.tagName === "BUTTON") {
      opener = by;
      by.setAttribute("aria-expanded", "true");
    }
  }

  for (const head of document.querySelectorAll("[data-terms]")) {
    const own = group.get(head.dataset.terms);
    if (!own) continue;
    const button = made("button", "?", { type: "button", class: "ask", "aria-expanded": "false",
      "aria-label": t("What the words mean: {column}", { column: head.textContent.trim() }) });
    head.append(button);
    button.addEventListener("click", () => (opener === button ? close() : open(button, [...own.querySelectorAll("[data-key]")])));
    button.addEventListener("blur", close);
  }
  document.addEventListener("click", (event) => {
    const word = event.target.closest("[data-term]");
    if (word && meaning.has(word.dataset.term)) open(word, [meaning.get(word.dataset.term)]);
    else if (!event.target.closest(".ask, .tip")) close();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });
})();

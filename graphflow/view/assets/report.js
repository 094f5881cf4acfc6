"use strict";
/* What the report's scripts share: words in the reader's language, and what changes when the page is printed. */
const graphflow = { language: document.documentElement.lang, charts: {} };
graphflow.words = JSON.parse(document.getElementById("phrases").textContent);
graphflow.t = (text, values = {}) => {
  const said = Object.hasOwn(graphflow.words, text) ? graphflow.words[text] : text;
  return said.replace(/\{(\w+)\}/g, (whole, name) => (Object.hasOwn(values, name) ? String(values[name]) : whole));
};
graphflow.whole = new Intl.NumberFormat(graphflow.language);
/* An element with a text; nothing from data is ever read as markup. */
graphflow.made = (tag, text = "", attributes = {}) => {
  const element = document.createElement(tag);
  element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
};

(() => {
  /* On paper nothing can be opened: what is folded is open while it prints. A long list that stands in a file as well
     stays folded, and the paper says where it is. */
  let opened = [];
  addEventListener("beforeprint", () => {
    document.documentElement.classList.add("print");
    opened = [...document.querySelectorAll("details:not([open])")]
      .filter((each) => !each.closest("tr[hidden]") && !each.classList.contains("filed"));
    for (const each of opened) each.open = true;
  });
  addEventListener("afterprint", () => {
    document.documentElement.classList.remove("print");
    for (const each of opened) each.open = false;
  });
})();

"use strict";
(() => {
  const [words, level, detector, shown] = ["words", "level", "detector", "shown"].map((id) => document.getElementById(id));
  const rows = [...document.querySelectorAll("#cases tbody tr")].map((row) => ({
    row, text: row.textContent.toLowerCase(), level: row.dataset.level, detectors: row.dataset.detectors.split("\n"),
  }));

  function filter() {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const item of rows) {
      const fits = wanted.every((word) => item.text.includes(word)) && (!level.value || item.level === level.value) &&
        (!detector.value || item.detectors.includes(detector.value));
      item.row.hidden = !fits;
      count += fits;
    }
    shown.textContent = count === rows.length ? "" : `${count} of ${rows.length} shown`;
  }

  for (const [event, on] of [["beforeprint", true], ["afterprint", false]]) {
    addEventListener(event, () => document.documentElement.classList.toggle("print", on));
  }
  for (const input of [words, level, detector]) input.addEventListener("input", filter);
  document.getElementById("search").addEventListener("submit", (event) => event.preventDefault());
})();

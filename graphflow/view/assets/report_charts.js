/* The charts: figures come reckoned from the page, colours from its styles. Nothing moves by itself. */
(() => {
  const { t, language, charts } = graphflow;
  const element = (id) => document.getElementById(id);
  const whole = new Intl.NumberFormat(language, { maximumFractionDigits: 2 });
  const brief = new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 1 });
  const PAPER = 640, UPRIGHT = 280;
  const uncut = new Set();
  let paint, paper = false;

  function palette() {
    const styles = getComputedStyle(document.documentElement);
    paint = (name) => styles.getPropertyValue(`--chart-${name}`).trim();
  }

  /* Bars that are cut have a gap near the top, and their value beside it where there is room; words tell them all. */
  const cuts = {
    id: "cuts",
    afterDatasetsDraw({ ctx, chartArea, scales, data, options: { plugins } }) {
      const most = plugins.cuts.at;
      if (!most) return;
      let taken = chartArea.left;
      data.labels.forEach((_, place) => {
        const total = data.datasets.reduce((sum, set) => sum + (set.data[place] ?? 0), 0);
        if (total <= most) return;
        const x = scales.x.getPixelForValue(place), wide = Math.max((scales.x.width / data.labels.length) * 0.45, 5);
        ctx.save();
        ctx.strokeStyle = paint("ground");
        ctx.lineWidth = 3;
        ctx.beginPath();
        for (const y of [chartArea.top + 14, chartArea.top + 20]) {
          ctx.moveTo(x - wide - 2, y + 3);
          ctx.lineTo(x + wide + 2, y - 3);
        }
        ctx.stroke();
        ctx.fillStyle = paint("ink");
        const told = brief.format(total), length = ctx.measureText(told).width;
        const next = data.labels.findIndex((_, other) => other > place && data.datasets.some((set) => (set.data[other] ?? 0) > most * 0.9));
        const free = next < 0 ? chartArea.right : scales.x.getPixelForValue(next) - wide;
        const start = x + wide + 4 + length < free ? x + wide + 4 : x - wide - 4 - length;
        if (start > taken) ctx.fillText(told, start, chartArea.top + 10);
        taken = x + wide + 4 + (start > x ? length + 4 : 0);
        ctx.restore();
      });
    },
  };

  function options({ across, stacked, unit, counts, legend, label, cut }) {
    const names = { stacked, grid: { display: false }, border: { color: paint("line") },
      ticks: { color: paint("ink"), autoSkip: !across, autoSkipPadding: 10, maxRotation: 0 } };
    const values = { stacked, beginAtZero: true, max: cut || undefined, grid: { color: paint("line") }, border: { display: false },
      ticks: { color: paint("ink"), callback: (value) => brief.format(value), maxTicksLimit: 7, precision: counts ? 0 : undefined },
      title: { display: true, text: unit, color: paint("ink") } };
    return {
      animation: false, responsive: !paper, maintainAspectRatio: false, locale: language, indexAxis: across ? "y" : "x",
      scales: across ? { x: values, y: names } : { x: names, y: values },
      plugins: {
        legend: { display: legend, position: "bottom", labels: { color: paint("ink"), boxWidth: 14 } },
        tooltip: { callbacks: { label } },
        cuts: { at: cut },
      },
    };
  }

  /* A name under a bar has little room: as many lines as it needs. */
  function lines(label) {
    return label.split(" ").reduce((told, word) => {
      const last = told[told.length - 1];
      return last !== undefined && `${last} ${word}`.length <= 12 ? [...told.slice(0, -1), `${last} ${word}`] : [...told, word];
    }, []);
  }

  function draw(canvas, labels, datasets, settings) {
    const box = canvas.parentElement;
    const height = settings.across ? 70 + 26 * Math.max(labels.length, 3) : UPRIGHT;
    box.hidden = false;
    box.classList.toggle("upright", !settings.across);
    box.style.height = settings.across && !paper ? `${height}px` : "";
    charts[canvas.id]?.destroy();
    const data = { labels: settings.across ? labels : labels.map(lines), datasets };
    charts[canvas.id] = new Chart(canvas, { type: "bar", data, options: options(settings), plugins: [cuts] });
    // A sheet of paper has one width, whatever the window had: nothing may wait for it to be laid out
    if (paper) charts[canvas.id].resize(PAPER, height);
  }

  function bars({ id, unit, counts, labels, series, across, stacked, cut }) {
    const label = ({ dataset, raw }) => `${dataset.label}: ${whole.format(raw)} ${unit}`;
    const datasets = series.map(({ name, colour, values }) => ({
      label: name, data: values, backgroundColor: paint(colour), minBarLength: 2, categoryPercentage: 0.85,
      barPercentage: 0.95,
    }));
    // A bar of nothing has no length, however small the others are
    for (const set of datasets) set.data = set.data.map((value) => value || null);
    draw(element(id), labels, datasets, { across, stacked, unit, counts, legend: series.length > 1, label, cut: uncut.has(id) ? 0 : cut });
  }

  /* --- the points of one case, step by step --- */
  const rows = [...document.querySelectorAll("#cases tbody tr")].filter((row) => row.querySelector(".steps"));
  const chosen = element("chosen");
  let current = 0;

  function step(item) {
    return { points: Number(item.querySelector("b").dataset.points), kind: item.querySelector("i")?.textContent ?? t("the rest") };
  }

  function waterfall() {
    const steps = [...rows[current].querySelectorAll(".steps li")].map(step);
    let sum = 0;
    const spans = steps.map(({ points }) => [sum, (sum = Math.round((sum + points) * 1000) / 1000)]);
    const labels = [...steps.map(({ kind }, place) => `${place + 1}. ${kind}`), t("sum")];
    const colours = [...steps.map(({ points }) => paint(points < 0 ? "review" : "plain")), paint("sum")];
    const label = ({ raw }) => t("{n} points", { n: whole.format(raw[1] - raw[0]) });
    draw(element("waterfall"), labels, [{ data: [...spans, [0, sum]], backgroundColor: colours, minBarLength: 2 }],
      { across: true, stacked: false, unit: t("points"), legend: false, label });
    element("said").textContent = rows[current].querySelector(".what > b").textContent;
    element("steps").replaceChildren(...[...rows[current].querySelectorAll(".steps li")].map((item) => item.cloneNode(true)));
  }

  function choose(place) {
    current = place;
    chosen.value = String(place);
    rows.forEach((row, other) => row.classList.toggle("chosen-row", other === place));
    waterfall();
  }

  function everything() {
    palette();
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    JSON.parse(element("chart-data").textContent).forEach(bars);
    waterfall();
  }

  for (const button of document.querySelectorAll(".uncut")) {
    const { chart } = button.dataset;
    button.parentElement.hidden = false;
    button.addEventListener("click", () => {
      if (!uncut.delete(chart)) uncut.add(chart);
      button.setAttribute("aria-pressed", String(uncut.has(chart)));
      everything();
    });
  }
  element("points").hidden = false;
  for (const figures of document.querySelectorAll("#charts details")) figures.open = false;
  everything();
  chosen.addEventListener("input", () => choose(Number(chosen.value)));
  rows.forEach((row, place) => row.querySelector(".choose").addEventListener("click", () => {
    choose(place);
    element("points").scrollIntoView({ block: "nearest" });
    element("points").focus({ preventScroll: true });
  }));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", everything);
  for (const [event, on] of [["beforeprint", true], ["afterprint", false]]) {
    addEventListener(event, () => {
      paper = on;
      everything();
    });
  }
})();

// Time and amount: two handles each, a histogram of amount over time, and play.

const PLAY = 160; // milliseconds a step
const from = { time: element("time-from"), amount: element("amount-from") };
const until = { time: element("time-until"), amount: element("amount-until") };
const lasts = { time: () => lastStep, amount: () => Math.max(amountSteps().length - 1, 0) };
const SAID = { time: (step) => clock.text[step], amount: (step) => (amountSteps().length ? money(amountSteps()[step], amountCurrency()) : "") };

const handles = (name) => (state[name] ? state[name].map((step) => Math.min(step, lasts[name]())) : [0, lasts[name]()]);

// A window of time has at least one step; of amounts, at least one amount. All of it is no filter.
function slide(name, moved, run) {
  const least = name === "time" ? 1 : 0, all = lasts[name]();
  let [low, high] = [Number(from[name].value), Number(until[name].value)];
  if (moved === "from") low = Math.min(low, high - least);
  else high = Math.max(high, low + least);
  change({ [name]: low <= 0 && high >= all ? null : [Math.max(low, 0), Math.min(high, all)] }, run);
}

function showHandles(name) {
  const [low, high] = handles(name), all = lasts[name]();
  for (const [input, value] of [[from[name], low], [until[name], high]]) {
    input.max = String(all);
    input.value = String(value);
    input.disabled = all < 1;
    input.setAttribute("aria-valuetext", SAID[name](value));
  }
  const track = from[name].parentElement;
  track.style.setProperty("--low", all ? low / all : 0);
  track.style.setProperty("--high", all ? high / all : 1);
  element(name + "-said").textContent = all || name === "time" ? SAID[name](low) + " – " + SAID[name](high) : amountHint();
}

const amountHint = () => (amountCurrency() < 0 && rows.length ? t("choose a currency first: amounts are compared within one") : SAID.amount(0));

// --- histogram: one currency, of the chosen ones or of all the one with the most transactions ---

const barCurrency = kept(() => state.currency.join(), () => {
  const uses = facts.currencies.map(() => 0);
  for (const row of rows) if (!state.currency.length || state.currency.includes(row.currency)) uses[row.currency] += 1;
  return uses.indexOf(Math.max(...uses));
});

const bars = kept(filterKey, () => {
  const sums = new Array(lastStep).fill(0n), currency = barCurrency();
  let step = 0, others = 0;
  for (const row of [...atAnyTime()].sort((a, b) => a.at - b.at)) {
    while (step < lastStep - 1 && row.at >= clock.at[step + 1]) step += 1;
    if (row.currency === currency) sums[step] += row.paid; else others += 1;
  }
  return { sums, others };
});

const whenDrawn = (draw, key) => { let before = null; return () => { const now = key(); if (now !== before) { before = now; draw(); } }; };

const drawBars = whenDrawn(() => {
  const { sums, others } = bars(), svg = element("bars"), most = sums.reduce((a, b) => (b > a ? b : a), 0n);
  const [low, high] = handles("time");
  svg.setAttribute("viewBox", `0 0 ${lastStep} 40`);
  svg.replaceChildren(...sums.flatMap((sum, step) => {
    if (!sum) return [];
    const high40 = Math.max(Number(sum * 10000n / most) / 10000 * 40, 1), on = step >= low && step < high;
    const bar = drawn("rect", { x: step + 0.06, y: 40 - high40, width: 0.88, height: high40, class: on ? "on" : "past" });
    bar.append(drawn("title", {}, `${clock.text[step]}: ${money(sum, barCurrency())}`));
    return [bar];
  }));
  const about = facts.currencies.length ? t("Amount in {currency} over time, at most {most} within {step}.", { currency: codeOf(barCurrency()), most: most ? money(most, barCurrency()) : "0", step: clock.step }) : "";
  const rest = others ? " " + many(others, "{n} transaction in another currency is not in it.", "{n} transactions in other currencies are not in it.") : "";
  element("bars-said").textContent = about + rest;
  svg.setAttribute("aria-label", about + rest);
}, filterKey);

// --- play: the end moves on from the start; a window that is open on neither side moves as it is ---

let playing = null;

function stop() {
  clearInterval(playing);
  playing = null;
  showPlay();
}

function play() {
  if (playing) return stop();
  const [low, high] = handles("time"), moving = low > 0 && high < lastStep;
  change({ time: moving ? [low, high] : [low, low + 1] }, "play");
  playing = setInterval(() => {
    const [a, b] = handles("time");
    if (b >= lastStep || going !== "play") return stop();
    change({ time: [moving ? a + 1 : a, b + 1] }, "play");
  }, PLAY);
  showPlay();
}

function showPlay() {
  element("play").textContent = playing ? t("Pause") : t("Play");
  element("play").setAttribute("aria-pressed", String(Boolean(playing)));
}

// --- the handles, and the legend ---

function openFilters() {
  for (const name of ["time", "amount"]) {
    for (const [input, end] of [[from[name], "from"], [until[name], "until"]]) {
      input.addEventListener("input", () => slide(name, end, name + end));
      input.addEventListener("change", () => { if (going === name + end) going = ""; });
    }
  }
  for (const entry of document.querySelectorAll(".legend button")) {
    entry.addEventListener("click", () => {
      const { group } = entry.dataset;
      change({ off: state.off.includes(group) ? state.off.filter((other) => other !== group) : [...state.off, group].sort() });
    });
  }
  element("play").addEventListener("click", play);
}

function showFilters() {
  for (const name of ["time", "amount"]) showHandles(name);
  for (const entry of document.querySelectorAll(".legend button")) entry.setAttribute("aria-pressed", String(!state.off.includes(entry.dataset.group)));
  drawBars();
}

// Time and amount: two handles each, a histogram of amount over time, and play.

const from = { time: element("time-from"), amount: element("amount-from") };
const until = { time: element("time-until"), amount: element("amount-until") };
const lasts = { time: () => lastStep, amount: () => Math.max(amountSteps().length - 1, 0) };
const SAID = { time: (step) => clock.text[step], amount: (step) => (amountSteps().length ? money(amountSteps()[step], amountCurrency()) : "") };

const limits = (name) => (state[name] ? state[name].map((step) => Math.min(step, lasts[name]())) : [0, lasts[name]()]);

function handles(name) {
  const [low, high] = limits(name);
  if (name !== "time" || state.upto === null) return [low, high];
  const after = clock.at.findIndex((at) => at > rows[state.upto].at); // the end of the step that play is in
  return [low, Math.max(low + 1, Math.min(high, after < 0 ? high : after))];
}

// A window of time has at least one step; of amounts, at least one amount. All of it is no filter.
function slide(name, moved, run) {
  const least = name === "time" ? 1 : 0, all = lasts[name]();
  let [low, high] = [Number(from[name].value), Number(until[name].value)];
  if (moved === "from") low = Math.min(low, high - least);
  else high = Math.max(high, low + least);
  change({ [name]: low <= 0 && high >= all ? null : [Math.max(low, 0), Math.min(high, all)], ...(name === "time" ? { upto: null } : {}) }, run);
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
  element(name + "-said").textContent = all || name === "time" ? SAID[name](low) + " – " + (name === "time" && state.upto !== null ? rows[state.upto].time : SAID[name](high)) : amountHint();
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

// --- play: from event to event within the window; time without events is skipped, and a long one is said ---

const PLAYED = 20_000, QUICK = 160, SLOW = 1500, GAP = 700; // milliseconds: of all of it, of a stop at least and at most, more after a gap
const STOPS = 100; // at most: of more moments, several come at once
let playing = null, fresh = new Set(); // fresh: the edges of what came last

// The transactions of each stop. Those of one moment come together.
function stops() {
  const [low, high] = [state.time ? clock.at[state.time[0]] : -Infinity, state.time ? clock.at[state.time[1]] : Infinity];
  const all = atAnyTime().filter((row) => row.at >= low && row.at < high), found = [], each = all.length / STOPS;
  let passed = 0;
  for (const row of all) {
    const before = found.at(-1);
    if (before && (before.at(-1).at === row.at || passed < found.length * each)) before.push(row);
    else found.push([row]);
    passed += 1;
  }
  return found;
}

function stop() {
  clearTimeout(playing);
  playing = null;
  fresh = new Set();
  showPlay();
  drawPicture();
}

function play() {
  if (playing) return stop();
  const all = stops();
  if (!all.length) return;
  const pause = Math.min(SLOW, Math.max(QUICK, PLAYED / all.length)), gaps = all.at(-1)[0].at - all[0][0].at;
  const begin = all.findIndex((rows) => state.upto !== null && rows[0].index > state.upto);
  let place = Math.max(begin, 0);
  const next = () => {
    if (playing && going !== "play") return stop();
    if (place >= all.length) { change({ upto: null }, "play"); return stop(); }
    const now = all[place], gap = place ? now[0].at - all[place - 1].at(-1).at : 0, long = gap > gaps / 20 && gap > 0;
    fresh = new Set(now.map((row) => edgeId(model().nodeOf[row.payer], model().nodeOf[row.payee])));
    change({ upto: now.at(-1).index }, "play");
    element("play-said").textContent = long ? later(gap) : "";
    place += 1;
    playing = setTimeout(next, pause + (long ? GAP : 0));
  };
  next();
  showPlay();
}

function later(seconds) {
  if (seconds >= 172_800) return t("{n} days later", { n: Math.round(seconds / 86_400) });
  if (seconds >= 7200) return t("{n} hours later", { n: Math.round(seconds / 3600) });
  return seconds >= 120 ? t("{n} minutes later", { n: Math.round(seconds / 60) }) : t("{n} seconds later", { n: Math.round(seconds) });
}

function showPlay() {
  element("play").textContent = playing ? t("Pause") : t("Play");
  element("play").setAttribute("aria-pressed", String(Boolean(playing)));
  if (!playing) element("play-said").textContent = "";
  for (const name of ["filtered", "shown"]) element(name).setAttribute("aria-live", playing ? "off" : "polite"); // not each step aloud
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

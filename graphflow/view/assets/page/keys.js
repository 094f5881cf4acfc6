// By keyboard: in the picture arrows go from account to account, N and P step through transactions, + and − zoom, 0
// shows all, Enter unfolds a box, Escape lets go. A list is one stop, and arrows go through it.

// The nearest account in the direction of an arrow: what lies aside counts three times as far.
function neighbour(id, [right, down]) {
  const seen = [...model().nodes.keys()].filter(nodeSeen), at = new Map(seen.map((other) => [other, network.getPosition(other)]));
  if (!at.has(id)) return seen.sort((a, b) => at.get(a).x - at.get(b).x || at.get(a).y - at.get(b).y)[0];
  const start = at.get(id), far = (other) => {
    const x = at.get(other).x - start.x, y = at.get(other).y - start.y, ahead = x * right + y * down;
    return ahead > 1 ? ahead + 3 * Math.abs(x * down + y * right) : Infinity;
  };
  const best = seen.map((other) => [far(other), other]).filter(([length]) => length < Infinity).sort((a, b) => a[0] - b[0])[0];
  return best ? best[1] : id;
}

const ARROWS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const here = state.chosen && state.chosen.node !== undefined ? state.chosen.node : -1;
  if (ARROWS[event.key]) walk(neighbour(here, ARROWS[event.key]));
  else if (event.key === "Enter" && here >= 0 && model().nodes.get(here)?.folded) unfold(here);
  else if (event.key === "Escape" && state.chosen) choose(null);
  else if (event.key === "n" || event.key === "N") step(1);
  else if (event.key === "p" || event.key === "P") step(-1);
  else if (event.key === "+" || event.key === "=") zoom(1.3);
  else if (event.key === "-") zoom(1 / 1.3);
  else if (event.key === "0") fit();
  else return;
  event.preventDefault();
}

function walk(id) {
  if (id === undefined) return;
  choose({ node: id }, "walk");
  const { x, y } = network.getPosition(id), spot = network.canvasToDOM({ x, y });
  if (spot.x < 40 || spot.y < 40 || spot.x > box.clientWidth - 40 || spot.y > box.clientHeight - 40) network.moveTo({ position: { x, y } });
}

// What a screen reader says of what is chosen.
const tell = whenDrawn(() => {
  const { chosen } = state;
  if (!thereIs(chosen) || Number.isInteger(chosen.row)) element("told").textContent = "";
  else if (chosen.node !== undefined) element("told").textContent = [nodeLines(chosen.node)].flatMap(([title, lines]) => [title, ...lines.map(([what, value]) => what + ": " + value)]).join(". ");
  else element("told").textContent = chosenName();
}, () => JSON.stringify(state.chosen) + filterKey());

// --- lists of buttons ---

// One stop for the Tab key, at the button that was last used; arrow keys, Home and End go from one to the next.
function rove(list, buttons) {
  let here = 0;
  const stop = (place) => { here = place; buttons.forEach((one, other) => { one.tabIndex = other === place ? 0 : -1; }); };
  stop(0);
  list.addEventListener("focusin", (event) => { if (buttons.includes(event.target)) stop(buttons.indexOf(event.target)); });
  list.addEventListener("keydown", (event) => {
    const to = { ArrowDown: here + 1, ArrowRight: here + 1, ArrowUp: here - 1, ArrowLeft: here - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (to === undefined || !buttons.includes(event.target)) return;
    event.preventDefault();
    buttons[to]?.focus();
  });
}

function openLists() {
  for (const [list, one] of [[".findings", ".finding"], [".legend", ".legend button"], ["#rows thead", "#rows th button"]]) {
    const buttons = [...document.querySelectorAll(one)];
    if (buttons.length) rove(document.querySelector(list), buttons);
  }
}

// The address after # is the page's state: these links move the focus only.
function openSkips() {
  for (const link of document.querySelectorAll(".skip a")) {
    link.addEventListener("click", (event) => {
      const target = element(link.dataset.to);
      event.preventDefault();
      target.scrollIntoView({ block: "nearest" });
      target.focus();
    });
  }
}

function openKeys() {
  openLists();
  openSkips();
  box.addEventListener("keydown", pressed);
  addEventListener("keydown", (event) => {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName || "");
    const letter = event.key.toLowerCase(), back = letter === "z" && !event.shiftKey, again = letter === "y" || (letter === "z" && event.shiftKey);
    if ((event.ctrlKey || event.metaKey) && (back || again) && !(typing && !["range", "checkbox"].includes(event.target.type))) { event.preventDefault(); (back ? undo : redo)(); }
    if (event.key === "/" && !typing) { event.preventDefault(); field.focus(); }
  });
}

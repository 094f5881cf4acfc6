// What stands over the picture: facts beside what is under the pointer, and words where nothing is left to see.

const tip = element("tip");
const BESIDE = 14; // pixels between the facts and what they are of

function boxOf(id) {
  const { x, y } = network.getPosition(id), [left, top] = toScreen([x, y]), size = 2 * (nodeLook(id).size * WING + 2) * network.getScale();
  return boxAt(left, top, size, size);
}

const covers = (one, other) => one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;

// Beside the thing where there is room, else in the corner of the picture that is farthest from it. `clear` is not
// covered; `spare` is spared where that can be done.
function hover(lines, clear, spare = []) {
  fill(tip, lines);
  const wide = tip.offsetWidth, high = tip.offsetHeight, [thing] = clear, right = tip.parentElement.clientWidth - box.offsetLeft - wide;
  const within = (left, top) => {
    const x = Math.min(Math.max(left, 0), Math.max(right - 4, 0)), y = Math.min(Math.max(top, 0), Math.max(tip.parentElement.clientHeight - box.offsetTop - high - 4, 0));
    return { left: x, right: x + wide, top: y, bottom: y + high };
  };
  const middle = thing.y - high / 2, edge = box.clientHeight - high;
  const places = [
    [thing.right + BESIDE, middle], [thing.left - wide - BESIDE, middle], [thing.x - wide / 2, thing.bottom + BESIDE], [thing.x - wide / 2, thing.top - high - BESIDE],
    ...[[right, 0], [0, 0], [right, edge], [0, edge]].sort(([a, b], [c, d]) => Math.hypot(c - thing.x, d - thing.y) - Math.hypot(a - thing.x, b - thing.y)),
  ].map(([left, top]) => within(left, top));
  const free = (of) => places.find((place) => !of.some((other) => covers(place, other)));
  const { left, top } = free([...clear, ...spare]) || free(clear) || places[4];
  tip.style.left = box.offsetLeft + left + "px";
  tip.style.top = box.offsetTop + top + "px";
}

function openTip() {
  const near = ({ DOM: { x, y } }) => boxAt(x, y, 16, 16);
  network.on("hoverNode", ({ node, pointer }) => hover(nodeLines(node), [boxOf(node), near(pointer)]));
  network.on("hoverEdge", ({ edge, pointer }) => {
    if (!model().edges.has(edge)) return;
    const { from, to } = model().edges.get(edge), own = shown.filter((text) => text.edge === edge);
    hover(edgeLines(model().edges.get(edge)), [boxAt(...curvePoint(edge, 0.5), 24, 24), near(pointer)], [boxOf(from), boxOf(to), ...own]);
  });
  for (const event of ["blurNode", "blurEdge", "dragStart", "zoom", "click"]) network.on(event, hideTip);
  box.addEventListener("mouseleave", hideTip);
}

const hideTip = () => { tip.hidden = true; };
const hideOldTip = whenDrawn(hideTip, () => filterKey() + apartKey() + state.layout); // it would tell what was

// --- nothing left to see ---

const showNothing = () => { element("nothing").hidden = [...model().nodes.keys()].some(nodeSeen); };

function openNothing() {
  element("nothing-clear").addEventListener("click", () => { clearFilters(); box.focus(); });
}

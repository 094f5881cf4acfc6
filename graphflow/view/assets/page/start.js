// The page begins: state from its link, controls, picture, table.

const drawPicture = whenDrawn(() => {
  paint();
  const marked = network.getSelectedNodes(), wanted = thereIs(state.chosen) && state.chosen.node !== undefined && nodeSeen(state.chosen.node) ? [state.chosen.node] : [];
  if (wanted.length && marked[0] !== wanted[0]) network.selectNodes(wanted, false);
  if (!wanted.length && (marked.length || network.getSelectedEdges().length)) network.unselectAll();
  network.body.emitter.emit("_requestRedraw");
}, () => [filterKey(), apartKey(), JSON.stringify(state.chosen), state.layout, JSON.stringify(state.moved), state.rule, stretch, [...fresh]].join());
const refit = whenDrawn(fit, () => state.layout);

function showControls() {
  element("layout").value = state.layout;
  if (traced) element("rule").value = state.rule;
}

// The picture turns with the screen, and only then: paper is narrow too, and its drawing keeps what the screen showed.
let upright = narrow.matches;
function turn() {
  if (matchMedia("print").matches || upright === narrow.matches) return;
  upright = narrow.matches;
  measure();
  paint();
  fit();
}

function openControls() {
  element("fit").addEventListener("click", fit);
  element("zoom-in").addEventListener("click", () => zoom(1.3));
  element("zoom-out").addEventListener("click", () => zoom(1 / 1.3));
  element("undo").addEventListener("click", undo);
  element("redo").addEventListener("click", redo);
  element("reset").addEventListener("click", () => { field.value = ""; closeHits(); reset(); fit(); });
  element("layout").addEventListener("change", (event) => change({ layout: event.target.value }));
  if (traced) element("rule").addEventListener("change", (event) => change({ rule: event.target.value }));
  element("save-png").addEventListener("click", savePng);
  element("save-svg").addEventListener("click", saveSvg);
  element("copy-link").addEventListener("click", (event) => copy(location.href, event.currentTarget, null));
  night.addEventListener("change", paint);
  narrow.addEventListener("change", turn);
  addEventListener("beforeprint", () => toPaper(true));
  addEventListener("afterprint", () => toPaper(false));
  addEventListener("hashchange", () => {
    const wanted = linked();
    if (link(wanted) !== link(state)) change(wanted);
  });
}

recall();
openPicture();
openFilters();
openChoices();
openTable();
openTip();
openNothing();
openSteps();
openPanel();
openSearch();
openKeys();
openControls();
for (const draw of [showControls, showFilters, showLists, drawPicture, refit, showNothing, hideOldTip, showTable, showPanel, showSteps, tell, showPlay]) follow(draw);
show();
network.once("afterDrawing", () => performance.mark("graphflow drawn"));
// For tests, and for whoever opens the console: what the page knows, and no way round its filters.
window.graphflow = {
  network, facts, rows, change, undo, redo, get state() { return state; }, get passing() { return passing(); }, get listed() { return listed(); },
  get texts() { return shown; }, nodes: () => [...model().nodes.values()].filter(({ id }) => nodeSeen(id)).map((node) => ({ id: node.id, name: nodeName(node), group: nodeGroup(node) })),
  edges: () => [...model().edges.values()].filter(({ id }) => edgeSeen(id)).map((edge) => ({ id: edge.id, name: edgeName(edge), amount: edgeAmount(edge.id), width: widthOf(edge.id) })),
};

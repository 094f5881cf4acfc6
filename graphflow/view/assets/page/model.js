// What is drawn: nodes and edges as the page was made, and accounts that are taken out of the boxes they were folded into.

const apartKey = () => JSON.stringify(state.apart);
const heldIn = new Map(); // fold → its accounts that the page holds, the one with the most transactions first
for (const row of rows) {
  for (const account of new Set([row.payer, row.payee])) {
    const fold = facts.accounts[account].node;
    if (!drawnNodes[fold].folded) continue;
    if (!heldIn.has(fold)) heldIn.set(fold, new Map());
    heldIn.get(fold).set(account, (heldIn.get(fold).get(account) || 0) + 1);
  }
}
for (const [fold, members] of heldIn) heldIn.set(fold, [...members].sort((a, b) => b[1] - a[1] || a[0] - b[0]).map(([account]) => account));

const alone = new Map(facts.accounts.map((account, index) => [account.node, index]).filter(([node]) => !drawnNodes[node].folded));
const edgeId = (from, to) => from + ">" + to;

const model = kept(apartKey, () => {
  const apart = new Set(state.apart.filter((account) => drawnNodes[facts.accounts[account].node].folded));
  const nodeOf = facts.accounts.map((account, index) => (apart.has(index) ? drawnNodes.length + index : account.node));
  const taken = new Map();
  for (const account of apart) taken.set(facts.accounts[account].node, (taken.get(facts.accounts[account].node) || 0) + 1);
  const nodes = new Map();
  for (const node of drawnNodes) {
    const left = node.folded - (taken.get(node.id) || 0);
    if (!node.folded || left > 0) nodes.set(node.id, { ...node, folded: left > 0 ? left : 0, opened: taken.has(node.id), account: alone.get(node.id) });
  }
  for (const account of apart) nodes.set(nodeOf[account], { id: nodeOf[account], account, fold: facts.accounts[account].node, shape: "dot", size: 12, flagged: Boolean(facts.accounts[account].flagged), folded: 0, apart: true });
  return { nodes, nodeOf, edges: edgesOf(nodes, nodeOf) };
});

function edgesOf(nodes, nodeOf) {
  const edges = new Map();
  drawnEdges.forEach((edge, index) => {
    const own = facts.whole ? facts.whole.edges[index] : null;
    edges.set(edgeId(edge.from, edge.to), {
      ...edge, id: edgeId(edge.from, edge.to), rows: [], sources: own ? own.sources : [],
      paid: own && whole(own.paid), carried: own && own.carried.map((totals) => new Tally(0, totals)),
    });
  });
  for (const row of rows) {
    const from = nodeOf[row.payer], to = nodeOf[row.payee];
    const base = edges.get(edgeId(facts.accounts[row.payer].node, facts.accounts[row.payee].node));
    const moved = from >= drawnNodes.length || to >= drawnNodes.length;
    if (moved && base && base.paid) takeOut(base, row);
    if (moved && !edges.has(edgeId(from, to))) edges.set(edgeId(from, to), { id: edgeId(from, to), from, to, bend: [0.12, 0.12], ahead: false, rows: [], sources: [], paid: null, carried: null });
    edges.get(edgeId(from, to))?.rows.push(row); // the smallest edges are not drawn, and the page says so
  }
  for (const [id, edge] of edges) {
    const rest = edge.paid ? edge.paid.count : edge.rows.length;
    if (!rest || !nodes.has(edge.from) || !nodes.has(edge.to)) edges.delete(id);
  }
  return edges;
}

function takeOut(edge, row) {
  edge.paid.less(row.currency, row.paid);
  edge.carried.forEach((tally, rule) => tally.less(row.currency, row.carried[rule]));
}

// --- what the transactions that pass add up to, by edge and by node ---

const figures = kept(() => filterKey() + apartKey(), () => {
  const { nodes, nodeOf, edges } = model(), every = !filtered(), pass = new Set(passing());
  const byEdge = new Map(), byNode = new Map([...nodes.keys()].map((id) => [id, { came: new Tally(), went: new Tally() }]));
  for (const edge of edges.values()) byEdge.set(edge.id, every && edge.paid ? edge : summed(edge.rows.filter((row) => pass.has(row))));
  for (const row of pass) {
    byNode.get(nodeOf[row.payer])?.went.add(row, row.currency, row.paid);
    byNode.get(nodeOf[row.payee])?.came.add(row, row.got, row.received);
  }
  if (every && facts.whole) wholeNodes(nodes, nodeOf, byNode);
  return { byEdge, byNode };
});

function wholeNodes(nodes, nodeOf, byNode) {
  for (const { id, apart } of nodes.values()) {
    if (!apart) byNode.set(id, { came: whole(facts.whole.nodes[id].came), went: whole(facts.whole.nodes[id].went) });
  }
  for (const row of rows) { // what was taken out of a box is no longer in its sums
    if (nodeOf[row.payer] >= drawnNodes.length) byNode.get(facts.accounts[row.payer].node)?.went.less(row.currency, row.paid);
    if (nodeOf[row.payee] >= drawnNodes.length) byNode.get(facts.accounts[row.payee].node)?.came.less(row.got, row.received);
  }
}

function summed(of) {
  const paid = new Tally(), carried = facts.rules.map(() => new Tally());
  for (const row of of) {
    paid.add(row, row.currency, row.paid);
    carried.forEach((tally, rule) => { if (row.carried[rule]) tally.add(row, row.currency, row.carried[rule]); });
  }
  return { rows: of, paid, carried };
}

// Widths stay in proportion to the largest edge of the page's first picture, whatever is filtered.
const largest = kept(() => state.rule, () => {
  const most = new Map();
  for (const edge of firstEdges()) {
    for (const [currency, amount] of amountOf(edge).totals) if (amount > (most.get(currency) || 0n)) most.set(currency, amount);
  }
  return most;
});
const firstEdges = kept(() => "", () => [...edgesOf(new Map(drawnNodes.map((node) => [node.id, node])), facts.accounts.map((account) => account.node)).values()]
  .map((edge) => (edge.paid ? edge : summed(edge.rows))));

const amountOf = (sums) => (traced ? sums.carried[facts.rules.indexOf(state.rule)] : sums.paid);

function shareOf(tally) {
  let share = 0;
  for (const [currency, amount] of tally.totals) share = Math.max(share, Number(amount) / Number(largest().get(currency) || 1n));
  return Math.min(share, 1);
}

const edgeSums = (id) => figures().byEdge.get(id);
const edgeSeen = (id) => { const sums = edgeSums(id); return Boolean(sums && sums.paid.count && (!traced || amountOf(sums).totals.size)); };
const nodeSeen = (id) => { const sums = figures().byNode.get(id); return Boolean(sums && sums.came.count + sums.went.count); };
const nodeGroup = (node) => (node.account === undefined ? groupAt(typeof node.groups === "string" ? node.groups : facts.rules.map((rule) => node.groups[rule])) : groupOf(node.account));

function edgeAmount(id) {
  const sums = edgeSums(id), lines = amountOf(sums).lines(rounded);
  if (!traced && sums.paid.count > 1) lines[lines.length - 1] += " ×" + count(sums.paid.count);
  return lines;
}

function nodeName(node) {
  return node.folded ? t("and {n} more", { n: count(node.folded) }) : facts.accounts[node.account].account;
}
const edgeName = ({ from, to }) => nodeName(model().nodes.get(from)) + " → " + nodeName(model().nodes.get(to));

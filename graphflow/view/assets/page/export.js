// The picture as a file: PNG as it is seen, SVG drawn from the same places. Both on white, whatever the screen shows.

const fileName = (kind, part = "") => document.body.dataset.name + part + "." + kind; // part: what of it, where it is not all

function save(kind, type, content, part = "") {
  const blob = content instanceof Blob ? content : new Blob([content], { type });
  const link = make("a"), address = URL.createObjectURL(blob);
  link.href = address;
  link.download = fileName(kind, part);
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

// Paper is white: colours are those of print while this runs.
function onPaper(run) {
  document.documentElement.classList.add("print");
  paint();
  network.redraw();
  try {
    return run();
  } finally {
    document.documentElement.classList.remove("print");
    paint();
    network.redraw();
  }
}

function savePng() {
  const seen = box.querySelector("canvas"), sheet = make("canvas");
  [sheet.width, sheet.height] = [seen.width, seen.height];
  onPaper(() => {
    const canvas = sheet.getContext("2d");
    canvas.fillStyle = "#fff";
    canvas.fillRect(0, 0, sheet.width, sheet.height);
    canvas.drawImage(seen, 0, 0);
  });
  sheet.toBlob((blob) => save("png", "image/png", blob), "image/png");
}

const saveSvg = () => save("svg", "image/svg+xml", '<?xml version="1.0" encoding="UTF-8"?>\n' + new XMLSerializer().serializeToString(onPaper(svg)));

const MARKS = {
  triangle: [[0, -1], [0.95, 0.75], [-0.95, 0.75]], triangleDown: [[0, 1], [0.95, -0.75], [-0.95, -0.75]], diamond: [[0, -1], [1, 0], [0, 1], [-1, 0]],
  square: [[-1, -1], [1, -1], [1, 1], [-1, 1]], hexagon: [0, 1, 2, 3, 4, 5].map((side) => [Math.cos(side * Math.PI / 3), Math.sin(side * Math.PI / 3)]),
  star: Array.from({ length: 10 }, (_, side) => [(side % 2 ? 0.5 : 1.15) * Math.sin(side * Math.PI / 5), -(side % 2 ? 0.5 : 1.15) * Math.cos(side * Math.PI / 5)]),
};
const round = (value) => Math.round(value * 100) / 100;
const path = (points) => points.map(([x, y], place) => `${place ? "L" : "M"}${round(x)} ${round(y)}`).join("");

function svg() {
  const wide = box.clientWidth, tall = box.clientHeight, scale = network.getScale();
  const sheet = drawn("svg", { viewBox: `0 0 ${wide} ${tall}`, width: wide, height: tall, "font-family": FONT, "text-anchor": "middle" });
  sheet.append(drawn("title", {}, document.title), drawn("rect", { width: wide, height: tall, fill: "#fff" }));
  for (const [low, high, tone] of stripes(box.querySelector("canvas").getContext("2d"))) {
    const [from, to] = [low, high].map((place) => toScreen([place, place])[narrow.matches ? 1 : 0]);
    sheet.append(drawn("rect", narrow.matches ? { x: 0, y: round(from), width: wide, height: round(to - from), fill: colour(tone) } : { x: round(from), y: 0, width: round(to - from), height: tall, fill: colour(tone) }));
  }
  for (const edge of model().edges.values()) if (edgeSeen(edge.id)) sheet.append(...edgeMarks(edge, scale));
  for (const node of model().nodes.values()) if (nodeSeen(node.id)) sheet.append(nodeMark(node, scale));
  for (const text of shown) sheet.append(...writing(text));
  return sheet;
}

function edgeMarks({ id, to }, scale) {
  const { width, color, arrows } = edgeLook(id), points = Array.from({ length: 33 }, (_, place) => curvePoint(id, place / 32));
  const curve = (of) => drawn("path", { d: path(of), fill: "none", stroke: color.color, "stroke-width": round(Math.max(width * scale, 0.5)), "stroke-opacity": color.opacity });
  if (arrows && !arrows.to.enabled) return [curve(points)];
  const { x, y } = network.getPosition(to), [endX, endY] = toScreen([x, y]), reach = (nodeLook(to).size + 2) * scale, size = Math.max(5, (6 + 2 * width) * scale);
  const outside = points.filter(([left, top]) => Math.hypot(left - endX, top - endY) > reach + size * 0.8), tail = outside.at(-1) || points[0];
  const turn = Math.atan2(endY - tail[1], endX - tail[0]), tipX = endX - reach * Math.cos(turn), tipY = endY - reach * Math.sin(turn);
  const wing = (side) => [tipX - size * Math.cos(turn + side * 0.42), tipY - size * Math.sin(turn + side * 0.42)];
  const base = [tipX - size * 0.8 * Math.cos(turn), tipY - size * 0.8 * Math.sin(turn)];
  return [curve([...outside, base]), drawn("path", { d: path([[tipX, tipY], wing(1), wing(-1)]) + "Z", fill: color.color, "fill-opacity": color.opacity })];
}

function nodeMark(node, scale) {
  const { shape, size, color, opacity, shapeProperties } = nodeLook(node.id), { borderWidth } = network.body.nodes[node.id].options, { x, y } = network.getPosition(node.id);
  const [left, top] = toScreen([x, y]), reach = size * scale, corners = MARKS[shape];
  const look = { fill: color.background, stroke: color.border, "stroke-width": borderWidth, opacity, ...(shapeProperties.borderDashes ? { "stroke-dasharray": DASHES.map((part) => round(part * scale)).join(" ") } : {}) };
  return corners ? drawn("path", { d: path(corners.map(([a, b]) => [left + a * reach, top + b * reach])) + "Z", ...look }) : drawn("circle", { cx: round(left), cy: round(top), r: round(reach), ...look });
}

function writing({ kind, lines, size, bold, x, y, left, top, right, bottom, dim, to }) {
  const back = kind === "amount" ? [drawn("rect", { x: round(left), y: round(top), width: round(right - left), height: round(bottom - top), fill: "#fff", "fill-opacity": 0.86 })] :
    kind === "step" ? [drawn("circle", { cx: round(x), cy: round(y), r: round((right - left) / 2), fill: colour("chosen") })] : [];
  const line = to ? [drawn("path", { d: path([[x, y], to]), stroke: colour(kind === "step" ? "chosen" : "soft") })] : [];
  return [...line, ...back, ...lines.map((line, index) => drawn("text", {
    x: round(x), y: round(y + (index - (lines.length - 1) / 2) * size * 1.2 + size * 0.36), "font-size": size, "font-weight": bold ? 600 : 400, opacity: dim ? 0.3 : 1,
    fill: kind === "step" ? "#fff" : colour(kind === "heading" ? "soft" : "ink"),
    ...(kind === "label" ? { stroke: "#fff", "stroke-width": 3, "paint-order": "stroke" } : {}),
  }, line))];
}

// A canvas cannot change its width when a page is laid out for paper: there the drawing of the same places stands for it.
function toPaper(on) {
  document.documentElement.classList.toggle("print", on);
  if (on) more(PRINTED);
  for (const one of document.querySelectorAll(on ? ".who:not([open]), .glossary:not([open])" : "[data-for-paper]")) {
    one.open = on; // nothing can be unfolded on paper
    one.toggleAttribute("data-for-paper", on);
  }
  const who = document.querySelector(".who");
  if (who && on) document.querySelector(".picture").after(who); // the picture comes on the first sheet
  else if (who) document.querySelector("header.top").append(who);
  paint();
  network.redraw();
  element("paper").replaceChildren(...(on ? [svg()] : []));
}

// Graph of an execution block, its processing blocks and their deployments.

import { h, svg } from "./dom.js";
import { badge, link, scrolling } from "./parts.js";
import { SYMBOLS } from "./status.js";

const HEIGHT = 42, GAP_X = 28, GAP_Y = 12, INDENT = 14, CHARACTER = 7.3, PADDING = 10, MIN_WIDTH = 90;
const KINDS = { eb: "EB", pb: "PB", deployment: "Deployment" };

/** Create the graph, and the same as a list. */
export function graph({ nodes, edges }) {
  if (!nodes.length) return h("p", { class: "muted" }, "No execution block is linked.");
  const { places, width, height } = layout(nodes, edges);
  return [
    scrolling("Graph of blocks and deployments", svg("svg", {
      class: "block-graph", width, height, viewBox: `0 0 ${width} ${height}`, role: "group",
      "aria-label": "Graph of blocks and deployments",
    }, edges.filter((each) => places.has(each.from) && places.has(each.to)).map((each) => arrow(each, places)),
    nodes.map((each) => box(each, places.get(each.id))))),
    h("details", { class: "as-list" }, h("summary", {}, `Graph as a list, ${nodes.length} entries`), list(nodes, edges)),
  ];
}

/**
 * Place each node: in the column after those of all nodes that lead to it, below the node before it.
 *
 * A deployment is below its processing block. Edges that would close a circle, as damaged entries
 * can have, do not count.
 */
export function layout(nodes, edges) {
  const known = new Map(nodes.map((each) => [each.id, each]));
  const parents = new Map(edges.filter((each) => known.has(each.from) && known.get(each.to)?.kind === "deployment")
    .map((each) => [each.to, known.get(each.from)]));
  const blocks = nodes.filter((each) => !parents.has(each.id));
  const columns = columnsOf(blocks, edges).map((column) => column.flatMap((block) =>
    [block, ...nodes.filter((each) => parents.get(each.id) === block)]));
  const places = new Map();
  let x = 1, height = 0;
  for (const column of columns) {
    const boxes = column.map((each) => boxOf(each, parents.get(each.id)));
    boxes.forEach((placed, index) => places.set(column[index].id, { ...placed, x: x + placed.indent, y: 1 + index * (HEIGHT + GAP_Y) }));
    height = Math.max(height, column.length * (HEIGHT + GAP_Y) - GAP_Y + 2);
    x += Math.max(...boxes.map((each) => each.indent + each.width)) + GAP_X;
  }
  return { places, width: Math.ceil(x - GAP_X + 1), height };
}

function columnsOf(blocks, edges) {
  const columnOf = new Map(blocks.map((each) => [each.id, 0]));
  const used = edges.filter((each) => columnOf.has(each.from) && columnOf.has(each.to));
  for (let pass = 0, isChanged = true; isChanged && pass < blocks.length; pass++) {
    isChanged = false;
    for (const { from, to } of used) {
      if (columnOf.get(to) <= columnOf.get(from) && columnOf.get(from) + 1 < blocks.length) {
        columnOf.set(to, columnOf.get(from) + 1);
        isChanged = true;
      }
    }
  }
  const columns = [];
  for (const each of blocks) (columns[columnOf.get(each.id)] ??= []).push(each);
  return columns.filter(Boolean);
}

/** Return the label, the indent and the width of a node. Its block's ID is left out of a deployment's. */
function boxOf(node, parent) {
  const label = parent ? node.label.replace(parent.label, "…") : node.label;
  const width = Math.max(MIN_WIDTH, Math.max(label.length, statusLine(node).length) * CHARACTER + 2 * PADDING);
  return { label, width, indent: parent ? INDENT : 0 };
}

function statusLine({ kind, status, class: cls }) {
  return `${KINDS[kind] ?? kind} ${SYMBOLS[cls] ?? "?"} ${status}`;
}

function box(node, { x, y, width, label }) {
  const group = svg(node.href ? "a" : "g", {
    href: node.href, class: `graph-node is-${node.class} kind-${node.kind}`, "data-key": node.id,
    "aria-label": `${KINDS[node.kind] ?? node.kind} ${node.label}, ${node.status}${node.detail ? `, ${node.detail}` : ""}`,
  },
  svg("title", {}, `${node.label}: ${node.status}${node.detail ? `, ${node.detail}` : ""}`),
  svg("rect", { x, y, width, height: HEIGHT, rx: node.kind === "deployment" ? 2 : 9 }),
  svg("text", { x: x + PADDING, y: y + 17, class: "label" }, label),
  svg("text", { x: x + PADDING, y: y + 34, class: "status" }, statusLine(node)));
  return group;
}

function arrow({ from, to, label }, places) {
  const start = places.get(from), end = places.get(to);
  const isBelow = end.indent > 0;
  return svg("g", { class: "edge", "data-key": `${from} ${to}` }, label && svg("title", {}, label),
    svg("path", { d: isBelow ? elbow(start, end) : curve(start, end) }), !isBelow && head(end));
}

function elbow(start, end) {
  return `M${start.x + INDENT / 2} ${start.y + HEIGHT}V${end.y + HEIGHT / 2}H${end.x}`;
}

function curve(start, end) {
  const x1 = start.x + start.width, y1 = start.y + HEIGHT / 2, y2 = end.y + HEIGHT / 2;
  const middle = (x1 + end.x) / 2;
  return `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${end.x - 6} ${y2}`;
}

function head({ x, y }) {
  const middle = y + HEIGHT / 2;
  return svg("polygon", { points: `${x},${middle} ${x - 8},${middle - 4} ${x - 8},${middle + 4}` });
}

function list(nodes, edges) {
  const labels = new Map(nodes.map((each) => [each.id, each.label]));
  return h("ul", { class: "objects" }, nodes.map((each) => {
    const before = edges.filter((edge) => edge.to === each.id)
      .map((edge) => `after ${labels.get(edge.from) ?? edge.from}${edge.label && ` (${edge.label})`}`);
    return h("li", { "data-key": each.id }, KINDS[each.kind] ?? each.kind, " ", each.href ? link(each.href, each.label) : each.label,
      " ", badge(each.status, each.class), each.detail && ` ${each.detail}`,
      before.length > 0 && h("span", { class: "muted" }, ` ${before.join(", ")}`));
  }));
}

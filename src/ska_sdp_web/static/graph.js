// Graph of an execution block, its processing blocks and their deployments.

import { h, svg } from "./dom.js";
import { badge, link, scrolling } from "./parts.js";
import { SYMBOLS } from "./status.js";

const HEIGHT = 46, GAP_X = 48, GAP_Y = 14, CHARACTER = 7.4, PADDING = 12, MIN_WIDTH = 110;
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
 * Edges that would close a circle, as damaged entries can have, do not count.
 */
export function layout(nodes, edges) {
  const known = new Set(nodes.map((each) => each.id));
  const columnOf = new Map(nodes.map((each) => [each.id, 0]));
  const used = edges.filter((each) => known.has(each.from) && known.has(each.to));
  for (let pass = 0, isChanged = true; isChanged && pass < nodes.length; pass++) {
    isChanged = false;
    for (const { from, to } of used) {
      if (columnOf.get(to) <= columnOf.get(from) && columnOf.get(from) + 1 < nodes.length) {
        columnOf.set(to, columnOf.get(from) + 1);
        isChanged = true;
      }
    }
  }
  const columns = [];
  for (const each of nodes) (columns[columnOf.get(each.id)] ??= []).push(each);
  const places = new Map();
  let x = 1, height = 0;
  for (const column of columns.filter(Boolean)) {
    const width = Math.max(MIN_WIDTH, ...column.map((each) => textWidth(each)));
    column.forEach((each, index) => places.set(each.id, { x, y: 1 + index * (HEIGHT + GAP_Y), width }));
    height = Math.max(height, column.length * (HEIGHT + GAP_Y) - GAP_Y + 2);
    x += width + GAP_X;
  }
  return { places, width: Math.ceil(x - GAP_X + 1), height };
}

function textWidth(node) {
  return Math.max(node.label.length, statusLine(node).length) * CHARACTER + 2 * PADDING;
}

function statusLine({ kind, status, class: cls }) {
  return `${KINDS[kind] ?? kind} ${SYMBOLS[cls] ?? "?"} ${status}`;
}

function box(node, { x, y, width }) {
  const group = svg(node.href ? "a" : "g", {
    href: node.href, class: `graph-node is-${node.class} kind-${node.kind}`, "data-key": node.id,
    "aria-label": `${KINDS[node.kind] ?? node.kind} ${node.label}, ${node.status}${node.detail ? `, ${node.detail}` : ""}`,
  },
  svg("title", {}, `${node.label}: ${node.status}${node.detail ? `, ${node.detail}` : ""}`),
  svg("rect", { x, y, width, height: HEIGHT, rx: node.kind === "deployment" ? 2 : 9 }),
  svg("text", { x: x + PADDING, y: y + 19, class: "label" }, node.label),
  svg("text", { x: x + PADDING, y: y + 37, class: "status" }, statusLine(node)));
  return group;
}

function arrow({ from, to, label }, places) {
  const start = places.get(from), end = places.get(to);
  const x1 = start.x + start.width, y1 = start.y + HEIGHT / 2, x2 = end.x, y2 = end.y + HEIGHT / 2;
  const middle = (x1 + x2) / 2;
  return svg("g", { class: "edge", "data-key": `${from} ${to}` }, label && svg("title", {}, label),
    svg("path", { d: `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2 - 6} ${y2}` }),
    svg("polygon", { points: `${x2},${y2} ${x2 - 8},${y2 - 4} ${x2 - 8},${y2 + 4}` }));
}

function list(nodes, edges) {
  const labels = new Map(nodes.map((each) => [each.id, each.label]));
  return h("ul", { class: "things" }, nodes.map((each) => {
    const before = edges.filter((edge) => edge.to === each.id)
      .map((edge) => `after ${labels.get(edge.from) ?? edge.from}${edge.label && ` (${edge.label})`}`);
    return h("li", { "data-key": each.id }, KINDS[each.kind] ?? each.kind, " ", each.href ? link(each.href, each.label) : each.label,
      " ", badge(each.status, each.class), each.detail && ` ${each.detail}`,
      before.length > 0 && h("span", { class: "muted" }, ` ${before.join(", ")}`));
  }));
}

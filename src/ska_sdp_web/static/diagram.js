// State diagram of a subarray with its obsState lit.

import { h } from "./dom.js";

const IN_THE_CYCLE = ["EMPTY", "RESOURCING", "IDLE", "CONFIGURING", "READY", "SCANNING"];
const NAMES = ["cycle", "exits"];
const TYPE = "image/svg+xml";
const RETRY_MS = 3000;
const templates = new Map();

/** Load the two diagrams; call `onLoaded` when they can be drawn. One that fails is loaded again. */
export async function loadDiagrams(onLoaded) {
  for (let isMissing = templates.size < NAMES.length; isMissing;) {
    await Promise.all(NAMES.map(load));
    onLoaded();
    isMissing = templates.size < NAMES.length;
    if (isMissing) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

async function load(name) {
  if (templates.has(name)) return;
  try {
    const response = await fetch(`/static/${name}.svg`);
    // An error, or the login form of a proxy, is another document.
    if (!response.ok || !response.headers.get("Content-Type")?.startsWith(TYPE)) return;
    const root = new DOMParser().parseFromString(await response.text(), TYPE).documentElement;
    // A page shows many diagrams, and IDs are unique.
    for (const each of root.querySelectorAll("[id]")) each.removeAttribute("id");
    // Browsers show titles as tooltips, and these are names of nodes and edges.
    for (const each of root.querySelectorAll("title")) each.remove();
    templates.set(name, root);
  } catch {
    // The obsState also stands beside the diagram.
  }
}

/** Create the diagram that has the obsState, lit; an empty box until it is loaded. */
export function diagram(obsState) {
  const name = IN_THE_CYCLE.includes(obsState) ? "cycle" : "exits";
  return h("div", { class: `diagram-box ${name === "exits" ? "is-wide" : ""}`, "data-key": name }, lit(templates.get(name), obsState));
}

function lit(template, obsState) {
  if (!template) return null;
  const root = document.importNode(template, true);
  root.setAttribute("aria-label", `State diagram, obsState is ${obsState}`);
  for (const node of root.querySelectorAll(".node")) {
    if (node.classList.contains(`state-${obsState}`)) node.classList.add("is-lit");
  }
  return root;
}

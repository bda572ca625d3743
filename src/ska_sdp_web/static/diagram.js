// State diagram of a subarray with its obsState lit.

import { h } from "./dom.js";

const IN_THE_CYCLE = ["EMPTY", "RESOURCING", "IDLE", "CONFIGURING", "READY", "SCANNING"];
const templates = new Map();

/** Load the two diagrams; call `onLoaded` once they can be drawn. */
export async function loadDiagrams(onLoaded) {
  if (templates.size) return;
  await Promise.all(["cycle", "exits"].map(load));
  onLoaded();
}

async function load(name) {
  try {
    const text = await (await fetch(`/static/${name}.svg`)).text();
    const root = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
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

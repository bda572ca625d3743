// Small parts that several views share: statuses, times, faults, links.

import { age, utc } from "./clock.js";
import { h } from "./dom.js";
import { isAddressable } from "./router.js";
import { SYMBOLS, classOf } from "./status.js";

/** Create the badge of a status: a symbol, the text, and a colour. */
export function badge(text, cls = classOf(text), extra = "") {
  return h("span", { class: `badge is-${cls} ${extra}`.trim() },
    h("span", { class: "symbol", "aria-hidden": "true" }, SYMBOLS[cls] ?? SYMBOLS.unknown), ` ${text}`);
}

/** Create a time in UTC with its age; a dash if it is unknown. */
export function since(iso) {
  if (!iso) return h("span", { class: "muted" }, "unknown");
  return h("span", { class: "since" },
    h("time", { datetime: iso }, utc(iso)), " (", h("span", { "data-since": iso }, age(iso)), ")");
}

/** Create a link inside the page. */
export function link(href, ...children) {
  return h("a", { href }, ...children);
}

/** Create a link to an object of a table such as `pbs`, or its ID alone if it can have no address. */
export function linkTo(table, id) {
  if (!id) return h("span", { class: "muted" }, "none");
  const text = String(id);
  try {
    if (isAddressable(text)) return link(`/${table}/${encodeURIComponent(text)}`, text);
  } catch {
    // Half of a surrogate pair cannot be encoded.
  }
  return h("span", {}, text);
}

/** Create the list of names and values; values may be nodes. Empty ones are left out. */
export function facts(pairs) {
  return h("dl", { class: "facts" }, pairs.filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}

/** Create the list of faults: what is wrong, since when, what to do. */
export function faultList(faults, device = null) {
  return h("ul", { class: "faults" }, faults.map((fault) => h("li", {},
    h("p", { class: "fault-text" }, device, device && ": ", fault.text),
    h("p", { class: "muted" }, "since ", since(fault.since)),
    fault.way_out && h("p", { class: "way-out" }, h("span", { "aria-hidden": "true" }, "→ "),
      h("span", { class: "hidden" }, "What to do: "), fault.way_out))));
}

/** Create a section with a heading. */
export function section(title, attributes, ...children) {
  const id = `h-${title.toLowerCase().replace(/[^a-z]+/g, "-")}`;
  return h("section", { "aria-labelledby": id, "data-key": id, ...attributes },
    h("h2", { id }, title), ...children);
}

/** Create a region that scrolls by itself, also with the keyboard. */
export function scrolling(label, ...children) {
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label }, ...children);
}

/** Create the text of a value of the database. */
export function code(text, label) {
  return h("pre", { tabindex: "0", role: "region", "aria-label": label }, h("code", {}, text));
}

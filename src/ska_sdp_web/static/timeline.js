// Timeline of a subarray: lanes of obsStates, scans, commands and health, and the same as a list.

import { now, utc } from "./clock.js";
import { h, place } from "./dom.js";
import { badge, scrolling } from "./parts.js";
import { query, setQuery } from "./router.js";
import { classOf } from "./status.js";

const RANGES = { "5m": 5, "15m": 15, "1h": 60, "6h": 360, "24h": 1440, all: Infinity };
const DEFAULT_RANGE = "1h";
const LANES = { obs_state: "obsState", scan: "Scan", command: "Command", health: "Health" };
const LISTED_MAX = 500;
const TICKS = 4;

/** Create the timeline; `redraw` is called when the user chooses another range. */
export function timeline({ begins, items }, redraw) {
  const chosen = Object.hasOwn(RANGES, query("range")) ? query("range") : DEFAULT_RANGE;
  const end = now();
  const timed = withTimes(items, end);
  const first = timed.length ? timed[0].at : end;
  const start = Math.min(Math.max(first, end - RANGES[chosen] * 60000), end - 1000);
  return [
    h("div", { class: "bar" }, h("label", { for: "range" }, "Range "),
      h("select", { id: "range", onchange: (event) => { setQuery({ range: event.target.value }); redraw(); } },
        Object.keys(RANGES).map((each) => h("option", { value: each, selected: each === chosen },
          each === "all" ? "all" : `last ${each.replace("m", " min").replace("h", " h")}`))),
      h("span", { class: "muted" }, history(begins))),
    h("div", { class: "timeline", "aria-hidden": "true" },
      Object.entries(LANES).map(([kind, name]) => lane(name, bands(timed.filter((each) => each.kind === kind), start, end))),
      axis(start, end)),
    h("details", { class: "as-list" }, h("summary", {}, `Timeline as a list, ${items.length} entries`), list(items)),
  ];
}

/**
 * Return the items with their times in ms as `at`.
 *
 * etcd keeps no times, and not every value has its own: such an item came at or after the one
 * before it. Values have whole seconds, so a later item may have an earlier time. A time after
 * `end`, the present, is wrong, such as that of a client whose clock is fast.
 */
export function withTimes(items, end) {
  const times = items.map((item) => Date.parse(item.time)).map((time) => (time <= end ? time : null));
  let at = times.find((time) => time !== null);
  if (at === undefined) return [];
  return items.map((item, index) => {
    at = Math.max(at, times[index] ?? at);
    return { ...item, at };
  });
}

/** Return the bands of a lane within a period: each lasts until the next one begins. */
export function bands(items, start, end) {
  const found = [];
  items.forEach((item, index) => {
    const from = item.at;
    const to = items[index + 1]?.at ?? end;
    if (to < start || from > end || isGap(item)) return;
    const left = Math.max(from, start);
    found.push({ item, left: (left - start) / (end - start), width: Math.max(0, to - left) / (end - start) });
  });
  return found;
}

function isGap({ kind, text }) {
  return !text || (kind === "scan" && text.endsWith(" ended"));
}

function lane(name, found) {
  return h("div", { class: "lane", "data-key": name }, h("span", { class: "lane-name" }, name),
    h("div", { class: "track" }, found.map(({ item, left, width }) => place(
      h("span", {
        class: `band is-${kindClass(item)}`, "data-key": `${item.revision} ${item.text}`,
        title: `${item.text}${item.detail ? `: ${item.detail}` : ""}, ${item.time ? utc(item.time) : "time unknown"}`,
      }, item.text.replace(/ started$/, "")),
      { left: `${left * 100}%`, width: `${width * 100}%` }))));
}

function kindClass({ kind, text }) {
  return kind === "obs_state" || kind === "health" ? classOf(text) : "plain";
}

function axis(start, end) {
  const ticks = Array.from({ length: TICKS + 1 }, (_, index) => index / TICKS);
  const isLong = end - start > 86400000;
  return h("div", { class: "lane axis" }, h("span", { class: "lane-name" }, "UTC"),
    h("div", { class: "track" }, ticks.map((at) => place(
      h("span", { class: "tick" }, utc(new Date(start + at * (end - start)).toISOString()).slice(isLong ? 5 : 11, isLong ? 16 : 19)),
      { left: `${at * 100}%` }))));
}

function history({ revision, time, is_compacted: isCompacted, state, error, is_cut: isCut }) {
  if (state === "reading") return "The history is being read.";
  if (state === "failed") return `The history could not be read: ${error}`;
  const where = `revision ${revision}${time ? `, ${utc(time)}` : ""}`;
  if (isCut) return `The history before ${where} is left out, as it is too long: ska-sdp history has it.`;
  return isCompacted ? `The history before ${where} was compacted.` : `The history begins at ${where}.`;
}

function list(items) {
  const newest = items.slice(-LISTED_MAX).reverse();
  return scrolling("Timeline as a list", h("table", {},
    h("thead", {}, h("tr", {}, ["Time", "Kind", "Value", "Detail", "Revision"].map((each) => h("th", { scope: "col" }, each)))),
    h("tbody", {}, newest.map((item) => h("tr", { "data-key": `${item.revision} ${item.kind} ${item.text}` },
      h("td", {}, item.time ? h("time", { datetime: item.time }, utc(item.time)) : h("span", { class: "muted" }, "unknown")),
      h("td", {}, LANES[item.kind] ?? item.kind),
      h("td", {}, kindClass(item) === "plain" ? item.text : badge(item.text)),
      h("td", {}, item.detail ?? ""),
      h("td", { class: "number" }, String(item.revision)))))),
  items.length > LISTED_MAX && h("p", { class: "muted" }, `the newest ${LISTED_MAX} of ${items.length}`));
}

// Filters and orders of tables.

import { URGENCY } from "./status.js";

const texts = new Intl.Collator("en", { numeric: true });

/** Return column and direction of a text of the address such as `-since`. */
export function parseSorting(text) {
  return text ? { key: text.replace(/^-/, ""), isDescending: text.startsWith("-") } : null;
}

/** Return the text of the address after a click on a column: ascending, descending, none. */
export function nextSorting(text, key) {
  if (text === key) return `-${key}`;
  return text === `-${key}` ? "" : key;
}

/** Return the pairs of key and row that have the words in some field, and the status. */
export function filterRows(pairs, words, status) {
  const wanted = words.toLowerCase();
  return pairs.filter(([, row]) => (!status || row.status === status)
    && (!wanted || Object.entries(row).some(([key, value]) => key !== "class" && String(value ?? "").toLowerCase().includes(wanted))));
}

/** Sort pairs by a column; without one what is urgent first, then the newest. */
export function sortRows(pairs, sorting, kind = "text") {
  if (!sorting) return pairs.sort(byUrgency);
  const sign = sorting.isDescending ? -1 : 1;
  return pairs.sort(([a, one], [b, other]) =>
    sign * compare(one[sorting.key], other[sorting.key], kind) || compare(a, b, "text"));
}

function byUrgency([a, one], [b, other]) {
  return urgency(one) - urgency(other) || compare(other.since, one.since, "time") || compare(a, b, "text");
}

function urgency(row) {
  const found = URGENCY.indexOf(row.class);
  return found < 0 ? URGENCY.indexOf("unknown") : found;
}

function compare(a, b, kind) {
  if (kind === "number") return Number(a ?? -Infinity) - Number(b ?? -Infinity) || 0;
  const [one, other] = [String(a ?? ""), String(b ?? "")];
  if (kind === "time") return one < other ? -1 : one > other ? 1 : 0;
  return texts.compare(one, other);
}

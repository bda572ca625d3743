// Times in UTC and ages. Ages use the clock of the server, as that of a phone may be wrong.

let offset = 0;

/** Set the server's present time, in ISO 8601. */
export function setServerTime(iso) {
  const time = Date.parse(iso);
  if (!Number.isNaN(time)) offset = time - Date.now();
}

/** Return the server's present time in milliseconds since 1970. */
export function now() {
  return Date.now() + offset;
}

/** Return a time in ISO 8601 as `2026-01-31 12:00:00 UTC`; other text as it is. */
export function utc(iso) {
  const time = Date.parse(iso);
  if (Number.isNaN(time)) return String(iso ?? "");
  return new Date(time).toISOString().slice(0, 19).replace("T", " ") + " UTC";
}

/** Return a duration in its two largest units, such as `3 min 12 s`. */
export function duration(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return pair(minutes, "min", seconds % 60, "s");
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return pair(hours, "h", minutes % 60, "min");
  return pair(Math.floor(hours / 24), "d", hours % 24, "h");
}

function pair(large, largeUnit, small, smallUnit) {
  return small ? `${large} ${largeUnit} ${small} ${smallUnit}` : `${large} ${largeUnit}`;
}

/** Return for how long something has lasted that began at a time in ISO 8601. */
export function age(iso) {
  const time = Date.parse(iso);
  return Number.isNaN(time) ? "" : duration(now() - time);
}

/** Update the ages of all elements with `data-since`, and the clock. */
export function tick() {
  for (const each of document.querySelectorAll("[data-since]")) {
    const text = age(each.dataset.since);
    if (each.textContent !== text) each.textContent = text;
  }
  document.getElementById("clock").textContent = utc(new Date(now()).toISOString()).slice(11);
}

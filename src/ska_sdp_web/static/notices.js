// The banner while values are not current, and announcements to screen readers.

import { age, utc } from "./clock.js";
import { h, update } from "./dom.js";

const ANNOUNCEMENT_DELAY_MS = 800;

let announced = "";
let timer = 0;

/** Announce a text if it differs from the last one; of a quick series only the last. */
export function announce(text) {
  if (text === announced) return;
  const isFirst = announced === "";
  announced = text;
  if (!isFirst) say(text);
}

/** Announce the result of what the user does; of a quick series only the last. */
export function say(text) {
  clearTimeout(timer);
  timer = setTimeout(() => {
    document.getElementById("announcer").textContent = text;
  }, ANNOUNCEMENT_DELAY_MS);
}

/** Announce nothing until the next text after the first one: of a new view all is read anyway. */
export function restartAnnouncements() {
  clearTimeout(timer);
  announced = "";
}

/**
 * Show why the values of the page may not be current; return whether there is a reason.
 *
 * `trouble` has the kind, and where they are known the start (`since`) and a `detail`.
 */
export function showBanner(trouble, hasValues) {
  const banner = document.getElementById("banner");
  if (!trouble) update(banner);
  else update(banner, notice(trouble, hasValues));
  return trouble !== null;
}

const TEXTS = {
  failure: ["This page has failed", "Reload it. If it fails again, ska-sdp status shows the same on a terminal."],
  away: ["The server of this page is away", "The page connects again by itself."],
  rejects: ["The server of this page sends no changes", "It has too many viewers, or a proxy stops the stream. The page tries again by itself."],
  paused: ["This tab was paused for others", "It gets the present values now."],
  database: ["The database is away", null],
  behind: ["The server of this page does not show the changes of the database", null],
  derivation: ["The server cannot derive the values of this page", "Its log has the cause."],
};

function notice({ kind, since, detail }, hasValues) {
  const [what, advice] = TEXTS[kind];
  return h("div", { class: "banner" },
    h("p", {}, h("strong", {}, h("span", { "aria-hidden": "true" }, "⚠ "), what),
      since && [" since ", h("time", { datetime: since }, utc(since)),
        h("span", { "aria-hidden": "true" }, " (", h("span", { "data-since": since }, age(since)), ")")], "."),
    hasValues && h("p", {}, "The values below are the last ones received."),
    (detail ?? advice) && h("p", { class: "muted" }, detail ?? advice));
}

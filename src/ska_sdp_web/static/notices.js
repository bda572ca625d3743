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
  if (isFirst) return;
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

/** Show what is away and since when; return whether the values of the page may be stale. */
export function showBanner(serverAwaySince, connection) {
  const banner = document.getElementById("banner");
  if (serverAwaySince) {
    update(banner, notice("The server of this page is away", serverAwaySince, "It connects again by itself."));
    return true;
  }
  if (connection?.state === "away") {
    update(banner, notice("The database is away", connection.since, connection.error));
    return true;
  }
  update(banner);
  return false;
}

function notice(what, since, detail) {
  return h("div", { class: "banner" },
    h("p", {}, h("strong", {}, h("span", { "aria-hidden": "true" }, "⚠ "), what),
      since && [" since ", h("time", { datetime: since }, utc(since)),
        h("span", { "aria-hidden": "true" }, " (", h("span", { "data-since": since }, age(since)), ")")], "."),
    h("p", {}, "The values below are the last ones received."),
    detail && h("p", { class: "muted" }, detail));
}

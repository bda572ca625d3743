// The page: one view at a time, its stream, the banner, and what all views share.

import { now, setServerTime, tick } from "./clock.js";
import { announce, restartAnnouncements, showBanner } from "./notices.js";
import { setCards, setStale } from "./commands.js";
import { copyLink } from "./copy.js";
import { h, update } from "./dom.js";
import { log } from "./log.js";
import { missing, object } from "./object.js";
import { overview } from "./overview.js";
import { parse, route } from "./router.js";
import { Store } from "./store.js";
import { Stream } from "./stream.js";
import { subarray } from "./subarray.js";
import { table } from "./table_view.js";
import { shareConnections } from "./tabs.js";
import { startTheme } from "./theme.js";
import { visible } from "./visible.js";

const VIEWS = { overview, subarray, table, object, log, missing };
const PAGES = [["/", "Overview"], ["/pbs", "PBs"], ["/deployments", "Deployments"], ["/flows", "Flows"], ["/log", "Log"]];

/** All rows of a table are sorted at each drawing, and some can change twenty times a second. */
const ROWS_MS = 500;

/** A timeline ends at the present time. */
const TIMELINE_MS = 5000;

const main = document.getElementById("main");
let store = new Store();
let stream = null;
let view = null;
let serverTrouble = null;
let lastMessageAt = null;
let failure = null;
let isPaused = false;
let version = null;
let isDrawn = true;
let drawnAt = -Infinity;

/** Show the view of the present address. */
function show() {
  const isFirst = stream === null;
  stream?.close();
  const address = parse(window.location.pathname);
  const { hello, connection } = store;
  store = Object.assign(new Store(), { hello, connection });
  setCards([]);
  main.replaceChildren(h("p", { class: "muted" }, "Loading…"));
  const shown = store;
  // A view that is no longer shown draws nothing.
  const refresh = () => store === shown && draw();
  view = VIEWS[address.view]({ address, main, store, refresh });
  restartAnnouncements();
  drawNavigation();
  draw();
  if (!isFirst) {
    window.scrollTo(0, 0);
    main.focus({ preventScroll: true });
  }
  connect();
}

function connect() {
  const { topics } = parse(window.location.pathname);
  stream?.close();
  stream = new Stream(topics, { onMessage, onServer });
  onStream();
}

function onMessage(kind, message) {
  // Documents may have waited in the server.
  if (kind === "hello" || kind === "alive") setServerTime(message.time);
  lastMessageAt = now();
  if (kind === "hello") reloadIfNew(message.version);
  if (!store.apply(kind, message)) return;
  if (isPaused && kind !== "hello" && kind !== "connection") isPaused = false;
  const announced = view.announced?.();
  if (announced) announce(announced);
  setTitle();
  if (isDrawn) {
    isDrawn = false;
    const wait = kind === "rows" ? drawnAt + ROWS_MS - performance.now() : 0;
    // A hidden page draws nothing, so its title is set above.
    setTimeout(() => requestAnimationFrame(draw), Math.max(0, wait));
  }
}

/** Load the scripts of another version of the server, unless a command is being written. */
function reloadIfNew(present) {
  version ??= present;
  if (version !== present && !document.querySelector("dialog")) window.location.reload();
}

function onServer(kind) {
  if (kind === (serverTrouble?.kind ?? null)) return;
  const since = serverTrouble?.since ?? new Date(lastMessageAt ?? now()).toISOString();
  serverTrouble = kind && { kind, since };
  drawBanner();
}

/** Say that the page has failed, until it can be drawn again. */
function onFailure(error) {
  console.error(error);
  failure = { kind: "failure", detail: `${error?.message ?? error}. Reload the page.` };
  drawBanner();
}

/** Leave the connection to other tabs; the values are old until the next message. */
function pause() {
  stream.close();
  isPaused = true;
  setTitle();
  drawBanner();
}

function draw() {
  isDrawn = true;
  drawnAt = performance.now();
  try {
    view.draw();
    failure = null;
  } catch (error) {
    onFailure(error);
  }
  document.getElementById("logout").hidden = !store.hello.has_login;
  setTitle();
  drawBanner();
}

function setTitle() {
  const title = visible([isPaused && "paused", view.title(), "SDP"].filter(Boolean).join(" · "));
  if (document.title !== title) document.title = title;
}

function drawBanner() {
  const isStale = showBanner(trouble(), store.documents.size > 0);
  main.classList.toggle("is-stale", isStale);
  setStale(isStale);
  if (isStale) main.setAttribute("aria-describedby", "banner");
  else main.removeAttribute("aria-describedby");
}

/** Return why the values may not be current, the most severe reason; null if they are. */
function trouble() {
  if (failure) return failure;
  if (serverTrouble) return serverTrouble;
  if (isPaused) return { kind: "paused" };
  const { state, since, error } = store.connection ?? {};
  if (state === "away") return { kind: "database", since, detail: error };
  if (state === "behind") return { kind: "behind", since, detail: error };
  return store.failed.size ? { kind: "derivation" } : null;
}

function drawNavigation() {
  const { pathname } = window.location;
  const isAt = (href) => (href === "/" ? pathname === "/" : pathname.startsWith(href));
  update(document.getElementById("nav"), h("ul", {}, PAGES.map(([href, text]) =>
    h("li", {}, h("a", { href, "aria-current": isAt(href) && "page" }, text)))));
}

const onStream = shareConnections({ pause, resume: connect });
startTheme(document.getElementById("theme"));
document.getElementById("copy").onclick = (event) => copyLink(event.currentTarget);
window.addEventListener("error", ({ error, filename }) => {
  // Without an error it is a notice; extensions of the browser have scripts of their own.
  if (error && filename.startsWith(window.location.origin)) onFailure(error);
});
setInterval(tick, 1000);
setInterval(() => view.drawTimeline?.(), TIMELINE_MS);
tick();
route(show);
show();

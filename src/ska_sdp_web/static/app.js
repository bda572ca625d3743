// The page: one view at a time, its stream, the banner, and what all views share.

import { setServerTime, tick } from "./clock.js";
import { announce, restartAnnouncements, showBanner } from "./notices.js";
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

const VIEWS = { overview, subarray, table, object, log, missing };
const PAGES = [["/", "Overview"], ["/pbs", "PBs"], ["/deployments", "Deployments"], ["/flows", "Flows"], ["/log", "Log"]];

/** A timeline ends at the present time. */
const TIMELINE_MS = 5000;

const main = document.getElementById("main");
let store = new Store();
let stream = null;
let view = null;
let serverAwaySince = null;
let isDrawn = true;

/** Show the view of the present address. */
function show() {
  const isFirst = stream === null;
  stream?.close();
  const address = parse(window.location.pathname);
  const { hello, connection } = store;
  store = Object.assign(new Store(), { hello, connection });
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
  if (message.time) setServerTime(message.time);
  if (!store.apply(kind, message)) return;
  const announced = view.announced?.();
  if (announced) announce(announced);
  setTitle();
  if (isDrawn) {
    isDrawn = false;
    // A hidden page draws nothing, so its title is set above.
    requestAnimationFrame(draw);
  }
}

function onServer(isAway) {
  if (isAway === (serverAwaySince !== null)) return;
  serverAwaySince = isAway ? new Date().toISOString() : null;
  drawBanner();
}

function draw() {
  isDrawn = true;
  view.draw();
  document.getElementById("logout").hidden = !store.hello.has_login;
  setTitle();
  drawBanner();
}

function setTitle() {
  const title = [view.title(), "SDP"].filter(Boolean).join(" · ");
  if (document.title !== title) document.title = title;
}

function drawBanner() {
  const isStale = showBanner(serverAwaySince, store.connection);
  main.classList.toggle("is-stale", isStale);
  if (isStale) main.setAttribute("aria-describedby", "banner");
  else main.removeAttribute("aria-describedby");
}

function drawNavigation() {
  const { pathname } = window.location;
  const isAt = (href) => (href === "/" ? pathname === "/" : pathname.startsWith(href));
  update(document.getElementById("nav"), h("ul", {}, PAGES.map(([href, text]) =>
    h("li", {}, h("a", { href, "aria-current": isAt(href) && "page" }, text)))));
}

const onStream = shareConnections({ pause: () => stream.close(), resume: connect });
startTheme(document.getElementById("theme"));
document.getElementById("copy").onclick = (event) => copyLink(event.currentTarget);
setInterval(tick, 1000);
setInterval(() => view.drawTimeline?.(), TIMELINE_MS);
tick();
route(show);
show();

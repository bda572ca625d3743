// Addresses of the views, and the query string that holds filters and sorting.

const PLURAL = { pbs: "pb", ebs: "eb", deployments: "deployment", flows: "flow" };

const ID_MAX = 900;
const QUERY_DELAY_MS = 300;

/** Return the view and the ID that a path names. */
export function parse(pathname) {
  const [, first = "", ...rest] = pathname.split("/");
  const id = decode(rest.join("/"));
  if (!isAddressable(id)) return { view: "missing", id: pathname, topics: ["overview"] };
  if (!first) return { view: "overview", id: "", topics: ["overview"] };
  if (first === "subarrays" && id) return { view: "subarray", id, topics: [`subarray/${id}`] };
  if (Object.hasOwn(PLURAL, first) && id) return { view: "object", id, kind: PLURAL[first], topics: [`${PLURAL[first]}/${id}`] };
  if (["pbs", "deployments", "flows"].includes(first)) return { view: "table", id: first, topics: [first] };
  if (first === "log") return { view: "log", id: "log", topics: ["log"] };
  return { view: "missing", id: pathname, topics: ["overview"] };
}

/** Return whether an object with an ID can have an address. */
export function isAddressable(id) {
  // Browsers resolve these names, and the server's topics have no slash and an end.
  return id !== "." && id !== ".." && !id.includes("/") && id.length <= ID_MAX;
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

let values = new URLSearchParams(window.location.search);
let timer = 0;
let shown = place();

/** Return a value of the query string, empty if it is not there. */
export function query(name) {
  return values.get(name) ?? "";
}

/** Set values of the query string without a new entry in the browser's history. */
export function setQuery(changes) {
  for (const [name, value] of Object.entries(changes)) {
    if (value) values.set(name, value);
    else values.delete(name);
  }
  // Browsers permit a hundred changes of the address in half a minute: not one for each key.
  clearTimeout(timer);
  timer = setTimeout(writeQuery, QUERY_DELAY_MS);
}

/** Write the values to the address at once. */
export function writeQuery() {
  clearTimeout(timer);
  const text = values.toString();
  const address = window.location.pathname + (text ? `?${text}` : "");
  if (address !== place()) window.history.replaceState(null, "", address);
  shown = place();
}

function place() {
  return window.location.pathname + window.location.search;
}

/** Call `show` for each address that links of the page or the browser's buttons lead to. */
export function route(show) {
  const arrive = () => {
    clearTimeout(timer);
    values = new URLSearchParams(window.location.search);
    shown = place();
    show();
  };
  document.addEventListener("click", (event) => {
    const target = event.target.closest?.("a[href]");
    if (!target || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const href = target.getAttribute("href");
    if (!href.startsWith("/") || href.startsWith("/static/") || href.startsWith("/login")) return;
    event.preventDefault();
    writeQuery();
    if (href !== place()) window.history.pushState(null, "", href);
    arrive();
  });
  window.addEventListener("popstate", () => {
    // A link to a part of the page, such as the one that skips the navigation, changes nothing.
    if (place() !== shown) arrive();
  });
}

// Log of changes of the database: a page of its own, and the part of a subarray's page.

import { utc } from "./clock.js";
import { h, update } from "./dom.js";
import { say } from "./notices.js";
import { scrolling } from "./parts.js";
import { query, setQuery } from "./router.js";
import { WindowedTable } from "./table.js";

const COLUMNS = [
  { key: "time", title: "Time", kind: "time" }, { key: "revision", title: "Revision", kind: "number" },
  { key: "path", title: "Path", kind: "text" }, { key: "text", title: "Change", kind: "text" },
];

/** Create the page of the log: the newest change first. */
export function log({ main, store }) {
  const filter = h("input", {
    type: "search", id: "filter", value: query("q"), placeholder: "path or text",
    oninput: (event) => {
      setQuery({ q: event.target.value });
      draw();
      say(count.textContent);
    },
  });
  const count = h("span", { class: "muted" });
  const table = new WindowedTable("Change log", COLUMNS, {});
  main.replaceChildren(h("h1", {}, "Change log"),
    h("div", { class: "bar" }, h("label", { for: "filter" }, "Filter "), filter, count), table.root);
  function draw() {
    const rows = [...(store.get("log")?.rows ?? [])].sort(([a], [b]) => Number(b) - Number(a));
    const words = query("q").toLowerCase();
    const found = rows.filter(([, row]) => `${row.path} ${row.text}`.toLowerCase().includes(words));
    update(count, words ? `${found.length} of ${rows.length} changes` : `${rows.length} changes`);
    table.show(found);
  }
  return { draw, title: () => "Change log" };
}

/** Create the table of the changes of one subarray, the newest first. */
export function changes(rows) {
  if (!rows.length) return h("p", { class: "muted" }, "No change has been received yet.");
  return scrolling("Changes of this subarray", h("table", {},
    h("thead", {}, h("tr", {}, COLUMNS.map((each) => h("th", { scope: "col" }, each.title)))),
    h("tbody", {}, [...rows].sort((a, b) => b.revision - a.revision).map((row) => h("tr", {},
      h("td", {}, row.time ? utc(row.time) : "unknown"), h("td", { class: "number" }, String(row.revision)),
      h("td", { class: "id" }, row.path), h("td", {}, row.text))))));
}

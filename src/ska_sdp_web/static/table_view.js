// View of a table of PBs, deployments or flows: filters and sorting are in the address.

import { h, update } from "./dom.js";
import { say } from "./notices.js";
import { filterRows, nextSorting, parseSorting, sortRows } from "./order.js";
import { query, setQuery } from "./router.js";
import { WindowedTable } from "./table.js";

const TITLES = { pbs: "Processing blocks", deployments: "Deployments", flows: "Flows" };

/** Create the view of the table that the address names. */
export function table({ address, main, store }) {
  const topic = address.id;
  const title = TITLES[topic];
  let rows = null;
  const change = (values) => {
    setQuery(values);
    if (rows) rows.root.scrollTop = 0;
    draw();
    say(count.textContent);
  };
  const filter = h("input", {
    type: "search", id: "filter", value: query("q"), placeholder: "any column", oninput: (event) => change({ q: event.target.value }),
  });
  const statuses = h("select", { id: "status", onchange: (event) => change({ status: event.target.value }) });
  const count = h("span", { class: "muted" });
  main.replaceChildren(h("h1", {}, title));

  function draw() {
    const data = store.get(topic);
    if (!data) return;
    rows ??= start(data.columns);
    const pairs = [...data.rows];
    const status = query("status");
    update(statuses, options(pairs, status));
    // A browser selects the options that move into the list.
    statuses.value = status;
    const found = filterRows(pairs, query("q"), status);
    const sorting = parseSorting(query("sort"));
    const kind = data.columns.find((each) => each.key === sorting?.key)?.kind;
    rows.show(sortRows(found, sorting, kind), sorting);
    update(count, found.length === pairs.length ? `${pairs.length} rows` : `${found.length} of ${pairs.length} rows`);
  }

  function start(columns) {
    const onSort = (key) => change({ sort: nextSorting(query("sort"), key) });
    const created = new WindowedTable(title, columns, { table: topic, onSort });
    main.append(h("div", { class: "bar" }, h("label", { for: "filter" }, "Filter "), filter,
      h("label", { for: "status" }, "Status "), statuses, count), created.root);
    return created;
  }

  const total = () => store.get(topic)?.rows.size ?? 0;
  return { draw, title: () => (store.get(topic) ? `${title} (${total()})` : title) };
}

function options(pairs, chosen) {
  const counts = new Map(chosen ? [[chosen, 0]] : []);
  for (const [, { status }] of pairs) if (status) counts.set(status, (counts.get(status) ?? 0) + 1);
  return [h("option", { value: "" }, "all"), [...counts].sort().map(([status, number]) =>
    h("option", { value: status }, `${status} (${number})`))];
}

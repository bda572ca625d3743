// Table that draws only the rows in sight, so that ten thousand rows scroll smoothly.

import { age, utc } from "./clock.js";
import { h, place, update } from "./dom.js";
import { badge, linkTo } from "./parts.js";

/** Height of a row in px; the style sheet has the same. */
const ROW_PX = 36;
const EXTRA_ROWS = 8;
const TABLES_BY_COLUMN = { eb: "ebs" };

/**
 * Scrolling table. `show` sets its rows.
 *
 * `table` is the name in the addresses of rows, empty for rows without one. With `onSort`, the
 * titles are buttons, and `sorting` is the column and whether it is descending.
 */
export class WindowedTable {
  constructor(label, columns, { table = "", onSort = null }) {
    this.columns = columns;
    this.table = table;
    this.onSort = onSort;
    this.rows = [];
    this.head = h("tr", { "aria-rowindex": "1" });
    this.body = h("tbody");
    this.element = h("table", { class: "rows", "aria-label": label }, h("thead", {}, this.head), this.body);
    this.root = h("div", { class: "window", tabindex: "0", role: "region", "aria-label": `${label}, scrolling` }, this.element);
    this.root.addEventListener("scroll", () => this.draw());
    new ResizeObserver(() => this.draw()).observe(this.root);
  }

  /**
   * Show rows, as pairs of key and row, in their order.
   *
   * If the table is scrolled, the row with the focus or under the pointer, or the first in sight,
   * stays where it is. At its start what comes first, such as a failure, is always in sight.
   */
  show(rows, sorting = null) {
    const scrolled = this.root.scrollTop && this.root.scrollTop + this.shift(rows);
    this.rows = rows;
    this.element.setAttribute("aria-rowcount", String(rows.length + 1));
    update(this.head, this.columns.map((column) => this.title(column, sorting)));
    this.draw(scrolled);
    this.root.scrollTop = scrolled;
  }

  /** Return by how many px the row in use moves; zero if it goes or moves out of sight. */
  shift(rows) {
    const used = this.body.querySelector("tr:focus-within") ?? this.body.querySelector("tr:hover");
    const before = used ? used.ariaRowIndex - 2 : Math.floor(this.root.scrollTop / ROW_PX);
    const key = this.rows[before]?.[0];
    const after = rows.findIndex(([each]) => each === key);
    const moved = (after - before) * ROW_PX;
    return after < 0 || Math.abs(moved) > this.root.clientHeight ? 0 : moved;
  }

  title(column, sorting) {
    const title = column.kind === "time" ? `${column.title} (UTC)` : column.title;
    const isSorted = sorting?.key === column.key;
    const order = isSorted ? (sorting.isDescending ? "descending" : "ascending") : null;
    const arrow = { ascending: " ▲", descending: " ▼" }[order] ?? "";
    return h("th", { scope: "col", class: `kind-${column.kind}`, "aria-sort": order },
      this.onSort ? h("button", { type: "button", onclick: () => this.onSort(column.key) }, title,
        h("span", { "aria-hidden": "true" }, arrow)) : title);
  }

  draw(scrolled = this.root.scrollTop) {
    const count = Math.ceil(window.innerHeight / ROW_PX) + 2 * EXTRA_ROWS;
    const wanted = Math.floor(scrolled / ROW_PX) - EXTRA_ROWS;
    // After a filter there may be fewer rows than the table is scrolled by.
    const first = Math.max(0, Math.min(wanted, this.rows.length - count));
    const shown = this.rows.slice(first, first + count);
    const below = Math.max(0, this.rows.length - first - shown.length);
    const hadFocus = this.body.contains(document.activeElement);
    update(this.body, this.space("above", first),
      shown.map(([key, row], index) => this.row(key, row, first + index)), this.space("below", below));
    // Its row is no longer drawn: Tab continues from the table.
    if (hadFocus && !this.body.contains(document.activeElement)) this.root.focus({ preventScroll: true });
  }

  space(where, count) {
    return h("tr", { "data-key": where, class: "space", "aria-hidden": "true" },
      place(h("td", { colspan: this.columns.length }), { height: `${count * ROW_PX}px` }));
  }

  row(key, row, index) {
    return h("tr", { "data-key": `row ${key}`, "aria-rowindex": index + 2, class: row.class === "bad" && "is-bad-row" },
      this.columns.map((column, number) => h("td", { class: `kind-${column.kind}` },
        this.cell(key, row, column, number === 0))));
  }

  cell(key, row, column, isFirst) {
    const value = row[column.key];
    if (isFirst && this.table) return linkTo(this.table, key);
    if (value === null || value === undefined || value === "") return null;
    if (column.kind === "status") return badge(String(value), row.class);
    if (column.kind === "time") return [h("time", { datetime: value }, utc(value).replace(" UTC", "")), " ", h("span", { class: "muted", "data-since": value }, age(value))];
    if (column.key in TABLES_BY_COLUMN) return linkTo(TABLES_BY_COLUMN[column.key], value);
    return h("span", { title: String(value) }, String(value));
  }
}

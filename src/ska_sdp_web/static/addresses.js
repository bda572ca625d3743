// Receive addresses by scan type and beam, and the search for the address of a channel.

import { h } from "./dom.js";
import { facts, scrolling } from "./parts.js";
import { query, setQuery } from "./router.js";

/** Number of entries of a channel map that are listed; the search finds all. */
const LISTED_MAX = 100;

/**
 * Return host and port of a channel, null if no entry covers it.
 *
 * An entry of `hosts` is `[first channel, host]`, one of `ports` `[first channel, port, increment]`;
 * each covers the channels up to the next entry.
 */
export function addressOfChannel({ hosts, ports }, channel) {
  const host = entryOf(hosts, channel);
  const port = entryOf(ports, channel);
  if (!host || !port) return null;
  const [first, base, increment = 0] = port;
  return { host: String(host[1]), port: base + (channel - first) * increment };
}

function entryOf(entries, channel) {
  return entries.reduce((best, each) => (each[0] <= channel && (!best || each[0] >= best[0]) ? each : best), null);
}

/** Create the addresses with their search; `redraw` is called when the user searches. */
export function addresses(entries, redraw) {
  if (!entries.length) return h("p", { class: "muted" }, "There are no receive addresses.");
  const text = query("channel");
  return [
    h("div", { class: "bar" }, h("label", { for: "channel" }, "Channel "),
      h("input", {
        id: "channel", type: "number", min: "0", step: "1", inputmode: "numeric", value: text, placeholder: "such as 4321",
        oninput: (event) => { setQuery({ channel: event.target.value }); redraw(); },
      })),
    h("div", { role: "status" }, /^\d+$/.test(text) && found(entries, Number(text))),
    scrolling("Table of receive addresses", all(entries)),
  ];
}

function found(entries, channel) {
  const groups = new Map();
  for (const each of entries) {
    const address = addressOfChannel(each, channel);
    const text = address ? `${address.host}:${address.port}` : "";
    groups.set(text, [...(groups.get(text) ?? []), `${each.scan_type} ${each.beam}`.trim()]);
  }
  // Last those without an address.
  const sorted = [...groups].sort(([a], [b]) => Number(!a) - Number(!b));
  return h("ul", { class: "objects found" }, sorted.map(([text, names]) => h("li", {}, `Channel ${channel} → `,
    text ? h("strong", { class: "id" }, text) : "no address", h("span", { class: "muted" }, ` ${names.join(", ")}`))));
}

function all(entries) {
  return h("table", {},
    h("thead", {}, h("tr", {}, ["Scan type", "Beam", "Function", "Hosts from channel", "Ports from channel", "Other"]
      .map((each) => h("th", { scope: "col" }, each)))),
    h("tbody", {}, entries.map((each) => h("tr", { "data-key": `${each.scan_type} ${each.beam}` },
      h("td", {}, each.scan_type), h("td", {}, each.beam), h("td", {}, each.function ?? ""),
      h("td", {}, lines(each.hosts, ([first, host]) => `${first}: ${host}`)),
      h("td", {}, lines(each.ports, ([first, port, increment]) => `${first}: ${port}${increment ? `, +${increment} a channel` : ""}`)),
      h("td", {}, Object.keys(each.other ?? {}).length > 0
        && facts(Object.entries(each.other).map(([name, value]) => [name, JSON.stringify(value)])))))));
}

function lines(entries, text) {
  const more = entries.length - LISTED_MAX;
  return [
    h("ul", { class: "lines" }, entries.slice(0, LISTED_MAX).map((each) => h("li", { class: "id" }, text(each)))),
    more > 0 && h("p", { class: "muted" }, `and ${more} more: enter a channel`),
  ];
}

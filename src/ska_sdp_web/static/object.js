// View of one PB, EB, deployment or flow; and what replaces a view of nothing.

import { h, update } from "./dom.js";
import { nameOf } from "./format.js";
import { badge, code, facts, faultList, link, linkTo, section, since } from "./parts.js";

const NAMES = { pb: "PB", eb: "EB", deployment: "Deployment", flow: "Flow" };
const IN_THE_TITLE = ["id", "class", "status"];

/** Create the view of the object that the address names. */
export function object({ address, main, store }) {
  const topic = address.topics[0];
  const name = `${NAMES[address.kind]} ${address.id}`;
  const status = () => store.get(topic)?.row?.status;
  return {
    draw: () => {
      const data = store.get(topic);
      if (store.gone.has(topic)) update(main, goneNotice(name, data !== null));
      else if (data) update(main, page(name, data));
    },
    title: () => [store.gone.has(topic) ? "gone" : status(), name].filter(Boolean).join(" · "),
    announced: () => status() && `${name} is ${status()}`,
  };
}

/** Create the view of an address that the page does not have. */
export function missing({ address, main }) {
  return {
    draw: () => update(main, h("h1", {}, "There is no such page"),
      h("p", {}, h("code", {}, address.id)), h("p", {}, link("/", "Overview"))),
    title: () => "no such page",
  };
}

/** Create the text in place of an object that does not exist, or was deleted while it was shown. */
export function goneNotice(name, hasBeenThere) {
  return [h("h1", {}, name), h("p", { class: "notice" }, badge(hasBeenThere ? "deleted" : "unknown", "ended"),
    hasBeenThere ? " It was deleted from the database." : " The database has no such entry. If it is created, this page shows it.")];
}

function page(name, { row, texts, links, faults }) {
  return [
    h("h1", {}, name, " ", row.status && badge(row.status, row.class, "large")),
    faults.length > 0 && section("What is wrong", { class: "panel wrong is-wrong" }, faultList(faults)),
    section("Summary", { class: "panel" }, facts(
      Object.entries(row).filter(([key, value]) => !IN_THE_TITLE.includes(key) && value !== null && value !== "")
        .map(([key, value]) => [nameOf(key), key === "eb" ? linkTo("ebs", value) : shown(key, value)])),
    links.length > 0 && h("ul", { class: "links" }, links.map((each) => h("li", { "data-key": each.href }, link(each.href, each.text))))),
    section("Values in the database", { class: "panel" }, Object.entries(texts).map(([path, value]) =>
      h("div", { "data-key": path }, h("h3", { class: "id" }, path), code(value, path)))),
  ];
}

function shown(key, value) {
  return key === "since" ? since(value) : String(value);
}

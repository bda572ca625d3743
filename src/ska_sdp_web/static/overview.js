// View of the whole system: what is wrong first.

import { card, lastCommand } from "./card.js";
import { setCards } from "./commands.js";
import { diagram, loadDiagrams } from "./diagram.js";
import { h, update } from "./dom.js";
import { badge, facts, faultList, link, linkTo, section, since } from "./parts.js";

/** Create the view. */
export function overview({ main, store, refresh }) {
  const draw = () => {
    const data = store.get("overview");
    if (!data) return;
    update(main, page(data, store.hello));
    setCards(data.subarrays);
  };
  loadDiagrams(refresh);
  return {
    draw,
    title: () => headline(store.get("overview")),
    announced: () => announcement(store.get("overview")),
  };
}

/** Return all that is wrong, as the device, a link to it, and its faults. */
export function wrongs({ controller, components, subarrays }) {
  const found = subarrays.filter((each) => each.faults.length).map((each) => ({
    device: `Subarray ${each.id}`, href: `/subarrays/${encodeURIComponent(each.id)}`, faults: each.faults,
  }));
  if (controller.faults.length) found.push({ device: "Controller", href: null, faults: controller.faults });
  const texts = new Set(found.flatMap((each) => each.faults.map((fault) => fault.text)));
  const missing = components.filter((each) => each.is_expected && !each.is_online)
    .map((each) => ({ text: `Component ${each.name} is OFFLINE`, since: null, way_out: null }))
    .filter((fault) => !texts.has(fault.text));
  if (missing.length) found.push({ device: "Components", href: null, faults: missing });
  return found;
}

function count(found) {
  return found.reduce((sum, each) => sum + each.faults.length, 0);
}

function headline(data) {
  if (!data) return "Overview";
  const number = count(wrongs(data));
  return number ? `✖ ${number} ${number === 1 ? "fault" : "faults"} · Overview` : "Overview";
}

function announcement(data) {
  if (!data) return "";
  const states = data.subarrays.map((each) => `subarray ${each.id} ${each.obs_state}`);
  const number = count(wrongs(data));
  return `${states.join(", ")}; ${number === 0 ? "no faults" : number === 1 ? "1 fault" : `${number} faults`}`;
}

function page(data, hello) {
  const { controller, components, database, subarrays, pbs, deployments, commands } = data;
  return [
    h("h1", {}, "Overview"),
    wrong(wrongs(data)),
    section("Subarrays", { class: "subarrays" }, subarrays.length
      ? h("div", { class: "cards" }, subarrays.map((each) => card(each, hello, diagram(each.obs_state))))
      : h("p", { class: "muted" }, "There are no subarrays in the database.")),
    h("div", { class: "columns" },
      counts("Processing blocks", "pbs", pbs), counts("Deployments", "deployments", deployments),
      section("System", { class: "panel" }, system(controller, components, database, hello)),
      section("Last commands", { class: "panel" }, lastCommands(commands))),
  ];
}

function wrong(found) {
  const isFine = found.length === 0;
  return section(isFine ? "No faults" : "What is wrong", { class: `panel wrong ${isFine ? "is-fine" : "is-wrong"}` },
    isFine ? h("p", {}, badge("healthy", "ok"), " Neither the controller nor a subarray reports a fault.")
      : found.map(({ device, href, faults }) =>
        h("div", { class: "device-faults", "data-key": device },
          faultList(faults, href ? link(href, device) : h("strong", {}, device)))));
}

function system(controller, components, database, hello) {
  return [
    facts([
      ["Controller", [badge(controller.state), " ", badge(controller.health), " ",
        controller.is_online ? badge("online", "ok") : badge("offline", "bad")]],
      ["Last command", controller.last_command && lastCommand(controller.last_command)],
      ["Database", h("span", { class: "id" }, database.address)],
      ["Prefix", hello.prefix || null],
      ["Version", hello.version || null],
    ]),
    h("h3", {}, "Components"),
    h("ul", { class: "chips" }, components.map((each) => h("li", { "data-key": each.name },
      badge(`${each.name} ${each.is_online ? "online" : "offline"}`,
        each.is_online ? "ok" : each.is_expected ? "bad" : "ended")))),
  ];
}

function counts(title, table, { counts: byStatus, classes, waiting = [], failed = [], waiting_total: waitingTotal, failed_total: failedTotal }) {
  const statuses = Object.entries(byStatus);
  return section(title, { class: "panel" },
    statuses.length === 0 && h("p", { class: "muted" }, "none"),
    h("ul", { class: "chips" }, statuses.map(([status, number]) => h("li", { "data-key": status },
      link(`/${table}?status=${encodeURIComponent(status)}`, badge(`${status} ${number}`, classes[status]))))),
    oldest("Failed", table, failed, failedTotal), oldest("Waiting longest", table, waiting, waitingTotal));
}

function oldest(title, table, rows, total) {
  if (!rows.length) return null;
  return [
    h("h3", {}, title),
    h("ul", { class: "objects" }, rows.map((row) => h("li", { "data-key": row.id }, linkTo(table, row.id), " ",
      row.reason && h("span", { class: row.class === "bad" ? "reason" : "muted" }, row.reason), " ",
      h("span", { class: "muted" }, since(row.since))))),
    total > rows.length && h("p", { class: "muted" }, `and ${total - rows.length} more`),
  ];
}

function lastCommands(commands) {
  if (!commands.length) return h("p", { class: "muted" }, "none");
  return h("ul", { class: "objects" }, commands.map((each) => h("li", { "data-key": each.device },
    h("strong", {}, each.device), " ", lastCommand(each))));
}


// Facts of a subarray, for its card on the overview and for its own page.

import { commands } from "./commands.js";
import { h } from "./dom.js";
import { badge, facts, faultList, link, linkTo, since } from "./parts.js";

/** Create the card of a subarray on the overview. */
export function card(data, hello, diagram) {
  const { id, obs_state: obsState } = data;
  const title = `subarray-${id}`;
  return h("article", { class: `card is-${obsState === "FAULT" ? "bad" : "plain"}`, "aria-labelledby": title, "data-key": title },
    h("header", {}, h("h3", { id: title }, link(`/subarrays/${encodeURIComponent(id)}`, `Subarray ${id}`)),
      badge(obsState, undefined, "large")),
    data.faults.length > 0 && faultList(data.faults),
    h("div", { class: "card-body" }, diagram,
      h("div", { class: "card-facts" }, subarrayFacts(data), commands(data, hello))));
}

/** Create the list of facts of a subarray. */
export function subarrayFacts(data) {
  const { last_command: last } = data;
  return facts([
    ["Since", since(data.since)],
    ["State", badge(data.state)],
    ["Health", badge(data.health)],
    ["Device", data.is_online ? badge("online", "ok") : badge("offline", "bad")],
    ["Scan", scan(data)],
    ["EB", linkTo("ebs", data.eb_id)],
    ["PBs", data.pbs_total ? `${data.pbs_done} of ${data.pbs_total} done` : h("span", { class: "muted" }, "none")],
    ["Last command", last && lastCommand(last)],
  ]);
}

function scan({ scan_id: scanId, scan_type: scanType }) {
  if (scanId) return `${scanId}${scanType ? `, type ${scanType}` : ""}`;
  return h("span", { class: "muted" }, scanType ? `none, type ${scanType}` : "none");
}

/** Create the description of a command. */
export function lastCommand(command) {
  return [`${command.name}, `, since(command.time),
    command.transaction_id && h("span", { class: "muted id" }, ` ${command.transaction_id}`),
    command.result && h("span", { class: "muted" }, ` ${command.result}`)];
}

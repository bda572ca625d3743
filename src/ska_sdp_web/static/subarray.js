// View of one subarray.

import { addresses } from "./addresses.js";
import { commands, setCards } from "./commands.js";
import { subarrayFacts } from "./card.js";
import { diagram, loadDiagrams } from "./diagram.js";
import { h, update } from "./dom.js";
import { graph } from "./graph.js";
import { changes } from "./log.js";
import { goneNotice } from "./object.js";
import { badge, code, faultList, linkTo, section } from "./parts.js";
import { timeline } from "./timeline.js";

const TIMELINE = "timeline";

/** Create the view of the subarray that the address names. */
export function subarray({ address, main, store, refresh }) {
  const topic = address.topics[0];
  const card = () => store.get(topic)?.card;
  const draw = () => {
    const data = store.get(topic);
    const isGone = store.gone.has(topic);
    if (isGone) update(main, goneNotice(`Subarray ${address.id}`, data !== null));
    else if (data) update(main, page(data, store.hello, { draw, drawTimeline }));
    setCards(data && !isGone ? [data.card] : []);
  };
  const drawTimeline = () => {
    const live = document.getElementById(TIMELINE);
    if (live) update(live, timeline(store.get(topic).timeline, drawTimeline));
  };
  loadDiagrams(refresh);
  return {
    draw,
    drawTimeline,
    title: () => [card()?.obs_state, `Subarray ${address.id}`].filter(Boolean).join(" · "),
    announced: () => (card() ? announcement(card()) : ""),
  };
}

function announcement({ id, obs_state: obsState, faults }) {
  return [`Subarray ${id} is ${obsState}`, ...faults.map((each) => each.text)].join("; ");
}

function page(data, hello, { draw, drawTimeline }) {
  const { card, resources, errors, eb } = data;
  return [
    h("h1", {}, `Subarray ${card.id} `, badge(card.obs_state, undefined, "large")),
    card.faults.length > 0 && section("What is wrong", { class: "panel wrong is-wrong" }, faultList(card.faults)),
    h("div", { class: "columns uneven" },
      section("State", { class: "panel" }, diagram(card.obs_state), subarrayFacts(card), commands(card, hello)),
      h("div", { class: "beside" },
        section("Timeline", { class: "panel" }, h("div", { id: TIMELINE }, timeline(data.timeline, drawTimeline))),
        section("Receive addresses", { class: "panel" }, addresses(data.receive_addresses, draw)))),
    section("Blocks and deployments", { class: "panel" }, graph(data.graph)),
    h("div", { class: "columns narrow" },
      Object.keys(errors ?? {}).length > 0 && section("Errors", { class: "panel" }, json(errors, "Errors in JSON")),
      section("Resources", { class: "panel" }, isEmpty(resources) ? nothing("none") : json(resources, "Resources in JSON")),
      section("Execution block", { class: "panel" }, card.eb_id && h("p", {}, linkTo("ebs", card.eb_id)),
        isEmpty(eb) ? nothing("none") : json(eb, "Execution block in JSON"))),
    section("Change log", { class: "panel" }, changes(data.log)),
  ];
}

function isEmpty(value) {
  return !value || Object.keys(value).length === 0;
}

function nothing(text) {
  return h("p", { class: "muted" }, text);
}

function json(value, label) {
  return code(typeof value === "string" ? value : JSON.stringify(value, null, 2), label);
}

// Buttons for the commands that the state allows, and the dialog that asks before one is sent.

import { h, update } from "./dom.js";
import { post } from "./post.js";

/** Cards that the page shows now, by subarray. */
let cards = new Map();
let isStale = false;

/** Dialogs that are shown, as the functions that describe the state of their subarray. */
const shown = new Set();

/** Commands that were sent and have no answer yet, as dialogs by subarray and command. */
const running = new Map();

/** Number of dialogs made, which makes the ids of the elements of each one unique. */
let made = 0;

/** Create the buttons of a subarray, or the names alone if the page may not send commands. */
export function commands(card, hello) {
  if (!card.allowed?.length) return null;
  if (!hello.commands_allowed) {
    return h("p", { class: "muted" }, "Allowed: ", card.allowed.map((each) => each.command).join(", "));
  }
  return h("div", { class: "commands", role: "group", "aria-label": `Commands of subarray ${card.id}` },
    card.allowed.map((each) => h("button", {
      type: "button", "data-key": each.command, class: helpful(card).has(each.command) && "primary",
      onclick: () => ask(card, { ...each, example: each.example ?? hello.examples?.[each.command] }),
    }, each.command)));
}

/** Set the cards that the page shows now, and show their states in the open dialogs. */
export function setCards(present) {
  cards = new Map(present.map((each) => [each.id, each]));
  describeStates();
}

/** Return the names of the commands that end a fault. */
function helpful({ faults }) {
  return new Set(faults.flatMap((each) => each.commands));
}

/** Say in the open dialogs whether the values of the page may be old. */
export function setStale(value) {
  isStale = value;
  describeStates();
}

function describeStates() {
  for (const describe of shown) describe();
}

/** Return the state of a subarray as it is now, for the dialog of a command. */
function stateText(subarrayId, command) {
  const card = cards.get(subarrayId);
  if (!card) return "The page does not show its obsState now.";
  const isAllowed = card.allowed.some((each) => each.command === command);
  return [`Its obsState is ${card.obs_state}${isAllowed ? "." : `, in which ${command} is not allowed.`}`,
    isStale && h("strong", {}, " The page has no current values: the obsState may be another one.")];
}

function ask({ id }, { command, argument, example }) {
  const key = `${id} ${command}`;
  // A second dialog could send the command twice.
  if (running.has(key)) {
    running.get(key)();
    return;
  }
  made += 1;
  const [titleId, argumentId] = [`dialog-title-${made}`, `dialog-argument-${made}`];
  const state = h("p", { role: "status" });
  const answer = h("div", { class: "answer", role: "status" });
  const field = argument && h("textarea", { id: argumentId, rows: "12", spellcheck: "false", autocomplete: "off" }, example ?? "");
  const send = h("button", { type: "submit", class: "primary" }, `Send ${command}`);
  const close = h("button", { type: "button", onclick: () => dialog.close() }, "Cancel");
  const form = h("form", {
    onsubmit: async (event) => {
      event.preventDefault();
      if (send.disabled) return;
      send.disabled = true;
      close.textContent = "Close";
      answer.className = "answer";
      answer.textContent = "Sending. The answer is shown here when it comes, also if you close this.";
      running.set(key, show);
      const { isDone, isUnknown, text } = await post(id, command, field ? field.value : null);
      running.delete(key);
      answer.className = `answer is-${isDone ? "ok" : isUnknown ? "waiting" : "bad"}`;
      answer.textContent = text;
      send.disabled = false;
      send.hidden = isDone;
      send.textContent = isUnknown ? `Send ${command} once more` : `Send ${command}`;
      if (!dialog.open) show();
      close.focus();
    },
  },
  h("h2", { id: titleId }, `Send ${command} to subarray ${id}?`), state,
  field && h("label", { for: argumentId }, "Argument, JSON"), field,
  answer,
  h("div", { class: "dialog-buttons" }, close, send));
  const dialog = h("dialog", { "aria-labelledby": titleId, class: "command" }, form);
  dialog.addEventListener("close", () => {
    dialog.remove();
    shown.delete(describe);
  });
  function describe() {
    update(state, stateText(id, command));
  }
  function show() {
    shown.add(describe);
    describe();
    document.body.append(dialog);
    dialog.showModal();
  }
  show();
}

// Buttons for the commands that the state allows, and the dialog that asks before one is sent.

import { h } from "./dom.js";

/** Create the buttons of a subarray, or the names alone if the page may not send commands. */
export function commands(card, hello) {
  if (!card.allowed?.length) return null;
  if (!hello.commands_allowed) {
    return h("p", { class: "muted" }, "Allowed: ", card.allowed.map((each) => each.command).join(", "));
  }
  return h("div", { class: "commands", role: "group", "aria-label": `Commands of subarray ${card.id}` },
    card.allowed.map((each) => h("button", {
      type: "button", "data-key": each.command, onclick: () => ask(card, each),
    }, each.command)));
}

function ask(card, { command, argument, example }) {
  const answer = h("div", { class: "answer", role: "status" });
  const field = argument && h("textarea", { id: "argument", rows: "12", spellcheck: "false", autocomplete: "off" }, example ?? "");
  const send = h("button", { type: "submit", class: "primary" }, `Send ${command}`);
  const close = h("button", { type: "button", onclick: () => dialog.close() }, "Cancel");
  const form = h("form", {
    onsubmit: async (event) => {
      event.preventDefault();
      if (send.disabled) return;
      send.disabled = true;
      answer.className = "answer";
      answer.textContent = "Sending…";
      const { isDone, text } = await post(card.id, command, field ? field.value : null);
      answer.className = `answer ${isDone ? "is-ok" : "is-bad"}`;
      answer.textContent = text;
      close.textContent = "Close";
      close.focus();
      send.hidden = isDone;
      send.disabled = false;
    },
  },
  h("h2", { id: "dialog-title" }, `Send ${command} to subarray ${card.id}?`),
  h("p", {}, `Its obsState is ${card.obs_state}.`),
  field && h("label", { for: "argument" }, "Argument, JSON"), field,
  answer,
  h("div", { class: "dialog-buttons" }, close, send));
  const dialog = h("dialog", { "aria-labelledby": "dialog-title", class: "command" }, form);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** Send a command; return the device's answer, or why there is none. */
async function post(subarrayId, command, argument) {
  try {
    const response = await fetch(`/subarrays/${encodeURIComponent(subarrayId)}/commands`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ command, argument }),
    });
    if (response.status === 401) return { isDone: false, text: "Not sent: log in again (reload the page)." };
    const reply = await response.json();
    if (response.ok) return { isDone: true, text: `${command} was accepted. ${reply.result ?? ""}`.trim() };
    return { isDone: false, text: reply.error ?? `Rejected with HTTP status ${response.status}` };
  } catch (error) {
    return { isDone: false, text: `No answer, so it is unknown whether ${command} was carried out: ${error.message}` };
  }
}

// Copy of the present address, with filters and sorting.

import { writeQuery } from "./router.js";

const CONFIRMATION_MS = 2000;

/** Copy the address of the page, and confirm it on the button. */
export async function copyLink(button) {
  writeQuery();
  const { origin, pathname, search } = window.location;
  const isCopied = await copy(origin + pathname + search);
  const text = button.textContent;
  if (text !== "Copy link") return;
  button.textContent = isCopied ? "Copied" : "Copy it from the address bar";
  document.getElementById("announcer").textContent = isCopied ? "Link copied" : "The browser permits no copying";
  setTimeout(() => (button.textContent = text), CONFIRMATION_MS);
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

/** Copy without the clipboard's interface, which browsers offer over HTTPS only. */
function copyBySelection(text) {
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "hidden";
  document.body.append(field);
  const focused = document.activeElement;
  field.select();
  const isCopied = document.execCommand("copy");
  field.remove();
  focused?.focus();
  return isCopied;
}

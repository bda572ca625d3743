// Elements built from data. Strings become text nodes, so markup in them shows as text.

import { visible } from "./visible.js";

const SVG = "http://www.w3.org/2000/svg";
const SHOWN = ["title", "aria-label"];
const HANDLERS = ["onclick", "oninput", "onchange", "onsubmit"];

/** Create an HTML element with attributes, handlers (`on…`) and children. */
export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** Create an SVG element with attributes and children. */
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element[name] = value;
    else element.setAttribute(name, value === true ? "" : SHOWN.includes(name) ? visible(String(value)) : String(value));
  }
  element.append(...flat(children));
  return element;
}

/** Yield the children of nested lists without null, undefined and false. */
function flat(children) {
  return children.flat(Infinity).filter((each) => each !== null && each !== undefined && each !== false)
    .map((each) => (typeof each === "string" ? visible(each) : each));
}

/** Set CSS properties; attributes of this kind are forbidden by the security policy. */
export function place(element, properties) {
  for (const [name, value] of Object.entries(properties)) element.style.setProperty(name, value);
  return element;
}

/** Change the children of a live element to the given ones; equal elements keep focus and scroll. */
export function update(live, ...children) {
  const fresh = document.createElement(live.nodeName);
  fresh.append(...flat(children));
  const focused = live.contains(document.activeElement) ? document.activeElement : null;
  morphChildren(live, fresh);
  // An element that is moved loses the focus.
  if (focused !== document.activeElement && live.contains(focused)) focused.focus({ preventScroll: true });
}

function morphChildren(live, fresh) {
  const keyed = new Map();
  const kept = new Set(Array.from(fresh.children, (child) => child.dataset.key));
  for (const child of [...live.children]) {
    const { key } = child.dataset;
    if (!key) continue;
    // If it stayed, those after it would have to be moved.
    if (kept.has(key)) keyed.set(key, child);
    else child.remove();
  }
  let next = live.firstChild;
  for (const child of [...fresh.childNodes]) {
    const key = child.dataset?.key;
    const match = key ? keyed.get(key) : next;
    // Another element with this key is inserted.
    keyed.delete(key);
    if (match && isSame(match, child)) {
      if (match === next) next = next.nextSibling;
      else live.insertBefore(match, next);
      morph(match, child);
    } else {
      live.insertBefore(child, next);
    }
  }
  while (next) {
    const after = next.nextSibling;
    next.remove();
    next = after;
  }
}

function isSame(live, fresh) {
  return live.nodeName === fresh.nodeName && live.dataset?.key === fresh.dataset?.key;
}

function morph(live, fresh) {
  if (live.nodeType === Node.TEXT_NODE) {
    if (live.data !== fresh.data) live.data = fresh.data;
    return;
  }
  for (const { name } of [...live.attributes]) {
    // What the user has opened stays open.
    if (!fresh.hasAttribute(name) && name !== "open") live.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (name !== "style" && live.getAttribute(name) !== value) live.setAttribute(name, value);
  }
  if (live.style && live.style.cssText !== fresh.style.cssText) live.style.cssText = fresh.style.cssText;
  for (const handler of HANDLERS) if (live[handler] !== fresh[handler]) live[handler] = fresh[handler];
  morphChildren(live, fresh);
}

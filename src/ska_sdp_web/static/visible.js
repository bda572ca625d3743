// Control characters in texts of the database, made visible.

/** Control characters but tab and newline, and those that change the direction of text. */
const INVISIBLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Return a text with its control characters as escapes, such as `\\u202e`. */
export function visible(text) {
  return text.replace(INVISIBLE, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

// Text of values of the database.

/**
 * Indent JSON text; return other text as it is.
 *
 * Works on the text, as a round trip through the browser's numbers changes large integers.
 */
export function indentJson(text) {
  try {
    JSON.parse(text);
  } catch {
    return text;
  }
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g) ?? [];
  let out = "", depth = 0;
  tokens.forEach((token, index) => {
    const next = tokens[index + 1];
    if (token === "{" || token === "[") {
      const isEmpty = next === "}" || next === "]";
      out += token;
      if (!isEmpty) out += newline(++depth);
    } else if (token === "}" || token === "]") {
      const before = tokens[index - 1];
      if (before !== "{" && before !== "[") out += newline(--depth);
      out += token;
    } else if (token === ",") out += token + newline(depth);
    else if (token === ":") out += ": ";
    else out += token;
  });
  return out;
}

function newline(depth) {
  return "\n" + "  ".repeat(depth);
}

/** Return the name of a field for people, such as `last updated`. */
export function nameOf(key) {
  const text = key.replaceAll("_", " ").replace(/\b(id|eb|pb)\b/g, (word) => word.toUpperCase());
  return text.charAt(0).toUpperCase() + text.slice(1);
}

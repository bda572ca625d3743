// Text of values of the database.

/** Return the name of a field for people, such as `Last updated`. */
export function nameOf(key) {
  const text = key.replaceAll("_", " ").replace(/\b(id|eb|pb)\b/g, (word) => word.toUpperCase());
  return text.charAt(0).toUpperCase() + text.slice(1);
}

// Request that sends a command, and what its answer means.

const LOGIN = "Not sent: the login has ended. Reload the page to log in again.";

/** The server waits 30 s for the device. */
const ANSWER_MAX_MS = 45000;

/**
 * Send a command to a subarray.
 *
 * Return the text to show, `isDone` if the device has accepted it, and `isUnknown` if it may or
 * may not have been executed.
 */
export async function post(subarrayId, command, argument) {
  const unknown = (why) => ({
    isDone: false,
    isUnknown: true,
    text: `${why}\nIt is unknown whether ${command} was executed: look at the state before you send it once more.`,
  });
  try {
    const response = await fetch(`/subarrays/${encodeURIComponent(subarrayId)}/commands`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ command, argument }),
      // A proxy redirects to its login page, which would count as an answer.
      redirect: "error",
      signal: AbortSignal.timeout(ANSWER_MAX_MS),
    });
    if (response.status === 401) return { isDone: false, isUnknown: false, text: LOGIN };
    const { result, error, isSentence } = read(await response.text());
    if (response.ok) {
      // The server always sends a result: without one, a proxy has answered.
      if (result === undefined) return unknown(error ?? `HTTP status ${response.status}.`);
      return { isDone: true, isUnknown: false, text: `${command} was accepted. ${result}`.trim() };
    }
    // The server answers with 503 before it sends anything, a proxy perhaps after it has passed the request on.
    if (response.status >= 500 && !(response.status === 503 && isSentence)) {
      return isSentence ? { isDone: false, isUnknown: true, text: error } : unknown(error ?? `HTTP status ${response.status}.`);
    }
    return { isDone: false, isUnknown: false, text: error ?? `Rejected with HTTP status ${response.status}.` };
  } catch (error) {
    return unknown(`No answer: ${error.message}.`);
  }
}

/** Read the JSON of the server, whose errors are sentences; other text, such as that of a proxy, is an error. */
function read(text) {
  try {
    const { result, error } = JSON.parse(text);
    return { result, error, isSentence: Boolean(error) };
  } catch {
    return { error: text.trim().slice(0, 300) || undefined };
  }
}

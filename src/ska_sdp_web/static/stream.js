// Stream of server-sent events with its own reconnection and a watchdog.

const KINDS = ["hello", "connection", "whole", "rows", "gone", "failed", "alive"];
const SILENCE_MAX_MS = 12000;

/** EventSource delivers a message only when it is complete: a table of 10,000 rows takes long on a slow connection. */
const FIRST_DOCUMENT_MAX_MS = 120000;
const RETRY_MS = [250, 500, 1000, 2000, 3000];

/**
 * Subscribe to topics until `close` is called.
 *
 * `onMessage(kind, data)` gets each message. `onServer(trouble)` is called with `away`, with
 * `rejects` if the server answers but sends no messages, and with null once it sends some. The
 * browser's own reconnection gives up at some errors, so each connection is a new EventSource.
 */
export class Stream {
  constructor(topics, { onMessage, onServer }) {
    const query = topics.map((topic) => `topic=${encodeURIComponent(topic)}`).join("&");
    this.address = `/events?${query}`;
    this.topics = topics;
    this.onMessage = onMessage;
    this.onServer = onServer;
    this.failures = 0;
    this.trouble = "away";
    this.connect();
  }

  connect() {
    const source = (this.source = new EventSource(this.address));
    let missing = this.topics.length;
    this.expectMessage(SILENCE_MAX_MS);
    for (const kind of KINDS) {
      source.addEventListener(kind, (event) => {
        if (source !== this.source) return;
        if (kind === "hello") this.failures = 0;
        this.trouble = "away";
        if (["whole", "gone", "failed"].includes(kind)) missing -= 1;
        this.expectMessage(missing > 0 ? FIRST_DOCUMENT_MAX_MS : SILENCE_MAX_MS);
        this.onServer(null);
        this.onMessage(kind, JSON.parse(event.data || "{}"));
      });
    }
    source.onerror = () => source === this.source && this.retry();
  }

  expectMessage(within) {
    clearTimeout(this.watchdog);
    this.watchdog = setTimeout(() => this.retry(), within);
  }

  retry() {
    this.disconnect();
    this.onServer(this.trouble);
    // Not all viewers come back at the same moment.
    const wait = RETRY_MS[Math.min(this.failures++, RETRY_MS.length - 1)] * (0.75 + Math.random() / 2);
    this.timer = setTimeout(() => this.reconnect(), wait);
  }

  /** Connect again, or show the login form if the session has ended. */
  async reconnect() {
    const state = await probe();
    if (this.isClosed) return;
    if (state === "login") window.location.reload();
    this.trouble = state === "answers" ? "rejects" : "away";
    this.connect();
  }

  disconnect() {
    clearTimeout(this.watchdog);
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
  }

  close() {
    this.isClosed = true;
    this.disconnect();
  }
}

/** Return whether the server answers, wants a login before it shows this page, or is away. */
async function probe() {
  try {
    const signal = AbortSignal.timeout(SILENCE_MAX_MS);
    const options = { method: "HEAD", redirect: "manual", cache: "no-store", signal };
    const { type, status } = await fetch(window.location.pathname, options);
    if (type === "opaqueredirect" || status === 401) return "login";
    // A proxy answers for a server that is away.
    return status >= 500 ? "away" : "answers";
  } catch {
    return "away";
  }
}

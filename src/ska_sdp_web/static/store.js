// Documents of the topics as the stream has sent them.

/** Latest documents by topic, with a Map for the rows of a table, and what the server has sent about itself. */
export class Store {
  constructor() {
    this.hello = { version: "", commands_allowed: false, has_login: false, prefix: "" };
    this.connection = null;
    this.documents = new Map();
    this.gone = new Set();
    this.failed = new Set();
  }

  /** Apply a message of the stream; return whether it can change the page. */
  apply(kind, message) {
    if (kind === "hello") this.hello = message;
    else if (kind === "connection") this.connection = message;
    else if (kind === "failed") this.failed.add(message.topic);
    else if (kind === "gone") {
      this.failed.delete(message.topic);
      this.gone.add(message.topic);
    } else if (kind === "whole") {
      this.failed.delete(message.topic);
      this.gone.delete(message.topic);
      if (message.data.rows) message.data.rows = new Map(Object.entries(message.data.rows));
      this.documents.set(message.topic, message);
    } else if (kind === "rows") this.applyRows(message);
    else return false;
    return true;
  }

  applyRows({ topic, revision, time, rows }) {
    const known = this.documents.get(topic);
    if (!known) return;
    for (const [key, row] of Object.entries(rows)) {
      if (row === null) known.data.rows.delete(key);
      else known.data.rows.set(key, row);
    }
    Object.assign(known, { revision, time });
  }

  /** Return the data of a topic, null if none has come. */
  get(topic) {
    return this.documents.get(topic)?.data ?? null;
  }
}

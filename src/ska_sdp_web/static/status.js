// Classes of statuses. A class has a symbol and a colour, so that colour is never the only sign.

export const SYMBOLS = { ok: "●", busy: "◐", waiting: "○", bad: "✖", ended: "■", unknown: "?" };

/** Classes from the most to the least urgent. */
export const URGENCY = ["bad", "unknown", "waiting", "busy", "ok", "ended"];

const CLASSES = new Map(Object.entries({
  EMPTY: "ended", IDLE: "ok", READY: "ok", SCANNING: "busy",
  RESOURCING: "busy", CONFIGURING: "busy", RESETTING: "busy", RESTARTING: "busy", ABORTING: "busy",
  ABORTED: "waiting", FAULT: "bad",
  OK: "ok", DEGRADED: "waiting", FAILED: "bad", UNKNOWN: "unknown",
  ON: "ok", OFF: "ended", STANDBY: "waiting", DISABLE: "ended", INIT: "busy",
}));

/** Return the class of an obsState, a healthState or a State. */
export function classOf(status) {
  return CLASSES.get(status) ?? "unknown";
}

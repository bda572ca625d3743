// Limit of open streams in one browser: it permits six connections to a server, for all its tabs.

/** Number of other tabs that open a stream after this one, from which a hidden tab gives up its own. */
const NEWER_TABS_MAX = 3;

/**
 * Call `pause` when this tab is hidden and others need the connection, and `resume` when it is
 * shown again. Return a function to call when this tab opens a stream.
 */
export function shareConnections({ pause, resume }) {
  const channel = openChannel();
  if (!channel) return () => {};
  // The ID is no secret; `crypto.randomUUID` exists over HTTPS only.
  const self = Math.random();
  const newer = new Set();
  let isPaused = false;
  const yieldIfNeeded = () => {
    if (!document.hidden || isPaused || newer.size <= NEWER_TABS_MAX) return;
    isPaused = true;
    pause();
  };
  channel.onmessage = ({ data: { tab, isOpen } }) => {
    if (isOpen) newer.add(tab);
    else newer.delete(tab);
    yieldIfNeeded();
  };
  window.addEventListener("pagehide", () => channel.postMessage({ tab: self, isOpen: false }));
  document.addEventListener("visibilitychange", () => {
    yieldIfNeeded();
    if (document.hidden || !isPaused) return;
    isPaused = false;
    resume();
  });
  return () => {
    newer.clear();
    channel.postMessage({ tab: self, isOpen: true });
  };
}

/** Open the channel between tabs; null in a browser that permits none, such as without storage. */
function openChannel() {
  try {
    return new BroadcastChannel("sdp-streams");
  } catch {
    return null;
  }
}

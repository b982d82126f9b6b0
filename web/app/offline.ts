import { runs } from "../state/runs.js";

/**
 * Set while the page reloads to become isolated, so that it does not reload forever on a host that prevents isolation.
 */
const RELOADED = "lenet-lab-reloaded";

let isUsed = false;
for (const type of ["pointerdown", "keydown"]) {
  addEventListener(
    type,
    () => {
      isUsed = true;
    },
    { once: true, capture: true },
  );
}

/**
 * Registers the service worker, which keeps the site's files and adds the isolation headers if the host does not send
 * them. These take effect on the next load, so the page reloads at once, unless it has been
 * used: a drawing or a run would be lost.
 */
export async function keepOffline(): Promise<void> {
  if (!("serviceWorker" in navigator)) return;
  try {
    await navigator.serviceWorker.register("./serviceWorker.js");
    await navigator.serviceWorker.ready;
  } catch {
    // The page still works, just not offline.
    return;
  }
  if (crossOriginIsolated) {
    sessionStorage.removeItem(RELOADED);
    return;
  }
  if (isUsed || runs.peek().length > 0 || sessionStorage.getItem(RELOADED)) return;
  sessionStorage.setItem(RELOADED, "yes");
  location.reload();
}

import { runs } from "../state/runs.js";

/** Set while a reload that isolation asks for is under way, so that a host that forbids it is not asked again and again. */
const RELOADED = "lenet-lab-reloaded";

/**
 * Has the service worker keep the site's files and, on hosts that do not send the headers for it, isolate the page: those
 * come with the next load of the page, so it is loaded again at once, unless something has been begun.
 */
export async function keepOffline(): Promise<void> {
  if (!("serviceWorker" in navigator)) return;
  try {
    await navigator.serviceWorker.register("./serviceWorker.js");
    await navigator.serviceWorker.ready;
  } catch {
    // The page works without, only not offline.
    return;
  }
  if (crossOriginIsolated) {
    sessionStorage.removeItem(RELOADED);
    return;
  }
  if (runs.peek().length > 0 || sessionStorage.getItem(RELOADED)) return;
  sessionStorage.setItem(RELOADED, "yes");
  location.reload();
}

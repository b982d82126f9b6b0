// Keeps the site's files for offline use and adds the headers that make the page cross-origin isolated, which static
// hosts do not send.

export {};

declare const self: ServiceWorkerGlobalScope;
/** Inserted by the build, as is SITE_FILES. */
declare const CONTENT_SECURITY_POLICY: string;
/** The site's files, relative to this one; they make every new version a different worker. */
declare const SITE_FILES: readonly string[];

const CACHE_PREFIX = "lenet-lab-";
const CACHE = `${CACHE_PREFIX}${hash(SITE_FILES.join())}`;

self.addEventListener("install", (event) => {
  // A newer version waits until all pages of the older one are closed, because it removes their files.
  event.waitUntil(keepFiles());
});

self.addEventListener("activate", (event) => {
  event.waitUntil(forgetOldFiles().then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const file = fileOf(request);
  if (file !== undefined) event.respondWith(respond(file, request));
});

async function keepFiles(): Promise<void> {
  const cache = await caches.open(CACHE);
  // Bypasses the HTTP cache, so that all files are of one version.
  await cache.addAll(SITE_FILES.map((file) => new Request(file, { cache: "reload" })));
}

async function forgetOldFiles(): Promise<void> {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(CACHE_PREFIX) && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
}

/** The site file that a request is for, if any. */
function fileOf({ method, url }: Request): string | undefined {
  if (method !== "GET") return undefined;
  const { scope } = self.registration;
  const address = url.split(/[?#]/, 1)[0];
  if (!address.startsWith(scope)) return undefined;
  const path = address.slice(scope.length);
  if (path === "") return "index.html";
  return SITE_FILES.includes(path) ? path : undefined;
}

async function respond(file: string, request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  const response = (await cache.match(file)) ?? (await fetch(request));
  const headers = new Headers(response.headers);
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Embedder-Policy", "require-corp");
  headers.set("Cross-Origin-Resource-Policy", "same-origin");
  headers.set("Content-Security-Policy", CONTENT_SECURITY_POLICY);
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}

/** FNV-1a, as eight hexadecimal digits. */
function hash(text: string): string {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  return (value >>> 0).toString(16).padStart(8, "0");
}

// The book's service worker: what was visited can be read again without a network.
//
// Above stand, written at build: BUILD and RUNTIME, names of the two lists below; FILES and
// RUNTIME_FILES, address under the site's root → the first 16 digits of the file's sha256.
//
// Pages, styles, scripts: from the network, and from what is kept where the network fails.
// Fonts and the runtime (Python): from what is kept, and from the network where nothing is.
// Only a file with the listed digest is kept, so what is kept belongs to one build. A page that came
// from the network takes nothing kept that belongs to another build; a page that was kept takes
// everything from there.

const ROOT = new URL(self.registration.scope);
const NAME = `book:${ROOT.pathname}:`;
const PAGES = `${NAME}pages:${BUILD}`;
const PYTHON = `${NAME}runtime:${RUNTIME}`;
const LIVE = "assets/vendor/live/live.js";
const TOGETHER = ["assets/vendor/live/worker.js", "assets/vendor/live/reader.zip",
  "assets/vendor/live/store.js", "assets/vendor/editor/editor.js"]; // what live.js asks for later

/** The file's name in the lists, or undefined where the address is not one of theirs. */
function fileOf(address) {
  const url = new URL(address, ROOT);
  if (url.origin !== ROOT.origin || !url.pathname.startsWith(ROOT.pathname)) return undefined;
  const name = decodeURI(url.pathname.slice(ROOT.pathname.length)).replace(/(^|\/)index\.html$/, "$1");
  return name in FILES || name in RUNTIME_FILES ? name : undefined;
}
const addressOf = (name) => new URL(encodeURI(name), ROOT).href;
const cacheOf = (name) => caches.open(name in FILES ? PAGES : PYTHON);
const kept = async (name) => (await cacheOf(name)).match(addressOf(name));

async function digest(bytes) {
  const all = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...all.slice(0, 8)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Whether the answer holds the bytes that the list names. */
async function listed(name, answer) {
  return await digest(await answer.arrayBuffer()) === (FILES[name] ?? RUNTIME_FILES[name]);
}

/** Keeps a file, from an answer that is there or a new one; true where it is kept now. */
async function keep(name, answer) {
  if (await kept(name)) return true;
  // The browser's own store may hold an older file for some minutes: then the server is asked.
  for (const cache of ["default", "reload"]) {
    answer ??= await fetch(addressOf(name), { cache });
    if (answer.ok && !answer.redirected && await listed(name, answer.clone())) break;
    answer = undefined;
  }
  if (!answer) return false;
  const body = answer.clone();
  await (await cacheOf(name)).put(addressOf(name), answer);
  if (isPage(name)) await keepAll([...inside(name, await body.text()), ...beside(name)]);
  if (name === LIVE) await keepAll(TOGETHER);
  return true;
}

const isPage = (name) => name === "" || name.endsWith("/") || name.endsWith(".html");
const keepAll = (addresses) => Promise.allSettled(
  addresses.map(fileOf).filter((name) => name !== undefined).map((name) => keep(name)));

/** What a page shows and needs: its figures too, which are else fetched when one scrolls to them. */
function inside(page, html) {
  const tags = html.matchAll(/<(?:img|script|link rel="(?:stylesheet|icon|preload)")[^>]*?\s(?:src|href)="([^"]+)"/g);
  return [...new Set([...tags].map(([, to]) => new URL(to, addressOf(page)).href))];
}

/** What its links' previews need, fetched by no page before a reader points at a link. */
const beside = (page) => [`${page.replace(/[^/]*$/, "")}previews.json`,
  "assets/preview.js", "assets/preview.css"];

// --- a new build --------------------------------------------------------------------------------

const older = async (kind) => (await caches.keys()).filter((name) =>
  name.startsWith(`${NAME}${kind}:`) && name !== PAGES && name !== PYTHON);

/** Brings over what was kept of the last build: what is as it was by copy, pages else anew. */
async function bringOver() {
  for (const kind of ["pages", "runtime"])
    for (const cacheName of await older(kind)) {
      const cache = await caches.open(cacheName);
      await Promise.all((await cache.keys()).map(async ({ url }) => {
        const name = fileOf(url);
        if (name === undefined || await kept(name)) return;
        const answer = await cache.match(url);
        if (await listed(name, answer.clone())) await (await cacheOf(name)).put(url, answer);
        else if (kind === "pages") await keep(name); // without a network: throws, and the old stays
      }));
    }
}

addEventListener("install", (event) => {
  self.skipWaiting();
  event.waitUntil(bringOver());
});

addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    const old = [...await older("pages"), ...await older("runtime")];
    await Promise.all(old.map((name) => caches.delete(name)));
    await self.clients.claim();
  })());
});

// What a page had before the worker was there, it tells.
addEventListener("message", (event) => {
  if (event.data?.type !== "visited") return;
  event.waitUntil(keepAll(event.data.addresses ?? []));
});

// --- answers ------------------------------------------------------------------------------------

const from = new Map(); // client → "kept", or a promise: is its page, from the network, of this build?

async function network(event, name, client) {
  const answer = await fetch(event.request);
  if (answer.ok && answer.type === "basic" && !answer.redirected) {
    const [one, other] = [answer.clone(), answer.clone()];
    if (event.request.mode === "navigate") from.set(client, listed(name, one).catch(() => undefined));
    event.waitUntil(keep(name, other).catch(() => false));
  }
  return answer;
}

async function answer(event, name) {
  const { request, clientId, resultingClientId } = event;
  const client = request.mode === "navigate" ? resultingClientId : clientId;
  if (request.destination === "worker" && resultingClientId)
    from.set(resultingClientId, from.get(clientId));
  const first = name.endsWith(".woff2") || from.get(client) === "kept"
    || name in RUNTIME_FILES && await from.get(client) !== false;
  if (first && request.mode !== "navigate") {
    const there = await kept(name);
    if (there) return there;
  }
  try {
    return await network(event, name, client);
  } catch (error) {
    const there = await kept(name);
    if (request.mode === "navigate") {
      if (there) from.set(client, "kept");
      return there ?? missing();
    }
    if (!there || await from.get(client) === false) throw error;
    return there;
  }
}

addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || request.headers.has("range")) return;
  const name = fileOf(request.url);
  if (name !== undefined) event.respondWith(answer(event, name));
  else if (request.mode === "navigate" && request.url.startsWith(ROOT.href))
    event.respondWith(fetch(request).catch(missing));
});

/** What stands in place of a page that was never visited. */
async function missing() {
  const there = [];
  const cache = await caches.open(PAGES);
  for (const { url } of await cache.keys()) {
    if (!isPage(fileOf(url) ?? "")) continue;
    const title = /<title>([^<]*)/.exec(await (await cache.match(url)).text());
    there.push(`<li><a href="${url}">${title?.[1] ?? url}</a></li>`);
  }
  const list = there.length ? `<p>These pages are on this device:</p><ul>${there.join("")}</ul>` : "";
  const page = `<!doctype html><html lang="en"><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'">
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<title>No network</title><h1>This page is not on this device</h1>
<p>There is no network now, and you have not visited this page before.</p>${list}`;
  return new Response(page, { status: 503, headers: { "Content-Type": "text/html; charset=utf-8" } });
}

// The worker of what people keep on this device (keep.js) and of the messages that are pushed to it. It is
// registered only when they ask for one of the two, sees no address but those under /events, stores nothing
// by itself and writes nothing down. docs/decisions/0058-offline-copies.md

const prefix = "kept:";
const list = "/events/kept";
const about = "/sw.js?about";
const renewal = "/sw.js?push";
const patience = 6000;

addEventListener("install", () => skipWaiting());
addEventListener("message", (event) => event.waitUntil(sweep()));

// --- kept pages

addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (request.method !== "GET" || address.origin !== location.origin) return;
  if (request.mode === "navigate") {
    event.respondWith(page(request, address.pathname));
    event.waitUntil(sweep());
  } else if (/^(style|script|image)$/.test(request.destination)) {
    event.respondWith(fetch(request).catch(async (failed) => await match(request) ?? Promise.reject(failed)));
  }
});

/** match finds what was kept. Cookies and languages make no difference: it was for everybody. */
const match = (what) => caches.match(what, { ignoreVary: true });

/** page is the page itself; its copy when that does not come, or not soon; else the list of copies. */
async function page(request, path) {
  const copy = await live(path);
  const asked = fetch(request).then(async (answer) => {
    if (answer.status === 404 || answer.status === 410) await caches.delete(prefix + path);
    return answer;
  });
  if (!copy) return asked.catch(async (failed) => await match(list) ?? Promise.reject(failed));
  const late = new Promise((then) => setTimeout(then, patience, copy));
  return Promise.race([asked.catch(() => copy), late]);
}

const until = async (name) => (await (await (await caches.open(name)).match(about))?.json())?.until ?? 0;

/** live is the copy of a page whose time is not over: of an event, or of a page that was kept with one. */
async function live(path) {
  for (const name of await caches.keys()) {
    if (!name.startsWith(prefix) || await until(name) < Date.now()) continue;
    const copy = await (await caches.open(name)).match(path, { ignoreVary: true });
    if (copy) return copy;
  }
}

/** sweep deletes what is over, and the worker itself when nothing needs it. */
async function sweep() {
  let left = 0;
  for (const name of await caches.keys()) {
    if (!name.startsWith(prefix)) continue;
    if (await until(name) > Date.now()) left++;
    else await caches.delete(name);
  }
  if (left || await registration.pushManager?.getSubscription()) return;
  await caches.delete("push");
  await registration.unregister();
}

// --- pushed messages: {"title","body","url","tag","lang","dir","renotify","leave","leaving","move"}

const text = (x) => (typeof x === "string" ? x : "");

addEventListener("push", (event) => event.waitUntil(tell(event.data)));

/** tell shows a message. Every message must show something, so one that cannot be read shows where it is from. */
async function tell(data) {
  let said;
  try {
    said = data.json();
  } catch {}
  const { title, body, url, tag, lang, dir, renotify, leave, leaving, move } = said ?? {};
  if (text(move)) await caches.open("push").then((c) => c.put(renewal, new Response(move))).catch(() => {});
  await registration.showNotification(text(title) || location.host, {
    body: text(body), tag: text(tag), lang: text(lang), dir: /^(ltr|rtl)$/.test(dir) ? dir : "auto",
    renotify: renotify === true && text(tag) !== "", icon: "/static/icon-192.png", data: { url: text(url), leave: text(leave) },
    actions: text(leave) && text(leaving) ? [{ action: "leave", title: leaving }] : [],
  });
}

addEventListener("notificationclick", (event) => {
  event.notification.close();
  const { url, leave } = event.notification.data;
  event.waitUntil(go(event.action === "leave" ? leave : url));
});

/** go opens an address of this site; any other leads to the start page. */
async function go(to) {
  const address = URL.canParse(to, location.origin) ? new URL(to, location.origin) : new URL(location.origin);
  const href = address.origin === location.origin ? address.href : location.origin + "/";
  const open = await clients.matchAll({ type: "window", includeUncontrolled: true });
  const there = open.find((client) => client.url === href);
  await (there ? there.focus() : clients.openWindow(href));
}

addEventListener("pushsubscriptionchange", (event) => event.waitUntil(renew(event)));

/** renew sends a subscription that took the place of another to the address that the last message named. */
async function renew({ oldSubscription, newSubscription }) {
  const to = await (await match(renewal))?.text();
  if (!to || new URL(to, location.origin).origin !== location.origin) return;
  const subscription = newSubscription ?? await registration.pushManager.subscribe(oldSubscription.options);
  await fetch(to, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ subscription }) });
}

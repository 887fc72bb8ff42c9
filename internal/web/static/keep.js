// Keeping the page of an event on this device, when somebody asks for it: what it shows goes into a cache
// of this browser, from which /sw.js answers without a connection. docs/decisions/0058-offline-copies.md

const find = (name, root = document) => root.querySelector(`[data-keep-${name}]`);
const prefix = "kept:";
const list = "/events/kept";
const about = "/sw.js?about";
const able = globalThis.caches && navigator.serviceWorker;
let script; // the worker's address, as the content policy wants it

/** load gets what anybody may see: what is for one reader alone says no-store. */
async function load(address) {
  const answer = await fetch(address);
  if (!answer.ok || answer.redirected || (answer.headers.get("Cache-Control") ?? "no-store").includes("no-store")) throw answer;
  return answer;
}

const factsOf = async (name) => (await (await caches.open(name)).match(about))?.json();

async function remove(name) {
  await caches.delete(name);
  (await navigator.serviceWorker.getRegistration(list))?.active?.postMessage("sweep");
}

// (1) <button hidden data-keep data-keep-until="milliseconds" data-keep-remove="Remove">: keeps this page,
// what it shows, the pages that links with data-keep-with lead to, and the list of what is kept.
const button = document.querySelector("[data-keep]");
const path = location.pathname;
const label = button?.textContent;

async function keep() {
  const lang = new URLSearchParams(location.search).get("lang");
  const page = await load(path + (lang ? "?lang=" + encodeURIComponent(lang) : ""));
  const parts = document.querySelectorAll("link[rel=stylesheet], link[rel=icon], script[src], main img, main source, a[data-keep-with]");
  const rest = [...parts].map((x) => x.href || x.src || x.srcset);
  const loaded = await Promise.all([list, ...rest].map(async (x) => [x, await load(x).catch(() => null)]));
  const heading = document.querySelector("h1");
  await caches.delete(prefix + path);
  const cache = await caches.open(prefix + path);
  await cache.put(about, Response.json({ title: heading.textContent, lang: heading.lang, until: +button.dataset.keepUntil, at: Date.now() }));
  await cache.put(path, page);
  for (const [address, answer] of loaded) if (answer) await cache.put(address, answer);
  script ??= globalThis.trustedTypes?.createPolicy("keep", { createScriptURL: () => "/sw.js" }).createScriptURL("") ?? "/sw.js";
  await navigator.serviceWorker.register(script, { scope: "/events" });
}

async function show() {
  const kept = (await caches.has(prefix + path)) && await factsOf(prefix + path);
  button.textContent = kept ? button.dataset.keepRemove : label;
  find("says").hidden = !kept;
  return kept;
}

async function press() {
  find("fails").hidden = true;
  button.setAttribute("aria-busy", "true");
  try {
    await (await caches.has(prefix + path) ? remove(prefix + path) : keep());
  } catch {
    find("fails").hidden = false;
  }
  button.removeAttribute("aria-busy");
  await show();
}

if (button && able) {
  const kept = await show();
  button.hidden = false;
  button.addEventListener("click", press);
  // A copy is made anew whenever its page is seen. That it cannot be tells that this is the copy.
  if (kept) keep().catch(() => {
    const time = find("offline").querySelector("time");
    time.textContent = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" }).format(kept.at);
    find("offline").hidden = false;
  });
}

// (2) The list of what is kept, which is also what a page that is not kept leads to.
const rows = find("list");
if (rows && able) {
  find("instead").hidden = path === list;
  for (const name of (await caches.keys()).filter((name) => name.startsWith(prefix))) {
    const facts = await factsOf(name);
    if (!(facts?.until > Date.now())) continue;
    const row = find("row").content.cloneNode(true).firstElementChild;
    Object.assign(row.querySelector("a"), { href: name.slice(prefix.length), textContent: facts.title, lang: facts.lang });
    row.querySelector("button").addEventListener("click", async () => {
      await remove(name);
      row.remove();
      find("none").hidden = rows.children.length;
    });
    rows.append(row);
  }
  find("none").hidden = rows.children.length;
}

// Messages in this browser, for the form of /alerts/subscribe. The browser asks its reader only after they press the button. Texts
// stand in the page. The worker's part of the site is /events, as for what keep.js keeps (docs/decisions/0058-offline-copies.md).

const form = document.querySelector("form[data-push]");
const workers = navigator.serviceWorker;
const scope = "/events";
let script; // the worker's address, as the content policy wants it

function bytes(base64url) {
  return Uint8Array.from(atob(base64url.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
}

/** acting waits until a worker has taken up its work, or never will. */
const acting = ({ active, installing, waiting }) => active ?? new Promise((then) => {
  const worker = installing ?? waiting;
  worker.addEventListener("statechange", () => /activated|redundant/.test(worker.state) && then());
});

/** subscription is what the browser's push service needs to reach it, as JSON. */
async function subscription() {
  script ??= globalThis.trustedTypes?.createPolicy("keep", { createScriptURL: () => "/sw.js" }).createScriptURL("") ?? "/sw.js";
  const registration = await workers.register(script, { scope });
  await acting(registration);
  const options = { userVisibleOnly: true, applicationServerKey: bytes(form.dataset.push) };
  return JSON.stringify(await registration.pushManager.subscribe(options));
}

form?.addEventListener("submit", async (event) => {
  if (form.elements.contact.value) return;
  event.preventDefault();
  const failed = form.querySelector("[data-no-push]");
  failed.hidden = true;
  try {
    form.elements.contact.value = await subscription();
    form.requestSubmit();
  } catch {
    failed.hidden = false;
    failed.focus();
    (await workers?.getRegistration(scope))?.active?.postMessage("sweep"); // which removes it, unless it is needed
  }
});

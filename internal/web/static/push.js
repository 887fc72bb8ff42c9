// Messages in this browser, for the form of /alerts/subscribe. The browser asks its reader only after they press the button. Texts
// stand in the page.

const form = document.querySelector("form[data-push]");

function bytes(base64url) {
  return Uint8Array.from(atob(base64url.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
}

/** subscription is what the browser's push service needs to reach it, as JSON. */
async function subscription() {
  const worker = await navigator.serviceWorker.register("/sw.js");
  await navigator.serviceWorker.ready;
  const options = { userVisibleOnly: true, applicationServerKey: bytes(form.dataset.push) };
  return JSON.stringify(await worker.pushManager.subscribe(options));
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
  }
});

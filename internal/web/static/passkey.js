// Passkeys need script; without it, or in browsers that are too old, the words remain.
// It is loaded only by pages that can use it.

const P = globalThis.PublicKeyCredential;
const able = P?.parseRequestOptionsFromJSON && P.prototype.toJSON;

const post = async (url, form) => {
  const answer = await fetch(url, { method: "POST", body: new URLSearchParams(form) });
  if (!answer.ok) throw Object.assign(new Error(answer.status), { refused: true });
  return answer.json();
};

const ask = async (url, form, make) => {
  const { publicKey } = await post(url, form);
  const key = make
    ? await navigator.credentials.create({ publicKey: P.parseCreationOptionsFromJSON(publicKey) })
    : await navigator.credentials.get({ publicKey: P.parseRequestOptionsFromJSON(publicKey) });
  return JSON.stringify(key);
};

if (able) {
  // <p data-passkey-without>: what to read where there are none.
  for (const note of document.querySelectorAll("[data-passkey-without]")) note.hidden = true;
  // <form hidden data-passkey="get|create" data-options="/…">: its button asks the device first. What the server
  // refuses it says on the page that the form itself brings.
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const failed = form.querySelector("[data-passkey-failed]");
      failed.hidden = true;
      try {
        form.elements.credential.value = await ask(form.dataset.options, new FormData(form), form.dataset.passkey === "create");
      } catch (error) {
        if (!error.refused) return void (failed.hidden = false);
      }
      form.submit();
    });
  }
  // <p hidden data-passkey-prove="/me/prove">: a proof instead of the words of the form that it stands in.
  for (const box of document.querySelectorAll("[data-passkey-prove]")) {
    box.hidden = false;
    const [button, status] = box.children;
    button.addEventListener("click", async () => {
      try {
        const to = box.dataset.passkeyProve;
        await post(to, { credential: await ask(to + "/options", {}) });
      } catch {
        return;
      }
      button.remove();
      status.textContent = box.dataset.passkeyDone;
      const words = box.closest("form").elements.passphrase;
      words.required = false;
      words.closest(".field").hidden = true;
    });
  }
}

// Convoke's own script. Every page works without it; each part below only improves one thing.
// It is loaded as <script type="module" src="/static/app.js">.

const all = (selector, root = document) => [...root.querySelectorAll(selector)];

// (1) A form that came back with errors: start reading at the summary (autofocus does it without script).
document.querySelector(".error-summary:not([autofocus])")?.focus();

// (2) <button type="button" hidden data-copy="link" data-copied="Copied">: copies the text of #link.
// Hidden until now because without script (or on plain HTTP, where the clipboard is refused) it could do nothing.
for (const button of all("[data-copy]")) {
  const target = document.getElementById(button.dataset.copy);
  if (!target || !navigator.clipboard) continue;
  const label = button.textContent;
  button.hidden = false;
  button.setAttribute("aria-live", "polite");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText((target.value ?? target.textContent).trim());
      button.textContent = button.dataset.copied || label;
      setTimeout(() => (button.textContent = label), 4000);
    } catch {
      getSelection().selectAllChildren(target); // refused: leave it selected for the reader's own copy
    }
  });
}

// (3) A form is sent once. The buttons are marked rather than disabled, so that the pressed button's
// own name and value still travel. Released when the page is shown again, or after ten seconds for
// answers that do not leave the page (downloads); the key in the form catches what slips through.
const sent = new WeakSet();
const release = (form) => {
  sent.delete(form);
  all("[aria-busy]", form).forEach((button) => button.removeAttribute("aria-busy"));
};
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (sent.has(form)) return event.preventDefault();
  sent.add(form);
  event.submitter?.setAttribute("aria-busy", "true");
  setTimeout(release, 10_000, form);
});
addEventListener("pageshow", () => all("form").forEach(release));

// (4) <form data-draft="event-new" data-draft-label="Draft restored" data-draft-discard="Start again">:
// what was typed survives a closed tab on this device, for a week, until the page after success
// carries data-draft-clear="event-new" ("event-*" for all that begin so, "*" when signing out).
// Storage may be refused: then nothing.
const prefix = "draft:";
const week = 7 * 24 * 3600e3;
const store = (() => {
  try {
    localStorage.length;
    return localStorage;
  } catch {
    return null;
  }
})();
const readDraft = (name) => {
  try {
    const draft = JSON.parse(store.getItem(name));
    if (draft.at > Date.now() - week) return draft.fields;
  } catch {}
  store.removeItem(name);
};
const fieldsOf = (form) => {
  const seen = {};
  return [...form.elements]
    .filter((f) => f.name && !/^(password|hidden|file|submit|button|reset|image|fieldset|output)$/.test(f.type)
      && f.autocomplete !== "one-time-code" && !f.closest("[data-nodraft]"))
    .map((f) => [`${f.name}#${(seen[f.name] = (seen[f.name] ?? -1) + 1)}`, f, /^(checkbox|radio)$/.test(f.type) ? "checked" : "value"]);
};
const keepDraft = (form) => {
  const name = prefix + form.dataset.draft;
  const initial = fieldsOf(form).map(([, field, property]) => [field, property, field[property]]);
  let timer, dirty;
  const save = () => {
    clearTimeout(timer);
    if (!dirty) return;
    dirty = false;
    const fields = Object.fromEntries(fieldsOf(form).map(([key, field, property]) => [key, field[property]]));
    try {
      store.setItem(name, JSON.stringify({ at: Date.now(), fields }));
    } catch {}
  };
  // Values that the server sent back with errors are newer than any draft.
  const draft = document.querySelector(".error-summary") ? null : readDraft(name);
  let restored = false;
  for (const [key, field, property] of draft ? fieldsOf(form) : []) {
    if (key in draft && field[property] !== draft[key]) {
      field[property] = draft[key];
      restored = true;
    }
  }
  if (restored && form.dataset.draftLabel) {
    const note = document.createElement("div");
    note.className = "notice cluster";
    note.setAttribute("role", "status");
    form.prepend(note);
    note.append(Object.assign(document.createElement("p"), { textContent: form.dataset.draftLabel }));
    if (form.dataset.draftDiscard) {
      const discard = Object.assign(document.createElement("button"), { type: "button", className: "link-button", textContent: form.dataset.draftDiscard });
      discard.addEventListener("click", () => {
        clearTimeout(timer);
        dirty = false;
        initial.forEach(([field, property, value]) => (field[property] = value));
        store.removeItem(name);
        note.remove();
        initial[0]?.[0].focus();
      });
      note.append(discard);
    }
  }
  form.addEventListener("input", () => {
    dirty = true;
    clearTimeout(timer);
    timer = setTimeout(save, 400);
  });
  addEventListener("pagehide", save);
};
if (store) {
  for (const { dataset } of all("[data-draft-clear]")) {
    const key = prefix + dataset.draftClear;
    Object.keys(store)
      .filter((name) => (key.endsWith("*") ? name.startsWith(key.slice(0, -1)) : name === key))
      .forEach((name) => store.removeItem(name));
  }
  // "saved" was for the lines above: an address that is kept or passed on goes without.
  if (document.querySelector("[data-draft-clear]") && new URLSearchParams(location.search).has("saved")) history.replaceState(null, "", location.pathname);
  all("form[data-draft]").forEach(keepDraft);
}

// (5) <details data-open-wide>: open where there is room. The style sheet shows it open until data-ready.
for (const details of all("details[data-open-wide]")) {
  if (matchMedia("(min-width: 60rem)").matches) details.open = true;
  details.dataset.ready = "";
}

// Taking part in the public record from a page: /b/BID/take and /b/BID/mine. Without script, or in browsers that
// are too old, those pages work as forms, and say that the server then sees more. Texts stand in the page.

import { cast, credential, done, hex, newCode, openBox, part, pledge, readCode, sayLeaf, showCode, signLeaf, withdraw, works } from "./record.js";

const find = (root, name) => root.querySelector(`[data-${name}]`);
const wrong = (text) => Object.assign(new Error(text), { text });

const boxOf = (form) => {
  const { box, roll, open, roll_open } = JSON.parse(form.dataset.ticket);
  return openBox({ box, roll, open, rollOpen: roll_open });
};

async function codeOf(typed) {
  const code = await readCode(typed);
  if (!code) throw wrong("bad-code");
  return code;
}

/** choice is the pledge of a form; null where one signs. */
function choice(form, { manifest: m }) {
  if (m.takes === "sign") return null;
  const threshold = m.threshold || Number(form.elements.threshold.value);
  const place = m.parts ? form.elements.part.value : "0";
  if (!Number.isInteger(threshold) || threshold < 1 || threshold > 1e7 || place === "") throw wrong("bad-number");
  return pledge(threshold, Number(place));
}

/** sending does something once at a time, and says what went wrong. */
function sending(form, what) {
  const failed = find(form, "failed"), busy = find(form, "busy");
  let running = false;
  return async () => {
    if (running) return;
    running = true;
    failed.hidden = true;
    busy.textContent = busy.dataset.text;
    try {
      await what();
    } catch (error) {
      const p = error.problem;
      failed.textContent = p?.errors?.[0]?.detail ?? p?.title ?? find(form, error.text ?? "bad-answer").textContent;
      failed.hidden = false;
      failed.focus();
    }
    busy.textContent = "";
    running = false;
  };
}

/** receipt offers the receipt of a leaf as a file. It is fetched without cookies: who asks for it has put the leaf in. */
async function receipt(page, box, leaf, p) {
  const link = find(page, "receipt");
  const r = await fetch(`/b/${box.box}/proof/${leaf}?key=${hex(p.pub)}`, { credentials: "omit" }).catch(() => null);
  link.parentElement.hidden = !r?.ok;
  if (!r?.ok) return;
  link.href = URL.createObjectURL(await r.blob());
  link.download = `receipt-${leaf.slice(0, 8)}.txt`;
}

// <form id="take" data-ticket data-grant>: the code is made and kept here.
async function take(form) {
  const box = await boxOf(form);
  const own = find(form, "own"), shown = document.getElementById("own-code"), old = document.getElementById("own-old");
  let code = await newCode();
  shown.textContent = showCode(code);
  const send = sending(form, async () => {
    if (old.value.trim()) shown.textContent = showCode(code = await codeOf(old.value));
    const body = choice(form, box), p = await part(code, box);
    const auth = await credential(p, box, form.dataset.grant);
    const r = await cast(box, body ? await sayLeaf(p, box, auth, 1, body) : signLeaf(p, auth));
    const page = document.getElementById("own-done");
    document.getElementById("done-code").textContent = showCode(code);
    find(page, "in").hidden = r.pending;
    find(page, "waits").hidden = !r.pending;
    if (!r.pending) await receipt(page, box, r.leaf, p);
    form.hidden = document.getElementById("other-way").hidden = true;
    page.hidden = false;
    page.focus();
  });
  form.addEventListener("submit", (event) => {
    if (!own.contains(event.submitter)) return;
    event.preventDefault();
    send();
  });
  // From here on, the Enter key takes this way.
  find(form, "send").type = "submit";
  own.hidden = false;
}

async function said(box, p) {
  const r = await fetch(`/b/${box.box}/said/${hex(p.pub)}`, { credentials: "omit", headers: { Accept: "application/json" } });
  const answer = await r.json();
  if (!r.ok) throw Object.assign(new Error(answer.title), { problem: answer });
  if (!answer.known) throw wrong("unknown");
  return answer;
}

// What to say next; null when that is what the code says already.
const next = {
  look: () => null,
  withdraw: (form, box, s) => s.live ? withdraw() : null,
  done: (form, box, s) => s.done ? null : done(),
  change: (form, box, s) => {
    const body = choice(form, box);
    return s.live && hex(body) === hex(pledge(s.threshold ?? 0, s.part ?? 0)) ? null : body;
  },
};

// <form id="mine" data-ticket>: look, change and take back without showing the code to the server.
async function mine(form) {
  const box = await boxOf(form);
  const page = document.getElementById("mine-said");
  const put = (name, on, text) => {
    const p = find(page, name);
    p.hidden = !on;
    if (text !== undefined) p.querySelector("b").textContent = text;
  };
  const send = sending(form, async () => {
    page.hidden = true;
    const p = await part(await codeOf(form.elements.code.value), box);
    let s = await said(box, p), waits = false;
    const body = next[form.elements.do.value || "look"](form, box, s);
    if (body) {
      waits = (await cast(box, await sayLeaf(p, box, new Uint8Array(), s.counter + 1, body))).pending;
      if (!waits) s = await said(box, p);
    }
    form.elements.code.value = "";
    put("waits", waits);
    put("counts", !waits && s.live);
    put("back", !waits && !s.live);
    put("done", !waits && s.done);
    put("threshold", !waits && s.threshold, s.threshold ?? "");
    const places = box.manifest.parts ? [...form.elements.part.options].find(o => o.value === String(s.part ?? 0)) : null;
    put("part", !waits && places, places?.textContent ?? "");
    find(page, "receipt").parentElement.hidden = true;
    if (!waits) await receipt(page, box, s.leaf, p);
    page.hidden = false;
    page.focus();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  find(form, "own").hidden = false;
  find(form, "other").hidden = true;
}

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
const forms = { take, mine };
for (const name in forms) {
  const form = document.getElementById(name);
  if (!form) continue;
  if (await works()) await forms[name](form);
  else find(form, "own").remove(); // whose room is kept until here
}

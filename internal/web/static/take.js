// Taking part in the public record from a page: /b/BID/take and /b/BID/mine. Without script, or in browsers that
// are too old, those pages work as forms, and say that the server then sees more. Texts stand in the page.

import { activate, ballot, cast, credential, done, fill, find, fromBase64, hex, newCode, openBox, part, pledge, readCode, said, sayLeaf, show, showCode, toBase64, withdraw, works, wrong } from "./record.js";

async function boxOf(form) {
  const box = await openBox(JSON.parse(form.dataset.ticket));
  if (box.manifest.sealed) Object.assign(box, await import("./sealed/sealed.js"));
  return box;
}

async function codeOf(typed) {
  const code = await readCode(typed);
  if (!code) throw wrong("bad-code");
  return code;
}

/** choice is what a form says, and the reason that goes with it. */
function choice(form, { manifest: m }, p) {
  if (m.poll) return ballot(form, p, m);
  const threshold = m.threshold || Number(form.elements.threshold.value);
  const place = m.parts ? form.elements.part.value : "0";
  if (!Number.isInteger(threshold) || threshold < 1 || threshold > 1e7 || place === "") throw wrong("bad-number");
  return [pledge(threshold, Number(place))];
}

/**
 * sending does something once at a time, and says what went wrong. A vote is shown before it is sent: what is done is given a function
 * that is true once it was confirmed as the form has it now.
 */
function sending(form, what) {
  const failed = find(form, "failed"), busy = find(form, "busy"), page = find(form, "review");
  let running = false;
  const turn = (shown) => {
    page.hidden = !shown;
    find(form, "send").hidden = shown;
  };
  const send = async (sure) => {
    if (running) return;
    running = true;
    failed.hidden = true;
    busy.textContent = busy.dataset.text;
    try {
      await what(() => {
        if (!page || sure) return true;
        show(page, form);
        turn(true);
        page.focus();
      });
    } catch (error) {
      const p = error.problem;
      failed.textContent = p?.errors?.[0]?.detail ?? p?.title ?? find(form, error.text ?? "bad-answer").textContent.replace("{rank}", error.n);
      failed.hidden = false;
      failed.focus();
    }
    busy.textContent = "";
    running = false;
  };
  if (page) {
    form.oninput = () => turn();
    find(page, "sure").onclick = () => send(true);
    find(page, "change").onclick = () => {
      turn();
      find(form, "mark").focus();
    };
  }
  return send;
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
  const early = "early" in form.dataset;
  const send = sending(form, async (reviewed) => {
    if (old.value.trim()) shown.textContent = showCode(code = await codeOf(old.value));
    const p = await part(code, box);
    const [body, why] = early || box.manifest.takes === "sign" ? [] : await choice(form, box, p);
    if (!early && !reviewed()) return;
    const auth = await credential(p, box, form.dataset.grant);
    const r = await (early ? activate(p, box, auth) : cast(box, await sayLeaf(p, box, auth, 1, body), why));
    const page = document.getElementById("own-done");
    document.getElementById("done-code").textContent = showCode(code);
    find(page, "in").hidden = r.pending;
    find(page, "waits").hidden = !r.pending;
    if (!early && !r.pending) await receipt(page, box, r.leaf, p);
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

// What to say next; nothing when that is what the code says already.
const next = {
  withdraw: (s) => s.live && [withdraw()],
  done: (s) => !s.done && [done()],
  change: (s, new_) => (!s.live || toBase64(new_[0]) !== (s.body ?? toBase64(pledge(s.threshold ?? 0, s.part ?? 0)))) && new_,
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
  const send = sending(form, async (reviewed) => {
    page.hidden = true;
    const p = await part(await codeOf(form.elements.code.value), box), what = form.elements.do.value;
    const wish = what === "change" && await choice(form, box, p);
    if (wish && !reviewed()) return;
    let s = await said(p, box);
    if (!s.known && !s.ready) throw wrong("unknown");
    const [body, why] = next[what]?.(s, wish) || [];
    if (body) {
      s = await cast(box, await sayLeaf(p, box, [], s.counter + 1, body), why);
      if (!s.pending) s = await said(p, box);
    }
    form.elements.code.value = "";
    form.dispatchEvent(new Event("input")); // nothing is left to review
    const now = s.live && s.body && fromBase64(s.body);
    if (now?.[0] === 2) {
      fill(form, now, s.reason);
      show(page, form);
    }
    put("waits", s.pending);
    put("nothing", s.ready);
    put("counts", s.live);
    put("back", s.known && !s.live);
    put("done", s.done);
    put("threshold", s.threshold, s.threshold ?? "");
    const place = s.known && box.manifest.parts && [...form.elements.part.options].find(o => o.value === String(s.part ?? 0));
    put("part", place, place?.textContent ?? "");
    find(page, "receipt").parentElement.hidden = true;
    if (s.known) await receipt(page, box, s.leaf, p);
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

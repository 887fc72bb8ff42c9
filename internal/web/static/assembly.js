// The pages of an assembly follow it: <div data-live="/…/live" data-now="/…/now">. The stream says only which version
// there is now; then the parts with data-v are asked for again, each at a moment of its own so that a full room does
// not ask at once, and those that differ are replaced. Without script, or while nothing comes, there is "Look again".

const root = document.querySelector("[data-live]");
const saying = document.querySelector("[data-saying]");
const look = document.querySelector("[data-look]");
const now = () => document.getElementById("now");
let version = Number(now()?.dataset.v); // on show
let wanted = 0; // that the stream has told of
let offset = 0; // of the server's clock, in milliseconds
let source, pending, later, retry; // later is a question that waits for better times
let tries = 0; // without the answer that is wanted

const typing = (part) => part.contains(document.activeElement) && /^(INPUT|TEXTAREA)$/.test(document.activeElement.tagName);

const swap = (page) => {
  for (const part of page.querySelectorAll("[data-v][id]")) {
    const old = document.getElementById(part.id);
    if (!old || !root.contains(old) || old.dataset.v === part.dataset.v || typing(old)) continue;
    const focus = old.contains(document.activeElement) && document.activeElement;
    old.replaceWith(document.adoptNode(part));
    if (focus) (part.querySelector(`[value="${CSS.escape(focus.value ?? "")}"]:not([type=hidden])`) ?? part.querySelector("button, a"))?.focus();
  }
  const said = now()?.dataset.said;
  if (saying && said && saying.textContent !== said) saying.textContent = said;
};

// Not fetch: a document that XMLHttpRequest reads needs no parsing here, which the page's policy forbids.
const ask = (done) => {
  const x = new XMLHttpRequest();
  x.open("GET", root.dataset.now);
  x.responseType = "document";
  x.timeout = 20_000;
  x.onloadend = () => {
    const date = x.status && Date.parse(x.getResponseHeader("Date"));
    if (date) offset = date - Date.now();
    const page = x.status === 200 && x.response?.getElementById("now") && x.response;
    done(page, !page && x.status >= 400 && x.status < 500 && x.status !== 429);
    tick();
  };
  x.send();
};

const answered = (page, gone) => {
  pending = 0;
  const v = page ? Number(page.getElementById("now").dataset.v) : -1;
  if (v >= version) {
    version = v;
    swap(page);
  }
  tries = v >= wanted ? 0 : tries + 1;
  if (gone || now()?.hasAttribute("data-over")) leave();
  else if (tries && !document.hidden) soon(Math.min(1000 << tries, 60_000));
};

// One question at a time, so that no answer overtakes another; one that is not answered, or with less than the
// stream has told of, is asked again, less and less often.
const soon = (least = 0) => {
  if (pending && !later) return;
  clearTimeout(pending);
  later = least > 0;
  pending = setTimeout(() => {
    later = false;
    ask(answered);
  }, least + Math.random() * 500);
};

const follow = () => {
  if (now()?.hasAttribute("data-over") || document.hidden || source) return;
  clearTimeout(retry);
  source = new EventSource(root.dataset.live);
  source.onopen = () => look && (look.hidden = true);
  source.onmessage = (event) => {
    wanted = Number(event.data);
    if (wanted > version) soon();
  };
  source.onerror = () => {
    if (look) look.hidden = false;
    if (source?.readyState !== EventSource.CLOSED) return; // it asks again by itself
    leave();
    retry = setTimeout(() => { // it may be over meanwhile: then only the page says so
      soon();
      follow();
    }, 20_000 + Math.random() * 20_000);
  };
};
const leave = () => {
  source?.close();
  source = undefined;
  if (look) look.hidden = false;
};

// Timers end at a moment of the server's clock, which its answers tell.
const tick = () => {
  for (const b of document.querySelectorAll("[data-ends]")) {
    const s = Math.round((Date.parse(b.dataset.ends) - Date.now() - offset) / 1000);
    const n = Math.abs(s);
    b.textContent = `${s < 0 ? "−" : ""}${Math.floor(n / 60)}:${String(n % 60).padStart(2, "0")}`;
  }
};

if (root) {
  follow();
  if (document.querySelector("[data-ends]")) ask(() => {});
  setInterval(tick, 1000);
  document.addEventListener("visibilitychange", () => (document.hidden ? leave() : follow()));
  addEventListener("pagehide", leave);
  addEventListener("pageshow", follow);
}

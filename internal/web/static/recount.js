// The page that counts a public record again: it gives the file to a worker beside it, and says in the reader's language
// what came out. Texts stand in the page; nothing is sent anywhere.

const form = document.getElementById("recount"), out = document.getElementById("recounted");
const find = (root, name) => root.querySelector(`[data-${name}]`);
const number = new Intl.NumberFormat(document.documentElement.lang);
const when = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
const show = x => typeof x === "number" ? number.format(x) : x;

/** say is a text of the page, with what it is about. */
function say(what, args = {}) {
  const text = document.querySelector(`[data-say="${what}"]`).textContent;
  return text.replace(/\{(\w+)\}/g, (all, name) => name in args ? show(args[name]) : all);
}

const element = (tag, text) => Object.assign(document.createElement(tag), { textContent: text });

/** list fills a list that is shown when there is something in it. */
function list(name, lines) {
  const part = find(out, name);
  part.hidden = !lines.length;
  part.querySelector("ul").replaceChildren(...lines.map(s => element("li", s)));
}

const where = w => (w.leaf < 0 ? w.log : say("where", { log: w.log, n: w.leaf })) + ": " + say(w.what, w.args);

function rowsOf(b) {
  const rows = [["counted", b.counted], ["withdrawn", b.withdrawn || null]];
  if (b.type === "pledge") {
    for (const [i, n] of b.standing.entries()) rows.push(b.standing.length > 1 ? ["stands-part", n, { n: i + 1 }] : ["stands", n]);
    rows.push(["done", b.done]);
  }
  rows.push(["paper", b.declared || null], ["issued", b.issued], ["members", b.members || null], ["leaves", b.leaves], ["witnessed", b.witnessed]);
  for (const m of b.reached) rows.push(["reached", when.format(m.time * 1000), { n: m.goal }]);
  return rows.filter(([, n]) => n !== null);
}

function boxOf(b) {
  const dl = document.createElement("dl");
  dl.className = "kv";
  for (const [what, n, args] of rowsOf(b)) dl.append(element("dt", say("row-" + what, args)), element("dd", show(n)));
  const name = element("code", b.id);
  name.dir = "ltr";
  const h = element("h3", say(b.closed ? "box-closed" : "box-open"));
  h.append(" ", name);
  return [h, dl];
}

function result({ report: r, unchecked }) {
  find(out, "right").hidden = !r || r.wrong.length > 0 || r.signatures > 0;
  find(out, "wrong").hidden = !r?.wrong.length;
  find(out, "open").hidden = !!r && (r.wrong.length > 0 || !r.signatures);
  list("found", r?.wrong.map(where) ?? []);
  list("unchecked", unchecked ? [say(unchecked.what, unchecked.args)] : r.signatures ? [say("no-ed25519", { n: r.signatures })] : []);
  list("unproven", r?.unproven.map(x => say(x.what, x.args)) ?? []);
  const node = find(out, "node");
  node.hidden = !r?.key;
  if (r?.key) {
    find(node, "name").textContent = r.node;
    find(node, "key").textContent = r.key;
    find(node, "lines").textContent = show(r.size);
    find(node, "witnesses").textContent = say(r.cosigned < 0 ? "witnesses-none" : r.cosigned === r.size ? "witnesses-enough" : "witnesses-few");
  }
  find(out, "boxes").replaceChildren(...r?.boxes.flatMap(boxOf) ?? []);
  out.hidden = false;
  out.focus();
}

// The page's header forbids to start scripts by their address (Trusted Types) but for this one.
const address = form.dataset.worker;
const allowed = globalThis.trustedTypes?.createPolicy("recount", { createScriptURL: url => url === address ? url : null }) ?? { createScriptURL: url => url };

const bar = find(form, "bar"), busy = find(form, "busy"), stop = find(form, "stop"), failed = find(form, "failed");
let worker = null;

function end() {
  worker?.terminate();
  worker = null;
  bar.hidden = stop.hidden = true;
  busy.textContent = "";
}

function start(file) {
  end();
  out.hidden = failed.hidden = true;
  if (!file) {
    failed.hidden = false;
    failed.focus();
    return;
  }
  if (!globalThis.crypto?.subtle) return result({ unchecked: { what: "no-crypto", args: {} } });
  bar.hidden = stop.hidden = false;
  bar.removeAttribute("value");
  busy.textContent = say("busy");
  worker = new Worker(allowed.createScriptURL(address), { type: "module" });
  worker.addEventListener("message", ({ data }) => {
    if (data.progress) {
      bar.max = data.progress.all;
      bar.value = data.progress.done;
      return;
    }
    end();
    result(data);
  });
  worker.addEventListener("error", () => {
    end();
    result({ unchecked: { what: "failed", args: { why: "" } } });
  });
  worker.postMessage({ file, box: form.dataset.box }); // no box: a file of any record
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  start(form.elements.file.files[0]);
});
stop.addEventListener("click", () => {
  end();
  busy.textContent = say("stopped");
});
find(form, "fields").disabled = false;

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

// Of polls: options have numbers, as on the ballot; votes have up to five digits behind the point.
const exact = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 5 });
const listed = new Intl.ListFormat(document.documentElement.lang);
const votes = n => exact.format(n / 100000);
const option = n => say("option", { n: n + 1 });
const options = all => listed.format(all.map(option));
const sumNames = { yesno: ["yes", "no", "abstain"], consent: ["agree", "aside", "reservation", "block"] };
const sumName = (method, i) => sumNames[method] ? say("sum-" + sumNames[method][i]) : method === "check" ? say("mark", { n: i + 1 }) : option(i);
const reached = (text, met) => met ? text : say("not-enough", { text });
const needed = x => x?.needed ? reached(say("of", { n: x.reached, have: x.needed }), x.met) : null;

function rowsOfPoll(r) {
  const s = r.share;
  return [[say("row-method"), say("method-" + r.method)], ...r.sums.map((n, i) => [sumName(r.method, i), show(n)]),
    [say("row-weight"), r.eligible ? say("of", { n: r.weight, have: r.eligible }) : show(r.weight)],
    [say("row-quorum"), needed(r.quorum)], [say("row-support"), needed(r.support)],
    [say("row-share"), s ? reached(say(s.more ? "share-more" : "share-least", { n: s.reached, have: s.of, num: s.num, den: s.den }), s.met) : null],
    [say("row-order"), r.order.length ? r.order.map(option).join(" · ") : null]].filter(([, text]) => text !== null);
}

function roundOf(x) {
  const moves = x.moves.map(m => say(m.to < 0 ? "move-nobody" : "move", { n: votes(m.votes), to: option(m.to) }));
  const won = [...x.elected, ...x.filled];
  return [say("round-" + x.action, { option: option(x.option) }), moves.length ? say("moves", { all: listed.format(moves) }) : "",
    say("stand", { all: x.votes.map((n, o) => say("stands-with", { option: option(o), n: votes(n) })).join(" · ") }), won.length ? say("elected", { all: options(won) }) : ""]
    .filter(Boolean).join(" ");
}

const tieOf = (t, rounds) => [rounds ? say("after-round", { n: t.round + 1 }) : "", say("tie-" + t.for, { all: options(t.among), option: option(t.chosen) }), say("by-" + t.by)]
  .filter(Boolean).join(" ");

function pairsOf({ pairs, paths }) {
  const out = [];
  for (let a = 0; a < pairs.length; a++) for (let b = a + 1; b < pairs.length; b++) {
    out.push(say("pair", { a: option(a), b: option(b), n: pairs[a][b], have: pairs[b][a], path: paths[a][b], back: paths[b][a] }));
  }
  return out;
}

/** resultOf says how a poll came out: what was adopted, every round, and which lots broke ties. */
function resultOf(r) {
  const out = [], part = (name, tag, lines) => {
    if (!lines.length) return;
    const l = document.createElement(tag);
    l.append(...lines.map(s => element("li", s)));
    out.push(element("h4", say(name)), l);
  };
  const won = r.order.length ? say("adopted-options", { all: options(r.winners) }) : say("adopted");
  const p = document.createElement("p");
  p.append(element("strong", r.adopted ? won : say("not-adopted", { all: listed.format(r.reasons.map(x => say("reason-" + x))) })));
  out.push(p);
  part("rounds", "ol", (r.rounds ?? []).map(roundOf));
  part("pairs", "ul", r.pairs ? pairsOf(r) : []);
  part("ties", "ul", r.ties.map(t => tieOf(t, r.rounds)));
  if (r.order.length) out.push(element("p", say("names")));
  return out;
}

function rowsOf(b) {
  const rows = b.withheld ? [] : [[b.type === "poll" ? "ballots" : "counted", b.counted], ["withdrawn", b.withdrawn || null]];
  if (b.type === "pledge") {
    for (const [i, n] of b.standing.entries()) rows.push(b.standing.length > 1 ? ["stands-part", n, { n: i + 1 }] : ["stands", n]);
    rows.push(["done", b.done]);
  }
  rows.push(["paper", b.declared || null], ["issued", b.takes === "vote" ? null : b.issued],
    [b.takes === "vote" ? "seats" : "members", b.members || null], ["leaves", b.leaves], ["witnessed", b.witnessed]);
  for (const m of b.reached) rows.push(["reached", when.format(m.time * 1000), { n: m.goal }]);
  return rows.filter(([, n]) => n !== null);
}

function boxOf(b) {
  const dl = document.createElement("dl");
  dl.className = "kv";
  const rows = rowsOf(b).map(([what, n, args]) => [say("row-" + what, args), show(n)]);
  for (const [name, text] of [...rows, ...b.result ? rowsOfPoll(b.result) : []]) dl.append(element("dt", name), element("dd", text));
  const name = element("code", b.id);
  name.dir = "ltr";
  const h = element("h3", say(b.withheld ? "box-withheld" : b.closed ? "box-closed" : "box-open"));
  h.append(" ", name);
  return [h, dl, ...b.result ? resultOf(b.result) : []];
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

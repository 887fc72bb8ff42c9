// Counting a public record again, from its files: docs/record.md, "Which boxes are right". No library, and nothing of
// the scripts that take part. What is found is a name with numbers; the texts stand in the page, in its language.

import { areRules, count, isPaper } from "./tally.js";

const enc = new TextEncoder();
const subtle = crypto.subtle;

/** Wrong is something that was disproven: in which log, at which leaf (-1 for the whole log). */
export class Wrong extends Error {
  constructor(log, leaf, what, args = {}) {
    super(`${log}, leaf ${leaf}: ${what}`);
    this.found = { log, leaf, what, args };
  }
}

/** Unchecked is why something could not be checked, which proves nothing. */
export class Unchecked extends Error {
  constructor(what, args = {}) {
    super(what);
    this.found = { what, args };
  }
}

/** No is what is wrong with one leaf, before it is known which. */
class No extends Error {
  constructor(what, args = {}) {
    super(what);
    this.args = args;
  }
}
const need = (ok, what, args) => { if (!ok) throw new No(what, args); };

// --- bytes

export const join = (...parts) => {
  const all = parts.map(p => typeof p === "string" ? enc.encode(p) : p);
  const out = new Uint8Array(all.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of all) { out.set(p, at); at += p.length; }
  return out;
};
export const hex = b => Array.from(b, x => x.toString(16).padStart(2, "0")).join("");
export const unhex = s => Uint8Array.from(s.match(/../g) ?? [], x => parseInt(x, 16));
export const sha256 = async b => new Uint8Array(await subtle.digest("SHA-256", b));
const same = (a, b) => a.length === b.length && a.every((x, i) => x === b[i]);
const text = b => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(b);

/** base64 reads the one way of writing bytes; null when it is none. */
export function base64(s) {
  try {
    const b = atob(s);
    return btoa(b) === s ? Uint8Array.from(b, c => c.charCodeAt(0)) : null;
  } catch {
    return null;
  }
}

const alphabet = "abcdefghijklmnopqrstuvwxyz234567";
const isID = s => /^[a-z2-7]{25}[aeimquy4]$/.test(s);

/** idOf is the name of 16 bytes. */
function idOf(b) {
  let n = BigInt("0x" + hex(b)) << 2n, s = "";
  for (let i = 0; i < 26; i++, n >>= 5n) s = alphabet[Number(n & 31n)] + s;
  return s;
}
const bytesOf = id => unhex(([...id].reduce((n, c) => n << 5n | BigInt(alphabet.indexOf(c)), 0n) >> 2n).toString(16).padStart(32, "0"));

/** nameOf is the name of what a leaf opens. */
export const nameOf = async leaf => idOf((await sha256(leaf)).slice(0, 16));

// --- signatures

/** missing counts the Ed25519 signatures that this browser could not check, because it does not know how. */
export const missing = { count: 0 };
const knowsEd25519 = subtle.importKey("raw", new Uint8Array(32).fill(1, 0, 1), "Ed25519", false, ["verify"])
  .then(() => true, e => e.name !== "NotSupportedError");

/** ed25519 says whether a signature fits; a browser that cannot say notes that. */
export async function ed25519(key, message, sig) {
  if (!await knowsEd25519) {
    missing.count++;
    return true;
  }
  try {
    return await subtle.verify("Ed25519", await subtle.importKey("raw", key, "Ed25519", false, ["verify"]), sig, message);
  } catch {
    return false;
  }
}

// Keys of small order, without the sign: under them a signature fits many messages.
const small = new Set(["00".repeat(32), "01" + "00".repeat(31), "ec" + "ff".repeat(30) + "7f", "ed" + "ff".repeat(30) + "7f", "ee" + "ff".repeat(30) + "7f",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"]);
const isSmall = key => small.has(hex(join(key.slice(0, 31), Uint8Array.of(key[31] & 0x7f))));

// A slot's key is written in one way only: this, the modulus, and the exponent 65537 (RFC 9578 section 6.5).
const keyHead = "30820152303d06092a864886f70d01010a3030a00d300b0609608648016503040202a11a301806092a864886f70d010108300b0609608648016503040202" +
  "a2030201300382010f003082010a0282010100";

/** slotKey reads a slot's key, as the browser wants it; null when it is none. */
export async function slotKey(der) {
  const n = der.slice(81, 337);
  if (der.length !== 342 || hex(der.slice(0, 81)) !== keyHead || hex(der.slice(337)) !== "0203010001" || !(n[0] & 0x80) || !(n[255] & 1)) return null;
  const jwk = { kty: "RSA", e: "AQAB", n: btoa(String.fromCharCode(...n)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "") };
  return { id: await sha256(der), verify: await subtle.importKey("jwk", jwk, { name: "RSA-PSS", hash: "SHA-384" }, false, ["verify"]) };
}

/** challenge is what all credentials of a slot have in common. */
export async function challenge(registrar, roll, slot) {
  const name = enc.encode(registrar);
  return join(Uint8Array.of(0, 2, name.length >> 8, name.length & 255), name, Uint8Array.of(32), await sha256(join(bytesOf(roll), Uint8Array.of(slot))), Uint8Array.of(0, 0));
}

/** tokenInput is what a credential signs. */
export const tokenInput = async (key, asked, slotsKey) => join(Uint8Array.of(0, 2), key, await sha256(asked), slotsKey.id);

/** credential says whether an authenticator fits. */
export const credential = (slotsKey, input, auth) => subtle.verify({ name: "RSA-PSS", saltLength: 48 }, slotsKey.verify, auth, input);

/** statement is what the key of a say leaf signs. */
export const statement = (origin, counter, body) =>
  join("convoke/v1\n", origin, "\n", Uint8Array.of(counter >>> 24, counter >>> 16 & 255, counter >>> 8 & 255, counter & 255), body);

// --- canonical JSON (RFC 8785), of the kinds that the record holds

function canonical(v) {
  if (typeof v === "boolean") return String(v);
  if (typeof v === "number") {
    need(Number.isSafeInteger(v), "leaf");
    return String(v);
  }
  if (typeof v === "string") {
    need(!/\p{Surrogate}/u.test(v), "leaf");
    return JSON.stringify(v);
  }
  need(v !== null, "leaf");
  if (Array.isArray(v)) return "[" + v.map(canonical).join(",") + "]";
  return "{" + Object.keys(v).sort().map(k => canonical(k) + ":" + canonical(v[k])).join(",") + "}";
}

function readJSON(b) {
  const s = text(b), v = JSON.parse(s);
  need(typeof v === "object" && !Array.isArray(v) && canonical(v) === s, "leaf");
  return v;
}

const whole = most => v => Number.isSafeInteger(v) && v >= 0 && v <= most;
const word = v => typeof v === "string";
const any = 2 ** 53;
const boxFields = { v: v => v === 1, type: v => ["petition", "pledge", "poll", "attend", "fund"].includes(v), node: word, text: word, opens: whole(any), closes: whole(any),
  takes: v => ["sign", "say", "vote"].includes(v), roll: isID, slot: whole(31) };
const boxMay = { parts: whole(65535), threshold: whole(2 ** 32 - 1), goals: v => Array.isArray(v) && v.every(g => whole(any)(g) && g > 0), min_batch: whole(any),
  pledges_until: whole(any), client: word, poll: areRules, freeze: v => v === true, sealed: isSealed };
const gates = { members: true, codes: true, seats: true, email: false, paper: false, browser: false };
const rollFields = { v: v => v === 1, node: word, gate: v => Object.hasOwn(gates, v), closed: v => typeof v === "boolean", registrar: word, salt: word };
const rollMay = { size: whole(2 ** 32 - 1), keys: v => Array.isArray(v) && v.length <= 32 && v.every(word) };

/** manifest checks names and types; what may be left out is left out when it is zero or empty. */
function manifest(b, must, may) {
  const m = readJSON(b);
  for (const k in must) need(Object.hasOwn(m, k) && must[k](m[k]), "leaf");
  for (const k in m) need(Object.hasOwn(must, k) || Object.hasOwn(may, k) && may[k](m[k]) && m[k] && m[k].length !== 0, "leaf");
  return m;
}

const prime = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;
const curveB = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;

/** onCurve tells whether base64 stands for an uncompressed point of P-256. */
function onCurve(s) {
  if (!/^[A-Za-z0-9+/]{87}=$/.test(s)) return false;
  const k = Uint8Array.from(atob(s), c => c.charCodeAt(0));
  if (k[0] !== 4 || btoa(String.fromCharCode(...k)) !== s) return false;
  const [x, y] = [k.slice(1, 33), k.slice(33)].map(c => BigInt("0x" + hex(c)));
  return x < prime && y < prime && (y * y - x * x * x + 3n * x - curveB) % prime === 0n;
}

/** isSealed takes what docs/sealed.md says of trustees, all but their transcript. */
function isSealed(v) {
  return Object.keys(v).sort().join() === "key,need,room,transcript,trustees" && whole(9)(v.trustees) && whole(v.trustees)(v.need) && v.need >= 2 &&
    whole(4012)(v.room) && v.room > 0 && word(v.transcript) && /^[0-9a-f]{64}$/.test(v.transcript) && word(v.key) && onCurve(v.key);
}

function boxManifest(b) {
  const m = manifest(b, boxFields, boxMay), until = m.pledges_until;
  need(!m.closes || m.closes > m.opens, "leaf");
  need(!until || m.type === "pledge" && until > m.opens && (!m.closes || until <= m.closes), "leaf");
  const poll = m.type === "poll";
  need(poll === "poll" in m && (poll ? m.takes !== "sign" : m.takes !== "vote"), "leaf");
  need(!poll || !("parts" in m || "threshold" in m || "goals" in m), "leaf");
  need(!m.freeze || poll && m.takes === "say", "leaf");
  need(!m.sealed || m.type === "poll" && m.takes === "say" && m.closes, "leaf");
  return m;
}

function rollManifest(b) {
  const m = manifest(b, rollFields, rollMay);
  need(m.closed === gates[m.gate] && m.closed === "size" in m, "leaf");
  need((m.gate === "seats") !== "keys" in m, "leaf");
  return m;
}

// --- leaves

const kinds = { log: [1, 2, 3, 4, 5, 6, 7, 8, 9], b: [0x10, 0x11, 0x12, 0x13, 0x14], r: [0x20, 0x21, 0x22, 0x23, 0x24, 0x25] };

function fieldsOf(kind, r) {
  switch (kind) {
    case 0x01: return { manifest: boxManifest(r.rest()) };
    case 0x02: return { log: hex(r.take(32)), size: r.long(), root: hex(r.take(32)) };
    case 0x03: return { box: idOf(r.take(16)), size: r.long(), root: hex(r.take(32)) };
    case 0x04: return { box: idOf(r.take(16)), hash: r.take(32) };
    case 0x05: return { box: idOf(r.take(16)), trustee: r.num(1), share: r.take(32) };
    case 0x06: return { box: idOf(r.take(16)), part: r.num(4) | 0, goal: r.long(), count: r.long(), size: r.long(), time: r.long() };
    case 0x07: return { box: idOf(r.take(16)), note: readJSON(r.rest()) };
    case 0x08: return { ladder: readJSON(r.rest()) };
    case 0x09: return { of: idOf(r.take(16)), step: readJSON(r.rest()) };
    case 0x10: return { key: r.take(32), auth: r.take(256) };
    case 0x11: return { key: r.take(32), auth: r.take(r.num(2)), counter: r.num(4), body: r.take(r.num(2)), sig: r.take(64) };
    case 0x12: return { sequence: r.long(), out: r.num(1), units: r.long(), currency: r.take(3), hash: r.take(32) };
    case 0x13: return { count: r.num(4), hash: r.take(32) };
    case 0x14: return { seat: r.num(4), counter: r.num(4), salt: r.take(16), body: r.take(r.num(2)) };
    case 0x20: return { manifest: rollManifest(r.rest()) };
    case 0x21: return { hash: hex(r.take(32)) };
    case 0x22: return { member: r.num(4), mode: r.num(1), slots: r.num(4), hash: r.take(32) };
    case 0x23: return { slot: r.num(1), key: r.take(32), auth: r.take(256) };
    case 0x24: return { slot: r.num(1), issued: r.long(), activated: r.long() };
    case 0x25: return { hash: hex(r.take(32)), weight: r.num(4) };
  }
  throw new No("leaf");
}

/** readLeaf reads a leaf; what is not the one encoding throws. */
export function readLeaf(b) {
  let at = 2;
  const take = n => {
    need(at + n <= b.length, "leaf");
    return b.subarray(at, at += n);
  };
  const num = n => take(n).reduce((x, y) => x * 256 + y, 0);
  const long = () => {
    need(b[at] < 128, "leaf"); // below 2^63
    return num(8);
  };
  const r = { take, num, long, rest: () => take(b.length - at) };
  try {
    need(b.length >= 2 && b[0] === 1, "leaf");
    const f = { kind: b[1], ...fieldsOf(b[1], r) };
    need(at === b.length, "leaf");
    need(f.kind !== 0x11 || [0, 256].includes(f.auth.length) && f.body.length <= 4096, "leaf");
    need(f.kind !== 0x14 || f.body.length <= 4096, "leaf");
    need(f.kind !== 0x25 || f.weight > 0, "leaf");
    need(f.kind !== 0x12 || f.out < 2, "leaf");
    need(f.kind !== 0x22 || f.mode < 2 && f.slots > 0, "leaf");
    return f;
  } catch {
    throw new No("leaf");
  }
}

// --- trees (RFC 6962) and notes (C2SP)

export const leafHash = leaf => sha256(join(Uint8Array.of(0), leaf));
const nodeHash = (a, b) => sha256(join(Uint8Array.of(1), a, b));

/** Tree keeps the roots of its largest full subtrees. */
export class Tree {
  size = 0;
  edge = [];
  async push(h) {
    for (let bit = this.size; bit % 2 === 1; bit = Math.floor(bit / 2)) h = await nodeHash(this.edge.pop(), h);
    this.edge.push(h);
    this.size++;
  }
  async root() {
    if (!this.edge.length) return sha256(new Uint8Array());
    let r = this.edge.at(-1);
    for (let i = this.edge.length - 2; i >= 0; i--) r = await nodeHash(this.edge[i], r);
    return r;
  }
}

/** readKey reads NAME+ID+BASE64; null when it is none. */
async function readKey(s) {
  const part = s.split("+"), raw = base64(part.slice(2).join("+"));
  if (!part[0] || !raw || raw.length !== 33 || hex((await sha256(join(part[0], "\n", raw))).slice(0, 4)) !== part[1]) return null;
  return { name: part[0], id: part[1], kind: raw[0], key: raw.slice(1) };
}

/** readNote is the text of a note and its signatures; null when it is none. */
function readNote(b) {
  let s;
  try { s = text(b); } catch { return null; }
  const at = s.lastIndexOf("\n\n");
  if (at < 0 || !s.endsWith("\n") || /[\x00-\x09\x0b-\x1f]/.test(s)) return null;
  const signatures = s.slice(at + 2, -1).split("\n").map(line => {
    const [dash, name, raw, more] = line.split(" "), sig = base64(raw ?? "");
    return dash === "—" && name && sig?.length > 4 && more === undefined ? { name, id: hex(sig.slice(0, 4)), sig: sig.slice(4) } : null;
  });
  return signatures.includes(null) ? null : { text: s.slice(0, at + 1), signatures };
}

/** checkpoint reads a checkpoint that the node's key has signed. */
export async function checkpoint(b, path, origin, key) {
  const note = readNote(b);
  const id = hex((await sha256(join(origin, "\n", Uint8Array.of(1), key))).slice(0, 4));
  const mine = note?.signatures.filter(s => s.name === origin && s.id === id) ?? [];
  if (!mine.length) throw new Wrong(path, -1, "not-signed");
  for (const s of mine) if (!await ed25519(key, enc.encode(note.text), s.sig)) throw new Wrong(path, -1, "not-signed");
  const lines = note.text.split("\n"), root = base64(lines[2] ?? "");
  if (lines.length !== 4 || lines[0] !== origin) throw new Wrong(path, -1, "other-log");
  if (!/^(0|[1-9]\d{0,15})$/.test(lines[1]) || root?.length !== 32) throw new Wrong(path, -1, "unreadable");
  return { size: Number(lines[1]), root: hex(root), note };
}

/** readPolicy reads a tlog-policy: the node's key, and whose cosignatures are enough. */
async function readPolicy(b) {
  const p = { node: "", line: "", key: null, witnesses: new Map(), groups: new Map(), quorum: "none" };
  const bad = () => { throw new Unchecked("no-policy"); };
  if (!b) bad();
  for (const line of new TextDecoder().decode(b).split("\n")) {
    const [what, name, ...more] = line.trim().split(/\s+/);
    if (!what || what.startsWith("#")) continue;
    if (what === "log" && !p.key) {
      const k = await readKey(name ?? "");
      if (!k || k.kind !== 1 || !/^.+\/log$/.test(k.name)) bad();
      Object.assign(p, { node: k.name.slice(0, -"/log".length), line: name, key: k.key });
    } else if (what === "witness" && more.length) p.witnesses.set(name, await readKey(more[0]));
    else if (what === "group" && more.length > 1) p.groups.set(name, { least: { any: 1, all: more.length - 1 }[more[0]] ?? Number(more[0]), members: more.slice(1) });
    else if (what === "quorum" && name) p.quorum = name;
    else bad();
  }
  if (!p.key) bad();
  return p;
}

/** satisfied says whether enough witnesses have cosigned a note. */
async function satisfied(p, note, name = p.quorum) {
  const g = p.groups.get(name), w = p.witnesses.get(name);
  if (g) {
    let n = 0;
    for (const m of g.members) if (await satisfied(p, note, m)) n++;
    return g.least >= 1 && n >= g.least;
  }
  if (w?.kind !== 4 || !await knowsEd25519) return false;
  for (const s of note.signatures) {
    if (s.name !== w.name || s.id !== w.id || s.sig.length !== 72) continue;
    const time = s.sig.slice(0, 8).reduce((x, y) => x * 256 + y, 0);
    if (await ed25519(w.key, enc.encode(`cosignature/v1\ntime ${time}\n${note.text}`), s.sig.slice(8))) return true;
  }
  return false;
}

// --- reading a log

const width = 256;

/** tilePath is the place of a tile of hashes (level 0 and up) or of leaves ("entries"). */
export function tilePath(level, index, n) {
  let s = String(index % 1000).padStart(3, "0");
  for (let x = Math.floor(index / 1000); x > 0; x = Math.floor(x / 1000)) s = `x${String(x % 1000).padStart(3, "0")}/${s}`;
  return `tile/${level}/${s}` + (n === width ? "" : `.p/${n}`);
}

/** entries cuts a bundle into its leaves; null when it is damaged. */
function entries(b, n) {
  const out = [];
  for (let at = 0; at < b.length;) {
    const size = b[at] * 256 + b[at + 1];
    if (!(at + 2 + size <= b.length) || out.length === n) return null;
    out.push(b.subarray(at + 2, at + 2 + size));
    at += 2 + size;
  }
  return out.length === n ? out : null;
}

const parts = (hashes, size = 32) => Array.from({ length: hashes.length / size }, (_, i) => hashes.subarray(i * size, (i + 1) * size));

async function treeOf(hashes) {
  const t = new Tree();
  for (const h of parts(hashes)) await t.push(h);
  return t.root();
}

/**
 * readLog reads all leaves of a log in order, and compares the tiles and roots with what was signed and with what the
 * node's log says (at: roots by their sizes). each is told the number of the first leaf of every bundle, and the leaves.
 */
export async function readLog(source, path, signed, at, each, progress = () => {}) {
  const { size } = signed, tree = new Tree();
  let row = [];
  const file = async (level, index, n, leaf) => {
    const name = tilePath(level, index, n), b = await source.get(`${path}/${name}`);
    if (!b) throw new Wrong(path, leaf, "missing", { file: name });
    return b;
  };
  for (let first = 0; first < size; first += width) {
    const n = Math.min(width, size - first);
    const leaves = entries(await file("entries", first / width, n, first), n);
    if (!leaves) throw new Wrong(path, first, "bundle");
    const tile = await file(0, first / width, n, first);
    if (tile.length !== n * 32) throw new Wrong(path, first, "tile");
    const hashes = await Promise.all(leaves.map(leafHash)), told = parts(tile);
    for (let i = 0; i < n; i++) {
      if (!same(hashes[i], told[i])) throw new Wrong(path, first + i, "hash");
      await tree.push(hashes[i]);
      if (at.has(tree.size) && at.get(tree.size) !== hex(await tree.root())) throw new Wrong(path, first + i, "anchor", { n: tree.size });
    }
    await each(first, leaves);
    if (n === width) row.push(await treeOf(tile));
    progress(path, first + n, size);
  }
  if (hex(await tree.root()) !== signed.root) throw new Wrong(path, -1, "root");
  for (let level = 1; row.length; level++) {
    const next = [];
    for (let i = 0; i < row.length; i += width) {
      const part = row.slice(i, i + width), want = join(...part), name = tilePath(level, i / width, part.length);
      if (!same(await file(level, i / width, part.length, -1), want)) throw new Wrong(path, -1, "upper", { file: name });
      if (part.length === width) next.push(await treeOf(want));
    }
    row = next;
  }
  if (at.has(0) && at.get(0) !== hex(await new Tree().root())) throw new Wrong(path, -1, "anchor", { n: 0 });
  for (const n of at.keys()) if (n > size) throw new Wrong(path, -1, "dropped", { n, have: size });
}

/** inLog reads a leaf of a log, and says at which place something is wrong. */
async function inLog(path, n, call) {
  try {
    return await call();
  } catch (e) {
    if (e instanceof No) throw new Wrong(path, n, e.message, e.args);
    throw e;
  }
}

const kindOf = (leaf, log) => {
  need(leaf.length >= 2 && leaf[0] === 1 && kinds[log].includes(leaf[1]), "leaf");
  return readLeaf(leaf);
};

// --- the node's log

class NodeLog {
  opens = [];
  slots = new Set();
  about = new Map(); // by box
  anchors = new Map(); // by the hash of a log's origin
  ladders = new Set();
  constructor(name) { this.name = name; }

  async take(n, leaf, cosigned) {
    const f = kindOf(leaf, "log");
    if (f.kind === 0x01) {
      const id = await nameOf(leaf), slot = `${f.manifest.roll} ${f.manifest.slot}`;
      need(f.manifest.node === this.name, "other-node");
      need(!this.slots.has(slot), "slot-twice");
      this.slots.add(slot);
      const sealed = f.manifest.sealed;
      need(!sealed || !this.slots.has(sealed.transcript), "slot-twice");
      if (sealed) this.slots.add(sealed.transcript);
      this.opens.push({ id, at: n, manifest: f.manifest });
      this.about.set(id, { milestones: [], close: null, result: "", trustees: sealed?.trustees ?? 0, released: new Set() });
    } else if (f.kind === 0x02) {
      if (!this.anchors.has(f.log)) this.anchors.set(f.log, { at: new Map(), most: 0, cosigned: 0 });
      const a = this.anchors.get(f.log);
      need(f.size >= a.most && (a.at.get(f.size) ?? f.root) === f.root, "shrank");
      a.at.set(f.size, f.root);
      a.most = f.size;
      if (n < cosigned) a.cosigned = f.size;
    } else if (f.kind === 0x08) {
      if (f.ladder.version === 1) this.ladders.add(await nameOf(leaf));
      else need(this.ladders.has(f.ladder.ladder), "not-opened");
    } else if (f.kind === 0x09) {
      need(this.ladders.has(f.of), "not-opened");
    } else {
      const a = this.about.get(f.box);
      need(a, "not-opened");
      if (f.kind === 0x03) {
        need(!a.close, "closed-twice");
        a.close = f;
      }
      if (f.kind === 0x05) {
        need(a.close && f.trustee >= 1 && f.trustee <= a.trustees && !a.released.has(f.trustee), "leaf");
        a.released.add(f.trustee);
      }
      if (f.kind === 0x04) {
        need(a.close, "result-early");
        need(!a.result, "result-twice");
        a.result = hex(f.hash);
      }
      if (f.kind === 0x06) a.milestones.push(f);
    }
  }
}

// --- rolls

class Roll {
  members = 0;
  last = "";
  taken = new Set();
  issued = Array(32).fill(0);
  activated = Array.from({ length: 32 }, () => new Set());
  frozen = new Set();
  assisted = 0;
  seats = []; // what each weighs
  constructor(id, node) { Object.assign(this, { id, node }); }

  async take(n, leaf) {
    const f = kindOf(leaf, "r");
    if (n === 0) return this.open(f, leaf);
    switch (f.kind) {
      case 0x21: return this.member(n, f);
      case 0x22: return this.issue(f);
      case 0x23: return this.activate(f);
      case 0x24: return this.freeze(f);
      case 0x25: return this.seat(f);
    }
    throw new No("leaf");
  }

  async open(f, leaf) {
    need(f.kind === 0x20, "leaf");
    need(await nameOf(leaf) === this.id && f.manifest.node === this.node, "other-roll");
    this.manifest = f.manifest;
    const keys = (f.manifest.keys ?? []).map(base64);
    need(!keys.includes(null), "leaf");
    this.keys = await Promise.all(keys.map(slotKey));
    need(!this.keys.includes(null), "leaf");
  }

  member(n, f) {
    need(this.manifest.closed && this.manifest.gate !== "seats" && n === this.members + 1 && f.hash > this.last, "member");
    this.members++;
    this.last = f.hash;
  }

  /** seat takes who votes by name. */
  seat({ weight }) {
    this.eligible = (this.eligible ?? 0) + weight;
    need(this.manifest.gate === "seats" && this.eligible <= 9e10, "seat");
    this.members++;
    this.seats.push(weight);
  }

  has(slot) { return slot < this.keys.length && !this.frozen.has(slot); }

  issue(f) {
    const { closed, size, gate } = this.manifest, nobody = f.member === 0xffffffff;
    need(gate !== "seats" && closed !== nobody && (!closed || f.member < size), "issue");
    for (let slot = 0; slot < 32; slot++) {
      if (!(f.slots >>> slot & 1)) continue;
      const who = `${f.member} ${slot}`;
      need(this.has(slot) && !(closed && this.taken.has(who)), "issue");
      if (closed) this.taken.add(who);
      this.issued[slot]++;
    }
    this.assisted += f.mode;
  }

  async activate(f) {
    const key = hex(f.key);
    need(this.has(f.slot) && !this.activated[f.slot].has(key), "activate");
    this.activated[f.slot].add(key);
    const input = await tokenInput(f.key, await challenge(this.manifest.registrar, this.id, f.slot), this.keys[f.slot]);
    need(await credential(this.keys[f.slot], input, f.auth), "activate");
  }

  freeze(f) {
    need(this.has(f.slot), "freeze");
    this.frozen.add(f.slot);
    need(f.issued === this.issued[f.slot] && f.activated === this.activated[f.slot].size, "freeze");
  }
}

// --- boxes

/** standing is the largest k for which at least k pledges have a threshold of k or less. */
export function standing(thresholds) {
  const sorted = [...thresholds].sort((a, b) => a - b);
  let best = 0;
  for (let i = 0; i < sorted.length; i++) {
    // So many wait for no more than this; when the next waits for more, it has to be less than that.
    const k = Math.min(i + 1, (sorted[i + 1] ?? Infinity) - 1);
    if (k >= sorted[i]) best = Math.max(best, k);
  }
  return best;
}

class Box {
  counted = 0;
  withdrawn = 0;
  done = 0;
  declared = 0;
  signed = new Set(); // keys that took part
  says = new Map(); // what each that said something says now
  reached = [];
  constructor(x, path, origin, roll, about) {
    Object.assign(this, { path, origin, roll, m: x.manifest, id: x.id, key: roll.keys[x.manifest.slot], close: about.close, told: about.result });
    this.milestones = [...about.milestones].sort((a, b) => a.size - b.size);
  }

  /** check verifies what needs no order: credentials and signatures. */
  async check(leaf) {
    const f = kindOf(leaf, "b");
    if (f.kind === 0x11) need(!isSmall(f.key) && await ed25519(f.key, statement(this.origin, f.counter, f.body), f.sig), "signature");
    if (f.auth?.length) need(await credential(this.key, await tokenInput(f.key, this.asked, this.key), f.auth), "credential");
  }

  take(n, leaf) {
    const f = kindOf(leaf, "b");
    need((f.kind === 0x14) === (this.m.takes === "vote"), "takes");
    if (f.kind === 0x10) this.sign(hex(f.key));
    else if (f.kind === 0x11) this.say(hex(f.key), f);
    else if (f.kind === 0x14) this.say(f.seat, f);
    else if (f.kind === 0x13 && this.m.type !== "poll") this.declared += f.count;
    else throw new No("leaf");
    while (this.milestones[0]?.size === n + 1) this.milestone(this.milestones.shift());
  }

  sign(key) {
    need(this.m.takes === "sign", "takes");
    need(!this.signed.has(key), "twice");
    this.signed.add(key);
    this.counted++;
  }

  say(key, f) {
    const has = this.says.get(key), seen = this.signed.has(key);
    const old = has ?? { counter: -1, live: seen, done: false, threshold: 0, part: 0 };
    if (f.kind === 0x14) need(key < this.roll.seats.length, "no-seat");
    else need(seen || f.auth.length || this.roll.activated[this.m.slot].has(key), "no-credential");
    need(f.counter > old.counter, "stale");
    const now = this.apply(old, f);
    this.signed.add(key);
    this.says.set(key, now);
    this.counted += now.live - old.live;
    if (old.live && !now.live) this.withdrawn++;
    if (!old.live && now.live && has) this.withdrawn--;
    if (now.done && !old.done) this.done++;
  }

  apply(old, { counter, body }) {
    const pledges = this.m.type === "pledge" && this.m.takes === "say", kind = body[0];
    if (kind === 4 && body.length === 1) {
      need(old.live, "nothing-back");
      return { ...old, counter, live: false };
    }
    if (kind === 6 && body.length === 1 && pledges) {
      need(old.live, "not-pledged");
      return { ...old, counter, done: true };
    }
    if (kind === 3 && this.m.sealed) {
      need(body.length === 84 + this.m.sealed.room, "paper");
      return { ...old, counter, live: true };
    }
    if (kind === 2 && this.m.type === "poll" && !this.m.sealed) {
      const paper = body.subarray(1);
      need(isPaper(this.m.poll, paper), "paper");
      return { ...old, counter, paper, live: true };
    }
    need(kind === 1 && pledges, "takes");
    need(body.length === 7, "leaf");
    const threshold = body.slice(1, 5).reduce((x, y) => x * 256 + y, 0), part = body[5] * 256 + body[6];
    need(threshold > 0, "leaf");
    need((!this.m.threshold || threshold === this.m.threshold) && part < Math.max(1, this.m.parts ?? 0), "rule");
    return { ...old, counter, threshold, part, live: true };
  }

  stands(part) {
    return standing([...this.says.values()].filter(s => s.live && s.threshold && s.part === part).map(s => s.threshold));
  }

  milestone({ part, goal, count, time }) {
    const m = this.m, apart = m.takes === "say" && m.parts > 0;
    need(m.type !== "poll", "goal-poll", { goal });
    need(apart ? part >= 0 && part < m.parts : part === -1, "goal-part", { goal });
    need(!m.pledges_until || time < m.pledges_until, "goal-late", { goal });
    const n = m.takes === "say" ? this.stands(Math.max(part, 0)) : this.counted;
    need((m.goals?.includes(goal) || m.threshold === goal) && n === count && n >= goal, "goal", { goal, count, n });
    need(!this.reached.some(x => x.part === part && x.goal === goal), "goal-twice", { goal });
    this.reached.push({ part, goal, time });
  }

  /** result counts a poll that has closed, and compares that with what the node's log says came out. */
  async result() {
    if (this.m.freeze && !this.roll.frozen.has(this.m.slot)) throw new Wrong(this.path, -1, "not-frozen");
    if (this.m.sealed) return null; // opened by programs, not here
    const seats = this.m.takes === "vote", said = [...this.says].filter(([, s]) => s.live);
    const eligible = seats ? this.roll.eligible : this.roll.manifest.size ?? 0;
    const r = count(this.m.poll, said.map(([key, s]) => [s.paper, seats ? this.roll.seats[key] : 1]), eligible);
    const right = !this.told || this.told === hex(await sha256(enc.encode(canonical(r))));
    return { result: r, told: !!this.told, right };
  }

  /** end checks what the node's log says of the end. */
  end(signed) {
    if (this.milestones.length) throw new Wrong(this.path, -1, "goal-beyond", { n: this.milestones[0].size, have: signed.size });
    if (this.close && (this.close.size !== signed.size || this.close.root !== signed.root)) {
      throw new Wrong(this.path, -1, "closed", { n: this.close.size, have: signed.size });
    }
  }
}

// --- the whole

class Verifier {
  rolls = new Map();
  constructor(source, progress) {
    Object.assign(this, { source, progress });
    this.report = { node: "", key: "", size: 0, cosigned: -1, boxes: [], wrong: [], unproven: [], signatures: 0 };
  }

  async signed(path) {
    const b = await this.source.get(path + "/checkpoint");
    if (!b) throw new Unchecked("no-checkpoint", { log: path });
    return checkpoint(b, path, `${this.policy.node}/${path}`, this.policy.key);
  }

  async anchors(path) {
    const name = hex(await sha256(enc.encode(`${this.policy.node}/${path}`)));
    return this.node.anchors.get(name) ?? { at: new Map(), most: 0, cosigned: 0 };
  }

  /** collect keeps what is wrong and goes on; what could not be checked ends all. */
  async collect(call) {
    try {
      await call();
    } catch (e) {
      if (!(e instanceof Wrong)) throw e;
      this.report.wrong.push(e.found);
    }
  }

  async readNode() {
    const s = await this.signed("log"), r = this.report;
    r.size = s.size;
    if (this.policy.witnesses.size) r.cosigned = await satisfied(this.policy, s.note) ? s.size : 0;
    this.node = new NodeLog(this.policy.node);
    await readLog(this.source, "log", s, new Map(), async (first, leaves) => {
      for (const [i, leaf] of leaves.entries()) await inLog("log", first + i, () => this.node.take(first + i, leaf, r.cosigned));
    }, this.progress);
  }

  async rollOf(id) {
    if (this.rolls.has(id)) return this.rolls.get(id);
    const path = "r/" + id, s = await this.signed(path), roll = new Roll(id, this.policy.node);
    await readLog(this.source, path, s, (await this.anchors(path)).at, async (first, leaves) => {
      for (const [i, leaf] of leaves.entries()) await inLog(path, first + i, () => roll.take(first + i, leaf));
    }, this.progress);
    const size = roll.manifest?.size ?? 0;
    if (!roll.keys || roll.members !== size) throw new Wrong(path, -1, "members", { n: roll.members, have: size });
    this.rolls.set(id, roll);
    return roll;
  }

  async box(x) {
    const roll = await this.rollOf(x.manifest.roll), path = "b/" + x.id, m = x.manifest, vote = m.takes === "vote", about = this.node.about.get(x.id);
    if (vote !== (roll.manifest.gate === "seats") || m.slot >= (vote ? 1 : roll.keys.length)) throw new Wrong("log", x.at, "no-slot");
    const s = await this.signed(path), a = await this.anchors(path);
    if (m.type === "poll" && !about.close) return this.withheld(x, path, roll, s, a);
    const box = new Box(x, path, `${this.policy.node}/${path}`, roll, about);
    box.asked = await challenge(roll.manifest.registrar, roll.id, x.manifest.slot);
    await this.leaves(box, s, a.at);
    box.end(s);
    const { type, parts: n, takes, slot } = m, keys = box.signed.size, issued = roll.issued[slot], poll = type === "poll" ? await box.result() : null;
    if (m.sealed) this.report.unproven.push({ what: "sealed-poll", args: {} });
    this.report.boxes.push({
      id: x.id, type, takes, rules: m.poll, ...poll, closed: box.close !== null, leaves: s.size, counted: box.counted, withdrawn: box.withdrawn, done: box.done, declared: box.declared,
      standing: takes === "say" && type !== "poll" ? Array.from({ length: Math.max(n ?? 0, 1) }, (_, part) => box.stands(part)) : [],
      gate: roll.manifest.gate, issued, assisted: roll.assisted, members: roll.manifest.size ?? 0, anchored: a.most, witnessed: a.cosigned, reached: box.reached, keys,
    });
    if (keys > issued && !vote) throw new Wrong(path, -1, "too-many", { n: keys, have: issued });
    if (poll && !poll.right) throw new Wrong(path, -1, "result");
  }

  /** withheld takes a poll that is open: nothing of it can be counted, and its checkpoint does not contradict what the node's log says of it. */
  withheld(x, path, roll, s, a) {
    const { size } = s, { takes, slot } = x.manifest, [m] = this.node.about.get(x.id).milestones;
    this.report.boxes.push({
      id: x.id, type: "poll", takes, withheld: true, closed: false, leaves: size, counted: 0, withdrawn: 0, standing: [], gate: roll.manifest.gate,
      issued: roll.issued[slot], assisted: roll.assisted, members: roll.manifest.size ?? 0, anchored: a.most, witnessed: a.cosigned, reached: [], keys: 0,
    });
    if (a.most > size) throw new Wrong(path, -1, "dropped", { n: a.most, have: size });
    if ((a.at.get(size) ?? s.root) !== s.root) throw new Wrong(path, -1, "anchor", { n: size });
    if (m) throw new Wrong(path, -1, "goal-poll", { goal: m.goal });
  }

  /** leaves counts in order, and verifies besides; a forged leaf is named also when the count fails later. */
  async leaves(box, s, at) {
    let forged = null;
    try {
      await readLog(this.source, box.path, s, at, async (first, all) => {
        const checks = all.map((leaf, i) => inLog(box.path, first + i, () => box.check(leaf)));
        for (const c of await Promise.allSettled(checks)) if (c.status === "rejected") forged ??= c.reason;
        for (const [i, leaf] of all.entries()) await inLog(box.path, first + i, () => box.take(first + i, leaf));
      }, this.progress);
    } catch (e) {
      if (!(e instanceof Wrong) || !(forged instanceof Wrong) || e.found.leaf >= 0 && e.found.leaf <= forged.found.leaf) throw e;
      this.report.wrong.push(forged.found);
      throw e;
    }
    if (forged && !(forged instanceof Wrong)) throw forged;
    if (forged) this.report.wrong.push(forged.found);
  }

  /** limits says what nobody can prove of this record. */
  limits() {
    const r = this.report, add = (what, args) => r.unproven.push({ what, args });
    if (r.cosigned < 0) add("no-witnesses", {});
    for (const b of r.boxes) {
      if (b.withheld) {
        add("withheld", {});
        continue;
      }
      if (b.witnessed < b.leaves) add("unwitnessed", { n: b.leaves - b.witnessed, have: b.leaves });
      const keys = b.counted + b.withdrawn;
      if (b.type === "poll" && !b.told) add("no-result", {});
      if (b.issued > keys) add("unused", { n: b.issued, have: keys, left: b.issued - keys });
      if (!b.members) add("open-roll", {});
      if (b.assisted) add("assisted", { n: b.assisted });
      if (b.declared) add("declared", { n: b.declared });
    }
  }
}

/**
 * recount counts a record again. source.get gives the bytes of a file by its path, or null; source.boxes are the boxes
 * it has files of. With box, only that one is counted, and without, a file that holds a single one is counted as that, of
 * all that the node's log tells of. It throws Unchecked when it could not be done.
 */
export async function recount(source, progress, box) {
  const v = new Verifier(source, progress), r = v.report;
  missing.count = 0;
  v.policy = await readPolicy(await source.get(".well-known/convoke-policy"));
  Object.assign(r, { node: v.policy.node, key: v.policy.line });
  if (box && !source.boxes.includes(box)) throw new Unchecked("other-box");
  if (source.boxes.length === 1) box = source.boxes[0];
  await v.collect(() => v.readNode());
  if (!r.wrong.length) {
    const only = v.node.opens.filter(x => !box || x.id === box);
    if (!only.length) throw new Unchecked("no-box");
    for (const x of only) await v.collect(() => v.box(x));
    v.limits();
  }
  r.signatures = missing.count;
  return r;
}

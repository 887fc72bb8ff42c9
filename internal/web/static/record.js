// Taking part in the public record from a browser: the code stays here, and the
// server sees only what is blinded. docs/record.md specifies every step. No library
// and no other server; its SHA-256 is in the manifest of each box.

const enc = new TextEncoder();
const subtle = globalThis.crypto?.subtle;

/** join makes bytes of texts, bytes and single ones, of which the last eight bits count. */
const join = (...parts) => Uint8Array.from(parts.flatMap(p => typeof p === "string" ? [...enc.encode(p)] : p.length >= 0 ? [...p] : p));
const u16 = n => [n >> 8, n];
const u32 = n => [n >>> 24, n >>> 16, n >>> 8, n];
const hash = async (alg, b) => new Uint8Array(await subtle.digest(alg, b));
const sha256 = b => hash("SHA-256", b);

export const find = (root, name) => root.querySelector(`[data-${name}]`);
export const wrong = (text, n) => Object.assign(new Error(text), { text, n });
export const hex = b => Array.from(b, x => x.toString(16).padStart(2, "0")).join("");
export const fromBase64 = s => Uint8Array.from(atob(s), c => c.charCodeAt(0));
export const toBase64 = b => btoa(Array.from(b, x => String.fromCharCode(x)).join(""));

const toInt = b => BigInt("0x" + (hex(b) || "0"));
const toBytes = (n, size) => Uint8Array.from(n.toString(16).padStart(2 * size, "0").match(/../g), x => parseInt(x, 16));

// --- codes

const letters = "0123456789abcdefghjkmnpqrstvwxyz";
const check = async s => letters[(await sha256(enc.encode("convoke wallet 1 check\n" + s)))[0] & 31];

export async function newCode() {
  const s = Array.from(crypto.getRandomValues(new Uint8Array(25)), x => letters[x & 31]).join("");
  return s + await check(s);
}

/** readCode reads a code as people type it; null when it is none. */
export async function readCode(typed) {
  const s = typed.toLowerCase().replace(/[\s-]/g, "").replaceAll("o", "0").replace(/[il]/g, "1");
  return s.length === 26 && [...s].every(c => letters.includes(c)) && await check(s.slice(0, 25)) === s[25] ? s : null;
}

export const showCode = s => s.match(/.{1,5}/g).slice(0, 4).join("-") + "-" + s.slice(20);

async function derive(code, roll, slot, use, size) {
  const k = await subtle.importKey("raw", enc.encode(code), "HKDF", false, ["deriveBits"]);
  const info = enc.encode(`convoke wallet 1\n${roll}\n${slot}\n${use}`);
  return new Uint8Array(await subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info }, k, size * 8));
}

async function keyOf(seed) {
  const der = join(fromBase64("MC4CAQAwBQYDK2VwBCIEIA=="), seed);
  const priv = await subtle.importKey("pkcs8", der, "Ed25519", true, ["sign"]);
  const { x } = await subtle.exportKey("jwk", priv);
  return { priv, pub: fromBase64(x.replaceAll("-", "+").replaceAll("_", "/")) };
}

// --- blind RSA (RFC 9474)

function power(b, e, n) {
  let r = 1n;
  for (b %= n; e > 0n; e >>= 1n, b = b * b % n) if (e & 1n) r = r * b % n;
  return r;
}

function inverse(a, n) {
  let [r, s, x, y] = [n, a % n, 0n, 1n];
  while (s) [r, s, x, y] = [s, r % s, y, x - r / s * y];
  return r === 1n ? (x % n + n) % n : null;
}

async function mask(seed, size) {
  let out = new Uint8Array();
  for (let i = 0; out.length < size; i++) out = join(out, await hash("SHA-384", join(seed, u32(i))));
  return out.slice(0, size);
}

/** encode is EMSA-PSS-ENCODE of RFC 8017 with SHA-384 for 2047 bits. */
async function encode(message, salt) {
  const h = await hash("SHA-384", join(new Uint8Array(8), await hash("SHA-384", message), salt));
  const db = join(new Uint8Array(158), 1, salt);
  const m = await mask(h, db.length);
  for (let i = 0; i < db.length; i++) db[i] ^= m[i];
  db[0] &= 0x7f;
  return join(db, h, 0xbc);
}

/** modulus reads n off the end of a SubjectPublicKeyInfo with 2048 bits and e = 65537. What stands before, verifiers read. */
function modulus(der) {
  const end = hex(der.slice(-266));
  if (!/^0282010100[89a-f].*0203010001$/.test(end)) throw wrong();
  return BigInt("0x" + end.slice(10, -10));
}

// --- boxes

const alphabet = "abcdefghijklmnopqrstuvwxyz234567";

async function idOf(leaf) {
  let n = toInt((await sha256(leaf)).slice(0, 16)) << 2n, s = "";
  for (let i = 0; i < 26; i++, n >>= 5n) s = alphabet[Number(n & 31n)] + s;
  return s;
}

/**
 * Box reads what a page says of a box, and believes only what its names prove:
 * they are hashes of the leaves that opened box and roll.
 */
export async function openBox({ box, roll, open, roll_open }) {
  const openLeaf = fromBase64(open), rollLeaf = fromBase64(roll_open);
  if (await idOf(openLeaf) !== box || await idOf(rollLeaf) !== roll) throw wrong();
  const m = JSON.parse(new TextDecoder().decode(openLeaf.slice(2)));
  const r = JSON.parse(new TextDecoder().decode(rollLeaf.slice(2)));
  if (m.roll !== roll) throw wrong();
  const der = fromBase64(r.keys[m.slot]);
  const rid = toBytes([...roll].reduce((n, c) => n << 5n | BigInt(alphabet.indexOf(c)), 0n) >> 2n, 16);
  const context = await sha256(join(rid, m.slot));
  const registrar = enc.encode(r.registrar);
  const challenge = await sha256(join(u16(2), u16(registrar.length), registrar, 32, context, u16(0)));
  return {
    box, roll, manifest: m, slot: m.slot, n: modulus(der), keyID: await sha256(der), challenge,
    shut: {}, origin: `${m.node}/b/${box}`, rollOrigin: `${m.node}/r/${roll}`,
  };
}

/** part derives what a code is for a box: its key, and the request for a credential. */
export async function part(code, b) {
  const { priv, pub } = await keyOf(await derive(code, b.rollOrigin, b.slot, "key", 32));
  const stream = await derive(code, b.rollOrigin, b.slot, "blind", 2048);
  const em = toInt(await encode(join(u16(2), pub, b.challenge, b.keyID), stream.slice(0, 48)));
  let r, inv = null;
  for (let at = 48; inv === null; at += 320) {
    r = toInt(stream.slice(at, at + 320)) % b.n;
    inv = inverse(r, b.n);
  }
  const salt = async reason => derive(code, b.rollOrigin, b.slot, "reason " + hex(await sha256(reason)), 32);
  return { priv, pub, em, inv, salt, blinded: toBytes(em * power(r, 65537n, b.n) % b.n, 256) };
}

/** finish turns the server's answer into an authenticator, or says that it did not sign. */
export function finish(p, b, signed) {
  const s = toInt(signed) * p.inv % b.n;
  if (power(s, 65537n, b.n) !== p.em) throw wrong();
  return toBytes(s, 256);
}

export const activateLeaf = (p, b, auth) => join(1, 0x23, b.slot, p.pub, auth);

const signed = async (p, ...text) => new Uint8Array(await subtle.sign("Ed25519", p.priv, join("convoke/v1", ...text)));

/** sayLeaf is a statement; without a body, a signature of a petition. b.seal is what sealed.js has. */
export async function sayLeaf(p, b, auth, counter, body) {
  if (!body) return join(1, 0x10, p.pub, auth);
  const { sealed } = b.manifest;
  if (sealed && body[0] === 2) {
    const what = hex(join(p.pub, u32(counter), body));
    body = b.shut[what] ??= await b.seal(sealed, b.origin, p.pub, counter, body.slice(1)); // sent again, it is the same
  }
  const sig = await signed(p, "\n", b.origin, "\n", u32(counter), body);
  return join(1, 0x11, p.pub, u16(auth.length), auth, u32(counter), u16(body.length), body, sig);
}

export const pledge = (threshold, place) => join(1, u32(threshold), u16(place));
export const withdraw = () => join(4);
export const done = () => join(6);

// --- ballots: what stands in a form, in the encoding of docs/record.md

const marks = form => [...form.querySelectorAll("[data-mark]")];
const worth = x => +(x.options ? x.value : x.checked);

/** paper reads a ballot off a form. */
function paper(form, { method }) {
  const all = marks(form), values = all.map(worth), chosen = all.find(x => x.checked);
  if (all[0].type === "radio") {
    if (!chosen) throw wrong("bad-choice");
    return [chosen.value];
  }
  if (all[0].type === "checkbox") {
    const bits = Array(all.length + 7 >> 3).fill(0);
    values.forEach((x, i) => bits[i >> 3] |= x << (i & 7));
    return bits;
  }
  if (method !== "score") values.filter(x => x).sort((a, b) => a - b).reduce((last, x) => {
    if (x > last + 1) throw wrong("bad-gap", last + 1);
    if (x === last && method === "stv") throw wrong("bad-twice", x);
    return x;
  }, 0);
  return values;
}

/** ballot is what a form says in a poll, and the reason that goes with it. */
export async function ballot(form, p, { poll }) {
  const body = join(2, paper(form, poll)), field = form.elements.reason;
  const text = field?.value.normalize("NFC").replace(/\r\n/g, "\n").replace(/[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069\ufeff]/gu, "").trim();
  if (field && body[1] > 2 && !text) throw wrong("bad-reason");
  if (text && body[1] < 2) throw wrong("bad-reasons");
  if (!text) return [body];
  const salt = await p.salt(enc.encode(text));
  return [join(body, await sha256(join(salt, text))), { salt: toBase64(salt), reason: text }];
}

/** fill lets a form say what the body of a ballot says. */
export function fill(form, body, reason = "") {
  marks(form).forEach((x, i) => {
    if (x.type === "radio") x.checked = +x.value === body[1];
    else if (x.type === "checkbox") x.checked = body[1 + (i >> 3)] >> (i & 7) & 1;
    else x.value = body[i + 1];
  });
  if (form.elements.reason) form.elements.reason.value = reason;
}

/** show puts into words what a form says, the first rank first. */
export function show(page, form) {
  const all = marks(form), said = all.filter(worth), lines = find(page, "lines"), ranks = lines.tagName === "OL";
  const name = x => find(x.labels[0], "name").textContent;
  said.sort((a, b) => ranks ? worth(a) - worth(b) : worth(b) - worth(a));
  lines.replaceChildren(...said.map(x => Object.assign(document.createElement("li"), {
    dir: "auto", value: worth(x), textContent: name(x) + (x.options && !ranks ? ": " + x.value : ""),
  })));
  lines.hidden = !said.length;
  const rest = find(page, "rest"), why = find(page, "why");
  if (rest) {
    rest.textContent = all.filter(x => !worth(x)).map(name).join(", ");
    rest.parentElement.hidden = !rest.textContent;
    find(page, "none").hidden = said.length;
  }
  if (why) why.parentElement.hidden = !(why.textContent = form.elements.reason.value.trim());
}

/** works says whether this browser can do all of it. */
export async function works() {
  try {
    const { priv } = await keyOf(new Uint8Array(32).fill(7));
    return (await subtle.sign("Ed25519", priv, enc.encode("x"))).byteLength === 64;
  } catch {
    return false;
  }
}

/** ask gets an answer, or sends JSON. Cookies go along only where who asks must be known. */
async function ask(path, body, credentials = "omit") {
  const r = await fetch(path, {
    method: body ? "POST" : "GET", body: body && JSON.stringify(body), credentials,
    headers: { "Content-Type": "application/json", Accept: "application/json" },
  });
  const answer = await r.json();
  if (!r.ok) throw Object.assign(wrong(), { problem: answer });
  return answer;
}

/** credential asks for a credential with a grant of the roll's gate. */
export async function credential(p, b, grant) {
  const { signed: [s] } = await ask(`/r/${b.roll}/issue`, { grant, slots: 2 ** b.slot, blinded: [toBase64(p.blinded)] }, "same-origin");
  return finish(p, b, fromBase64(s));
}

/** activate shows a credential before the box opens, without saying who does. */
export const activate = (p, b, auth) => ask(`/r/${b.roll}/activate`, { leaf: toBase64(activateLeaf(p, b, auth)) });

/** cast puts a leaf into the box, and the reason of a ballot, without saying who sends it. */
export const cast = (b, leaf, why) => ask(`/b/${b.box}/cast`, { leaf: toBase64(leaf), ...why });

/** said is what a key says now; only who has the code can ask that in polls. */
export const said = async (p, b) => ask(`/b/${b.box}/said/${hex(p.pub)}?proof=${hex(await signed(p, " said\n", b.origin))}`);

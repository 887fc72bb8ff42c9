// Taking part in the public record from a browser: the code stays here, and the
// server sees only what is blinded. docs/record.md specifies every step. No library
// and no other server; its SHA-256 is in the manifest of each box.

const enc = new TextEncoder();
const subtle = globalThis.crypto?.subtle;

const join = (...parts) => {
  const all = parts.map(p => typeof p === "string" ? enc.encode(p) : p);
  const out = new Uint8Array(all.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of all) { out.set(p, at); at += p.length; }
  return out;
};
const u8 = n => Uint8Array.of(n);
const u16 = n => Uint8Array.of(n >> 8, n & 255);
const u32 = n => Uint8Array.of(n >>> 24, n >>> 16 & 255, n >>> 8 & 255, n & 255);
const hash = async (alg, b) => new Uint8Array(await subtle.digest(alg, b));
const sha256 = b => hash("SHA-256", b);
const same = (a, b) => a.length === b.length && a.every((x, i) => x === b[i]);

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
  const der = join(Uint8Array.from([0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20]), seed);
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
  const db = join(new Uint8Array(256 - 48 - 48 - 2), u8(1), salt);
  const m = await mask(h, db.length);
  for (let i = 0; i < db.length; i++) db[i] ^= m[i];
  db[0] &= 0x7f;
  return join(db, h, u8(0xbc));
}

/** modulus reads n out of a SubjectPublicKeyInfo with 2048 bits and e = 65537. */
function modulus(der) {
  let at = 0;
  const head = tag => {
    if (der[at++] !== tag) throw new Error("this is no key");
    let n = der[at++];
    if (n & 0x80) { let k = n & 0x7f; for (n = 0; k > 0; k--) n = n << 8 | der[at++]; }
    return n;
  };
  head(0x30);
  const algorithm = head(0x30); // moves "at", so it is added afterwards
  at += algorithm;
  head(0x03);
  if (der[at++] !== 0) throw new Error("this is no key");
  head(0x30);
  const size = head(0x02);
  const n = toInt(der.slice(at, at += size));
  const e = toInt(der.slice(at + 2, at + 2 + der[at + 1]));
  if (n >> 2047n !== 1n || e !== 65537n) throw new Error("this is no key of 2048 bits");
  return n;
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
export async function openBox({ box, roll, open, rollOpen }) {
  const openLeaf = fromBase64(open), rollLeaf = fromBase64(rollOpen);
  if (await idOf(openLeaf) !== box || await idOf(rollLeaf) !== roll) throw new Error("the box is not the one it says it is");
  const m = JSON.parse(new TextDecoder().decode(openLeaf.slice(2)));
  const r = JSON.parse(new TextDecoder().decode(rollLeaf.slice(2)));
  if (m.roll !== roll) throw new Error("the box belongs to another roll");
  const der = fromBase64(r.keys[m.slot]);
  const rid = toBytes([...roll].reduce((n, c) => n << 5n | BigInt(alphabet.indexOf(c)), 0n) >> 2n, 16);
  const context = await sha256(join(rid, u8(m.slot)));
  const registrar = enc.encode(r.registrar);
  const challenge = await sha256(join(u16(2), u16(registrar.length), registrar, u8(32), context, u16(0)));
  return {
    box, roll, manifest: m, slot: m.slot, n: modulus(der), keyID: await sha256(der), challenge,
    origin: `${m.node}/b/${box}`, rollOrigin: `${m.node}/r/${roll}`,
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
  return { priv, pub, em, inv, blinded: toBytes(em * power(r, 65537n, b.n) % b.n, 256) };
}

/** finish turns the server's answer into an authenticator, or says that it did not sign. */
export function finish(p, b, signed) {
  const s = toInt(signed) * p.inv % b.n;
  if (power(s, 65537n, b.n) !== p.em) throw new Error("the server did not sign what was asked");
  return toBytes(s, 256);
}

export const signLeaf = (p, auth) => join(u8(1), u8(0x10), p.pub, auth);

export async function sayLeaf(p, b, auth, counter, body) {
  const text = join("convoke/v1\n", b.origin, "\n", u32(counter), body);
  const sig = new Uint8Array(await subtle.sign("Ed25519", p.priv, text));
  return join(u8(1), u8(0x11), p.pub, u16(auth.length), auth, u32(counter), u16(body.length), body, sig);
}

export const pledge = (threshold, place) => join(u8(1), u32(threshold), u16(place));
export const withdraw = () => u8(4);
export const done = () => u8(6);

/** leafHash is the hash of a leaf in the tree (RFC 6962). */
export const leafHash = async leaf => hex(await sha256(join(u8(0), leaf)));

/** works says whether this browser can do all of it. */
export async function works() {
  try {
    const { priv } = await keyOf(new Uint8Array(32).fill(7));
    return (await subtle.sign("Ed25519", priv, u8(1))).byteLength === 64;
  } catch {
    return false;
  }
}

async function post(path, body, type, credentials) {
  const r = await fetch(path, { method: "POST", body, credentials, headers: { "Content-Type": type, Accept: "application/json" } });
  const answer = await r.json();
  if (!r.ok) throw Object.assign(new Error(answer.title ?? r.statusText), { problem: answer });
  return answer;
}

/** credential asks for a credential with a grant of the roll's gate. */
export async function credential(p, b, grant) {
  const body = JSON.stringify({ grant, slots: 2 ** b.slot, blinded: [toBase64(p.blinded)] });
  const { signed } = await post(`/r/${b.roll}/issue`, body, "application/json", "same-origin");
  return finish(p, b, fromBase64(signed[0]));
}

/** cast puts a leaf into the box, without saying who sends it. */
export const cast = (b, leaf) => post(`/b/${b.box}/cast`, leaf, "application/octet-stream", "omit");

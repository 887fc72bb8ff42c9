// Ballots that stay shut until trustees open them. docs/sealed.md specifies every step.
// Only pages of sealed polls load this. It is HPKE (RFC 9180) in base mode with
// DHKEM(P-256, HKDF-SHA256), HKDF-SHA256 and AES-128-GCM, and seals one message.

const encoder = new TextEncoder();
const subtle = globalThis.crypto?.subtle;

const join = (...parts) => {
  const all = parts.map(p => typeof p === "string" ? encoder.encode(p) : p);
  const out = new Uint8Array(all.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of all) { out.set(p, at); at += p.length; }
  return out;
};
const u16 = n => Uint8Array.of(n >> 8, n & 255);
const none = new Uint8Array(32); // an empty salt, which HMAC fills up with zeros

async function hmac(key, ...parts) {
  const k = await subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await subtle.sign("HMAC", k, join(...parts)));
}

// Section 4: LabeledExtract and LabeledExpand; all that is expanded fits one block.
const extract = (suite, salt, label, secret) => hmac(salt, "HPKE-v1", suite, label, secret);
const expand = async (suite, key, label, info, size) =>
  (await hmac(key, u16(size), "HPKE-v1", suite, label, info, Uint8Array.of(1))).slice(0, size);

/** hpke seals text to a public key: the ephemeral key and the ciphertext, joined. pair is for tests. */
export async function hpke(to, info, aad, text, pair) {
  const curve = { name: "ECDH", namedCurve: "P-256" };
  pair ??= await subtle.generateKey(curve, true, ["deriveBits"]);
  const enc = new Uint8Array(await subtle.exportKey("raw", pair.publicKey));
  const receiver = await subtle.importKey("raw", to, curve, false, []);
  const dh = new Uint8Array(await subtle.deriveBits({ name: "ECDH", public: receiver }, pair.privateKey, 256));
  const kem = join("KEM", u16(0x10)), suite = join("HPKE", u16(0x10), u16(1), u16(1));
  const shared = await expand(kem, await extract(kem, none, "eae_prk", dh), "shared_secret", join(enc, to), 32);
  const context = join(new Uint8Array(1), await extract(suite, none, "psk_id_hash", ""), await extract(suite, none, "info_hash", info));
  const secret = await extract(suite, shared, "secret", "");
  const key = await subtle.importKey("raw", await expand(suite, secret, "key", context, 16), "AES-GCM", false, ["encrypt"]);
  const iv = await expand(suite, secret, "base_nonce", context, 12);
  return join(enc, new Uint8Array(await subtle.encrypt({ name: "AES-GCM", iv, additionalData: aad }, key, text)));
}

/**
 * seal makes the body of a statement: sealed is what the manifest of the poll has under that
 * name, origin that of its box, key and counter are those of the statement.
 */
export async function seal(sealed, origin, key, counter, paper) {
  if (paper.length > sealed.room) throw new Error("the paper is too long");
  const padded = new Uint8Array(2 + sealed.room);
  padded.set(u16(paper.length));
  padded.set(paper, 2);
  const to = Uint8Array.from(atob(sealed.key), c => c.charCodeAt(0));
  const aad = join(key, u16(counter >>> 16), u16(counter & 65535));
  return join(Uint8Array.of(3), await hpke(to, join("convoke/v1 sealed\n", origin), aad, padded));
}

#!/usr/bin/env python3
"""Opens the ballots of a sealed poll again: it shares with the server docs/sealed.md and no code.

    sealed.py FILE    check a transcript (trustees.json), or a case: JSON with "transcript", its messages as base64;
                      "shares", [seat, hexadecimal]; and "ballots", each with origin, key, counter and body

It needs Python 3.11 and nothing else. It prints JSON; exit code 0: all is right (spoiled ballots are named, and are not wrong);
1: something is wrong, and it says what. verify.py uses it for records with sealed polls.
"""

import base64
import binascii
import hashlib
import hmac
import json
import pathlib
import sys


class Wrong(Exception):
    """Something is disproven."""


class Void(Wrong):
    """A trustee has dealt a wrong share, as a complaint proves."""


def need(ok, what):
    if not ok:
        raise Wrong(what)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


# --- P-256 (SEC 2 section 2.4.2), in Jacobian coordinates; None is the point at infinity -----------------------------------------------

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
Q = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
G = (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296, 0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5, 1)


def double(p):
    if p is None:
        return None
    x, y, z = p
    delta, gamma = z * z % P, y * y % P
    beta, alpha = x * gamma % P, 3 * (x - delta) * (x + delta) % P
    x3 = (alpha * alpha - 8 * beta) % P
    return (x3, (alpha * (4 * beta - x3) - 8 * gamma * gamma) % P, 2 * y * z % P)


def add(p, q):
    if p is None or q is None:
        return p or q
    z1, z2 = p[2] * p[2] % P, q[2] * q[2] % P
    u1, u2 = p[0] * z2 % P, q[0] * z1 % P
    s1, s2 = p[1] * z2 * q[2] % P, q[1] * z1 * p[2] % P
    if u1 == u2:
        return double(p) if s1 == s2 else None
    h, r = (u2 - u1) % P, (s2 - s1) % P
    hh = h * h % P
    hhh, v = h * hh % P, u1 * hh % P
    x = (r * r - hhh - 2 * v) % P
    return (x, (r * (v - x) - s1 * hhh) % P, h * p[2] * q[2] % P)


def times(k, p):
    out = None
    for bit in bin(k)[2:]:
        out = double(out)
        if bit == "1":
            out = add(out, p)
    return out


def affine(p):
    z = pow(p[2], -1, P)
    return p[0] * z * z % P, p[1] * z * z * z % P


def packed(p):
    """33 bytes; the point at infinity has no such form, and is empty."""
    if p is None:
        return b""
    x, y = affine(p)
    return bytes([2 + (y & 1)]) + x.to_bytes(32, "big")


def unpacked(p):
    """65 bytes, as HPKE has it."""
    x, y = affine(p)
    return b"\x04" + x.to_bytes(32, "big") + y.to_bytes(32, "big")


def point(raw):
    """The point of 33 or 65 bytes, or None."""
    x = int.from_bytes(raw[1:33], "big")
    if x >= P:
        return None
    yy = (x * x * x - 3 * x + B) % P
    if len(raw) == 65 and raw[0] == 4:
        y = int.from_bytes(raw[33:], "big")
        return (x, y, 1) if y < P and y * y % P == yy else None
    y = pow(yy, (P + 1) // 4, P)
    if len(raw) != 33 or raw[0] not in (2, 3) or y * y % P != yy:
        return None
    return (x, y if y & 1 == raw[0] & 1 else P - y, 1)


# --- AES-128-GCM (FIPS 197, SP 800-38D) ---------------------------------------------------------------------------------------------


def xtime(x):
    return x << 1 ^ (0x11B if x & 0x80 else 0)


def sbox():
    """The multiplicative inverses of the field, each behind an affine map."""
    p = q = 1
    box = [0x63] + [0] * 255
    while True:
        p = p ^ xtime(p)
        for shift in (1, 2, 4):
            q = (q ^ q << shift) & 0xFF
        q ^= 0x09 if q & 0x80 else 0
        box[p] = q ^ 0x63
        for shift in (1, 2, 3, 4):
            box[p] ^= (q << shift | q >> 8 - shift) & 0xFF
        if p == 1:
            return box


SBOX = sbox()


def aes_key(key):
    words, rcon = [list(key[i : i + 4]) for i in range(0, 16, 4)], 1
    for i in range(4, 44):
        w = words[-1]
        if i % 4 == 0:
            w = [SBOX[x] for x in w[1:] + w[:1]]
            w[0] ^= rcon
            rcon = xtime(rcon)
        words.append([a ^ b for a, b in zip(words[i - 4], w)])
    return [sum(words[i : i + 4], []) for i in range(0, 44, 4)]


def aes(keys, block):
    s = [a ^ b for a, b in zip(block, keys[0])]
    for n, key in enumerate(keys[1:], 1):
        s = [SBOX[s[(i + 4 * (i % 4)) % 16]] for i in range(16)]
        if n < 10:
            out = []
            for i in range(0, 16, 4):
                a = s[i : i + 4]
                out += [xtime(a[j]) ^ xtime(a[(j + 1) % 4]) ^ a[(j + 1) % 4] ^ a[(j + 2) % 4] ^ a[(j + 3) % 4] for j in range(4)]
            s = out
        s = [a ^ b for a, b in zip(s, key)]
    return bytes(s)


def ghash(h, data):
    h, y = int.from_bytes(h, "big"), 0
    for i in range(0, len(data), 16):
        y ^= int.from_bytes(data[i : i + 16], "big")
        z, v = 0, h
        for bit in range(127, -1, -1):
            if y >> bit & 1:
                z ^= v
            v = v >> 1 ^ (0xE1 << 120 if v & 1 else 0)
        y = z
    return y.to_bytes(16, "big")


def gcm_open(key, nonce, aad, ct):
    """The plaintext, or None."""
    if len(ct) < 16:
        return None
    keys, text, tag = aes_key(key), ct[:-16], ct[-16:]
    stream = b"".join(aes(keys, nonce + (i + 2).to_bytes(4, "big")) for i in range((len(text) + 15) // 16))
    pad = lambda b: b + bytes(-len(b) % 16)
    sizes = (8 * len(aad)).to_bytes(8, "big") + (8 * len(text)).to_bytes(8, "big")
    s = ghash(aes(keys, bytes(16)), pad(aad) + pad(text) + sizes)
    mask = aes(keys, nonce + b"\x00\x00\x00\x01")
    if not hmac.compare_digest(bytes(a ^ b for a, b in zip(s, mask)), tag):
        return None
    return bytes(a ^ b for a, b in zip(text, stream))


# --- HPKE in base mode (RFC 9180): DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-128-GCM --------------------------------------------------

KEM, SUITE = b"KEM\x00\x10", b"HPKE\x00\x10\x00\x01\x00\x01"


def extract(suite, salt, label, ikm):
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + ikm, "sha256")


def expand(suite, prk, label, info, n):
    return hmac.digest(prk, n.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info + b"\x01", "sha256")[:n]


def hpke_open(secret, enc, info, aad, ct):
    """The plaintext, or None. It is the first message of its sender."""
    p = point(enc)
    if p is None or len(enc) != 65:
        return None
    dh = affine(times(secret, p))[0].to_bytes(32, "big")
    shared = expand(KEM, extract(KEM, b"", b"eae_prk", dh), b"shared_secret", enc + unpacked(times(secret, G)), 32)
    context = b"\x00" + extract(SUITE, b"", b"psk_id_hash", b"") + extract(SUITE, b"", b"info_hash", info)
    s = extract(SUITE, shared, b"secret", b"")
    return gcm_open(expand(SUITE, s, b"key", context, 16), expand(SUITE, s, b"base_nonce", context, 12), aad, ct)


# --- The transcript ---------------------------------------------------------------------------------------------------------------------

SETUP, JOIN, DEAL, CONFIRM, COMPLAINT = 1, 2, 3, 4, 5
PROOF, SHARE = 65, 65 + 48


def scalar(raw):
    x = int.from_bytes(raw, "big")
    return x if 0 < x < Q else None


def fits(public, proof, what):
    """Schnorr's proof that somebody knows the number of a point, and means what is signed."""
    key, r, z = point(public), point(proof[:33]), scalar(proof[33:])
    if key is None or r is None or z is None:
        return False
    c = int.from_bytes(hashlib.sha512(b"convoke/v1 proof\n" + public + proof[:33] + what).digest(), "big") % Q
    return packed(times(z, G)) == packed(add(r, times(c, key)))


def listed(messages):
    return ('{"messages":[' + ",".join('"' + base64.b64encode(m).decode() + '"' for m in messages) + '],"v":1}').encode()


def name(raw):
    need(1 <= len(raw) <= 100, "a name is too short or too long")
    try:
        s = raw.decode()
    except UnicodeDecodeError as e:
        raise Wrong("a name is not UTF-8") from e
    bad = [(0, 0x1F), (0x7F, 0x9F), (0x200E, 0x200F), (0x2028, 0x202E), (0x2066, 0x2069)]
    need(s.strip(" ") == s and not any(a <= ord(c) <= b for c in s for a, b in bad), "a name is no plain text")
    return s


class Reader:
    def __init__(self, raw):
        self.raw = raw

    def take(self, n):
        need(len(self.raw) >= n, "a message is too short")
        out, self.raw = self.raw[:n], self.raw[n:]
        return out

    def num(self):
        return self.take(1)[0]


class Transcript:
    """The messages of a run, each checked. trustees, need and node are those of the setup; public is the key of the ballots and
    checks has the point of each seat's share, when all have confirmed."""

    def __init__(self, raw):
        need(len(raw) <= 1 << 16, "the transcript is too long")
        try:
            doc = json.loads(raw)
            messages = [base64.b64decode(m, validate=True) for m in doc["messages"]]
        except (ValueError, TypeError, KeyError, RecursionError, binascii.Error) as e:
            raise Wrong("this is no transcript") from e
        need(listed(messages) == raw, "the transcript is written another way")
        self.hash = sha256(raw)
        self.kinds = {k: {} for k in range(SETUP, COMPLAINT + 1)}
        self.joins, self.deals, self.void = {}, {}, None
        last = (0, 0)
        for m in messages:
            need(2 <= len(m) <= 2048 and m[0] == 1 and SETUP <= m[1] <= COMPLAINT, "a message of an unknown version or kind")
            at = (m[1], m[34] if m[1] > SETUP and len(m) > 34 else 0)
            need(at > last, "messages are in a wrong order, or twice")
            self.message(m, Reader(m[2:]))
            self.kinds[m[1]][at[1]] = m
            last = at
        self.finish()

    def before(self, kind):
        """The hash of what somebody has seen who sends a message of that kind."""
        return sha256(listed([m for k in range(SETUP, kind) for _, m in sorted(self.kinds[k].items())]))

    def message(self, raw, r):
        kind = raw[1]
        if kind == SETUP:
            self.trustees, self.need = r.num(), r.num()
            r.take(16)
            self.node = name(r.take(r.num()))
            need(2 <= self.need <= self.trustees <= 9, "wrong numbers of trustees")
            need(not r.raw, "a message is too long")
            return
        need(self.kinds[SETUP], "the setup is missing")
        for k in range(JOIN, min(kind, CONFIRM)):
            need(len(self.kinds[k]) == self.trustees, "a message came before all had sent theirs of the kind before")
        before, seat = r.take(32), r.num()
        need(1 <= seat <= self.trustees, f"there is no trustee {seat}")
        need(before == self.before(min(kind, CONFIRM)), f"trustee {seat}: a message belongs to another transcript")
        need(self.void is None, "a message follows a complaint")
        call = {JOIN: self.join, DEAL: self.deal, CONFIRM: lambda s, r: None, COMPLAINT: self.complaint}[kind]
        done = call(seat, r)
        sig = r.take(PROOF)
        need(not r.raw, "a message is too long")
        identity = (done or self.joins[seat])["identity"] if kind == JOIN else self.joins[seat]["identity"]
        need(fits(identity, sig, b"convoke/v1 trustee message\n" + raw[:-PROOF]), f"trustee {seat}: the signature does not fit")
        if kind == JOIN:
            self.joins[seat] = done
        elif kind == DEAL:
            self.deals[seat] = done

    def join(self, seat, r):
        j = dict(identity=r.take(33), box=r.take(65), commit=r.take(32), name=name(r.take(r.num())))
        need(point(j["box"]), f"trustee {seat}: its box key is none")
        for o in self.joins.values():
            need(all(j[k] != o[k] for k in ("identity", "box", "name")), f"trustee {seat}: it has a key or the name of another")
        return j

    def deal(self, seat, r):
        points = [r.take(33) for _ in range(self.need)]
        proof = r.take(PROOF)
        head = self.before(JOIN) + bytes([seat])
        need(sha256(b"convoke/v1 trustee commit\n", head, *points, proof) == self.joins[seat]["commit"], f"trustee {seat}: this is not what it committed to")
        d = dict(points=[point(p) for p in points], shares={s: r.take(SHARE) for s in range(1, self.trustees + 1) if s != seat})
        need(None not in d["points"], f"trustee {seat}: a point is none")
        need(fits(points[0], proof, b"convoke/v1 trustee possession\n" + head), f"trustee {seat}: it does not prove to know its secret")
        return d

    def complaint(self, seat, r):
        dealer, secret = r.num(), scalar(r.take(32))
        need(not self.kinds[CONFIRM], "a complaint follows a confirmation")
        need(dealer in self.deals and dealer != seat, f"there is no dealer {dealer}")
        need(secret and unpacked(times(secret, G)) == self.joins[seat]["box"], f"trustee {seat}: its complaint has another key than its own")
        sealed = self.deals[dealer]["shares"][seat]
        text = hpke_open(secret, sealed[:65], b"convoke/v1 share\n" + self.before(DEAL), bytes([dealer, seat]), sealed[65:])
        x = scalar(text) if text is not None else None
        need(x is None or packed(times(x, G)) != packed(value(self.deals[dealer]["points"], seat)), f"trustee {seat}: it complains of a right share")
        self.void = dealer

    def finish(self):
        need(self.kinds[SETUP], "the setup is missing")
        self.public = None
        if self.void is None and len(self.kinds[CONFIRM]) == self.trustees:
            total = [None] * self.need
            for d in self.deals.values():
                total = [add(a, b) for a, b in zip(total, d["points"])]
            need(total[0], "the key of all is none")
            self.public = unpacked(total[0])
            self.checks = [packed(value(total, s)) for s in range(1, self.trustees + 1)]
            need(all(self.checks), "a share is none")

    def manifest(self, m, node):
        """Checks the field "sealed" of a poll's manifest."""
        if self.void is not None:
            raise Void(f"trustee {self.void} dealt a wrong share")
        need(self.public, "not all trustees have confirmed")
        need(self.node == node, "the trustees serve another node")
        need((self.hash.hex(), self.trustees, self.need) == (m["transcript"], m["trustees"], m["need"]), "the manifest is of another transcript")
        need(base64.b64encode(self.public).decode() == m["key"], "the manifest has another key")

    def check(self, seat, share):
        need(1 <= seat <= self.trustees, f"there is no trustee {seat}")
        x = scalar(share)
        need(x and packed(times(x, G)) == self.checks[seat - 1], f"trustee {seat}: its share is wrong")
        return x

    def rebuild(self, shares):
        """The key out of {seat: share}, each checked; None as long as there are too few."""
        need(self.public, "not all trustees have confirmed")
        xs = {s: self.check(s, share) for s, share in shares.items()}
        if len(xs) < self.need:
            return None
        some, secret = sorted(xs)[: self.need], 0
        for i in some:
            over = under = 1
            for j in some:
                if j != i:
                    over, under = over * j % Q, under * (j - i) % Q
            secret += xs[i] * over * pow(under, -1, Q)
        secret %= Q
        need(secret and unpacked(times(secret, G)) == self.public, "the shares make another key")
        return secret


def value(points, seat):
    out = None
    for p in reversed(points):
        out = add(times(seat, out) if out else None, p)
    return out


def sealed_manifest(m):
    """The rules for the field "sealed" that need no transcript."""
    need(type(m) is dict and sorted(m) == ["key", "need", "room", "transcript", "trustees"], "sealed has other fields")
    need(all(type(m[k]) is int for k in ("need", "room", "trustees")) and 2 <= m["need"] <= m["trustees"] <= 9, "sealed has wrong numbers")
    need(1 <= m["room"] <= 4096 - 84, "sealed has no room, or too much")
    h, key = m["transcript"], m["key"]
    need(type(h) is str and len(h) == 64 and set(h) <= set("0123456789abcdef"), "the transcript's hash is none")
    try:
        raw = base64.b64decode(key, validate=True)
    except (ValueError, TypeError, binascii.Error) as e:
        raise Wrong("the key is not base64") from e
    need(base64.b64encode(raw).decode() == key and len(raw) == 65 and point(raw), "the key is none")


def open_ballot(secret, origin, key, counter, body):
    """The paper, or None when the ballot is spoiled."""
    if len(body) < 84 or body[0] != 3:
        return None
    text = hpke_open(secret, body[1:66], b"convoke/v1 sealed\n" + origin.encode(), key + counter.to_bytes(4, "big"), body[66:])
    if text is None:
        return None
    n = int.from_bytes(text[:2], "big")
    return text[2 : 2 + n] if n <= len(text) - 2 and not any(text[2 + n :]) else None


def run(raw):
    out = {}
    doc = json.loads(raw)
    if "hpke" in doc:  # the vectors of RFC 9180
        h = {k: bytes.fromhex(v) for k, v in doc["hpke"].items()}
        text = hpke_open(int.from_bytes(h["secret"], "big"), h["enc"], h["info"], h["aad"], h["ct"])
        return {"text": text.hex() if text is not None else None}
    case = doc if isinstance(doc.get("transcript"), list) else {"transcript": None}
    t = Transcript(listed([base64.b64decode(m) for m in case["transcript"]]) if case["transcript"] is not None else raw)
    out.update(hash=t.hash.hex(), trustees=t.trustees, need=t.need, names=[t.joins[s]["name"] for s in sorted(t.joins)])
    if t.void is not None:
        raise Void(f"trustee {t.void} dealt a wrong share")
    if t.public:
        out.update(key=base64.b64encode(t.public).decode(), checks=[c.hex() for c in t.checks])
    if "manifest" in case:
        sealed_manifest(case["manifest"])
        t.manifest(case["manifest"], case["node"])
    if "shares" in case:
        secret = t.rebuild({seat: bytes.fromhex(x) for seat, x in case["shares"]})
        out["opens"] = secret is not None
        if secret is not None:
            papers = [open_ballot(secret, b["origin"], bytes.fromhex(b["key"]), b["counter"], base64.b64decode(b["body"])) for b in case.get("ballots", [])]
            out["papers"] = [p.hex() if p is not None else None for p in papers]
    return out


def main():
    try:
        report = run(pathlib.Path(sys.argv[1]).read_bytes())
    except Wrong as e:
        report = {"wrong": str(e), "void": isinstance(e, Void)}
    print(json.dumps(report, indent=1))
    return 1 if "wrong" in report else 0


if __name__ == "__main__":
    sys.exit(main())

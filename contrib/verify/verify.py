#!/usr/bin/env python3
"""Counts a public record again: a second verifier, which shares with the server docs/record.md, docs/counting.md and no code.

    verify.py FOLDER|ZIP|URL [--json] recount everything; with --since FILE, a checkpoint (log/checkpoint) that you
                                      kept, the node's log must go on from it
    verify.py --vectors FILE          check docs/record-vectors.json or docs/counting-vectors.json

It needs Python 3.11 and nothing else. Exit code 0: everything there is was proven; 1: something is wrong, and it says where;
2: something could not be checked, because it is missing or cannot be fetched.
"""

import argparse
import base64
import binascii
import hashlib
import hmac
import importlib.util
import json
import pathlib
import sys
import time
import urllib.error
import urllib.request
import zipfile


class Wrong(Exception):
    """Something is disproven."""


class Unchecked(Exception):
    """Something could not be had, which proves nothing."""


class Missing(Unchecked):
    """The source answers, and has no such file."""


def need(ok, what):
    if not ok:
        raise Wrong(what)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def b64(text):
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError, TypeError) as e:
        raise Wrong("bad base64") from e
    need(base64.b64encode(raw).decode() == text, "base64 has two ways of writing this")
    return raw


def name_of(leaf):
    return base64.b32encode(sha256(leaf)[:16]).decode().lower().rstrip("=")


# --- Ed25519, RFC 8032 section 5.1 -------------------------------------------------------------------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)
NEUTRAL = (0, 1, 1, 0)


def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def times(k, p):
    q = NEUTRAL
    while k:
        if k & 1:
            q = add(q, p)
        p = add(p, p)
        k >>= 1
    return q


def same(p, q):
    return (p[0] * q[2] - q[0] * p[2]) % P == 0 and (p[1] * q[2] - q[1] * p[2]) % P == 0


def unpack(raw):
    """The point that 32 bytes stand for, or None."""
    y = int.from_bytes(raw, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    if y >= P:
        return None
    xx = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(xx, (P + 3) // 8, P)
    if (x * x - xx) % P:
        x = x * ROOT % P
    if (x * x - xx) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


def pack(p):
    z = pow(p[2], P - 2, P)
    x, y = p[0] * z % P, p[1] * z % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE = unpack((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def small(key):
    """Whether a key is no point, or one of small order."""
    p = unpack(key)
    return p is None or same(times(8, p), NEUTRAL)


def ed25519(key, message, sig):
    a = unpack(key)
    s = int.from_bytes(sig[32:], "little")
    if len(sig) != 64 or a is None or s >= L:
        return False
    k = int.from_bytes(hashlib.sha512(sig[:32] + key + message).digest(), "little") % L
    minus = (P - a[0], a[1], 1, P - a[3])
    return pack(add(times(s, BASE), times(k, minus))) == sig[:32]


def ed25519_public(seed):
    h = hashlib.sha512(seed).digest()
    a = int.from_bytes(h[:32], "little") & (1 << 254) - 8 | 1 << 254
    return pack(times(a, BASE))


def ed25519_sign(seed, message):
    h = hashlib.sha512(seed).digest()
    a = int.from_bytes(h[:32], "little") & (1 << 254) - 8 | 1 << 254
    key = pack(times(a, BASE))
    r = int.from_bytes(hashlib.sha512(h[32:] + message).digest(), "little") % L
    rr = pack(times(r, BASE))
    k = int.from_bytes(hashlib.sha512(rr + key + message).digest(), "little") % L
    return rr + ((r + k * a) % L).to_bytes(32, "little")


# --- RSASSA-PSS, RFC 8017 section 9.1, and the keys of RFC 9578 section 6.5 -------------------------------------------------------

E = 65537


def mgf1(seed, n):
    out = b"".join(hashlib.sha384(seed + i.to_bytes(4, "big")).digest() for i in range(n // 48 + 1))
    return out[:n]


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b, strict=True))


def pss_encode(message, salt):
    """EM of 2047 bits."""
    h = hashlib.sha384(bytes(8) + hashlib.sha384(message).digest() + salt).digest()
    db = bytes(256 - 48 - 48 - 2) + b"\x01" + salt
    masked = bytearray(xor(db, mgf1(h, len(db))))
    masked[0] &= 0x7F
    return bytes(masked) + h + b"\xbc"


def pss(n, message, sig):
    s = int.from_bytes(sig, "big")
    if len(sig) != 256 or s >= n:
        return False
    em = pow(s, E, n).to_bytes(256, "big")
    masked, h = em[:207], em[207:255]
    if em[255] != 0xBC or masked[0] & 0x80:
        return False
    db = bytearray(xor(masked, mgf1(h, 207)))
    db[0] &= 0x7F
    if bytes(db[:159]) != bytes(158) + b"\x01":
        return False
    salt = bytes(db[159:])
    return hashlib.sha384(bytes(8) + hashlib.sha384(message).digest() + salt).digest() == h


def der(tag, *parts):
    body = b"".join(parts)
    n = len(body)
    if n < 128:
        return bytes([tag, n]) + body
    size = (n.bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + n.to_bytes(size, "big") + body


def key_der(n):
    """SubjectPublicKeyInfo of a modulus: there is only one way to write it."""
    sha384 = der(0x30, der(0x06, bytes.fromhex("608648016503040202")))
    params = der(0x30, der(0xA0, sha384), der(0xA1, der(0x30, der(0x06, bytes.fromhex("2a864886f70d010108")), sha384)),
                 der(0xA2, der(0x02, b"\x30")))
    algorithm = der(0x30, der(0x06, bytes.fromhex("2a864886f70d01010a")), params)
    key = der(0x30, der(0x02, b"\x00" + n.to_bytes(256, "big")), der(0x02, b"\x01\x00\x01"))
    return der(0x30, algorithm, der(0x03, b"\x00", key))


def modulus(raw):
    need(len(raw) > 270, "a slot's key is too short")
    n = int.from_bytes(raw[-261:-5], "big")
    need(n >> 2047 == 1 and n & 1 and key_der(n) == raw, "a slot's key is not written as RFC 9578 says")
    return n


def challenge(registrar, rid, slot):
    name = registrar.encode()
    return (b"\x00\x02" + len(name).to_bytes(2, "big") + name + b"\x20" + sha256(id_bytes(rid), bytes([slot])) + b"\x00\x00")


def token_input(key, registrar, rid, slot, spki):
    return b"\x00\x02" + key + sha256(challenge(registrar, rid, slot)) + sha256(spki)


def id_bytes(text):
    try:
        raw = base64.b32decode(text.upper() + "======")
    except (binascii.Error, ValueError, AttributeError) as e:
        raise Wrong("not an id") from e
    need(len(raw) == 16 and base64.b32encode(raw).decode().lower().rstrip("=") == text, "not an id")
    return raw


# --- Canonical JSON (RFC 8785), of the kinds that the record holds ----------------------------------------------------------------


def canonical(v):
    if v is True or v is False:
        return "true" if v else "false"
    if isinstance(v, int):
        need(abs(v) < 2**53, "a number is too large")
        return str(v)
    if isinstance(v, str):
        v.encode()  # no lone surrogates
        return json.dumps(v, ensure_ascii=False)
    if isinstance(v, list):
        return "[" + ",".join(canonical(x) for x in v) + "]"
    need(isinstance(v, dict), "JSON of a kind that the record does not hold")
    keys = sorted(v, key=lambda k: k.encode("utf-16-be"))
    return "{" + ",".join(canonical(k) + ":" + canonical(v[k]) for k in keys) + "}"


def read_json(raw):
    try:
        v = json.loads(raw.decode())
        back = canonical(v).encode()
    except (ValueError, RecursionError) as e:
        raise Wrong("not JSON") from e
    need(isinstance(v, dict) and back == raw, "JSON is not canonical")
    return v


def fields(m, must, may):
    """Checks names and types of a manifest: what may be left out is left out when it is zero."""
    for k, kind in must.items():
        need(type(m.get(k)) is kind, f"the manifest lacks {k}")
    for k, v in m.items():
        need(k in must or k in may, f"the manifest has an unknown field {k}")
        need(k in must or (type(v) is may[k] and v), f"the manifest's {k} should be left out")
        need(type(v) is not int or v >= 0, f"the manifest's {k} is negative")


def sealed(call):
    """Calls something of sealed.py, which lies beside this file and is needed for sealed polls only."""
    file = pathlib.Path(__file__).with_name("sealed.py")
    if "convoke_sealed" not in sys.modules:
        spec = importlib.util.spec_from_file_location("convoke_sealed", file)
        if not file.exists():
            raise Unchecked("a poll is sealed, and sealed.py is not beside verify.py")
        sys.dont_write_bytecode = True  # it leaves nothing beside itself
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        sys.modules["convoke_sealed"] = module
    module = sys.modules["convoke_sealed"]
    try:
        return call(module)
    except module.Wrong as e:
        raise Wrong(str(e)) from e


def box_manifest(raw):
    m = read_json(raw)
    fields(m, dict(v=int, type=str, node=str, text=str, opens=int, closes=int, takes=str, roll=str, slot=int),
           dict(parts=int, threshold=int, goals=list, min_batch=int, client=str, pledges_until=int, sealed=dict, poll=dict, freeze=bool))
    need(m["closes"] == 0 or m["closes"] > m["opens"], "a box that closes before it opens")
    need(m["v"] == 1 and m["type"] in ("petition", "pledge", "poll", "attend", "fund"), "a box of an unknown version or type")
    poll = m["type"] == "poll"
    need(m["takes"] in (("say", "vote") if poll else ("sign", "say")) and m["slot"] < 32, "a box with a wrong manifest")
    need(poll == ("poll" in m), "a poll without rules, or rules of what is no poll")
    need(not poll or not m.keys() & {"parts", "threshold", "goals"}, "a poll with parts, a threshold or goals")
    need("freeze" not in m or poll and m["takes"] == "say", "a freeze of what is no secret poll")
    if poll:
        poll_rules(m["poll"])
    need(m.get("parts", 0) < 2**16 and m.get("threshold", 0) < 2**32, "a number in a manifest is too large")
    until = m.get("pledges_until", 0)
    need(not until or m["type"] == "pledge" and until > m["opens"] and until <= (m["closes"] or until), "pledges are taken until a wrong time")
    id_bytes(m["roll"])
    need(all(type(g) is int and g > 0 for g in m.get("goals", [])), "a goal is no number")
    if "sealed" in m:
        need(m["type"] == "poll" and m["takes"] == "say" and m["closes"], "a box is sealed that is no poll with an end")
        sealed(lambda s: s.sealed_manifest(m["sealed"]))
    return m


def roll_manifest(raw):
    m = read_json(raw)
    fields(m, dict(v=int, node=str, gate=str, closed=bool, registrar=str, salt=str), dict(size=int, keys=list))
    need(m["v"] == 1 and m["gate"] in ("members", "codes", "seats", "email", "paper", "browser"), "a roll of an unknown version or gate")
    need(m["closed"] == (m["gate"] in ("members", "codes", "seats")), "closed does not fit the gate")
    need(m.get("size", 0) < 2**32, "a number in a manifest is too large")
    need(m["closed"] == ("size" in m), "a closed roll has members, an open one has none")
    need("keys" not in m if m["gate"] == "seats" else 0 < len(m.get("keys", [])) <= 32, "a roll without keys, or with too many")
    return m


# --- Leaves ------------------------------------------------------------------------------------------------------------------------


class Reader:
    def __init__(self, raw):
        self.raw = raw

    def take(self, n):
        need(len(self.raw) >= n, "the leaf is too short")
        out, self.raw = self.raw[:n], self.raw[n:]
        return out

    def num(self, n):
        x = int.from_bytes(self.take(n), "big")
        need(x < 2**63, "a number in the leaf is too large")
        return x

    def rest(self):
        return self.take(len(self.raw))


NODE, BOX, ROLL = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, {0x10, 0x11, 0x12, 0x13, 0x14}, {0x20, 0x21, 0x22, 0x23, 0x24, 0x25}


def read_leaf(raw):
    """A leaf as a dict with its kind; everything that is not the one encoding is Wrong."""
    r = Reader(raw)
    need(r.take(1) == b"\x01", "a leaf of an unknown version")
    kind = r.num(1)
    f = {"kind": kind}
    match kind:
        case 0x01:
            f["manifest"] = box_manifest(r.rest())
        case 0x02:
            f.update(log=r.take(32), size=r.num(8), root=r.take(32))
        case 0x03:
            f.update(box=r.take(16), size=r.num(8), root=r.take(32))
        case 0x04:
            f.update(box=r.take(16), hash=r.take(32))
        case 0x05:
            f.update(box=r.take(16), trustee=r.num(1), share=r.take(32))
        case 0x06:
            f.update(box=r.take(16), part=r.num(4), goal=r.num(8), count=r.num(8), size=r.num(8), time=r.num(8))
            f["part"] -= (f["part"] >> 31) << 32
            need(f["part"] >= -1, "a milestone of a part below -1")
        case 0x07:
            f.update(box=r.take(16), note=read_json(r.rest()))
        case 0x08:
            f["manifest"] = shaped(ladder_manifest, r.rest())
        case 0x09:
            f.update(ladder=r.take(16), move=shaped(step_move, r.rest()))
        case 0x0a:
            f["alert"] = shaped(alert_line, r.rest())
        case 0x10:
            f.update(key=r.take(32), auth=r.take(256))
        case 0x11:
            f.update(key=r.take(32), auth=r.take(r.num(2)), counter=r.num(4), body=r.take(r.num(2)), sig=r.take(64))
            need(len(f["auth"]) in (0, 256), "an authenticator of a wrong length")
            need(len(f["body"]) <= 4096, "a body that is too long")
        case 0x12:
            f.update(seq=r.num(8), out=r.num(1), units=r.num(8), currency=r.take(3), hash=r.take(32))
            need(f["out"] < 2, "a ledger line that is neither in nor out")
        case 0x13:
            f.update(count=r.num(4), hash=r.take(32))
        case 0x14:
            f.update(seat=r.num(4), counter=r.num(4), salt=r.take(16), body=r.take(r.num(2)))
            need(len(f["body"]) <= 4096, "a body that is too long")
        case 0x20:
            f["manifest"] = roll_manifest(r.rest())
        case 0x21:
            f.update(hash=r.take(32))
        case 0x22:
            f.update(member=r.num(4), mode=r.num(1), slots=r.num(4), hash=r.take(32))
            need(f["mode"] < 2 and f["slots"], "an issue of an unknown mode, or of no slots")
        case 0x23:
            f.update(slot=r.num(1), key=r.take(32), auth=r.take(256))
        case 0x24:
            f.update(slot=r.num(1), issued=r.num(8), activated=r.num(8))
        case 0x25:
            f.update(hash=r.take(32), weight=r.num(4))
            need(f["weight"] >= 1, "a seat without weight")
        case _:
            raise Wrong("a leaf of an unknown kind")
    need(not r.raw, "the leaf is too long")
    return f


def read_body(raw, manifest):
    """("pledge", threshold, part), ("ballot", paper), ("sealed", body), ("withdraw",) or ("done",)."""
    r = Reader(raw)
    kind = r.num(1)
    if kind == 1:
        need(manifest["type"] == "pledge", "a pledge in a box of another type")
        threshold, part = r.num(4), r.num(2)
        need(threshold >= 1, "a pledge without a threshold")
        need(part < max(1, manifest.get("parts", 0)), "a pledge for a part that there is not")
        out = ("pledge", threshold, part)
    elif kind == 2:
        need(manifest["type"] == "poll" and "sealed" not in manifest, "an open ballot in a box that is no poll, or whose ballots are sealed")
        out = ("ballot", r.rest())
        need(is_paper(manifest["poll"], out[1]), "a ballot that is no paper of this poll")
    elif kind == 3:
        need("sealed" in manifest, "a sealed ballot in a box that has none")
        need(len(raw) == 84 + manifest["sealed"]["room"], "a sealed ballot of another length than all have")
        out = ("sealed", r.rest())
    elif kind == 4:
        out = ("withdraw",)
    elif kind == 6:
        need(manifest["type"] == "pledge", "done in a box that is no pledge")
        out = ("done",)
    else:
        raise Wrong("a statement of an unknown kind")
    need(not r.raw, "the statement is too long")
    return out


# --- Counting a poll, docs/counting.md -------------------------------------------------------------------------------------------------

UNIT = 100_000  # parts of a vote
MOST = 90_000_000_000  # what all papers may weigh
METHODS = {  # the fields of the rules besides method and options
    "yesno": ("quorum", "against_counts", "support", "share"), "consent": ("quorum", "against_counts", "support", "share", "blocks"), "check": ("max",),
    "approval": ("quorum", "support", "share", "winners", "lots"), "score": ("quorum", "winners", "max", "lots"), "schulze": ("quorum", "lots"),
    "stv": ("quorum", "winners", "lots")}


def poll_rules(r):
    """Checks the rules of a poll."""
    method, n = r.get("method"), r.get("options")
    need(type(method) is str and method in METHODS, "a poll of an unknown method")
    single = "lots" not in METHODS[method]
    need(type(n) is int and (n == 1 if single else 2 <= n <= 32), "a poll with too few or too many options")
    need(all(k in METHODS[method] for k in r.keys() - {"method", "options"}), "rules of a poll of another method")
    need(single == ("lots" not in r) and ("max" in r) == ("max" in METHODS[method]), "rules of a poll that lack lots or the highest score")
    bounds = dict(winners=(1, n), max=(2 if method == "check" else 1, 10), quorum=(1, MOST), support=(1, MOST), blocks=(1, 10**6))
    for k, v in r.items():
        if k in bounds:
            need(type(v) is int and bounds[k][0] <= v <= bounds[k][1], f"{k} of a poll is out of bounds")
    need(r.get("against_counts", True) is True, "against_counts of a poll should be left out")
    if not single:
        lots = r["lots"]
        need(type(lots) is list and all(type(x) is int for x in lots) and sorted(lots) == list(range(n)), "lots that are not each option once")
    if "share" in r:
        share = r["share"]
        need(type(share) is dict and {"num", "den"} <= share.keys() <= {"num", "den", "more"}, "a share with other fields")
        num, den = share["num"], share["den"]
        need(type(num) is int and type(den) is int and 1 <= num <= den <= 10**6, "a share out of bounds")
        need("more" not in share or share["more"] is True and num < den, "a share of more than all")


def is_paper(rules, p):
    """Whether bytes are a paper of a poll."""
    method, n = rules["method"], rules["options"]
    if method == "approval":
        return len(p) == (n + 7) // 8 and int.from_bytes(p, "little") >> n == 0
    if method == "consent":
        return p[:1] in (b"\0", b"\1", b"\2") and len(p) == 1 or p[:1] in (b"\2", b"\3") and len(p) == 33
    if len(p) != n:
        return False
    if method == "yesno":
        return p[0] <= 2
    if method == "check":
        return 1 <= p[0] <= rules["max"]
    if method == "score":
        return max(p) <= rules["max"]
    ranks = sorted(x for x in p if x)
    used = list(range(1, max(p) + 1))
    return ranks == used if method == "stv" else sorted(set(ranks)) == used


class Count:
    """Counts papers, (bytes, weight), by the rules of a poll; result is what docs/counting.md says. Equal papers are counted together."""

    def __init__(self, rules, papers, eligible):
        self.rules, self.n, self.papers, number = rules, rules["options"], {}, 0
        for p, w in papers:
            self.papers[p] = self.papers.get(p, 0) + w
            number += 1
        self.weight = sum(self.papers.values())
        need(self.weight <= MOST and eligible <= MOST, "a poll of more than can be counted")
        self.ties, self.rounds, self.reasons = [], [], set()
        method = rules["method"]
        if method == "yesno":
            self.abstained = self.of(lambda p: p[0] == 2)
        else:
            self.abstained = 0 if method in ("consent", "check") else self.of(lambda p: not any(p))
        self.result = {"v": 1, "method": method, "eligible": eligible, "papers": number, "weight": self.weight, "abstained": self.abstained,
                       "order": [], "ties": self.ties}
        against, winners = getattr(self, method)()
        self.need("quorum", self.weight if rules.get("against_counts") else self.weight - against)
        self.result.update(reasons=sorted(self.reasons), adopted=not self.reasons, winners=[] if self.reasons else winners)

    def of(self, which):
        """The weight of the papers that are so."""
        return sum(w for p, w in self.papers.items() if which(p))

    # What has to be reached.

    def need(self, what, reached):
        needed = self.rules.get(what, 0)
        if needed or what == "quorum":
            self.result[what] = {"met": reached >= needed, "needed": needed, "reached": reached}
            self.because(what, reached < needed)

    def share(self, part, whole, share):
        if share:
            met = reaches(share, part, whole)
            self.result["share"] = {"num": share["num"], "den": share["den"], "more": share.get("more", False), "of": whole, "reached": part, "met": met}
            self.because("share", not met)

    def because(self, reason, holds):
        if holds:
            self.reasons.add(reason)

    # Order and ties.

    def order(self, options, best):
        """Puts the best of those that are left next, again and again."""
        left, out = list(options), []
        while left:
            out.append(self.pick(best(left), "order"))
            left.remove(out[-1])
        return out

    def pick(self, among, what):
        """The one of several equal options that is put next, moves its surplus, or is excluded: by earlier rounds, or by the lots."""
        if len(among) == 1:
            return among[0]
        left, pick = among, min if what == "exclude" else max
        for r in reversed(self.rounds[:-1]):
            end = pick(r["votes"][o] for o in left)
            left = [o for o in left if r["votes"][o] == end]
        by, lots = ("earlier" if len(left) == 1 else "lot"), self.rules["lots"]
        chosen = (max if what == "exclude" else min)(left, key=lots.index)
        self.ties.append({"among": sorted(left if by == "lot" else among), "by": by, "chosen": chosen, "for": what, "round": max(0, len(self.rounds) - 1)})
        return chosen

    # The methods: each gives the weight of those against, and who wins if nothing speaks against it.

    def yesno(self):
        yes, no = self.of(lambda p: p[0] == 0), self.of(lambda p: p[0] == 1)
        self.result["sums"] = [yes, no, self.abstained]
        self.because("nobody", yes == 0)
        self.share(yes, yes + no, self.rules.get("share", {"num": 1, "den": 2, "more": True}))
        self.need("support", yes)
        return no, [0]

    def consent(self):
        sums = [self.of(lambda p: p[0] == i) for i in range(4)]
        agree, aside, _, block = self.result["sums"] = sums
        self.because("nobody", agree == 0)
        self.because("blocked", block >= self.rules.get("blocks", 1))
        self.share(agree, self.weight - aside, self.rules.get("share"))
        self.need("support", agree)
        return block, [0]

    def check(self):
        self.result["sums"] = [self.of(lambda p: p[0] == mark) for mark in range(1, self.rules["max"] + 1)]
        self.because("check", True)
        return 0, []

    def by_sums(self, sums):
        self.result["sums"] = sums
        self.result["order"] = self.order(range(self.n), lambda left: highest(left, sums))
        self.because("nobody", not any(sums))
        return [o for o in self.result["order"][: self.rules.get("winners", 1)] if sums[o]]

    def approval(self):
        sums = [self.of(lambda p: p[o // 8] >> o % 8 & 1) for o in range(self.n)]
        winners, first, whole, share = self.by_sums(sums), max(sums), self.weight - self.abstained, self.rules.get("share")
        self.share(first, whole, share)
        self.need("support", first)
        return 0, [o for o in winners if sums[o] >= self.rules.get("support", 0) and (not share or reaches(share, sums[o], whole))]

    def score(self):
        return 0, self.by_sums([sum(p[o] * w for p, w in self.papers.items()) for o in range(self.n)])

    def schulze(self):
        every = range(self.n)
        pairs = self.result["pairs"] = self.preferences()
        paths = self.result["paths"] = [[pairs[a][b] if pairs[a][b] > pairs[b][a] else 0 for b in every] for a in every]
        for via in every:
            for a in every:
                for b in every:
                    if a != b:
                        paths[a][b] = max(paths[a][b], min(paths[a][via], paths[via][b]))
        self.result["sums"] = self.first()
        self.result["order"] = self.order(every, lambda left: [x for x in left if not any(paths[y][x] > paths[x][y] for y in left)])
        self.because("nobody", self.weight == self.abstained)
        return 0, self.result["order"][:1]

    def first(self):
        """Of each option the weight of papers that rank it 1."""
        return [self.of(lambda p: p[o] == 1) for o in range(self.n)]

    def preferences(self):
        """[a][b] is the weight of papers that prefer a to b. The ranks of an option on all papers stand in one long number, a byte each; the
        difference of two such numbers, with the top bit of each byte set before, has that bit where the one rank is not less than the other."""
        table = bytes([127]) + bytes(range(1, 256))  # 127 is behind all ranks
        ranks = [int.from_bytes(bytes(p[o] for p in self.papers).translate(table), "little") for o in range(self.n)]
        top = int.from_bytes(b"\x80" * len(self.papers), "little")
        # The papers whose weight has a bit: sums are made bit by bit.
        weights = [(bit, int.from_bytes(bytes(w >> bit & 1 and 0x80 for w in self.papers.values()), "little"))
                   for bit in range(max(self.papers.values(), default=0).bit_length())]

        def prefer(a, b):
            behind = (ranks[a] | top) - ranks[b]
            return self.weight - sum((behind & mask).bit_count() << bit for bit, mask in weights)

        return [[0 if a == b else prefer(a, b) for b in range(self.n)] for a in range(self.n)]

    def stv(self):
        self.seats, self.votes, self.elected, self.excluded = self.rules.get("winners", 1), [0] * self.n, [], []
        self.continuing, self.exhausted, self.lost = list(range(self.n)), 0, 0
        self.piles = [{} for _ in range(self.n)]  # of each option: value -> ranking -> weight
        for p, w in self.papers.items():
            ranking = bytes(sorted((o for o in range(self.n) if p[o]), key=p.__getitem__))
            if ranking:
                self.credit(ranking, UNIT, w)
        valid = self.weight - self.abstained
        self.quota = (valid // (self.seats + 1) + 1) * UNIT
        self.because("nobody", valid == 0)
        self.result.update(sums=self.first(), quota=self.quota, rounds=self.rounds)
        self.end_round("first", -1, [])
        while len(self.elected) < self.seats:
            over = [o for o in self.elected if self.votes[o] > self.quota]  # whose surplus has not moved
            if over:
                self.surplus(self.pick(highest(over, self.votes), "surplus"))
            else:
                self.exclude(self.pick(highest(self.continuing, [-v for v in self.votes]), "exclude"))
        rest = self.order(self.continuing, lambda left: highest(left, self.votes))
        self.result["order"] = self.elected + rest + self.excluded[::-1]
        return 0, self.elected

    def credit(self, ranking, value, weight):
        """Gives papers to the first option of their ranking, in which only continuing options are left."""
        pile = self.piles[ranking[0]].setdefault(value, {})
        pile[ranking] = pile.get(ranking, 0) + weight
        self.votes[ranking[0]] += value * weight

    def end_round(self, action, option, moves):
        r = {"action": action, "option": option, "moves": moves, "votes": list(self.votes), "exhausted": self.exhausted, "lost": self.lost}
        self.rounds.append(r)
        r["elected"] = self.elect([o for o in self.continuing if self.votes[o] >= self.quota])
        few = len(self.continuing) <= self.seats - len(self.elected)
        r["filled"] = self.elect(self.continuing if few else [])

    def elect(self, options):
        put = self.order(options, lambda left: highest(left, self.votes))
        self.elected += put
        self.continuing = [o for o in self.continuing if o not in put]
        return put

    def surplus(self, option):
        have = self.votes[option]
        over = have - self.quota
        moves = self.move(option, lambda value: over * value // have)
        self.votes[option] = self.quota
        self.lost += over - sum(m["votes"] for m in moves)
        self.end_round("surplus", option, moves)

    def exclude(self, option):
        self.continuing.remove(option)
        self.excluded.append(option)
        moves = self.move(option, lambda value: value)
        self.votes[option] = 0
        self.end_round("exclude", option, moves)

    def move(self, option, value_of):
        """Moves all papers of an option to the next one that is continuing in their ranking."""
        gone = bytes(o for o in range(self.n) if o not in self.continuing)
        moved, pile = {}, self.piles[option]
        self.piles[option] = {}
        for old, rankings in pile.items():
            value = value_of(old)
            for ranking, weight in rankings.items():
                rest = ranking.translate(None, gone)
                to = moved.setdefault(rest[0] if rest else -1, [0, 0])
                to[0] += value * weight
                to[1] += weight
                if rest:
                    self.credit(rest, value, weight)
        self.exhausted += moved.get(-1, [0])[0]
        return [{"to": to, "votes": moved[to][0], "weight": moved[to][1]} for to in sorted(moved, key=lambda to: (to < 0, to))]


def highest(options, of):
    most = max(of[o] for o in options)
    return [o for o in options if of[o] == most]


def reaches(share, part, whole):
    have, want = part * share["den"], whole * share["num"]
    return whole > 0 and (have > want if share.get("more") else have >= want)


# --- Merkle trees (RFC 6962) and notes (C2SP) ---------------------------------------------------------------------------------------


def leaf_hash(leaf):
    return sha256(b"\x00", leaf)


def node_hash(a, b):
    return sha256(b"\x01", a, b)


class Tree:
    """Grows leaf by leaf; keeps the hashes of each level of whole subtrees, so that the root at any size is at hand."""

    def __init__(self):
        self.levels = [[]]
        self.size = 0

    def append(self, h):
        self.size += 1
        level = 0
        while True:
            if len(self.levels) == level:
                self.levels.append([])
            row = self.levels[level]
            row.append(h)
            if len(row) % 2:
                return
            h = node_hash(row[-2], row[-1])
            level += 1

    def root(self, size):
        out = None
        for level in range(size.bit_length()):
            if size >> level & 1:
                h = self.levels[level][(size >> level) - 1]
                out = h if out is None else node_hash(h, out)
        return out if out is not None else sha256(b"")


def parse_vkey(text):
    """(name, id, type, key) of NAME+ID+BASE64, C2SP signed-note."""
    name, kid, raw = (text.split("+", 2) + ["", ""])[:3]
    raw = b64(raw)
    need(name and len(raw) == 33 and raw[0] in (1, 4), "a verifier key of an unknown kind")
    need(sha256(name.encode(), b"\n", raw)[:4].hex() == kid, "the id of a verifier key does not fit")
    return name, bytes.fromhex(kid), raw[0], raw[1:]


def parse_note(raw):
    """The signed text and the (name, id, signature) lines of a note."""
    try:
        text = raw.decode()
    except ValueError as e:
        raise Wrong("a note that is no text") from e
    body, gap, tail = text.rpartition("\n\n")
    need(gap and tail.endswith("\n"), "a note without signatures")
    body += "\n"
    need(not any(ord(c) < 32 and c != "\n" for c in text), "a note with control characters")
    lines = []
    for line in tail[:-1].split("\n"):
        part = line.split(" ")
        need(len(part) == 3 and part[0] == "—", "a signature line of a note is malformed")
        sig = b64(part[2])
        need(len(sig) > 4, "a signature of a note is too short")
        lines.append((part[1], sig[:4], sig[4:]))
    return body, lines


def checkpoint(raw, origin, key):
    """(size, root, body, signature lines) of a checkpoint that the node signed."""
    body, lines = parse_note(raw)
    part = body.split("\n")
    need(len(part) == 4, "a checkpoint has not three lines")
    need(part[0] == origin, "a checkpoint of another log")
    size = part[1]
    need(size.isascii() and size.isdigit() and len(size) < 20 and str(int(size)) == size and int(size) < 2**63, "the size of a checkpoint is no number")
    root = b64(part[2])
    need(len(root) == 32, "the root of a checkpoint has a wrong length")
    kid = sha256(origin.encode(), b"\n\x01", key)[:4]
    mine = [s for n, i, s in lines if n == origin and i == kid]
    need(mine and all(ed25519(key, body.encode(), s) for s in mine), "a checkpoint is not signed by the node's key")
    return int(size), root, body, lines


def cosigned(witness, body, lines, since=0):
    """Whether a witness cosigned, C2SP tlog-cosignature; with since, at that time or later."""
    name, kid, kind, key = witness
    for n, i, s in lines:
        if (n, i) != (name, kid):
            continue
        if kind == 1 and len(s) == 64 and not since:
            return ed25519(key, body.encode(), s)
        if kind == 4 and len(s) == 72:
            when = int.from_bytes(s[:8], "big")
            if when < since:
                continue
            return ed25519(key, f"cosignature/v1\ntime {when}\n{body}".encode(), s[8:])
    return False


class Policy:
    """C2SP tlog-policy: the node's key and the witnesses."""

    def __init__(self, raw):
        self.log, self.witnesses, self.groups, self.quorum = None, {}, {}, "none"
        for line in raw.decode("utf-8", "replace").splitlines():
            match line.split():
                case []:
                    pass
                case [word, *_] if word.startswith("#"):
                    pass
                case ["log", vkey, *_]:
                    need(self.log is None, "a policy of two logs")
                    self.log = parse_vkey(vkey)
                case ["witness", name, vkey, *_]:
                    self.witnesses[name] = parse_vkey(vkey)
                case ["group", name, n, *members]:
                    need(members and (n in ("any", "all") or n.isdigit()), "a group of the policy is malformed")
                    count = {"any": 1, "all": len(members)}.get(n) or int(n)
                    self.groups[name] = (count, members)
                case ["quorum", name]:
                    self.quorum = name
                case _:
                    raise Wrong("a line of the policy is not understood: " + line)
        need(self.log and self.log[0].endswith("/log") and self.log[2] == 1, "the policy names no log of a node")
        self.node, self.key = self.log[0][: -len("/log")], self.log[3]

    def met(self, body, lines, name=None, since=0):
        name = name or self.quorum
        if name == "none":
            return False
        if name in self.witnesses:
            return cosigned(self.witnesses[name], body, lines, since)
        need(name in self.groups, "the policy names an unknown witness " + name)
        count, members = self.groups[name]
        return sum(self.met(body, lines, m, since) for m in members) >= count

    def met_at(self, body, lines):
        """The latest time since which enough witnesses have signed; 0 when they have not."""
        times = {int.from_bytes(s[:8], "big") for _, _, s in lines if len(s) == 72}
        return next((t for t in sorted(times, reverse=True) if t and self.met(body, lines, None, t)), 0)


# --- Where the files come from ---------------------------------------------------------------------------------------------------------


class Folder:
    def __init__(self, root):
        self.root = pathlib.Path(root)

    def get(self, path):
        try:
            return (self.root / path).read_bytes()
        except FileNotFoundError as e:
            raise Missing(f"{path} is missing") from e
        except OSError as e:
            raise Unchecked(f"{path} cannot be read") from e


class Zip:
    """A file as nodes offer it at a box: all that counting that one takes."""

    def __init__(self, path):
        self.zip = zipfile.ZipFile(path)

    def boxes(self):
        return {n.split("/")[1] for n in self.zip.namelist() if n.startswith("b/")} - {""}

    def get(self, path):
        try:
            return self.zip.read(path)
        except KeyError as e:
            raise Missing(f"{path} is missing") from e
        except (OSError, zipfile.BadZipFile) as e:
            raise Unchecked(f"{path} cannot be read") from e


class Site:
    def __init__(self, url):
        self.url = url.rstrip("/")

    def get(self, path):
        try:
            with urllib.request.urlopen(f"{self.url}/{path}", timeout=30) as r:
                return r.read()
        except (urllib.error.URLError, OSError) as e:
            kind = Missing if getattr(e, "code", 0) in (404, 410) else Unchecked
            raise kind(f"{path} cannot be fetched: {e}") from e


def get_tile(source, path):
    """A file that a signed checkpoint promises: without it the log is wrong."""
    try:
        return source.get(path)
    except Missing as e:
        raise Wrong(str(e)) from e


def tile_paths(size, level):
    """(path behind tile/, number, width) of the tiles of a level."""
    whole, rest = divmod(size, 256)
    for n in range(whole + (1 if rest else 0)):
        text, left = f"{n % 1000:03d}", n // 1000
        while left:
            text, left = f"x{left % 1000:03d}/{text}", left // 1000
        partial = n == whole
        yield f"{level}/{text}" + (f".p/{rest}" if partial else ""), rest if partial else 256


def read_log(source, path, origin, key, allowed, raw=None):
    """All leaves of a log, after its checkpoint (raw, if it was read before), tiles and tree were found to fit."""
    raw = source.get(f"{path}/checkpoint") if raw is None else raw
    size, root, body, lines = checkpoint(raw, origin, key)
    tree, leaves = Tree(), []
    for name, width in tile_paths(size, "entries"):
        r = Reader(get_tile(source, f"{path}/tile/{name}"))
        for _ in range(width):
            try:
                leaf = r.take(r.num(2))
                f = read_leaf(leaf)
                need(f["kind"] in allowed, "a leaf of a kind that does not belong in this log")
            except Wrong as e:
                raise Wrong(f"leaf {len(leaves)}: {e}") from e
            f["raw"] = leaf
            leaves.append(f)
            tree.append(leaf_hash(leaf))
        need(not r.raw, f"tile {name} is too long")
    need(tree.root(size) == root, "the leaves do not make the root of the checkpoint")
    level = 0
    while size >> 8 * level:
        row = tree.levels[8 * level]
        for i, (name, width) in enumerate(tile_paths(len(row), level)):
            want = b"".join(row[256 * i : 256 * i + width])
            need(get_tile(source, f"{path}/tile/{name}") == want, f"tile {name} does not fit the leaves")
        level += 1
    return {"origin": origin, "size": size, "tree": tree, "leaves": leaves, "body": body, "lines": lines}


# --- Rolls -----------------------------------------------------------------------------------------------------------------------------


def at(i, call, *args):
    """Runs a check of leaf i, and says its number when it fails."""
    try:
        return call(*args)
    except Wrong as e:
        raise Wrong(f"leaf {i}: {e}") from e


class Roll:
    def __init__(self, log, rid, node):
        self.log, self.rid, self.node = log, rid, node
        self.issued, self.activated, self.frozen, self.given, self.members = {}, {}, set(), set(), []
        self.seats = []  # the weight of each
        need(log["size"] > 0 and log["leaves"][0]["kind"] == 0x20, "leaf 0: a roll does not begin with its manifest")
        self.m = log["leaves"][0]["manifest"]
        need(name_of(log["leaves"][0]["raw"]) == rid, "leaf 0: the roll's id is not that of its manifest")
        need(self.m["node"] == node, "leaf 0: the roll of another node")
        self.keys = [modulus(b64(k)) for k in self.m.get("keys", [])]
        for i, f in enumerate(log["leaves"][1:], 1):
            at(i, self.leaf, i, f)
        need(sum(self.seats) <= MOST, "seats that weigh more than can be counted")
        need(len(self.members) + len(self.seats) == self.m.get("size", 0), "the roll has not as many members or seats as its manifest says")

    def fits(self, key, auth, slot):
        need(slot < len(self.keys), "a slot that the roll has not")
        message = token_input(key, self.m["registrar"], self.rid, slot, b64(self.m["keys"][slot]))
        need(pss(self.keys[slot], message, auth), "an authenticator that does not fit")

    def eligible(self):
        """The weight of all who may vote; 0 is unknown."""
        return sum(self.seats) if self.m["gate"] == "seats" else self.m.get("size", 0)

    def leaf(self, i, f):
        need((f["kind"] == 0x25) == (self.m["gate"] == "seats"), "a roll of seats has seats only, and no other roll has any")
        match f["kind"]:
            case 0x25:
                self.seats.append(f["weight"])
            case 0x21:
                need(self.m["closed"] and i == len(self.members) + 1, "a member where none may be")
                need(not self.members or self.members[-1] < f["hash"], "members are not in ascending order")
                self.members.append(f["hash"])
            case 0x22:
                self.issue(f)
            case 0x23:
                need(f["slot"] not in self.frozen, "an activation after the freeze")
                self.fits(f["key"], f["auth"], f["slot"])
                there = self.activated.setdefault(f["slot"], set())
                need(f["key"] not in there, "a key is activated twice")
                there.add(f["key"])
            case 0x24:
                need(f["slot"] < len(self.keys) and f["slot"] not in self.frozen, "a freeze of a frozen or unknown slot")
                need(f["issued"] == self.issued.get(f["slot"], 0), "a freeze with a wrong number of issues")
                need(f["activated"] == len(self.activated.get(f["slot"], ())), "a freeze with a wrong number of activations")
                self.frozen.add(f["slot"])
            case _:
                raise Wrong("a second manifest")

    def issue(self, f):
        if self.m["closed"]:
            need(f["member"] < self.m.get("size", 0), "an issue to a member that there is not")
        else:
            need(f["member"] == 0xFFFFFFFF, "an issue to a member of an open roll")
        for slot in range(32):
            if not f["slots"] >> slot & 1:
                continue
            need(slot < len(self.keys), "an issue for a slot that there is not")
            need(slot not in self.frozen, "an issue after the freeze")
            if self.m["closed"]:
                need((f["member"], slot) not in self.given, "an issue twice to one member")
                self.given.add((f["member"], slot))
            self.issued[slot] = self.issued.get(slot, 0) + 1


# --- Boxes -----------------------------------------------------------------------------------------------------------------------------


def standing(thresholds):
    """The largest k for which at least k of them are k or less."""
    have, best, i = sorted(thresholds), 0, 0
    for k in range(1, len(have) + 1):
        while i < len(have) and have[i] <= k:
            i += 1
        if i >= k:
            best = k
    return best


class Box:
    def __init__(self, log, bid, manifest, roll):
        self.log, self.bid, self.m, self.roll = log, bid, manifest, roll
        self.admitted, self.signed, self.counter, self.says = set(), set(), {}, {}
        self.counts = {}  # key -> (threshold, part) while it counts; in polls key or seat -> paper
        self.paper, self.result = 0, None
        self.marks, self.closed = {}, None
        self.secret, self.spoiled = None, 0  # of a sealed poll: what opens it, and the ballots that it does not open

    def run(self):
        """Counts; self.marks holds what the node's log says of the box at a size."""
        for check in self.marks.get(0, []):
            check(self)
        for i, f in enumerate(self.log["leaves"]):
            at(i, self.leaf, f)
            for check in self.marks.get(i + 1, []):
                check(self)
        need(max(self.marks, default=0) <= self.log["size"], "the node's log knows of more leaves than the box has")
        need(self.closed in (None, self.log["size"]), "the box grew after it was closed")
        keys, given = len(self.admitted), self.given()
        need(keys <= given, f"{keys} keys took part, but only {given} credentials were given out")

    def given(self):
        """How many credentials were given out, or how many seats there are."""
        return len(self.roll.seats) if self.m["takes"] == "vote" else self.roll.issued.get(self.m["slot"], 0)

    def leaf(self, f):
        need((f["kind"] == 0x14) == (self.m["takes"] == "vote"), "a poll by name has votes of seats only, and no other box has any")
        if f["kind"] == 0x14:
            need(f["seat"] < len(self.roll.seats), "a vote of a seat that there is not")
            self.said(f["seat"], f)
        elif f["kind"] == 0x13:
            need(self.m["type"] != "poll", "a batch in a poll")
            self.paper += f["count"]
        elif f["kind"] == 0x10:
            need(self.m["takes"] == "sign", "a signature in a box that takes none")
            need(f["key"] not in self.signed, "a key signs twice")
            self.roll.fits(f["key"], f["auth"], self.m["slot"])
            self.signed.add(f["key"])
            self.admitted.add(f["key"])
            self.counts[f["key"]] = (1, 0)
        elif f["kind"] == 0x11:
            self.say(f)
        else:
            need(self.m["type"] == "fund", "a ledger line in a box that is no fund")

    def say(self, f):
        key, slot = f["key"], self.m["slot"]
        need(not small(key), "a key of small order")
        if f["auth"]:
            self.roll.fits(key, f["auth"], slot)
        need(f["auth"] or key in self.admitted or key in self.roll.activated.get(slot, ()), "a key without an authenticator")
        message = b"convoke/v1\n" + self.log["origin"].encode() + b"\n" + f["counter"].to_bytes(4, "big") + f["body"]
        need(ed25519(key, message, f["sig"]), "a signature of a statement that does not fit")
        self.said(key, f)

    def said(self, key, f):
        """What a key or seat says replaces what it said before."""
        need(f["counter"] > self.counter.get(key, -1), "a counter that does not rise")
        what = read_body(f["body"], self.m)
        need(self.m["takes"] != "sign" or what[0] == "withdraw", "a statement in a box that takes signatures")
        self.admitted.add(key)
        self.counter[key] = f["counter"]
        if what[0] == "pledge":
            shared = self.m.get("threshold", 0)
            need(shared in (0, what[1]), "a pledge with another threshold than the box's")
            self.counts[key] = what[1:]
            return
        if what[0] == "ballot":
            self.counts[key] = what[1]
            return
        if what[0] == "sealed":
            self.counts[key] = (f["counter"], f["body"])
            return
        need(key in self.counts, f"a {what[0]} of a key that does not count")
        if what[0] == "withdraw":
            del self.counts[key]

    def number(self, part=-1):
        """What milestones compare with goals."""
        if self.m["takes"] == "sign" or self.m["type"] == "poll":
            return len(self.counts)
        return standing([t for t, p in self.counts.values() if part in (-1, p)])

    def milestone(self, f):
        goals, parts = self.m.get("goals", []) + [self.m.get("threshold")], self.m.get("parts", 0)
        need(f["goal"] in goals, "a milestone of a goal that the box has not")
        apart = self.m["takes"] == "say" and parts > 0
        need(0 <= f["part"] < parts if apart else f["part"] == -1, "a milestone of a part that there is not")
        need(f["time"] < self.m.get("pledges_until", 2**64), "a milestone after the time to pledge")
        need(f["count"] == self.number(f["part"]) and f["count"] >= f["goal"], "a milestone that is not true")

    def claim(self, c):
        """A step of a ladder said that so many were here."""
        parts = self.m.get("parts", 0)
        need(c["part"] < parts or c["part"] == -1, "a step of a ladder counts a part that there is not")
        whole = parts and c["part"] == -1 and self.m["takes"] == "say"
        n = sum(self.number(p) for p in range(parts)) if whole else self.number(c["part"])
        need(n == c["count"], "a step of a ladder counts what was not here")

    def is_root(self, f):
        need(self.log["tree"].root(f["size"]) == f["root"], "the node's log has another root of the box")

    def count(self, told):
        """Counts a poll that has closed. told is the hash of its result in the node's log, if it is there yet."""
        need(not self.m.get("freeze") or self.m["slot"] in self.roll.frozen, "a poll whose credentials were not frozen")
        if "sealed" in self.m:
            need(told is None or self.secret, "the node's log tells a result, and its trustees have not opened the poll")
            if self.secret is None:
                return
        weight = (lambda seat: self.roll.seats[seat]) if self.m["takes"] == "vote" else (lambda key: 1)
        papers = self.opened() if "sealed" in self.m else self.counts
        self.result = Count(self.m["poll"], ((p, weight(k)) for k, p in papers.items()), self.roll.eligible()).result
        need(told in (None, sha256(canonical(self.result).encode())), "the result in the node's log is not the one that was counted")

    def opened(self):
        """The papers of a sealed poll; what does not open, or is no paper, is spoiled and takes part in nothing."""
        papers = {}
        for key, (counter, body) in self.counts.items():
            p = sealed(lambda s, k=key, c=counter, b=body: s.open_ballot(self.secret, self.log["origin"], k, c, b))
            if p and is_paper(self.m["poll"], p):
                papers[key] = p
        self.spoiled = len(self.counts) - len(papers)
        return papers

    def report(self, witnessed):
        parts = self.m.get("parts", 0)
        return {"box": self.bid, "type": self.m["type"], "takes": self.m["takes"], "size": self.log["size"], "keys": len(self.admitted), "withheld": False,
                "spoiled": self.spoiled, "shut": "sealed" in self.m and self.closed is not None and self.result is None, "rules": self.m.get("poll"), "result": self.result,
                "issued": self.given(), "counted": len(self.counts), "standing": self.number(),
                "parts": [{"counted": sum(p == i for _, p in self.counts.values()), "standing": self.number(i)} for i in range(parts)],
                "paper": self.paper, "frozen": self.m["slot"] in self.roll.frozen, "closed": self.closed is not None, "unwitnessed": self.log["size"] - witnessed}


# --- Ladders -------------------------------------------------------------------------------------------------------------------------

GATES = {"all", "any", "date", "count", "silence", "refusal", "decision", "turnout", "trigger", "step"}


def is_gate(g, keys, me, depth=1):
    if not isinstance(g, dict) or depth > 8:
        return False
    kind = [k for k in g if k in GATES]
    if len(kind) != 1 or g.keys() - GATES - {"zone", "unix", "state"} or ("date" in g) != ("unix" in g) or ("step" in g) != ("state" in g):
        return False
    x = g[kind[0]]
    match kind[0]:
        case "all" | "any":
            return isinstance(x, list) and len(x) > 0 and all(is_gate(y, keys, me, depth + 1) for y in x)
        case "date":
            return isinstance(x, str) and type(g["unix"]) is int
        case "step":
            return x in keys and x != me and g["state"] in ("open", "met", "lapsed")
        case "count":
            return (isinstance(x, dict) and not x.keys() - {"petition", "pledge", "people", "part", "groups", "box", "index"} and isinstance(x.get("box"), str)
                    and type(x.get("people")) is int and x["people"] > 0 and x.get("groups", 0) >= 0 and x.get("index", 0) >= 0 and not ("groups" in x and "index" in x))
    return True


def shaped(read, raw):
    """Reads JSON whose members may have any type."""
    try:
        return read(raw)
    except (KeyError, TypeError, ValueError, AttributeError) as e:
        raise Wrong("a ladder, a step or an alert has a member that is not as it should be") from e


def ladder_manifest(raw):
    m = read_json(raw)
    need(m.keys() - {"ladder"} == {"v", "version", "campaign", "text", "time", "steps"} and m["v"] == 1 and type(m["version"]) is int and m["version"] >= 1,
         "the manifest of a ladder is not as it should be")
    need(("ladder" in m) == (m["version"] > 1) and m["campaign"] and len(bytes.fromhex(m["text"])) == 32 and m["time"] > 0 and len(m["steps"]) > 0,
         "the manifest of a ladder is not as it should be")
    keys = [s["key"] for s in m["steps"]]
    need(all(keys) and len(set(keys)) == len(keys), "a ladder has a step twice, or one without a name")
    for s in m["steps"]:
        need(not s.keys() - {"key", "after", "gate", "lapses", "met_by"}, "a step of a ladder has a field that there is not")
        need(all(k in keys and k != s["key"] for k in s.get("after", [])), "a step comes after one that there is not")
        need(all(is_gate(s[k], keys, s["key"]) for k in ("gate", "met_by") if k in s), "a gate is not as it should be")
    return m


def step_move(raw):
    m = read_json(raw)
    need(m.keys() - {"counts"} == {"step", "state", "reason", "time"} and m["state"] in ("waiting", "open", "met", "lapsed", "halted")
         and m["reason"] in ("gate", "lapse", "before", "owners", "decision", "down") and m["step"] and m["time"] > 0, "a change of a step is not as it should be")
    for c in m.get("counts", []):
        need(c.keys() == {"box", "part", "people", "count", "size"} and c["part"] >= -1 and c["people"] > 0 and c["count"] >= c["people"], "a count of a step is not as it should be")
    return m


def alert_line(raw):
    a = read_json(raw)
    need(a.keys() - {"drill"} == {"v", "alert", "chain", "n", "kind", "network", "text", "sent", "expires", "verifiers"} and a["v"] == 1 and a.get("drill", True) is True
         and all(type(a[k]) is str and a[k] for k in ("alert", "chain", "network")) and type(a["n"]) is int and 1 <= a["n"] <= 50 and len(bytes.fromhex(a["text"])) == 32
         and a["kind"] in ("alert", "update", "correct", "withdraw", "clear") and (a["n"] == 1) == (a["kind"] == "alert") == (a["alert"] == a["chain"])
         and 0 < a["sent"] < a["expires"] <= a["sent"] + 12 * 60 * 60, "an alert is not as it should be")
    who = a["verifiers"]
    need(all(v.keys() == {"role", "first_hand"} and v["role"] == "verifier" and type(v["first_hand"]) is bool for v in who), "an alert has a verifier who is not as they should be")
    need(len(who) >= (1 if a["kind"] == "withdraw" else 2), "an alert that too few verified")
    need(a["kind"] != "alert" or "drill" in a or any(v["first_hand"] for v in who), "an alert that no verifier saw")
    return a


class Ladder:
    """One of a campaign: its newest version, and where its steps stand."""

    MOVES = {"waiting": ("open", "lapsed", "halted"), "open": ("met", "halted"), "halted": ("waiting", "open")}

    def __init__(self, m, old=None):
        self.m, self.by = m, {s["key"]: s for s in m["steps"]}
        self.steps = {k: {"state": "waiting", "last": m["time"]} for k in self.by}
        for k, s in old.steps.items() if old else []:
            if s["state"] == "waiting" and "open" not in s:
                continue
            need(self.by.get(k) == old.by[k], f"a new version changes the step {k}, which has moved")
            self.steps[k] = s
        if old:
            need(m["version"] == old.m["version"] + 1 and m["campaign"] == old.m["campaign"] and m["time"] >= old.m["time"], "not the next version of a ladder")

    def holds(self, g, m):
        """Whether a gate is open at a move. What is not in the record is taken as it is told."""
        if "all" in g:
            return all(self.holds(x, m) for x in g["all"])
        if "any" in g:
            return any(self.holds(x, m) for x in g["any"])
        if "date" in g:
            return m["time"] >= g["unix"]
        if "step" in g:
            return self.steps[g["step"]].get(g["state"], 2**63) <= m["time"]
        if "count" in g:
            c = g["count"]
            fits = {x["part"] for x in m.get("counts", []) if x["box"] == c["box"] and x["count"] >= c["people"]}
            return len(fits - {-1}) >= c["groups"] if "groups" in c else c.get("index", -1) in fits
        return True

    def move(self, m):
        s, x, to, why, t = self.steps.get(m["step"]), self.by.get(m["step"]), m["state"], m["reason"], m["time"]
        need(s is not None, "of a step that was not published")
        need(to in self.MOVES.get(s["state"], ()), f"a step that is {s['state']} cannot become {to}")
        need(t >= s["last"], "a step moves before it moved last")
        need(s["state"] != "halted" or why == "decision" or (to == "open") == (s["was"] == "open"), "a step does not go on as it was")
        if why == "gate" and to == "open":
            need(t < x.get("lapses", 2**63), "a step opens after its last moment")
            need(all(self.steps[k].get("open", 2**63) <= t for k in x.get("after", [])), "a step opens before one that comes first")
            need("gate" not in x or self.holds(x["gate"], m), "a step opens, and its gate does not")
        elif why == "gate" and to == "met":
            need("met_by" in x and self.holds(x["met_by"], m) and t >= s["open"], "a step is met, and nothing says so")
        elif why == "lapse":
            need(to == "lapsed" and x.get("lapses", 2**63) <= t, "a step lapses before its last moment")
        elif why == "before":
            need(to == "lapsed" and any("lapsed" in self.steps[k] for k in x.get("after", [])), "a step lapses with no other")
        elif why == "down":
            need(to == "halted", "a step does not stand down")
        else:
            need(to != "lapsed" and why != "gate" and not (why == "owners" and to == "open" and s["state"] == "waiting"), "a step moves for no such reason")
        s.update(was=s["state"], state=to, last=t)
        s.setdefault(to, t)


# --- The whole -----------------------------------------------------------------------------------------------------------------------


class Verifier:
    def __init__(self, source, since=None, now=0):
        self.source, self.wrong, self.unchecked = source, [], []
        self.rolls, self.boxes, self.seen = {}, {}, {}
        self.earlier, self.now, self.since, self.cosigned_at = since, now, None, 0

    def attempt(self, where, call, *args):
        """What call returns; None, and a line in the report, when it is wrong or cannot be checked."""
        try:
            return call(*args)
        except Wrong as e:
            self.wrong.append({"where": where, "what": str(e)})
        except Unchecked as e:
            self.unchecked.append({"where": where, "what": str(e)})
        return None

    def run(self):
        self.attempt("the node", self.node)
        code = 1 if self.wrong else 2 if self.unchecked else 0
        stale = self.now - self.cosigned_at > 3600 and any(not b["closed"] for b in self.boxes.values())
        return {"exit": code, "boxes": list(self.boxes.values()), "rolls": list(self.rolls.values()), "wrong": self.wrong,
                "unchecked": self.unchecked, "since": self.since, "cosigned_at": self.cosigned_at,
                "stale": bool(self.now and self.cosigned_at and stale)}

    def extends(self, log):
        """Compares the node's log with a checkpoint of it that somebody kept."""
        origin = self.earlier.split(b"\n")[0].decode("utf-8", "replace")
        need(origin == log["origin"], f"the earlier checkpoint is one of {origin[:100]!r}, and this log is {log['origin']!r}")
        try:
            size, root, _, _ = checkpoint(self.earlier, log["origin"], self.key)
        except Wrong as e:
            raise Wrong(f"the earlier checkpoint: {e}") from e
        self.since = {"size": size, "extended": False}
        need(size <= log["size"], f"it was rolled back: the earlier checkpoint has {size} lines, and now there are {log['size']}")
        need(log["tree"].root(size) == root,
             f"it was forked: the node signed other {size} lines in the earlier checkpoint than the first {size} of the {log['size']} that there are now")
        self.since["extended"] = True

    def node(self):
        self.policy = Policy(self.source.get(".well-known/convoke-policy"))
        self.name, self.key = self.policy.node, self.policy.key
        log = read_log(self.source, "log", self.name + "/log", self.key, NODE)
        if self.earlier is not None:
            self.extends(log)
        self.met = self.policy.met(log["body"], log["lines"])
        self.cosigned_at = self.policy.met_at(log["body"], log["lines"]) if self.met else 0
        self.opens, self.about, self.anchors, self.ladders, self.alerts, self.alert_ids, slots = {}, {}, {}, {}, {}, set(), set()
        for i, f in enumerate(log["leaves"]):
            at(i, self.node_leaf, f, slots)
        there = self.source.boxes() if isinstance(self.source, Zip) else set()
        if len(there) == 1 and not there & self.opens.keys():
            raise Unchecked(f"the node's log opens no box {there.pop()}")
        # Checkpoints of boxes after the node's log, so that each has what that log tells of it, and before any roll, so that the
        # rolls have each credential that was used in them: people go on taking part meanwhile.
        chosen = {bid: self.attempt("b/" + bid, self.source.get, f"b/{bid}/checkpoint") for bid in self.opens if len(there) != 1 or bid in there}
        rolls = {}
        for bid, raw in chosen.items():
            if raw is None:
                continue
            m = self.opens[bid]
            if m["roll"] not in rolls:
                rolls[m["roll"]] = self.attempt("r/" + m["roll"], self.one_roll, m["roll"])
            if rolls[m["roll"]] is None:
                self.unchecked.append({"where": "b/" + bid, "what": "its roll was not found right"})
                continue
            self.attempt("b/" + bid, self.one_box, bid, m, rolls[m["roll"]], raw)

    def node_leaf(self, f, slots):
        if f["kind"] == 0x01:
            bid, m = name_of(f["raw"]), f["manifest"]
            need(m["node"] == self.name, "a box of another node")
            need(bid not in self.opens, "a box is opened twice")
            need((m["roll"], m["slot"]) not in slots, "two boxes share a slot")
            slots.add((m["roll"], m["slot"]))
            if "sealed" in m:
                need(m["sealed"]["transcript"] not in slots, "two boxes have the key of the same trustees")
                slots.add(m["sealed"]["transcript"])
            self.opens[bid] = m
            self.about[bid] = []
        elif f["kind"] == 0x02:
            there = self.anchors.setdefault(f["log"], [])
            need(not there or there[-1]["size"] < f["size"] or (there[-1]["size"], there[-1]["root"]) == (f["size"], f["root"]), "a log shrank or changed")
            there.append(f)
        elif f["kind"] == 0x08:
            m = f["manifest"]
            lid = m.get("ladder") or name_of(f["raw"])
            need((lid in self.ladders) == (m["version"] > 1), "not the next version of a ladder")
            boxes = lambda g: [g["count"]["box"]] if "count" in g else [b for x in g.get("all", []) + g.get("any", []) for b in boxes(x)]
            need(all(b in self.opens for s in m["steps"] for k in ("gate", "met_by") if k in s for b in boxes(s[k])), "a gate waits for a box that was not opened")
            self.ladders[lid] = Ladder(m, self.ladders.get(lid))
        elif f["kind"] == 0x09:
            lid = base64.b32encode(f["ladder"]).decode().lower().rstrip("=")
            need(lid in self.ladders, "of a ladder that was not published")
            for c in f["move"].get("counts", []):
                need(c["box"] in self.opens, "it counts in a box that was not opened")
                self.about[c["box"]].append(f | {"count": c})
            self.ladders[lid].move(f["move"])
        elif f["kind"] == 0x0a:
            a = f["alert"]
            last = self.alerts.get(a["chain"])
            need(a["alert"] not in self.alert_ids, "an alert goes out twice")
            need((last is not None) == (a["n"] > 1), "it follows an alert that never went out")
            if last:
                need(a["n"] == last["n"] + 1 and a["sent"] >= last["sent"] and a["network"] == last["network"] and a.get("drill") == last.get("drill"), "not the next alert of its chain")
                need(last["kind"] != "withdraw" and (last["kind"] != "clear" or a["kind"] in ("correct", "withdraw")), "it follows an alert that is over for good")
            self.alerts[a["chain"]] = a
            self.alert_ids.add(a["alert"])
        else:
            bid = base64.b32encode(f["box"]).decode().lower().rstrip("=")
            need(bid in self.opens, "of a box that was not opened")
            if f["kind"] == 0x05:
                need("sealed" in self.opens[bid], "a share of a box that is not sealed")
                need(any(o["kind"] == 0x03 for o in self.about[bid]), "a share of a box that is not closed")
                need(1 <= f["trustee"] <= self.opens[bid]["sealed"]["trustees"], "a share of a trustee that there is not")
                need(all(o["kind"] != 0x05 or o["trustee"] != f["trustee"] for o in self.about[bid]), "a trustee's share is there twice")
            self.about[bid].append(f)

    def log(self, path, allowed, raw=None):
        log = read_log(self.source, path, f"{self.name}/{path}", self.key, allowed, raw)
        anchors = self.anchors.get(sha256(log["origin"].encode()), [])
        for a in anchors:
            need(a["size"] <= log["size"], "the log is shorter than its anchor in the node's log")
            need(log["tree"].root(a["size"]) == a["root"], "an anchor in the node's log has another root")
        return log, max((a["size"] for a in anchors), default=0) if self.met else 0

    def one_roll(self, rid):
        log, witnessed = self.log("r/" + rid, ROLL)
        roll = Roll(log, rid, self.name)
        self.rolls[rid] = {"roll": rid, "size": log["size"], "members": len(roll.members), "closed": roll.m["closed"],
                           "issued": {str(s): n for s, n in sorted(roll.issued.items())}, "unwitnessed": log["size"] - witnessed}
        return roll

    def withheld(self, bid, m, roll, raw):
        """A poll that is open: nothing of it can be counted, and its checkpoint must not contradict what the node's log says of it."""
        origin = f"{self.name}/b/{bid}"
        size, root, _, _ = checkpoint(raw, origin, self.key)
        anchors = self.anchors.get(sha256(origin.encode()), [])
        need(all(a["size"] <= size for a in anchors), "the log is shorter than its anchor in the node's log")
        need(all(a["size"] != size or a["root"] == root for a in anchors), "an anchor in the node's log has another root")
        need(all(f["kind"] == 0x07 for f in self.about[bid]), "a milestone or a result of a poll that is open")
        box = Box({"size": size}, bid, m, roll)
        self.boxes[bid] = box.report(max((a["size"] for a in anchors), default=0) if self.met else 0) | {"withheld": True}

    def one_box(self, bid, m, roll, raw):
        need((m["takes"] == "vote") == (roll.m["gate"] == "seats"), "a poll by name without seats, or seats for another box")
        need(m["slot"] < (len(roll.keys) or 1), "the box has a slot that its roll has not")
        if m["type"] == "poll" and not any(f["kind"] == 0x03 for f in self.about[bid]):
            self.withheld(bid, m, roll, raw)
            return
        log, witnessed = self.log("b/" + bid, BOX, raw)
        box, reached, told = Box(log, bid, m, roll), set(), None
        for f in self.about[bid]:
            if f["kind"] == 0x06:
                need((f["goal"], f["part"]) not in reached, "a milestone is there twice")
                reached.add((f["goal"], f["part"]))
                box.marks.setdefault(f["size"], []).append(lambda b, f=f: b.milestone(f))
            elif f["kind"] == 0x09:
                box.marks.setdefault(f["count"]["size"], []).append(lambda b, f=f: b.claim(f["count"]))
            elif f["kind"] == 0x03:
                need(box.closed is None, "a box is closed twice")
                box.closed = f["size"]
                box.marks.setdefault(f["size"], []).append(lambda b, f=f: b.is_root(f))
            elif f["kind"] == 0x04:
                need(box.closed is not None and told is None, "a result before the close, or a second one")
                told = f["hash"]
        if "sealed" in m:
            box.secret = self.trustees(bid, m)
        box.run()
        if m["type"] == "poll":
            box.count(told)
        self.boxes[bid] = box.report(witnessed)

    def trustees(self, bid, m):
        """Checks who keeps a poll shut, and what they have released; the key, or None as long as it takes more."""
        try:
            raw = self.source.get(f"b/{bid}/trustees.json")
        except Missing as e:
            raise Wrong("trustees.json is missing") from e
        t = sealed(lambda s: s.Transcript(raw))
        sealed(lambda s: t.manifest(m["sealed"], self.name))
        return sealed(lambda s: t.rebuild({f["trustee"]: f["share"] for f in self.about[bid] if f["kind"] == 0x05}))


# --- Test vectors ----------------------------------------------------------------------------------------------------------------------

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def wallet(code, origin, slot, use, n):
    code = code.lower().translate(str.maketrans("oil", "011", " -"))
    check = ALPHABET[sha256(b"convoke wallet 1 check\n", code[:25].encode())[0] & 31]
    need(len(code) == 26 and code[25] == check, "the check letter of a code does not fit")
    info = f"convoke wallet 1\n{origin}\n{slot}\n{use}".encode()
    key = hmac.digest(bytes(32), code.encode(), "sha256")
    out = block = b""
    for i in range((n + 31) // 32):
        block = hmac.digest(key, block + info + bytes([i + 1]), "sha256")
        out += block
    return out[:n]


def blind(n, message, stream):
    """(blinded message, what undoes it)."""
    m = int.from_bytes(pss_encode(message, stream[:48]), "big")
    for i in range(48, len(stream) - 319, 320):
        r = int.from_bytes(stream[i : i + 320], "big") % n
        try:
            return m * pow(r, E, n) % n, pow(r, -1, n)
        except ValueError:
            pass
    raise Wrong("no blinding factor")


def inclusion(leaf, index, size, path, root):
    """RFC 9162 section 2.1.3.2."""
    need(index < size, "a proof of a leaf beyond the end")
    h, fn, sn = leaf_hash(leaf), index, size - 1
    for p in path:
        need(sn > 0, "a proof that is too long")
        if fn & 1 or fn == sn:
            h = node_hash(p, h)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            h = node_hash(h, p)
        fn, sn = fn >> 1, sn >> 1
    need(sn == 0 and h == root, "a proof that does not lead to the root")


def receipt(raw, leaf, origin, key):
    """C2SP tlog-proof."""
    head, gap, note = raw.partition("\n\n")
    lines = head.split("\n")
    need(gap and lines[0] == "c2sp.org/tlog-proof@v1", "a proof of an unknown version")
    lines = lines[2:] if lines[1].startswith("extra ") else lines[1:]
    need(lines and lines[0].startswith("index "), "a proof without an index")
    size, root, _, _ = checkpoint(note.encode(), origin, key)
    inclusion(leaf, int(lines[0][6:]), size, [b64(x) for x in lines[1:]], root)


def equal(got, want, what):
    need(got == want, what + " differs")


class Vectors:
    """Each method checks a list of docs/record-vectors.json or docs/counting-vectors.json of its name."""

    def wallets(self, v):
        equal(wallet(v["code"], v["origin"], v["slot"], "key", 32).hex(), v["seed"], "the seed")
        equal(ed25519_public(bytes.fromhex(v["seed"])).hex(), v["key"], "the key")
        equal(wallet(v["code"], v["origin"], v["slot"], "blind", 2048).hex(), v["blind"], "the blind stream")

    def tokens(self, v):
        spki, key = bytes.fromhex(v["spki"]), bytes.fromhex(v["key"])
        n, d = modulus(spki), int(v["private_exponent"], 16)
        equal(sha256(spki).hex(), v["key_id"], "the key's id")
        what = challenge(v["registrar"], v["roll"], v["slot"])
        equal(what.hex(), v["challenge"], "the challenge")
        equal(sha256(what).hex(), v["challenge_digest"], "the challenge's digest")
        message = token_input(key, v["registrar"], v["roll"], v["slot"], spki)
        equal(message.hex(), v["token_input"], "the token input")
        blinded, undo = blind(n, message, bytes.fromhex(v["blind"]))
        equal(f"{blinded:0512x}", v["blinded"], "the blinded message")
        signed = pow(blinded, d, n)
        equal(f"{signed:0512x}", v["signed"], "the blind signature")
        auth = (signed * undo % n).to_bytes(256, "big")
        equal(auth.hex(), v["authenticator"], "the authenticator")
        need(pss(n, message, auth), "the authenticator does not fit")

    def statements(self, v):
        body = bytes.fromhex(v["body"])
        message = b"convoke/v1\n" + v["origin"].encode() + b"\n" + v["counter"].to_bytes(4, "big") + body
        equal(message.hex(), v["signed"], "what is signed")
        equal(ed25519_sign(bytes.fromhex(v["seed"]), message).hex(), v["signature"], "the signature")
        need(ed25519(bytes.fromhex(v["key"]), message, bytes.fromhex(v["signature"])), "the signature does not fit")

    def leaves(self, v):
        raw = bytes.fromhex(v["leaf"])
        equal(read_leaf(raw)["kind"], v["kind"], "the kind")
        equal(leaf_hash(raw).hex(), v["hash"], "the hash")
        if "id" in v:
            equal(name_of(raw), v["id"], "the id")
            equal(f"{v['node']}/{'b' if v['kind'] == 1 else 'r'}/{v['id']}", v["origin"], "the origin")

    def polls(self, v):
        papers = [(bytes.fromhex(p["paper"]), p["weight"]) for p in v["papers"]]
        poll_rules(v["rules"])
        need(all(is_paper(v["rules"], p) for p, _ in papers), "a paper is refused")
        equal(canonical(Count(v["rules"], papers, v["eligible"]).result), v["result"], "the result")

    def refused(self, v):
        if "papers" in v:
            poll_rules(v["rules"])
            need(not any(is_paper(v["rules"], bytes.fromhex(p)) for p in v["papers"]), "a paper is taken")
            return
        try:
            read_leaf(bytes.fromhex(v["leaf"]))
        except Wrong:
            return
        raise Wrong("is taken")

    def checkpoints(self, v):
        name, _, kind, key = parse_vkey(v["vkey"])
        equal((name, kind, key.hex()), (v["origin"], 1, ed25519_public(bytes.fromhex(v["seed"])).hex()), "the verifier key")
        size, root, body, lines = checkpoint(v["note"].encode(), name, key)
        equal((size, root.hex()), (v["size"], v["root"]), "size or root")
        equal(ed25519_sign(bytes.fromhex(v["seed"]), body.encode()), lines[0][2], "the signature")

    def logs(self, v):
        tree = Tree()
        for leaf in v["leaves"]:
            tree.append(leaf_hash(bytes.fromhex(leaf)))
        equal(tree.root(len(v["leaves"])).hex(), v["root"], "the root")
        files = {path: bytes.fromhex(data) for path, data in v["files"].items()}

        class Files:
            def get(self, path):
                return files[path]

        _, _, _, key = parse_vkey(v["vkey"])
        read_log(Files(), v["path"], v["origin"], key, NODE | BOX | ROLL)

    def ed25519(self, v):
        good = ed25519(*(bytes.fromhex(v[k]) for k in ("key", "message", "signature")))
        equal(good, v["valid"], "whether it fits")
        if "seed" in v:
            equal(ed25519_sign(bytes.fromhex(v["seed"]), bytes.fromhex(v["message"])).hex(), v["signature"], "the signature")

    def rsa_pss(self, v):
        good = pss(int(v["modulus"], 16), bytes.fromhex(v["message"]), bytes.fromhex(v["signature"]))
        equal(good, v["valid"], "whether it fits")

    def notes(self, v):
        name, kid, _, key = parse_vkey(v["vkey"])
        body, lines = parse_note(v["note"].encode())
        equal(body, v["text"], "the text")
        need(any((n, i) == (name, kid) and ed25519(key, body.encode(), s) for n, i, s in lines), "the signature does not fit")

    def receipts(self, v):
        name, _, _, key = parse_vkey(v["vkey"])
        receipt(v["receipt"], bytes.fromhex(v["leaf"]), name, key)
        try:
            receipt(v["receipt"], bytes.fromhex(v["leaf"]) + b"x", name, key)
        except Wrong:
            return
        raise Wrong("it proves another leaf too")


def check_vectors(file):
    with open(file, encoding="utf-8") as f:
        doc = json.load(f)
    wrong, checked = [], {}
    for name, rows in doc.items():
        call = getattr(Vectors(), name, None)
        for i, v in enumerate(rows if call else []):
            try:
                call(v)
            except Wrong as e:
                wrong.append({"where": f"{name} {i} {v.get('name', '')}".strip(), "what": str(e)})
            checked[name] = i + 1
    if not checked:
        raise Unchecked("there are no vectors in it")
    return {"exit": 1 if wrong else 0, "checked": checked, "wrong": wrong, "unchecked": []}


def poll_words(rules, r):
    """How a poll came out: every round, and which lots broke ties. Options have numbers as on the ballot, the first is 1."""
    def line(name, text):
        print(f"  {name:<22} {text}")

    def options(all_):
        return ", ".join(f"option {o + 1}" for o in all_) or "none"

    def votes(v):
        return f"{v // UNIT}.{v % UNIT:05d}".rstrip("0").rstrip(".")

    line("method", r["method"])
    names = {"yesno": ["yes", "no", "abstain"], "consent": ["agree", "stand aside", "reservations", "block"],
             "check": [f"mark {i + 1}" for i in range(rules.get("max", 0))]}.get(r["method"]) or [f"option {o + 1}" for o in range(rules["options"])]
    for name, n in zip(names, r["sums"], strict=True):
        line(name, n)
    line("took part, by weight", f"{r['weight']} of {r['eligible']}")
    for what in ("quorum", "support"):
        if r.get(what, {}).get("needed"):
            line(what, f"{r[what]['reached']} of {r[what]['needed']}" + ("" if r[what]["met"] else ": not enough"))
    if "share" in r:
        s = r["share"]
        line("share", f"{s['reached']} of {s['of']}, {'more than' if s['more'] else 'at least'} {s['num']}/{s['den']}" + ("" if s["met"] else ": not enough"))
    for i, x in enumerate(r.get("rounds", []), 1):
        moves = ", ".join(f"{votes(m['votes'])} to {options([m['to']]) if m['to'] >= 0 else 'nobody'}" for m in x["moves"])
        line(f"round {i}", "first preferences" if x["option"] < 0 else f"{x['action']} of {options([x['option']])}: {moves}")
        line("", "  ".join(f"{o}: {votes(v)}" for o, v in enumerate(x["votes"], 1)))
        if x["elected"] + x["filled"]:
            line("", "elected: " + options(x["elected"] + x["filled"]))
    pairs, paths = r.get("pairs", []), r.get("paths", [])
    for a in range(len(pairs)):
        for b in range(a + 1, len(pairs)):
            line(f"{a + 1} against {b + 1}", f"{pairs[a][b]} : {pairs[b][a]}, paths {paths[a][b]} : {paths[b][a]}")
    for t in r["ties"]:
        line("tie", f"{t['for']} among {options(t['among'])}: {options([t['chosen']])}, by {t['by']}")
    if r["order"]:
        line("order", options(r["order"]))
    if r["adopted"]:
        line("adopted", options(r["winners"]))
    else:
        line("nothing adopted", ", ".join(r["reasons"]))


def words(report):
    for b in report.get("boxes", []):
        if b["withheld"]:
            print(f"b/{b['box']}: {b['type']}, open, {b['size']} lines, withheld: ballots are published when it closes, and none was counted")
        else:
            took = f"{b['keys']} of {b['issued']} seats" if b["takes"] == "vote" else f"{b['keys']} keys of {b['issued']} credentials"
            print(f"b/{b['box']}: {b['type']}, {b['size']} lines, {took}, {b['counted']} count"
                  + (f", standing {b['standing']}" if b["type"] == "pledge" else "") + (f", {b['paper']} on paper" if b["paper"] else ""))
        if b.get("shut"):
            print("  shut: its trustees have not opened it, and nobody knows the result")
        if b.get("spoiled"):
            print(f"  {b['spoiled']} sealed ballots are spoiled, and take part in nothing")
        if b["result"]:
            poll_words(b["rules"], b["result"])
        if b["frozen"]:
            print("  frozen: no credential is given out any more")
        if b["unwitnessed"]:
            print(f"  {b['unwitnessed']} lines are unwitnessed: no other node can tell that they were not changed")
    for name, n in report.get("checked", {}).items():
        print(f"{name}: {n} checked")
    if report.get("stale"):
        minutes = (int(time.time()) - report["cosigned_at"]) // 60
        print(f"The witnesses signed this {minutes} minutes ago, and boxes are open: what was recorded since could be held back.")
    if report.get("since"):
        print(f"The node's log {'goes on' if report['since']['extended'] else 'does not go on'} from the earlier checkpoint of {report['since']['size']} lines.")
    for w in report["wrong"]:
        print(f"WRONG: {w['where']}: {w['what']}")
    for u in report["unchecked"]:
        print(f"could not be checked: {u['where']}: {u['what']}")
    if not report["exit"] and "since" in report:
        print("Keep a copy of log/checkpoint: another day, --since COPY shows whether the log was rolled back or rewritten.")
    print(("Everything there is was proven.", "Something is wrong.", "Not everything could be checked.")[report["exit"]])


def main():
    p = argparse.ArgumentParser(description="Counts a public record again.")
    p.add_argument("target", help="a folder, a zip file or the address of a node; with --vectors a file")
    p.add_argument("--vectors", action="store_true", help="check a file of test vectors")
    p.add_argument("--json", action="store_true", help="print the report as JSON")
    p.add_argument("--since", metavar="FILE", help="a checkpoint of the node's log that you kept: the log must go on from it")
    a = p.parse_args()
    try:
        since = pathlib.Path(a.since).read_bytes() if a.since else None
        if a.vectors:
            report = check_vectors(a.target)
        elif a.target.startswith(("http://", "https://")):
            report = Verifier(Site(a.target), since, int(time.time())).run()
        elif pathlib.Path(a.target).is_dir():
            report = Verifier(Folder(a.target), since, int(time.time())).run()
        else:
            report = Verifier(Zip(a.target), since, int(time.time())).run()
    except (Unchecked, OSError, zipfile.BadZipFile) as e:
        report = {"exit": 2, "wrong": [], "unchecked": [{"where": a.target, "what": str(e)}]}
    if a.json:
        print(json.dumps(report, indent=1))
    else:
        words(report)
    return report["exit"]


if __name__ == "__main__":
    sys.exit(main())

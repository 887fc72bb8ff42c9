// The part of the page that counts a record again which works beside it: it opens the file, a zip, and sends back what
// was found. It has no connection: the content policy that it comes with allows none.

import { recount, Unchecked } from "./rules.js";

// A bundle of 256 leaves of 64 KiB is the largest file of a record.
const most = 17 * 2 ** 20;

const part = async (file, from, to) => new DataView(await file.slice(from, to).arrayBuffer());

/** Zip gives the files of a zip by their paths. */
class Zip {
  files = new Map();
  constructor(file) { this.file = file; }

  static async open(file) {
    const z = new Zip(file), from = Math.max(0, file.size - 65557), tail = await part(file, from, file.size);
    let at = tail.byteLength - 22;
    while (at >= 0 && tail.getUint32(at, true) !== 0x06054b50) at--;
    if (at < 0) throw new Unchecked("no-zip");
    const count = tail.getUint16(at + 10, true), size = tail.getUint32(at + 12, true), start = tail.getUint32(at + 16, true);
    if (count === 0xffff || start === 0xffffffff) throw new Unchecked("zip-large");
    await z.list(await part(file, start, start + size), count);
    return z;
  }

  async list(d, count) {
    let at = 0;
    for (let i = 0; i < count; i++) {
      if (at + 46 > d.byteLength || d.getUint32(at, true) !== 0x02014b50) throw new Unchecked("no-zip");
      const names = d.getUint16(at + 28, true), more = d.getUint16(at + 30, true) + d.getUint16(at + 32, true);
      const path = new TextDecoder().decode(new Uint8Array(d.buffer, at + 46, names));
      this.files.set(path, { method: d.getUint16(at + 10, true), packed: d.getUint32(at + 20, true), size: d.getUint32(at + 24, true), at: d.getUint32(at + 42, true) });
      at += 46 + names + more;
    }
  }

  /** boxes are those that it has files of. */
  get boxes() {
    return [...new Set([...this.files.keys()].map(p => /^b\/([a-z2-7]{26})\//.exec(p)?.[1]))].filter(Boolean);
  }

  async get(path) {
    const f = this.files.get(path);
    if (!f) return null;
    const head = await part(this.file, f.at, f.at + 30);
    if (f.size > most || head.byteLength < 30 || head.getUint32(0, true) !== 0x04034b50) throw new Unchecked("zip-damaged", { file: path });
    const from = f.at + 30 + head.getUint16(26, true) + head.getUint16(28, true);
    const b = await unpack(this.file.slice(from, from + f.packed), f);
    if (b?.length !== f.size) throw new Unchecked("zip-damaged", { file: path });
    return b;
  }
}

/** unpack reads a file of a zip; null when it cannot be read or is larger than it says. */
async function unpack(blob, { method, size }) {
  if (method === 0) return new Uint8Array(await blob.arrayBuffer());
  if (method !== 8) return null;
  const out = new Uint8Array(size);
  let at = 0;
  try {
    const reader = blob.stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
    for (let r = await reader.read(); !r.done; r = await reader.read()) {
      out.set(r.value, at); // throws when it is too long
      at += r.value.length;
    }
  } catch {
    return null;
  }
  return out.subarray(0, at);
}

addEventListener("message", async ({ data }) => {
  try {
    const report = await recount(await Zip.open(data.file), (log, done, all) => postMessage({ progress: { log, done, all } }), data.box);
    postMessage({ report });
  } catch (e) {
    postMessage({ unchecked: e instanceof Unchecked ? e.found : { what: "failed", args: { why: String(e) } } });
  }
});

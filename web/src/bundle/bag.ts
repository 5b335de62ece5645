// SPDX-License-Identifier: Apache-2.0
// A bundle's file as a reader of its payload, and the first check of all: one plain archive, and one whole bag (BagIt, RFC 8493)? Bytes are read where
// they lie, piece by piece; the file is never in memory as a whole.

import { type Bytes, Sha512, crc32, hex, latin1, sha256, sha512, utf8 } from "./bytes";
import type { Report } from "./report";
import { Incomplete, Rejected, Unavailable } from "./trouble";
import { type Entry, isPlain, readEntries } from "./zip";

export const PAYLOAD = "data/";
export const MANIFEST = "manifest-sha512.txt";
export const TAG_MANIFEST = "tagmanifest-sha512.txt";
export const INFO = "bag-info.txt";
export const MAX_FILE = 64 * 1024 * 1024;
/** Bytes of the largest file that is hashed at once: a segment, and nearly everything else but a working copy. */
export const AT_ONCE = 8 * 1024 * 1024;
const PIECE = 1024 * 1024;
const CHECK = "bag";

/** What the reader is told while it waits: bytes that were hashed, of how many. */
export type Progress = (done: number, total: number) => void;

/** Gives files of a payload by their names. */
export interface Payload {
  read(name: string, limit?: number): Promise<Bytes>;
  names(folder?: string): string[];
}

export class BagReader implements Payload {
  /** SHA-512 of each file by its name below the bag's folder, once `checkBag` has been; SHA-256 too of those that are hashed at once. */
  readonly sha512 = new Map<string, string>();
  readonly sha256 = new Map<string, string>();

  private constructor(private readonly file: Blob, readonly base: string, readonly entries: ReadonlyMap<string, Entry>) {}

  /** Throws `Rejected` with the codes of `readEntries`, `bag.base`; `Unavailable("verify.unreachable")`. */
  static async open(file: Blob): Promise<BagReader> {
    const entries = await readEntries(file.size, (offset, length) => slice(file, offset, length));
    const tops = new Set(entries.map(({ name }) => (name.includes("/") ? name.slice(0, name.indexOf("/")) : "")));
    const [top] = tops;
    if (tops.size !== 1 || !top) throw new Rejected("bag.base", { count: tops.size });
    return new BagReader(file, `${top}/`, new Map(entries.map((entry) => [entry.name.slice(top.length + 1), entry])));
  }

  /** A file by its name below the bag's folder. Throws `Incomplete("verify.missing")`, `Rejected("verify.too_large")`, `Unavailable`. */
  async tag(name: string, limit: number = MAX_FILE): Promise<Bytes> {
    const entry = this.entries.get(name);
    if (entry === undefined) throw new Incomplete("verify.missing", { name });
    if (entry.size > limit) throw new Rejected("verify.too_large", { name, limit });
    return this.bytes(name, entry.start, entry.size);
  }

  read(name: string, limit: number = MAX_FILE): Promise<Bytes> {
    return this.tag(PAYLOAD + name, limit);
  }

  names(folder = ""): string[] {
    const start = PAYLOAD + (folder ? `${folder}/` : "");
    return [...this.entries.keys()].filter((name) => name.startsWith(start)).map((name) => name.slice(PAYLOAD.length));
  }

  /** Hash one file: SHA-512, CRC-32, and where it is short SHA-256. */
  async digests(name: string, told: (bytes: number) => void): Promise<{ sha512: string; crc: number; sha256: string | null }> {
    const entry = this.entries.get(name)!;
    if (entry.size <= AT_ONCE) {
      const data = await this.bytes(name, entry.start, entry.size);
      const [long, short] = await Promise.all([sha512(data), sha256(data)]);
      told(entry.size);
      return { sha512: hex(long), crc: crc32(data), sha256: hex(short) };
    }
    const sum = new Sha512();
    let crc = 0;
    for (let at = 0; at < entry.size; at += PIECE) {
      const piece = await this.bytes(name, entry.start + at, Math.min(PIECE, entry.size - at));
      sum.update(piece);
      crc = crc32(piece, crc);
      told(piece.length);
    }
    return { sha512: hex(sum.digest()), crc, sha256: null };
  }

  private async bytes(name: string, start: number, length: number): Promise<Bytes> {
    const found = await slice(this.file, start, length);
    if (found.length !== length) throw new Unavailable("verify.unreachable", { name, why: "cut" });
    return found;
  }
}

async function slice(file: Blob, offset: number, length: number): Promise<Bytes> {
  try {
    return new Uint8Array(await file.slice(offset, offset + length).arrayBuffer());
  } catch (error) {
    // The disk is gone, or the file was changed since it was chosen.
    throw new Unavailable("verify.unreachable", { name: "zip", why: error instanceof DOMException ? error.name : "read" });
  }
}

/** What lies below `prefix` of a payload. */
export const below = (payload: Payload, prefix: string): Payload => ({
  read: (name, limit) => payload.read(`${prefix}/${name}`, limit),
  names: (folder = "") => payload.names(folder ? `${prefix}/${folder}` : prefix).map((name) => name.slice(prefix.length + 1)),
});

function readManifest(data: Bytes, name: string): Map<string, string> {
  const wrong = (why: string): never => {
    throw new Rejected("bag.manifest", { name, why });
  };
  if (data.some((byte) => byte > 127)) wrong("not ASCII");
  const text = latin1(data);
  const listed = new Map<string, string>();
  const lines = text ? text.replace(/\n$/, "").split("\n") : [];
  for (const line of lines) {
    const [, digest, path] = /^([0-9a-f]{128})  ([\x21-\x7e]+)$/.exec(line) ?? wrong("line");
    if (!isPlain(path!)) wrong("path");
    if (listed.has(path!)) wrong("twice");
    listed.set(path!, digest!);
  }
  const sorted = [...listed].sort(([left], [right]) => (left < right ? -1 : 1));
  if (sorted.map(([path, digest]) => `${digest}  ${path}\n`).join("") !== text) wrong("order");
  return listed;
}

/** Check the bag: its tag files, both manifests, and the bytes of every file. Fills the digests of `held`. */
export async function checkBag(held: BagReader, report: Report, progress: Progress): Promise<void> {
  const names = [...held.entries.keys()];
  await report.attempt(CHECK, () => requireTagFiles(names));
  const fixed = new Map([
    ["bagit.txt", "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"],
    [INFO, `Bag-Software-Agent: kua bundle v1\nExternal-Identifier: ${held.base.slice(0, -1)}\n`],
  ]);
  for (const [name, wanted] of fixed) {
    const found = await report.attempt(CHECK, () => held.tag(name, 65_536));
    if (found !== null && latin1(found) !== latin1(utf8(wanted))) report.failed(CHECK, "bag.tag_file", { name });
  }
  const listed = new Map<string, string>();
  for (const name of [MANIFEST, TAG_MANIFEST]) {
    const part = await report.attempt(CHECK, async () => readManifest(await held.tag(name), name));
    if (part === null) continue;
    for (const [path, digest] of part) listed.set(path, digest);
    checkScope(name, part, names, report);
  }
  const total = [...held.entries.values()].reduce((sum, entry) => sum + entry.size, 0);
  let [done, wrong] = [0, 0];
  for (const name of names) {
    const found = await report.attempt(CHECK, () => held.digests(name, (bytes) => progress((done += bytes), total)));
    if (found === null) continue;
    held.sha512.set(name, found.sha512);
    if (found.sha256 !== null) held.sha256.set(name, found.sha256);
    if (listed.has(name) && listed.get(name) !== found.sha512) {
      wrong++;
      report.failed(CHECK, "bag.differs", { name });
    } else if (found.crc !== held.entries.get(name)!.crc) {
      wrong++;
      report.failed(CHECK, "zip.crc", { name });
    }
  }
  if (!wrong && !report.lines.some((line) => line.check === CHECK && line.state !== "PASS")) report.passed(CHECK, "bag.holds", { count: names.length, bytes: total });
}

function requireTagFiles(names: string[]): void {
  if (names.includes("fetch.txt")) throw new Rejected("bag.fetch");
  for (const name of [...names].sort()) {
    if (/^(?:tag)?manifest-[^/]*\.txt$/.test(name) && name !== MANIFEST && name !== TAG_MANIFEST) throw new Rejected("bag.algorithm", { name });
  }
}

/** Each manifest lists all files of its kind, and no other. */
function checkScope(manifest: string, listed: Map<string, string>, names: string[], report: Report): void {
  const ought = new Set(names.filter((name) => (manifest === MANIFEST ? name.startsWith(PAYLOAD) : !name.startsWith(PAYLOAD) && name !== TAG_MANIFEST)));
  for (const name of [...ought].filter((each) => !listed.has(each)).sort()) report.failed(CHECK, "bag.unlisted", { name });
  for (const name of [...listed.keys()].filter((each) => !ought.has(each)).sort()) {
    if (names.includes(name)) report.failed(CHECK, "bag.manifest", { name: manifest, why: "scope" });
    else report.missing(CHECK, "verify.missing", { name });
  }
}

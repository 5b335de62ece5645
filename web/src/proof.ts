// SPDX-License-Identifier: Apache-2.0
// What a reader's browser can check by itself: RFC 6962 trees, C2SP tlog-tiles, signed notes, Ed25519 verifier keys.
// Pure but for WebCrypto: bytes come from a `Fetch` that the caller gives. Shows nothing and knows no film (loader.ts does).

export type Bytes = Uint8Array<ArrayBuffer>;

/** Why something was not believed. `kind` picks the sentence on the page; `detail` is for the console and the tests. */
export type Kind = "bytes" | "leaf" | "log" | "checkpoint" | "fork" | "key" | "init";

export class Untrue extends Error {
  constructor(readonly kind: Kind, readonly detail: string) {
    super(`${kind}: ${detail}`);
  }
}

/** A file that is not there (yet), or a line that is down: ask again later. It says nothing about truth. */
export class Absent extends Error {}

/** Gets the bytes of a file of the log by its name below the prefix. Throws `Absent`. */
export type Fetch = (path: string) => Promise<Bytes>;

// ------------------------------------------------------------------------------------------------------------- bytes

const utf8 = new TextEncoder();

export function hex(data: Bytes): string {
  return Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function same(left: Bytes, right: Bytes): boolean {
  return left.length === right.length && left.every((byte, at) => byte === right[at]);
}

export function join(...parts: Bytes[]): Bytes {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Standard base64 with padding, one spelling only; null for anything else. */
export function fromBase64(text: string): Bytes | null {
  try {
    const raw = atob(text);
    return btoa(raw) === text ? Uint8Array.from(raw, (letter) => letter.charCodeAt(0)) : null;
  } catch {
    return null;
  }
}

export async function sha256(data: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", data));
}

// -------------------------------------------------------------------------------------------------------------- tree

export function leafHash(entry: Bytes): Promise<Bytes> {
  return sha256(join(Uint8Array.of(0), entry));
}

export function nodeHash(left: Bytes, right: Bytes): Promise<Bytes> {
  return sha256(join(Uint8Array.of(1), left, right));
}

const half = (n: number): number => Math.floor(n / 2);
const odd = (n: number): boolean => n % 2 === 1;

/** RFC 9162 section 2.1.3.2. Throws `Untrue("log")`. */
export async function checkInclusion(index: number, size: number, leaf: Bytes, proof: Bytes[], root: Bytes): Promise<void> {
  const wrong = (why: string): never => {
    throw new Untrue("log", `inclusion: ${why}`);
  };
  if (!(Number.isSafeInteger(index) && Number.isSafeInteger(size) && index >= 0 && index < size)) wrong("index");
  if ([leaf, root, ...proof].some((digest) => digest.length !== 32)) wrong("length");
  let place = index;
  let last = size - 1;
  let found = leaf;
  for (const step of proof) {
    if (last === 0) wrong("too long");
    if (odd(place) || place === last) {
      found = await nodeHash(step, found);
      while (place !== 0 && !odd(place)) [place, last] = [half(place), half(last)];
    } else {
      found = await nodeHash(found, step);
    }
    [place, last] = [half(place), half(last)];
  }
  if (last !== 0) wrong("too short");
  if (!same(found, root)) wrong("root");
}

/** RFC 9162 section 2.1.4.2. Throws `Untrue("fork")`. */
export async function checkConsistency(earlier: number, later: number, earlierRoot: Bytes, laterRoot: Bytes, proof: Bytes[]): Promise<void> {
  const wrong = (why: string): never => {
    throw new Untrue("fork", `consistency: ${why}`);
  };
  if (!(Number.isSafeInteger(earlier) && Number.isSafeInteger(later) && earlier > 0 && earlier <= later)) wrong("sizes");
  if ([earlierRoot, laterRoot, ...proof].some((digest) => digest.length !== 32)) wrong("length");
  if (earlier === later) {
    if (proof.length !== 0 || !same(earlierRoot, laterRoot)) wrong("equal sizes");
    return;
  }
  if (proof.length === 0) wrong("too short");
  const steps = Number.isInteger(Math.log2(earlier)) ? [earlierRoot, ...proof] : proof;
  const [before, after] = await consistencyRoots(earlier, later, steps);
  if (!same(before, earlierRoot) || !same(after, laterRoot)) wrong("root");
}

/** The roots over the first `earlier` and over all `later` leaves that `steps` make, the first node always written out (fork.md). Throws `Untrue("fork")`. */
export async function consistencyRoots(earlier: number, later: number, steps: Bytes[]): Promise<[Bytes, Bytes]> {
  const wrong = (why: string): never => {
    throw new Untrue("fork", `consistency: ${why}`);
  };
  if (!(earlier > 0 && earlier < later) || steps.length === 0) wrong("too short");
  let place = earlier - 1;
  let last = later - 1;
  while (odd(place)) [place, last] = [half(place), half(last)];
  let [before, after] = [steps[0]!, steps[0]!];
  for (const step of steps.slice(1)) {
    if (last === 0) wrong("too long");
    if (odd(place) || place === last) {
      [before, after] = [await nodeHash(step, before), await nodeHash(step, after)];
      while (place !== 0 && !odd(place)) [place, last] = [half(place), half(last)];
    } else {
      after = await nodeHash(after, step);
    }
    [place, last] = [half(place), half(last)];
  }
  if (last !== 0) wrong("too short");
  return [before, after];
}

// ------------------------------------------------------------------------------------------------------------- tiles

export const WIDTH = 256;

/** The name of a file of the log below its prefix (C2SP tlog-tiles). */
export function tilePath(level: number | "entries", index: number, width: number = WIDTH): string {
  let spelt = String(index % 1000).padStart(3, "0");
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) spelt = `x${String(rest % 1000).padStart(3, "0")}/${spelt}`;
  return `tile/${level}/${spelt}${width === WIDTH ? "" : `.p/${width}`}`;
}

/** Entries of a bundle: each with its length in two bytes, big-endian. Throws `Untrue("log")`. */
export function readBundle(data: Bytes): Bytes[] {
  const entries: Bytes[] = [];
  for (let at = 0; at < data.length; ) {
    const end = at + 2 + (data[at]! * 256 + (data[at + 1] ?? 0));
    if (at + 2 > data.length || end > data.length || entries.length === WIDTH) throw new Untrue("log", "bundle");
    entries.push(data.slice(at + 2, end));
    at = end;
  }
  return entries;
}

/** A tiled log as it stood at one size. Reads the few tiles that a proof needs and makes the proof; believing it is `check...`'s business. */
export class Tiles {
  private readonly read = new Map<string, Promise<Bytes>>();

  constructor(private readonly fetch: Fetch, readonly size: number, older?: Tiles) {
    // Full tiles never change, so those of an older view are as good as new ones; they are checked against the root all the same.
    for (const [path, data] of older?.read ?? []) if (!path.includes(".p/")) this.read.set(path, data);
  }

  async entry(index: number): Promise<Bytes> {
    const bundle = Math.floor(index / WIDTH);
    const entries = readBundle(await this.file("entries", bundle, Math.min(WIDTH, this.size - bundle * WIDTH)));
    const found = entries[index % WIDTH];
    if (found === undefined) throw new Untrue("log", "bundle is short");
    return found;
  }

  /** PATH(index, D[size]) of RFC 6962 section 2.1.1. */
  inclusion(index: number): Promise<Bytes[]> {
    return this.path(index, 0, this.size);
  }

  /** PROOF(earlier, D[size]) of RFC 6962 section 2.1.2. */
  consistency(earlier: number): Promise<Bytes[]> {
    return this.subproof(earlier, 0, this.size, true);
  }

  private async path(index: number, low: number, high: number): Promise<Bytes[]> {
    if (high - low === 1) return [];
    const middle = low + split(high - low);
    if (index < middle) return [...(await this.path(index, low, middle)), await this.subtree(middle, high)];
    return [...(await this.path(index, middle, high)), await this.subtree(low, middle)];
  }

  private async subproof(earlier: number, low: number, high: number, whole: boolean): Promise<Bytes[]> {
    if (earlier === high) return whole ? [] : [await this.subtree(low, high)];
    const middle = low + split(high - low);
    if (earlier <= middle) return [...(await this.subproof(earlier, low, middle, whole)), await this.subtree(middle, high)];
    return [...(await this.subproof(earlier, middle, high, false)), await this.subtree(low, middle)];
  }

  private async subtree(low: number, high: number): Promise<Bytes> {
    const count = high - low;
    const height = Math.log2(count);
    if (Number.isInteger(height) && low % count === 0) return this.node(height, low / count);
    const middle = low + split(count);
    return nodeHash(await this.subtree(low, middle), await this.subtree(middle, high));
  }

  /** The root of the whole subtree of 2^height leaves that starts at leaf place * 2^height. */
  private async node(height: number, place: number): Promise<Bytes> {
    const level = Math.floor(height / 8);
    const wide = 2 ** (height % 8);
    const first = place * wide;
    const tile = Math.floor(first / WIDTH);
    const known = Math.floor(this.size / WIDTH ** level);
    const data = await this.file(level, tile, Math.min(WIDTH, known - tile * WIDTH));
    const from = (first % WIDTH) * 32;
    let row: Bytes[] = [];
    for (let at = from; at < from + wide * 32; at += 32) row.push(data.slice(at, at + 32));
    if (row.some((digest) => digest.length !== 32)) throw new Untrue("log", "tile is short");
    while (row.length > 1) row = await Promise.all(pairs(row).map(([left, right]) => nodeHash(left, right)));
    return row[0]!;
  }

  private file(level: number | "entries", index: number, width: number): Promise<Bytes> {
    const path = tilePath(level, index, width);
    let data = this.read.get(path);
    if (data === undefined) {
      // A partial tile may have been tidied away; the full one then holds the same and more.
      data = this.fetch(path).catch((error: unknown) => {
        if (!(error instanceof Absent) || width === WIDTH) throw error;
        return this.fetch(tilePath(level, index));
      });
      this.read.set(path, data);
      data.catch(() => this.read.delete(path));
    }
    return data;
  }
}

function split(count: number): number {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
}

function pairs(row: Bytes[]): [Bytes, Bytes][] {
  return Array.from({ length: row.length / 2 }, (_, at) => [row[2 * at]!, row[2 * at + 1]!]);
}

// ------------------------------------------------------------------------------------------------------ keys and notes

export interface VerifierKey {
  line: string;
  name: string;
  id: Bytes;
  key: CryptoKey;
}

/** Points of small order, every spelling: under such a key one signature fits many texts. */
const WEAK = new Set([
  "00".repeat(32),
  "01" + "00".repeat(31),
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "ec" + "ff".repeat(30) + "7f",
  "ed" + "ff".repeat(30) + "7f",
  "ee" + "ff".repeat(30) + "7f",
]);

function isWeak(point: Bytes): boolean {
  const plain = point.slice();
  plain[31]! &= 0x7f;
  return WEAK.has(hex(plain));
}

/** Whether this browser can check Ed25519 signatures here (WebCrypto needs HTTPS or this very machine). */
export async function canCheck(): Promise<boolean> {
  try {
    const base = new Uint8Array(32);
    base.set([0x58], 0);
    base.fill(0x66, 1);
    await crypto.subtle.importKey("raw", base, { name: "Ed25519" }, false, ["verify"]);
    return true;
  } catch {
    return false;
  }
}

/** A C2SP verifier key line, `name+id+base64`. Throws `Untrue("key")`. */
export async function readKey(line: string): Promise<VerifierKey> {
  const found = /^([^\s+\x00-\x1f]+)\+([0-9a-f]{8})\+(.+)$/u.exec(line);
  const material = found && fromBase64(found[3]!);
  if (!found || !material || material.length !== 33 || material[0] !== 1 || isWeak(material.slice(1))) throw new Untrue("key", "form");
  const name = found[1]!;
  const id = (await sha256(join(utf8.encode(name + "\n"), material))).slice(0, 4);
  if (hex(id) !== found[2]) throw new Untrue("key", "id");
  try {
    const key = await crypto.subtle.importKey("raw", material.slice(1), { name: "Ed25519" }, false, ["verify"]);
    return { line, name, id, key };
  } catch {
    throw new Untrue("key", "public key");
  }
}

export interface Checkpoint {
  origin: string;
  size: number;
  root: Bytes;
}

/** Verify the note first, then read it. Throws `Untrue("checkpoint")`. */
export async function openCheckpoint(data: Bytes, key: VerifierKey, origin: string): Promise<Checkpoint> {
  const lines = (await openNote(data, key)).split("\n");
  const root = fromBase64(lines[2] ?? "");
  if (lines.length < 4 || lines.slice(0, -1).includes("") || !/^(0|[1-9][0-9]{0,15})$/.test(lines[1] ?? "") || root?.length !== 32) {
    throw new Untrue("checkpoint", "form");
  }
  if (lines[0] !== origin) throw new Untrue("checkpoint", "origin");
  return { origin, size: Number(lines[1]), root };
}

/** The text of a signed note, if `key` signed it. Lines by other keys are passed over; one by `key` that does not hold spoils the note. */
export async function openNote(data: Bytes, key: VerifierKey): Promise<string> {
  let whole: string;
  try {
    whole = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
  } catch {
    throw new Untrue("checkpoint", "not UTF-8");
  }
  const gap = whole.lastIndexOf("\n\n");
  if (data.length > 1_000_000 || gap < 0 || !whole.endsWith("\n") || /[\x00-\x09\x0b-\x1f]/.test(whole)) throw new Untrue("checkpoint", "form");
  const text = whole.slice(0, gap + 1);
  const claims = whole.slice(gap + 2, -1).split("\n");
  if (claims.length > 100) throw new Untrue("checkpoint", "too many signatures");
  let held = false;
  for (const claim of claims) {
    const found = /^\u2014 ([^\s+]+) ([A-Za-z0-9+/=]+)$/u.exec(claim);
    const made = found && fromBase64(found[2]!);
    if (!found || !made || made.length < 5) throw new Untrue("checkpoint", "signature line");
    if (found[1] !== key.name || !same(made.slice(0, 4), key.id)) continue;
    if (!(await crypto.subtle.verify({ name: "Ed25519" }, key.key, made.slice(4), utf8.encode(text)))) throw new Untrue("checkpoint", "signature");
    held = true;
  }
  if (!held) throw new Untrue("checkpoint", "not signed by the log's key");
  return text;
}

// ------------------------------------------------------------------------------------------------------------ one log

/** Where the largest checkpoint that this reader has seen is kept between visits. */
export interface Memory {
  get(): string | null;
  set(value: string): void;
}

/** A log that only grows: holds the largest checkpoint seen, refuses any that is smaller or does not continue it. */
export class GrowingLog {
  private newest: Checkpoint | null = null;
  private tiles: Tiles | null = null;
  private asking: Promise<void> | null = null;

  constructor(private readonly fetch: Fetch, private readonly key: VerifierKey, readonly origin: string, private readonly memory?: Memory) {}

  get checkpoint(): Checkpoint | null {
    return this.newest;
  }

  /** The entry number `index`, proven to be in the log under the newest checkpoint. Throws `Untrue`; `Absent` while it is not in it yet. */
  async entry(index: number): Promise<Bytes> {
    if (this.newest === null || index >= this.newest.size) await this.refresh();
    const [tiles, checkpoint] = [this.tiles!, this.newest!];
    if (index >= checkpoint.size) throw new Absent(`entry ${index} of ${checkpoint.size}`);
    const entry = await tiles.entry(index);
    await checkInclusion(index, checkpoint.size, await leafHash(entry), await tiles.inclusion(index), checkpoint.root);
    return entry;
  }

  refresh(): Promise<void> {
    this.asking ??= this.advance().finally(() => (this.asking = null));
    return this.asking;
  }

  private async advance(): Promise<void> {
    const note = await this.fetch("checkpoint");
    const next = await openCheckpoint(note, this.key, this.origin);
    const before = this.newest ?? (await this.remembered());
    if (before && next.size < before.size) throw new Untrue("fork", `size went from ${before.size} to ${next.size}`);
    const tiles = new Tiles(this.fetch, next.size, this.tiles ?? undefined);
    if (before && before.size > 0) {
      const proof = next.size === before.size ? [] : await tiles.consistency(before.size);
      await checkConsistency(before.size, next.size, before.root, next.root, proof);
    }
    this.newest = next;
    this.tiles = tiles;
    this.memory?.set(new TextDecoder().decode(note));
  }

  private async remembered(): Promise<Checkpoint | null> {
    const kept = this.memory?.get();
    if (!kept) return null;
    try {
      return await openCheckpoint(utf8.encode(kept) as Bytes, this.key, this.origin);
    } catch {
      return null; // what is kept here was checked when it was kept; unreadable now means that the storage was cut, not the log
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
// What a reader's browser checks while it plays: a log in tiles (C2SP tlog-tiles) that only grows. Trees, notes and keys are the core's, below `bundle/`;
// here their errors get the kind that the player has a sentence for. Bytes come from a `Fetch` that the caller gives; knows no film (loader.ts does).

import { type Bytes, utf8 } from "./bundle/bytes";
import * as merkle from "./bundle/merkle";
import { leafHash, nodeHash, split } from "./bundle/merkle";
import * as notes from "./bundle/notes";
import type { Checkpoint, VerifierKey } from "./bundle/notes";
import { Rejected } from "./bundle/trouble";

export { type Bytes, fromBase64, hex, join, same, sha256 } from "./bundle/bytes";
export { consistencyRoots, leafHash, nodeHash } from "./bundle/merkle";
export { type Checkpoint, type VerifierKey, canCheck } from "./bundle/notes";

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

// ------------------------------------------------------------------------------------------------------------- the core

/** What `step` gives; where it does not hold, the kind that the reader is told. */
async function as<T>(kind: Kind, step: Promise<T>): Promise<T> {
  try {
    return await step;
  } catch (error) {
    throw error instanceof Rejected ? new Untrue(kind, String(error)) : error;
  }
}

/** RFC 9162 section 2.1.3.2. Throws `Untrue("log")`. */
export const checkInclusion = (...given: Parameters<typeof merkle.checkInclusion>): Promise<void> => as("log", merkle.checkInclusion(...given));

/** RFC 9162 section 2.1.4.2. Throws `Untrue("fork")`. */
export const checkConsistency = (...given: Parameters<typeof merkle.checkConsistency>): Promise<void> => as("fork", merkle.checkConsistency(...given));

/** A C2SP verifier key line of a key that signs logs with Ed25519. Throws `Untrue("key")`. */
export async function readKey(line: string): Promise<VerifierKey> {
  const key = await as("key", notes.readKey(line));
  if (key.kind !== notes.ED25519) throw new Untrue("key", "kind");
  return key;
}

/** Verify the note first, then read it. Throws `Untrue("checkpoint")`. */
export const openCheckpoint = (data: Bytes, key: VerifierKey, origin: string): Promise<Checkpoint> => as("checkpoint", notes.openCheckpoint(data, [key], origin));

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

  /** The root over the first `earlier` entries, as these tiles have it. */
  rootOf(earlier: number): Promise<Bytes> {
    return this.subtree(0, earlier);
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

function pairs(row: Bytes[]): [Bytes, Bytes][] {
  return Array.from({ length: row.length / 2 }, (_, at) => [row[2 * at]!, row[2 * at + 1]!]);
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
    const isNew = this.newest === null || index >= this.newest.size;
    if (isNew) await this.refresh();
    try {
      return await this.proven(index);
    } catch (error) {
      // A copy keeps the partial tiles of its newest heads: who has stayed with one head for long asks for files that are gone.
      if (isNew || !(error instanceof Absent)) throw error;
      await this.refresh();
      return this.proven(index);
    }
  }

  private async proven(index: number): Promise<Bytes> {
    const [tiles, checkpoint] = [this.tiles!, this.newest!];
    if (index >= checkpoint.size) throw new Absent(`entry ${index} of ${checkpoint.size}`);
    const entry = await tiles.entry(index);
    await checkInclusion(index, checkpoint.size, await leafHash(entry), await tiles.inclusion(index), checkpoint.root);
    return entry;
  }

  /** The newest checkpoint, asked for anew. Throws `Untrue`, `Absent`. */
  async now(): Promise<Checkpoint> {
    await this.refresh();
    return this.newest!;
  }

  /** A checkpoint of this log from elsewhere: its signature is verified, nothing else. Throws `Untrue("checkpoint")`. */
  signed(note: string): Promise<Checkpoint> {
    return openCheckpoint(utf8(note), this.key, this.origin);
  }

  /** The root over the first `size` entries of the newest checkpoint, proven to be the one that it continues; 0 < size, and no more than it has. */
  async rootAt(size: number): Promise<Bytes> {
    const [tiles, checkpoint] = [this.tiles!, this.newest!];
    if (size === checkpoint.size) return checkpoint.root;
    const root = await tiles.rootOf(size);
    await checkConsistency(size, checkpoint.size, root, checkpoint.root, await tiles.consistency(size));
    return root;
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
      return await openCheckpoint(utf8(kept), this.key, this.origin);
    } catch {
      return null; // what is kept here was checked when it was kept; unreadable now means that the storage was cut, not the log
    }
  }
}

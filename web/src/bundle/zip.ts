// SPDX-License-Identifier: Apache-2.0
// The zip of a bundle in the one form that is allowed (docs/spec/bundle.md, "The archive"): files stored, sorted, touching, nothing beside them.
// Anything else is `Rejected`. Nothing is unpacked, so there is nothing to bomb with: what a file may hold is bounded by the archive.

import { type Bytes, join, latin1, same, utf8 } from "./bytes";
import { Rejected } from "./trouble";

export const MAX_SIZE = 2 ** 32 - 2;
export const MAX_FILES = 65_534;
const MAX_NAME = 240;
const MAX_DEPTH = 12;
const [LOCAL, CENTRAL, END] = [0x04034b50, 0x02014b50, 0x06054b50];

/** So many bytes of the archive from an offset, or fewer at its end. */
export type ReadAt = (offset: number, length: number) => Promise<Bytes>;

export interface Entry {
  readonly name: string;
  readonly size: number;
  readonly crc: number;
  /** Where its bytes begin in the archive. */
  readonly start: number;
}

/** Whether a file of an archive may have this name. */
export function isPlain(name: string): boolean {
  const parts = name.split("/");
  return name.length <= MAX_NAME && parts.length <= MAX_DEPTH && parts.every((part) => /^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(part));
}

/** Read the directory of an archive of `size` bytes and every local header. Throws `Rejected("zip.*")`. */
export async function readEntries(size: number, readAt: ReadAt): Promise<Entry[]> {
  if (size > MAX_SIZE) throw new Rejected("zip.too_large", { limit: MAX_SIZE });
  const { count, listed, offset } = await readEnd(size, readAt);
  const held = await readAt(offset, size - offset);
  const entries = readDirectory(held.subarray(0, listed) as Bytes, count);
  requireOrder(entries);
  requireTouching(entries, offset);
  await requireHeaders(entries, readAt);
  if (!same(directory(entries, offset), held)) throw new Rejected("zip.form", { why: "directory" });
  return entries;
}

async function readEnd(size: number, readAt: ReadAt): Promise<{ count: number; listed: number; offset: number }> {
  const end = await readAt(Math.max(0, size - 22), 22);
  if (end.length !== 22) throw new Rejected("zip.form", { why: "cut" });
  const view = new DataView(end.buffer, end.byteOffset);
  if (view.getUint32(0, true) !== END) {
    // Somewhere before there may be an end with a comment, or with bytes behind it; where there is none, this is no zip or one that was cut.
    const tail = latin1(await readAt(Math.max(0, size - 70_000), 70_000));
    throw tail.includes("PK\x05\x06") ? new Rejected("zip.trailing") : new Rejected("zip.form", { why: "no end" });
  }
  const [disk, first, here, count] = [4, 6, 8, 10].map((at) => view.getUint16(at, true)) as [number, number, number, number];
  const [listed, offset, comment] = [view.getUint32(12, true), view.getUint32(16, true), view.getUint16(20, true)];
  if (here === 0xffff || count === 0xffff || listed === 0xffffffff || offset === 0xffffffff) throw new Rejected("zip.zip64");
  if (disk || first || here !== count) throw new Rejected("zip.disks");
  if (comment) throw new Rejected("zip.trailing");
  if (offset + listed + 22 !== size) throw new Rejected(offset + listed + 22 > size ? "zip.overlap" : "zip.trailing");
  if (count > MAX_FILES || listed > MAX_FILES * (46 + MAX_NAME)) throw new Rejected("zip.too_many", { limit: MAX_FILES });
  return { count, listed, offset };
}

function readDirectory(listed: Bytes, count: number): Entry[] {
  const entries: Entry[] = [];
  const view = new DataView(listed.buffer, listed.byteOffset, listed.length);
  let at = 0;
  for (let number = 0; number < count; number++) {
    if (at + 46 > listed.length || view.getUint32(at, true) !== CENTRAL) throw new Rejected("zip.form", { why: "directory" });
    const [short, long] = [(place: number): number => view.getUint16(at + place, true), (place: number): number => view.getUint32(at + place, true)];
    const [named, size] = [short(28), long(24)];
    const name = latin1(listed.subarray(at + 46, at + 46 + named) as Bytes);
    const shown = { name: name.slice(0, 200) };
    if (short(8) & 0x2041) throw new Rejected("zip.encrypted", shown);
    if (long(20) === 0xffffffff || size === 0xffffffff || short(6) >= 45) throw new Rejected("zip.zip64");
    if (short(10) || long(20) !== size) throw new Rejected("zip.method", { ...shown, method: short(10) });
    if (short(30) || short(32)) throw new Rejected("zip.extra", shown);
    if (short(34)) throw new Rejected("zip.disks");
    const kind = (long(38) >>> 16) & 0o170000;
    if (short(4) >> 8 === 3 && kind !== 0 && kind !== 0o100000) throw new Rejected("zip.link", shown);
    if (!isPlain(name) || name.length !== named) throw new Rejected("zip.name", shown);
    entries.push({ name, size, crc: long(16), start: long(42) + 30 + named });
    at += 46 + named;
  }
  if (at !== listed.length) throw new Rejected("zip.form", { why: "directory" });
  return entries;
}

function requireOrder(entries: readonly Entry[]): void {
  const folded = new Set<string>();
  let before = "";
  for (const { name } of entries) {
    if (name === before) throw new Rejected("zip.twice", { name });
    if (folded.has(name.toLowerCase())) throw new Rejected("zip.case", { name });
    if (name < before) throw new Rejected("zip.order", { name });
    before = name;
    folded.add(name.toLowerCase());
  }
  for (const { name } of entries) {
    // A name that is also a folder of another.
    for (let place = name.toLowerCase(); place.includes("/"); ) {
      place = place.slice(0, place.lastIndexOf("/"));
      if (folded.has(place)) throw new Rejected("zip.case", { name });
    }
  }
}

function requireTouching(entries: readonly Entry[], offset: number): void {
  let at = 0;
  for (const entry of entries) {
    at += 30 + entry.name.length;
    if (entry.start !== at) throw new Rejected("zip.overlap", { name: entry.name });
    at += entry.size;
  }
  if (at !== offset) throw new Rejected("zip.overlap", { name: entries[entries.length - 1]?.name ?? "" });
}

/** Hold every local header against the directory; those of small files that stand close together are read at once. */
async function requireHeaders(entries: readonly Entry[], readAt: ReadAt): Promise<void> {
  const WINDOW = 1 << 20;
  let [from, held] = [0, new Uint8Array(0) as Bytes];
  for (const entry of entries) {
    const header = localHeader(entry);
    const start = entry.start - header.length;
    if (start < from || start + header.length > from + held.length) {
      // Only where the next header is near does reading ahead save anything.
      [from, held] = [start, await readAt(start, entry.size < WINDOW / 8 ? WINDOW : header.length)];
    }
    if (!same(held.subarray(start - from, start - from + header.length) as Bytes, header)) throw new Rejected("zip.header", { name: entry.name });
  }
}

/** Version needed 20, no flags, stored, no time, 1980-01-01, checksum, both sizes, length of the name, no extra field. */
function shared(entry: Entry): Bytes {
  const made = new DataView(new ArrayBuffer(26));
  made.setUint16(0, 20, true);
  made.setUint16(8, 0x21, true);
  made.setUint32(10, entry.crc, true);
  made.setUint32(14, entry.size, true);
  made.setUint32(18, entry.size, true);
  made.setUint16(22, entry.name.length, true);
  return new Uint8Array(made.buffer);
}

function little(...values: [number, 2 | 4][]): Bytes {
  const made = new DataView(new ArrayBuffer(values.reduce((sum, [, width]) => sum + width, 0)));
  let at = 0;
  for (const [value, width] of values) {
    if (width === 2) made.setUint16(at, value, true);
    else made.setUint32(at, value, true);
    at += width;
  }
  return new Uint8Array(made.buffer);
}

function localHeader(entry: Entry): Bytes {
  return join(little([LOCAL, 4]), shared(entry), utf8(entry.name));
}

/** The directory and its end, as the entries make them. */
function directory(entries: readonly Entry[], offset: number): Bytes {
  const listed = entries.map((entry) =>
    join(little([CENTRAL, 4], [(3 << 8) | 20, 2]), shared(entry), little([0, 2], [0, 2], [0, 2], [(0o100644 << 16) >>> 0, 4], [entry.start - 30 - entry.name.length, 4]), utf8(entry.name)),
  );
  const length = listed.reduce((sum, each) => sum + each.length, 0);
  return join(...listed, little([END, 4], [0, 2], [0, 2], [entries.length, 2], [entries.length, 2], [length, 4], [offset, 4], [0, 2]));
}

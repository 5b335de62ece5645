// SPDX-License-Identifier: Apache-2.0
// C2SP: verifier keys, signed notes, checkpoints, timed co-signatures. Ed25519 (0x01 signs, 0x04 co-signs) by WebCrypto; ML-DSA-44 (0x06) where the
// browser has it, and otherwise counted as not judged: such a line neither helps nor spoils.

import { type Bytes, fromBase64, fromUtf8, hex, join, same, sha256, toBase64, utf8 } from "./bytes";
import { Rejected } from "./trouble";

export const ED25519 = 1;
export const COSIGNATURE = 4;
export const ML_DSA_44 = 6;
export const MAX_NOTE = 1_000_000;
const MAX_SIGNATURES = 100;
const LENGTHS = new Map([[ED25519, 32], [COSIGNATURE, 32], [ML_DSA_44, 1312]]);

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

// What Python calls a space, to the letter: `\s` of this language knows a few others.
const NO_NAME = /[\x00-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000+]/;

export interface VerifierKey {
  readonly line: string;
  readonly name: string;
  readonly id: Bytes;
  readonly kind: number;
  readonly material: Bytes;
}

export const isKeyName = (name: string): boolean => name !== "" && !NO_NAME.test(name);

/** A verifier key line, `name+id+base64`. Throws `Rejected` with `key.form`, `key.name`, `key.kind`, `key.public` or `key.id`. */
export async function readKey(line: string): Promise<VerifierKey> {
  const [name, id, ...rest] = line.split("+");
  const material = fromBase64(rest.join("+"));
  if (name === undefined || id === undefined || rest.length === 0 || !/^[0-9a-f]{8}$/.test(id) || !material || !material.length) throw new Rejected("key.form");
  const key = await makeKey(name, material[0]!, material.slice(1));
  if (hex(key.id) !== id) throw new Rejected("key.id", { given: id, computed: hex(key.id) });
  return key.line === line ? key : { ...key, line };
}

/** A key from its parts. Throws `Rejected` with `key.name`, `key.kind` or `key.public`. */
export async function makeKey(name: string, kind: number, bytes: Bytes): Promise<VerifierKey> {
  if (!isKeyName(name)) throw new Rejected("key.name", { given: name.slice(0, 80) });
  if (!LENGTHS.has(kind)) throw new Rejected("key.kind", { kind });
  if (bytes.length !== LENGTHS.get(kind)) throw new Rejected("key.public");
  if (kind === ML_DSA_44 && utf8(name).length > 255) throw new Rejected("key.name", { given: name.slice(0, 80) });
  if (kind !== ML_DSA_44 && isWeak(bytes)) throw new Rejected("key.public");
  const whole = join(Uint8Array.of(kind), bytes);
  const id = (await sha256(join(utf8(`${name}\n`), whole))).slice(0, 4);
  return { line: `${name}+${hex(id)}+${toBase64(whole)}`, name, id, kind, material: bytes };
}

/** The key in a file `vkey`: one line and nothing else. */
export async function readKeyFile(data: Bytes): Promise<VerifierKey> {
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(data); // as Python reads it: what is no UTF-8 makes another name, whose id does not fit
  const key = await readKey(text.replace(/\n$/, ""));
  if (!text.endsWith("\n")) throw new Rejected("key.form"); // last, as Python does: of a line that was cut short the key itself is wrong
  return key;
}

function isWeak(point: Bytes): boolean {
  const plain = point.slice();
  plain[31]! &= 0x7f;
  return WEAK.has(hex(plain));
}

async function imported(kind: number, material: Bytes): Promise<CryptoKey | null> {
  try {
    return kind === ML_DSA_44
      ? await crypto.subtle.importKey("raw-public" as "raw", material, { name: "ML-DSA-44" }, false, ["verify"])
      : await crypto.subtle.importKey("raw", material, { name: "Ed25519" }, false, ["verify"]);
  } catch {
    return null;
  }
}

/** Whether this browser can check signatures of `kind` here (WebCrypto needs HTTPS, a file or this very machine). */
export async function canCheck(kind: number = ED25519): Promise<boolean> {
  if (typeof crypto === "undefined" || !crypto.subtle) return false;
  if (kind === ML_DSA_44) return (await imported(kind, new Uint8Array(1312))) !== null;
  const base = new Uint8Array(32).fill(0x66);
  base[0] = 0x58;
  return (await imported(kind, base)) !== null;
}

/** Whether `key` made `signature` over `message`; null where this browser cannot say. */
export async function verifies(key: Pick<VerifierKey, "kind" | "material">, signature: Bytes, message: Bytes): Promise<boolean | null> {
  const held = await imported(key.kind, key.material);
  if (held === null) return (await canCheck(key.kind)) ? false : null;
  try {
    return await crypto.subtle.verify({ name: key.kind === ML_DSA_44 ? "ML-DSA-44" : "Ed25519" }, held, signature, message);
  } catch {
    return false;
  }
}

export interface Signature {
  readonly name: string;
  readonly id: Bytes;
  readonly made: Bytes;
}

export interface Note {
  readonly text: string;
  readonly signatures: readonly Signature[];
}

/** Throws `Rejected("note.form")` for anything that the standard does not allow. Verifies nothing. */
export function parseNote(data: Bytes): Note {
  const wrong = (why: string): never => {
    throw new Rejected("note.form", { why });
  };
  if (data.length > MAX_NOTE) wrong("too large");
  const whole = fromUtf8(data) ?? wrong("not UTF-8");
  if (/[\x00-\x09\x0b-\x1f]/.test(whole)) wrong("control character");
  const gap = whole.lastIndexOf("\n\n");
  if (gap < 0 || !whole.endsWith("\n") || gap + 2 >= whole.length) wrong("no signatures");
  const claims = whole.slice(gap + 2, -1).split("\n");
  if (claims.length > MAX_SIGNATURES) wrong("too many signatures");
  return { text: whole.slice(0, gap + 1), signatures: claims.map(signature) };
}

function signature(line: string): Signature {
  const rest = line.slice(2);
  const space = rest.indexOf(" ");
  const name = rest.slice(0, Math.max(space, 0));
  if (!line.startsWith("\u2014 ") || space < 0 || !isKeyName(name)) throw new Rejected("note.form", { why: "signature line" });
  const made = fromBase64(rest.slice(space + 1));
  if (made === null) throw new Rejected("note.form", { why: "base64" });
  if (made.length < 5) throw new Rejected("note.form", { why: "signature line" });
  return { name, id: made.slice(0, 4), made: made.slice(4) };
}

export const isBy = (claim: Signature, key: VerifierKey): boolean => claim.name === key.name && same(claim.id, key.id);

/** When a co-signature says that it was made. */
export function secondsOf(claim: Signature): bigint {
  return claim.made.slice(0, 8).reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
}

async function holds(claim: Signature, key: VerifierKey, text: string): Promise<boolean | null> {
  if (key.kind === ED25519) return verifies(key, claim.made, utf8(text));
  const seconds = secondsOf(claim);
  if (claim.made.length < 8 || seconds > 0x7fffffffffffffffn) return false;
  if (key.kind === COSIGNATURE) return verifies(key, claim.made.slice(8), utf8(`cosignature/v1\ntime ${seconds}\n${text}`));
  try {
    return await verifies(key, claim.made.slice(8), subtreeMessage(key.name, seconds, text));
  } catch (error) {
    if (error instanceof Rejected) return false; // such a key signs checkpoints and nothing else
    throw error;
  }
}

function subtreeMessage(name: string, seconds: bigint, text: string): Bytes {
  const head = parseCheckpoint(text);
  const origin = utf8(head.origin);
  if (origin.length > 255) throw new Rejected("checkpoint.form", { why: "origin" });
  const opaque = (data: Bytes): Bytes => join(Uint8Array.of(data.length), data);
  const long = (value: bigint): Bytes => {
    const made = new Uint8Array(8);
    new DataView(made.buffer).setBigUint64(0, value);
    return made;
  };
  return join(utf8("subtree/v1\n\x00"), opaque(utf8(name)), long(seconds), opaque(origin), long(0n), long(BigInt(head.size)), head.root);
}

export interface Signers {
  /** Those whose lines hold, each once, in the order of the note. */
  readonly held: readonly VerifierKey[];
  /** Those whose lines this browser cannot judge. */
  readonly unjudged: readonly VerifierKey[];
}

/** Who among `keys` signed. Lines by unknown keys are passed over; one by a known key that does not hold spoils the note: `Rejected("note.signature")`. */
export async function verifiedSigners(note: Note, keys: Iterable<VerifierKey>): Promise<Signers> {
  const known = [...keys];
  const held = new Set<VerifierKey>();
  const unjudged = new Set<VerifierKey>();
  for (const claim of note.signatures) {
    const key = known.find((each) => isBy(claim, each));
    if (key === undefined) continue;
    const found = await holds(claim, key, note.text);
    if (found === false) throw new Rejected("note.signature", { name: key.name });
    (found ? held : unjudged).add(key);
  }
  return { held: [...held], unjudged: [...unjudged] };
}

/** As `verifiedSigners`; at least one signed, else `Rejected("note.unknown_signer")`. */
export async function signersOf(note: Note, keys: Iterable<VerifierKey>): Promise<readonly VerifierKey[]> {
  const { held } = await verifiedSigners(note, keys);
  if (held.length === 0) throw new Rejected("note.unknown_signer", { claimed: note.signatures.map((claim) => claim.name).join(", ").slice(0, 200) });
  return held;
}

export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Bytes;
}

/** Throws `Rejected("checkpoint.form")`. A size beyond 2^53 - 1, which no log of ours reaches, is refused too. */
export function parseCheckpoint(text: string): Checkpoint {
  const lines = text.split("\n");
  if (lines.length < 4 || lines[lines.length - 1] !== "" || lines.slice(0, -1).includes("")) throw new Rejected("checkpoint.form", { why: "lines" });
  const size = readSize(lines[1]!);
  if (size === null) throw new Rejected("checkpoint.form", { why: "size" });
  const root = fromBase64(lines[2]!);
  if (root?.length !== 32) throw new Rejected("checkpoint.form", { why: "root" });
  return { origin: lines[0]!, size, root };
}

export function readSize(text: string): number | null {
  return /^(?:0|[1-9][0-9]{0,15})$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : null;
}

/** Verify the note first, then read it. Throws `Rejected` as `signersOf`, `checkpoint.form`, `checkpoint.origin`. */
export async function openCheckpoint(data: Bytes, keys: Iterable<VerifierKey>, origin: string | null): Promise<Checkpoint> {
  const note = parseNote(data);
  await signersOf(note, keys);
  const head = parseCheckpoint(note.text);
  if (origin !== null && head.origin !== origin) throw new Rejected("checkpoint.origin", { given: head.origin, wanted: origin });
  return head;
}

// SPDX-License-Identifier: Apache-2.0
// Bytes, and what is counted over them. SHA-256 and SHA-512 by WebCrypto where all bytes are at hand; SHA-512 and CRC-32 piece by piece for files
// that are too long for that, since WebCrypto wants them whole.

export type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();

export function utf8(text: string): Bytes {
  return encoder.encode(text) as Bytes;
}

/** The text that `data` spells in UTF-8, or null where it spells none. A byte order mark is a letter like any other. */
export function fromUtf8(data: Bytes): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
  } catch {
    return null;
  }
}

export function latin1(data: Bytes): string {
  let text = "";
  for (let at = 0; at < data.length; at += 8192) text += String.fromCharCode(...data.subarray(at, at + 8192));
  return text;
}

export function hex(data: Bytes): string {
  return Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Bytes of lower-case hex digits; the caller has looked at their form. */
export function fromHex(text: string): Bytes {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
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

export function toBase64(data: Bytes): string {
  return btoa(latin1(data));
}

export async function sha256(data: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", data));
}

export async function sha512(data: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest("SHA-512", data));
}

const CRC = (() => {
  const tables = Array.from({ length: 4 }, () => new Int32Array(256));
  for (let byte = 0; byte < 256; byte++) {
    let rest = byte;
    for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1;
    tables[0]![byte] = rest;
  }
  for (let byte = 0; byte < 256; byte++) {
    for (let table = 1; table < 4; table++) {
      const before = tables[table - 1]![byte]!;
      tables[table]![byte] = (before >>> 8) ^ tables[0]![before & 255]!;
    }
  }
  return tables as [Int32Array, Int32Array, Int32Array, Int32Array];
})();

/** CRC-32 of zip (ISO 3309), going on from `before`. */
export function crc32(data: Bytes, before = 0): number {
  const [t0, t1, t2, t3] = CRC;
  let sum = ~before;
  let at = 0;
  for (const end = data.length - 3; at < end; at += 4) {
    sum ^= data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16) | (data[at + 3]! << 24);
    sum = t3[sum & 255]! ^ t2[(sum >>> 8) & 255]! ^ t1[(sum >>> 16) & 255]! ^ t0[sum >>> 24]!;
  }
  for (; at < data.length; at++) sum = (sum >>> 8) ^ t0[(sum ^ data[at]!) & 255]!;
  return ~sum >>> 0;
}

/** Round constants and initial value of SHA-512 are the first 64 bits of the fractions of roots of primes (FIPS 180-4 sections 4.2.3 and 5.3.5). */
const PRIMES = (() => {
  const found: number[] = [];
  for (let number = 2; found.length < 80; number++) if (found.every((prime) => number % prime)) found.push(number);
  return found;
})();

/** The first 64 bits of the fraction of the `power`-th root of `prime`. */
function fraction(prime: number, power: 2n | 3n): bigint {
  const target = BigInt(prime) << (64n * power);
  let root = 0n;
  for (let bit = 1n << 69n; bit > 0n; bit >>= 1n) if ((root | bit) ** power <= target) root |= bit;
  return root & 0xffffffffffffffffn;
}

function halves(words: bigint[]): Int32Array {
  return Int32Array.from(words.flatMap((word) => [Number(BigInt.asIntN(32, word >> 32n)), Number(BigInt.asIntN(32, word))]));
}

/** Computed when first asked for: most bundles need none of it. */
const constants = { made: null as { start: Int32Array; rounds: Int32Array } | null };

function sha512Constants(): { start: Int32Array; rounds: Int32Array } {
  return (constants.made ??= { start: halves(PRIMES.slice(0, 8).map((prime) => fraction(prime, 2n))), rounds: halves(PRIMES.map((prime) => fraction(prime, 3n))) });
}

/** SHA-512 (FIPS 180-4) of bytes that come in pieces. Slower than WebCrypto, and holds no more than a block. */
export class Sha512 {
  private readonly state = sha512Constants().start.slice();
  private readonly words = new Int32Array(160);
  private readonly block = new Uint8Array(128);
  private held = 0;
  private length = 0;

  update(data: Bytes): this {
    this.length += data.length;
    let at = 0;
    if (this.held) {
      at = Math.min(128 - this.held, data.length);
      this.block.set(data.subarray(0, at), this.held);
      this.held += at;
      if (this.held < 128) return this;
      this.take(this.block, 0);
      this.held = 0;
    }
    for (; at + 128 <= data.length; at += 128) this.take(data, at);
    this.block.set(data.subarray(at));
    this.held = data.length - at;
    return this;
  }

  digest(): Bytes {
    const tail = new Uint8Array(this.held < 112 ? 128 : 256);
    tail.set(this.block.subarray(0, this.held));
    tail[this.held] = 0x80;
    new DataView(tail.buffer).setBigUint64(tail.length - 8, BigInt(this.length) * 8n);
    for (let at = 0; at < tail.length; at += 128) this.take(tail, at);
    const made = new Uint8Array(64);
    const view = new DataView(made.buffer);
    this.state.forEach((half, at) => view.setInt32(at * 4, half));
    return made;
  }

  private take(data: Uint8Array, start: number): void {
    const k = sha512Constants().rounds;
    const w = this.words;
    for (let at = 0, from = start; at < 32; at++, from += 4) {
      w[at] = (data[from]! << 24) | (data[from + 1]! << 16) | (data[from + 2]! << 8) | data[from + 3]!;
    }
    for (let at = 32; at < 160; at += 2) {
      // One by one, here and below: taking arrays apart costs more than the sums.
      const xh = w[at - 30]!;
      const xl = w[at - 29]!;
      const yh = w[at - 4]!;
      const yl = w[at - 3]!;
      const s0h = ((xh >>> 1) | (xl << 31)) ^ ((xh >>> 8) | (xl << 24)) ^ (xh >>> 7);
      const s0l = ((xl >>> 1) | (xh << 31)) ^ ((xl >>> 8) | (xh << 24)) ^ ((xl >>> 7) | (xh << 25));
      const s1h = ((yh >>> 19) | (yl << 13)) ^ ((yl >>> 29) | (yh << 3)) ^ (yh >>> 6);
      const s1l = ((yl >>> 19) | (yh << 13)) ^ ((yh >>> 29) | (yl << 3)) ^ ((yl >>> 6) | (yh << 26));
      const low = (s0l >>> 0) + (s1l >>> 0) + (w[at - 31]! >>> 0) + (w[at - 13]! >>> 0);
      w[at] = s0h + s1h + w[at - 32]! + w[at - 14]! + ((low / 4294967296) | 0);
      w[at + 1] = low;
    }
    const s = this.state;
    let ah = s[0]!;
    let al = s[1]!;
    let bh = s[2]!;
    let bl = s[3]!;
    let ch = s[4]!;
    let cl = s[5]!;
    let dh = s[6]!;
    let dl = s[7]!;
    let eh = s[8]!;
    let el = s[9]!;
    let fh = s[10]!;
    let fl = s[11]!;
    let gh = s[12]!;
    let gl = s[13]!;
    let hh = s[14]!;
    let hl = s[15]!;
    for (let at = 0; at < 160; at += 2) {
      const s1h = ((eh >>> 14) | (el << 18)) ^ ((eh >>> 18) | (el << 14)) ^ ((el >>> 9) | (eh << 23));
      const s1l = ((el >>> 14) | (eh << 18)) ^ ((el >>> 18) | (eh << 14)) ^ ((eh >>> 9) | (el << 23));
      const low1 = (hl >>> 0) + (s1l >>> 0) + (((el & fl) ^ (~el & gl)) >>> 0) + (k[at + 1]! >>> 0) + (w[at + 1]! >>> 0);
      const t1h = (hh + s1h + ((eh & fh) ^ (~eh & gh)) + k[at]! + w[at]! + ((low1 / 4294967296) | 0)) | 0;
      const t1l = low1 | 0;
      const s0h = ((ah >>> 28) | (al << 4)) ^ ((al >>> 2) | (ah << 30)) ^ ((al >>> 7) | (ah << 25));
      const s0l = ((al >>> 28) | (ah << 4)) ^ ((ah >>> 2) | (al << 30)) ^ ((ah >>> 7) | (al << 25));
      const low2 = (s0l >>> 0) + (((al & bl) ^ (al & cl) ^ (bl & cl)) >>> 0);
      const t2h = (s0h + ((ah & bh) ^ (ah & ch) ^ (bh & ch)) + ((low2 / 4294967296) | 0)) | 0;
      const t2l = low2 | 0;
      hh = gh;
      hl = gl;
      gh = fh;
      gl = fl;
      fh = eh;
      fl = el;
      const low3 = (dl >>> 0) + (t1l >>> 0);
      eh = (dh + t1h + (low3 > 4294967295 ? 1 : 0)) | 0;
      el = low3 | 0;
      dh = ch;
      dl = cl;
      ch = bh;
      cl = bl;
      bh = ah;
      bl = al;
      const low4 = (t1l >>> 0) + (t2l >>> 0);
      ah = (t1h + t2h + (low4 > 4294967295 ? 1 : 0)) | 0;
      al = low4 | 0;
    }
    const added = [ah, al, bh, bl, ch, cl, dh, dl, eh, el, fh, fl, gh, gl, hh, hl];
    for (let at = 0; at < 16; at += 2) {
      const low = (s[at + 1]! >>> 0) + (added[at + 1]! >>> 0);
      s[at] = s[at]! + added[at]! + (low > 4294967295 ? 1 : 0);
      s[at + 1] = low;
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
// The code of a checkpoint that people write into the protocol (docs/spec/paper.md), and the note as a scanner or a clipboard gave it back.

import { sha256 } from "./proof";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const DATA = 26;

function times(left: number, right: number): number {
  let product = 0;
  for (let shift = 0; shift < 5; shift++) if ((right >> shift) & 1) product ^= left << shift;
  for (let shift = 9; shift > 4; shift--) if ((product >> shift) & 1) product ^= 0b100101 << (shift - 5);
  return product;
}

/** The code for a checkpoint's text: 130 bits in Crockford's base 32 and two letters of a Reed-Solomon code, in groups of four. */
export async function paperCode(text: string): Promise<string> {
  const plain = text.split("\n").slice(0, 3).join("\n");
  const digest = await sha256(new TextEncoder().encode(`kua/paper/v1\n${plain}\n`));
  const bits = Array.from(digest, (byte) => byte.toString(2).padStart(8, "0")).join("");
  const values = Array.from({ length: DATA }, (_, at) => parseInt(bits.slice(5 * at, 5 * at + 5), 2));
  let [high, low] = [0, 0];
  for (const value of values) {
    const carry = value ^ high;
    [high, low] = [low ^ times(carry, 6), times(carry, 8)];
  }
  return [...values, high, low].map((value) => ALPHABET[value]).join("").replace(/(.{4})(?=.)/g, "$1-");
}

/** The note with line ends, blanks and its empty line set right; what is no note comes back as it is. */
export function noteFromPaper(given: string): string {
  const lines = given.split(/\r\n|\r|\n/).map((line) => line.trim()).filter(Boolean);
  const first = lines.findIndex((line) => line.startsWith("\u2014 "));
  return first < 3 ? given : [...lines.slice(0, first), "", ...lines.slice(first), ""].join("\n");
}

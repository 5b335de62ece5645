// SPDX-License-Identifier: Apache-2.0
// C2SP tlog-proof@v1: an entry's place, the hashes up to the root, the checkpoint as it travelled. Verifies nothing.

import { type Bytes, fromBase64, latin1 } from "./bytes";
import { MAX_NOTE, parseNote, readSize } from "./notes";
import { Rejected } from "./trouble";

export const MAX_PROOF = MAX_NOTE + 100_000;

export interface TlogProof {
  readonly index: number;
  readonly steps: Bytes[];
  readonly checkpoint: Bytes;
  readonly extra: boolean;
}

/** Throws `Rejected("tlogproof.form")`, or `note.form` for its checkpoint. */
export function readProof(data: Bytes): TlogProof {
  const wrong = (why: string): never => {
    throw new Rejected("tlogproof.form", { why });
  };
  if (data.length > MAX_PROOF) wrong("too large");
  const gap = data.findIndex((byte, at) => byte === 10 && data[at + 1] === 10);
  if (gap < 0) wrong("no checkpoint");
  const head = data.subarray(0, gap);
  if (head.some((byte) => byte > 127)) wrong("not ASCII");
  const lines = latin1(head as Bytes).split("\n");
  if (lines[0] !== "c2sp.org/tlog-proof@v1") wrong("version");
  let extra = false;
  if (lines.length > 1 && lines[1]!.startsWith("extra ")) {
    const held = fromBase64(lines.splice(1, 1)[0]!.slice(6));
    if (!held || held.length === 0 || held.length > 65_535) wrong("extra");
    extra = true;
  }
  if (lines.length < 2 || !lines[1]!.startsWith("index ")) wrong("index");
  const index = readSize(lines[1]!.slice(6)) ?? wrong("index");
  if (lines.length - 2 > 63) wrong("too many hashes");
  const checkpoint = data.slice(gap + 2);
  parseNote(checkpoint);
  const steps = lines.slice(2).map((line) => {
    const step = fromBase64(line);
    return step?.length === 32 ? step : wrong("hash");
  });
  return { index, steps, checkpoint, extra };
}

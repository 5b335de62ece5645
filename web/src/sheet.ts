// SPDX-License-Identifier: Apache-2.0
// What stands on a station's paper, held against its published log (docs/spec/paper.md): the signed checkpoint of a QR code, or the code of the protocol.
// Says in three marks what holds; the words are the page's.

import { parseCheckpoint } from "./bundle/notes.js";
import type { Checker } from "./loader.js";
import { noteFromPaper, paperCode } from "./papercode.js";
import { type Checkpoint, Untrue, hex } from "./proof.js";

/** What a code turned out to be. An address of a listener in a room invites a telephone and says nothing of a film. */
export type Read =
  | { kind: "checkpoint"; note: string; head: Checkpoint; station: string; log: string }
  | { kind: "protocol"; size: number; code: string }
  | { kind: "link"; url: string }
  | { kind: "invitation" }
  | { kind: "other" };

/** The detail of the `Untrue` for a paper that the station did not sign. */
export const PAPER = "paper";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** Says what the text of a code is, by its form alone. */
export function readCode(text: string): Read {
  const note = noteFromPaper(text);
  const end = note.indexOf("\n\n\u2014 ");
  if (end > 0) {
    try {
      const head = parseCheckpoint(note.slice(0, end + 1));
      const found = /^(.+)\/s\/([0-9]{2}-[0-9]{1,5})$/.exec(head.origin);
      return found && head.size > 0 ? { kind: "checkpoint", note, head, log: found[1]!, station: found[2]! } : { kind: "other" };
    } catch {
      return { kind: "other" };
    }
  }
  const written = /^\s*([0-9]{1,16})[\s:;/,]+([0-9A-Za-z][0-9A-Za-z\s.\u00b7\u2010-\u2015-]*)$/.exec(text);
  const letters = (written?.[2] ?? "").toUpperCase().replace(/[^0-9A-Z]/g, "").replace(/[IL]/g, "1").replaceAll("O", "0");
  if (written && Number(written[1]) > 0 && letters.length === 28 && [...letters].every((letter) => ALPHABET.includes(letter))) {
    return { kind: "protocol", size: Number(written[1]), code: letters.replace(/(.{4})(?=.)/g, "$1-") };
  }
  if (/^https?:\/\/[^/]+\/(?:kk|ru|en)\/#[\w-]+\.[\w-]{43}\.[\w-]{43}$/.test(text.trim())) return { kind: "invitation" };
  return /^https?:\/\//.test(text.trim()) ? { kind: "link", url: text.trim() } : { kind: "other" };
}

/** How paper and log go together. `ahead`: the log that is published is shorter; `at` is how many entries it has. */
export interface Held { holds: "yes" | "no" | "ahead"; size: number; at: number }

/** Verifies the paper's own signature, then the published log. Throws `Untrue` with the detail `PAPER` for a signature that is not the station's, and as `Checker`. */
export async function holdPaper(paper: Read & { kind: "checkpoint" | "protocol" }, checker: Checker): Promise<Held> {
  const log = await checker.growing();
  const head = paper.kind === "checkpoint" ? await log.signed(paper.note).catch((error: unknown) => Promise.reject(error instanceof Untrue ? new Untrue("checkpoint", PAPER) : error)) : null;
  const size = head?.size ?? (paper as { size: number }).size;
  const newest = await log.now();
  if (size > newest.size) return { holds: "ahead", size, at: newest.size };
  const root = await log.rootAt(size);
  if (head) return { holds: hex(head.root) === hex(root) ? "yes" : "no", size, at: newest.size };
  const code = await paperCode(`${log.origin}\n${size}\n${btoa(String.fromCharCode(...root))}\n`);
  return { holds: code === (paper as { code: string }).code ? "yes" : "no", size, at: newest.size };
}

// SPDX-License-Identifier: Apache-2.0
// What an observer's telephone vouches for: it remembers the last checkpoint that it signed, and signs none that does not continue it.
// Knows no page; bytes come from a `Desk` that the caller gives. What it remembers is durable before anything is signed.

import { type Bytes, type Checkpoint, checkConsistency, consistencyRoots, fromBase64, join, openCheckpoint, readKey, same, type VerifierKey } from "./proof";
import { base64, keyOf, type PersonKey, within } from "./signkey";

const BASE = "kua-cosign";
const MOST = 5000;

export interface Signed { size: number; root: string; at: number; note: string; handed: boolean }

/** What the station's listener gives. */
export interface Desk {
  checkpoint(): Promise<string>;
  steps(earlier: number, later: number): Promise<string[]>;
}

/** The log shows what cannot go together with what it showed before. `file` is the portable proof where there is one; the notes are kept in any case. */
export class Contradiction extends Error {
  constructor(readonly kind: "root" | "grown" | "smaller", readonly one: string, readonly other: string, readonly file: string | null) {
    super(kind);
  }
}

const textOf = (note: string): string => note.slice(0, note.lastIndexOf("\n\n") + 1);
const utf8 = (text: string): Bytes => new TextEncoder().encode(text) as Bytes;

const kept = <T>(name: string): Promise<T | undefined> => within<T | undefined>("readonly", (store) => store.get(name), BASE);
const keep = (name: string, value: unknown): Promise<unknown> => within("readwrite", (store) => store.put(value, name), BASE);

export class Cosigner {
  private constructor(readonly key: PersonKey, readonly log: VerifierKey, readonly origin: string) {}

  /** This telephone's key and memory for one station. Throws `Untrue("key")`; whatever the browser says where it knows no Ed25519. */
  static async of(station: string, vkey: string, origin: string): Promise<Cosigner> {
    let name = await kept<string>(`name ${station}`);
    if (!name) {
      name = `observer/${station}/${Array.from(crypto.getRandomValues(new Uint8Array(4)), (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
      await keep(`name ${station}`, name);
    }
    return new Cosigner(await keyOf(name, 4, BASE), await readKey(vkey), origin);
  }

  /** The log's key as the QR on the box's screen named it when this telephone came first; null for a telephone that never came. */
  static pinned(station: string): Promise<string | undefined> {
    return kept<string>(`pin ${station}`);
  }

  static pin(station: string, digest: string): Promise<unknown> {
    return keep(`pin ${station}`, digest);
  }

  /** The last note that was signed here, with the log's own line. */
  seen(): Promise<string | undefined> {
    return kept<string>(`seen ${this.origin}`);
  }

  async signed(): Promise<Signed[]> {
    return (await kept<Signed[]>(`signed ${this.origin}`)) ?? [];
  }

  /** Looks at the newest checkpoint and signs it if it continues the last one; null if it is that very one. Throws `Contradiction`, `Untrue`. */
  async sign(desk: Desk, now: number): Promise<Signed | null> {
    const note = this.plain(await desk.checkpoint());
    const next = await openCheckpoint(utf8(note), this.log, this.origin);
    const before = await this.seen();
    if (next.size === 0) return null;
    if (before !== undefined) {
      const last = await openCheckpoint(utf8(before), this.log, this.origin);
      if (last.size === next.size && same(last.root, next.root)) return null;
      await this.require(desk, before, last, note, next);
    }
    if (!(await this.swap(before, note))) return null; // another page of this telephone was quicker
    const at = Math.floor(now / 1000);
    const text = textOf(note);
    const time = new Uint8Array(8);
    new DataView(time.buffer).setBigUint64(0, BigInt(at));
    const made = new Uint8Array(await crypto.subtle.sign({ name: "Ed25519" }, this.key.pair.privateKey, utf8(`cosignature/v1\ntime ${at}\n${text}`)));
    const id = Uint8Array.from(this.key.vkey.split("+")[1]!.match(/../g)!, (pair) => parseInt(pair, 16));
    const one = { size: next.size, root: base64(next.root), at, note: `${note}\u2014 ${this.key.name} ${base64(join(id, time, made))}\n`, handed: false };
    await keep(`signed ${this.origin}`, [...(await this.signed()), one].slice(-MOST));
    return one;
  }

  /** Holds a checkpoint from paper against the log as it is shown now. Throws `Contradiction`, `Untrue`. */
  async compare(desk: Desk, paper: string): Promise<Checkpoint> {
    const [one, other] = [this.plain(paper), this.plain(await desk.checkpoint())];
    const [said, shown] = [await openCheckpoint(utf8(one), this.log, this.origin), await openCheckpoint(utf8(other), this.log, this.origin)];
    if (said.size === shown.size) await this.require(desk, one, said, other, shown);
    else if (said.size < shown.size) await this.require(desk, one, said, other, shown);
    else await this.require(desk, other, shown, one, said);
    return said;
  }

  async handed(one: Signed): Promise<void> {
    await keep(`signed ${this.origin}`, (await this.signed()).map((each) => (each.size === one.size ? { ...each, handed: true } : each)));
  }

  private async require(desk: Desk, before: string, last: Checkpoint, note: string, next: Checkpoint): Promise<void> {
    if (next.size === last.size) {
      if (!same(next.root, last.root)) throw new Contradiction("root", before, note, this.file(before, note, []));
      return;
    }
    if (next.size < last.size) throw new Contradiction("smaller", before, note, null);
    if (last.size === 0) return;
    const told = await desk.steps(last.size, next.size);
    const steps = told.map((step) => fromBase64(step) ?? new Uint8Array(0));
    const whole = Number.isInteger(Math.log2(last.size));
    try {
      if (whole && !(steps[0] && same(steps[0], last.root))) throw new Contradiction("grown", before, note, null);
      await checkConsistency(last.size, next.size, last.root, next.root, whole ? steps.slice(1) : steps);
    } catch {
      // The steps convict the log only where they lead to what it signed now and to something else than it signed then.
      const [old, made] = await consistencyRoots(last.size, next.size, steps).catch(() => [last.root, last.root] as [Bytes, Bytes]);
      const proves = same(made, next.root) && !same(old, last.root);
      throw new Contradiction("grown", before, note, proves ? this.file(before, note, told) : null);
    }
  }

  private file(one: string, other: string, steps: string[]): string {
    return ["kua/fork/v1", `key ${this.log.line}`, ...steps.map((step) => `step ${step}`), "", one + "\n" + other].join("\n");
  }

  /** The note with the log's own lines only: what others added is not ours to keep. */
  private plain(note: string): string {
    const gap = note.lastIndexOf("\n\n");
    if (gap < 0) return note;
    const lines = note.slice(gap + 2).split("\n").filter((line) => line.startsWith(`\u2014 ${this.log.name} `));
    return `${note.slice(0, gap + 2)}${lines.slice(0, 1).map((line) => `${line}\n`).join("")}`;
  }

  /** Puts `note` in the place of `before`, in one transaction: of two pages that are open at once one signs. */
  private swap(before: string | undefined, note: string): Promise<boolean> {
    const name = `seen ${this.origin}`;
    return within<boolean>("readwrite", (store, done) => {
      const held = store.get(name) as IDBRequest<string | undefined>;
      held.onsuccess = () => {
        done(held.result === before);
        if (held.result === before) store.put(note, name);
      };
    }, BASE);
  }
}

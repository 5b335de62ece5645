// SPDX-License-Identifier: Apache-2.0
// What can go wrong with bytes from outside, by the codes of `kua.core.errors`: each is a line of a report, none stops the page.

export type Fact = string | number;
export type Facts = Record<string, Fact>;

/** Bytes are wrong or forged. */
export class Rejected extends Error {
  constructor(readonly code: string, readonly facts: Facts = {}) {
    super(code);
  }

  /** As Python says it: the code, and the facts in order of their names. */
  override toString(): string {
    const told = Object.entries(this.facts).sort(([left], [right]) => (left < right ? -1 : 1)).map(([name, value]) => `${name}=${quoted(value)}`);
    return told.length ? `${this.code} (${told.join(", ")})` : this.code;
  }
}

/** Something that ought to be there is not. */
export class Incomplete extends Rejected {}

/** The file could not be read just now. That says nothing about truth. */
export class Unavailable extends Rejected {}

function quoted(value: Fact): string {
  return typeof value === "number" ? String(value) : `'${value}'`;
}

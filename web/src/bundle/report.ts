// SPDX-License-Identifier: Apache-2.0
// What a verifier answers: one line for each check, never stopping at the first that fails. Holds no words; the page has those of our catalogues.

import { type Facts, Incomplete, Rejected, Unavailable } from "./trouble";

export type State = "PASS" | "FAIL" | "MISSING" | "NOT_CHECKED";

export interface Line {
  readonly check: string;
  readonly state: State;
  readonly code: string;
  readonly facts: Facts;
}

/** 0 intact as far as it was checked, 1 altered, 2 incomplete, 3 could not check: docs/spec/exit-codes.md. */
export type Ending = 0 | 1 | 2 | 3;

export class Report {
  lines: Line[] = [];

  passed(check: string, code: string, facts: Facts = {}): void {
    this.lines.push({ check, state: "PASS", code, facts });
  }

  failed(check: string, code: string, facts: Facts = {}): void {
    this.lines.push({ check, state: "FAIL", code, facts });
  }

  missing(check: string, code: string, facts: Facts = {}): void {
    this.lines.push({ check, state: "MISSING", code, facts });
  }

  notChecked(check: string, code: string, facts: Facts = {}): void {
    this.lines.push({ check, state: "NOT_CHECKED", code, facts });
  }

  /** Why `check` ended in `error`. What is no expected error is a bug, and is not caught here. */
  trouble(check: string, error: unknown): void {
    if (error instanceof Incomplete) this.missing(check, error.code, error.facts);
    else if (error instanceof Unavailable) this.notChecked(check, error.code, error.facts);
    else if (error instanceof Rejected) this.failed(check, error.code, error.facts);
    else throw error;
  }

  /** What `step` gives; an expected error becomes a line of `check`, and null. */
  async attempt<T>(check: string, step: () => T | Promise<T>): Promise<T | null> {
    try {
      return await step();
    } catch (error) {
      this.trouble(check, error);
      return null;
    }
  }

  has(state: State, check?: string): boolean {
    return this.lines.some((line) => line.state === state && (check === undefined || line.check === check));
  }

  get ending(): Ending {
    if (this.has("FAIL")) return 1;
    if (this.has("MISSING")) return 2;
    return !this.has("PASS") || this.lines.some((line) => line.code === "verify.unreachable") ? 3 : 0;
  }
}

/** Codes of the lines that come first: what is not there is told before what is. The first eight are the list of gaps. */
export const FIRST = [
  "film.gap", "film.unaccounted", "film.segment_missing", "film.removed", "film.not_public", "film.withdrawn", "film.withdrawn_whole", "bundle.hidden",
  "bundle.leaves_missing", "bundle.no_gaps", "film.accounted", "film.coverage",
];

export function gapsFirst(lines: readonly Line[]): Line[] {
  const place = (line: Line): number => (FIRST.includes(line.code) ? FIRST.indexOf(line.code) : FIRST.length);
  return [...lines].sort((left, right) => place(left) - place(right));
}

/** Milliseconds as a program writes seconds: `13.5`, and `4.0` for a whole number. */
export function seconds(millis: number): string {
  const value = Math.round(millis) / 1000;
  return Number.isInteger(value) ? value.toFixed(1) : String(value);
}

/** RFC 3339 in UTC with milliseconds. */
export function rfc3339(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? "..." : date.toISOString().replace(/^\+0*(?=\d{4})/, "");
}

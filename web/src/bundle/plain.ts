// SPDX-License-Identifier: Apache-2.0
// A report in three answers, for readers who want no lines: is it whole, is it unaltered, is it publicly logged? Holds no words.

import type { Report } from "./report";

export type Answer = "yes" | "no" | "unsaid";
export type Standing = "intact" | "incomplete" | "altered" | "withdrawn" | "cannot";

export interface Plain {
  readonly standing: Standing;
  readonly whole: Answer;
  readonly unaltered: Answer;
  readonly logged: Answer;
  /** Spans that the station accounts for as not recorded or hidden. */
  readonly gaps: number;
}

/** What a report of `verifyBundle` comes to. Nothing is "yes" for which there is no line that says so. */
export function plainly(report: Report): Plain {
  const passed = (...codes: string[]): boolean => codes.every((code) => report.lines.some((line) => line.state === "PASS" && line.code === code));
  const found = (...codes: string[]): boolean => report.lines.some((line) => codes.includes(line.code));
  const [altered, missing] = [report.has("FAIL"), report.has("MISSING")];
  // `files`: a file that was put in besides. `co-signers`: who vouches, not what stands in the log.
  const logFails = report.lines.some((line) => line.state !== "PASS" && line.state !== "NOT_CHECKED" && / (?:nation|inclusion|log\.signature|key)$|^nation |^election\.logged$/.test(line.check));
  const logged = passed("bundle.in_nation", "bundle.included", "film.key_certified", "film.nation_key_named") && !logFails;
  const taken = found("film.removed", "film.withdrawn", "film.withdrawn_whole");
  return {
    standing: altered ? "altered" : missing ? "incomplete" : report.ending !== 0 ? "cannot" : taken ? "withdrawn" : "intact",
    whole: missing || found("film.unaccounted", "film.numbers_skip") ? "no" : passed("film.accounted") && !found("film.removed") ? "yes" : "unsaid",
    unaltered: altered ? "no" : passed("bag.holds", "film.segments_intact") && logged ? "yes" : "unsaid",
    logged: logged ? "yes" : logFails ? "no" : "unsaid",
    gaps: report.lines.filter((line) => line.code === "film.gap" || line.code === "bundle.hidden").length,
  };
}

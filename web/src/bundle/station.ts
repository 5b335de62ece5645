// SPDX-License-Identifier: Apache-2.0
// Check of the part of a station's day that a bundle holds: calibrations, the bytes of every segment, the account to the millisecond, coverage. The same
// lines as `kua.verify.station.check_excerpt`, but that nothing looks into a segment here.

import { hex, sha256, utf8 } from "./bytes";
import { AT_ONCE, type Payload } from "./bag";
import type { Election, MayEver } from "./election";
import type { Entries } from "./excerpt";
import { type Value, readCanonical } from "./json";
import { num, txt } from "./leaf";
import { checkCalibration, issuersByRole } from "./persons";
import type { VerifierKey } from "./notes";
import { type Report, rfc3339, seconds } from "./report";
import { checkStatements } from "./statements";
import { Day, type Film, byCause, coverageOf } from "./timeline";
import { Incomplete, Rejected, Unavailable } from "./trouble";

/** What is asked for: [since, until) of these cameras, and the part of the log that speaks of it. */
export interface Excerpt {
  readonly station: string;
  readonly log: Entries;
  readonly key: VerifierKey;
  readonly cameras: readonly string[];
  readonly since: number;
  readonly until: number;
}

/** SHA-256 and size of a file of the station, as the bag's check found them; throws `Incomplete`, `Rejected`. */
export type Digests = (name: string) => Promise<{ sha256: string; size: number }>;

interface Work {
  readonly part: Excerpt;
  readonly payload: Payload;
  readonly digests: Digests;
  readonly election: Election | null;
  readonly mayEver: MayEver | null;
  readonly report: Report;
  readonly expected: Set<string>;
  readonly check: (name: string) => string;
}

export async function checkExcerpt(
  payload: Payload, digests: Digests, part: Excerpt, election: Election | null, file: string | null, nation: Entries | null, mayEver: MayEver | null, report: Report,
): Promise<{ expected: Set<string>; films: Map<string, Film[]> }> {
  const work: Work = {
    part, payload, digests, election, mayEver, report, expected: new Set(["vkey", "checkpoint"]), check: (name) => `s/${part.station} ${name}`,
  };
  checkKey(work, nation);
  tellRevoked(work, nation);
  await checkStatements(part.log, part.station, election, file, report);
  await checkCalibrations(work);
  tellCensus(work);
  const films = new Map<string, Film[]>();
  for (const cam of part.cameras) {
    const whole = dayOf(work, cam, nation);
    checkWindow(work, whole);
    const touching = whole.touching(part.since, part.until);
    const present = await checkMedia(work, touching);
    if (touching.films.some((film) => present.has(film.sha256))) report.notChecked(work.check(`camera ${cam} masks`), "page.masks_not_looked");
    films.set(cam, touching.films);
    const cut = whole.within(part.since, part.until);
    const day = whole.opened === null ? cut.like({ opened: null }) : cut;
    checkAccount(work, day);
    tellHidden(work, day);
    tellCoverage(work, day, present);
  }
  return { expected: work.expected, films };
}

function checkKey({ part, report, check }: Work, nation: Entries | null): void {
  const name = part.key.name;
  if (nation === null) {
    report.notChecked(check("key"), "film.key_from_folder", { name });
    return;
  }
  const certified = new Set(nation.ofType("certificate").filter((leaf) => txt(leaf, "station") === part.station).map((leaf) => txt(leaf, "vkey")));
  if (!certified.has(part.key.line)) report.failed(check("key"), "film.key_uncertified", { name });
  else if (certified.size > 1) report.failed(check("key"), "film.key_twice", { count: certified.size }); // two keys are two logs, of which a reader may be shown either
  else report.passed(check("key"), "film.key_certified", { name });
}

/** Was the key revoked, and how many statements had the national log not seen by the moment since which it is not to be believed? */
function tellRevoked({ part, report, check }: Work, nation: Entries | null): void {
  const orders = (nation?.ofType("revoked") ?? []).filter((leaf) => txt(leaf, "station") === part.station && txt(leaf, "vkey") === part.key.line);
  const order = orders[0];
  if (nation === null || order === undefined) return;
  const since = Math.min(...orders.map((leaf) => num(leaf, "since")));
  const seen = nation.ofType("station_checkpoint").filter((leaf) => txt(leaf, "origin") === part.log.head.origin);
  const taken = seen.find((leaf) => leaf.index > order.index);
  if (taken !== undefined) report.failed(check("revoked"), "film.revoked_taken", { index: taken.index, first: order.index });
  const sure = Math.max(0, ...seen.filter((leaf) => num(leaf, "received_at") < since).map((leaf) => num(leaf, "size")));
  const of = part.log.head.size;
  const facts = { at: rfc3339(num(order, "at")), since: rfc3339(since), article: txt(order, "article") };
  if (of > sure) report.notChecked(check("revoked"), "film.key_revoked", { count: of - sure, of, ...facts });
  else report.passed(check("revoked"), "film.key_revoked_later", facts);
}

async function checkCalibrations({ part, payload, election, report, expected, check: named }: Work): Promise<void> {
  const check = named("calibration");
  const stated = part.log.ofType("calibration");
  if (!stated.length) report.missing(check, "film.no_calibration");
  for (const leaf of stated) {
    const camera = txt(leaf, "cam");
    const stem = `calibration/${camera}-${txt(leaf, "sha256").slice(0, 16)}`;
    const parts = [[".json", "sha256"], [".note", "note"], [".signers.json", "signers"]] as const;
    for (const [ending] of parts) expected.add(stem + ending);
    await report.attempt(check, async () => {
      const files = [];
      for (const [ending, field] of parts) {
        const data = await payload.read(stem + ending);
        if (hex(await sha256(data)) !== txt(leaf, field)) throw new Rejected("film.file_differs", { name: stem + ending });
        files.push(data);
      }
      if (!election) {
        report.notChecked(check, "film.no_election");
        return;
      }
      const issuers = await issuersByRole(election.issuers);
      const listed: Value | undefined = readCanonical(files[2]!)["certificates"];
      if (!Array.isArray(listed) || !listed.every((each) => typeof each === "string")) throw new Rejected("calibration.signers");
      const roles = await checkCalibration(files[1]!, election.id, part.station, camera, txt(leaf, "sha256"), listed.map(utf8), issuers);
      report.passed(check, "film.calibration_signed", { camera, roles: roles.join(", ") });
    });
  }
}

/** What the station states of the cameras in its room: the signed list stays in the station, so nobody can check it from outside. */
function tellCensus({ part, report, check: named }: Work): void {
  const check = named("census");
  const last = part.log.ofType("census").at(-1);
  if (!last) {
    report.notChecked(check, "film.no_census");
    return;
  }
  const [states, owners] = [last.body["states"], last.body["owners"]] as Record<string, number>[];
  const facts = { used: states!["used"]!, blind: states!["off"]! + states!["covered"]! + states!["masked"]!, unknown: states!["unknown"]! + owners!["unknown"]! };
  const words: Record<string, string> = { none: "film.census_none", off: "film.census_off", not_shown: "film.census_not_shown" };
  report.notChecked(check, words[txt(last, "recorder")]!, facts);
}

function dayOf({ part }: Work, cam: string, nation: Entries | null): Day {
  const day = new Day(cam);
  const speaks = part.log.leaves.some((leaf) => leaf.body["cam"] === cam || (leaf.type === "open" && (leaf.body["cams"] as { cam: string }[]).some((each) => each.cam === cam)));
  if (!speaks) return day;
  for (const leaf of part.log.ofType("open", "close", "segment", "gap", "hidden")) day.add(leaf); // a station cannot withdraw its own film
  for (const leaf of nation?.ofType("withdrawn") ?? []) if (txt(leaf, "station") === part.station) day.add(leaf);
  return day;
}

/** Nothing may be left out between the item before the first that is asked for and the last one. */
function checkWindow({ part, report, check }: Work, day: Day): void {
  const items = day.touching(part.since, part.until).items;
  const [first, last] = [items[0], items.at(-1)];
  if (!first || !last) return;
  const start = first.seq ? day.items.find((item) => item.seq === first.seq - 1)?.leaf : part.log.ofType("open")[0]?.index;
  // Counted by what is here: a log may claim to be longer than anybody can count.
  const here = start === undefined ? 0 : [...part.log.indices].filter((index) => start <= index && index <= last.leaf).length;
  const lost = start === undefined ? 1 : last.leaf + 1 - start - here;
  if (lost) report.missing(check(`camera ${day.cam} account`), "bundle.leaves_missing", { count: lost });
}

/** Hold every segment and init segment against its leaf. Gives the SHA-256 of those that are here. */
async function checkMedia(work: Work, day: Day): Promise<Set<string>> {
  const { report, part, expected } = work;
  const check = work.check(`camera ${day.cam} film`);
  const [place, films, present] = [`film/${day.cam}`, day.films, new Set<string>()];
  const wanted = new Map<string, { sha256: string; size: number | null; span: string }>();
  for (const film of films) {
    const span = `${rfc3339(film.t0)} - ${rfc3339(film.t1)}`;
    wanted.set(`${place}/${film.name}`, { sha256: film.sha256, size: film.size, span });
    if (!wanted.has(`${place}/${film.initName}`)) wanted.set(`${place}/${film.initName}`, { sha256: film.init, size: null, span });
  }
  const named = (chosen: Film[]): Set<string> => new Set(chosen.map((film) => `${place}/${film.name}`));
  const withdrawn = named(films.filter((film) => day.isWithdrawn(film)));
  const kept = named(films.filter((film) => work.mayEver !== null && !work.mayEver(part.station, day.cam, film.t0, film.phase)));
  // An init segment is only needed by film that must be there.
  const needed = new Set(films.filter((film) => !withdrawn.has(`${place}/${film.name}`) && !kept.has(`${place}/${film.name}`)).map((film) => `${place}/${film.initName}`));
  let [intact, gone, secret] = [0, 0, 0];
  for (const [name, { sha256: digest, size, span }] of wanted) {
    expected.add(name);
    try {
      const held = await work.digests(name);
      if (size !== null) present.add(digest); // the file is there, whatever its bytes are
      if (held.sha256 === digest && (size === null || held.size === size)) intact++;
      else report.failed(check, "film.segment_altered", { name, span });
    } catch (error) {
      if (!(error instanceof Incomplete)) report.trouble(check, error);
      else if (withdrawn.has(name)) gone++;
      else if (kept.has(name)) secret++;
      else if (size !== null || needed.has(name)) report.missing(check, "film.segment_missing", { name, span });
    }
  }
  if (intact) report.passed(check, "film.segments_intact", { count: intact, of: wanted.size });
  if (secret) report.notChecked(check, "film.not_public", { count: secret });
  if (gone) report.notChecked(check, "film.removed", { count: gone });
  if (intact) report.notChecked(check, "page.inside_not_looked");
  return present;
}

function checkAccount({ report, check: named }: Work, day: Day): void {
  const check = named(`camera ${day.cam} account`);
  const account = day.account();
  if (day.opened === null) {
    report.failed(check, "film.camera_not_opened", { camera: day.cam });
  } else if (account.unaccounted || account.overlapping) {
    report.failed(check, "film.unaccounted", { seconds: seconds(account.unaccounted), overlapping: seconds(account.overlapping) });
  } else {
    report.passed(check, "film.accounted", { recorded: seconds(account.recorded), gaps: seconds(account.gaps), hidden: seconds(account.hidden) });
  }
  const first = day.items[0]?.seq ?? 0;
  if (day.items.some((item, at) => item.seq !== first + at)) report.failed(check, "film.numbers_skip");
  for (const item of day.items) if (item.kind === "gap") report.passed(check, "film.gap", { since: rfc3339(item.t0), until: rfc3339(item.t1), reason: item.reason });
  for (const span of day.withdrawn) {
    if (!span.t0 && span.t1 === null) report.notChecked(check, "film.withdrawn_whole", { article: span.reason });
    else report.notChecked(check, "film.withdrawn", { since: rfc3339(span.t0), until: until(span.t1), article: span.reason });
  }
}

const until = (at: number | null): string => (at === null ? "..." : rfc3339(at));

function tellHidden({ report, check }: Work, day: Day): void {
  for (const span of day.hidden) report.passed(check(`camera ${day.cam} account`), "bundle.hidden", { since: rfc3339(span.t0), until: until(span.t1), reason: span.reason });
}

/** The three figures of coverage apart, and what was lost or hidden for which cause: nobody may take one for another. */
function tellCoverage({ report, check: named }: Work, day: Day, present: ReadonlySet<string>): void {
  const check = named(`camera ${day.cam} coverage`);
  const covered = coverageOf(day, present);
  report.passed(check, "film.coverage", { recorded: seconds(covered.recorded), visible: seconds(covered.visible), published: seconds(covered.published) });
  for (const [reason, length, count] of byCause(covered.gaps)) report.passed(check, "film.gaps_by", { seconds: seconds(length), reason, count });
  for (const [reason, length, count] of byCause(covered.hidden)) report.passed(check, "film.hidden_by", { seconds: seconds(length), reason, count });
  if (covered.astray > 1_000) report.notChecked(check, "film.hidden_astray", { seconds: seconds(covered.astray) });
  if (covered.withdrawn) report.notChecked(check, "film.withdrawn_length", { seconds: seconds(covered.withdrawn) });
}

/** Digests that the bag's check has found; a file that was too long for it is too long for a segment. */
export function digestsOf(entries: ReadonlyMap<string, { size: number }>, sha256s: ReadonlyMap<string, string>, prefix: string): Digests {
  return async (name) => {
    const entry = entries.get(prefix + name);
    if (!entry) throw new Incomplete("verify.missing", { name: prefix + name });
    if (entry.size > AT_ONCE) throw new Rejected("verify.too_large", { name: prefix + name, limit: AT_ONCE });
    const found = sha256s.get(prefix + name);
    if (found === undefined) throw new Unavailable("verify.unreachable", { name, why: "read" });
    return { sha256: found, size: entry.size };
  };
}

// SPDX-License-Identifier: Apache-2.0
// What a station's leaves say, held against the election file and against each other, as `kua.verify.statements` does for a part of a day.

import { hex, sha256, utf8 } from "./bytes";
import { type Election, type Station, phaseAt } from "./election";
import type { Entries } from "./excerpt";
import { canonical } from "./json";
import { type Leaf, num, txt } from "./leaf";
import { checkCount, issuersByRole } from "./persons";
import { type Report, rfc3339, seconds } from "./report";
import { Rejected } from "./trouble";

const SLOT = 4_000;

/** A line for each thing that the leaves must agree in. `file`: SHA-256 of election.json. */
export async function checkStatements(log: Entries, station: string, election: Election | null, file: string | null, report: Report): Promise<void> {
  const name = (check: string): string => `s/${station} ${check}`;
  const place = election?.stations.find((each) => each.id === station) ?? null;
  checkOpen(name("open"), log, station, election, file, report);
  checkOrder(name("open"), log, report);
  if (election) checkCameras(name("cameras"), log, place, report);
  const segments = log.ofType("segment");
  const wrong = (await checkRules(name("rules"), log, election, place, report)) + checkNames(name("names"), segments, report);
  if (segments.length && !wrong) report.passed(name("rules"), "film.statements_agree", { count: segments.length });
  tellTime(name("time"), segments, log, report);
}

function checkOpen(check: string, log: Entries, station: string, election: Election | null, file: string | null, report: Report): void {
  const opened = log.ofType("open");
  const [first] = opened;
  if (!first) {
    report.missing(check, "film.never_opened");
  } else if (!election || file === null) {
    report.notChecked(check, "film.no_election");
  } else if (txt(first, "election_sha256") !== file || opened.length !== 1) {
    report.failed(check, "film.other_election");
  } else if (txt(first, "election") !== election.id || txt(first, "station") !== station) {
    report.failed(check, "film.opened_elsewhere", { given: `${txt(first, "election")}/${txt(first, "station")}`, wanted: `${election.id}/${station}` });
  } else {
    report.passed(check, "film.opened_under", { at: rfc3339(num(first, "at")) });
  }
}

/** `open` comes before and `close` after all that makes up the account, each once. */
function checkOrder(check: string, log: Entries, report: Report): void {
  const account = log.ofType("open", "close", "segment", "gap", "hidden");
  const odd = account.find((leaf, at) => (leaf.type === "open") !== (at === 0) || (leaf.type === "close" && at !== account.length - 1));
  if (odd) report.failed(check, "film.open_order", { index: odd.index });
}

function checkCameras(check: string, log: Entries, place: Station | null, report: Report): void {
  if (!place) {
    report.failed(check, "film.station_unplanned");
    return;
  }
  const planned = new Set(place.cameras.map((camera) => camera.id));
  const opened = new Set(log.ofType("open").flatMap((leaf) => (leaf.body["cams"] as { cam: string }[]).map((each) => each.cam)));
  const used = new Set(log.ofType("segment", "gap", "hidden").map((leaf) => txt(leaf, "cam")));
  let trouble = false;
  const say = (tell: "failed" | "missing", code: string, cams: Iterable<string>, known: ReadonlySet<string>): void => {
    for (const camera of [...new Set(cams)].filter((cam) => !known.has(cam)).sort()) {
      trouble = true;
      report[tell](check, code, { camera });
    }
  };
  say("failed", "film.camera_unplanned", [...opened, ...used], planned);
  say("failed", "film.camera_not_opened", used, opened);
  if (log.ofType("open").length) say("missing", "film.camera_absent", planned, opened);
  if (!trouble) report.passed(check, "film.cameras_planned", { cameras: [...opened].sort().join(", ") || "-" });
}

/** Phase, hiding table and calibration of each segment. Gives how many kinds of trouble there are. */
async function checkRules(check: string, log: Entries, election: Election | null, place: Station | null, report: Report): Promise<number> {
  const table = election ? hex(await sha256(canonical(election.hiding))) : null;
  const calibrations = new Map<string, string>();
  const first = new Map(log.ofType("calibration").reverse().map((leaf) => [txt(leaf, "cam"), txt(leaf, "sha256")]));
  const single = new Set<string>();
  const alone = new Map<string, number>();
  const wrong = new Map<string, number[]>();
  const note = (code: string, index: number): void => {
    const indices = wrong.get(code);
    if (indices) indices.push(index);
    else wrong.set(code, [index]);
  };
  let stated = table;
  for (const leaf of log.ofType("policy", "calibration", "segment", "chapter", "fault")) {
    if (leaf.type === "policy") {
      if (txt(leaf, "what") === "hiding") stated = txt(leaf, "sha256");
    } else if (leaf.type === "calibration") {
      calibrations.set(txt(leaf, "cam"), txt(leaf, "sha256"));
    } else if (leaf.type === "fault") {
      if (txt(leaf, "kind") === "one_signature" && leaf.body["cam"] !== null) {
        if (txt(leaf, "state") === "begin") single.add(txt(leaf, "cam"));
        else single.delete(txt(leaf, "cam"));
      }
    } else if (leaf.type === "chapter") {
      if (election && place && !(await countHolds(leaf, election, place))) note("film.count_unsigned", leaf.index);
    } else {
      const cam = txt(leaf, "cam");
      const waits = single.has(cam) && !calibrations.has(cam);
      if (waits) alone.set(cam, (alone.get(cam) ?? 0) + 1);
      // What one person has signed, and no other view was signed before, is what two sign later.
      const signed = waits ? first.get(cam) : first.has(cam) ? (calibrations.get(cam) ?? "") : undefined;
      const tables = new Set([table, stated].filter((each) => each !== null));
      for (const code of against(leaf, place, tables, signed)) note(code, leaf.index);
    }
  }
  for (const [camera, count] of [...alone].sort(([left], [right]) => (left < right ? -1 : 1))) report.notChecked(check, "film.one_signature", { camera, count });
  const filmed = new Set(log.ofType("segment").map((leaf) => txt(leaf, "cam")));
  for (const camera of [...filmed].filter((cam) => !first.has(cam)).sort()) report.missing(check, "film.not_calibrated", { camera });
  for (const [code, indices] of wrong) report.failed(check, code, { count: indices.length, index: indices[0]! });
  return wrong.size + (report.has("MISSING", check) ? 1 : 0);
}

function* against(leaf: Leaf, place: Station | null, tables: ReadonlySet<string>, calibration: string | undefined): Generator<string> {
  if (place) {
    // The phase is chosen for a whole slot, when it begins; the first picture of the slot may come a moment after.
    const phases = [phaseAt(place, num(leaf, "t0")), phaseAt(place, num(leaf, "slot") * SLOT)].filter((phase) => phase !== null);
    if (!phases.length) yield "film.outside_windows";
    else if (!phases.includes(txt(leaf, "phase"))) yield "film.other_phase";
  }
  if (tables.size && (tables.size !== 1 || !tables.has(txt(leaf, "hiding")))) yield "film.other_hiding";
  if (calibration !== undefined && calibration !== txt(leaf, "calibration")) yield "film.other_calibration";
}

/** Whether two people who may have signed the beginning of the count that a `chapter` leaf states, for this station and after voting. */
async function countHolds(leaf: Leaf, election: Election, place: Station): Promise<boolean> {
  const voting = Math.max(0, ...place.windows.filter((window) => window.phase === "voting").map((window) => window.end));
  try {
    const certificates = (leaf.body["signers"] as string[]).map(utf8);
    const since = await checkCount(utf8(txt(leaf, "note")), election.id, place.id, certificates, await issuersByRole(election.issuers));
    return since === num(leaf, "since") && since >= voting;
  } catch (error) {
    if (error instanceof Rejected) return false;
    throw error;
  }
}

/** No two statements for one file, one beginning for each run, and no film that was shown before under another time. */
function checkNames(check: string, segments: readonly Leaf[], report: Report): number {
  const [names, inits, bytes] = [new Map<string, number>(), new Map<string, string>(), new Map<string, number>()];
  const setDefault = <T>(map: Map<string, T>, key: string, value: T): T => {
    if (!map.has(key)) map.set(key, value);
    return map.get(key)!;
  };
  let wrong = 0;
  for (const leaf of segments) {
    const index = leaf.index;
    const live = leaf.body["live"] as Record<string, string> | undefined;
    const stated = [[txt(leaf, "run"), txt(leaf, "sha256"), txt(leaf, "init")]];
    if (live?.["run"] !== undefined) stated.push([`live/${live["run"]}`, live["sha256"]!, live["init"]!]);
    for (const [name, digest, init] of stated) {
      const run = `${txt(leaf, "cam")}/${name}`;
      const earlier = setDefault(names, `${run}-${num(leaf, "slot")}`, index);
      const again = setDefault(bytes, `${run}-${digest}`, index);
      if (earlier !== index) report.failed(check, "film.name_twice", { name: `film/${run}-${num(leaf, "slot")}.m4s`, first: earlier, index });
      else if (again !== index) report.failed(check, "film.repeated", { first: again, index });
      else if (setDefault(inits, run, init) !== init) report.failed(check, "film.init_twice", { name: `film/${run}-init.mp4`, index });
      else continue;
      wrong++;
    }
  }
  return wrong;
}

/** Times are the station's own word; say for how much of them nothing outside the box vouched, and where its clock jumped. */
function tellTime(check: string, segments: readonly Leaf[], log: Entries, report: Report): void {
  const unsure = segments.filter((leaf) => txt(leaf, "trust") === "none").reduce((sum, leaf) => sum + num(leaf, "t1") - num(leaf, "t0"), 0);
  if (unsure) report.notChecked(check, "film.time_untrusted", { seconds: seconds(unsure) });
  const steps = log.ofType("clock").map((leaf) => num(leaf, "step_ms")).filter((step) => step >= 1000);
  if (steps.length) report.notChecked(check, "film.clock_stepped", { count: steps.length, seconds: seconds(Math.max(...steps)) });
}

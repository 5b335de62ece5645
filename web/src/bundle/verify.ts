// SPDX-License-Identifier: Apache-2.0
// Check of a court bundle in the reader's browser: one file, no network, no clock (docs/spec/bundle.md). The steps are those of `kua.verify.bundle`, in
// its order; what a browser does not check here it says (docs/spec/verifiers.md, column `verify.html`).

import { hex, same, sha256 } from "./bytes";
import { BagReader, INFO, MANIFEST, PAYLOAD, type Payload, type Progress, TAG_MANIFEST, below, checkBag } from "./bag";
import { type Election, type Titles, publicationOf, readElection, requireName } from "./election";
import { type Entries, PATH, readExcerpt } from "./excerpt";
import { type Json, type Value, canonical, isObject, readCanonical } from "./json";
import { checkHours } from "./hours";
import { type Leaf, num, txt } from "./leaf";
import { MAX_NOTE, type VerifierKey, openCheckpoint, parseNote, readKey, readKeyFile, verifiedSigners } from "./notes";
import { checkElection } from "./persons";
import { type Judgement, type Policy, judge, parsePolicy, partiesIn, partiesOf } from "./policy";
import { Report, gapsFirst, rfc3339 } from "./report";
import { checkRoom } from "./room";
import { checkExcerpt, digestsOf } from "./station";
import { type Known, checkTimes } from "./times";
import { Rejected } from "./trouble";

const SMALL = 16 * 1024 * 1024;
const LATEST = 253_402_300_799_999; // 9999-12-31: what rfc3339 can say
const POLICY = "cosigning.policy";
const TOOLS = ["verify.pyz", "verify.html"];
const PAPER = "report.pdf";
const READMES = ["readme-kk.txt", "readme-ru.txt", "readme-en.txt"];
const ACTS = ["made", "received", "copied", "opened", "handed_over", "sealed", "unsealed"];

/** `bundle.json`: which film this is. */
export interface Contents {
  readonly election: string;
  readonly station: string;
  readonly cameras: readonly string[];
  readonly since: number;
  readonly until: number;
  readonly copies: boolean;
  readonly name: string;
}

/** What is shown above the lines: facts of the bundle, not judgements. */
export interface Summary {
  contents?: Contents;
  election?: Titles;
  station?: Titles;
  custody?: { act: string; role: string; at: number | null }[];
}

/** SHA-512 of the readmes that this program would put beside a payload, by name; those that are not here are not compared. */
export type Beside = Readonly<Record<string, string>>;

/** Check the bundle in `file`; every finding is a line of the report, gaps first. Throws for bugs alone. */
export async function verifyBundle(file: Blob, beside: Beside, progress: Progress): Promise<{ report: Report; summary: Summary }> {
  const report = new Report();
  const held = await report.attempt("bag", () => BagReader.open(file));
  if (held === null) return { report, summary: {} };
  const check = new Check(held, report, beside);
  await check.run(progress);
  report.lines = gapsFirst(report.lines);
  return { report, summary: check.summary };
}

class Check {
  readonly summary: Summary = {};
  private known: Known | null = null;
  /** Beginnings of names of which nothing can be said, since the statements that would name them do not hold. */
  private unknown: string[] = [];
  /** Files that have the names of working copies: which of them there ought to be only those know who make them. */
  private copies = 0;
  private readonly used = new Set(["bundle.json", "custody.json", "election.json", "election.note", "profile.json"]);

  constructor(private readonly held: BagReader, private readonly report: Report, private readonly beside: Beside) {}

  async run(progress: Progress): Promise<void> {
    const { held, report } = this;
    await checkBag(held, report, progress);
    const contents = await report.attempt("contents", async () => readContents(await held.read("bundle.json", SMALL)));
    if (contents) this.checkName(contents);
    const election = await this.checkElectionFile();
    const file = election && hex(await sha256(await held.read("election.json", SMALL)));
    const nation = await this.nation(election, file);
    if (contents) await this.station(contents, election, file, nation);
    if (contents && election) this.checkElectionOf(contents, election);
    report.notChecked("c2pa", "bundle.no_c2pa");
    await this.checkCustody();
    this.checkBeside();
    this.checkStrays();
  }

  private checkName(contents: Contents): void {
    this.summary.contents = contents;
    if (this.held.base !== `${contents.name}/`) this.report.failed("contents", "bundle.other_name", { given: this.held.base.slice(0, -1), wanted: contents.name });
    else this.report.passed("contents", "bundle.contents_read", { name: contents.name });
  }

  private checkElectionOf(contents: Contents, election: Election): void {
    this.summary.election = election.titles;
    const place = election.stations.find((each) => each.id === contents.station);
    if (place) this.summary.station = place.titles;
    if (contents.election !== election.id) this.report.failed("contents", "bundle.other_election", { given: contents.election, wanted: election.id });
  }

  private async checkElectionFile(): Promise<Election | null> {
    const { held, report } = this;
    const data = await report.attempt("election.file", () => held.read("election.json", SMALL));
    const election = data && (await report.attempt("election.file", () => readElection(data)));
    if (!data || !election) return null;
    report.passed("election.file", "film.election_read", { election: election.id, version: election.version, stations: election.stations.length });
    const note = await report.attempt("election.signature", () => held.read("election.note", SMALL));
    const keys = note && (await report.attempt("election.signature", () => Promise.all(election.commission.map(readKey))));
    if (note && keys) {
      const file = hex(await sha256(data));
      const names = await report.attempt("election.signature", () => checkElection(note, election.id, election.version, file, keys));
      if (names) report.passed("election.signature", "film.election_signed", { names: names.join(", ") });
      report.notChecked("election.trust", "page.commission_not_asked");
    }
    const profile = await report.attempt("election.profile", () => held.read("profile.json", SMALL));
    if (profile) {
      const holds = hex(await sha256(profile)) === election.profileSha256;
      report[holds ? "passed" : "failed"]("election.profile", holds ? "film.profile_holds" : "film.profile_differs", { profile: election.profileId });
    }
    return election;
  }

  // ------------------------------------------------------------------------------------------------------------ logs

  private async nation(election: Election | null, file: string | null): Promise<Entries | null> {
    const { held, report } = this;
    const payload = below(held, "nation");
    const key = await this.nationKey(payload, election);
    if (!key || !election) {
      this.unknown.push("nation/", "time/");
      return null;
    }
    const origin = `${election.domain}/${election.id}/nation`;
    const { entries, used } = await readExcerpt(payload, key, origin, "nation", "nation", report);
    for (const name of used) this.used.add(`nation/${name}`);
    if (!entries) this.unknown.push("nation/", "time/");
    if (entries && file !== null) {
      if (entries.ofType("policy").length) checkLogged(entries, election, file, report);
      else report.missing("election.logged", "bundle.leaf_missing", { type: "policy" });
      this.known = { key, origin, policy: null, judged: null, stated: [] };
    }
    await this.quorum(payload, key, origin, election);
    return entries;
  }

  private async nationKey(payload: Payload, election: Election | null): Promise<VerifierKey | null> {
    const key = await this.report.attempt("nation key", async () => readKeyFile(await payload.read("vkey", 4096)));
    if (!key) return null;
    if (!election) {
      this.report.notChecked("nation key", "film.key_from_folder", { name: key.name });
      return key;
    }
    if (election.centres.includes(key.line)) {
      this.report.passed("nation key", "film.nation_key_named", { name: key.name });
      return key;
    }
    this.report.failed("nation key", "film.nation_key_foreign", { name: key.name });
    return null;
  }

  private async quorum(payload: Payload, key: VerifierKey, origin: string, election: Election): Promise<void> {
    const { held, report } = this;
    const check = "co-signers";
    if (!election.cosigning) {
      report.notChecked(check, "film.no_cosigners");
      return;
    }
    this.used.add(POLICY);
    const text = await report.attempt(check, () => held.read(POLICY, SMALL));
    if (text && new TextDecoder().decode(text) !== election.cosigning) report.failed(check, "film.file_differs", { name: POLICY });
    const policy = await report.attempt(check, () => parsePolicy(election.cosigning));
    const judged = policy && (await report.attempt(check, async () => judge(policy, await payload.read(PATH, MAX_NOTE), [key], origin)));
    if (!policy || !judged) return;
    const facts = judgedFacts(judged, policy);
    const others = judged.unjudged.length;
    if (judged.quorum) report.passed(check, "bundle.quorum", facts);
    else if (!judged.perhaps) report.missing(check, "bundle.no_quorum", facts);
    if (others) report.notChecked(check, "page.quantum_not_checked", { count: others });
    await checkSecondKey(payload, policy, origin, report);
    if (this.known) this.known = { ...this.known, policy, judged };
  }

  private async station(contents: Contents, election: Election | null, file: string | null, nation: Entries | null): Promise<void> {
    const { held, report } = this;
    const place = `s/${contents.station}`;
    const payload = below(held, place);
    const doubtful = [`${place}/`, "working/", "time/"];
    const key = await report.attempt(`${place} key`, async () => readKeyFile(await payload.read("vkey", 4096)));
    const origin = election && `${election.domain}/${election.id}/s/${contents.station}`;
    const read = key && (await readExcerpt(payload, key, origin, "station", place, report));
    for (const name of read?.used ?? []) this.used.add(`${place}/${name}`);
    if (!key || !read?.entries) {
      this.unknown.push(...doubtful);
      return;
    }
    const log = read.entries;
    await this.checkInNation(contents.station, log, key, nation);
    const part = { station: contents.station, log, key, cameras: contents.cameras, since: contents.since, until: contents.until };
    const profile = await held.read("profile.json", SMALL).catch(() => null);
    const mayEver = election && profile ? publicationOf(election, profile) : null;
    const digests = digestsOf(held.entries, held.sha256, `${PAYLOAD}${place}/`);
    const { expected, films } = await checkExcerpt(payload, digests, part, election, file, nation, mayEver, report);
    for (const name of expected) this.used.add(`${place}/${name}`);
    const items = log.ofType("segment", "gap").filter((leaf) => contents.cameras.includes(txt(leaf, "cam")) && num(leaf, "t0") < contents.until && contents.since < num(leaf, "t1")).map((leaf) => leaf.index);
    const stated = (this.known?.stated ?? []).map((leaf) => [num(leaf, "size"), num(leaf, "received_at")] as const);
    await checkHours(`${place} hours`, log, items, stated, report);
    const named = this.known?.policy?.witnesses.map((witness) => witness.key) ?? [];
    await checkRoom(`${place} room`, log, items.reduce((most, index) => Math.max(most, index), -1), named, report);
    if (this.known) {
      const all = contents.cameras.flatMap((cam) => films.get(cam)!);
      for (const name of await checkTimes(held, this.known, log, items.reduce((least, index) => Math.min(least, index), items[0] ?? 0), all, report)) this.used.add(name);
    }
    this.tellNoGaps(place);
    for (const cam of contents.cameras) this.tellCopies(contents, cam);
  }

  /** A working copy follows from the masters, and is no evidence. Here it is not made anew, so that nothing is known of it but its name. */
  private tellCopies(contents: Contents, cam: string): void {
    const film = `s/${contents.station} camera ${cam} film`;
    const check = `s/${contents.station} camera ${cam} copy`;
    if (!contents.copies) {
      this.report.notChecked(check, "bundle.no_copy");
    } else if (this.report.has("FAIL", film) || this.report.has("MISSING", film)) {
      this.unknown.push(`working/${cam}-`);
      this.report.notChecked(check, "bundle.copy_not_compared");
    } else {
      const named = new RegExp(`^working/${cam}-[1-9][0-9]*\\.mp4$`);
      for (const name of this.held.names("working").filter((each) => named.test(each))) {
        this.used.add(name);
        this.copies++;
      }
      this.report.notChecked(check, "page.copy_not_compared");
    }
  }

  /** The very note that is here stands in the national log, which co-signers have seen. */
  private async checkInNation(station: string, log: Entries, key: VerifierKey, nation: Entries | null): Promise<void> {
    const report = this.report;
    const check = `s/${station} nation`;
    if (!nation) {
      report.notChecked(check, "film.no_nation");
      return;
    }
    if (!nation.ofType("certificate").some((leaf) => txt(leaf, "station") === station)) report.missing(check, "bundle.leaf_missing", { type: "certificate" });
    const note = new TextDecoder().decode(await this.held.read(`s/${station}/${PATH}`, MAX_NOTE));
    let seen = false;
    const stated = nation.ofType("station_checkpoint").filter((leaf) => txt(leaf, "origin") === log.head.origin);
    const roots = await log.rootsBefore(stated.map((leaf) => num(leaf, "size")));
    const holds: Leaf[] = [];
    for (const leaf of stated) {
      const { index } = leaf;
      const root = roots.get(num(leaf, "size"));
      const signed = await openCheckpoint(new TextEncoder().encode(txt(leaf, "note")) as Uint8Array<ArrayBuffer>, [key], log.head.origin).catch((error: unknown) => {
        if (error instanceof Rejected) return null;
        throw error;
      });
      if (!signed || signed.size !== num(leaf, "size") || hex(signed.root) !== txt(leaf, "root")) {
        report.failed(check, "film.checkpoint_not_signed", { index });
      } else if (txt(leaf, "note") === note) {
        seen = true;
        holds.push(leaf);
        report.passed(check, "bundle.in_nation", { index, size: signed.size, at: rfc3339(num(leaf, "received_at")) });
      } else if (root && same(root, signed.root)) {
        holds.push(leaf);
      } else if (root) {
        report.failed(check, "film.other_history", { size: signed.size, index });
      }
    }
    if (this.known) this.known = { ...this.known, stated: holds };
    if (!seen) report.missing(check, "bundle.leaf_missing", { type: "station_checkpoint" });
  }

  private tellNoGaps(place: string): void {
    const gaps = ["film.gap", "film.unaccounted", "film.segment_missing", "film.removed", "film.not_public", "bundle.leaves_missing"];
    if (!this.report.lines.some((line) => line.check.startsWith(place) && gaps.includes(line.code))) this.report.passed(`${place} gaps`, "bundle.no_gaps");
  }

  // ------------------------------------------------------------------------------------------------------- the rest

  private async checkCustody(): Promise<void> {
    const events = await this.report.attempt("custody", async () => readCustody(await this.held.read("custody.json", SMALL)));
    if (!events) return;
    this.summary.custody = events;
    this.report.notChecked("custody", "bundle.custody_unsigned", { count: events.length });
  }

  /** What stands beside the payload proves nothing, and may mislead or do harm. */
  private checkBeside(): void {
    const { held, report } = this;
    for (const [name, digest] of Object.entries(this.beside)) {
      const found = held.sha512.get(name);
      if (!held.entries.has(name)) report.notChecked("beside", "bundle.beside_absent", { name });
      else if (found === digest) report.passed("beside", "bundle.beside_same", { name });
      else report.notChecked("beside", "bundle.beside_other", { name });
    }
    for (const name of TOOLS) if (held.entries.has(name)) report.notChecked("beside", "bundle.tool_other", { name });
    if (held.entries.has(PAPER)) report.notChecked("beside", "bundle.paper", { name: PAPER });
  }

  private checkStrays(): void {
    const known = new Set([...[...this.used].map((name) => PAYLOAD + name), "bagit.txt", INFO, MANIFEST, TAG_MANIFEST, PAPER, ...TOOLS, ...READMES]);
    const others = [...this.held.entries.keys()].filter((name) => !known.has(name));
    const named = (name: string): string => (name.startsWith(PAYLOAD) ? name.slice(PAYLOAD.length) : name);
    const strays = others.filter((name) => !this.unknown.some((start) => named(name).startsWith(start))).sort();
    if (others.length > strays.length) this.report.notChecked("files", "bundle.files_unknown", { count: others.length - strays.length });
    for (const name of strays) this.report.failed("files", "film.file_unsigned", { name });
    if (this.copies) this.report.notChecked("files", "page.copies_not_named", { count: this.copies });
    else if (!strays.length) this.report.passed("files", "film.no_strays");
  }
}

function checkLogged(nation: Entries, election: Election, file: string, report: Report): void {
  const logged = new Map(nation.ofType("policy").filter((leaf) => txt(leaf, "what") === "election").map((leaf) => [txt(leaf, "sha256"), num(leaf, "version")]));
  const newest = [...logged.values()].reduce((most, version) => Math.max(most, version), 0);
  if (!logged.has(file)) report.failed("election.logged", "film.election_not_logged");
  else if (newest > election.version) report.failed("election.logged", "film.election_superseded", { version: election.version, newest });
  else report.passed("election.logged", "film.election_logged");
}

/** Whether the log's newest checkpoint is signed by its second key too, where the policy names one. */
async function checkSecondKey(payload: Payload, policy: Policy, origin: string, report: Report): Promise<void> {
  const keys = policy.logs.filter((key) => key.name === origin);
  if (!keys.length) return;
  const check = "nation log.second_key";
  const signers = await report.attempt(check, async () => verifiedSigners(parseNote(await payload.read(PATH, MAX_NOTE)), keys));
  if (!signers) return;
  if (signers.held.length === keys.length) report.passed(check, "film.second_key", { name: origin });
  else if (signers.held.length + signers.unjudged.length === keys.length) report.notChecked(check, "page.quantum_not_checked", { count: signers.unjudged.length });
  else report.missing(check, "film.no_second_key", { name: origin });
}

function judgedFacts(judged: Judgement, policy: Policy): Record<string, string | number> {
  const when = (seconds: number | null | undefined): string =>
    seconds === null || seconds === undefined ? "—" : `${rfc3339(Math.min(seconds, 253_402_300_799) * 1000).slice(0, 19).replace("T", " ")} UTC`;
  const times = judged.seen.flatMap((one) => (one.seconds === null ? [] : [one.seconds])).sort((left, right) => left - right);
  const parties = partiesIn(judged);
  return {
    count: parties.length, total: partiesOf(policy).length, names: parties.join(", ") || "—", size: judged.checkpoint.size, at: when(judged.by), first: when(times[0]),
    last: when(times.at(-1)),
  };
}

const isTime = (value: Value | undefined): value is number => Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= LATEST;

/** Throws `Rejected("bundle.version" | "bundle.contents")`, `json.*`, `name.*`. */
export function readContents(data: Uint8Array<ArrayBuffer>): Contents {
  const body = readCanonical(data);
  const wrong = (field: string): never => {
    throw new Rejected("bundle.contents", { field: field.slice(0, 80) });
  };
  if (body["v"] !== 1) throw new Rejected("bundle.version", { given: String(body["v"]).slice(0, 20) });
  const names = Object.keys(body).sort();
  if (names.join(" ") !== "cameras copies election from station to v") wrong(names.join(" "));
  const { cameras, election, station, copies, from, to } = body as Record<string, Value>;
  const known = Array.isArray(cameras) && cameras.every((cam): cam is string => typeof cam === "string") ? cameras : wrong("cameras");
  if (!known.length || known.some((cam, at) => at > 0 && known[at - 1]! >= cam)) wrong("cameras");
  if (!isTime(from) || !isTime(to) || from >= to) return wrong("from");
  if (typeof copies !== "boolean" || typeof election !== "string" || typeof station !== "string") return wrong("copies");
  requireName("election", election);
  requireName("station", station);
  for (const cam of known) requireName("camera", cam);
  const stamp = (at: number): string => rfc3339(at).replaceAll("-", "").replaceAll(":", "").replace(".000Z", "Z");
  return { election, station, cameras: known, since: from, until: to, copies, name: `kua-${station}-${known.join("")}-${stamp(from)}-${stamp(to)}` };
}

/** The events of a custody list, each chained to the one before it. Throws `Rejected("bundle.custody")`, `json.*`. */
export async function readCustody(data: Uint8Array<ArrayBuffer>): Promise<{ act: string; role: string; at: number | null }[]> {
  const body = readCanonical(data);
  const wrong = (number: number): never => {
    throw new Rejected("bundle.custody", { number });
  };
  const events = body["events"];
  if (Object.keys(body).sort().join(" ") !== "events v" || body["v"] !== 1 || !Array.isArray(events) || events.length > 10_000) return wrong(0);
  let before: string | null = null;
  const read = [];
  for (const [at, value] of events.entries()) {
    const event: Json = isObject(value) ? value : wrong(at + 1);
    if (Object.keys(event).sort().join(" ") !== "act at before role" || event["before"] !== before) wrong(at + 1);
    const { act, role, at: moment } = event as Record<string, Value>;
    if (typeof act !== "string" || !ACTS.includes(act) || typeof role !== "string" || !/^[a-z][a-z_]{0,31}$/.test(role)) return wrong(at + 1);
    if (moment !== null && !isTime(moment)) return wrong(at + 1);
    before = hex(await sha256(canonical(event)));
    read.push({ act, role, at: moment ?? null });
  }
  return read;
}

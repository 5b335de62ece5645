// SPDX-License-Identifier: Apache-2.0
// The election file (docs/spec/election.md) and what the legal profile lets the public see, as `kua.core.election` and `kua.law.publication` read them.
// Signatures are not checked here.

import { type Bytes, utf8 } from "./bytes";
import { type Json, type Value, isCount, isObject, readCanonical } from "./json";
import { Rejected } from "./trouble";

export type Titles = { readonly kk: string; readonly ru: string; readonly en: string };

export interface Station {
  readonly id: string;
  readonly titles: Titles;
  readonly cameras: readonly { readonly id: string; readonly purpose: string }[];
  readonly windows: readonly { readonly phase: string; readonly start: number; readonly end: number }[];
}

export interface Election {
  readonly id: string;
  readonly version: number;
  readonly domain: string;
  readonly titles: Titles;
  readonly kind: string;
  readonly profileId: string;
  readonly profileSha256: string;
  readonly stations: readonly Station[];
  readonly hiding: Json;
  readonly cosigning: string;
  readonly centres: readonly string[];
  readonly commission: readonly string[];
  readonly issuers: readonly { readonly role: string; readonly vkey: string }[];
}

const PHASES = ["rehearsal", "opening", "voting", "count", "protocol", "storage"];
const AUDIENCES = ["public", "control", "none"];

/** What is not of the form; its text is the fact of the line. */
class Unfit extends Error {}

export function requireName(kind: "election" | "station" | "camera", text: string): string {
  const shapes = { election: /^[a-z][a-z0-9-]{1,62}[a-z0-9]$/, station: /^[0-9]{2}-[0-9]{1,5}$/, camera: /^[a-z]$/ };
  if (!shapes[kind].test(text)) throw new Rejected(`name.${kind}`, { given: text.slice(0, 80) });
  return text;
}

/** The phase that holds at `now`, null outside all windows. */
export function phaseAt(station: Station, now: number): string | null {
  return station.windows.find((window) => window.start <= now && now < window.end)?.phase ?? null;
}

/** Throws `Rejected("election.schema")`, `json.*`, `name.*` or `sealed.*`. */
export function readElection(data: Bytes): Election {
  const body = readCanonical(data);
  try {
    return election(body);
  } catch (error) {
    if (error instanceof Unfit) throw new Rejected("election.schema", { field: error.message.slice(0, 80) });
    throw error;
  }
}

function election(body: Json): Election {
  only({ sealed: null, ...body }, "v id version domain titles kind contests profile regions stations hiding publication cosigning centres keys sealed");
  if (count(body["v"]) !== 1) throw new Unfit("v");
  const profile = only(body["profile"], "id sha256");
  const publication = only(body["publication"], "delay_ms");
  const keys = only(body["keys"], "commission issuers");
  const regions = each(body["regions"], "id titles").map((entry) => (titles(entry["titles"]), text(entry["id"])));
  const stations = list(body["stations"]).map(station);
  unlike(regions, "regions");
  unlike(stations.map((entry) => entry.id), "stations");
  if (stations.some((entry) => !regions.includes(entry.region))) throw new Unfit("stations");
  if (!isObject(body["hiding"])) throw new Unfit("hiding");
  list(body["contests"]).forEach(titles);
  count(publication["delay_ms"]);
  const read: Election = {
    id: requireName("election", text(body["id"])),
    version: count(body["version"]),
    domain: text(body["domain"]),
    titles: titles(body["titles"]),
    kind: text(body["kind"]),
    profileId: text(profile["id"]),
    profileSha256: text(profile["sha256"]),
    stations,
    hiding: body["hiding"],
    cosigning: text(body["cosigning"]),
    centres: each(body["centres"], "url vkey").map((centre) => (text(centre["url"]), text(centre["vkey"]))),
    commission: list(keys["commission"]).map(text),
    issuers: each(keys["issuers"], "role vkey").map((issuer) => ({ role: text(issuer["role"]), vkey: text(issuer["vkey"]) })),
  };
  if (Object.hasOwn(body, "sealed")) requireSealing(body["sealed"]!);
  return read;
}

function station(value: Value): Station & { region: string } {
  const entry = only(value, "id region titles address voters cameras windows exempt");
  const windows = each(entry["windows"], "phase from to").map((window) => {
    const phase = window["phase"];
    if (typeof phase !== "string" || !PHASES.includes(phase)) throw new Unfit("phase");
    return { phase, start: count(window["from"]), end: count(window["to"]) };
  });
  if (windows.some((window, at) => window.start >= window.end || (at > 0 && windows[at - 1]!.end > window.start))) throw new Unfit("windows");
  const cameras = each(entry["cameras"], "id purpose").map((camera) => ({ id: requireName("camera", text(camera["id"])), purpose: text(camera["purpose"]) }));
  unlike(cameras.map((camera) => camera.id), "cameras");
  titles(entry["address"]);
  count(entry["voters"]);
  if (entry["exempt"] !== null) titles(entry["exempt"]);
  return { id: requireName("station", text(entry["id"])), region: text(entry["region"]), titles: titles(entry["titles"]), cameras, windows };
}

/** The section about the sealed film (docs/spec/sealed.md): a file whose section is not in order is refused as a whole. */
function requireSealing(value: Value): void {
  const body = only(value, "phases needed groups days");
  const groups = list(body["groups"]).map((entry) => {
    const group = only(entry, "id needed trustees");
    const trustees = list(group["trustees"]).map((each) => {
      const trustee = only(each, "id recipient");
      const id = word(trustee["id"]);
      const recipient = text(trustee["recipient"]);
      if (!isRecipient(recipient)) throw new Rejected("sealed.recipient", { trustee: id });
      return { id, recipient };
    });
    const [id, needed] = [word(group["id"]), count(group["needed"])];
    if (trustees.length > 16) throw new Rejected("sealed.too_many", { what: `trustees of ${id}` });
    if (needed < 1 || needed > trustees.length) throw new Rejected("sealed.threshold", { group: id, needed, there: trustees.length });
    if (needed === 1 && trustees.length > 1) throw new Rejected("sealed.lone", { group: id, there: trustees.length });
    return { id, needed, trustees };
  });
  const phases = list(body["phases"]).map(word);
  if (phases.length === 0 || new Set(phases).size !== phases.length || phases.some((phase) => !PHASES.includes(phase))) throw new Rejected("sealed.phase", { given: phases.join(", ").slice(0, 120) });
  const trustees = groups.flatMap((group) => group.trustees);
  if (groups.length > 16 || trustees.length > 64) throw new Rejected("sealed.too_many", { what: "groups or trustees" });
  const [needed, days] = [count(body["needed"]), count(body["days"])];
  if (needed < 1 || needed > groups.length) throw new Rejected("sealed.threshold", { group: "*", needed, there: groups.length });
  if (days < 1 || days > 3_660) throw new Rejected("sealed.days", { given: days, most: 3_660 });
  for (const [what, names] of [["group", groups.map((group) => group.id)], ["trustee", trustees.map((each) => each.id)], ["recipient", trustees.map((each) => each.recipient)]] as const) {
    const twice = names.find((name, at) => names.indexOf(name) !== at);
    if (twice !== undefined) throw new Rejected("sealed.twice", { what, name: twice.slice(0, 70) });
  }
  const least = groups.map((group) => group.needed).sort((left, right) => left - right).slice(0, needed);
  if (least.reduce((sum, each) => sum + each, 0) < 2) throw new Rejected("sealed.one_opens");
}

/** An age recipient: bech32 (BIP 173) of 32 bytes, human-readable part `age`. */
function isRecipient(given: string): boolean {
  if (!/^age1[02-9ac-hj-np-z]{58}$/.test(given)) return false;
  const values = [...given.slice(4)].map((letter) => "qpzry9x8gf2tvdw0s3jn54khce6mua7l".indexOf(letter));
  const head = [...utf8("age")];
  let sum = 1;
  for (const value of [...head.map((code) => code >> 5), 0, ...head.map((code) => code & 31), ...values]) {
    const top = sum >>> 25;
    sum = ((sum & 0x1ffffff) << 5) ^ value;
    for (const [bit, generator] of [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3].entries()) if ((top >>> bit) & 1) sum ^= generator;
  }
  return sum === 1 && (values[51]! & 15) === 0; // 52 letters hold 260 bits: 256 of the key, the rest nought
}

function text(value: Value | undefined): string {
  if (typeof value !== "string") throw new Unfit(String(value));
  return value;
}

function word(value: Value | undefined): string {
  if (typeof value !== "string" || !/^[a-z][a-z0-9_.-]{0,31}$/.test(value)) throw new Unfit("sealed");
  return value;
}

function count(value: Value | undefined): number {
  if (!isCount(value)) throw new Unfit(String(value));
  return value;
}

function list(value: Value | undefined): Value[] {
  if (!Array.isArray(value)) throw new Unfit(String(value));
  return value;
}

function only(value: Value | undefined, names: string): Json {
  const wanted = names.split(" ");
  if (!isObject(value)) throw new Unfit(String(value));
  const odd = [...wanted.filter((name) => !Object.hasOwn(value, name)), ...Object.keys(value).filter((name) => !wanted.includes(name))];
  if (odd.length) throw new Unfit(odd.sort().join(" "));
  return value;
}

const each = (value: Value | undefined, names: string): Json[] => list(value).map((entry) => only(entry, names));

function titles(value: Value | undefined): Titles {
  const entry = only(value, "kk ru en");
  const read = { kk: text(entry["kk"]), ru: text(entry["ru"]), en: text(entry["en"]) };
  if (!read.kk || !read.ru || !read.en) throw new Unfit("titles");
  return read;
}

function unlike(names: string[], what: string): void {
  if (new Set(names).size !== names.length) throw new Unfit(what);
}

// ---------------------------------------------------------------------------------------------------- what may be public

/** Whether film of a camera, begun at `t0` under `phase`, may be public at any time. */
export type MayEver = (station: string, cam: string, t0: number, phase: string) => boolean;

/** The rules of `election` under `profile.json`; null where they cannot be known: then everything ought to be there. */
export function publicationOf(election: Election, profile: Bytes): MayEver | null {
  try {
    const body = only(readCanonical(profile), "v id titles clauses");
    if (body["v"] !== 1 || typeof body["id"] !== "string" || !/^[a-z][a-z0-9_]{0,63}$/.test(body["id"])) return null;
    titles(body["titles"]);
    const clauses = new Map<string, Value>();
    for (const clause of each(body["clauses"], "id article text source date confirmed value")) {
      const id = text(clause["id"]);
      if (!/^[a-z][a-z0-9_]{0,63}$/.test(id) || !/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(text(clause["date"])) || typeof clause["confirmed"] !== "boolean") return null;
      if (!clause["article"] || !String(clause["source"]).startsWith("https://") || clauses.has(id)) return null;
      titles(clause["text"]);
      clauses.set(id, clause["value"]!);
    }
    const phases = words(clauses.get("public_phases"), PHASES);
    const purposes = words(clauses.get("public_purposes"));
    words(clauses.get("held_until_close"), PHASES);
    const voting = only(clauses.get("public_voting"), "stations")["stations"];
    const votingAt = voting === "all" ? null : voting === "none" ? [] : words(voting);
    const keptBack = PHASES.filter((phase) => audienceOf(election.hiding, phase) !== "public");
    return (id, cam, t0, phase) => {
      const place = election.stations.find((each) => each.id === id);
      const camera = place?.cameras.find((each) => each.id === cam);
      if (!place || !camera || !purposes.includes(camera.purpose)) return false;
      if (phaseAt(place, t0) !== phase || keptBack.includes(phase)) return false;
      return (phase === "voting" && (votingAt === null || votingAt.includes(id))) || phases.includes(phase);
    };
  } catch (error) {
    if (error instanceof Unfit || error instanceof Rejected) return null;
    throw error;
  }
}

function words(value: Value | undefined, known?: string[]): string[] {
  const read = list(value).map(text);
  if (known && read.some((each) => !known.includes(each))) throw new Unfit("value");
  return read;
}

function audienceOf(table: Json, phase: string): string {
  const row = table[phase];
  const given = isObject(row) && Object.hasOwn(row, "audience") ? row["audience"] : "public";
  return typeof given === "string" && AUDIENCES.includes(given) ? given : "none";
}

// SPDX-License-Identifier: Apache-2.0
// Who a person's key speaks for, and what two people sign together (docs/spec/person-keys.md), as `kua.proof.persons` reads it.

import { type Bytes, same } from "./bytes";
import { type Note, type VerifierKey, isBy, parseNote, readKey, signersOf, verifiedSigners } from "./notes";
import { Rejected } from "./trouble";

const SECOND_ROLES = ["observer", "member", "territorial"];

export interface Person {
  readonly role: string;
  readonly election: string;
  readonly place: string;
  readonly key: VerifierKey;
}

export type Issuers = ReadonlyMap<string, readonly VerifierKey[]>;

export async function issuersByRole(pairs: readonly { role: string; vkey: string }[]): Promise<Issuers> {
  const issuers = new Map<string, VerifierKey[]>();
  for (const { role, vkey } of pairs) issuers.set(role, [...(issuers.get(role) ?? []), await readKey(vkey)]);
  return issuers;
}

/** Whom a certificate names, if an issuer of that very role signed it. */
async function checkPerson(data: Bytes, issuers: Issuers): Promise<Person> {
  const note = parseNote(data);
  const lines = note.text.split("\n");
  if (lines.length !== 6 || lines[0] !== "kua/person/v1" || lines[5] !== "" || lines.slice(0, 5).includes("")) throw new Rejected("person.form", { why: "lines" });
  const claimed: Person = { role: lines[1]!, election: lines[2]!, place: lines[3]!, key: await readKey(lines[4]!) };
  const wanted = `person/${claimed.role}/${claimed.place}`;
  if (claimed.key.name !== wanted && !claimed.key.name.startsWith(`${wanted}/`)) throw new Rejected("person.form", { why: "name of the key" });
  // The role must be known to choose the keys that may vouch for it; nothing read here is believed before this.
  await signersOf(note, issuers.get(claimed.role) ?? []);
  return claimed;
}

/** The roles of the two people who signed a calibration. Throws `Rejected("calibration.*" | "person.*" | "note.*" | "key.*")`. */
export async function checkCalibration(
  data: Bytes, election: string, station: string, camera: string, file: string, certificates: readonly Bytes[], issuers: Issuers,
): Promise<string[]> {
  if (!data.some((byte) => ![9, 10, 11, 12, 13, 32].includes(byte))) throw new Rejected("calibration.unsigned", { camera: `${station}/${camera}` });
  const note = parseNote(data);
  const lines = note.text.split("\n");
  if (lines.length !== 4 || lines[0] !== "kua/calibration/v1") throw new Rejected("calibration.form");
  const wanted = `${election}/${station}/${camera}`;
  if (lines[1] !== wanted) throw new Rejected("calibration.other_camera", { given: lines[1]!.slice(0, 80), wanted });
  if (lines[2] !== file) throw new Rejected("calibration.altered", { given: file, signed: lines[2]!.slice(0, 80) });
  return (await twoPeople(note, election, station, certificates, issuers)).map((person) => person.role);
}

/** Since when the count may be seen, as two people signed it. Throws `Rejected`. */
export async function checkCount(data: Bytes, election: string, station: string, certificates: readonly Bytes[], issuers: Issuers): Promise<number> {
  const note = parseNote(data);
  const lines = note.text.split("\n");
  if (lines.length !== 4 || lines[0] !== "kua/count/v1" || !/^(?:0|[1-9][0-9]{0,15})$/.test(lines[2]!)) throw new Rejected("count.form");
  if (lines[1] !== `${election}/${station}`) throw new Rejected("count.other_station", { given: lines[1]!.slice(0, 80), wanted: `${election}/${station}` });
  await twoPeople(note, election, station, certificates, issuers);
  return Number(lines[2]);
}

async function twoPeople(note: Note, election: string, station: string, certificates: readonly Bytes[], issuers: Issuers): Promise<Person[]> {
  const people: Person[] = [];
  for (const each of certificates) people.push(await checkPerson(each, issuers));
  const region = station.slice(0, station.indexOf("-"));
  const entitled = people.filter((person) => person.election === election && (person.place === station || (person.role === "territorial" && person.place === region)));
  for (const claim of note.signatures) {
    if (!entitled.some((person) => isBy(claim, person.key))) throw new Rejected("calibration.signer_unknown", { name: claim.name });
  }
  let keys: readonly VerifierKey[];
  try {
    keys = (await verifiedSigners(note, entitled.map((person) => person.key))).held;
  } catch (error) {
    throw error instanceof Rejected ? new Rejected("calibration.signature", error.facts) : error;
  }
  const signers = keys.map((key) => entitled.find((person) => person.key.name === key.name && same(person.key.id, key.id))!);
  if (!signers.some((person) => !same(person.key.material, signers[0]!.key.material))) throw new Rejected("calibration.one_person", { name: signers[0]?.key.name ?? "" });
  const roles = new Set(signers.map((person) => person.role));
  if (!roles.has("chair") || !SECOND_ROLES.some((role) => roles.has(role))) throw new Rejected("calibration.roles", { roles: [...roles].sort().join(", ") });
  return signers;
}

/** The names of the commission's keys that signed this very election file. Throws `Rejected` as `signersOf`, `election.other`. */
export async function checkElection(data: Bytes, election: string, version: number, file: string, keys: readonly VerifierKey[]): Promise<string[]> {
  const note = parseNote(data);
  const signers = await signersOf(note, keys);
  if (note.text !== `kua/election/v1\n${election}\n${version}\n${file}\n`) throw new Rejected("election.other", { election, version });
  return [...new Set(signers.map((key) => key.name))];
}

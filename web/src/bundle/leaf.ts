// SPDX-License-Identifier: Apache-2.0
// The closed registry of leaves (docs/spec/leaf.md) and the test of each field. `says` is the wording of `kua.proof.leaf`, against which a test
// holds this table word for word.

import type { Bytes } from "./bytes";
import { type Json, type Value, isCount, isObject, readCanonical } from "./json";
import { Rejected } from "./trouble";

export type Log = "station" | "nation";

export interface Rule {
  readonly says: string;
  readonly holds: (value: Value | undefined) => boolean;
}

const matching = (says: string, shape: string, flags = ""): Rule => {
  const pattern = new RegExp(`^(?:${shape})$`, flags);
  return { says, holds: (value) => typeof value === "string" && pattern.test(value) };
};

const oneOf = (...words: string[]): Rule => ({
  says: `one of ${words.map((word) => `\`${word}\``).join(" ")}`,
  holds: (value) => typeof value === "string" && words.includes(value),
});

const listOf = (test: Rule): Rule => ({
  says: `list of at most 64: ${test.says}`,
  holds: (value) => Array.isArray(value) && value.length <= 64 && value.every((each) => test.holds(each)),
});

const hasExactly = (value: Json, names: string[]): boolean => Object.keys(value).length === names.length && names.every((name) => Object.hasOwn(value, name));

const objectOf = (tests: Record<string, Rule>): Rule => ({
  says: `object of ${Object.entries(tests).map(([name, test]) => `\`${name}\` (${test.says})`).join(", ")}`,
  holds: (value) => isObject(value) && hasExactly(value, Object.keys(tests)) && Object.entries(tests).every(([name, test]) => test.holds(value[name])),
});

const maybe = (test: Rule): Rule => ({ says: `${test.says}, or null`, holds: (value) => value === null || test.holds(value) });

const either = (...tests: Rule[]): Rule => ({ says: tests.map((test) => test.says).join(", or "), holds: (value) => tests.some((test) => test.holds(value)) });

const listBetween = (says: string, least: number, most: number, test: Rule): Rule => ({
  says,
  holds: (value) => Array.isArray(value) && value.length >= least && value.length <= most && value.every((each) => test.holds(each)),
});

const ORIGIN_SHAPE = "[A-Za-z0-9.:-]{1,253}(?:/[A-Za-z0-9_.-]{1,64}){1,4}";
const KEY_NAME = "[\\x21-\\x2a\\x2c-\\x7e]{1,300}";
const VKEY_SHAPE = `${KEY_NAME}\\+[0-9a-f]{8}\\+[A-Za-z0-9+/]{44}`;
const SIGNED = `(?:\\u2014 ${KEY_NAME} [A-Za-z0-9+/]{4,200}={0,2}\\n)`;

const MS: Rule = { says: "ms", holds: isCount };
const INT: Rule = { says: "int", holds: isCount };
const BOOL: Rule = { says: "true or false", holds: (value) => typeof value === "boolean" };
const RANGE: Rule = {
  says: "object of `lo` (int), `hi` (int), lo <= hi",
  holds: (value) => isObject(value) && hasExactly(value, ["lo", "hi"]) && isCount(value["lo"]) && isCount(value["hi"]) && value["lo"] <= value["hi"],
};
const DIGEST = matching("digest", "[0-9a-f]{64}");
const RUN = matching("hex8", "[0-9a-f]{8}");
const CAM = matching("camera", "[a-z]");
const STATION = matching("station", "[0-9]{2}-[0-9]{1,5}");
const WORD = matching("word", "[a-z][a-z0-9_.-]{0,63}");
const CITATION = matching("citation", "[\\x21-\\x7e][\\x20-\\x7e]{0,255}");
const ORIGIN = matching("origin", ORIGIN_SHAPE);
const VKEY = matching("verifier key", VKEY_SHAPE);
const NOTE = matching("checkpoint note", `${ORIGIN_SHAPE}\\n(?:0|[1-9][0-9]{0,18})\\n[A-Za-z0-9+/]{43}=\\n\\n${SIGNED}{1,16}`);
const COUNT_NOTE = matching("note over `kua/count/v1`", `kua/count/v1\\n[a-z0-9-]{1,64}/[0-9]{2}-[0-9]{1,5}\\n(?:0|[1-9][0-9]{0,15})\\n\\n${SIGNED}{2,8}`);
const CERTIFICATE = matching("", `kua/person/v1\\n[a-z_]{1,32}\\n[a-z0-9-]{1,64}\\n[0-9]{2}(?:-[0-9]{1,5})?\\n${VKEY_SHAPE}\\n\\n${SIGNED}{1,4}`);
const CERTIFICATES = listBetween("list of 2 to 8: certificate of a person", 2, 8, CERTIFICATE);
const RECIPIENT = matching("age recipient", "age1[02-9ac-hj-np-z]{58}");
const PUBLIC_KEYS = listBetween("list of 1 to 48: 32 bytes of a public key in base64", 1, 48, matching("", "[A-Za-z0-9+/]{43}="));
const CODE = matching("liveness code", "[0-9A-HJKMNP-TV-Z]{6}");
const TRUST = oneOf("none", "rtc", "ntp", "centre");
const PHASE = oneOf("rehearsal", "opening", "voting", "count", "protocol", "storage");
const GAP_REASON = oneOf("starting", "camera_lost", "camera_silent", "camera_refused", "restart", "clock_step", "encoder", "disk_full", "disk_failed", "size_change", "stopped");
const HIDDEN_REASON = oneOf("no_room", "warming", "scene_changed", "looped", "detector", "late", "size_change", "error");

export interface Kind {
  readonly logs: readonly Log[];
  readonly fields: Record<string, Rule>;
}

const station = (fields: Record<string, Rule>): Kind => ({ logs: ["station"], fields });
const nation = (fields: Record<string, Rule>): Kind => ({ logs: ["nation"], fields });
const both = (fields: Record<string, Rule>): Kind => ({ logs: ["station", "nation"], fields });

const SEGMENT = {
  at: MS, cam: CAM, seq: INT, run: RUN, slot: INT, t0: MS, t1: MS, frames: INT, sha256: DIGEST, size: INT, init: DIGEST, calibration: DIGEST, hiding: DIGEST,
  phase: PHASE, trust: TRUST,
};
const LIVE = either(
  objectOf({ rung: oneOf("small", "slow", "still", "none") }),
  objectOf({ rung: oneOf("small", "slow", "still"), run: RUN, sha256: DIGEST, size: INT, init: DIGEST, width: INT, height: INT, fps_milli: INT, frames: INT }),
);

/** By type, and for a later version by type and version. */
export const REGISTRY: ReadonlyMap<string, Kind> = new Map(Object.entries({
  open: station({ at: MS, election: WORD, election_sha256: DIGEST, station: STATION, trust: TRUST, cams: listOf(objectOf({ cam: CAM, width: INT, height: INT, fps_milli: INT })) }),
  session: station({ at: MS, boot: RUN, build: DIGEST, settings: DIGEST, mono: MS, trust: TRUST }),
  policy: both({ at: MS, what: oneOf("election", "hiding", "profile", "cosigning"), version: INT, sha256: DIGEST }),
  calibration: station({ at: MS, cam: CAM, sha256: DIGEST, note: DIGEST, signers: DIGEST }),
  segment: station(SEGMENT),
  "segment/2": station({ ...SEGMENT, live: LIVE }),
  gap: station({ at: MS, cam: CAM, seq: INT, t0: MS, t1: MS, reason: GAP_REASON }),
  hidden: station({ at: MS, cam: CAM, t0: MS, t1: MS, reason: HIDDEN_REASON }),
  heartbeat: station({ at: MS, boot: RUN, mono: MS, trust: TRUST, owed: INT, owed_bytes: INT, free_bytes: INT }),
  clock: station({ at: MS, trust: TRUST, step_ms: INT, forward: BOOL, mono: MS }),
  anchor: station({
    at: MS, cam: CAM, run: RUN, begins: MS, mono: MS, trust: TRUST, drift_ppm: INT, fast: BOOL, camera: maybe(objectOf({ off_ms: INT, ahead: BOOL })),
  }),
  fault: station({ at: MS, cam: maybe(CAM), kind: WORD, state: oneOf("begin", "end") }),
  ladder: station({ at: MS, cam: CAM, fps_milli: INT, width: INT, height: INT, reason: oneOf("busy", "calm", "disk") }),
  count: station({ at: MS, cam: CAM, t0: MS, t1: MS, queue: RANGE, people: RANGE }),
  census: station({
    at: MS, sha256: DIGEST, note: DIGEST, signers: DIGEST, states: objectOf({ used: INT, off: INT, covered: INT, masked: INT, unknown: INT }),
    owners: objectOf({ ours: INT, host: INT, unknown: INT }), recorder: oneOf("none", "off", "not_shown"),
  }),
  chapter: station({ at: MS, what: oneOf("count_begins"), since: MS, note: COUNT_NOTE, signers: CERTIFICATES }),
  slice: station({
    at: MS, cam: CAM, slice: RUN, t0: MS, t1: MS, phase: PHASE, pieces: INT, size: INT, root: DIGEST, calibration: DIGEST, quorum: DIGEST, recipient: RECIPIENT,
    shares: listOf(objectOf({ trustee: WORD, sha256: DIGEST, commit: DIGEST })),
  }),
  hour_keys: station({ at: MS, first: INT, keys: PUBLIC_KEYS }),
  hour_seal: station({ at: MS, number: INT, note: NOTE }),
  beacon: station({ at: MS, note: NOTE }),
  liveness: station({ at: MS, cam: CAM, t0: MS, t1: MS, code: CODE, beacon: DIGEST }),
  observer: station({ at: MS, vkey: VKEY, note: NOTE }),
  custody: station({ at: MS, pack: RUN, sheet: DIGEST, entries: INT, files: INT, size: INT }),
  close: station({ at: MS, reason: oneOf("end_of_day", "ordered") }),
  withdrawn: both({ at: MS, station: STATION, cam: CAM, t0: MS, t1: maybe(MS), article: CITATION, by: WORD, reason: WORD }),
  certificate: nation({ at: MS, station: STATION, origin: ORIGIN, vkey: VKEY }),
  revoked: nation({ at: MS, station: STATION, vkey: VKEY, since: MS, article: CITATION, by: WORD, reason: WORD }),
  station_checkpoint: nation({ received_at: MS, origin: ORIGIN, size: INT, root: DIGEST, note: NOTE }),
}));

const LIMIT = 65_535;
const SLOT = 4_000;
const LONGEST = 5_000;

/** What a leaf of a known type says; the schema has held, so that a field is of the type that the registry gives it. */
export interface Leaf {
  readonly index: number;
  readonly type: string;
  readonly body: Json;
}

/** A number of a leaf that has held its schema. */
export const num = (leaf: Leaf, field: string): number => leaf.body[field] as number;
/** A text of a leaf that has held its schema. */
export const txt = (leaf: Leaf, field: string): string => leaf.body[field] as string;

/** One entry of a log; null for a type or version that this reader does not know. Throws `Rejected("json.*" | "leaf.schema" | "leaf.wrong_log")`. */
export function readLeaf(index: number, data: Bytes, log: Log): Leaf | null {
  const wrong = (type: string, field: string): never => {
    throw new Rejected("leaf.schema", { type, field });
  };
  if (data.length > LIMIT) wrong("?", "size");
  const body = readCanonical(data);
  const type = body["type"];
  if (typeof type !== "string" || !isCount(body["v"])) return wrong("?", "type");
  const kind = REGISTRY.get(body["v"] === 1 && !type.includes("/") ? type : `${type}/${String(body["v"])}`);
  if (kind === undefined) return null;
  const named = new Set([...Object.keys(kind.fields), ...Object.keys(body)].filter((name) => name !== "v" && name !== "type"));
  for (const name of [...named].sort()) {
    const rule = Object.hasOwn(kind.fields, name) ? kind.fields[name] : undefined;
    if (rule === undefined || !Object.hasOwn(body, name) || !rule.holds(body[name])) wrong(type, name.slice(0, 64));
  }
  if ("t0" in body && body["t1"] !== null && !((body["t0"] as number) < (body["t1"] as number))) wrong(type, "t1");
  if (type === "segment") {
    // The names of files and the target duration of every playlist rest on these two.
    if (body["slot"] !== Math.floor((body["t0"] as number) / SLOT)) wrong(type, "slot");
    if ((body["t1"] as number) - (body["t0"] as number) > LONGEST) wrong(type, "t1");
  }
  if (!kind.logs.includes(log)) throw new Rejected("leaf.wrong_log", { type, log });
  return { index, type, body };
}

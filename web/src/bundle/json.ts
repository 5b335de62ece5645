// SPDX-License-Identifier: Apache-2.0
// Canonical JSON (RFC 8785, JCS): what is read must be its own canonical form. JCS writes numbers and strings as ECMAScript does, so only the order
// of fields is ours to keep. The same verdicts as `kua.core.canonical`.

import { type Bytes, fromUtf8, utf8 } from "./bytes";
import { Rejected } from "./trouble";

export type Value = null | boolean | number | string | Value[] | { [name: string]: Value };
export type Json = { [name: string]: Value };

export function isObject(value: Value | undefined): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An integer from 0 to 2^53 - 1. */
export function isCount(value: Value | undefined): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** The canonical text. Throws `Rejected("json.not_canonical")` for what JCS cannot say. */
export function canonicalText(value: Value): string {
  try {
    return spelt(value);
  } catch (error) {
    if (error instanceof RangeError) throw new Rejected("json.not_canonical", { why: "too deep" });
    throw error;
  }
}

export function canonical(value: Value): Bytes {
  return utf8(canonicalText(value));
}

/** Throws `Rejected("json.not_json" | "json.not_canonical")`: another spelling of the same is not what was signed. */
export function readCanonical(data: Bytes): Json {
  const text = fromUtf8(data);
  let value: Value;
  try {
    if (text === null) throw new SyntaxError();
    value = JSON.parse(text) as Value;
  } catch {
    throw new Rejected("json.not_json");
  }
  if (!isObject(value) || canonicalText(value) !== text) throw new Rejected("json.not_canonical", { why: "spelling" });
  return value;
}

function spelt(value: Value): string {
  if (typeof value === "string") return quoted(value);
  if (typeof value === "number") {
    // An integer in plain digits that not every reader keeps exactly: two readers could read two values.
    if (!Number.isFinite(value) || (Math.abs(value) > Number.MAX_SAFE_INTEGER && Math.abs(value) < 1e21)) throw new Rejected("json.not_canonical", { why: "integer beyond 2^53 - 1" });
    return JSON.stringify(value);
  }
  if (value === null || typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return `[${value.map(spelt).join(",")}]`;
  return `{${Object.keys(value).sort().map((name) => `${quoted(name)}:${spelt(value[name]!)}`).join(",")}}`; // sort() goes by UTF-16 code units, as JCS wants
}

function quoted(text: string): string {
  if (/[\ud800-\udfff]/.test(text) && /(?<![\ud800-\udbff])[\udc00-\udfff]|[\ud800-\udbff](?![\udc00-\udfff])/.test(text)) {
    throw new Rejected("json.not_canonical", { why: "input contains non-UTF-8 codepoints" });
  }
  return JSON.stringify(text);
}

// SPDX-License-Identifier: Apache-2.0
// The centre's clock in the reader's browser: an age on a page must not lean on a reader's clock that may be hours off.

let asked: Promise<() => number> | null = null;

/** A function that tells the centre's time in milliseconds; the reader's own if the centre does not answer. */
export function serverNow(): Promise<() => number> {
  asked ??= ask().catch(() => () => Date.now());
  return asked;
}

async function ask(): Promise<() => number> {
  const before = performance.now();
  const answer = await fetch("/now", { cache: "no-store", credentials: "omit" });
  const told = Number(await answer.text());
  const after = performance.now();
  if (!answer.ok || !Number.isSafeInteger(told)) throw new Error("no clock");
  const base = told - (before + after) / 2;
  return () => base + performance.now();
}

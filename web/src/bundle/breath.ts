// SPDX-License-Identifier: Apache-2.0
// Lets the page draw and listen in the middle of long work that waits for nothing.

const LONGEST = 40;

let last = 0;

/** Come back at once, or, where the page had no turn for 40 ms, after it had one. */
export async function breath(): Promise<void> {
  const now = performance.now();
  if (now - last < LONGEST) return;
  await new Promise((resolve) => setTimeout(resolve));
  last = performance.now();
}

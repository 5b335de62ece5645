// SPDX-License-Identifier: Apache-2.0
// The core that checks bundles, as a module: for pages that show its answer in their own way, and for the tests that hold its parts against our vectors.

export * as bytes from "./bundle/bytes";
export * as json from "./bundle/json";
export * as leaf from "./bundle/leaf";
export * as merkle from "./bundle/merkle";
export * as notes from "./bundle/notes";
export * as persons from "./bundle/persons";
export * as policy from "./bundle/policy";
export * as tlogproof from "./bundle/tlogproof";
export { Rejected } from "./bundle/trouble";
export { verifyBundle } from "./bundle/verify";

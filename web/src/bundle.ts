// SPDX-License-Identifier: Apache-2.0
// The check of bundles as a module of its own, for pages that show its answer in their own way.

export { REGISTRY } from "./bundle/leaf";
export { ML_DSA_44, canCheck } from "./bundle/notes";
export { FIRST, type Line, Report, type State } from "./bundle/report";
export { type Summary, verifyBundle } from "./bundle/verify";
export { Sha512, crc32, hex } from "./bundle/bytes";

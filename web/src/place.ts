// SPDX-License-Identifier: Apache-2.0
// Where the log of a station lies and by whose word, for the page that checks: told by the page itself, or, for a copy of the page that another party hosts,
// asked of the centre's site. What a copy has built in (the logs' names, the centre's key) is not asked. Believes nothing that is asked: hints only.

import { readElection } from "./bundle/election.js";
import { fetchBytes } from "./loader.js";
import { Absent, Untrue, hex, sha256 } from "./proof.js";

export interface Where {
  station: string;
  /** URL of the station's folder in the published tree, with a slash at the end. */
  tree: string;
  nation: string;
  cameras: string[];
  origin: string;
  nationOrigin: string;
  nationKey: string;
  certificate: number;
  /** Camera, from, to (null where open), as the centre says. */
  withdrawn: [string, number, number | null][];
}

/** The data- attributes of <kua-check>. A page of the site has `tree` and what goes with it; a hosted copy has `site`, `root`, `domain`, `election`, `digest`. */
export type Told = DOMStringMap;

const words = (text: string | undefined): string[] => (text ?? "").split(" ").filter((word) => word !== "");

/** As the page of the site says it; null where it is about no station, or nothing of it is public. */
export function onSite(told: Told): Where | null {
  const { station = "", tree, nation = "", origin = "", nationOrigin = "", nationKey = "" } = told;
  if (tree === undefined) return null;
  return {
    station, origin, nationOrigin, nationKey, cameras: words(told["cameras"]), certificate: Number(told["certificate"]),
    tree: new URL(tree, location.href).href, nation: new URL(nation, location.href).href,
    withdrawn: JSON.parse(told["withdrawn"] ?? "[]") as Where["withdrawn"],
  };
}

/** For a hosted copy. Throws `Absent` where neither the site nor the tree answers, `Untrue` for an election file other than the one that is built in. */
export async function elsewhere(told: Told, station: string): Promise<Where | null> {
  const { site = "", root = "", domain = "", election = "", nationKey = "" } = told;
  const below = `${root}${election}/`;
  const base = { station, tree: `${below}s/${station}/`, nation: `${below}nation/`, origin: `${domain}/${election}/s/${station}`, nationOrigin: `${domain}/${election}/nation`, nationKey };
  try {
    const said = JSON.parse(new TextDecoder().decode(await fetchBytes(`${site}s/${station}/place.json`, "no-cache"))) as Record<string, unknown>;
    if (said["v"] !== 1) throw new Absent("place.json: another version");
    return { ...base, cameras: letters(said["cameras"]), certificate: index(said["certificate"]), withdrawn: spans(said["withdrawn"]) };
  } catch (error) {
    if (!(error instanceof Absent) && !(error instanceof SyntaxError)) throw error;
  }
  // A mirror has no site: its cameras stand in the election file, and whose key signed is left unsaid.
  const data = await fetchBytes(`${below}election.json`, "no-cache");
  if (hex(await sha256(data)) !== told["digest"]) throw new Untrue("key", "another election file than the one that is built in");
  const found = readElection(data).stations.find((each) => each.id === station);
  return found === undefined ? null : { ...base, cameras: found.cameras.map((camera) => camera.id), certificate: -1, withdrawn: [] };
}

const letters = (said: unknown): string[] => (Array.isArray(said) ? said.filter((each): each is string => typeof each === "string" && /^[a-z]$/.test(each)) : []);
const index = (said: unknown): number => (typeof said === "number" && Number.isSafeInteger(said) && said >= 0 ? said : -1);
const spans = (said: unknown): Where["withdrawn"] =>
  Array.isArray(said) ? said.filter((each): each is [string, number, number | null] => Array.isArray(each) && typeof each[0] === "string" && typeof each[1] === "number") : [];

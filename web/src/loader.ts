// SPDX-License-Identifier: Apache-2.0
// Between the network and the player: every piece of film is checked against the station's log before the player gets a byte of it.
// Knows hls.js only by the shape of its loaders. Draws nothing: player.ts says in words what happens here.

import type { FragmentLoaderContext, HlsConfig, Loader, LoaderCallbacks, LoaderConfiguration, LoaderStats, PlaylistLoaderContext } from "hls.js";
import { Absent, type Bytes, GrowingLog, type Memory, Untrue, hex, readKey, sha256 } from "./proof.js";

/** What the page says of one station: where its files are and by whose word. */
export interface Place {
  /** URL of the station's folder in the published tree, with a slash at the end. */
  tree: string;
  /** URL of the national log's folder, with a slash at the end. */
  nation: string;
  cam: string;
  origin: string;
  nationOrigin: string;
  /** The centre's verifier key, from the election file. */
  nationKey: string;
  /** Index of the station's `certificate` leaf in the national log, or -1 where the page does not know it. */
  certificate: number;
}

/** What a checked leaf says of a segment. Times in milliseconds since 1970. */
export interface Stated {
  sha256: string;
  init: string;
  run: string;
  slot: number;
  t0: number;
  t1: number;
}

/** A segment as the playlist promises it. */
export interface Promised {
  url: string;
  t0: number;
  t1: number;
  /** URL of the run's head that the player has in use, where there is one. */
  map?: string;
  /** What the list says was sent at once in the place of the full film, where that is not there yet. */
  rung?: string;
}

/** No answer at all: the line is down, or the server does not let this page read. */
export class Unreachable extends Absent {}

const LATE = [1000, 1000, 2000, 2000, 4000, 4000, 6000];

export async function fetchBytes(url: string, cache: RequestCache = "default", signal?: AbortSignal): Promise<Bytes> {
  let answer: Response;
  try {
    answer = await fetch(url, { cache, credentials: "omit", redirect: "error", signal: signal ?? null });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Unreachable(`${url}: no answer`);
  }
  if (!answer.ok) throw new Absent(`${url}: ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}

/** Tries again while something is not there yet: a leaf may be seconds behind its picture. */
async function patiently<T>(ask: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  for (const pause of LATE) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof Absent) || signal?.aborted) throw error;
    }
    await new Promise((go) => setTimeout(go, pause));
    if (signal?.aborted) break;
  }
  return ask();
}

/** Says of any piece of film whether it is what the station signed. One for each station and visit. */
export class Checker {
  private readonly log: Promise<GrowingLog>;

  constructor(private readonly place: Place) {
    this.log = this.open();
    this.log.catch(() => undefined); // told to whoever asks first
  }

  private async open(): Promise<GrowingLog> {
    const { tree, nation, origin, nationOrigin, nationKey, certificate } = this.place;
    const line = new TextDecoder().decode(await patiently(() => fetchBytes(`${tree}vkey`, "no-cache"), undefined)).trim();
    const key = await readKey(line);
    if (certificate >= 0 && nationKey !== "") {
      const national = new GrowingLog(filesOf(nation), await readKey(nationKey), nationOrigin, memory(nationOrigin, nationKey));
      const leaf = parsed(await patiently(() => national.entry(certificate), undefined));
      if (leaf["type"] !== "certificate" || leaf["v"] !== 1 || leaf["origin"] !== origin || leaf["vkey"] !== line) throw new Untrue("key", "certificate");
    }
    return new GrowingLog(filesOf(tree), key, origin, memory(origin, line));
  }

  /** The station's log, once its key is known to be the station's. Throws `Untrue("key")`, `Absent`. */
  growing(): Promise<GrowingLog> {
    return this.log;
  }

  /** The checked statement for a segment's URL (`RUN-SLOT.m4s?leaf=N`). Throws `Untrue`, or `Absent` when it does not come. */
  async stated(promised: Promised, signal?: AbortSignal): Promise<Stated> {
    const found = /\/(live\/)?([0-9a-f]{8})-([0-9]{1,12})\.m4s\?leaf=([0-9]{1,12})$/.exec(promised.url);
    if (!found) throw new Untrue("leaf", `name ${promised.url}`);
    const log = await this.log;
    const leaf = parsed(await patiently(() => this.entryOnce(log, Number(found[4])), signal));
    const [run, slot] = [found[2]!, Number(found[3])];
    const film = found[1] === undefined ? leaf : lowered(leaf); // of which of its two files the statement is asked
    if (leaf["type"] !== "segment" || (leaf["v"] !== 1 && leaf["v"] !== 2) || leaf["cam"] !== this.place.cam || film["run"] !== run || leaf["slot"] !== slot) {
      throw new Untrue("leaf", `leaf ${found[4]} speaks of something else`);
    }
    const [t0, t1] = [leaf["t0"] as number, leaf["t1"] as number];
    // Written so that a time that is no number at all does not pass.
    if (t0 !== promised.t0 || !(Math.abs(t1 - promised.t1) <= 1)) throw new Untrue("leaf", `the playlist says another time than leaf ${found[4]}`);
    return { sha256: String(film["sha256"]), init: String(film["init"]), run, slot, t0, t1 };
  }

  /** A smaller checkpoint may be an old copy on the way; only one that stays smaller is held against the log. */
  private async entryOnce(log: GrowingLog, index: number): Promise<Bytes> {
    try {
      return await log.entry(index);
    } catch (error) {
      if (!(error instanceof Untrue) || !error.detail.startsWith("size went")) throw error;
      await new Promise((go) => setTimeout(go, 1500));
      return log.entry(index);
    }
  }

  async checkSegment(promised: Promised, data: Bytes, signal?: AbortSignal): Promise<void> {
    const stated = await this.stated(promised, signal);
    const folder = promised.url.includes("/live/") ? "/live" : "";
    if (promised.map !== undefined && !promised.map.endsWith(`${folder}/${stated.run}-init.mp4`)) throw new Untrue("init", `head of another run than ${stated.run}`);
    const digest = hex(await sha256(data));
    if (digest !== stated.sha256) throw new Untrue("bytes", `${digest} instead of ${stated.sha256}`);
  }

  /** The head of a run is checked by the statement of a segment of that run. */
  async checkInit(promised: Promised, data: Bytes, signal?: AbortSignal): Promise<void> {
    const stated = await this.stated(promised, signal);
    if (hex(await sha256(data)) !== stated.init) throw new Untrue("init", `head of run ${stated.run}`);
  }
}

/** What a statement says of the lowered film that was sent at once; nothing where it names none. */
function lowered(leaf: Record<string, unknown>): Record<string, unknown> {
  const live = leaf["v"] === 2 ? leaf["live"] : null;
  return typeof live === "object" && live !== null ? (live as Record<string, unknown>) : {};
}

function filesOf(prefix: string): (path: string) => Promise<Bytes> {
  return (path) => fetchBytes(prefix + path, path === "checkpoint" ? "no-cache" : "default");
}

function parsed(entry: Bytes): Record<string, unknown> {
  try {
    const leaf: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(entry));
    if (typeof leaf === "object" && leaf !== null && !Array.isArray(leaf)) return leaf as Record<string, unknown>;
  } catch {
    // falls through: an entry that is no JSON object is no statement
  }
  throw new Untrue("leaf", "not a statement");
}

/** The largest checkpoint seen, kept in the browser: no server hears of it. The key is part of the name, so a new log starts anew. */
function memory(origin: string, key: string): Memory {
  const name = `kua/checkpoint/${origin}/${key}`;
  return {
    get: () => {
      try {
        return localStorage.getItem(name);
      } catch {
        return null;
      }
    },
    set: (value) => {
      try {
        localStorage.setItem(name, value);
      } catch {
        // a reader who forbids storage keeps the memory of this page only
      }
    },
  };
}

/** What the loader tells the page. */
export interface Told {
  checked(piece: Promised): void;
  unchecked(piece: Promised): void;
  refused(piece: Promised, why: Untrue): void;
  absent(piece: Promised): void;
}

type FragmentLoader = NonNullable<HlsConfig["fLoader"]>;

/** Makes the loader class that hls.js will use for pieces of film. Without a checker everything passes, and the page says so. */
export function fragmentLoader(checker: Checker | null, told: Told): FragmentLoader {
  return class implements Loader<FragmentLoaderContext> {
    context: FragmentLoaderContext | null = null;
    stats: LoaderStats = newStats();
    private readonly stop = new AbortController();

    load(context: FragmentLoaderContext, _config: LoaderConfiguration, callbacks: LoaderCallbacks<FragmentLoaderContext>): void {
      this.context = context;
      this.stats.loading.start = performance.now();
      void this.run(context, callbacks);
    }

    private async run(context: FragmentLoaderContext, callbacks: LoaderCallbacks<FragmentLoaderContext>): Promise<void> {
      const signal = this.stop.signal;
      const head = context.frag.sn === "initSegment";
      const piece = (head ? firsts.get(context.url) : undefined) ?? promisedBy(context);
      try {
        const data = await patiently(() => fetchBytes(context.url, "default", signal), signal);
        this.stats.loading.first ||= performance.now();
        if (checker === null) {
          if (!head) told.unchecked(piece);
        } else {
          if (head) await checker.checkInit(piece, data, signal);
          else await checker.checkSegment(piece, data, signal);
          if (!signal.aborted && !head) told.checked(piece);
        }
        if (signal.aborted) return;
        this.stats.loaded = this.stats.total = data.byteLength;
        this.stats.loading.end = performance.now();
        callbacks.onSuccess({ url: context.url, data: data.buffer, code: 200 }, this.stats, context, null);
      } catch (error) {
        if (signal.aborted) return;
        // A refused piece is never answered: hls.js must not try it again by itself, nor get anything else in its place.
        if (error instanceof Untrue) told.refused(piece, error);
        else {
          told.absent(piece);
          callbacks.onError({ code: 404, text: String(error) }, context, null, this.stats);
        }
      }
    }

    abort(): void {
      this.stats.aborted = true;
      this.stop.abort();
    }

    destroy(): void {
      this.abort();
      this.context = null;
    }

    getCacheAge(): number | null {
      return null;
    }

    getResponseHeader(): string | null {
      return null;
    }
  };

  function promisedBy(context: FragmentLoaderContext): Promised {
    const { frag } = context;
    const t0 = Date.parse(frag.rawProgramDateTime ?? "");
    const t1 = t0 + Math.round(durations.get(context.url) ?? frag.duration * 1000);
    const [map, rung] = [frag.initSegment?.url, rungs.get(context.url) ?? ""];
    return map === undefined ? { url: context.url, t0, t1, rung } : { url: context.url, t0, t1, rung, map };
  }
}

// --------------------------------------------------------------------------------------------------------- playlists

/** Lengths in milliseconds as the playlist wrote them: hls.js mends its own copy from the media. */
const durations = new Map<string, number>();
/** What was sent at once, by the URL of the lowered piece. */
const rungs = new Map<string, string>();
/** The first segment of each run, by the URL of the run's head. */
const firsts = new Map<string, Promised>();

export interface Line {
  head: string[];
  t0: number;
  t1: number;
  uri: string;
  map: string;
  /** What was sent at once in the place of the full film, which is not there yet: `small`, `slow`, `still`, `none`; "" where it is there. */
  lowered: string;
}

const LOWERED = "#EXT-X-KUA-LOWERED:";
/** The tags that our playlists have. Any other (keys, ranges, parts, interstitials) would let a list change what checked bytes show. */
const OURS = /^#EXT(M3U$|INF:|-X-(VERSION|INDEPENDENT-SEGMENTS|TARGETDURATION|MEDIA-SEQUENCE|DISCONTINUITY-SEQUENCE|DISCONTINUITY|MAP|PROGRAM-DATE-TIME|KUA-LOWERED|GAP|ENDLIST)(:|$))/;

/** The same playlist without anything that ours never say. */
export function plainPlaylist(text: string): string {
  return text
    .split("\n")
    .filter((line) => !line.startsWith("#") || OURS.test(line))
    .join("\n");
}

/** Reads a playlist of ours and remembers what its segments promise. */
export function readPlaylist(text: string, base: string): { first: number; breaks: number; items: Line[] } {
  const items: Line[] = [];
  let [first, breaks, map] = [0, 0, ""];
  let head: string[] = [];
  let [t0, length, lowered] = [NaN, 0, ""];
  for (const line of text.split("\n")) {
    if (line.startsWith("#EXT-X-MEDIA-SEQUENCE:")) first = Number(line.slice(22));
    else if (line.startsWith("#EXT-X-DISCONTINUITY-SEQUENCE:")) breaks = Number(line.slice(30));
    else if (line.startsWith("#EXT-X-MAP:")) map = /URI="([^"]+)"/.exec(line)?.[1] ?? "";
    else if (line.startsWith("#EXT-X-PROGRAM-DATE-TIME:")) t0 = Date.parse(line.slice(25));
    else if (line.startsWith("#EXTINF:")) length = Math.round(parseFloat(line.slice(8)) * 1000);
    else if (line.startsWith(LOWERED)) lowered = line.slice(LOWERED.length);
    else if (line === "#EXT-X-DISCONTINUITY" || line === "#EXT-X-GAP") head.push(line);
    else if (line !== "" && !line.startsWith("#")) {
      const gap = head.includes("#EXT-X-GAP");
      const piece = { url: new URL(line, base).href, t0, t1: t0 + length };
      items.push({ head, t0, t1: t0 + length, uri: line, map: gap ? "" : map, lowered });
      if (!gap && lowered !== "") rungs.set(piece.url, lowered);
      [head, lowered] = [[], ""];
      if (gap) continue;
      durations.set(piece.url, length);
      const run = new URL(map, base).href;
      if (map !== "" && !firsts.has(run)) firsts.set(run, piece);
    }
  }
  return { first, breaks, items };
}

/** Cuts the part of the day between two moments out of its playlist, as a playlist that has ended; "" if nothing is there. */
export function cutPlaylist(text: string, base: string, from: number, to: number): string {
  const { first, breaks, items } = readPlaylist(text, base);
  const start = items.findIndex((item) => item.t1 > from);
  if (start < 0) return "";
  const end = items.findIndex((item) => item.t0 >= to);
  const kept = items.slice(start, end < 0 ? undefined : end);
  const before = items.slice(0, start + 1).filter((item, at) => at > 0 && item.head.includes("#EXT-X-DISCONTINUITY")).length;
  const lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS", "#EXT-X-TARGETDURATION:5", "#EXT-X-PLAYLIST-TYPE:VOD"];
  lines.push(`#EXT-X-MEDIA-SEQUENCE:${first + start}`, `#EXT-X-DISCONTINUITY-SEQUENCE:${breaks + before}`);
  let mapped = "";
  kept.forEach((item, at) => {
    lines.push(...item.head.filter((tag) => at > 0 || tag !== "#EXT-X-DISCONTINUITY"));
    if (item.map !== "" && item.map !== mapped) lines.push(`#EXT-X-MAP:URI="${item.map}"`);
    mapped = item.map || mapped;
    if (item.lowered !== "") lines.push(LOWERED + item.lowered);
    lines.push(`#EXT-X-PROGRAM-DATE-TIME:${new Date(item.t0).toISOString()}`, `#EXTINF:${((item.t1 - item.t0) / 1000).toFixed(3)},`, item.uri);
  });
  return [...lines, "#EXT-X-ENDLIST", ""].join("\n");
}

/** Makes the playlist loader: the same text, cut to `window()` when the reader looks back. */
export function playlistLoader(window: () => { from: number; to: number } | null, read: (items: Line[]) => void): NonNullable<HlsConfig["pLoader"]> {
  return class implements Loader<PlaylistLoaderContext> {
    context: PlaylistLoaderContext | null = null;
    stats: LoaderStats = newStats();
    private readonly stop = new AbortController();

    load(context: PlaylistLoaderContext, _config: LoaderConfiguration, callbacks: LoaderCallbacks<PlaylistLoaderContext>): void {
      this.context = context;
      this.stats.loading.start = performance.now();
      void fetchBytes(context.url, "no-cache", this.stop.signal).then(
        (data) => {
          if (this.stop.signal.aborted) return;
          const whole = plainPlaylist(new TextDecoder().decode(data));
          const part = window();
          const text = part ? cutPlaylist(whole, context.url, part.from, part.to) : whole;
          read(readPlaylist(text, context.url).items);
          this.stats.loading.first = this.stats.loading.end = performance.now();
          this.stats.loaded = this.stats.total = text.length;
          callbacks.onSuccess({ url: context.url, data: text, code: 200 }, this.stats, context, null);
        },
        (error: unknown) => {
          if (!this.stop.signal.aborted) callbacks.onError({ code: 404, text: String(error) }, context, null, this.stats);
        },
      );
    }

    abort(): void {
      this.stats.aborted = true;
      this.stop.abort();
    }

    destroy(): void {
      this.abort();
      this.context = null;
    }

    getCacheAge(): number | null {
      return null;
    }

    getResponseHeader(): string | null {
      return null;
    }
  };
}

function newStats(): LoaderStats {
  return {
    aborted: false, loaded: 0, retry: 0, total: 0, chunkCount: 0, bwEstimate: 0,
    loading: { start: 0, first: 0, end: 0 }, parsing: { start: 0, end: 0 }, buffering: { start: 0, first: 0, end: 0 },
  };
}

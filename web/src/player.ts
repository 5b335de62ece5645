// SPDX-License-Identifier: Apache-2.0
// <kua-player>: plays a station's film once the reader asks for it. What it may show is decided in loader.ts; here it is shown, and said in words.
// The words are the page's (data-word-...). It never says LIVE of a picture that is older than the public delay and a little.

import type Hls from "hls.js";
import { serverNow } from "./clock.js";
import { Checker, type Line, type Promised, fragmentLoader, playlistLoader } from "./loader.js";
import { type Untrue, canCheck } from "./proof.js";
import { type Span, clockText, readSpans, spanAt } from "./timeline.js";

const BACK = { before: 20_000, after: 1_800_000 };

type Engine = Hls & { playingDate: Date | null };

class Player extends HTMLElement {
  private hls: Engine | null = null;
  private library: typeof Hls | null = null;
  private checker: Checker | null = null;
  private now: () => number = () => Date.now();
  private goal: number | null = null; // null: the newest picture
  private running = false;
  private generation = 0;
  private moved = { at: 0, since: 0 };
  private wanted = true; // the reader wants it to play
  private refusal: { piece: Promised; why: Untrue } | null = null;
  private pieces = 0;
  private said = "";
  private spans: Span[] = [];
  private east = 0;
  private empty = false;
  private lines: Line[] = [];
  private held = new Map<number, string>(); // what was sent at once of the pieces that are loaded: a rung, or "" for the full film

  connectedCallback(): void {
    this.east = Number(this.dataset["east"]);
    this.spans = readSpans(this.dataset["spans"]);
    this.goal = this.dataset["at"] ? Number(this.dataset["at"]) : null;
    this.pick("watch").hidden = this.pick("hint").hidden = false;
    this.pick("plain").hidden = true; // shown where scripts do not run, or did not come
    this.on("watch", () => void this.watch());
    this.on("play", () => this.toggle());
    this.on("back", () => this.step(-10));
    this.on("ahead", () => this.step(10));
    this.on("now", () => void this.goTo(null));
    this.on("full", () => this.full());
    this.addEventListener("keydown", (event) => this.onKey(event));
    document.addEventListener("kua-seek", (event) => void this.goTo((event as CustomEvent<number>).detail));
    document.querySelector<HTMLFormElement>("form.goto")?.addEventListener("submit", (event) => this.onTime(event));
  }

  // ------------------------------------------------------------------------------------------------------------ words

  private word(name: string, facts: Record<string, string> = {}): string {
    const key = `word${name[0]!.toUpperCase()}${name.slice(1)}`;
    return Object.entries(facts).reduce((text, [place, value]) => text.replaceAll(`{${place}}`, value), this.dataset[key] ?? "");
  }

  private clock(at: number): string {
    return clockText(at, this.east);
  }

  private length(millis: number): string {
    const seconds = Math.max(0, Math.round(millis / 1000));
    if (seconds < 60) return this.word("s", { n: String(seconds) });
    if (seconds < 3600) return this.word("min", { n: String(Math.floor(seconds / 60)) });
    return this.word("h", { n: String(Math.floor(seconds / 3600)), m: String(Math.floor((seconds % 3600) / 60)) });
  }

  /** Tells the reader, a screen reader too; the same thing only once. */
  private say(text: string, good = false): void {
    if (text === this.said) return;
    this.said = text;
    const line = this.pick("status");
    line.textContent = text;
    line.classList.toggle("good", good);
  }

  // ---------------------------------------------------------------------------------------------------------- playing

  private async watch(): Promise<void> {
    if (this.running) return;
    this.running = true;
    this.say(this.word("loading"));
    this.pick("cover").hidden = true;
    this.pick("controls").hidden = false;
    this.pick("stamp").hidden = false;
    this.pick("play").focus({ preventScroll: true });
    const [{ default: library }, now, able] = await Promise.all([import("hls.js"), serverNow(), canCheck()]);
    [this.library, this.now] = [library, now];
    if (!library.isSupported()) {
      this.native();
      return;
    }
    this.checker = able ? new Checker(this.place()) : null;
    this.load();
    setInterval(() => this.tick(), 250);
  }

  private place(): ConstructorParameters<typeof Checker>[0] {
    const get = (name: string): string => this.dataset[name] ?? "";
    return {
      tree: new URL(get("tree"), location.href).href,
      nation: new URL(get("nation"), location.href).href,
      cam: get("cam"),
      origin: get("origin"),
      nationOrigin: get("nationOrigin"),
      nationKey: get("nationKey"),
      certificate: Number(get("certificate")),
    };
  }

  /** The browser plays HLS by itself and would not let us look first. */
  private native(): void {
    if (this.video.canPlayType("application/vnd.apple.mpegurl") === "") {
      this.say(this.word("failed"));
      return;
    }
    this.say(this.word("native"));
    this.video.src = this.dataset[this.goal === null ? "live" : "day"] ?? "";
    void this.video.play();
  }

  private load(): void {
    this.hls?.destroy();
    const Library = this.library!;
    const generation = ++this.generation;
    const fresh = (act: () => void): void => {
      if (generation === this.generation) act();
    };
    const goal = this.goal;
    const window = goal === null ? null : { from: goal - BACK.before, to: goal + BACK.after };
    const hls = new Library({
      enableWorker: false,
      autoStartLoad: false,
      liveSyncDuration: 5,
      liveMaxLatencyDuration: 25,
      maxBufferLength: 20,
      backBufferLength: 60,
      pLoader: playlistLoader(() => window, (items) => fresh(() => this.onPlaylist(items))),
      fLoader: fragmentLoader(this.checker, {
        checked: (piece) => fresh(() => this.onChecked(piece)),
        unchecked: (piece) => fresh(() => this.onUnchecked(piece)),
        refused: (piece, why) => fresh(() => this.onRefused(piece, why)),
        absent: (piece) => fresh(() => this.say(this.word("absent", this.times(piece)))),
      }),
    }) as Engine;
    this.hls = hls;
    let started = false;
    hls.on(Library.Events.LEVEL_LOADED, (_event, loaded) => {
      if (started || generation !== this.generation) return;
      started = true;
      hls.startLoad(goal === null ? this.newest(loaded.details.fragments) : this.positionOf(goal, loaded.details.fragments));
      if (this.wanted) void this.video.play().catch(() => undefined);
    });
    hls.on(Library.Events.ERROR, (_event, error) => {
      if (!error.fatal || this.refusal || generation !== this.generation) return;
      if (error.type === Library.ErrorTypes.MEDIA_ERROR) hls.recoverMediaError();
      else if (error.type === Library.ErrorTypes.NETWORK_ERROR) setTimeout(() => fresh(() => this.load()), 5000);
      else this.say(this.word("failed"));
    });
    hls.loadSource(new URL(this.dataset[goal === null ? "live" : "day"] ?? "", location.href).href);
    hls.attachMedia(this.video);
    this.moved = { at: -1, since: performance.now() };
  }

  /** Where to begin at the newest picture: at the live edge (-1), or, where the list ends in holes, at the piece before them, unless that is old. */
  private newest(pieces: { duration: number; start: number; gap?: boolean | undefined }[]): number {
    const [last, shown] = [pieces.at(-1), pieces.filter((piece) => !piece.gap).at(-1)];
    if (!last || !shown || shown === last) return -1;
    return last.start + last.duration - shown.start - shown.duration < 20 ? shown.start : -1;
  }

  private positionOf(at: number, pieces: { programDateTime: number | null; duration: number; start: number; gap?: boolean | undefined }[]): number {
    const next = pieces.find((piece) => !piece.gap && (piece.programDateTime ?? 0) + piece.duration * 1000 > at);
    if (!next) return pieces.length ? pieces[pieces.length - 1]!.start : -1;
    const into = (at - (next.programDateTime ?? 0)) / 1000;
    if (into < 0) this.say(this.word("nothing", { time: this.clock(at) }));
    return next.start + Math.max(0, into);
  }

  private onPlaylist(items: Line[]): void {
    const shown = this.shown;
    const here = shown === null ? undefined : items.find((item) => item.t0 <= shown && shown < item.t1);
    this.lines = items;
    if (here?.map === "" && here.lowered === "" && this.goal === null && !this.refusal) {
      this.load(); // withdrawn while it was being watched: what is held here goes at once
      return;
    }
    this.empty = items.length > 0 && items.every((item) => item.map === "");
    if (this.empty && items[items.length - 1]!.lowered !== "") this.lower(items[items.length - 1]!.lowered);
    else if (this.empty) this.say(this.word("nothing", { time: this.clock(this.goal ?? items[items.length - 1]!.t0) }));
  }

  private onUnchecked(piece: Promised): void {
    this.held.set(piece.t0, piece.rung ?? "");
    this.say(this.word("unchecked"));
  }

  private onChecked(piece: Promised): void {
    this.held.set(piece.t0, piece.rung ?? "");
    this.pieces += 1;
    this.pick("count").textContent = this.word("count", { n: String(this.pieces) });
    if (!this.refusal) this.say(this.word("checked"), true);
  }

  /** Says what of the film was sent at once, where the line of the station is thin; the same thing only once. */
  private lower(rung: string): void {
    const text = rung === "" ? "" : this.word(`lowered${rung[0]!.toUpperCase()}${rung.slice(1)}`);
    const line = this.pick("lowered");
    if (line.textContent !== text) line.textContent = text;
  }

  /** The rung of the picture on the screen: of the piece as it was loaded, which a newer list may already have replaced by the full film. */
  private rungAt(at: number): string {
    const line = this.lines.find((item) => item.t0 <= at && at < item.t1);
    return line === undefined ? "" : (this.held.get(line.t0) ?? line.lowered);
  }

  private times(piece: Promised): Record<string, string> {
    return { from: this.clock(piece.t0 || 0), to: this.clock(piece.t1 || 0) };
  }

  /** Stop, say what was found, and wait for the reader. */
  private onRefused(piece: Promised, why: Untrue): void {
    console.warn(`kua: ${why.message}`, piece.url);
    this.refusal = { piece, why };
    this.hls?.stopLoad();
    this.video.pause();
    this.say("");
    const what = document.createElement("p");
    what.textContent = this.word(why.kind === "bytes" || why.kind === "init" ? "refused" : "doubt", this.times(piece));
    const reason = document.createElement("p");
    reason.textContent = this.word(why.kind);
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = this.word("goon", this.times(piece));
    button.addEventListener("click", () => this.goOn());
    this.pick("alert").replaceChildren(what, reason, button);
  }

  private goOn(): void {
    const piece = this.refusal?.piece;
    this.refusal = null;
    this.pick("alert").replaceChildren();
    this.wanted = true;
    this.pick("play").focus({ preventScroll: true });
    const pieces = this.hls?.levels[0]?.details?.fragments ?? [];
    const next = pieces.find((each) => !each.gap && (each.programDateTime ?? 0) >= (piece?.t1 ?? 0) - 1);
    if (!this.hls || !next) {
      this.load();
      return;
    }
    // Let the refused piece's place stay empty: start at the next one.
    const position = next.start + 0.05;
    this.video.currentTime = position; // first, or hls.js would load from where the picture still is
    this.hls.startLoad(position);
    void this.video.play().catch(() => undefined);
  }

  // --------------------------------------------------------------------------------------------------------- each tick

  private get shown(): number | null {
    return this.video.readyState >= 2 ? (this.hls?.playingDate?.getTime() ?? null) : null;
  }

  private tick(): void {
    const [shown, now] = [this.shown, this.now()];
    const last = this.lines.at(-1);
    const bare = this.goal === null && last?.map === "" && last.lowered === "none"; // nothing but statements comes over the line
    if (shown === null) {
      this.pick("stamp").hidden = this.empty || this.pick("clock").textContent === "";
      if (bare) this.lower("none");
      if (bare && !this.pieces) this.say(this.word("nothing", { time: this.clock(last.t0) }));
      return;
    }
    this.pick("stamp").hidden = false;
    if (shown !== this.moved.at) this.moved = { at: shown, since: performance.now() };
    const age = now - shown;
    const [delay, slack] = [Number(this.dataset["delay"]), Number(this.dataset["slack"])];
    const rung = bare ? "none" : this.rungAt(shown);
    this.lower(rung);
    const patience = Number(this.dataset["still"]) * (rung === "still" ? 2 : 1);
    const still = this.wanted && !this.refusal && performance.now() - this.moved.since > patience;
    const live = this.goal === null && !this.video.paused && !still && age < delay + slack;
    this.pick("clock").textContent = this.clock(shown);
    const told = this.pick("age");
    told.textContent = (live ? `${this.word("live")} · ` : "") + this.word("ago", { age: this.length(age) });
    told.classList.toggle("is-live", live);
    this.pick("screen").classList.toggle("stale", still);
    const veil = this.pick("veil");
    const word = spanAt(this.spans, shown);
    veil.hidden = !still && word?.[2] !== "hidden";
    veil.textContent = still ? this.word("stale", { age: this.length(age) }) : (word?.[3] ?? "");
    this.pick("play").textContent = this.word(this.video.paused ? "play" : "pause");
    this.link(shown);
    document.dispatchEvent(new CustomEvent("kua-time", { detail: shown }));
  }

  private link(at: number): void {
    const ahead = Math.abs(this.east) / 60_000;
    const zone = `${this.east < 0 ? "-" : "+"}${String(Math.floor(ahead / 60)).padStart(2, "0")}:${String(ahead % 60).padStart(2, "0")}`;
    const query = new URLSearchParams(location.search);
    query.set("t", new Date(at + this.east).toISOString().slice(0, 19) + zone);
    (this.pick("link") as HTMLAnchorElement).href = `${location.pathname}?${query.toString()}`;
  }

  // ---------------------------------------------------------------------------------------------------------- commands

  private toggle(): void {
    if (this.refusal) return;
    this.wanted = this.video.paused;
    if (this.wanted) void this.video.play().catch(() => undefined);
    else this.video.pause();
  }

  private step(seconds: number): void {
    const shown = this.shown;
    if (shown !== null) void this.goTo(shown + seconds * 1000);
  }

  /** To a moment, or (null) to the newest picture. Before *Watch* it only says where to begin. */
  private async goTo(at: number | null): Promise<void> {
    const before = this.goal;
    this.goal = at;
    if (!this.running || this.library === null || this.checker === undefined) {
      if (at !== null) document.dispatchEvent(new CustomEvent("kua-time", { detail: at }));
      return;
    }
    if (this.refusal) {
      this.refusal = null;
      this.pick("alert").replaceChildren();
    }
    this.wanted = true;
    const pieces = this.hls?.levels[0]?.details?.fragments ?? [];
    const here = at === null ? undefined : pieces.find((piece) => !piece.gap && (piece.programDateTime ?? 0) <= at && at < (piece.programDateTime ?? 0) + piece.duration * 1000);
    if (at === null || !here || !this.hls) {
      if (at === null && before === null && this.hls?.liveSyncPosition) this.video.currentTime = this.hls.liveSyncPosition;
      else this.load();
    } else {
      const position = here.start + (at - (here.programDateTime ?? 0)) / 1000;
      this.video.currentTime = position;
      this.hls.startLoad(position);
    }
    void this.video.play().catch(() => undefined);
  }

  private onTime(event: Event): void {
    const field = (event.target as HTMLFormElement).querySelector<HTMLInputElement>("input[name=t]")!;
    const found = /^([0-9]{1,2})[:.]([0-9]{2})(?:[:.]([0-9]{2}))?$/.exec(field.value.trim());
    const day = this.spans[this.spans.length - 1]?.[0];
    if (!this.running || !found || day === undefined) return; // the page itself answers
    event.preventDefault();
    const midnight = Math.floor((day + this.east) / 86_400_000) * 86_400_000 - this.east;
    void this.goTo(midnight + (Number(found[1]) * 3600 + Number(found[2]) * 60 + Number(found[3] ?? 0)) * 1000);
  }

  private full(): void {
    if (document.fullscreenElement) void document.exitFullscreen();
    else void this.pick("screen").requestFullscreen().catch(() => undefined);
  }

  /** Keys work only while the focus is in here, and not at all where the reader has switched them off. */
  private onKey(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    if (!(this.pick("keys") as HTMLInputElement).checked || !this.running || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === " " && target.closest("button, a, input")) return;
    const acts: Record<string, () => void> = {
      " ": () => this.toggle(), k: () => this.toggle(), j: () => this.step(-10), l: () => this.step(10),
      ArrowLeft: () => this.step(-5), ArrowRight: () => this.step(5), ",": () => this.step(-0.1), ".": () => this.step(0.1),
      Home: () => void this.goTo(this.spans[0]?.[0] ?? null), End: () => void this.goTo(null), f: () => this.full(),
      t: () => document.querySelector<HTMLInputElement>("form.goto input[name=t]")?.focus(),
      v: () => document.getElementById("checks-box")?.scrollIntoView(),
    };
    const act = acts[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  private get video(): HTMLVideoElement {
    return this.pick("video") as HTMLVideoElement;
  }

  private pick(name: string): HTMLElement {
    return this.querySelector<HTMLElement>(`[data-part=${name}]`)!;
  }

  private on(name: string, act: () => void): void {
    this.pick(name).addEventListener("click", act);
  }
}

customElements.define("kua-player", Player);

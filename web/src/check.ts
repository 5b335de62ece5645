// SPDX-License-Identifier: Apache-2.0
// <kua-check>: a reader drops a bundle or a piece of film, or pastes a link, and gets three plain sentences. All is computed here: the file is sent
// to nobody. A piece of film is looked up in the log of the station that the page is about. The words are the page's (data-word-...).

import { type Plain, type Standing, plainly } from "./bundle/plain.js";
import { type Contents, verifyBundle } from "./bundle/verify.js";
import { clockText } from "./timeline.js";
import { Checker, type Line, fetchBytes, plainPlaylist, readPlaylist } from "./loader.js";
import { Absent, type Bytes, Untrue, canCheck, hex, sha256 } from "./proof.js";

type State = Standing | "arriving" | "unknown";
type Mark = "yes" | "no" | "unsaid";
interface Result {
  state: State;
  rows: [Mark, string][];
}
/** A piece of film as the playlist of one camera names it. */
interface Piece extends Line {
  cam: string;
  gap: boolean;
}

const LARGEST = 8 * 1024 * 1024;

class Check extends HTMLElement {
  private east = 0;
  private busy = false;

  connectedCallback(): void {
    this.east = Number(this.dataset["east"]);
    this.pick("form").hidden = false;
    const input = this.pick<HTMLInputElement>("file");
    input.addEventListener("change", () => {
      const file = input.files?.[0];
      if (file) this.run(() => this.file(file));
    });
    this.pick<HTMLFormElement>("link").addEventListener("submit", (event) => {
      event.preventDefault();
      const text = this.pick<HTMLInputElement>("url").value.trim();
      if (text) this.run(() => this.link(text));
    });
    this.addEventListener("dragover", (event) => event.preventDefault());
    this.addEventListener("drop", (event) => {
      event.preventDefault();
      const file = event.dataTransfer?.files[0];
      if (file) this.run(() => this.file(file));
    });
    const given = new URLSearchParams(location.search).get("u");
    if (given) {
      this.pick<HTMLInputElement>("url").value = given;
      this.run(() => this.link(given));
    }
  }

  private pick<T extends HTMLElement = HTMLElement>(part: string): T {
    return this.querySelector<T>(`[data-part="${part}"]`)!;
  }

  private word(name: string, facts: Record<string, string | number> = {}): string {
    const key = `word${name.split("-").map((part) => part[0]!.toUpperCase() + part.slice(1)).join("")}`;
    return Object.entries(facts).reduce((text, [place, value]) => text.replaceAll(`{${place}}`, String(value)), this.dataset[key] ?? "");
  }

  private span(t0: number, t1: number): { from: string; to: string } {
    const day = (at: number): string => new Date(at + this.east).toISOString().slice(0, 10);
    const to = clockText(t1, this.east);
    return { from: `${day(t0)} ${clockText(t0, this.east)}`, to: day(t0) === day(t1) ? to : `${day(t1)} ${to}` };
  }

  // ---------------------------------------------------------------------------------------------------------- running

  private run(step: () => Promise<Result | string | null>): void {
    if (this.busy) return;
    this.busy = true;
    this.pick("card").hidden = true;
    this.say(this.word("working"));
    void (async () => {
      try {
        const result = (await canCheck()) ? await step() : this.cannot();
        if (typeof result === "string") this.say(result);
        else if (result) this.show(result);
      } catch {
        this.show(this.cannot()); // a fault of ours says nothing about the film
      } finally {
        this.busy = false;
        this.pick<HTMLInputElement>("file").value = "";
      }
    })();
  }

  private say(text: string): void {
    this.pick("status").textContent = text;
  }

  private show(result: Result): void {
    this.say("");
    const card = this.pick("card");
    card.dataset["state"] = result.state;
    this.pick("state").textContent = this.word(`state-${result.state}`);
    for (const [at, name] of ["whole", "unaltered", "logged"].entries()) {
      const [mark, text] = result.rows[at]!;
      const row = this.pick(name);
      row.dataset["mark"] = mark;
      row.textContent = text;
    }
    card.hidden = false;
    this.pick("state").focus();
  }

  private cannot(): Result {
    return { state: "cannot", rows: [["unsaid", this.word("unsaid")], ["unsaid", this.word("unsaid")], ["unsaid", this.word("unsaid")]] };
  }

  // ---------------------------------------------------------------------------------------------------------- a bundle

  private async file(file: File): Promise<Result | string> {
    const start = new Uint8Array(await file.slice(0, 4).arrayBuffer());
    if (/\.zip$/i.test(file.name) || hex(start) === "504b0304") return this.bundle(file);
    if (!this.dataset["tree"]) return this.word("station-first");
    if (file.size > LARGEST) return this.nowhere();
    return this.piece(file.name, new Uint8Array(await file.arrayBuffer()));
  }

  private async bundle(file: File): Promise<Result> {
    const { report, summary } = await verifyBundle(file, {}, (done, total) => this.say(`${this.word("working")} ${Math.round((100 * done) / total)} %`));
    return this.bundleResult(plainly(report), summary.contents);
  }

  private bundleResult(plain: Plain, contents: Contents | undefined): Result {
    const station = contents?.station ?? "?";
    const span = contents ? this.span(contents.since, contents.until) : { from: "?", to: "?" };
    const unsaid = this.word("unsaid");
    const whole = { yes: this.word(plain.gaps ? "whole-gaps" : "whole-bundle", { ...span, n: plain.gaps }), no: this.word("whole-no"), unsaid }[plain.whole];
    const unaltered = { yes: this.word("unaltered-bundle", { station }), no: this.word("unaltered-no"), unsaid }[plain.unaltered];
    const logged = { yes: this.word("logged-bundle"), no: this.word("logged-no"), unsaid }[plain.logged];
    return { state: plain.standing, rows: [[plain.whole, whole], [plain.unaltered, unaltered], [plain.logged, logged]] };
  }

  // --------------------------------------------------------------------------------------------------- a piece of film

  /** A link to a piece of film, or to a moment on a station's page; one of another station leads to that station's check. */
  private async link(text: string): Promise<Result | string | null> {
    let url: URL;
    try {
      url = new URL(text, location.href);
    } catch {
      return this.word("link-form");
    }
    if (url.origin !== location.origin) return this.word("link-foreign");
    const station = /\/s\/([0-9]{2}-[0-9]{1,5})(?:\/|$)/.exec(url.pathname)?.[1];
    if (station === undefined) return this.word("link-form");
    if (station !== this.dataset["station"]) {
      location.search = String(new URLSearchParams({ s: station, u: url.href }));
      return null;
    }
    const name = url.pathname.split("/").at(-1)!;
    if (/\.m4s$/.test(name)) return this.piece(name, null);
    const at = Date.parse((url.searchParams.get("t") ?? "").replace(" ", "+"));
    const cam = url.searchParams.get("cam") ?? this.cameras()[0];
    if (Number.isNaN(at) || cam === undefined) return this.word("link-form");
    const piece = (await this.pieces(cam)).find((each) => each.t0 <= at && at < each.t1);
    return piece && !piece.uri.startsWith("gap-") ? this.judge(piece, null) : this.nowhere();
  }

  private cameras(): string[] {
    return (this.dataset["cameras"] ?? "").split(" ").filter((cam) => cam !== "");
  }

  private async pieces(cam: string): Promise<Piece[]> {
    const list = `${this.tree()}film/${cam}/day.m3u8`;
    const text = plainPlaylist(new TextDecoder().decode(await fetchBytes(list, "no-cache")));
    return readPlaylist(text, list).items.map((item) => ({ ...item, cam, gap: item.head.includes("#EXT-X-GAP") }));
  }

  private tree(): string {
    return new URL(this.dataset["tree"]!, location.href).href;
  }

  /** Find the piece by its name in the lists of all cameras; a browser may have put a number behind a name that it had already. */
  private async piece(name: string, data: Bytes | null): Promise<Result> {
    const [wanted] = /[0-9a-f]{8}-[0-9]{1,12}/.exec(name) ?? [];
    if (wanted === undefined) return this.nowhere();
    for (const cam of this.cameras()) {
      try {
        const pieces = await this.pieces(cam);
        const found = pieces.find((each) => each.uri.replace("live/", "").startsWith(`${wanted}.m4s?`)) ?? (await this.other(pieces, wanted));
        if (found) return await this.judge(found, data);
      } catch (error) {
        if (!(error instanceof Absent)) throw error; // a camera of which nothing is public has no list
      }
    }
    return this.nowhere();
  }

  /** The list names one of two files of a moment, the full film or the lowered one; a statement in the log names both. */
  private async other(pieces: Piece[], wanted: string): Promise<Piece | undefined> {
    for (const piece of pieces) {
      const [, folder = "", slot, leaf] = /^(live\/)?[0-9a-f]{8}-([0-9]+)\.m4s\?leaf=([0-9]+)$/.exec(piece.uri) ?? [];
      if (slot === undefined || slot !== wanted.slice(9)) continue;
      const uri = `${folder === "" ? "live/" : ""}${wanted}.m4s?leaf=${leaf}`;
      try {
        await this.checker(piece.cam).stated({ url: new URL(uri, `${this.tree()}film/${piece.cam}/`).href, t0: piece.t0, t1: piece.t1 });
        return { ...piece, uri };
      } catch (error) {
        if (!(error instanceof Untrue) && !(error instanceof Absent)) throw error;
      }
    }
    return undefined;
  }

  private checker(cam: string): Checker {
    const { origin = "", nationOrigin = "", nationKey = "" } = this.dataset;
    return new Checker({
      tree: this.tree(), nation: new URL(this.dataset["nation"]!, location.href).href, cam, origin, nationOrigin, nationKey, certificate: Number(this.dataset["certificate"]),
    });
  }

  private nowhere(): Result {
    const unsaid: [Mark, string] = ["unsaid", this.word("unsaid")];
    return { state: "unknown", rows: [unsaid, unsaid, ["no", this.word("logged-nowhere", { station: this.dataset["station"] ?? "?" })]] };
  }

  /** The statement first, by its place in the log; then the bytes, the reader's or those that are published. */
  private async judge(piece: Piece, given: Bytes | null): Promise<Result> {
    const { station = "", nationKey = "" } = this.dataset;
    const checker = this.checker(piece.cam);
    const url = new URL(piece.uri, `${this.tree()}film/${piece.cam}/`).href;
    const [n, span] = [/leaf=([0-9]+)/.exec(url)?.[1] ?? "?", this.span(piece.t0, piece.t1)];
    const unsaid: [Mark, string] = ["unsaid", this.word("unsaid")];
    let stated;
    try {
      stated = await checker.stated({ url, t0: piece.t0, t1: piece.t1 });
    } catch (error) {
      if (error instanceof Absent) return { state: "arriving", rows: [unsaid, unsaid, ["unsaid", this.word("logged-later")]] };
      if (error instanceof Untrue) return { state: "altered", rows: [unsaid, ["no", this.word("unaltered-no")], ["no", this.word(`why-${error.kind}`)]] };
      throw error;
    }
    const certified = this.dataset["certificate"] !== "-1" && nationKey !== "";
    const logged: [Mark, string] = [certified ? "yes" : "unsaid", this.word(certified ? "logged-piece" : "logged-station", { n })];
    const withdrawn = this.isWithdrawn(piece);
    let data = given;
    try {
      data ??= await fetchBytes(url);
    } catch (error) {
      if (!(error instanceof Absent)) throw error;
      return { state: withdrawn ? "withdrawn" : "arriving", rows: [["no", this.word(withdrawn ? "whole-withdrawn" : "whole-later", span)], unsaid, logged] };
    }
    if (hex(await sha256(data)) !== stated.sha256) return { state: "altered", rows: [unsaid, ["no", this.word("why-bytes")], logged] };
    return { state: withdrawn ? "withdrawn" : "intact", rows: [["yes", this.word(piece.uri.startsWith("live/") ? "whole-lowered" : "whole-piece", span)], ["yes", this.word("unaltered-piece", { station, n })], logged] };
  }

  private isWithdrawn(piece: Piece): boolean {
    const spans = JSON.parse(this.dataset["withdrawn"] ?? "[]") as [string, number, number | null][];
    return spans.some(([cam, t0, t1]) => cam === piece.cam && piece.t0 < (t1 ?? Infinity) && t0 < piece.t1);
  }
}

customElements.define("kua-check", Check);

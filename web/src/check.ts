// SPDX-License-Identifier: Apache-2.0
// <kua-check>: a reader drops a bundle or a piece of film, pastes a link, or scans a code, and gets three plain sentences. All is computed here: neither
// file nor picture is sent to anybody. A piece of film is looked up in the log of the station that the page is about. The words are the page's
// (data-word-...). The same element is the hosted copy of the page (alone/check.ts), which asks the centre's site where things lie (place.ts).

import { type Plain, type Standing, plainly } from "./bundle/plain.js";
import { type Contents, verifyBundle } from "./bundle/verify.js";
import { clockText } from "./timeline.js";
import { Checker, type Line, Unreachable, fetchBytes, plainPlaylist, readPlaylist } from "./loader.js";
import { type Where, elsewhere, onSite } from "./place.js";
import { Absent, type Bytes, Untrue, canCheck, hex, sha256 } from "./proof.js";
import { codeIn, hasCamera, scan } from "./scan.js";
import { PAPER, type Read, holdPaper, readCode } from "./sheet.js";

type State = Standing | "arriving" | "unknown" | "agrees" | "contradicts" | "forged" | "ahead";
type Mark = "yes" | "no" | "unsaid";
interface Result {
  state: State;
  rows: [Mark, string][];
  /** Of what the three questions are asked: a film, or a code. */
  of?: "film" | "code";
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
  private scanning: AbortController | null = null;
  private hosted = false;
  private station = "";

  connectedCallback(): void {
    const asked = new URLSearchParams(location.search);
    this.east = Number(this.dataset["east"]);
    this.hosted = this.dataset["site"] !== undefined;
    this.station = this.hosted ? (/^[0-9]{2}-[0-9]{1,5}$/.exec(asked.get("s")?.trim().replace(" ", "-") ?? "")?.[0] ?? "") : (this.dataset["station"] ?? "");
    this.pick("form").hidden = false;
    const input = this.pick<HTMLInputElement>("file");
    input.addEventListener("change", () => {
      const file = input.files?.[0];
      if (file) this.run(() => this.file(file));
    });
    this.pick<HTMLFormElement>("link").addEventListener("submit", (event) => {
      event.preventDefault();
      const text = this.pick<HTMLTextAreaElement>("url").value.trim();
      if (text) this.run(() => this.text(text));
    });
    // One line to whoever types, several to whoever pastes a note.
    this.pick("url").addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.pick<HTMLFormElement>("link").requestSubmit();
    });
    this.addEventListener("dragover", (event) => event.preventDefault());
    this.addEventListener("drop", (event) => {
      event.preventDefault();
      const file = event.dataTransfer?.files[0];
      if (file) this.run(() => this.file(file));
    });
    this.pick("scan").hidden = !hasCamera();
    this.pick("scan").addEventListener("click", () => this.run(() => this.look()));
    this.pick("stop").addEventListener("click", () => this.scanning?.abort());
    const given = asked.get("u");
    const code = new URLSearchParams(location.hash.slice(1)).get("code");
    if (given) {
      this.pick<HTMLTextAreaElement>("url").value = given;
      this.run(() => this.link(given));
    } else if (code) {
      this.run(() => this.text(code));
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
      } catch (error) {
        // A line that is down, or a fault of ours, says nothing about the film.
        if (error instanceof Absent) this.say(this.word("unreachable"));
        else this.show(this.cannot());
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
      this.pick(`ask-${name}`).textContent = this.word(`ask-${name}-${result.of ?? "film"}`);
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

  private async file(file: File): Promise<Result | string | null> {
    const start = new Uint8Array(await file.slice(0, 4).arrayBuffer());
    if (/\.zip$/i.test(file.name) || hex(start) === "504b0304") return this.bundle(file);
    if (file.type.startsWith("image/")) return this.text((await codeIn(file)) ?? "");
    const where = await this.where();
    if (where === null) return this.word("station-first");
    if (file.size > LARGEST) return this.nowhere();
    return this.piece(where, file.name, new Uint8Array(await file.arrayBuffer()));
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
      url = new URL(text, this.hosted ? this.dataset["site"] : location.href);
    } catch {
      return this.word("link-form");
    }
    const homes = this.hosted ? [this.dataset["site"]!, this.dataset["root"]!] : [location.origin];
    if (!homes.some((home) => new URL(home).origin === url.origin)) return this.word("link-foreign");
    const station = /\/s\/([0-9]{2}-[0-9]{1,5})(?:\/|$)/.exec(url.pathname)?.[1];
    if (station === undefined) return this.word("link-form");
    if (station !== this.station) {
      location.search = String(new URLSearchParams({ s: station, u: url.href }));
      return null;
    }
    const where = await this.where();
    if (where === null) return this.word("link-form");
    const name = url.pathname.split("/").at(-1)!;
    if (/\.m4s$/.test(name)) return this.piece(where, name, null);
    const at = Date.parse((url.searchParams.get("t") ?? "").replace(" ", "+"));
    const cam = url.searchParams.get("cam") ?? where.cameras[0];
    if (Number.isNaN(at) || cam === undefined) return this.word("link-form");
    const piece = (await this.pieces(where, cam)).find((each) => each.t0 <= at && at < each.t1);
    return piece && !piece.uri.startsWith("gap-") ? this.judge(where, piece, null) : this.nowhere();
  }

  /** Where the station's log lies; null where the page is about no station, or nothing of it is public. */
  private async where(): Promise<Where | null> {
    if (!this.hosted) return onSite(this.dataset);
    return this.station === "" ? null : elsewhere(this.dataset, this.station);
  }

  private async pieces(where: Where, cam: string): Promise<Piece[]> {
    const list = `${where.tree}film/${cam}/day.m3u8`;
    const text = plainPlaylist(new TextDecoder().decode(await fetchBytes(list, "no-cache")));
    return readPlaylist(text, list).items.map((item) => ({ ...item, cam, gap: item.head.includes("#EXT-X-GAP") }));
  }

  private checker(where: Where, cam: string): Checker {
    return new Checker({ ...where, cam });
  }

  /** Find the piece by its name in the lists of all cameras; a browser may have put a number behind a name that it had already. */
  private async piece(where: Where, name: string, data: Bytes | null): Promise<Result> {
    const [wanted] = /[0-9a-f]{8}-[0-9]{1,12}/.exec(name) ?? [];
    if (wanted === undefined) return this.nowhere();
    for (const cam of where.cameras) {
      try {
        const pieces = await this.pieces(where, cam);
        const found = pieces.find((each) => each.uri.replace("live/", "").startsWith(`${wanted}.m4s?`)) ?? (await this.other(where, pieces, wanted));
        if (found) return await this.judge(where, found, data);
      } catch (error) {
        if (!(error instanceof Absent) || error instanceof Unreachable) throw error; // a camera of which nothing is public has no list
      }
    }
    return this.nowhere();
  }

  /** The list names one of two files of a moment, the full film or the lowered one; a statement in the log names both. */
  private async other(where: Where, pieces: Piece[], wanted: string): Promise<Piece | undefined> {
    for (const piece of pieces) {
      const [, folder = "", slot, leaf] = /^(live\/)?[0-9a-f]{8}-([0-9]+)\.m4s\?leaf=([0-9]+)$/.exec(piece.uri) ?? [];
      if (slot === undefined || slot !== wanted.slice(9)) continue;
      const uri = `${folder === "" ? "live/" : ""}${wanted}.m4s?leaf=${leaf}`;
      try {
        await this.checker(where, piece.cam).stated({ url: new URL(uri, `${where.tree}film/${piece.cam}/`).href, t0: piece.t0, t1: piece.t1 });
        return { ...piece, uri };
      } catch (error) {
        if (!(error instanceof Untrue) && !(error instanceof Absent)) throw error;
      }
    }
    return undefined;
  }

  private nowhere(): Result {
    const unsaid: [Mark, string] = ["unsaid", this.word("unsaid")];
    return { state: "unknown", rows: [unsaid, unsaid, ["no", this.word("logged-nowhere", { station: this.station || "?" })]] };
  }

  /** The statement first, by its place in the log; then the bytes, the reader's or those that are published. */
  private async judge(where: Where, piece: Piece, given: Bytes | null): Promise<Result> {
    const checker = this.checker(where, piece.cam);
    const url = new URL(piece.uri, `${where.tree}film/${piece.cam}/`).href;
    const [n, span] = [/leaf=([0-9]+)/.exec(url)?.[1] ?? "?", this.span(piece.t0, piece.t1)];
    const unsaid: [Mark, string] = ["unsaid", this.word("unsaid")];
    let stated;
    try {
      stated = await checker.stated({ url, t0: piece.t0, t1: piece.t1 });
    } catch (error) {
      if (error instanceof Unreachable) throw error;
      if (error instanceof Absent) return { state: "arriving", rows: [unsaid, unsaid, ["unsaid", this.word("logged-later")]] };
      if (error instanceof Untrue) return { state: "altered", rows: [unsaid, ["no", this.word("unaltered-no")], ["no", this.word(`why-${error.kind}`)]] };
      throw error;
    }
    const certified = isCertified(where);
    const logged: [Mark, string] = [certified ? "yes" : "unsaid", this.word(certified ? "logged-piece" : "logged-station", { n })];
    const withdrawn = where.withdrawn.some(([cam, t0, t1]) => cam === piece.cam && piece.t0 < (t1 ?? Infinity) && t0 < piece.t1);
    let data = given;
    try {
      data ??= await fetchBytes(url);
    } catch (error) {
      if (!(error instanceof Absent) || error instanceof Unreachable) throw error;
      return { state: withdrawn ? "withdrawn" : "arriving", rows: [["no", this.word(withdrawn ? "whole-withdrawn" : "whole-later", span)], unsaid, logged] };
    }
    if (hex(await sha256(data)) !== stated.sha256) return { state: "altered", rows: [unsaid, ["no", this.word("why-bytes")], logged] };
    return { state: withdrawn ? "withdrawn" : "intact", rows: [["yes", this.word(piece.uri.startsWith("live/") ? "whole-lowered" : "whole-piece", span)], ["yes", this.word("unaltered-piece", { station: where.station, n })], logged] };
  }

  // ------------------------------------------------------------------------------------------------------------ a code

  /** Show the camera until a code is in sight. */
  private async look(): Promise<Result | string | null> {
    const stop = (this.scanning = new AbortController());
    this.pick("scanner").hidden = false;
    this.say(this.word("scanning"));
    try {
      const text = await scan(this.pick<HTMLVideoElement>("eye"), stop.signal);
      return text === null ? "" : await this.text(text);
    } catch (error) {
      if (error instanceof DOMException) return this.word("no-camera");
      throw error;
    } finally {
      this.pick("scanner").hidden = true;
    }
  }

  /** What was scanned, typed or pasted: a code by its form, anything else as a link. */
  private async text(text: string): Promise<Result | string | null> {
    const read = readCode(text);
    if (read.kind === "invitation") return this.word("invitation");
    if (read.kind === "link") return this.link(read.url);
    if (read.kind === "other") return /^\/|\.m4s/.test(text) ? this.link(text) : this.word(text === "" ? "no-code" : "link-form");
    if (read.kind === "checkpoint" && read.station !== this.station) {
      location.href = `${location.pathname}?${new URLSearchParams({ s: read.station })}#${new URLSearchParams({ code: text })}`;
      return null;
    }
    const where = await this.where();
    return where === null ? this.word(read.kind === "checkpoint" ? "no-log" : "code-station") : this.paper(read, where);
  }

  /** Paper against the public log, in three sentences: what it is, who signed it, whether the log agrees. */
  private async paper(read: Read & { kind: "checkpoint" | "protocol" }, where: Where): Promise<Result> {
    const { station } = where;
    const unsaid: [Mark, string] = ["unsaid", this.word("unsaid")];
    if (read.kind === "checkpoint" && `${read.log}/s/${station}` !== where.origin) {
      return { of: "code", state: "unknown", rows: [["unsaid", this.word("code-elsewhere", { log: read.log })], unsaid, unsaid] };
    }
    const size = read.kind === "checkpoint" ? read.head.size : read.size;
    const what: [Mark, string] = ["yes", this.word(`code-${read.kind}`, { station, n: size })];
    const signed: [Mark, string] = read.kind === "checkpoint" ? ["yes", this.word(isCertified(where) ? "code-signed" : "code-signed-by", { station })] : ["unsaid", this.word("code-unsigned")];
    try {
      const held = await holdPaper(read, this.checker(where, ""));
      if (held.holds === "ahead") return { of: "code", state: "ahead", rows: [what, signed, ["unsaid", this.word("code-ahead", { n: held.at })]] };
      if (held.holds === "no") return { of: "code", state: "contradicts", rows: [what, signed, ["no", this.word("code-differs")]] };
      return { of: "code", state: "agrees", rows: [what, signed, ["yes", this.word("code-holds", { n: held.at })]] };
    } catch (error) {
      if (!(error instanceof Untrue)) throw error;
      // `paper` is the paper's own signature; everything else is a fault of the published log.
      if (error.detail === PAPER) return { of: "code", state: "forged", rows: [what, ["no", this.word("code-forged", { station })], unsaid] };
      return { of: "code", state: "altered", rows: [what, unsaid, ["no", this.word(`why-${error.kind}`)]] };
    }
  }
}

/** Whether the national log says whose key signs the station's log. */
const isCertified = (where: Where): boolean => where.certificate >= 0 && where.nationKey !== "";

customElements.define("kua-check", Check);

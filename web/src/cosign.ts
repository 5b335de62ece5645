// SPDX-License-Identifier: Apache-2.0
// The page of an observer's telephone: makes a key here, co-signs the station's log by tap and then by itself, shows and gives away what it has signed.

import { Contradiction, Cosigner, type Desk, type Signed } from "./cosigner";
import { noteFromPaper, paperCode } from "./papercode";
import { fromBase64, hex, sha256, Untrue } from "./proof";
import { drawQr } from "./qr";
import { fill, Refusal, rest, tell, type Told } from "./upask";

interface About {
  station: string; origin: string; vkey: string; title: Record<string, string>; election: Record<string, string>; closed: boolean; again: number;
}

interface Detector { detect(image: ImageBitmapSource): Promise<{ rawValue: string }[]> }

const SHOWN = 12;
const TOKEN = "kua-cosign";

/** `-` and `_` of a token's marks are those of RFC 4648 section 5. */
const marked = (text: string): string => {
  const data = fromBase64(`${text.replace(/-/g, "+").replace(/_/g, "/")}=`);
  return data ? hex(data) : "";
};

class Telephone extends HTMLElement {
  private cosigner: Cosigner | null = null;
  private about: About | null = null;
  private readonly desk: Desk = {
    checkpoint: async () => (await this.ask("/checkpoint")).text(),
    steps: async (earlier, later) => ((await (await this.ask(`/consistency?from=${earlier}&to=${later}`)).json()) as { steps: string[] }).steps,
  };

  private piece<T extends Element = HTMLElement>(name: string): T {
    return this.querySelector<T>(`[data-part="${name}"]`)!;
  }

  private word(name: string, facts: Record<string, string | number> = {}): string {
    return fill(this.querySelector<HTMLTemplateElement>("template")!.content.querySelector(`[data-say="${name}"]`)!.textContent!, facts);
  }

  private number(value: number): string {
    return new Intl.NumberFormat(this.dataset.language!).format(value);
  }

  private time(seconds: number): string {
    return new Date(seconds * 1000).toLocaleTimeString(this.dataset.language!, { timeZone: "Asia/Almaty", hour12: false });
  }

  private async ask(path: string, body?: unknown): Promise<Response> {
    const headers = { "Kua-Language": this.dataset.language! };
    const answer = await fetch(path, { cache: "no-store", headers, ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }) });
    if (!answer.ok) throw new Refusal((await answer.json()) as Told);
    return answer;
  }

  async connectedCallback(): Promise<void> {
    const [token = "", certificate = "", log = ""] = (location.hash.slice(1) || sessionStorage.getItem(TOKEN) || "").split(".");
    if (token) sessionStorage.setItem(TOKEN, [token, certificate, log].join("."));
    for (const turn of document.querySelectorAll<HTMLAnchorElement>(".turns a")) turn.href += location.hash;
    try {
      this.about = (await (await this.ask("/about")).json()) as About;
      await this.open(this.about, token, marked(log));
    } catch (error) {
      this.trouble(error);
    }
    if (certificate) this.piece("fingerprint").textContent = marked(certificate).toUpperCase().replace(/(.{4})(?=.)/g, "$1 ");
  }

  private async open(about: About, token: string, log: string): Promise<void> {
    const language = this.dataset.language!;
    this.piece("place").textContent = `${about.title[language]} (${about.station}) · ${about.election[language]}`;
    const digest = hex(await sha256(new TextEncoder().encode(about.vkey)));
    const pinned = await Cosigner.pinned(about.station).catch(() => undefined);
    if ((log && digest !== log) || (pinned !== undefined && digest !== pinned)) return this.show("stranger");
    if (!token && pinned === undefined) return this.show("locked");
    try {
      this.cosigner = await Cosigner.of(about.station, about.vkey, about.origin);
    } catch (error) {
      console.error(error);
      this.piece("trouble").textContent = this.dataset.wordOld!;
      return;
    }
    if (log) await Cosigner.pin(about.station, digest);
    this.piece<HTMLTextAreaElement>("vkey").value = this.cosigner.key.vkey;
    this.buttons(token);
    this.show("open");
    await this.list();
    if (localStorage.getItem(`${TOKEN} ${about.origin}`)) await this.go();
  }

  private show(name: "locked" | "stranger" | "open"): void {
    for (const each of ["locked", "stranger", "open"]) this.piece(each).hidden = each !== name;
  }

  private buttons(token: string): void {
    this.piece("begin").addEventListener("click", () => void this.begin(token));
    this.piece("stop").addEventListener("click", () => {
      localStorage.removeItem(`${TOKEN} ${this.about!.origin}`);
      location.reload();
    });
    this.piece("save").addEventListener("click", () => void this.save());
    this.piece("qr-show").addEventListener("click", () => void this.qr().catch((error: unknown) => this.trouble(error)));
    this.piece<HTMLFormElement>("paper").addEventListener("submit", (event) => {
      event.preventDefault();
      void this.paper(this.piece<HTMLTextAreaElement>("given").value);
    });
    const Reader = (globalThis as { BarcodeDetector?: new (how: { formats: string[] }) => Detector }).BarcodeDetector;
    if (Reader) this.photo(new Reader({ formats: ["qr_code"] }));
  }

  /** Lets a photograph of a printed QR be read, where the browser can. */
  private photo(reader: Detector): void {
    const field = this.piece<HTMLInputElement>("photo");
    this.piece("photo-row").hidden = false;
    field.addEventListener("change", async () => {
      const [file] = field.files ?? [];
      if (!file) return;
      const [found] = await reader.detect(await createImageBitmap(file));
      this.piece<HTMLTextAreaElement>("given").value = found?.rawValue ?? "";
      await this.paper(found?.rawValue ?? "");
    });
  }

  private async begin(token: string): Promise<void> {
    try {
      tell(this.piece("trouble"), null);
      await this.ask("/pair", { token, vkey: this.cosigner!.key.vkey });
      localStorage.setItem(`${TOKEN} ${this.about!.origin}`, "on");
      await this.go();
    } catch (error) {
      this.trouble(error);
    }
  }

  private async go(): Promise<void> {
    this.piece("begin").hidden = true;
    this.piece("running").hidden = false;
    await navigator.wakeLock?.request("screen").catch(() => null);
    while (this.isConnected) {
      try {
        tell(this.piece("trouble"), null);
        const one = await this.cosigner!.sign(this.desk, Date.now());
        if (one) await this.list();
        await this.hand();
        this.piece("state").textContent = this.word("well");
      } catch (error) {
        if (error instanceof Contradiction) return this.contradicted(error);
        this.piece("state").textContent = "";
        this.trouble(error);
      }
      await this.list();
      await rest(1000 * this.about!.again);
    }
  }

  /** Hands the newest co-signature over, if it was not yet; older ones say nothing that it does not. */
  private async hand(): Promise<void> {
    const newest = (await this.cosigner!.signed()).at(-1);
    if (!newest || newest.handed) return;
    try {
      await this.ask("/cosign", { vkey: this.cosigner!.key.vkey, note: newest.note });
      await this.cosigner!.handed(newest);
    } catch (error) {
      // "Too soon" is nobody's trouble: the next one says more. After the close the co-signature stays here, and counts.
      if (!(error instanceof Refusal) || !["guests.too_soon", "guests.not_newer", "listen.closed"].includes(error.told.code)) throw error;
      if (error.told.code === "listen.closed") this.piece("closed").hidden = false;
    }
  }

  private async list(): Promise<void> {
    const signed = await this.cosigner!.signed();
    const last = signed.at(-1);
    this.piece("none").hidden = last !== undefined;
    this.piece("some").hidden = last === undefined;
    if (!last) return;
    this.piece("count").textContent = this.word("count", { number: this.number(signed.length), time: this.time(last.at), entries: this.number(last.size) });
    this.piece("code").textContent = `${last.size} ${await paperCode(last.note)}`;
    this.piece("rows").replaceChildren(...signed.slice(-SHOWN).reverse().map((one) => this.row(one)));
  }

  private row(one: Signed): HTMLElement {
    const row = document.createElement("tr");
    for (const text of [this.time(one.at), this.number(one.size), `${one.root.slice(0, 6)}…`, one.handed ? "✓" : "–"]) {
      row.append(Object.assign(document.createElement("td"), { textContent: text }));
    }
    return row;
  }

  private contradicted(found: Contradiction): void {
    this.piece("running").hidden = true;
    this.piece("fork").hidden = false;
    this.piece("fork-says").textContent = this.word(found.file ? "proved" : found.kind === "smaller" ? "smaller" : "unproved");
    for (const [name, note] of [["fork-one", found.one], ["fork-other", found.other]] as const) this.piece(name).textContent = note;
    const save = this.piece("fork-save");
    save.addEventListener("click", () => {
      if (found.file) return give("contradiction.kua-fork", found.file);
      give("checkpoint-1.txt", found.one);
      give("checkpoint-2.txt", found.other);
    });
    this.piece("fork").scrollIntoView();
  }

  private async save(): Promise<void> {
    const { station, origin, vkey } = this.about!;
    const signed = (await this.cosigner!.signed()).map(({ size, root, at, note }) => ({ size, root, at, note }));
    give(`kua-${station}-cosigned.json`, JSON.stringify({ v: 1, station, origin, log: vkey, vkey: this.cosigner!.key.vkey, signed }, null, 1));
  }

  private async qr(): Promise<void> {
    const { note, rows } = (await (await this.ask("/qr")).json()) as { note: string; rows: string[] };
    drawQr(this.piece<SVGSVGElement>("qr"), rows);
    this.piece("qr-note").textContent = note;
    this.piece("qr-box").hidden = false;
  }

  private async paper(given: string): Promise<void> {
    const said = this.piece("paper-says");
    said.className = "";
    try {
      const head = await this.cosigner!.compare(this.desk, noteFromPaper(given));
      said.className = "good";
      said.textContent = `✓ ${this.word("paper-good", { entries: this.number(head.size) })}`;
    } catch (error) {
      if (error instanceof Contradiction) return this.contradicted(error);
      if (error instanceof Untrue) said.textContent = `✗ ${this.word("paper-bad")}`;
      else this.trouble(error);
    }
  }

  private trouble(error: unknown): void {
    if (error instanceof Untrue) {
      console.error(error);
      this.piece("trouble").textContent = this.word("untrue");
    } else tell(this.piece("trouble"), error);
  }
}

function give(name: string, text: string): void {
  const link = Object.assign(document.createElement("a"), { download: name, href: URL.createObjectURL(new Blob([text], { type: "application/octet-stream" })) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

customElements.define("kua-telephone", Telephone);

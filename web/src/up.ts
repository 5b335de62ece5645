// SPDX-License-Identifier: Apache-2.0
// The shell of the box's own pages: enters with the one-time token, fetches the content of a step, sends forms, shows live pictures and the lamp.

import { act, ask, enter, fill, type Glimpse, language, parts, Refusal, rest, show, tell } from "./upask";
import { drawQr } from "./qr";
import { sheetIsDue, type Visitors, VisitorsPart } from "./upvisitors";
import "./signchair";
import "./zones";

class Shell extends HTMLElement {
  async connectedCallback(): Promise<void> {
    this.addEventListener("submit", (event) => void this.submitted(event as SubmitEvent));
    this.addEventListener("click", (event) => void this.clicked(event));
    try {
      if (!(await enter())) return this.lock();
      await this.load();
    } catch (error) {
      if (error instanceof Refusal && error.told.code === "up.token") return this.lock();
      tell(this.piece("content"), error);
    }
  }

  private piece(name: string): HTMLElement {
    return this.querySelector<HTMLElement>(`[data-part="${name}"]`)!;
  }

  private lock(): void {
    this.piece("locked").hidden = false;
    this.piece("content").hidden = true;
  }

  private async load(): Promise<void> {
    const query = location.search;
    const answer = await ask(`/part/${language()}/${this.dataset.step}${query}`);
    this.piece("content").innerHTML = await answer.text();
    const head = this.querySelector("h1");
    if (head) document.title = `${head.textContent} · ${document.title}`;
    const here = this.querySelector<HTMLAnchorElement>('.steps a[aria-current="step"]');
    // `go` leads to the first step that is not done: the address says which, so that the links of the languages lead there too.
    if (here && location.pathname !== here.pathname) {
      history.replaceState(null, "", here.pathname + query);
      for (const turn of document.querySelectorAll<HTMLAnchorElement>(".turns a")) turn.href = `/${turn.lang}/${here.pathname.split("/")[2]}${query}`;
    }
    document.querySelector<HTMLElement>("main")?.focus();
  }

  private async submitted(event: SubmitEvent): Promise<void> {
    const form = event.target as HTMLFormElement;
    if (form.dataset.go) {
      event.preventDefault();
      location.assign(form.dataset.go);
      return;
    }
    if (!form.dataset.do) return;
    event.preventDefault();
    const body: Record<string, unknown> = { ...form.dataset };
    for (const field of form.elements) {
      if (field instanceof HTMLInputElement && field.type === "checkbox") body[field.name] = field.checked;
      else if ((field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement || field instanceof HTMLSelectElement) && field.name) body[field.name] = field.value;
    }
    await this.doing(form, form.dataset.do, body);
  }

  private async clicked(event: Event): Promise<void> {
    const button = (event.target as Element).closest<HTMLButtonElement>("button[data-do]");
    if (!button) return;
    const pick = button.dataset.pick;
    await this.doing(button, button.dataset.do!, { ...button.dataset, ...(pick === undefined ? {} : { pick: Number(pick) }) });
  }

  private async doing(from: HTMLElement, name: string, body: unknown): Promise<void> {
    const trouble = from.querySelector('[data-part="trouble"]') ?? from.closest("section, kua-day, kua-second")?.querySelector('[data-part="trouble"]') ?? this.querySelector('[data-part="trouble"]');
    const buttons = from instanceof HTMLButtonElement ? [from] : [...from.querySelectorAll("button")];
    for (const button of buttons) button.disabled = true;
    try {
      tell(trouble, null);
      await act(name, body);
      if (from.dataset.next) return location.assign(from.dataset.next);
      const done = from.querySelector('[data-part="done"]');
      if (done) done.textContent = `✓ ${this.dataset.wordSent}`;
      from.dispatchEvent(new CustomEvent("kua-done", { bubbles: true }));
    } catch (error) {
      tell(trouble, error);
    }
    for (const button of buttons) button.disabled = false;
  }
}

/** A live picture of one source. */
class Live extends HTMLElement {
  async connectedCallback(): Promise<void> {
    const image = this.querySelector("img")!;
    const query = `pick=${this.dataset.pick}${this.dataset.raw === undefined ? "" : "&raw"}`;
    while (this.isConnected) {
      const seen = await glimpse(`/look/${this.dataset.cam}?${query}`);
      if (seen) {
        show(image, seen.raw);
        this.dataset.live = "";
        this.dispatchEvent(new CustomEvent("kua-seen", { detail: seen, bubbles: true }));
      }
      await rest(this.classList.contains("small") ? 1000 : 400);
    }
  }
}

/** Raw | sent with a line between them. */
class Pair extends HTMLElement {
  async connectedCallback(): Promise<void> {
    const raw = this.querySelector<HTMLImageElement>(".raw")!;
    const sent = this.querySelector<HTMLImageElement>(".sent")!;
    const grip = document.querySelector<HTMLInputElement>("#edge")!;
    const share = document.querySelector('[data-part="share"]')!;
    const move = (): void => this.style.setProperty("--edge", `${grip.value}%`);
    grip.addEventListener("input", move);
    this.addEventListener("pointermove", (event) => {
      if (event.buttons === 0 && event.pointerType !== "mouse") return;
      const box = this.getBoundingClientRect();
      grip.value = String(Math.round(((event.clientX - box.left) / box.width) * 100));
      move();
    });
    move();
    let said = 0;
    while (this.isConnected) {
      const seen = await glimpse(`/look/${this.dataset.cam}?pick=0`);
      if (seen && seen.sent.length) {
        show(raw, seen.raw);
        show(sent, seen.sent);
        this.dataset.live = "";
        this.dataset.filled = seen.filled;
        if (performance.now() - said > 3000) {
          said = performance.now();
          share.textContent = seen.filled ? this.dataset.wordFilled! : fill(this.dataset.wordHidden!, { share: seen.hidden });
        }
      }
      await rest(300);
    }
  }
}

async function glimpse(path: string): Promise<Glimpse | null> {
  try {
    const answer = await ask(path);
    return answer.status === 204 ? null : parts(await answer.arrayBuffer());
  } catch (error) {
    if (error instanceof Refusal && error.told.code === "up.closed") location.reload();
    return null;
  }
}

class Still extends HTMLElement {
  async connectedCallback(): Promise<void> {
    this.querySelector("img")!.src = URL.createObjectURL(await (await ask(`/still/${this.dataset.cam}`)).blob());
  }
}

/** How the learning of the empty room goes on. */
class Learning extends HTMLElement {
  private found: Glimpse | null = null;

  async connectedCallback(): Promise<void> {
    document.addEventListener("kua-seen", (event) => (this.found = (event as CustomEvent<Glimpse>).detail));
    let was = "";
    while (this.isConnected) {
      const state = await stateOf(this.dataset.cam!);
      if (state) this.say(state);
      if (state?.learning === "done" && was !== "" && was !== "done") return location.assign(this.dataset.next!);
      was = state?.learning || (was === "" ? "none" : was);
      await rest(500);
    }
  }

  private say(state: State): void {
    const bar = this.querySelector("progress")!;
    const said = this.querySelector('[data-part="said"]')!;
    const waits = state.learning === "wait" || state.learning === "learn";
    bar.hidden = !waits;
    bar.max = state.needs_ms;
    const still = Math.min(this.found?.still_ms ?? 0, state.needs_ms);
    bar.value = state.learning === "learn" ? state.needs_ms : still;
    const people = this.found?.people ?? -1;
    if (state.learning === "learn") said.textContent = this.dataset.wordLearn!;
    else if (state.learning === "wait" && people > 0) said.textContent = fill(this.dataset.wordFound!, { number: people });
    else if (state.learning === "wait") said.textContent = fill(this.dataset.wordWait!, { seconds: Math.floor(still / 1000), needed: state.needs_ms / 1000 });
    else said.textContent = "";
    if (state.error) tell(this.parentElement!.querySelector('[data-part="trouble"]'), new Refusal(state.error));
  }
}

interface State {
  learning: string; needs_ms: number; error?: { code: string; what: string; why: string; do: string };
  second?: { vkey: string; code: string; confirmed: boolean; signed: boolean };
  lamp: string; why: string; said: string; running: boolean; recorded_to: number | null; owed_files: number; owed_bytes: number;
  people: [number, number] | null; hidden: number | null; free_bytes: number; code: string; code_rows: string[];
  visitors: Visitors; paper: string;
}

async function stateOf(cam: string): Promise<State | null> {
  try {
    return (await (await ask(`/state/${cam}`)).json()) as State;
  } catch {
    return null;
  }
}

/** The box's half of the second signature. */
class Second extends HTMLElement {
  async connectedCallback(): Promise<void> {
    const part = (name: string): HTMLElement => this.querySelector<HTMLElement>(`[data-part="${name}"]`)!;
    const cam = this.dataset.cam!;
    let code = "";
    part("same").addEventListener("click", () => void act("compared", { code }).catch((error: unknown) => tell(this.querySelector(':scope > [data-part="trouble"]'), error)));
    part("shut").addEventListener("click", () => void act("shut", {}).then(() => location.reload()));
    while (this.isConnected) {
      const second = (await stateOf(cam))?.second;
      if (second?.signed) return location.assign(this.dataset.next!);
      code = second?.code ?? "";
      part("scan").hidden = code !== "";
      part("compare").hidden = code === "" || second!.confirmed;
      part("certify").hidden = !second?.confirmed;
      part("code").textContent = code;
      (part("vkey") as HTMLTextAreaElement).value = second?.vkey ?? "";
      await rest(700);
    }
  }
}

/** The lamp and the figures of the day. */
class Day extends HTMLElement {
  private visitors: VisitorsPart | null = null;

  private word(kind: string, name: string): HTMLElement | null {
    return this.querySelector<HTMLTemplateElement>("template")!.content.querySelector<HTMLElement>(`[data-${kind}="${name}"]`);
  }

  private piece(name: string): HTMLElement {
    return this.querySelector<HTMLElement>(`[data-part="${name}"]`)!;
  }

  async connectedCallback(): Promise<void> {
    this.piece("stop").addEventListener("click", () => { this.piece("sure").hidden = false; this.piece("really").focus(); });
    this.piece("keep").addEventListener("click", () => { this.piece("sure").hidden = true; this.piece("stop").focus(); });
    this.addEventListener("kua-done", () => (this.piece("sure").hidden = true));
    this.visitors = new VisitorsPart((name) => this.piece(name), (error) => tell(this.piece("trouble"), error));
    while (this.isConnected) {
      const state = await stateOf(this.dataset.cam!);
      if (state) this.say(state);
      else this.lost();
      await rest(1000);
    }
  }

  /** What is not known is not shown as known: a lamp that lies once is worse than none. */
  private lost(): void {
    this.lamp("trouble", document.querySelector<HTMLElement>("[data-word-away]")!.dataset.wordAway!);
  }

  private lamp(lamp: string, says: string): void {
    const word = this.word("lamp", lamp)!;
    this.querySelector<HTMLElement>(".lamp-box")!.dataset.lamp = lamp;
    for (const [name, text] of [["sign", word.dataset.sign!], ["name", word.textContent], ["says", says]] as const) {
      if (this.piece(name).textContent !== text) this.piece(name).textContent = text;
    }
  }

  /** The liveness code in letters and as a QR code, drawn module by module, for the camera to see. */
  private code(code: string, rows: string[]): void {
    this.piece("live").hidden = code === "";
    if (this.piece("code").textContent === code) return;
    this.piece("code").textContent = code;
    drawQr(this.querySelector<SVGSVGElement>('[data-part="qr"]')!, rows);
  }

  private say(state: State): void {
    this.lamp(state.lamp, [this.word("why", state.why)?.textContent ?? "", state.said].filter(Boolean).join(" "));
    this.piece("start").hidden = state.running || state.lamp === "closed";
    this.piece("stop").hidden = !state.running;
    if (!state.running) this.piece("sure").hidden = true;
    const lang = this.dataset.language!;
    const number = (value: number, digits = 0): string => new Intl.NumberFormat(lang, { maximumFractionDigits: digits }).format(value);
    const text = (name: string, facts: Record<string, string> = {}): string => fill(this.word("say", name)!.textContent, facts);
    const people = state.people;
    const figures: Record<string, string> = {
      people: !state.running || !people ? "–" : people[1] < 5 ? text("few") : people[0] === people[1] ? number(people[1]) : `${number(people[0])}–${number(people[1])}`,
      until: state.recorded_to === null ? "–" : new Date(state.recorded_to).toLocaleTimeString(lang, { timeZone: "Asia/Almaty", hour12: false }),
      owed: state.owed_files === 0 ? text("nothing") : text("files", { files: number(state.owed_files), megabytes: number(state.owed_bytes / 1e6, 1) }),
      hidden: state.hidden === null || !state.running ? "–" : text("seconds", { number: number(state.hidden) }),
      free: text("gigabytes", { number: number(state.free_bytes / 1e9) }),
    };
    for (const [name, value] of Object.entries(figures)) if (this.piece(name).textContent !== value) this.piece(name).textContent = value;
    this.code(state.running ? state.code : "", state.code_rows);
    this.piece("protocol").hidden = state.paper === "";
    if (this.piece("paper").textContent !== state.paper) this.piece("paper").textContent = state.paper;
    const told = state.visitors;
    const time = told.last === null ? "" : new Date(told.last).toLocaleTimeString(lang, { timeZone: "Asia/Almaty", hour12: false });
    this.piece("cosigning").textContent = text(told.cosigning ? "cosigned" : "cosigned-none", { number: number(told.cosigning), time, admitted: number(told.admitted) });
    this.piece("due").hidden = !state.running || !sheetIsDue();
    this.visitors!.say(told);
  }
}

customElements.define("kua-live", Live);
customElements.define("kua-pair", Pair);
customElements.define("kua-still", Still);
customElements.define("kua-learning", Learning);
customElements.define("kua-second", Second);
customElements.define("kua-day", Day);
customElements.define("kua-up", Shell);

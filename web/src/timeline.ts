// SPDX-License-Identifier: Apache-2.0
// <kua-timeline>: makes the drawn day (server-rendered SVG) a slider for mouse, finger and keys. Speaks to the player by two events on the
// document: `kua-seek` (the reader chose a moment) and `kua-time` (the moment that is shown). Both carry milliseconds since 1970.

const STEPS: Record<string, number> = { ArrowLeft: -5_000, ArrowDown: -5_000, ArrowRight: 5_000, ArrowUp: 5_000, PageDown: -600_000, PageUp: 600_000 };

export type Span = [t0: number, t1: number, kind: string, word: string];

/** The clock of the stations: `14:03:20`. `east` is its distance from UTC in milliseconds. */
export function clockText(at: number, east: number): string {
  return new Date(at + east).toISOString().slice(11, 19);
}

export function readSpans(text: string | undefined): Span[] {
  return text ? (JSON.parse(text) as Span[]) : [];
}

export function spanAt(spans: Span[], at: number): Span | undefined {
  return spans.find(([t0, t1]) => t0 <= at && at < t1);
}

class Timeline extends HTMLElement {
  private slider = document.createElement("div");
  private t0 = 0;
  private t1 = 0;
  private at = 0;
  private shownAt = 0;
  private east = 0;
  private spans: Span[] = [];

  connectedCallback(): void {
    const player = document.querySelector<HTMLElement>("kua-player");
    if (!player) return;
    this.t0 = Number(this.dataset["t0"]);
    this.t1 = Number(this.dataset["t1"]);
    this.at = Number(player.dataset["at"] ?? this.dataset["to"]);
    this.east = Number(player.dataset["east"]);
    this.spans = readSpans(player.dataset["spans"]);
    this.slider.setAttribute("role", "slider");
    this.slider.setAttribute("aria-label", this.dataset["label"] ?? "");
    this.slider.setAttribute("aria-valuemin", this.dataset["from"] ?? "");
    this.slider.setAttribute("aria-valuemax", this.dataset["to"] ?? "");
    this.slider.tabIndex = 0;
    this.slider.addEventListener("keydown", (event) => this.onKey(event));
    this.slider.addEventListener("pointerdown", (event) => this.onPoint(event));
    this.append(this.slider);
    document.addEventListener("kua-time", (event) => this.show((event as CustomEvent<number>).detail));
    this.show(this.at);
  }

  private onPoint(event: PointerEvent): void {
    const box = this.slider.getBoundingClientRect();
    this.choose(this.t0 + ((event.clientX - box.left) / box.width) * (this.t1 - this.t0));
  }

  private onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = STEPS[event.key];
    const goal = step !== undefined ? this.at + step : event.key === "Home" ? Number(this.dataset["from"]) : event.key === "End" ? this.last() : null;
    if (goal === null) return;
    event.preventDefault();
    event.stopPropagation();
    this.choose(goal);
  }

  private last(): number {
    return Math.max(Number(this.dataset["to"]), this.shownAt);
  }

  private choose(at: number): void {
    const goal = Math.round(Math.min(this.last(), Math.max(Number(this.dataset["from"]), at)));
    this.show(goal);
    document.dispatchEvent(new CustomEvent("kua-seek", { detail: goal }));
  }

  private show(at: number): void {
    this.at = at;
    this.shownAt = Math.max(this.shownAt, at);
    const word = spanAt(this.spans, at)?.[3];
    this.slider.setAttribute("aria-valuenow", String(Math.round(at)));
    this.slider.setAttribute("aria-valuemax", String(Math.round(this.last())));
    this.slider.setAttribute("aria-valuetext", clockText(at, this.east) + (word ? `, ${word}` : ""));
    const cursor = this.querySelector<SVGLineElement>("[data-part=cursor]");
    const place = `${Math.min(100, Math.max(0, ((at - this.t0) / (this.t1 - this.t0)) * 100))}%`;
    cursor?.setAttribute("x1", place);
    cursor?.setAttribute("x2", place);
    cursor?.setAttribute("visibility", "visible");
  }
}

if (!customElements.get("kua-timeline")) customElements.define("kua-timeline", Timeline);

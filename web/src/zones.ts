// SPDX-License-Identifier: Apache-2.0
// The editor of zones: polygons over the live picture, moved by mouse, finger or keyboard; every change is kept by the box at once, and can be undone.

import { act, fill, type Glimpse, tell } from "./upask";
import { type Corner, FILLED, outline, squares, svg, UNIT, type Zones } from "./zonesdraw";

interface Zone { kind: string; shape: Corner[] }
interface Drawing { zones: Zone[]; heads: Corner[] }
interface Grip { zone: number; corner: number }

const STEP = 100;
const FINE = 15;
const READY: Record<string, [number, number]> = { booth: [1400, 3600], box: [900, 1300], slot: [500, 300], door: [2200, 3600], issue: [2600, 1800] };
const clamp = (value: number): number => Math.max(0, Math.min(UNIT, Math.round(value)));

class ZonesEditor extends HTMLElement {
  private drawing: Drawing = { zones: [], heads: [] };
  private past: string[] = [];
  private future: string[] = [];
  private width = 1280;
  private height = 720;
  private names: Record<string, string> = {};
  private saving = 0;
  private seen: Zones = {};
  private pulled: { grip: Grip; from: Corner; before: Drawing } | null = null;

  connectedCallback(): void {
    this.width = Number(this.dataset.width);
    this.height = Number(this.dataset.height);
    this.names = JSON.parse(this.dataset.names!) as Record<string, string>;
    const given = JSON.parse(this.dataset.drawing!) as { zones: Zones; heads: Corner[] };
    this.drawing = { zones: Object.entries(given.zones).flatMap(([kind, shapes]) => shapes.map((shape) => ({ kind, shape }))), heads: given.heads };
    this.button("add").addEventListener("click", () => this.add());
    this.button("undo").addEventListener("click", () => this.back());
    this.button("redo").addEventListener("click", () => this.forth());
    this.button("stickers").addEventListener("click", () => this.takeStickers());
    this.addEventListener("kua-seen", (event) => this.offer((event as CustomEvent<Glimpse>).detail.zones));
    const sheet = this.sheet();
    sheet.addEventListener("pointerdown", (event) => this.pull(event));
    sheet.addEventListener("pointermove", (event) => this.drag(event));
    sheet.addEventListener("pointerup", () => this.let());
    sheet.addEventListener("pointercancel", () => this.let());
    sheet.addEventListener("keydown", (event) => this.key(event));
    this.addEventListener("keydown", (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z") return;
      event.preventDefault();
      if (event.shiftKey) this.forth();
      else this.back();
    });
    new ResizeObserver(() => this.paint()).observe(sheet);
    this.paint();
  }

  private sheet(): SVGSVGElement {
    return this.querySelector<SVGSVGElement>("svg.sheet")!;
  }

  private button(name: string): HTMLButtonElement {
    return this.querySelector<HTMLButtonElement>(`button[data-part="${name}"]`)!;
  }

  // ------------------------------------------------------------------------------------------------------- changing

  private change(work: (drawing: Drawing) => void): void {
    const before = JSON.stringify(this.drawing);
    const next = JSON.parse(before) as Drawing;
    work(next);
    if (JSON.stringify(next) === before) return;
    this.past.push(before);
    this.future = [];
    this.drawing = next;
    this.changed();
  }

  private changed(): void {
    this.paint();
    this.keep();
  }

  private back(): void {
    const before = this.past.pop();
    if (before === undefined) return;
    this.future.push(JSON.stringify(this.drawing));
    this.drawing = JSON.parse(before) as Drawing;
    this.changed();
  }

  private forth(): void {
    const next = this.future.pop();
    if (next === undefined) return;
    this.past.push(JSON.stringify(this.drawing));
    this.drawing = JSON.parse(next) as Drawing;
    this.changed();
  }

  private add(): void {
    const kind = this.querySelector<HTMLSelectElement>('[data-part="kind"]')!.value;
    const [wide, high] = READY[kind] ?? [2000, 1600];
    // Each new zone beside the one before: two that cover each other look like one.
    const shift = ((this.drawing.zones.length * 700) % 4200) - 2100;
    const [x, y] = [5000 - wide / 2 + shift, 5000 - high / 2 + shift / 3];
    const shape = [[x, y], [x + wide, y], [x + wide, y + high], [x, y + high]].map(([a, b]): Corner => [clamp(a!), clamp(b!)]);
    this.change((drawing) => drawing.zones.push({ kind, shape }));
    this.focusOn({ zone: this.drawing.zones.length - 1, corner: -1 });
  }

  /** Stickers in the picture draw zones; a person decides whether to take them. */
  private offer(zones: Zones): void {
    this.seen = zones;
    this.querySelector<HTMLElement>('[data-part="offer"]')!.hidden = Object.keys(zones).length === 0;
  }

  private takeStickers(): void {
    this.change((drawing) => {
      drawing.zones = drawing.zones.filter(({ kind }) => !(kind in this.seen));
      for (const [kind, shapes] of Object.entries(this.seen)) for (const shape of shapes) drawing.zones.push({ kind, shape });
    });
  }

  private drop(at: number): void {
    this.change((drawing) => drawing.zones.splice(at, 1));
  }

  /** Moves a corner, a zone (corner -1), or a head (zone -1): its row, or its size by the handle (corner 10 and more). */
  private moved(drawing: Drawing, { zone, corner }: Grip, dx: number, dy: number): void {
    if (zone < 0) {
      const head = drawing.heads[corner % 10]!;
      if (corner >= 10) head[1] = Math.max(4, Math.round(head[1] + (2 * dy * this.height) / UNIT));
      else head[0] = clamp(head[0] + dy);
      return;
    }
    const shape = drawing.zones[zone]!.shape;
    if (corner >= 0) {
      shape[corner] = [clamp(shape[corner]![0] + dx), clamp(shape[corner]![1] + dy)];
      return;
    }
    const [xs, ys] = [shape.map(([x]) => x), shape.map(([, y]) => y)];
    const right = Math.max(-Math.min(...xs), Math.min(UNIT - Math.max(...xs), dx));
    const down = Math.max(-Math.min(...ys), Math.min(UNIT - Math.max(...ys), dy));
    drawing.zones[zone]!.shape = shape.map(([x, y]) => [Math.round(x + right), Math.round(y + down)]);
  }

  // ------------------------------------------------------------------------------------------------- mouse and finger

  private place(event: PointerEvent): Corner {
    const box = this.sheet().getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * UNIT, ((event.clientY - box.top) / box.height) * UNIT];
  }

  private gripOf(target: EventTarget | null): Grip | null {
    const found = (target as Element).closest<SVGElement>("[data-zone]");
    return found ? { zone: Number(found.dataset.zone), corner: Number(found.dataset.corner) } : null;
  }

  private pull(event: PointerEvent): void {
    const grip = this.gripOf(event.target);
    if (!grip || event.button !== 0) return;
    event.preventDefault();
    this.sheet().setPointerCapture(event.pointerId);
    this.pulled = { grip, from: this.place(event), before: JSON.parse(JSON.stringify(this.drawing)) as Drawing };
    this.focusOn(grip);
  }

  private drag(event: PointerEvent): void {
    if (!this.pulled) return;
    const [x, y] = this.place(event);
    this.drawing = JSON.parse(JSON.stringify(this.pulled.before)) as Drawing;
    this.moved(this.drawing, this.pulled.grip, x - this.pulled.from[0], y - this.pulled.from[1]);
    this.paint();
  }

  private let(): void {
    const pulled = this.pulled;
    this.pulled = null;
    if (!pulled) return;
    const after = this.drawing;
    this.drawing = pulled.before;
    this.change((drawing) => Object.assign(drawing, after));
  }

  // -------------------------------------------------------------------------------------------------------- keyboard

  private key(event: KeyboardEvent): void {
    const grip = this.gripOf(event.target);
    if (!grip || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = event.shiftKey ? FINE : STEP;
    const way: Record<string, Corner> = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    const by = way[event.key];
    const isHead = grip.zone < 0;
    if (by) this.change((drawing) => this.moved(drawing, grip, ...by));
    else if (isHead && (event.key === "+" || event.key === "=")) this.change((drawing) => (drawing.heads[grip.corner % 10]![1] += 2));
    else if (isHead && event.key === "-") this.change((drawing) => (drawing.heads[grip.corner % 10]![1] = Math.max(4, drawing.heads[grip.corner % 10]![1] - 2)));
    else if (!isHead && event.key === "Delete") this.cut(grip);
    else if (!isHead && event.key === "Insert") this.insert(grip);
    else return;
    event.preventDefault();
  }

  private cut(grip: Grip): void {
    const shape = this.drawing.zones[grip.zone]!.shape;
    if (grip.corner < 0 || shape.length <= 3) return this.drop(grip.zone);
    this.change((drawing) => drawing.zones[grip.zone]!.shape.splice(grip.corner, 1));
    this.focusOn({ zone: grip.zone, corner: Math.max(0, grip.corner - 1) });
  }

  private insert(grip: Grip): void {
    const at = Math.max(0, grip.corner);
    this.change((drawing) => {
      const shape = drawing.zones[grip.zone]!.shape;
      const [a, b] = [shape[at]!, shape[(at + 1) % shape.length]!];
      shape.splice(at + 1, 0, [Math.round((a[0] + b[0]) / 2), Math.round((a[1] + b[1]) / 2)]);
    });
    this.focusOn({ zone: grip.zone, corner: at + 1 });
  }

  private focusOn({ zone, corner }: Grip): void {
    this.sheet().querySelector<SVGElement>(`[tabindex][data-zone="${zone}"][data-corner="${corner}"]`)?.focus();
  }

  // --------------------------------------------------------------------------------------------------------- keeping

  private body(): { cam: string; zones: Zones; heads: Corner[] } {
    const zones: Zones = {};
    for (const { kind, shape } of this.drawing.zones) (zones[kind] ??= []).push(shape);
    return { cam: this.dataset.cam!, zones, heads: this.drawing.heads };
  }

  private keep(): void {
    const said = this.querySelector('[data-part="saved"]')!;
    said.textContent = this.dataset.wordSaving!;
    clearTimeout(this.saving);
    this.saving = window.setTimeout(async () => {
      const trouble = this.querySelector('[data-part="zones-trouble"]');
      try {
        await act("draw", this.body());
        tell(trouble, null);
        said.textContent = this.dataset.wordSaved!;
      } catch (error) {
        said.textContent = "";
        tell(trouble, error);
      }
    }, 300);
  }

  // -------------------------------------------------------------------------------------------------------- painting

  private paint(): void {
    const sheet = this.sheet();
    // Grips and words keep their size on the screen, however small the picture is shown.
    const k = this.width / Math.max(200, sheet.clientWidth);
    const active = document.activeElement instanceof SVGElement && sheet.contains(document.activeElement) ? this.gripOf(document.activeElement) : null;
    const numbers: Record<string, number> = {};
    const black: SVGElement[] = [];
    const shapes: SVGElement[] = [];
    const rows: HTMLElement[] = [];
    this.drawing.zones.forEach(({ kind, shape }, at) => {
      const number = (numbers[kind] = (numbers[kind] ?? 0) + 1);
      const name = this.names[kind] ?? kind;
      if (FILLED.has(kind)) black.push(svg("path", { d: squares(shape, this.width, this.height), class: "black" }));
      const body = svg("polygon", { points: outline(shape, this.width, this.height), class: `zone zone-${kind}`, tabindex: 0, role: "button", "data-zone": at, "data-corner": -1 });
      body.setAttribute("aria-label", fill(this.dataset.wordZone!, { name, number }));
      const [x, y] = [Math.min(...shape.map(([each]) => each)), Math.min(...shape.map(([, each]) => each))];
      const label = svg("text", { x: (x / UNIT) * this.width + 2 * k, y: Math.max(15 * k, (y / UNIT) * this.height - 5 * k), class: "zone-name", "aria-hidden": "true", "font-size": 13 * k });
      label.textContent = `${name} ${number}`;
      shapes.push(body, label);
      shape.forEach(([cx, cy], corner) => {
        const middle = { cx: (cx / UNIT) * this.width, cy: (cy / UNIT) * this.height, "data-zone": at, "data-corner": corner };
        const grip = svg("circle", { ...middle, r: (sheet.clientWidth < 500 ? 4 : 6) * k, class: "corner", tabindex: 0, role: "button" });
        const facts = { name, number, corner: corner + 1, corners: shape.length, x: Math.round(cx / 100), y: Math.round(cy / 100) };
        grip.setAttribute("aria-label", fill(this.dataset.wordCorner!, facts));
        shapes.push(svg("circle", { ...middle, r: 15 * k, class: "hit" }), grip);
      });
      rows.push(this.row(at, kind, name, number));
    });
    sheet.replaceChildren(...black, ...shapes, ...this.heads(k));
    this.querySelector('[data-part="list"]')!.replaceChildren(...rows);
    this.button("undo").disabled = this.past.length === 0;
    this.button("redo").disabled = this.future.length === 0;
    const none = document.querySelector<HTMLElement>('[data-part="no-booth"]');
    if (none) none.hidden = this.drawing.zones.some(({ kind }) => kind === "booth");
    if (active) this.focusOn(active);
  }

  private row(at: number, kind: string, name: string, number: number): HTMLElement {
    const row = document.createElement("li");
    const swatch = Object.assign(document.createElement("span"), { className: `swatch swatch-${kind}` });
    const remove = Object.assign(document.createElement("button"), { type: "button", className: "plain-button small-button", textContent: "×" });
    remove.setAttribute("aria-label", fill(this.dataset.wordRemove!, { name, number }));
    remove.addEventListener("click", () => this.drop(at));
    row.append(swatch, ` ${name} ${number} `, remove);
    return row;
  }

  private heads(k: number): SVGElement[] {
    return this.drawing.heads.flatMap(([row, pixels], at) => {
      const isFar = this.drawing.heads.every(([other]) => row <= other);
      const x = this.width * (isFar ? 0.46 : 0.54) + at;
      const y = (row / UNIT) * this.height;
      const oval = svg("ellipse", { cx: x, cy: y, rx: pixels * 0.38, ry: pixels / 2, class: "head", tabindex: 0, role: "button", "data-zone": -1, "data-corner": at });
      oval.setAttribute("aria-label", isFar ? this.dataset.wordFar! : this.dataset.wordNear!);
      const word = svg("text", { x: x + pixels * 0.42 + 4 * k, y: y + 5 * k, class: "zone-name", "aria-hidden": "true", "font-size": 13 * k });
      word.textContent = isFar ? this.dataset.wordLabelFar! : this.dataset.wordLabelNear!;
      const low = { cx: x, cy: y + pixels / 2, "data-zone": -1, "data-corner": at + 10 };
      return [oval, word, svg("circle", { ...low, r: 13 * k, class: "hit" }), svg("circle", { ...low, r: 5 * k, class: "corner head-handle" })];
    });
  }
}

customElements.define("kua-zones", ZonesEditor);

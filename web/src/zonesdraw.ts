// SPDX-License-Identifier: Apache-2.0
// How zones look on a picture: filled ones as the whole 16-pixel squares that they grow to, the others as outlines. The reckoning is that of `kua.sight.zones.touched`.

export type Corner = [number, number];
export type Zones = Record<string, Corner[][]>;

export const UNIT = 10_000;
const PAD = 16;
export const FILLED = new Set(["booth", "screen"]);

/** The squares of 16 pixels, as [column, row], that a polygon touches: by a corner that it winds about, or by an edge. Points in ten-thousandths. */
export function touched(shape: Corner[], width: number, height: number): Corner[] {
  const columns = Math.ceil(width / PAD);
  const rows = Math.ceil(height / PAD);
  const points = shape.map(([x, y]): Corner => [((x / UNIT) * width) / PAD, ((y / UNIT) * height) / PAD]);
  const found: Corner[] = [];
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      if (winds(points, column, row) || edges(points).some(([from, to]) => crosses(from, to, column, row))) found.push([column, row]);
    }
  }
  return found;
}

function edges(points: Corner[]): [Corner, Corner][] {
  return points.map((point, at) => [point, points[(at + 1) % points.length]!]);
}

function winds(points: Corner[], column: number, row: number): boolean {
  return [[0, 0], [1, 0], [0, 1], [1, 1]].some(([dx, dy]) => winding(points, column + dx!, row + dy!) !== 0);
}

export function winding(points: Corner[], x: number, y: number): number {
  let turns = 0;
  for (const [[x0, y0], [x1, y1]] of edges(points)) {
    if (y >= Math.min(y0, y1) && y < Math.max(y0, y1) && x < x0 + ((y - y0) * (x1 - x0)) / (y1 - y0)) turns += y1 > y0 ? 1 : -1;
  }
  return turns;
}

/** Whether an edge passes through a square or touches it (Liang and Barsky, with the border). */
function crosses([x0, y0]: Corner, [x1, y1]: Corner, column: number, row: number): boolean {
  let first = 0;
  let last = 1;
  const slack = 1e-9;
  for (const [start, step, low, high] of [[x0, x1 - x0, column, column + 1], [y0, y1 - y0, row, row + 1]] as const) {
    if (Math.abs(step) < slack) {
      if (start < low - slack || start > high + slack) return false;
      continue;
    }
    const [near, far] = [(low - slack - start) / step, (high + slack - start) / step].sort((a, b) => a - b) as [number, number];
    first = Math.max(first, near);
    last = Math.min(last, far);
    if (first > last) return false;
  }
  return true;
}

export function svg<K extends keyof SVGElementTagNameMap>(name: K, attributes: Record<string, string | number>): SVGElementTagNameMap[K] {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}

export function outline(shape: Corner[], width: number, height: number): string {
  return shape.map(([x, y]) => `${((x / UNIT) * width).toFixed(1)},${((y / UNIT) * height).toFixed(1)}`).join(" ");
}

/** One path of whole squares. */
export function squares(shape: Corner[], width: number, height: number): string {
  return touched(shape, width, height).map(([column, row]) => `M${column * PAD} ${row * PAD}h${PAD}v${PAD}h${-PAD}z`).join("");
}

/** Zones for looking at only. */
export function drawn(zones: Zones, width: number, height: number): SVGElement[] {
  const made: SVGElement[] = [];
  for (const [kind, shapes] of Object.entries(zones)) {
    for (const shape of shapes) {
      if (FILLED.has(kind)) made.push(svg("path", { d: squares(shape, width, height), class: "black" }));
      made.push(svg("polygon", { points: outline(shape, width, height), class: `zone zone-${kind}` }));
    }
  }
  return made;
}

// SPDX-License-Identifier: Apache-2.0
// A QR code that the box or the listener has reckoned, drawn on the page.

/** Draws a QR code module by module, with its quiet zone. */
export function drawQr(svg: SVGSVGElement, rows: string[]): void {
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", rows.map((row, y) => [...row].map((bit, x) => (bit === "1" ? `M${x + 4} ${y + 4}h1v1h-1z` : "")).join("")).join(""));
  svg.setAttribute("viewBox", `0 0 ${rows.length + 8} ${rows.length + 8}`);
  svg.replaceChildren(path);
}

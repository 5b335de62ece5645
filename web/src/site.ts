// SPDX-License-Identifier: Apache-2.0
// What every page may use if scripts run: a clock that ticks, tables that sort. The pages say all they know without it.

import { serverNow } from "./clock.js";

async function tick(shown: HTMLElement): Promise<void> {
  const now = await serverNow();
  const east = offsetOf(shown.getAttribute("datetime") ?? "");
  const write = (): void => {
    const at = new Date(now() + east);
    shown.textContent = at.toISOString().slice(11, 19);
  };
  write();
  setInterval(write, 1000);
}

/** Milliseconds by which an ISO 8601 time is ahead of UTC. */
function offsetOf(text: string): number {
  const found = /([+-])(\d\d):(\d\d)$/.exec(text);
  return found ? (found[1] === "-" ? -1 : 1) * (Number(found[2]) * 60 + Number(found[3])) * 60_000 : 0;
}

class Sort extends HTMLElement {
  connectedCallback(): void {
    const heads = Array.from(this.querySelectorAll<HTMLTableCellElement>("thead th"));
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent?.trim() ?? "";
      head.replaceChildren(button);
      button.addEventListener("click", () => this.by(heads, head, column));
    });
  }

  private by(heads: HTMLTableCellElement[], head: HTMLTableCellElement, column: number): void {
    const down = head.getAttribute("aria-sort") === "ascending";
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const body = this.querySelector("tbody")!;
    const compare = new Intl.Collator(document.documentElement.lang, { numeric: true }).compare;
    const word = (row: HTMLTableRowElement): string => {
      const cell = row.cells[column]!;
      return cell.dataset["sort"] ?? (head.classList.contains("figure") ? cell.innerText.replace(/[^0-9]/g, "") : cell.innerText.trim());
    };
    const rows = Array.from(body.rows).sort((one, other) => compare(word(one), word(other)) * (down ? -1 : 1));
    body.append(...rows);
  }
}

customElements.define("kua-sort", Sort);
const shown = document.querySelector<HTMLElement>("[data-clock]");
if (shown) void tick(shown).catch(() => undefined);

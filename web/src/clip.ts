// SPDX-License-Identifier: Apache-2.0
// <kua-clip>: lends the form of *Make a clip* the moment that the player shows. Until the reader writes a time of their own the form follows the player: half
// a minute before, half a minute after. Listens to `kua-time` on the document (see timeline.ts); the form works without it.

import { clockText } from "./timeline";

const AROUND = 30_000;

class Clip extends HTMLElement {
  private at: number | null = null;
  private touched = false;

  connectedCallback(): void {
    const player = document.querySelector<HTMLElement>("kua-player");
    if (!player) return;
    const [from, to] = [this.querySelector<HTMLInputElement>("[name=from]"), this.querySelector<HTMLInputElement>("[name=to]")];
    if (!from || !to) return;
    const east = Number(player.dataset["east"]);
    for (const [input, name] of [[from, "from"], [to, "to"]] as const) {
      const button = this.querySelector<HTMLButtonElement>(`[data-part=${name}]`);
      input.addEventListener("input", () => (this.touched = true));
      button?.addEventListener("click", () => {
        if (this.at === null) return;
        this.touched = true;
        input.value = clockText(this.at, east);
      });
    }
    const follow = (event: Event): void => {
      this.at = (event as CustomEvent<number>).detail;
      for (const button of this.querySelectorAll<HTMLButtonElement>("[data-part]")) button.hidden = false;
      if (this.touched) return;
      [from.value, to.value] = [clockText(this.at - AROUND, east), clockText(this.at + AROUND, east)];
    };
    document.addEventListener("kua-time", follow);
    document.addEventListener("kua-seek", follow);
  }
}

if (!customElements.get("kua-clip")) customElements.define("kua-clip", Clip);

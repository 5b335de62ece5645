// SPDX-License-Identifier: Apache-2.0
// The demonstration's slider: asks for the newest pair of pictures twice a second and lets the reader move the line between them.

const EVERY = 500;

class Slider extends HTMLElement {
  connectedCallback(): void {
    const raw = this.querySelector<HTMLImageElement>(".raw")!;
    const sent = this.querySelector<HTMLImageElement>(".sent")!;
    const grip = document.querySelector<HTMLInputElement>("#edge")!;
    const move = (): void => this.style.setProperty("--edge", `${grip.value}%`);
    grip.addEventListener("input", move);
    this.addEventListener("pointermove", (event) => {
      if (event.buttons === 0 && event.pointerType !== "mouse") return;
      const box = this.getBoundingClientRect();
      grip.value = String(Math.round(((event.clientX - box.left) / box.width) * 100));
      move();
    });
    move();
    void this.ask(raw, sent);
  }

  private async ask(raw: HTMLImageElement, sent: HTMLImageElement): Promise<void> {
    while (this.isConnected) {
      const pair = await fetched(this.dataset.pictures!);
      if (pair) {
        const length = new DataView(pair).getUint32(0);
        show(raw, pair.slice(4, 4 + length));
        show(sent, pair.slice(4 + length));
        this.dataset.live = "";
      }
      await new Promise((again) => setTimeout(again, EVERY));
    }
  }
}

async function fetched(url: string): Promise<ArrayBuffer | null> {
  try {
    const answer = await fetch(url, { cache: "no-store" });
    return answer.ok ? await answer.arrayBuffer() : null;
  } catch {
    return null;
  }
}

function show(image: HTMLImageElement, picture: ArrayBuffer): void {
  const before = image.src;
  image.src = URL.createObjectURL(new Blob([picture], { type: "image/jpeg" }));
  if (before.startsWith("blob:")) URL.revokeObjectURL(before);
}

customElements.define("kua-slider", Slider);

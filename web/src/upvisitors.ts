// SPDX-License-Identifier: Apache-2.0
// Observers' telephones on the box's own page: open, invite one, close; and the sheet of the hour, which is printed.

import { drawQr } from "./qr";
import { act, fill } from "./upask";

export interface Visitors {
  open: boolean; at: string; fingerprint: string; invited: boolean; admitted: number; cosigning: number; last: number | null;
  /** Cameras that are telephones, and whether a code waits for one. */
  filming: Record<string, boolean>;
}

const PRINTED = "kua-sheet";
const hour = (): string => new Date().toISOString().slice(0, 13);

/** Whether nobody has printed a sheet on this page in this hour. */
export function sheetIsDue(): boolean {
  return localStorage.getItem(PRINTED) !== hour();
}

export class VisitorsPart {
  private invited = false;
  private admitted = 0;
  private camera = "";

  constructor(private readonly piece: (name: string) => HTMLElement, private readonly trouble: (error: unknown) => void) {
    piece("invite").addEventListener("click", () => void this.invite("").catch(trouble));
  }

  private async invite(camera: string): Promise<void> {
    this.trouble(null);
    const { url, rows } = (await act("invite", camera ? { camera } : {})) as { url: string; rows: string[] };
    this.camera = camera;
    this.piece("films-note").hidden = camera === "";
    drawQr(this.piece("visit-qr") as unknown as SVGSVGElement, rows);
    this.piece("visit-url").textContent = url;
    this.piece("invitation").hidden = false;
    this.piece("let-in").hidden = true;
    this.invited = true;
  }

  say(told: Visitors): void {
    this.piece("closed-to").hidden = told.open;
    this.piece("open-to").hidden = !told.open;
    if (this.piece("visit-at").textContent !== told.at) this.piece("visit-at").textContent = told.at;
    if (this.piece("visit-fingerprint").textContent !== told.fingerprint) this.piece("visit-fingerprint").textContent = told.fingerprint;
    // The code was used, or has run out: an old one that stays on the screen would only be scanned in vain.
    this.films(Object.keys(told.filming));
    if (this.invited && !(this.camera ? told.filming[this.camera] : told.invited)) {
      this.piece("invitation").hidden = true;
      this.piece("let-in").hidden = this.camera === "" && told.admitted <= this.admitted;
      this.invited = false;
    }
    if (!this.invited) this.admitted = told.admitted;
  }

  /** One button for each camera that is a telephone. */
  private films(cameras: string[]): void {
    const rows = this.piece("films-rows");
    if (rows.childElementCount === cameras.length) return;
    rows.replaceChildren(...cameras.map((camera) => {
      const made = this.piece("films").cloneNode(true) as HTMLElement;
      made.hidden = false;
      delete made.dataset["part"];
      const name = made.querySelector('[data-part="films-name"]')!;
      name.textContent = fill(name.textContent!, { camera: camera.toUpperCase() });
      made.querySelector("button")!.addEventListener("click", () => void this.invite(camera).catch(this.trouble));
      return made;
    }));
  }
}

/** The sheet: what it shows is the newest state, and stays so while it is being printed. */
class Sheet extends HTMLElement {
  connectedCallback(): void {
    this.querySelector('[data-part="print"]')!.addEventListener("click", () => print());
    this.querySelector('[data-part="again"]')!.addEventListener("click", () => location.reload());
    addEventListener("afterprint", () => localStorage.setItem(PRINTED, hour()));
    if (!this.dataset.closed) setTimeout(() => location.reload(), 60_000);
  }
}

customElements.define("kua-sheet", Sheet);

// SPDX-License-Identifier: Apache-2.0
// The second device's page: shows the empty room and what is signed, makes a key here, compares a number with the box's screen, signs.

import { keyOf, type PersonKey, signed } from "./signkey";
import { fill, Refusal, rest, tell, type Told } from "./upask";
import { drawn } from "./zonesdraw";

interface What {
  station: string; region: string; camera: string; text: string; width: number; height: number; roles: string[];
  zones: Record<string, [number, number][][]>; names: Record<string, string>; title: Record<string, string>; election: Record<string, string>;
}

class SecondDevice extends HTMLElement {
  private token = "";
  private key: PersonKey | null = null;

  private piece<T extends Element = HTMLElement>(name: string): T {
    return this.querySelector<T>(`[data-part="${name}"]`)!;
  }

  private async ask(path: string, body: unknown = {}): Promise<Response> {
    const headers = { Authorization: `Bearer ${this.token}`, "Kua-Language": this.dataset.language! };
    const answer = await fetch(path, { method: "POST", body: JSON.stringify(body), headers, cache: "no-store" });
    if (!answer.ok) throw new Refusal((await answer.json()) as Told);
    return answer;
  }

  async connectedCallback(): Promise<void> {
    this.token = location.hash.slice(1) || sessionStorage.getItem("kua-second") || "";
    sessionStorage.setItem("kua-second", this.token);
    for (const turn of document.querySelectorAll<HTMLAnchorElement>(".turns a")) turn.href += `#${this.token}`;
    try {
      const what = (await (await this.ask("/what")).json()) as What;
      await this.present(what);
      this.piece("make").addEventListener("click", () => void this.make(what));
      this.piece<HTMLFormElement>("form").addEventListener("submit", (event) => void this.sign(event, what));
    } catch (error) {
      if (error instanceof Refusal && error.told.code === "up.token") this.piece("locked").hidden = false;
      else tell(this.piece("trouble"), error);
    }
  }

  private async present(what: What): Promise<void> {
    const language = this.dataset.language!;
    this.piece("place").textContent = `${what.title[language]} (${what.station}), ${what.camera} · ${what.election[language]}`;
    this.piece("text").textContent = what.text;
    const roles = this.piece<HTMLSelectElement>("role");
    for (const option of [...roles.options]) if (!what.roles.includes(option.value)) option.remove();
    this.piece<HTMLImageElement>("still").src = URL.createObjectURL(await (await this.ask("/still")).blob());
    const sheet = this.piece<SVGSVGElement>("sheet");
    sheet.setAttribute("viewBox", `0 0 ${what.width} ${what.height}`);
    sheet.replaceChildren(...drawn(what.zones, what.width, what.height));
    for (const [kind, shapes] of Object.entries(what.zones)) {
      if (!shapes.length) continue;
      const line = document.createElement("li");
      const swatch = Object.assign(document.createElement("span"), { className: `swatch swatch-${kind}` });
      line.append(swatch, fill(" {name}: {number}", { name: what.names[kind] ?? kind, number: shapes.length }));
      this.piece("zones").append(line);
    }
    this.piece("open").hidden = false;
  }

  private async make(what: What): Promise<void> {
    const role = this.piece<HTMLSelectElement>("role").value;
    try {
      this.key = await keyOf(`person/${role}/${role === "territorial" ? what.region : what.station}`);
    } catch (error) {
      console.error(error);
      this.piece("trouble").textContent = this.dataset.wordOld!;
      return;
    }
    try {
      tell(this.piece("trouble"), null);
      const { code } = (await (await this.ask("/key", { vkey: this.key.vkey })).json()) as { code: string };
      this.piece("code").textContent = code;
      this.piece("who").hidden = true;
      this.piece("compare").hidden = false;
      this.piece<HTMLTextAreaElement>("vkey").value = this.key.vkey;
      await this.follow();
    } catch (error) {
      tell(this.piece("trouble"), error);
    }
  }

  private async follow(): Promise<void> {
    const field = this.piece<HTMLTextAreaElement>("certificate");
    field.value = localStorage.getItem(`kua-certificate ${this.key!.vkey}`) ?? "";
    while (this.isConnected) {
      const state = (await (await this.ask("/state")).json()) as { confirmed: boolean; certificate: string; signed: boolean };
      this.piece("waits").hidden = state.confirmed;
      this.piece("form").hidden = !state.confirmed || state.signed;
      if (state.certificate && !field.value) field.value = state.certificate;
      if (state.signed) {
        this.piece("signed").hidden = false;
        this.piece("compare").hidden = true;
        return;
      }
      await rest(700);
    }
  }

  private async sign(event: Event, what: What): Promise<void> {
    event.preventDefault();
    const certificate = this.piece<HTMLTextAreaElement>("certificate").value;
    try {
      tell(this.piece("trouble"), null);
      await this.ask("/sign", { vkey: this.key!.vkey, signature: await signed(this.key!, what.text), certificate });
      localStorage.setItem(`kua-certificate ${this.key!.vkey}`, certificate);
      this.piece("signed").hidden = false;
      this.piece("form").hidden = true;
      this.piece("compare").hidden = true;
    } catch (error) {
      tell(this.piece("trouble"), error);
    }
  }
}

customElements.define("kua-second-device", SecondDevice);

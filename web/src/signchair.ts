// SPDX-License-Identifier: Apache-2.0
// The chair's signature on the box's own page: the key is made here, the certificate is pasted, the signature goes to the box. Signs only when pressed.

import { keyOf, type PersonKey, signed } from "./signkey";
import { act, tell } from "./upask";

class Sign extends HTMLElement {
  async connectedCallback(): Promise<void> {
    const part = <T extends HTMLElement>(name: string): T => this.querySelector<T>(`[data-part="${name}"]`)!;
    const trouble = part("trouble");
    let key: PersonKey;
    try {
      key = await keyOf(this.dataset.name!);
    } catch (error) {
      console.error(error);
      trouble.textContent = this.dataset.old!;
      return;
    }
    part<HTMLTextAreaElement>("vkey").value = key.vkey;
    const kept = `kua-certificate ${key.vkey}`;
    const certificate = part<HTMLTextAreaElement>("certificate");
    certificate.value = localStorage.getItem(kept) ?? "";
    const copy = part<HTMLButtonElement>("copy");
    copy.addEventListener("click", () => void navigator.clipboard.writeText(key.vkey).then(() => (copy.textContent = copy.dataset.wordDone!)));
    part<HTMLFormElement>("form").addEventListener("submit", async (event) => {
      event.preventDefault();
      event.stopPropagation();
      try {
        tell(trouble, null);
        const signature = await signed(key, this.dataset.text!);
        await act("sign", { cam: this.dataset.cam, vkey: key.vkey, signature, certificate: certificate.value });
        localStorage.setItem(kept, certificate.value);
        location.reload();
      } catch (error) {
        tell(trouble, error);
      }
    });
  }
}

customElements.define("kua-sign", Sign);

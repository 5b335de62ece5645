// SPDX-License-Identifier: Apache-2.0
// How the box's own page speaks to the box: with a token that only this page's origin holds. No cookie, so no other page can act in our name.

export interface Told { code: string; what: string; why: string; do: string }

/** The box refuses, in words. */
export class Refusal extends Error {
  constructor(readonly told: Told) {
    super(told.code);
  }
}

const KEPT = "kua-up";

export function language(): string {
  return document.documentElement.lang;
}

/** Changes the one-time token in the address for a session. Returns whether there is one now. */
export async function enter(): Promise<boolean> {
  const token = location.hash.slice(1);
  if (token.length > 20) {
    history.replaceState(null, "", location.pathname + location.search);
    const answer = await fetch("/enter", { method: "POST", body: JSON.stringify({ token }) });
    if (answer.ok) localStorage.setItem(KEPT, ((await answer.json()) as { session: string }).session);
  }
  return localStorage.getItem(KEPT) !== null;
}

export async function ask(path: string, body?: unknown): Promise<Response> {
  const headers = { Authorization: `Bearer ${localStorage.getItem(KEPT) ?? ""}` };
  const init = body === undefined ? { headers } : { method: "POST", body: JSON.stringify(body), headers };
  const answer = await fetch(path, { cache: "no-store", ...init });
  if (!answer.ok) throw new Refusal((await answer.json()) as Told);
  return answer;
}

export async function act(name: string, body: unknown): Promise<unknown> {
  return (await ask(`/do/${language()}/${name}`, body)).json();
}

/** Says in `place` what is wrong; takes it back with null. */
export function tell(place: Element | null, error: unknown): void {
  if (!place) return;
  place.replaceChildren();
  if (error === null) return;
  const away = document.querySelector<HTMLElement>("[data-word-away]")?.dataset.wordAway ?? "";
  const told = error instanceof Refusal ? error.told : { code: "", what: away, why: "", do: "" };
  if (!(error instanceof Refusal)) console.error(error);
  for (const text of [told.what, told.why, told.do]) {
    if (text) place.append(Object.assign(document.createElement("p"), { textContent: text }));
  }
  if (told.code) place.append(Object.assign(document.createElement("p"), { textContent: told.code, className: "code quiet" }));
}

export const rest = (millis: number): Promise<void> => new Promise((again) => setTimeout(again, millis));

export function fill(text: string, facts: Record<string, string | number>): string {
  return text.replace(/\{([a-z_]+)\}/g, (_all, name: string) => String(facts[name] ?? ""));
}

export interface Glimpse { still_ms: number; people: number; hidden: number; filled: string; zones: Record<string, [number, number][][]>; raw: Uint8Array<ArrayBuffer>; sent: Uint8Array<ArrayBuffer> }

/** Takes the three parts of a picture apart: JSON, raw, sent, each with its length in four bytes. */
export function parts(data: ArrayBuffer): Glimpse {
  const view = new DataView(data);
  const found: Uint8Array<ArrayBuffer>[] = [];
  for (let at = 0; found.length < 3; ) {
    const length = view.getUint32(at);
    found.push(new Uint8Array(data, at + 4, length));
    at += 4 + length;
  }
  return { ...(JSON.parse(new TextDecoder().decode(found[0]!)) as Omit<Glimpse, "raw" | "sent">), raw: found[1]!, sent: found[2]! };
}

export function show(image: HTMLImageElement, picture: Uint8Array<ArrayBuffer>): void {
  const before = image.src;
  image.src = URL.createObjectURL(new Blob([picture], { type: "image/jpeg" }));
  if (before.startsWith("blob:")) URL.revokeObjectURL(before);
}

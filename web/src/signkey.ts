// SPDX-License-Identifier: Apache-2.0
// A person's key, made in the browser: Ed25519 by WebCrypto, not extractable, kept in IndexedDB of this address. Its public half travels as a C2SP verifier key line.

import { type Bytes, join, sha256 } from "./proof";

export interface PersonKey { name: string; pair: CryptoKeyPair; vkey: string }

const STORE = "keys";

function opened(base: string): Promise<IDBDatabase> {
  return new Promise((done, failed) => {
    const request = indexedDB.open(base, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });
}

/** Does `work` in one transaction of the store that this address has under the name `base`; what it wrote is kept when this returns. */
export async function within<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore, done: (value: T) => void) => IDBRequest<T> | void, base = "kua-person"): Promise<T> {
  const held = await opened(base);
  try {
    return await new Promise<T>((done, failed) => {
      const act = held.transaction(STORE, mode, { durability: "strict" });
      let value: T;
      const request = work(act.objectStore(STORE), (told) => (value = told));
      if (request) request.onsuccess = () => (value = request.result);
      act.oncomplete = () => done(value);
      act.onerror = act.onabort = () => failed(act.error);
    });
  } finally {
    held.close();
  }
}

export const base64 = (data: Bytes): string => btoa(String.fromCharCode(...data));

/** The verifier key line: name, the first four bytes of SHA-256(name 0x0A kind key) in hex, base64 of the kind (0x01: notes, 0x04: co-signatures) and the key. */
export async function lineOf(name: string, open: Bytes, kind = 1): Promise<string> {
  const material = join(Uint8Array.of(kind), open);
  const id = (await sha256(join(new TextEncoder().encode(`${name}\n`), material))).slice(0, 4);
  return `${name}+${Array.from(id, (byte) => byte.toString(16).padStart(2, "0")).join("")}+${base64(material)}`;
}

/** Returns this device's key of that name, made now if it has none. Throws where the browser knows no Ed25519. */
export async function keyOf(name: string, kind = 1, base?: string): Promise<PersonKey> {
  let pair = await within<CryptoKeyPair | undefined>("readonly", (store) => store.get(name), base);
  if (!pair) {
    pair = (await crypto.subtle.generateKey({ name: "Ed25519" }, false, ["sign", "verify"])) as CryptoKeyPair;
    await within("readwrite", (store) => store.put(pair, name), base);
  }
  const open = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  return { name, pair, vkey: await lineOf(name, open, kind) };
}

/** Signs exactly the bytes of `text`; returns base64. */
export async function signed(key: PersonKey, text: string): Promise<string> {
  return base64(new Uint8Array(await crypto.subtle.sign({ name: "Ed25519" }, key.pair.privateKey, new TextEncoder().encode(text))));
}

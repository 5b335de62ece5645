// SPDX-License-Identifier: Apache-2.0
// A person's key, made in the browser: Ed25519 by WebCrypto, not extractable, kept in IndexedDB of this address. Its public half travels as a C2SP verifier key line.

import { type Bytes, join, sha256 } from "./proof";

export interface PersonKey { name: string; pair: CryptoKeyPair; vkey: string }

const STORE = "keys";

function opened(): Promise<IDBDatabase> {
  return new Promise((done, failed) => {
    const request = indexedDB.open("kua-person", 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });
}

async function within<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const base = await opened();
  try {
    return await new Promise<T>((done, failed) => {
      const request = work(base.transaction(STORE, mode).objectStore(STORE));
      request.onsuccess = () => done(request.result);
      request.onerror = () => failed(request.error);
    });
  } finally {
    base.close();
  }
}

const base64 = (data: Bytes): string => btoa(String.fromCharCode(...data));

/** The verifier key line: name, the first four bytes of SHA-256(name 0x0A 0x01 key) in hex, base64 of 0x01 and the key. */
export async function lineOf(name: string, open: Bytes): Promise<string> {
  const material = join(Uint8Array.of(1), open);
  const id = (await sha256(join(new TextEncoder().encode(`${name}\n`), material))).slice(0, 4);
  return `${name}+${Array.from(id, (byte) => byte.toString(16).padStart(2, "0")).join("")}+${base64(material)}`;
}

/** Returns this device's key of that name, made now if it has none. Throws where the browser knows no Ed25519. */
export async function keyOf(name: string): Promise<PersonKey> {
  let pair = await within<CryptoKeyPair | undefined>("readonly", (store) => store.get(name));
  if (!pair) {
    pair = (await crypto.subtle.generateKey({ name: "Ed25519" }, false, ["sign", "verify"])) as CryptoKeyPair;
    await within("readwrite", (store) => store.put(pair, name));
  }
  const open = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  return { name, pair, vkey: await lineOf(name, open) };
}

/** Signs exactly the bytes of `text`; returns base64. */
export async function signed(key: PersonKey, text: string): Promise<string> {
  return base64(new Uint8Array(await crypto.subtle.sign({ name: "Ed25519" }, key.pair.privateKey, new TextEncoder().encode(text))));
}

// SPDX-License-Identifier: Apache-2.0
// Reads a QR code with the camera of the reader's device, or from a picture. The pictures go nowhere: each is looked at and dropped.
// The browser's own BarcodeDetector where it has one, else a library that is loaded only then.

const EVERY = 150; // milliseconds between two looks
const WIDEST = 1280; // a larger picture is made smaller before it is searched

interface Detector { detect(source: ImageBitmapSource): Promise<{ rawValue: string }[]> }
interface DetectorKind { new (options: { formats: string[] }): Detector; getSupportedFormats(): Promise<string[]> }
type Look = (picture: HTMLVideoElement | ImageBitmap, width: number, height: number) => Promise<string | null>;

let chosen: Promise<Look> | undefined;

async function choose(): Promise<Look> {
  const own = (globalThis as { BarcodeDetector?: DetectorKind }).BarcodeDetector;
  if (own && (await own.getSupportedFormats().catch((): string[] => [])).includes("qr_code")) {
    const detector = new own({ formats: ["qr_code"] });
    return async (picture) => (await detector.detect(picture))[0]?.rawValue ?? null;
  }
  const { decodeQR } = await import("qr/decode.js");
  const canvas = document.createElement("canvas");
  const drawn = canvas.getContext("2d", { willReadFrequently: true })!;
  const textDecoder = (bytes: Uint8Array): string => new TextDecoder().decode(bytes as Uint8Array<ArrayBuffer>);
  return async (picture, width, height) => {
    const scale = Math.min(1, WIDEST / Math.max(width, height));
    [canvas.width, canvas.height] = [Math.round(width * scale), Math.round(height * scale)];
    drawn.drawImage(picture, 0, 0, canvas.width, canvas.height);
    try {
      return decodeQR(drawn.getImageData(0, 0, canvas.width, canvas.height), { textDecoder, timeLimit: 60 });
    } catch {
      return null; // no code in this picture
    }
  };
}

const look: Look = async (...given) => (await (chosen ??= choose()))(...given);

export const hasCamera = (): boolean => navigator.mediaDevices !== undefined && "getUserMedia" in navigator.mediaDevices;

/** The text of the code in a picture, or null. */
export async function codeIn(file: Blob): Promise<string | null> {
  const picture = await createImageBitmap(file);
  try {
    return await look(picture, picture.width, picture.height);
  } finally {
    picture.close();
  }
}

/** Shows the camera in `video` until a code is read or `stop` is aborted (then null). Throws what getUserMedia throws where there is no camera or no leave. */
export async function scan(video: HTMLVideoElement, stop: AbortSignal): Promise<string | null> {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: false, video: { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } } });
  try {
    if (stop.aborted) return null;
    video.srcObject = stream;
    await video.play();
    while (!stop.aborted) {
      const found = video.videoWidth > 0 ? await look(video, video.videoWidth, video.videoHeight) : null;
      if (found) return found;
      await new Promise((go) => setTimeout(go, EVERY));
    }
    return null;
  } finally {
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  }
}

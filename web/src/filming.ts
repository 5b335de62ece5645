// SPDX-License-Identifier: Apache-2.0
// A telephone that films for a station: opens its camera, offers the picture to the box (WHIP, RFC 9725), and begins again by itself while somebody wants it to.
// No sound; nothing is kept here but the secret by which the box knows this telephone again.

import { fill, Refusal, rest, tell, type Told } from "./upask";

interface State { width: number; height: number; fps: number; ready: boolean; pictures: number; session?: string }

const KEPT = "kua-films";
const EVERY = 2000; // milliseconds between two looks
const BITRATE = 2_500_000;
const GATHER = 1500; // milliseconds that candidates are waited for

class Filming extends HTMLElement {
  private token = "";
  private camera = "";
  private secret = "";
  private wanted = false;
  private stream: MediaStream | null = null;
  private line: RTCPeerConnection | null = null;
  private place: string | null = null;
  private wish: State | null = null;
  private awake: WakeLockSentinel | null = null;

  private piece<T extends Element = HTMLElement>(name: string): T {
    return this.querySelector<T>(`[data-part="${name}"]`)!;
  }

  private say(name: string, facts: Record<string, string | number> = {}): void {
    const text = fill(this.querySelector<HTMLTemplateElement>("template")!.content.querySelector(`[data-say="${name}"]`)!.textContent!, facts);
    const state = this.piece("state");
    if (state.textContent !== text) state.textContent = text;
    state.dataset["say"] = name;
  }

  private number(value: number): string {
    return new Intl.NumberFormat(this.dataset["language"]).format(value);
  }

  async connectedCallback(): Promise<void> {
    const [token = "", , camera = ""] = (location.hash.slice(1) || sessionStorage.getItem(KEPT) || "").split(".");
    [this.token, this.camera] = [token, camera];
    for (const turn of document.querySelectorAll<HTMLAnchorElement>(".turns a")) turn.href += location.hash;
    if (!token || !camera) {
      this.piece("locked").hidden = false;
      return;
    }
    sessionStorage.setItem(KEPT, `${token}..${camera}`);
    this.secret = sessionStorage.getItem(`${KEPT} ${token}`) ?? Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
    sessionStorage.setItem(`${KEPT} ${token}`, this.secret);
    this.piece("open").hidden = false;
    this.piece("start").addEventListener("click", () => void this.start());
    this.piece("stop").addEventListener("click", () => void this.stop());
    this.piece<HTMLSelectElement>("eyes").addEventListener("change", () => void this.change());
    document.addEventListener("visibilitychange", () => void this.wake());
    this.say("ready");
    try {
      this.wish = await this.look();
      this.piece("which").textContent = fill(this.querySelector<HTMLTemplateElement>("template")!.content.querySelector('[data-say="which"]')!.textContent!, {
        camera: this.camera.toUpperCase(), width: this.wish.width, height: this.wish.height,
      });
    } catch (error) {
      tell(this.piece("trouble"), error);
    }
  }

  // ---------------------------------------------------------------------------------------------------------- the box

  private async ask(method: string, path: string, bearer: string, body?: string): Promise<Response> {
    const headers = { Authorization: `Bearer ${bearer}`, "Kua-Language": this.dataset["language"]!, "Kua-Secret": this.secret, ...(body === undefined ? {} : { "Content-Type": "application/sdp" }) };
    const answer = await fetch(path, { method, cache: "no-store", headers, ...(body === undefined ? {} : { body }) });
    if (!answer.ok) throw new Refusal((await answer.json()) as Told);
    return answer;
  }

  /** With the one-time token, and once the box has learned it, with the secret. */
  private async known(method: string, path: string, body?: string): Promise<Response> {
    const isIn = sessionStorage.getItem(`${KEPT} in ${this.token}`) !== null;
    const [first, second] = isIn ? [this.secret, this.token] : [this.token, this.secret];
    try {
      return await this.ask(method, path, first, body);
    } catch (error) {
      if (!(error instanceof Refusal) || error.told.code !== "listen.token") throw error;
      return this.ask(method, path, second, body);
    }
  }

  private async look(): Promise<State> {
    return (await (await this.known("GET", `/whip/${this.camera}`)).json()) as State;
  }

  // ------------------------------------------------------------------------------------------------------- the camera

  private async open(): Promise<MediaStreamTrack> {
    const eye = this.piece<HTMLSelectElement>("eyes").value;
    const wish = this.wish ?? { width: 1280, height: 720, fps: 10 };
    this.stream = await navigator.mediaDevices.getUserMedia({
      audio: false,
      video: {
        ...(eye ? { deviceId: { exact: eye } } : { facingMode: "environment" }),
        width: { ideal: wish.width }, height: { ideal: wish.height }, frameRate: { ideal: Math.max(10, wish.fps), max: 30 },
      },
    });
    this.piece<HTMLVideoElement>("picture").srcObject = this.stream;
    await this.eyes();
    const track = this.stream.getVideoTracks()[0]!;
    track.contentHint = "detail"; // a still room: sharp rather than smooth
    return track;
  }

  /** Which cameras this telephone has; browsers name them only to a page that may film. */
  private async eyes(): Promise<void> {
    const found = (await navigator.mediaDevices.enumerateDevices()).filter((device) => device.kind === "videoinput" && device.deviceId !== "");
    const choice = this.piece<HTMLSelectElement>("eyes");
    const now = this.stream?.getVideoTracks()[0]?.getSettings().deviceId ?? "";
    choice.replaceChildren(...found.map((device, at) => new Option(device.label || String(at + 1), device.deviceId, false, device.deviceId === now)));
    this.piece("eyes-row").hidden = found.length < 2;
  }

  private async change(): Promise<void> {
    if (!this.wanted) return;
    this.shut();
    this.release();
  }

  private release(): void {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = null;
  }

  private async wake(): Promise<void> {
    if (!this.wanted || document.visibilityState !== "visible" || (this.awake && !this.awake.released)) return;
    this.awake = (await navigator.wakeLock?.request("screen").catch(() => null)) ?? null;
  }

  // --------------------------------------------------------------------------------------------------------- the film

  private async start(): Promise<void> {
    if (this.wanted) return;
    this.wanted = true;
    this.piece("start").hidden = true;
    this.piece("stop").hidden = false;
    await this.wake();
    let before = -1;
    while (this.wanted && this.isConnected) {
      try {
        tell(this.piece("trouble"), null);
        if (this.line === null) await this.begin();
        await rest(EVERY);
        if (!this.wanted) break;
        before = await this.check(before);
      } catch (error) {
        this.shut();
        before = -1;
        if (!this.wanted) break;
        if (error instanceof DOMException) {
          this.release();
          this.say("no-camera");
        } else if (error instanceof Refusal && ["whip.not_filming", "whip.outside"].includes(error.told.code)) {
          this.say("waits");
        } else {
          this.say("lost");
          tell(this.piece("trouble"), error);
        }
        await rest(EVERY);
      }
    }
  }

  /** Offers the picture, and takes the answer. */
  private async begin(): Promise<void> {
    const track = this.stream?.getVideoTracks().find((each) => each.readyState === "live") ?? (await this.open());
    this.say("connecting");
    const line = (this.line = new RTCPeerConnection({ iceServers: [] }));
    const sender = line.addTransceiver(track, { direction: "sendonly", sendEncodings: [{ maxBitrate: BITRATE }] });
    const codecs = RTCRtpReceiver.getCapabilities?.("video")?.codecs ?? [];
    const order = [/h264/i, /vp8/i, /rtx/i].flatMap((kind) => codecs.filter((codec) => kind.test(codec.mimeType)));
    if (order.length > 0) sender.setCodecPreferences?.(order);
    await line.setLocalDescription(await line.createOffer());
    await gathered(line);
    const answer = await this.known("POST", `/whip/${this.camera}`, line.localDescription!.sdp);
    this.place = answer.headers.get("Location");
    sessionStorage.setItem(`${KEPT} in ${this.token}`, "yes");
    await line.setRemoteDescription({ type: "answer", sdp: await answer.text() });
    // A picture that shrinks when the line is thin would no longer be the one that was signed: rather fewer pictures.
    const how = sender.sender.getParameters();
    await sender.sender.setParameters({ ...how, degradationPreference: "maintain-resolution" } as RTCRtpSendParameters).catch(() => undefined);
  }

  /** Says what the box has received; throws when it has received nothing since the last look. */
  private async check(before: number): Promise<number> {
    const state = await this.look();
    const { width = 0, height = 0 } = this.stream?.getVideoTracks()[0]?.getSettings() ?? {};
    if (!state.ready) throw new Refusal({ code: "whip.not_filming", what: "", why: "", do: "" });
    if (state.pictures <= Math.max(before, 0) && before >= 0) throw new Error("no picture has come");
    if (height > width) this.say("upright");
    else if (state.pictures > 0) this.say("films", { number: this.number(state.pictures), width, height });
    return state.pictures;
  }

  private shut(): void {
    this.line?.close();
    this.line = null;
    this.place = null;
  }

  private async stop(): Promise<void> {
    this.wanted = false;
    const place = this.place;
    this.piece("stop").hidden = true;
    this.shut();
    this.release();
    this.piece<HTMLVideoElement>("picture").srcObject = null;
    await this.awake?.release().catch(() => undefined);
    this.say("stopped");
    if (place) await this.known("DELETE", place).catch(() => undefined);
    this.piece("start").hidden = false;
  }
}

/** Until the browser knows its own addresses, or long enough. */
async function gathered(line: RTCPeerConnection): Promise<void> {
  const done = new Promise<void>((go) => {
    line.addEventListener("icegatheringstatechange", () => line.iceGatheringState === "complete" && go());
    if (line.iceGatheringState === "complete") go();
  });
  await Promise.race([done, rest(GATHER)]);
}

customElements.define("kua-filming", Filming);

# SPDX-License-Identifier: Apache-2.0
"""The process `hide`: decodes a camera's packets, hides, holds back, encodes. It has no network and no disk, and what leaves it is film or a number.

Fail closed: whatever goes wrong between a decoded picture and its hiding fills the whole picture. The raw picture is never sent on. Capture
times come from `kua.flow.anchor`; what is hidden becomes film, and what is missing a hole, in `kua.station.film`.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from kua.core.errors import KuaError
from kua.core.instant import Instant, Millis, slot_of, slot_start
from kua.flow.anchor import LONG, Anchor, ClockWatch, Micros
from kua.flow.camera_clock import CameraClock
from kua.flow.keyframes import Keyframes
from kua.flow.ladder import Ladder, Step
from kua.media.cutter import Grid
from kua.ports.source import Decoder, Picture
from kua.ports.trip import trip
from kua.sight.geometry import Kind
from kua.sight.hider import Hider
from kua.sight.raw import RawFrame
from kua.sight.safe import SafeFrame, filled
from kua.sight.sealed import SealedFrame, sealed_filled
from kua.station.film import Filming, Held, Run
from kua.station.liveness import Reading
from kua.station.means import Fitted, Means, Shape
from kua.station.pipe import DEVICE_FAULTS, Beat, Ended, Fault, Health, Lost, Message, Packet, Rung, Start
from kua.station.vitals import Vitals

HOLD: Final = Millis(1_500)
"""Pictures wait so long before they are encoded: a moved camera that is noticed within this time takes the pictures before it along."""
LATE: Final = Millis(500)
"""Further behind the camera than this nothing is examined any more: pictures are filled until the process has caught up."""
BUSY: Final = Millis(200)
"""Further behind than this every picture but one in `BUSY_STEP` is left out: a busy computer lowers the rate of pictures, never the hiding."""
BUSY_STEP: Final = Millis(300)
LATE_STEP: Final = Millis(800)
"""While nothing is examined, one filled picture in so long keeps the run alive (a hole ends it after 1 s) and the rest of the time catches up."""
ASPECT: Final = 0.01
"""Pictures whose shape differs by more than this from the film's are not squeezed into it."""
BACK: Final = Millis(2_000)
"""A camera whose media time stays behind for so long has set its clock back: a new run begins."""
RESIZED: Final = "size_change"
TAKEN_ALONG: Final = ("scene_changed", "looped")
"""What is found out about a picture holds for those that still wait, too."""
PREVIEW: Final = Millis(500)
SLOW_OVER: Final = Millis(60_000)
"""A camera whose pictures came later and later is called slow until it has not happened for so long."""
HEALTH: Final = Millis(10_000)
"""How often the counts are told, where they have changed."""
STICKERS: Final = Millis(1_000)
"""Printed stickers are looked for once in so long."""


class Hide:
    """Takes the messages of `fetch` one by one and gives those for `keep` to `out`. One thread.

    `live` is false for batch work: nothing is then late, and time comes from the packets.
    """

    def __init__(self, shape: Shape, means: Means, out: Callable[[Message], None], *, live: bool = True, hold: Millis = HOLD) -> None:
        self._full, self._shape, self._means, self._out = shape, shape, means, out
        self._smaller: Fitted | None = None
        self._is_lean = False
        self._live, self._hold = live, hold
        self._clock = means.clock
        self._watch = ClockWatch(self._clock.now(), self._clock.monotonic())
        self._decoder: Decoder | None = None
        self._base = (1, 1000)
        self._run: Run | None = None
        self._grid = Grid(shape.fps)
        self._ladder = Ladder(shape.fps, ((shape.width, shape.height), *means.sizes))
        self._vitals = Vitals()
        self._alarm: Kind | None = None
        self._seals_at: Instant | None = None
        self._seals_told: frozenset[str] = frozenset()
        self._refused_codec = False
        self._is_coarse = False
        self._keyframes = Keyframes()
        self._camera_clock = CameraClock()
        self._device_clock: Millis | None = None
        self._slow_at: Millis | None = None
        self._healthy: Health | None = None
        self._broken = 0
        self._reading = Reading()
        self._beaten = self._clock.monotonic()
        self._shown = Instant(0)
        self.counts: Counter[str] = Counter()
        """What was dropped or went wrong, by kind; for the log, no pictures."""
        self._film = Filming(means, out, self.counts, live=live)
        self._seal = self._film.seal

    # ------------------------------------------------------------------------------------------------------- messages

    def take(self, message: Message) -> None:
        """Do what one message asks. Raises only what `out` raises: a bad camera ends a run, not the process."""
        match message:
            case Start():
                self._start(message)
            case Packet():
                self._packet(message)
            case Lost():
                self._end_run(message.reason)
                self._broken = self.counts["broken"]
                self._decoder = None
            case Ended():
                self._end_run(None, rest=True)
            case Fault() if message.kind in DEVICE_FAULTS:
                self._out(message)
            case _:
                pass
        self._beat(message.arrival if isinstance(message, Packet) else None)

    def finish(self, *, ended: bool) -> None:
        """Write out what is held. `ended`: the source ended or was stopped in order; else the pipe from `fetch` tore, and no `Done` is sent."""
        self._end_run(None if ended else "restart")
        if self._seal is not None:
            self._seal.rest(None)
        for shown in self._reading.rest():
            self._out(shown)
        self._count_up()
        self._tell_health(0)
        if ended:
            self._film.done()

    def _start(self, start: Start) -> None:
        if self._run is not None:
            self._end_run("camera_lost")
        if self._film.end is None:
            known = start.width > 0 and start.height > 0
            self._film.hole("starting" if not known or self._fits(start.width, start.height) else "size_change")
        self._base = (start.base_num, start.base_den)
        self._keyframes = self._keyframes if self._keyframes.barren else Keyframes()
        self._device_clock = Millis(start.clock_ms) if start.clock_known else None
        try:
            self._decoder = self._means.open_decoder(start.codec, start.payload, start.width, start.height)
        except KuaError:
            self.counts["codec"] += 1
            self._decoder = None
            self._codec_fault("begin")
            return
        self._codec_fault("end")
        self._new_run()

    def _codec_fault(self, state: str) -> None:
        """Tell once that the camera sends what is not accepted, and once that it is well again."""
        if (state == "begin") != self._refused_codec:
            self._refused_codec = state == "begin"
            self._out(Fault(self._clock.now(), "codec", state))

    def _new_run(self) -> None:
        self._run = Run(Anchor(self._film.end))

    def _packet(self, packet: Packet) -> None:
        if self._run is None or self._decoder is None:
            self.counts["unused"] += 1
            return
        self._film.look_at_clock()
        if self._live and self._watch.step(self._clock.now(), self._clock.monotonic()) is not None:
            self._restart("clock_step")
        arrival, media = Instant(packet.arrival), self._media(packet.pts)
        if self._slow_at is not None and self._clock.monotonic() - self._slow_at >= SLOW_OVER:
            self._slow_at = None
            self._out(Fault(self._clock.now(), "slow", "end"))
        if packet.camera and self._slow_at is None:
            self._camera_clock.observe(Instant(packet.camera), arrival)
        if self._live and self._keyframes.packet(self._clock.monotonic(), key=packet.key):
            self._barren()
        if self._live and self._means.is_lean(arrival) != self._is_lean:
            self._turn_lean(arrival)
        step = self._run.line.step(media, arrival)
        if step != "on":
            self._restart("camera_silent" if step == "silent" else "clock_step")
            self._run.line.step(media, arrival)
        self._run.anchor.observe(media, arrival)
        if self._run.anchor.has_stepped:
            # A step of our own clock was seen above. A camera whose pictures come later and later has a link too thin for it: what it did not send is lost.
            lags = self._run.anchor.lags
            if lags:
                self._lagged()
            self._restart("camera_silent" if lags else "clock_step")
            self._run.line.step(media, arrival)
            self._run.anchor.observe(media, arrival)
        if self._run.first_media is None:
            self._run.first_media = media
        self._run.waiting.append(packet)
        if self._run.anchor.is_settled:
            self._decode_waiting()

    def _barren(self) -> None:
        """Packets come and none of them becomes a picture: there is nothing to record, and the film that was is finished."""
        self.counts["barren"] += 1
        self._out(Fault(self._clock.now(), "garbled", "begin"))
        if self._run is not None:
            self._restart("camera_silent")

    def _lagged(self) -> None:
        """Pictures come so late that their time cannot be told any more; nor can the camera's clock be, from them."""
        if self._slow_at is None:
            self._out(Fault(self._clock.now(), "slow", "begin"))
        self._slow_at = self._clock.monotonic()
        self._camera_clock.forget()

    def _restart(self, reason: str) -> None:
        """End the run and begin another one on the same connection."""
        self._end_run(reason)
        self._new_run()

    def _media(self, pts: int) -> Micros:
        num, den = self._base
        return Micros(pts * num * 1_000_000 // den)

    # --------------------------------------------------------------------------------------------------------- frames

    def _decode_waiting(self) -> None:
        """Decode what has come since the anchor was cast."""
        run = self._run
        if run is None:
            return
        if run.settled is None:
            run.settled = self._clock.now()
            run.ahead = run.settled - self._clock.monotonic()
        waiting, run.waiting = run.waiting, []
        for packet in waiting:
            if self._run is not run or self._decoder is None:
                return
            trip("hide:2")
            for picture in self._decoder.decode(packet.pts, packet.payload):
                if self._keyframes.picture(self._clock.monotonic()):
                    self._out(Fault(self._clock.now(), "garbled", "end"))
                self.counts["pictures"] += 1
                if self._run is run:
                    self._picture(run, picture, Instant(packet.arrival))
            self.counts["broken"] = self._broken + self._decoder.broken

    def _picture(self, run: Run, picture: Picture, arrival: Instant) -> None:
        """Place one decoded picture in time, thin out, and hide it."""
        media = self._media(picture.pts)
        if run.first_media is not None and media < run.first_media:
            self.counts["before"] += 1
            return
        at = run.anchor.at(media)
        if run.last is not None and at <= run.last:
            self.counts["back"] += 1
            if run.behind_since is None:
                run.behind_since = arrival
            elif arrival - run.behind_since > BACK:
                self._restart("clock_step")
            return
        run.behind_since = None
        if self._film.end is not None and at < self._film.end:
            self.counts["overlap"] += 1
            return
        run.last = at
        if not self._grid.takes(at):
            self.counts["thinned"] += 1
            return
        behind = self._behind(run, arrival)
        step = LATE_STEP if behind > LATE else BUSY_STEP if behind > BUSY else 0
        if run.kept is not None and at - run.kept < step:
            self.counts["skipped"] += 1
            return
        run.kept = at
        phase = self._means.phase_at(slot_start(slot_of(at)))
        if phase is None:
            self._restart("stopped")
            if self._seal is not None:
                self._seal.rest(at)
            return
        if not self._fits(picture.width, picture.height):
            self.counts["size"] += 1
            self._restart("size_change")
            return
        if run.size not in {None, (picture.width, picture.height)}:
            self._another_size(run)
            return
        run.size = picture.width, picture.height
        began = self._clock.monotonic()
        self._hide(run, picture, at, phase, arrival)
        self._climb(at, began)

    def _another_size(self, run: Run) -> None:
        """The camera has changed the size of its pictures in mid-stream, as telephones do on a thin line: another run, by the same clock."""
        self.counts["resized"] += 1
        self._end_run(RESIZED)
        self._run = run.again()

    @property
    def _fitted(self) -> Fitted:
        """What works on pictures of the size that is recorded now."""
        means = self._means
        return self._smaller or Fitted(means.new_hider, means.open_film, means.counting, means.open_lean, means.open_fine)

    def _count_up(self) -> None:
        counted = self._fitted.counting.rest() if self._fitted.counting is not None else None
        if counted is not None:
            self._out(counted)

    def _fits(self, width: int, height: int) -> bool:
        wanted = self._full.width / self._full.height
        return abs(width / height - wanted) <= ASPECT * wanted

    def _hide(self, run: Run, picture: Picture, at: Instant, phase: str, arrival: Instant) -> None:
        """Hide one picture and put it on hold. Nothing that goes wrong here lets it through."""
        width, height = self._shape.width, self._shape.height
        raw: RawFrame | None = None
        sealed: SealedFrame | None = None
        if self._behind(run, arrival) > LATE:
            safe = filled(at, width, height, "late")
        else:
            try:
                raw = RawFrame(at, width, height, picture.planes(width, height))
                trip("hide:3")
                for kind, state in self._vitals.look(at, raw.yuv[:height]):
                    self._out(Fault(at, kind, state))
                safe = self._hidden(run, raw, phase)
                sealed = self._sealed(run, raw, safe, phase)
            except KuaError as error:
                self.counts[f"error {error.code}"] += 1
                safe = filled(at, width, height, "error")
            except Exception as error:  # noqa: BLE001 - fail closed on whatever it is; the film says "hidden, error"
                self.counts[f"error {type(error).__name__}"] += 1
                safe = filled(at, width, height, "error")
        if safe.reason in TAKEN_ALONG:
            for held in run.held:
                if held.safe.reason != safe.reason and (held.safe.reason is None or safe.reason != "looped"):
                    held.safe = filled(held.safe.at, width, height, safe.reason)
                    held.sealed = None if held.sealed is None else sealed_filled(held.safe.at, width, height)
        if self._seal is not None and self._seal.wants(phase) and (sealed is None or safe.reason is not None):
            sealed = sealed_filled(at, width, height)
        run.held.append(Held(safe, phase, raw if self._wants_preview(at) else None, sealed, self._clock.trust()))
        while run.held and at - run.held[0].safe.at >= self._hold and self._run is run:
            self._release(run)

    def _climb(self, at: Instant, began: Millis) -> None:
        """Take fewer and then smaller pictures where hiding and encoding take too long, and more again when they do not."""
        if not self._live:
            return
        step = self._ladder.worked(began, self._clock.monotonic())
        if step is None:
            return
        self._grid.set_rate(step.fps)
        if step.size != (self._shape.width, self._shape.height):
            self._resize(step)
        self._out(Rung(at, step.fps, *step.size, step.reason))

    def _resize(self, step: Step) -> None:
        """Begin a run of another size on the same connection. What waits is filled: whether the camera stands is asked anew, of smaller pictures."""
        run = self._run
        width, height = step.size
        is_less = step.size != (self._full.width, self._full.height)
        for held in run.held if run is not None else ():
            if held.safe.reason is None:
                held.safe = filled(held.safe.at, self._shape.width, self._shape.height, RESIZED)
                held.sealed = None if held.sealed is None else sealed_filled(held.safe.at, self._shape.width, self._shape.height)
        self._end_run(RESIZED)
        self._count_up()
        self._shape = Shape(width, height, self._full.fps)
        self._smaller = self._means.at_size(width, height) if is_less and self._means.at_size is not None else None
        if run is not None:
            self._run = run.again()

    def _turn_lean(self, at: Instant) -> None:
        """Begin a run of fewer bits, or of as many as are set, on the same connection. The hiding goes on as it is: only the encoder is another."""
        self._is_lean = not self._is_lean
        run = self._run
        if run is not None and run.film is not None:
            self._end_run("disk_full")
            self._run = run.again(hider=True)
        self._out(Rung(at, self._ladder.fps, self._shape.width, self._shape.height, "disk" if self._is_lean else "calm"))

    def _hidden(self, run: Run, raw: RawFrame, phase: str) -> SafeFrame:
        means = self._means
        row = means.row_for(phase)
        if run.hider is None:
            run.hider, run.phase = self._fitted.new_hider(row), row
            if self._alarm is not None:  # a reconnection is no way round the half minute
                run.hider.doubt(self._alarm)
        elif run.phase != row:
            run.hider.enter(row)
            run.phase = row
        if means.look is not None:
            safe = run.hider.watch(raw, means.look, self._clock.monotonic)
        else:
            safe = run.hider.step(raw)
        if self._vitals.is_looped and not means.may_loop and safe.reason is None:
            safe = run.hider.blind(raw, "looped")
        self._look_at_stickers(run.hider, raw)
        self._tell_scene(raw.at, run.hider.scene)
        self._say_coarse(raw.at, lacking=means.look is None and run.hider.has_piles)
        for shown in self._reading.see(raw.at, means.reads(raw.at) if safe.reason is None else ()):
            self._out(shown)
        if self._fitted.counting is not None and safe.reason is None:
            counted = self._fitted.counting.see(raw.at, run.hider.foreground, run.hider.found)
            if counted is not None:
                self._out(counted)
        return safe

    def _sealed(self, run: Run, raw: RawFrame, safe: SafeFrame, phase: str) -> SealedFrame | None:
        """Return the sealed film's picture of this moment; None where none is kept, or where the published one is filled."""
        if self._seal is None or not self._seal.wants(phase) or safe.reason is not None or run.hider is None:
            return None
        try:
            return run.hider.seal(raw, safe)
        except Exception as error:  # noqa: BLE001 - whatever it is: the sealed picture is filled, the published one is not touched
            self.counts[f"seal {type(error).__name__}"] += 1
            return None

    def _look_at_stickers(self, hider: Hider, raw: RawFrame) -> None:
        """Once a second hold the stickers against their signed places. A finder that fails says nothing: the room's own texture goes on speaking."""
        if self._means.seals is None or (self._seals_at is not None and 0 <= raw.at - self._seals_at < STICKERS):
            return
        self._seals_at = raw.at
        seals, find = self._means.seals
        try:
            seen = find(hider.veiled(raw))
        except Exception as error:  # noqa: BLE001 - whatever a finder throws
            self.counts[f"stickers {type(error).__name__}"] += 1
            return
        seals.see(raw.at, seen, stands=hider.stands)
        if seals.is_moved:
            hider.doubt("moved")
        for kind in sorted(seals.alarms ^ self._seals_told):
            self._out(Fault(raw.at, kind, "begin" if kind in seals.alarms else "end"))
        self._seals_told = seals.alarms

    def _tell_scene(self, at: Instant, kind: Kind | None) -> None:
        """Tell once what is wrong with the place or the lens of the camera, and once that it is well again."""
        if kind == self._alarm:
            return
        if self._alarm is not None:
            self._out(Fault(at, self._alarm, "end"))
        if kind is not None:
            self._out(Fault(at, kind, "begin"))
        self._alarm = kind

    def _say_coarse(self, at: Instant, *, lacking: bool) -> None:
        """Say once that the count is shown coarse, since without models heads cannot be told from paper, and once that it is over."""
        if lacking != self._is_coarse:
            self._is_coarse = lacking
            self._out(Fault(at, "no_models", "begin" if lacking else "end"))

    def _wants_preview(self, at: Instant) -> bool:
        if self._means.preview is None or 0 <= at - self._shown < PREVIEW:
            return False
        self._shown = at
        return True

    def _behind(self, run: Run, arrival: Instant) -> int:
        """How long ago the picture could have been looked at; the wait for the anchor is meant and does not count."""
        return self._clock.now() - max(arrival, run.settled or arrival) if self._live else 0

    def _end_run(self, reason: str | None, *, rest: bool = False) -> None:
        """Close the run, if there is one, with everything that is on hold, and say why no film follows. None: because it is over."""
        run, self._run = self._run, None
        if run is not None:
            self._run = run
            if not run.anchor.is_settled:
                run.anchor.settle()
            if run.waiting and run.anchor.is_settled:
                self._decode_waiting()
            if rest and self._decoder is not None and run.anchor.is_settled:
                for picture in self._decoder.rest():
                    if self._run is run:
                        self._picture(run, picture, self._clock.now())
            while run.held and self._run is run:
                self._release(run)
            if self._run is run:
                self._film.finish(run)
            self._film.tell_anchor(run, LONG)
            self._run = None
        if reason is not None:
            self._film.hole(reason)

    def _release(self, run: Run) -> None:
        """Encode the oldest picture that waits. Where the encoder fails, another run begins."""
        if not self._film.release(run, self._shape, self._fitted, lean=self._is_lean):
            self._new_run()

    def _beat(self, arrival: int | None) -> None:
        now = self._clock.monotonic()
        if now - self._beaten >= 1_000:
            self._beaten = now
            behind = max(0, self._clock.now() - arrival) if arrival is not None and self._live else 0
            self._out(Beat(self._clock.now(), behind))
            self._tell_health(HEALTH)

    def _tell_health(self, every: int) -> None:
        """Say what was counted, and what the camera's clock shows; where it is the same as before, nothing."""
        offset, told = self._camera_clock.offset, self._device_clock
        counts = self.counts
        by = "rtcp" if offset is not None else "onvif" if told is not None else "none"
        ahead = offset if offset is not None else told or 0
        health = Health(
            self._clock.now(), counts["pictures"], counts["broken"], counts["back"], counts["skipped"], by, ahead, self._camera_clock.drift_ppm
        )
        before = self._healthy
        if before is not None and (health.at - before.at < every or replace(health, at=before.at) == before):
            return
        self._healthy = health
        self._out(health)

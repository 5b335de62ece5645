# SPDX-License-Identifier: Apache-2.0
"""The sealed film inside `hide`: pictures in, ciphertext out. What is encoded here is encrypted here, and nothing of it leaves in the clear.

A slice is at most a quarter of an hour of one phase. Whatever fails costs sealed film, never published film, and is told as a fault.
"""

import base64
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final, final

from kua.core.canonical import canonical
from kua.core.errors import KuaError
from kua.core.instant import Instant, slot_of
from kua.media.cutter import Cut, Opened
from kua.ports.encoder import SealedEncoder
from kua.ports.sealing import OpenSlice, Slice
from kua.proof.sealed import SLICE, PieceHead, orig_commit, write_piece
from kua.sight.sealed import SealedFrame
from kua.station.pipe import Fault, Message, SealedPiece, SliceBegun, SliceEnded

FAULT: Final = "sealing"
"""The kind of fault that says that no sealed film is made where one should be."""


@dataclass(frozen=True, slots=True)
class SealMeans:
    """What sealing works with, given by `kua.app`; `phases` are those in which the law and the election file keep a sealed film."""

    cam: str
    phases: Collection[str]
    open_film: Callable[[int, int, Callable[[Opened | Cut], None]], SealedEncoder]
    """Opens an encoder of a run for a width and a height: a busy computer records smaller pictures in a run of their own."""
    open_slice: OpenSlice


@dataclass(slots=True)
class _Open:
    """The slice that is being written: the quarter of an hour and the phase that it is of."""

    slice: Slice
    number: int
    phase: str
    until: Instant


@final
class Seal:
    """Takes the pictures of one camera in order of time. Not for two threads."""

    def __init__(self, means: SealMeans, out: Callable[[Message], None], counts: Counter[str]) -> None:
        self._means, self._out, self._counts = means, out, counts
        self._film: SealedEncoder | None = None
        self._run = ""
        self._init = b""
        self._phase = ""
        self._open: _Open | None = None
        self._is_broken = False
        self._not_before = 0

    def wants(self, phase: str) -> bool:
        """Whether a sealed film is kept in `phase`."""
        return phase in self._means.phases

    def take(self, picture: SealedFrame, run: str, phase: str) -> None:
        """Encode one picture of run `run`. Never raises for what fails here; after a failure it is tried again with the next slot of four seconds."""
        if slot_of(picture.at) < self._not_before:
            return
        try:
            if self._film is not None and (run, phase) != (self._run, self._phase):
                self._finish(picture.at)
            if self._film is None:
                self._run, self._phase = run, phase
                self._film = self._means.open_film(picture.width, picture.height, lambda made: self._made(run, phase, made))
            self._film.encode(picture)
        except KuaError as error:
            self._failed(picture.at, error.code)
        except Exception as error:  # noqa: BLE001 - whatever it is: the published film goes on, and nothing leaves in the clear
            self._failed(picture.at, type(error).__name__)

    def pause(self, by: Instant | None) -> None:
        """End the run: the next picture begins another one. The slice goes on if the next one is of its quarter and phase."""
        try:
            self._finish(by)
        except KuaError as error:
            self._failed(Instant(0) if by is None else by, error.code)

    def rest(self, by: Instant | None) -> None:
        """End the run and the slice: no sealed film is kept from here on, or the process ends."""
        self.pause(by)
        self._end_slice()

    def abandon(self) -> None:
        """Throw away what is not cut yet, as the published film does."""
        film, self._film = self._film, None
        if film is not None:
            film.abandon()

    def _finish(self, by: Instant | None) -> None:
        film, self._film = self._film, None
        if film is not None:
            film.finish(by)

    def _made(self, run: str, phase: str, made: Opened | Cut) -> None:
        if isinstance(made, Opened):
            self._init = made.data
            return
        if self._open is None or (self._open.number, self._open.phase) != (made.t0 // SLICE, phase):
            self._end_slice()
            self._begin(made.t0, phase)
        if self._open is None:
            return
        opened = self._open.slice
        original, salt = self._init + made.data, opened.salt()
        head = PieceHead(self._means.cam, opened.name, run, made.slot, made.t0, made.t1, len(self._init), salt)
        ciphertext = opened.encrypt(write_piece(head, original))
        commit = orig_commit(salt, original).hex()
        self._out(SealedPiece(opened.name, run, made.slot, made.t0, made.t1, made.frames, commit, ciphertext))
        self._open.until = made.t1
        if self._is_broken:
            self._is_broken = False
            self._out(Fault(made.t1, FAULT, "end"))

    def _begin(self, at: Instant, phase: str) -> None:
        opened = self._means.open_slice()
        shares = [
            {"trustee": share.trustee, "commit": share.commit.hex(), "share": base64.b64encode(share.ciphertext).decode()}
            for share in opened.shares
        ]
        self._out(SliceBegun(opened.name, at, phase, opened.recipient, canonical({"shares": shares})))
        self._open = _Open(opened, at // SLICE, phase, at)

    def _end_slice(self) -> None:
        if self._open is not None:
            self._out(SliceEnded(self._open.slice.name, self._open.until))
            self._open = None

    def _failed(self, at: Instant, code: str) -> None:
        self._counts[f"seal {code}"] += 1
        self._not_before = slot_of(at) + 1
        self.abandon()
        if not self._is_broken:
            self._is_broken = True
            self._out(Fault(at, FAULT, "begin"))

# SPDX-License-Identifier: Apache-2.0
"""What passes between `fetch`, `hide` and `keep`: framed messages over an ordinary pipe, a closed list of types.

Frame: 4-byte big-endian length of the head, 4-byte length of the payload, the head (JSON: `{"t": type, ...fields}`), the payload (bytes).
No message can carry a picture that is not encoded film, and `hide` -> `keep` has no type that could carry a packet of the camera. Sealed film, in which
people are visible, passes as ciphertext only.
"""

import json
import struct
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from typing import BinaryIO, Final

LIMIT: Final = 64 * 1024 * 1024
"""Largest head or payload in bytes; anything longer means that the other side is broken."""


@dataclass(frozen=True, slots=True)
class Start:
    """fetch -> hide: a (re)connection succeeded; packets of a new run follow. Payload: codec extradata."""

    codec: str
    width: int
    height: int
    base_num: int
    base_den: int
    payload: bytes
    clock_known: bool = False
    """Whether the device was asked for its clock beside the stream."""
    clock_ms: int = 0
    """How far that clock is ahead of ours."""


@dataclass(frozen=True, slots=True)
class Packet:
    """fetch -> hide: one compressed packet. `pts` in the time base of `Start`; `arrival` in wall milliseconds; `camera` what the camera's own clock
    claims (0: nothing); payload: the bytes."""

    pts: int
    key: bool
    arrival: int
    payload: bytes
    camera: int = 0


@dataclass(frozen=True, slots=True)
class Lost:
    """fetch -> hide: the source is gone; `reason` is a gap reason of the leaf registry. A new `Start` may follow."""

    reason: str
    at: int
    payload: bytes = b""


@dataclass(frozen=True, slots=True)
class Ended:
    """fetch -> hide: a file has come to its end and nothing more will follow."""

    payload: bytes = b""


@dataclass(frozen=True, slots=True)
class Init:
    """hide -> keep: a new run begins. Payload: the init segment (ftyp + moov)."""

    run: str
    width: int
    height: int
    at: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Piece:
    """hide -> keep: one finished segment [t0, t1) in wall milliseconds. Payload: moof + mdat boxes, whole GOPs."""

    run: str
    slot: int
    t0: int
    t1: int
    frames: int
    trust: str
    phase: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Hole:
    """hide -> keep: recording is interrupted from `t0` on (the end of the last piece, or the start); it ends with the next piece."""

    t0: int
    reason: str
    payload: bytes = b""


@dataclass(frozen=True, slots=True)
class Covered:
    """hide -> keep: the whole picture was filled from t0 to t1."""

    t0: int
    t1: int
    reason: str
    payload: bytes = b""


@dataclass(frozen=True, slots=True)
class Counted:
    """hide -> keep: people in the queue and in the room during [t0, t1) as intervals. No positions, no tracks."""

    t0: int
    t1: int
    queue_lo: int
    queue_hi: int
    people_lo: int
    people_hi: int
    payload: bytes = b""


@dataclass(frozen=True, slots=True)
class Fault:
    """hide -> keep: something is wrong with the camera (`kind` of the fault leaf, one of `FAULTS`) or is well again. fetch -> hide: the device itself says
    so (one of `DEVICE_FAULTS`)."""

    at: int
    kind: str
    state: str
    payload: bytes = b""


@dataclass(frozen=True, slots=True)
class Beat:
    """Either way: the process lives. `at` in wall milliseconds, `behind` in milliseconds of media."""

    at: int
    behind: int
    payload: bytes = b""


@dataclass(frozen=True, slots=True)
class Health:
    """hide -> keep: what was counted since the process began, and what the camera's clock shows. `clock` says who told: `rtcp`, `onvif` or `none`."""

    at: int
    pictures: int
    broken: int
    back: int
    skipped: int
    clock: str
    clock_ms: int
    drift_ppm: int
    payload: bytes = b""


@dataclass(frozen=True, slots=True)
class Done:
    """hide -> keep: nothing more will follow; the recording ended at `t1`."""

    t1: int
    payload: bytes = b""


@dataclass(frozen=True, slots=True)
class Rung:
    """hide -> keep: from `at` on so many pictures a second are taken, because this computer is `busy` or is `calm` again; `disk`: as
    many pictures of fewer bits, because the disk runs short."""

    at: int
    fps: int
    width: int
    height: int
    reason: str
    payload: bytes = b""


@dataclass(frozen=True, slots=True)
class Anchored:
    """hide -> keep: how the times of a run came about (REC5): its first picture at `t0` by the wall and `mono` by time since the start of this computer;
    by how many parts in a million the camera's time runs off from ours, and whether it runs `fast`."""

    run: str
    t0: int
    mono: int
    drift_ppm: int
    fast: bool
    payload: bytes = b""


@dataclass(frozen=True, slots=True)
class SliceBegun:
    """hide -> keep: a slice of sealed film begins. Payload: JCS `{"shares":[{"trustee","commit","share"}]}`, each share age ciphertext in base64."""

    slice: str
    at: int
    phase: str
    recipient: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class SealedPiece:
    """hide -> keep: one piece of sealed film, as long as the published segment of the same moment. Payload: age ciphertext."""

    slice: str
    run: str
    slot: int
    t0: int
    t1: int
    frames: int
    commit: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class SliceEnded:
    """hide -> keep: nothing more will come for this slice."""

    slice: str
    t1: int
    payload: bytes = b""


@dataclass(frozen=True, slots=True)
class Shown:
    """hide -> keep: from t0 to t1 the liveness code `code` was read in the picture, which was not filled."""

    t0: int
    t1: int
    code: str
    payload: bytes = b""


@dataclass(frozen=True, slots=True)
class LiveInit:
    """hide -> keep: the lowered film begins a run of its own. Payload: the init segment (ftyp + moov)."""

    run: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Live:
    """hide -> keep, right before the `Piece` that begins at `t0`: what is to be sent at once in its place. Payload: the lowered segment; empty (and the
    numbers 0) where nothing but the statement is sent.
    """

    rung: str
    run: str
    slot: int
    t0: int
    frames: int
    width: int
    height: int
    fps_milli: int
    payload: bytes = b""


FAULTS: Final = (
    "frozen",
    "black",
    "looped",
    "codec",
    "garbled",
    "slow",
    "moved",
    "covered",
    "defocused",
    "scene_changed",
    "box_moved",
    "lid_opened",
    "no_models",
    "sealing",
    "tamper",
    "signal_loss",
)
"""What `hide` watches for. What it has told and not taken back ends with its process: the next one looks anew."""

DEVICE_FAULTS: Final = ("tamper", "signal_loss")
"""Those that a device tells of by itself (ONVIF events)."""

Message = (
    Start
    | Packet
    | Lost
    | Ended
    | Init
    | Piece
    | Hole
    | Covered
    | Counted
    | Fault
    | Rung
    | Shown
    | Anchored
    | Beat
    | Health
    | Done
    | SliceBegun
    | SealedPiece
    | SliceEnded
    | LiveInit
    | Live
)
_KINDS: Final = (
    Start, Packet, Lost, Ended, Init, Piece, Hole, Covered, Counted, Fault, Rung, Shown, Anchored, Beat, Health, Done, SliceBegun, SealedPiece, SliceEnded,
    LiveInit, Live,
)  # fmt: skip
_TYPES: Final = {kind.__name__: kind for kind in _KINDS}
_HEADS: Final = {name: {field.name: field.type for field in fields(kind) if field.name != "payload"} for name, kind in _TYPES.items()}


def send(pipe: BinaryIO, message: Message) -> None:
    """Write one message and flush. Blocks while the pipe is full; raises `BrokenPipeError` when the reader is gone."""
    head = asdict(message)
    payload = head.pop("payload")
    line = json.dumps({"t": type(message).__name__, **head}, separators=(",", ":")).encode()
    pipe.write(struct.pack(">II", len(line), len(payload)) + line)
    pipe.write(payload)
    pipe.flush()


def receive(pipe: BinaryIO) -> Message | None:
    """Read one message; None at the end of the pipe.

    Raises `EOFError` for a torn message, and `ValueError` for one of no known type, with other fields than its type has, or with values of
    another kind: `hide` reads what a stranger's camera sends, so what comes from it is not taken on trust.
    """
    lengths = _exactly(pipe, 8, may_end=True)
    if lengths is None:
        return None
    head_length, payload_length = struct.unpack(">II", lengths)
    if max(head_length, payload_length) > LIMIT:
        raise ValueError("length")
    try:
        head = json.loads(_exactly(pipe, head_length) or b"{}")
    except RecursionError as error:
        raise ValueError("head") from error
    payload = _exactly(pipe, payload_length) or b""
    name = head.pop("t", None) if isinstance(head, dict) else None
    if not isinstance(name, str) or name not in _TYPES:
        raise ValueError("type")
    if {field: type(value) for field, value in head.items()} != _HEADS[name]:
        raise ValueError(name)
    return _TYPES[name](**head, payload=payload)


def messages(pipe: BinaryIO) -> Iterator[Message]:
    """Yield messages until the pipe ends."""
    while (message := receive(pipe)) is not None:
        yield message


def _exactly(pipe: BinaryIO, count: int, *, may_end: bool = False) -> bytes | None:
    pieces = bytearray()
    while len(pieces) < count:
        piece = pipe.read(count - len(pieces))
        if not piece:
            if may_end and not pieces:
                return None
            raise EOFError
        pieces += piece
    return bytes(pieces)

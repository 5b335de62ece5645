# SPDX-License-Identifier: Apache-2.0
"""`kua film redact`: the hiding of a station, over a film or an image in a file. Composes `Hider`, detectors and codecs; decides nothing.

A film is hidden against the room of a calibration, against a film or picture of the empty room, or, where none is given, against itself.
An image has no room: what models find in it is hidden, and without models all of it.
"""

import json
import time
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from kua.adapters.codecs.film import FilmFile, FilmWriter, ImageFile, check_out, is_image, write_image
from kua.adapters.detectors.pair import Pair, open_detector
from kua.adapters.durable import DurableFiles
from kua.core.errors import Misused, Rejected
from kua.law.hiding import DEFAULT
from kua.sight.calibration import Calibration, read_calibration, read_reference
from kua.sight.grid import BLOCK, Mask
from kua.sight.hider import Hider
from kua.sight.plan import PRIORITY, Plan
from kua.sight.reference import Reference
from kua.sight.room import learn_room
from kua.sight.safe import SafeFrame
from kua.sight.still import conceal_still
from kua.sight.zones import Polygon, read_zones

_SAMPLED: Final = 512
"""While a room is learned, at most about so many pictures of a film are looked at."""

From = Literal["calibration", "film", "itself", "none"]
"""Where the room came from."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What `kua film redact` was asked to do."""

    source: Path
    out: Path
    room: Path | None = None
    masks: Path | None = None
    models: Path | None = None
    report: Path | None = None
    hidden: Path | None = None
    phase: str = "voting"


@dataclass(frozen=True, slots=True)
class Done:
    """What came of it: pictures, pictures filled as a whole, mean share hidden, where the room came from, what the models find."""

    frames: int
    filled: int
    share: float
    room: From
    models: tuple[str, ...]
    seconds: float


def redact(asked: Asked, told: Callable[[str], None] = lambda _code: None) -> Done:
    """Hide and write. `told` gets a code for what a person must know before the end: `redact.own_room`, `redact.no_models`,
    `redact.image_filled`.

    Raises the errors of `FilmFile`, `FilmWriter`, `read_calibration`, `read_zones`, `open_detector`, and
    `Misused("redact.same_file" | "redact.phase" | "redact.masks" | "redact.no_folder")`, `Rejected("redact.room_size")`,
    `Misused("redact.no_reference")`, `Rejected("calibration.reference_hash")`. Nothing is left under the name of OUT then.
    """
    image = is_image(asked.source)
    for path in (asked.report, asked.hidden):
        if path is not None and not path.parent.is_dir():
            raise Misused("redact.no_folder", folder=str(path.parent))
    if asked.phase not in DEFAULT:
        raise Misused("redact.phase", phase=asked.phase[:40], known=" ".join(DEFAULT))
    source = ImageFile(asked.source) if image else FilmFile(asked.source)
    check_out(asked.out, image=image)
    if asked.out.exists() and asked.out.samefile(asked.source):
        raise Misused("redact.same_file", name=asked.out.name)
    zones = _masks(asked.masks)
    pair = open_detector(asked.models) if asked.models is not None else None
    if pair is None:
        told("redact.no_models")
    account = _Account(asked, source.width, source.height)
    if isinstance(source, ImageFile):
        return _image(asked, source, zones, pair, account, told)
    return _film(asked, source, zones, pair, account, told)


def _film(
    asked: Asked,
    film: FilmFile,
    zones: Mapping[str, tuple[Polygon, ...]],
    pair: Pair | None,
    account: "_Account",
    told: Callable[[str], None],
) -> Done:
    room, calibration, whence = _room(asked, film, pair)
    if whence == "itself":
        told("redact.own_room")
    wide, high = film.width + film.width % 2, film.height + film.height % 2
    if (room.width, room.height) != (wide, high):
        raise Rejected("redact.room_size", width=room.width, height=room.height, wanted_width=wide, wanted_height=high)
    hider = Hider(_with(calibration, zones), room, DEFAULT, asked.phase, zones=zones if calibration is None else None)
    writer = FilmWriter(asked.out, film)
    try:
        for raw in film.pictures():
            safe = hider.watch(raw, pair.look, _no_time) if pair is not None else hider.step(raw)
            writer.encode(safe)
            account.add(safe, hider.plan)
        writer.finish()
    except BaseException:
        writer.abandon()
        raise
    return account.close(whence, pair)


def _no_time() -> int:
    """In batch a detector may take as long as it likes: nobody is waiting for the picture."""
    return 0


def _image(
    asked: Asked,
    source: ImageFile,
    zones: Mapping[str, tuple[Polygon, ...]],
    pair: Pair | None,
    account: "_Account",
    told: Callable[[str], None],
) -> Done:
    safe, plan = conceal_still(source.picture, zones, pair.look_hard if pair is not None else None)
    if safe.reason is not None:
        told("redact.image_filled")
    write_image(safe, source.width, source.height, asked.out)
    account.add(safe, plan)
    return account.close("none", pair)


def _with(calibration: Calibration | None, zones: Mapping[str, tuple[Polygon, ...]]) -> Calibration | None:
    """Add the masks to the zones of a calibration: masks can only hide more."""
    if calibration is None or not zones:
        return calibration
    joined = {kind: (*calibration.zones.get(kind, ()), *zones.get(kind, ())) for kind in {**calibration.zones, **zones}}
    return replace(calibration, zones=joined)


def _room(asked: Asked, film: FilmFile, pair: Pair | None) -> tuple[Reference, Calibration | None, From]:
    look = pair.look_once if pair is not None else None
    if asked.room is None:
        return learn_room(film.pictures(_stride(film)), from_people=True, look=look), None, "itself"
    if asked.room.suffix.lower() == ".json":
        calibration = _read_calibration(asked.room)
        room = _reference(asked.room, calibration)
        calibration.check(room)
        return room, calibration, "calibration"
    if is_image(asked.room):
        return learn_room([ImageFile(asked.room).picture]), None, "film"
    empty = FilmFile(asked.room)
    return learn_room(empty.pictures(_stride(empty)), from_people=True, look=look), None, "film"


def _stride(film: FilmFile) -> int:
    return max(1, film.length // _SAMPLED)


def _read_calibration(path: Path) -> Calibration:
    try:
        return read_calibration(path.read_bytes())
    except OSError as error:
        raise Misused("redact.missing", name=path.name) from error


def _reference(path: Path, calibration: Calibration) -> Reference:
    """The room lies beside the calibration, as in the folder of a station: `CAMERA.room`, or the calibration's own name with that ending."""
    for beside in (path.with_name(f"{calibration.camera}.room"), path.with_suffix(".room")):
        if beside.is_file():
            return read_reference(beside.read_bytes())
    raise Misused("redact.no_reference", name=f"{calibration.camera}.room", folder=str(path.parent))


def _masks(path: Path | None) -> dict[str, tuple[Polygon, ...]]:
    if path is None:
        return {}
    try:
        text = path.read_text("utf-8")
        value = tomllib.loads(text) if path.suffix.lower() == ".toml" else json.loads(text)
    except OSError as error:
        raise Misused("redact.missing", name=path.name) from error
    except (ValueError, RecursionError) as error:
        raise Misused("redact.masks", name=path.name) from error
    if not isinstance(value, dict) or set(value) != {"zones"}:
        raise Misused("redact.masks", name=path.name)
    return read_zones(value["zones"])


class _Account:
    """The report and the hidden cells, gathered picture by picture."""

    def __init__(self, asked: Asked, width: int, height: int) -> None:
        self._asked, self._width, self._height = asked, width, height
        self._started = time.perf_counter()
        self._frames: list[dict[str, Any]] = []
        self._cells: list[Mask] = []
        self._count = self._filled = 0
        self._share = 0.0
        self._since: np.typing.NDArray[np.int64] | None = None

    def add(self, safe: SafeFrame, plan: Plan | None) -> None:
        """Note one picture."""
        share = float(safe.hidden.mean())
        if self._asked.report is not None:
            self._frames.append(
                {
                    "frame": self._count,
                    "at_ms": int(safe.at),
                    "hidden_share": round(share, 4),
                    "filled": safe.reason,
                    "regions": self._regions(safe, plan),
                }
            )
        if self._asked.hidden is not None:
            self._cells.append(safe.hidden)
        self._count += 1
        self._filled += safe.reason is not None
        self._share += share

    def _regions(self, safe: SafeFrame, plan: Plan | None) -> list[dict[str, Any]]:
        if self._since is None:
            self._since = np.full(safe.hidden.shape, -1, dtype=np.int64)
        self._since[~safe.hidden] = -1
        self._since[safe.hidden & (self._since < 0)] = safe.at
        if safe.reason is not None or plan is None:
            ms = int(safe.at - self._since[safe.hidden].min())
            return [{"x": 0, "y": 0, "w": self._width, "h": self._height, "reason": f"fill:{safe.reason}", "ms": ms}]
        rows, columns = safe.hidden.shape
        left = plan.reasons[:rows, :columns].copy()
        regions: list[dict[str, Any]] = []
        for reason in PRIORITY:
            mask = (left & np.uint8(reason.value)) != 0
            left[mask] = 0
            for top, bottom, first, last in rectangles(mask):
                x, y = first * BLOCK, top * BLOCK
                held = self._since[top:bottom, first:last]
                regions.append(
                    {
                        "x": x,
                        "y": y,
                        "w": min(last * BLOCK, self._width) - x,
                        "h": min(bottom * BLOCK, self._height) - y,
                        "reason": str(reason.name).lower(),
                        "ms": int(safe.at - held.min()),
                    }
                )
        return regions

    def close(self, whence: From, pair: Pair | None) -> Done:
        """Write what was asked for."""
        names = pair.names if pair is not None else ()
        seconds = time.perf_counter() - self._started
        done = Done(self._count, self._filled, self._share / max(self._count, 1), whence, names, seconds)
        files = DurableFiles()
        if self._asked.hidden is not None:
            packed = BytesIO()
            np.savez_compressed(packed, hidden=np.stack(self._cells))
            files.replace(self._asked.hidden, packed.getvalue())
        if self._asked.report is not None:
            report = {
                "v": 1,
                "source": self._asked.source.name,
                "width": self._width,
                "height": self._height,
                "phase": self._asked.phase,
                "room": whence,
                "calibrated_from_itself": whence == "itself",
                "models": list(names),
                "summary": {
                    "frames": done.frames,
                    "filled": done.filled,
                    "hidden_share": round(done.share, 4),
                    "seconds": round(seconds, 3),
                },
                "frames": self._frames,
            }
            files.replace(self._asked.report, json.dumps(report, ensure_ascii=False).encode() + b"\n")
        return done


def rectangles(mask: Mask) -> Sequence[tuple[int, int, int, int]]:
    """Cover the true blocks of `mask` with rectangles (top, bottom, left, right; ends excluded), none overlapping another."""
    done: list[tuple[int, int, int, int]] = []
    growing: dict[tuple[int, int], int] = {}
    for row in range(mask.shape[0] + 1):
        runs: set[tuple[int, int]] = set()
        if row < mask.shape[0] and mask[row].any():
            edges = np.flatnonzero(np.diff(np.concatenate(([0], mask[row].astype(np.int8), [0]))))
            runs = {(int(first), int(last)) for first, last in zip(edges[::2], edges[1::2], strict=True)}
        done.extend((growing.pop(span), row, *span) for span in list(growing) if span not in runs)
        for span in runs:
            growing.setdefault(span, row)
    return done

# SPDX-License-Identifier: Apache-2.0
"""Who has signed a calibration on which device: kept beside it in the box, never sent. Two people sign on two devices, except in a rehearsal."""

from pathlib import Path

from kua.adapters.durable import DurableFiles
from kua.core.canonical import canonical, read_canonical
from kua.core.digest import Digest
from kua.core.election import Election
from kua.core.errors import KuaError, Rejected
from kua.law.profile import REHEARSAL

ENDING = ".devices.json"


def require_other(box: Path, cam: str, file: Digest, election: Election, name: str, mark: str) -> None:
    """Insist that nobody else has signed this very calibration file on the device `mark` (empty: not known). A rehearsal may be held on one computer.

    Raises `Rejected("calibration.one_device")` and `Rejected("calibration.no_device")`.
    """
    if election.kind == REHEARSAL:
        return
    if not mark:
        raise Rejected("calibration.no_device", name=name)
    for other, known in _read(box, cam, file).items():
        if other != name and known == mark:
            raise Rejected("calibration.one_device", name=name, other=other)


def remember(box: Path, cam: str, file: Digest, name: str, mark: str) -> None:
    """Keep on which device `name` has signed."""
    held = _read(box, cam, file) | {name: mark}
    DurableFiles().replace(_path(box, cam), canonical({"v": 1, "file": file.hex(), "devices": dict(held)}))


def _read(box: Path, cam: str, file: Digest) -> dict[str, str]:
    try:
        body = read_canonical(_path(box, cam).read_bytes())
        return {str(name): str(mark) for name, mark in body["devices"].items()} if body["v"] == 1 and body["file"] == file.hex() else {}
    except (FileNotFoundError, KuaError, KeyError, TypeError, AttributeError):
        return {}


def _path(box: Path, cam: str) -> Path:
    return box / "calibration" / f"{cam}{ENDING}"

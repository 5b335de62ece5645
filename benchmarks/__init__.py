# SPDX-License-Identifier: Apache-2.0
"""Benchmarks: each `bench_NAME.py` here has `run() -> list[Row]`. Figures are measured when they are asked for; none is written down here."""

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

ROOT: Final = Path(__file__).resolve().parent.parent
"""The repository."""


@dataclass(frozen=True, slots=True)
class Row:
    """One figure, or None with a `note` that says why there is none. `target` with `met` where there is one; `peer` names what it is compared with and
    `ratio` says how many times better."""

    name: str
    value: float | None
    unit: str
    target: float | None = None
    met: bool | None = None
    peer: str | None = None
    ratio: float | None = None
    note: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the row as an object; what does not apply is left out."""
        return {key: value for key, value in asdict(self).items() if value is not None}


def judged(
    name: str,
    value: float,
    unit: str,
    target: float,
    better: Literal["more", "less"],
    *,
    peer: str | None = None,
    ratio: float | None = None,
) -> Row:
    """Return a row with a target: `better` says which side of it is meant."""
    met = value >= target if better == "more" else value <= target
    return Row(name, value, unit, target, met, peer, ratio)


class NotHere(Exception):
    """Something that the benchmark needs is not on this computer; the text says what, and how to get it."""


def data(*parts: str) -> Path:
    """Return a file of the data folder (`KUA_DATA`, else `../shared/data` beside the repository). Raises `NotHere`."""
    path = Path(os.environ.get("KUA_DATA") or ROOT.parent / "shared" / "data").joinpath(*parts)
    if not path.exists():
        raise NotHere(f"{path} is not there: set KUA_DATA to the folder of clips and models")
    return path

# SPDX-License-Identifier: Apache-2.0
"""A clip out of a court bundle, with a C2PA label where somebody signs one, and what such a label says. The library for labels is optional."""

import shutil
import tempfile
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from kua import __version__
from kua.core.canonical import canonical
from kua.core.digest import sha256
from kua.core.election import read_election
from kua.core.errors import KuaError, Misused, Unavailable
from kua.core.instant import rfc3339
from kua.proof import bag
from kua.proof.bundle import CONTENTS, read_contents
from kua.proof.checkpoint import PATH, parse_checkpoint
from kua.proof.note import MAX_NOTE, parse_note
from kua.verify.bag import PIECE, BagReader
from kua.verify.clip import copies_in
from kua.verify.film import SMALL
from kua.verify.report import Report

HAS_LABELS: Final = find_spec("c2pa") is not None
"""Whether labels can be written and read here."""
CHECK: Final = "label"


def export_clip(bundle: Path, copy: str, out: Path, signs: tuple[bytes, bytes] | None) -> str:
    """Write a working copy of `bundle`, which holds, to `out`, and return its name. `signs`: key and certificates (PEM) of a label.

    Raises `Misused` (`bundle.exists`, `clip.no_copy`, `clip.which`, `label.key`, `label.no_library`), `Unavailable("bundle.no_room")`.
    """
    if out.exists():
        raise Misused("bundle.exists", name=str(out))
    if signs is not None and not HAS_LABELS:
        raise Misused("label.no_library")
    with BagReader(bundle) as held:
        name = _chosen(copies_in(held), copy)
        try:
            with tempfile.TemporaryDirectory(prefix=".kua-clip-", dir=out.parent) as folder:
                plain = Path(folder) / "plain.mp4"
                digest = _write(held, name, plain)
                if signs is not None:
                    labelled = Path(folder) / "labelled.mp4"
                    _add_label(held, name, digest, plain, labelled, signs)
                    plain = labelled
                shutil.move(plain, out)
        except OSError as error:
            raise Unavailable("bundle.no_room", name=str(out), why=error.strerror or type(error).__name__) from error
    return name


def tell_label(clip: Path, report: Report) -> None:
    """Say what the label of `clip` says: it is a line of origin, and no check of ours rests on it."""
    if not HAS_LABELS:
        report.not_checked(CHECK, "clip.label_no_library")
        return
    try:
        said = import_module("kua.adapters.labels").read_label(clip)
    except KuaError as error:
        report.trouble(CHECK, error)
        return
    if said is None:
        report.not_checked(CHECK, "clip.no_label")
    elif not said.holds:
        report.failed(CHECK, "clip.label_broken", name=said.signer)
    elif said.trusted:
        report.passed(CHECK, "clip.label_holds", name=said.signer)
    else:
        report.not_checked(CHECK, "clip.label_unknown", name=said.signer)


def _chosen(copies: list[str], copy: str) -> str:
    if not copies:
        raise Misused("clip.no_copy")
    wanted = f"working/{copy}.mp4" if copy else copies[0]
    if wanted not in copies or (not copy and len(copies) > 1):
        raise Misused("clip.which", known=", ".join(name.removeprefix("working/").removesuffix(".mp4") for name in copies))
    return wanted


def _write(held: BagReader, name: str, out: Path) -> str:
    entry = held.entries[bag.PAYLOAD + name]
    with out.open("wb") as file:
        for at in range(0, entry.size, PIECE):
            file.write(held.read_at(entry.start + at, min(PIECE, entry.size - at)))
    return held.digests(bag.PAYLOAD + name)[0]


def _add_label(held: BagReader, name: str, digest: str, plain: Path, out: Path, signs: tuple[bytes, bytes]) -> None:
    contents, election = read_contents(held.read(CONTENTS, SMALL)), read_election(held.read("election.json", SMALL))
    proof: dict[str, Any] = {
        "v": 1, "bundle": contents.name, "election": contents.election, "station": contents.station, "copy": name, "sha512": digest,
        "from": rfc3339(contents.since), "to": rfc3339(contents.until),
        "log": _head(held, f"s/{contents.station}/{PATH}"), "nation": _head(held, f"nation/{PATH}"),
    }  # fmt: skip
    import_module("kua.adapters.labels").add_label(
        plain, out, title=contents.name, version=__version__, proof=proof, hiding=sha256(canonical(election.hiding)).hex(), key=signs[0], chain=signs[1]
    )


def _head(held: BagReader, name: str) -> dict[str, Any]:
    head = parse_checkpoint(parse_note(held.read(name, MAX_NOTE)).text)
    return {"origin": head.origin, "size": head.size, "root": head.root.hex()}

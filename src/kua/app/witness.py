# SPDX-License-Identifier: Apache-2.0
"""A co-signer put together: its folder, its keys, its book and the mark outside the folder. Base install only.

Folder: `witness.json` (name, address, where the mark is), `keys/`, `book.db`, `evidence/`, `lock`.
"""

import contextlib
import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kua.adapters.clock import SystemClock
from kua.adapters.durable import DurableFiles, disk_errors, make_folder
from kua.core.canonical import canonical
from kua.core.errors import Misused, Refused
from kua.ports.clock import Clock
from kua.proof.cosign import CosigningKey
from kua.proof.keys import QuantumKey, SigningKey, VerifierKey
from kua.witness.book import Book, Known
from kua.witness.cosigner import Cosigner
from kua.witness.evidence import EvidenceFiles
from kua.witness.highwater import HighWater

ABOUT: Final = "witness.json"
ED25519_KEY: Final = "keys/ed25519.key"
ML_DSA_KEY: Final = "keys/ml-dsa-44.key"


@dataclass(frozen=True, slots=True)
class About:
    """What a co-signer is called, where it answers, and where its mark is."""

    name: str
    url: str
    mark: Path


def state_folder() -> Path:
    """Return where marks are kept unless somebody says otherwise: not in the co-signer's folder, so that no backup of that brings one back."""
    held = os.environ.get("XDG_STATE_HOME", "")
    return (Path(held) if held else Path.home() / ".local" / "state") / "kua"


def init(folder: Path, name: str, *, url: str = "", mark: Path | None = None, quantum: bool = True) -> list[VerifierKey]:
    """Make a co-signer in `folder` and return its public keys.

    Raises `Misused("witness.exists")` where one is: a key that has signed is never overwritten; `Misused("witness.mark_inside")`,
    `Rejected("key.name")`.
    """
    place = (mark or state_folder()).resolve()
    if place.is_relative_to(folder.resolve()):
        raise Misused("witness.mark_inside", folder=folder.name)
    if (folder / ABOUT).exists() or (folder / ED25519_KEY).exists():
        raise Misused("witness.exists", folder=folder.name)
    keys: list[CosigningKey] = [SigningKey.from_seed(name, secrets.token_bytes(32))]
    if quantum:
        keys.append(QuantumKey.from_seed(name, secrets.token_bytes(32)))
    vkeys = [key.cosigner for key in keys]
    files = DurableFiles()
    make_folder(folder)
    make_folder(place)
    (folder / "keys").mkdir(mode=0o700, exist_ok=True)
    Book.make(folder, vkeys).close()
    HighWater(place, vkeys[0], files).make()
    for key, path in zip(keys, (ED25519_KEY, ML_DSA_KEY), strict=False):
        files.replace(folder / path, key.to_pem(), mode=0o600)
    about = {"v": 1, "name": name, "url": url, "mark": str(place), "keys": len(keys)}
    files.replace(folder / ABOUT, canonical(about) + b"\n")  # the last one makes it a co-signer
    return vkeys


def read_about(folder: Path) -> About:
    """Return what `folder` says of itself. Raises `Misused("witness.none")`, `Unavailable("disk.*")`."""
    try:
        with disk_errors(folder / ABOUT):  # a sick disk is no reason to make a new co-signer
            said: Any = json.loads((folder / ABOUT).read_bytes())
        return About(str(said["name"]), str(said["url"]), Path(said["mark"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Misused("witness.none", folder=folder.name) from error


def read_keys(folder: Path, name: str) -> list[CosigningKey]:
    """Return the private keys. Raises `Misused("witness.none" | "key.pem")`, `Unavailable("disk.*")`."""
    try:
        with disk_errors(folder):
            keys: list[CosigningKey] = [SigningKey.from_pem(name, (folder / ED25519_KEY).read_bytes())]
            if (folder / ML_DSA_KEY).exists():
                keys.append(QuantumKey.from_pem(name, (folder / ML_DSA_KEY).read_bytes()))
    except OSError as error:
        raise Misused("witness.none", folder=folder.name) from error
    return keys


@contextlib.contextmanager
def opened(folder: Path, clock: Clock | None = None) -> Iterator[Cosigner]:
    """Give the co-signer of `folder`, alone in it, and close it afterwards.

    Raises `Misused("witness.none")`, `Refused`: `witness.locked` while another process has it, `witness.lost` without its book,
    `witness.rolled_back` with an old one, `witness.no_mark`, `witness.other_book`; `Unavailable("witness.disk" | "disk.*")`.
    """
    about = read_about(folder)
    keys = read_keys(folder, about.name)
    vkeys = [key.cosigner for key in keys]
    files = DurableFiles()
    with _alone(folder):
        with disk_errors(folder):
            book = Book.open(folder, vkeys)
        try:
            mark = HighWater(about.mark, vkeys[0], files)
            mark.require(book.generation)
            if book.halted:
                raise Refused("witness.halted", why=book.halted)
            mark.raise_to(book.generation)  # a crash between book and mark: nothing was answered, and the book is right
            yield Cosigner(keys, book, mark, EvidenceFiles(folder / "evidence", files), clock or SystemClock())
        finally:
            book.close()


def add_log(folder: Path, origin: str, keys: Sequence[VerifierKey]) -> Known:
    """Serve the log `origin`, signed by `keys`; may be called while the co-signer runs. Raises as `Book.add_log`."""
    if not origin or "\n" in origin:
        raise Misused("witness.origin", given=origin[:80])
    book = _book(folder)
    try:
        return book.add_log(origin, keys)
    finally:
        book.close()


def look(folder: Path) -> tuple[About, list[VerifierKey], Book]:
    """Return what is to be told of a co-signer, running or not. The caller closes the book."""
    about = read_about(folder)
    return about, [key.cosigner for key in read_keys(folder, about.name)], _book(folder)


def _book(folder: Path) -> Book:
    vkeys = [key.cosigner for key in read_keys(folder, read_about(folder).name)]
    with disk_errors(folder):
        return Book.open(folder, vkeys)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with disk_errors(folder):
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            with disk_errors(folder):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Refused("witness.locked", folder=folder.name) from error
        yield
    finally:
        with disk_errors(folder):
            os.close(lock)

# SPDX-License-Identifier: Apache-2.0
"""Keeps what outsiders say of the national log and when: `nation/time` of the published tree (docs/spec/time.md). Signs nothing.

Once a minute the newest checkpoint, with the co-signatures that it has by then, is kept under its size, and each configured authority is asked for a
token over exactly these bytes. An authority that is away delays nobody, and is asked again with the next checkpoint.
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, final

from kua.centre.whole import in_thread
from kua.core.canonical import canonical
from kua.core.errors import KuaError
from kua.core.instant import Instant
from kua.ports.durable import Durable
from kua.ports.tokens import Authority, ReadToken
from kua.proof.head import parse_checkpoint
from kua.proof.keys import VerifierKey
from kua.proof.note import parse_note
from kua.proof.sighting import Sighting, sightings_in

EVERY: Final = 60.0
"""Seconds between two checkpoints that are kept."""
PATIENCE: Final = 5
"""So many times a checkpoint without a co-signature is left for a later one before the authorities are asked all the same."""
_NOTE: Final = re.compile(r"([1-9][0-9]{0,18})\.note", re.ASCII)


@final
class Times:
    """The service. `folder` is `nation/time` of the tree, `newer` gives a national checkpoint over more leaves than it is asked for, the newest that was
    co-signed if there is one (empty: there is none), `keys` are those of the co-signers of the election file, `seen` is told of every sighting, `told` of what went wrong (a code, an authority's name).
    """

    def __init__(
        self,
        folder: Path,
        newer: Callable[[int], bytes],
        keys: Sequence[VerifierKey],
        authorities: Sequence[Authority],
        files: Durable,
        seen: Callable[[Sighting], None],
        told: Callable[[str, str], None],
    ) -> None:
        self._folder, self._newer, self._keys, self._authorities = folder, newer, tuple(keys), tuple(authorities)
        self._files, self._seen, self._told = files, seen, told
        self._waited = 0
        self._sizes: dict[int, list[str]] = {}
        for path in folder.iterdir() if folder.is_dir() else ():
            found = _NOTE.fullmatch(path.name)
            if found is not None:
                size = int(found[1])
                self._sizes[size] = sorted(each.stem.partition("-")[2] for each in folder.glob(f"{size}-*.tsr"))

    async def run(self) -> None:
        """Keep for ever."""
        while True:
            await self.once()
            await asyncio.sleep(EVERY)

    async def once(self) -> None:
        """Keep the newest checkpoint, if there is a newer one than the last that was kept."""
        if not self._keys and not self._authorities:
            return
        note = self._newer(max(self._sizes, default=0))
        if not note:
            return
        size = parse_checkpoint(parse_note(note).text).size
        try:
            found = sightings_in(parse_note(note), self._keys)
            if self._keys and not found and (not self._authorities or self._waited < PATIENCE):
                self._waited += 1
                return  # nobody has co-signed it yet: a later one will be
            self._waited = 0
            await in_thread(self._files.write_once, self._folder / f"{size}.note", note)
            self._sizes[size] = []
            for authority in self._authorities:
                found += await self._stamp(authority, size, note)
            listed = [{"size": each, "tokens": names} for each, names in sorted(self._sizes.items())]
            await in_thread(self._files.replace, self._folder / "list.json", canonical({"v": 1, "notes": listed}))
        except KuaError as error:
            self._told(error.code, "")
            return
        if found:
            self._seen(min(found))

    async def _stamp(self, authority: Authority, size: int, note: bytes) -> list[Sighting]:
        try:
            token, stamped = await in_thread(authority.stamp, note)
            await in_thread(self._files.write_once, self._folder / f"{size}-{authority.name}.tsr", token)
        except KuaError as error:
            self._told(error.code, authority.name)
            return []
        self._sizes[size].append(authority.name)
        return [Sighting(stamped.at, size, stamped.by)]


def kept_sightings(folder: Path, keys: Sequence[VerifierKey], readers: dict[str, ReadToken]) -> list[Sighting]:
    """Return what the files of `nation/time` say of the national log, for a centre that starts anew; what cannot be read says nothing."""
    found: list[Sighting] = []
    for path in sorted(folder.glob("*.note")) if folder.is_dir() else ():
        try:
            data = path.read_bytes()
            size = parse_checkpoint(parse_note(data).text).size
            said = sightings_in(parse_note(data), keys)
            for name, reader in readers.items():
                token = folder / f"{size}-{name}.tsr"
                if token.exists():
                    stamped = reader(token.read_bytes(), data)
                    said.append(Sighting(Instant(stamped.at), size, stamped.by))
        except KuaError:
            continue
        if said:
            found.append(min(said))
    return found

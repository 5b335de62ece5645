# SPDX-License-Identifier: Apache-2.0
"""Blobs that come in parts over a line that breaks: every byte that arrived is kept, and the station goes on from there (docs/spec/centre-api.md).

Knows nothing of HTTP. A part's own digest is signed, so a whole part is checked at once; of a part that was cut off nothing is known before the blob is
whole, and then its digest decides.
"""

import asyncio
import hashlib
from typing import Final, final

from kua.centre.ingest.members import Members
from kua.centre.ingest.service import MOST_BLOB, Admitted, Ingest
from kua.core.digest import Digest
from kua.core.errors import Refused, Rejected, Unavailable
from kua.ports.store import Rest, Store

_YIELD: Final = 10.0
"""Seconds that an older part has to let go."""


@final
class Part:
    """One part on its way in, from `offset` on. `cut` is set when the station has begun anew over another connection."""

    def __init__(self, rest: Rest, digest: str, offset: int, most: int) -> None:
        self.rest, self._digest, self.offset, self._most = rest, digest, offset, most
        self._sha256 = hashlib.sha256()
        self.cut = asyncio.Event()
        self.ended = asyncio.Event()

    @property
    def size(self) -> int:
        """Bytes of the blob that are here."""
        return self.rest.size

    def write(self, chunk: bytes) -> None:
        """Add `chunk`. Raises `Rejected("ingest.size")` for more than the leaf says, `Unavailable("ingest.disk_full" | "disk.failed")`."""
        if self.rest.size + len(chunk) > self._most:
            raise Rejected("ingest.size", given=self.rest.size + len(chunk), digest=self._digest)
        self._sha256.update(chunk)
        self.rest.write(chunk)

    def require(self, digest: Digest) -> None:
        """Hold a part that is whole against its digest; one that is not what was signed is forgotten. Raises `Rejected("ingest.digest")`."""
        if self._sha256.digest() != digest:
            self.rest.cut(self.offset)
            raise Rejected("ingest.digest", given=self._sha256.hexdigest(), wanted=digest.hex())

    def pause(self) -> None:
        """Keep what came."""
        self.rest.pause()


@final
class Parts:
    """Which parts are being written; one for each station and digest."""

    def __init__(self, ingest: Ingest, members: Members, store: Store) -> None:
        self._ingest, self._members, self._store = ingest, members, store
        self._open: dict[tuple[str, str], Part] = {}

    def offset(self, station: str, digest: str) -> tuple[int, bool]:
        """Return how many bytes of `digest` are here and whether that is all of it.

        Raises `Rejected` (`name.station`, `election.no_station`, `upload.not_enrolled`, `ingest.no_leaf`).
        """
        member = self._members.get(station)
        member.book.wants(digest)
        if digest in member.received and self._store.has(digest):
            return self._store.path(digest).stat().st_size, True
        return self._store.rest(station, digest), False

    async def begin(self, admitted: Admitted, offset: int) -> Part:
        """Go on with the blob `admitted.digest` at `offset`. A part that is still being written is cut: its line is dead, or its station would not ask.

        Raises `Refused("upload.offset", have=...)` where that many bytes are not what is here, `Unavailable("ingest.disk_full" | "disk.failed")`.
        """
        place = (admitted.member.station, admitted.digest.hex())
        older = self._open.get(place)
        if older is not None:
            older.cut.set()
            try:
                async with asyncio.timeout(_YIELD):
                    await older.ended.wait()
            except TimeoutError as error:
                raise Unavailable("ingest.busy", seconds=int(_YIELD)) from error
        have = self._store.rest(*place)
        if offset != have:
            raise Refused("upload.offset", have=have, given=offset)
        sizes = {target.size for target in admitted.member.book.wants(place[1])} - {None}
        part = Part(self._store.resume(*place), place[1], offset, max((size for size in sizes if size is not None), default=MOST_BLOB))
        self._open[place] = part
        return part

    def end(self, admitted: Admitted, part: Part, *, keep: bool) -> None:
        """Let go of `part`: with `keep` its bytes stay for the next one; without, `Ingest.finish` has taken or dropped them."""
        if keep:
            part.pause()
        place = (admitted.member.station, admitted.digest.hex())
        if self._open.get(place) is part:
            del self._open[place]
        part.ended.set()

    async def finish(self, admitted: Admitted, part: Part) -> bytes:
        """Check the whole and return the receipt, as `Ingest.finish` does; what does not hold is forgotten, and is no evidence: parts that were cut bear no signature."""
        return await self._ingest.finish(admitted, part.rest, whole=False)

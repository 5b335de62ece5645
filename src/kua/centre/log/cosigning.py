# SPDX-License-Identifier: Apache-2.0
"""Collects co-signatures over the national log's checkpoints, each co-signer at its own pace, and publishes them.

Never holds the log up: it reads heads that are signed and published already. A co-signer that is away is asked again later; one that
lies is not believed. Judges the quorum by the policy of the election file only to know what to show.
"""

import asyncio
import contextlib
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, final

from kua.centre.log.cosigned import CosignedFiles
from kua.centre.whole import in_thread
from kua.core.digest import Digest
from kua.core.errors import KuaError
from kua.flow.backoff import Backoff
from kua.ports.clock import Clock
from kua.ports.cosigner import Cosigner, KnowsAnother
from kua.ports.courier import Turned
from kua.ports.tilelog import Signed
from kua.proof.addcheckpoint import AddCheckpoint, read_answer
from kua.proof.keys import VerifierKey
from kua.proof.note import Signature, parse_note

EVERY: Final = 5.0
"""Seconds between two looks for a newer checkpoint; so long at most, and a round trip, is the log without its co-signers."""


class CosignedLog(Protocol):
    """What the collector needs of the log: heads, and proofs between them."""

    @property
    def head(self) -> Signed | None: ...
    def consistency(self, earlier: int, later: int) -> tuple[Digest, ...]: ...


@dataclass(slots=True)
class Asked:
    """One co-signer: its keys in the policy, the way to it, and how it went last. `trouble` is a code, empty where all is well."""

    name: str
    keys: tuple[VerifierKey, ...]
    way: Cosigner
    known: int = 0
    done: int = -1
    trouble: str = ""
    backoff: Backoff = field(default_factory=Backoff)


@final
class Cosigning:
    """Asks `cosigners`. `files` keeps and shows what they answer."""

    def __init__(
        self, log: CosignedLog, files: CosignedFiles | None, cosigners: Sequence[Asked], clock: Clock, *, every: float = EVERY
    ) -> None:
        self._log, self._files, self._clock, self._every = log, files, clock, every
        self.cosigners = tuple(cosigners) if files is not None else ()
        self._turn = asyncio.Lock()

    async def run(self) -> None:
        """Ask for ever."""
        if not self.cosigners:
            await asyncio.Event().wait()
        try:
            async with asyncio.TaskGroup() as group:
                for asked in self.cosigners:
                    group.create_task(self._follow(asked))
        finally:
            for asked in self.cosigners:
                await asked.way.close()

    async def _follow(self, asked: Asked) -> None:
        while True:
            wait = await self.ask(asked)
            await asyncio.sleep(wait)

    async def ask(self, asked: Asked) -> float:
        """Ask one co-signer about the newest head, if it is new to it; return how many seconds to wait before the next time."""
        head = self._log.head
        if head is None or head.size == asked.done:
            return self._every
        now = self._clock.monotonic()
        try:
            await self._cosign(asked, head)
        except KuaError as error:
            asked.trouble = error.code
            wait = asked.backoff.failed(now, random.random(), slow=isinstance(error, Turned))  # noqa: S311 - spreads waits, guards nothing
            return max(wait / 1000, self._every)
        except KnowsAnother as other:  # twice in a row: another centre speaks for this log, or it knows more than we do
            asked.trouble, asked.known = "cosigner.ahead", min(other.size, head.size)
            return max(asked.backoff.failed(now, random.random()) / 1000, self._every)  # noqa: S311
        asked.backoff.worked(now)
        asked.trouble = ""
        return self._every

    async def _cosign(self, asked: Asked, head: Signed) -> None:
        try:
            lines = await self._once(asked, head)
        except KnowsAnother as other:
            if other.size > head.size:
                raise
            if other.size < asked.done:
                await self._remind(asked, other.size)
            asked.known = other.size
            lines = await self._once(asked, head)
        asked.known = asked.done = head.size
        assert self._files is not None
        async with self._turn:
            await in_thread(self._files.take, head, lines)

    async def _once(self, asked: Asked, head: Signed) -> tuple[Signature, ...]:
        steps = await in_thread(self._log.consistency, asked.known, head.size) if asked.known else ()
        answer = await asked.way.add_checkpoint(AddCheckpoint(asked.known, steps, head.note))
        return read_answer(answer, parse_note(head.note).text, asked.keys)

    async def _remind(self, asked: Asked, size: int) -> None:
        """Show a co-signer that has forgotten what it signed its own signature: it may then see that its records are old, and stop."""
        note = self._files.at(asked.done) if self._files else None
        if note is not None:
            with contextlib.suppress(KnowsAnother):
                steps = await in_thread(self._log.consistency, size, asked.done) if size else ()
                await asked.way.add_checkpoint(AddCheckpoint(size, steps, note))

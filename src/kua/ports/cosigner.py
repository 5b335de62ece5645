# SPDX-License-Identifier: Apache-2.0
"""What may carry a log's checkpoint to a co-signer and its co-signature back."""

from typing import Protocol

from kua.proof.addcheckpoint import AddCheckpoint


class KnowsAnother(Exception):
    """The co-signer knows the log at `size`, not at the size that was named."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size = size


class Cosigner(Protocol):
    """Asks one co-signer (C2SP tlog-witness, `add-checkpoint`).

    * `add_checkpoint` returns its answer as it came: whoever calls checks the signatures before believing them;
    * it raises `KnowsAnother` for "409 Conflict" with a size, `Away` (`kua.ports.courier`) when there is no answer that decides, and
      `Turned` with the code `cosigner.refused` when it says no;
    * it ends within a bounded time.
    """

    async def add_checkpoint(self, asked: AddCheckpoint) -> bytes: ...
    async def close(self) -> None: ...

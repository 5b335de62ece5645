# SPDX-License-Identifier: Apache-2.0
"""The co-signed checkpoints as files (docs/spec/cosigning.md): one of each size that anybody co-signed, the newest with a quorum, an index.

Below the national log: `cosigned/SIZE`, `cosigned/checkpoint`, `cosigned/sizes`. All may be made again by asking the co-signers; none is
ever the only record of what the log has signed.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, final

from kua.core.errors import KuaError, Rejected
from kua.ports.durable import Durable
from kua.ports.tilelog import Signed
from kua.proof.keys import VerifierKey
from kua.proof.note import Signature, add_signatures, parse_note
from kua.proof.policy import Judgement, Policy, judge

FOLDER: Final = "cosigned"
NEWEST: Final = "checkpoint"
SIZES: Final = "sizes"


@final
class CosignedFiles:
    """The folder `cosigned` of a log in `public`. `dress` shows a checkpoint with further lines if it is still the log's newest.

    Not to be called by two threads at once.
    """

    def __init__(
        self, public: Path, policy: Policy, keys: Iterable[VerifierKey], origin: str, files: Durable, dress: Callable[[bytes], None]
    ) -> None:
        self._folder, self._policy, self._keys, self._origin = public / FOLDER, policy, tuple(keys), origin
        self._files, self._dress = files, dress
        self._sizes = self._read_sizes()
        self.newest: Judgement | None = self._read_newest()

    def take(self, head: Signed, lines: Iterable[Signature]) -> None:
        """Keep and show `lines`, which the caller has verified, under `head`. Raises `Unavailable("disk.*")`."""
        have = self.at(head.size) or head.note
        known = set(parse_note(have).signatures)
        note = add_signatures(have, [line for line in lines if line not in known])
        judgement = judge(self._policy, note, self._keys, self._origin)
        self._files.replace(self._folder / str(head.size), note)
        shown = self.newest
        if shown is None or (judgement.quorum, head.size) >= (shown.quorum, shown.checkpoint.size):
            self._files.replace(self._folder / NEWEST, note)
            self.newest = judgement
        at = judgement.by if judgement.by is not None else judgement.times[0] if judgement.times else 0
        self._sizes[head.size] = (at, judgement.quorum)
        rows = (f"{size} {at} {'quorum' if quorum else 'some'}\n" for size, (at, quorum) in sorted(self._sizes.items()))
        self._files.replace(self._folder / SIZES, "".join(rows).encode())
        self._dress(note)

    def at(self, size: int) -> bytes | None:
        """Return the co-signed checkpoint of that size, None if nobody co-signed it."""
        try:
            return (self._folder / str(size)).read_bytes()
        except FileNotFoundError:
            return None

    def _read_newest(self) -> Judgement | None:
        try:
            return judge(self._policy, (self._folder / NEWEST).read_bytes(), self._keys, self._origin)
        except (FileNotFoundError, KuaError):  # of another policy, or damaged: the next answer makes it anew
            return None

    def _read_sizes(self) -> dict[int, tuple[int, bool]]:
        try:
            rows = [line.split(" ") for line in (self._folder / SIZES).read_text("ascii").splitlines()]
            return {int(size): (int(at), word == "quorum") for size, at, word in rows}
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise Rejected("durable.differs", path=SIZES) from error

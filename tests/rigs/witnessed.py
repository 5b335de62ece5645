# SPDX-License-Identifier: Apache-2.0
"""A small published election in which things happen one after another: film, reports to the centre, beacons, co-signatures, stamps.

Built from the parts of `tools/make_published.py`; `clock` is by how much the station's clock is wrong. Time is told by the caller, in ms.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kua.core.canonical import canonical
from kua.core.digest import sha256
from kua.core.nouns import nation_origin
from kua.proof.checkpoint import Checkpoint, sign_checkpoint
from kua.proof.cosign import cosign
from kua.proof.keys import SigningKey
from kua.proof.leaf import make_leaf
from kua.proof.liveness import liveness_code
from kua.proof.merkle import leaf_hash, root_of
from kua.proof.note import add_signatures
from tools import make_published as parts

NATION = nation_origin(parts.DOMAIN, parts.ELECTION)
PARTY, NGO, PHONE = (parts.key(name) for name in ("party.example/witness", "ngo.example/witness", "person/observer/10-245"))


class Story:
    """The two logs as they grow, and what others say of them."""

    def __init__(self, *, clock: int = 0, trust: str = "ntp") -> None:
        self.clock, self.trust = clock, trust
        self.profile = canonical({"v": 1, "id": "vectors", "titles": parts.named("Vectors"), "clauses": []})
        self.file, self.signed, self.shown = parts.election(self.profile), parts.calibration(), parts.film()
        honest = parts.leaves(self.file, self.signed, self.shown)
        self._segments = honest[3:-1]
        self.station: list[bytes] = []
        self.nation = [
            make_leaf("policy", at=parts.BEGIN - 60_000, what="election", version=1, sha256=sha256(self.file).hex()),
            make_leaf("certificate", at=parts.BEGIN - 60_000, station=parts.STATION, origin=parts.ORIGIN, vkey=str(parts.AGENT.verifier)),
        ]
        self.times: dict[str, bytes] = {}
        self._tokens: dict[int, list[str]] = {}
        self._beacon: bytes | None = None
        for entry in honest[:3]:
            self._say(parts.read_leaf(entry).body)  # type: ignore[union-attr] - every leaf here is of a known type

    def _say(self, body: dict[str, Any], **other: Any) -> None:
        fields = {name: value for name, value in body.items() if name not in {"v", "type"}} | other
        for name in ("at", "t0", "t1"):
            if name in fields:
                fields[name] += self.clock
        if "slot" in fields:
            fields["slot"] = fields["t0"] // parts.SLOT
        self.station.append(make_leaf(body["type"], **fields))

    def film(self, number: int) -> int:
        """State segment `number` (it ends at BEGIN + (number + 1) * SLOT of true time); return its leaf's index."""
        body = parts.read_leaf(self._segments[number]).body  # type: ignore[union-attr]
        self._say(body, trust=self.trust)
        return len(self.station) - 1

    def close(self) -> None:
        self._say({"type": "close", "at": parts.BEGIN + parts.SEGMENTS * parts.SLOT, "reason": "end_of_day"})

    def report(self, at: int) -> None:
        """The centre receives the station's checkpoint at `at`."""
        note = parts.checkpoint(self.station, parts.AGENT)
        root = root_of([leaf_hash(entry) for entry in self.station])
        leaf = make_leaf("station_checkpoint", received_at=at, origin=parts.ORIGIN, size=len(self.station), root=root.hex(), note=note.decode())
        self.nation.append(leaf)

    def nation_note(self, entries: Sequence[bytes] | None = None) -> bytes:
        """The national checkpoint over what is there."""
        held = self.nation if entries is None else entries
        return sign_checkpoint(Checkpoint(NATION, len(held), root_of([leaf_hash(entry) for entry in held])), parts.CENTRE)

    def beacon(self, at: int, note: bytes | None = None) -> None:
        """The station states the newest national checkpoint, which it has just been given."""
        self._beacon = note or self.nation_note()
        self._say({"type": "beacon", "at": at, "note": self._beacon.decode()})

    def read_code(self, t0: int, t1: int, code: str | None = None) -> None:
        """The station says that it read the code in its own picture."""
        assert self._beacon is not None
        self._say({
            "type": "liveness", "at": t1, "cam": "a", "t0": t0, "t1": t1, "beacon": sha256(self._beacon).hex(),
            "code": code or liveness_code(parts.ORIGIN, self._beacon),
        })  # fmt: skip

    def cosign(self, at: int, *keys: SigningKey) -> bytes:
        """Outsiders co-sign the national checkpoint at `at` (rounded down to a second), and the centre keeps it."""
        note = self.nation_note()
        text = note.decode().split("\n\n", 1)[0] + "\n"
        made = add_signatures(note, [cosign(text, key, at // 1000) for key in keys]) if keys else note
        self.times[f"time/{len(self.nation)}.note"] = made
        self._tokens.setdefault(len(self.nation), [])
        return made

    def stamp(self, authority: str, token: bytes) -> None:
        """Keep the token of a time authority over the note that was kept last."""
        size = max(self._tokens)
        self._tokens[size].append(authority)
        self.times[f"time/{size}-{authority}.tsr"] = token

    def in_the_room(self, at: int, key: SigningKey) -> None:
        """An observer's phone co-signs the station's own checkpoint."""
        note = parts.checkpoint(self.station, parts.AGENT)
        text = note.decode().split("\n\n", 1)[0] + "\n"
        signed = add_signatures(note, [cosign(text, key, at // 1000)])
        self._say({"type": "observer", "at": at, "vkey": str(key.cosigner), "note": signed.decode()})

    def write(self, folder: Path, **changed: bytes) -> Path:
        """Publish everything below `folder`. `changed`: other bytes for files of `nation/time`, by name."""
        tree = {
            "election.json": self.file,
            "election.note": parts.sign_election([parts.COMMISSION], parts.ELECTION, 1, sha256(self.file)),
            "profile.json": self.profile,
        }
        tree |= parts.log_files(f"s/{parts.STATION}", self.station, parts.AGENT)
        tree |= parts.nation_files(self.nation)
        tree |= {f"s/{parts.STATION}/{name}": data for name, data in (self.signed | self.shown).items()}
        if self.times:
            listed = [{"size": size, "tokens": names} for size, names in sorted(self._tokens.items())]
            tree["nation/time/list.json"] = canonical({"v": 1, "notes": listed})
        tree |= {f"nation/{name}": data for name, data in (self.times | changed).items()}
        for name, data in tree.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return folder

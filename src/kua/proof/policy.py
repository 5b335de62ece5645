# SPDX-License-Identifier: Apache-2.0
"""Whom to believe: a policy to the letter of C2SP tlog-policy (logs, co-signers, groups, quorum), and a checkpoint judged by it.

Fetches nothing and knows no clock: whether a time lies in the future is the caller's to say.
"""

import re
from collections.abc import Iterable, Sized
from dataclasses import dataclass
from typing import Final

from kua.core.errors import Rejected
from kua.proof.cosign import Cosignature, cosignatures
from kua.proof.head import Checkpoint
from kua.proof.keys import ED25519, VerifierKey
from kua.proof.checkpoint import open_checkpoint
from kua.proof.note import parse_note

MAX_POLICY: Final = 500_000
"""Bytes of a policy that we still read: a hundred ML-DSA-44 keys are 185,000."""
MAX_LINES: Final = 100
"""Logs, co-signers or groups of a policy that we still read, of each; the standard asks for 32."""
NONE: Final = "none"
"""The quorum that asks for no co-signature."""

_BLANK: Final = re.compile(r"[ \t]+")
_COUNT: Final = re.compile(r"[1-9][0-9]{0,3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class PolicyLog:
    """A log that the policy knows: its key, named after the log's origin, and where it answers."""

    key: VerifierKey
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Witness:
    """A co-signer that the policy knows: the name that groups use, its key, and where it answers `add-checkpoint`."""

    name: str
    key: VerifierKey
    url: str | None = None

    @property
    def shown(self) -> str:
        """The name for people's eyes; bytes that are no UTF-8 are replaced."""
        return shown(self.name)


@dataclass(frozen=True, slots=True)
class Group:
    """Members of which `needed` must have co-signed."""

    name: str
    needed: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy as it was read. `quorum` is the name of a co-signer or a group, or `none`; names are as `parse_policy` tells."""

    logs: tuple[PolicyLog, ...]
    witnesses: tuple[Witness, ...]
    groups: tuple[Group, ...]
    quorum: str

    @property
    def parties(self) -> tuple[str, ...]:
        """Names of the keys of all co-signers, each once: a party with keys of two kinds is one party."""
        return tuple(dict.fromkeys(witness.key.name for witness in self.witnesses))

    def met_by(self, names: Iterable[str]) -> bool:
        """Say whether the co-signers called `names` are a quorum."""
        held = {name for name in names if any(witness.name == name for witness in self.witnesses)}
        for group in self.groups:  # a group knows only what stands above it
            if sum(member in held for member in group.members) >= group.needed:
                held.add(group.name)
        return self.quorum == NONE or self.quorum in held


@dataclass(frozen=True, slots=True)
class Seen:
    """A co-signer of the policy and when it co-signed, in seconds since 1970; None where it gave no time."""

    witness: Witness
    seconds: int | None


@dataclass(frozen=True, slots=True)
class Judgement:
    """A checkpoint and who of the policy co-signed it. `by` is the second by which a quorum had: None without one, or without times."""

    checkpoint: Checkpoint
    seen: tuple[Seen, ...]
    quorum: bool
    by: int | None

    @property
    def parties(self) -> tuple[str, ...]:
        """Names of the keys that co-signed, each once."""
        return tuple(dict.fromkeys(one.witness.key.name for one in self.seen))

    @property
    def times(self) -> tuple[int, int] | None:
        """The first and the last time that any co-signer of the policy gave; None where none did."""
        times = [one.seconds for one in self.seen if one.seconds is not None]
        return (min(times), max(times)) if times else None


def shown(name: str) -> str:
    """Return a name of a policy for people's eyes."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def parse_policy(data: bytes) -> Policy:
    """Read a policy. Names stay what they are to the byte: those that are no UTF-8 are kept as lone surrogates (`shown` mends them).

    Raises `Rejected("policy.form", why=..., line=N)` for anything that the standard does not allow, and what `VerifierKey.parse` raises.
    """
    if len(data) > MAX_POLICY:
        raise Rejected("policy.form", why="too large", line=0)
    if any((byte < 0x20 and byte not in b"\t\n") or byte == 0x7F for byte in data):
        raise Rejected("policy.form", why="control character", line=0)
    lines = data.decode("utf-8", "surrogateescape").split("\n")
    if lines.pop():
        raise Rejected("policy.form", why="no newline at the end", line=len(lines) + 1)
    reader = _Reader()
    for number, line in enumerate(lines, 1):
        words = [word for word in _BLANK.split(line) if word]
        if words and not words[0].startswith("#"):
            reader.take(number, words)
    return reader.policy(len(lines))


class _Reader:
    """Takes a policy line by line."""

    def __init__(self) -> None:
        self._logs: list[PolicyLog] = []
        self._witnesses: list[Witness] = []
        self._groups: list[Group] = []
        self._defined: set[str] = {NONE}
        self._members: set[str] = {NONE}  # what may be no member any more; `none` never may
        self._quorum: str | None = None

    def take(self, number: int, words: list[str]) -> None:
        match words:
            case ["log", vkey, *url] if len(url) < 2:
                key = _key(vkey, number)
                self._room(number, self._logs)
                self._once(number, key, [log.key for log in self._logs])
                self._logs.append(PolicyLog(key, *url))
            case ["witness", name, vkey, *url] if len(url) < 2:
                key = _key(vkey, number)
                if key.kind == ED25519:
                    raise Rejected("policy.form", why="key of a log for a co-signer", line=number)
                self._room(number, self._witnesses)
                self._once(number, key, [witness.key for witness in self._witnesses])
                self._define(number, name)
                self._witnesses.append(Witness(name, key, *url))
            case ["group", name, count, *members] if members:
                self._room(number, self._groups)
                self._join(number, members)
                self._define(number, name)
                self._groups.append(Group(name, _needed(number, count, len(members)), tuple(members)))
            case ["quorum", name]:
                if self._quorum is not None:
                    raise Rejected("policy.form", why="two quorums", line=number)
                if name not in self._defined:
                    raise Rejected("policy.form", why="name not defined above", line=number)
                self._quorum = name
            case _:
                raise Rejected("policy.form", why="unknown line", line=number)

    def policy(self, lines: int) -> Policy:
        if self._quorum is None:
            raise Rejected("policy.form", why="no quorum", line=lines)
        return Policy(tuple(self._logs), tuple(self._witnesses), tuple(self._groups), self._quorum)

    @staticmethod
    def _room(number: int, table: Sized) -> None:
        if len(table) >= MAX_LINES:
            raise Rejected("policy.form", why="too many lines", line=number)

    @staticmethod
    def _once(number: int, key: VerifierKey, known: list[VerifierKey]) -> None:
        if key.public in {other.public for other in known}:  # two names do not make two parties
            raise Rejected("policy.form", why="the same key twice", line=number)

    def _define(self, number: int, name: str) -> None:
        if name in self._defined:
            raise Rejected("policy.form", why="name taken", line=number)
        self._defined.add(name)

    def _join(self, number: int, members: list[str]) -> None:
        for name in members:
            if name not in self._defined:
                raise Rejected("policy.form", why="name not defined above", line=number)
            if name in self._members:
                raise Rejected("policy.form", why="member twice", line=number)
            self._members.add(name)


def _key(line: str, number: int) -> VerifierKey:
    try:
        line.encode()
    except UnicodeEncodeError as error:  # the name of a key stands in notes, and those are UTF-8
        raise Rejected("policy.form", why="key is not UTF-8", line=number) from error
    return VerifierKey.parse(line)


def _needed(number: int, count: str, members: int) -> int:
    if count == "any":
        return 1
    if count == "all":
        return members
    if not _COUNT.fullmatch(count) or int(count) > members:
        raise Rejected("policy.form", why="threshold", line=number)
    return int(count)


def judge(policy: Policy, data: bytes, keys: Iterable[VerifierKey] = (), origin: str | None = None) -> Judgement:
    """Verify a checkpoint and say who of `policy` co-signed it, and whether they are a quorum.

    It must be signed by one of `keys` or by a log of the policy that is named after its origin. Raises `Rejected` as `open_checkpoint`, and
    `note.signature` also where the line of a known co-signer does not hold. That the quorum fails is an answer, not an error.
    """
    note = parse_note(data)
    named = note.text.split("\n", 1)[0]
    checkpoint = open_checkpoint(data, [*keys, *(log.key for log in policy.logs if log.key.name == named)], origin)
    by_key = {witness.key: witness for witness in policy.witnesses}
    found = cosignatures(note, by_key)
    seen = tuple(Seen(by_key[one.key], one.seconds) for one in found)
    quorum = policy.met_by(by_key[one.key].name for one in found)
    return Judgement(checkpoint, seen, quorum, _by(policy, by_key, found) if quorum else None)


def _by(policy: Policy, by_key: dict[VerifierKey, Witness], found: tuple[Cosignature, ...]) -> int | None:
    """The earliest second by which those who had co-signed were a quorum. One co-signer with a wrong clock does not move it alone."""
    names: list[str] = []
    for seconds, name in sorted((one.seconds, by_key[one.key].name) for one in found if one.seconds is not None):
        names.append(name)
        if policy.met_by(names):
            return seconds
    return None

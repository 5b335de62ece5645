# SPDX-License-Identifier: Apache-2.0
"""The station's day of `tests/vectors/bundle/hours.zip`: keys of the hours, their seals, and two telephones that co-sign in the room; and what may be wrong with them.

A seal and a co-signature are over all that stands before them, so a day is written as a list of parts, each made from the leaves so far.
"""

from collections.abc import Callable, Sequence
from typing import Final

from kua.core.digest import sha256
from kua.proof.base64 import to_base64
from kua.proof.checkpoint import Checkpoint, sign_checkpoint
from kua.proof.cosign import cosign
from kua.proof.hours import hour_name, sign_seal
from kua.proof.keys import SigningKey
from kua.proof.leaf import make_leaf
from kua.proof.note import add_signatures, parse_note
from kua.proof.tiles import Edge
from tools.make_published import AGENT, BEGIN, ORIGIN, SLOT, STATION, key

Make = Callable[[list[bytes]], bytes]
Parts = list[tuple[str, Make]]

PHONES: Final = {name: key(f"observer/{STATION}/{name}") for name in ("0badcafe", "5eed1e55")}
ONE, TWO = PHONES.values()
TWIN: Final = SigningKey.from_seed(ONE.name, sha256(b"kua test vectors, not a secret: another telephone that takes the name of the first"))
SEEN_AT: Final = BEGIN // 1000 + 25
"""When the first telephone had all of the film, in seconds since 1970."""


def hour(number: int, spelt: str = "") -> SigningKey:
    """The key of an hour; `spelt`: another key of that name."""
    name = hour_name(ORIGIN, number)
    return SigningKey.from_seed(name, sha256(f"kua test vectors, not a secret: {name}{spelt}".encode()))


def _root(entries: Sequence[bytes]) -> Edge:
    edge = Edge()
    edge.append(entries)
    return edge


def keys(count: int = 48, first: int = 0, spelt: str = "") -> Make:
    """The keys of the hours."""
    public = [to_base64(hour(number, spelt).verifier.public) for number in range(first, first + count)]
    return lambda _: make_leaf("hour_keys", at=BEGIN, first=first, keys=public)


def seal(number: int, by: SigningKey | None = None, over: Callable[[list[bytes]], Sequence[bytes]] = lambda entries: entries) -> Make:
    """The seal of an hour over what stands before it, unless told otherwise."""
    signer = by if by is not None else hour(number)

    def made(entries: list[bytes]) -> bytes:
        edge = _root(over(entries))
        return make_leaf("hour_seal", at=BEGIN + 60_000, number=number, note=sign_seal(ORIGIN, edge.size, edge.root(), signer).decode())

    return made


def phone(
    whose: SigningKey,
    seconds: int,
    *,
    by: SigningKey | None = None,
    said: int | None = None,
    over: Callable[[list[bytes]], Sequence[bytes]] = lambda entries: entries,
) -> Make:
    """A telephone's co-signature: `by` signs in its name, `said` is the time that the line then claims."""

    def made(entries: list[bytes]) -> bytes:
        edge = _root(over(entries))
        note = sign_checkpoint(Checkpoint(ORIGIN, edge.size, edge.root()), AGENT)
        line = cosign(parse_note(note).text, by or whose, seconds)
        if said is not None:
            line = type(line)(line.name, line.key_id, said.to_bytes(8, "big") + line.made[8:])
        line = type(line)(whose.name, whose.cosigner.id, line.made)
        return make_leaf("observer", at=seconds * 1000, vkey=str(whose.cosigner), note=add_signatures(note, [line]).decode())

    return made


def beat(at: int) -> Make:
    """A heartbeat."""
    return lambda _: make_leaf("heartbeat", at=at, boot="00000001", mono=at - BEGIN, trust="ntp", owed=0, owed_bytes=0, free_bytes=10**9)


def parts(day: Sequence[bytes]) -> Parts:
    """The day with hours and telephones: three hours, of which the film has the first two; what each part is called is what a case replaces."""
    plain: Parts = [(f"leaf {number}", lambda _, entry=entry: entry) for number, entry in enumerate(day)]  # type: ignore[misc]
    return [
        *plain[:2], ("keys", keys()), *plain[2:6],
        ("early phone", phone(TWO, BEGIN // 1000 + 5)), *plain[6:8], ("seal 0", seal(0)), *plain[8:14],
        ("phone", phone(ONE, SEEN_AT)), ("beat", beat(BEGIN + 7 * SLOT)), ("other phone", phone(TWO, SEEN_AT + 3)), *plain[14:15],
        ("phone again", phone(ONE, SEEN_AT + 60)), ("beat again", beat(BEGIN + 8 * SLOT)), ("seal 1", seal(1)), *plain[15:], ("seal 2", seal(2)),
    ]  # fmt: skip


def grown(listed: Parts, **instead: Make) -> list[bytes]:
    """The leaves, with other parts in the place of those that are named (`_` for a space)."""
    entries: list[bytes] = []
    named = {name.replace("_", " "): make for name, make in instead.items()}
    assert named.keys() <= {name for name, _ in listed}
    for name, make in listed:
        entries.append(named.get(name, make)(entries))
    return entries


def sizes(listed: Parts) -> tuple[int, int, int]:
    """How much of the day the national log saw: the keys, then all of the film, then everything."""
    names = [name for name, _ in listed]
    return names.index("keys") + 1, names.index("beat") + 1, len(names)


def shorter(entries: list[bytes]) -> Sequence[bytes]:
    """All but the newest leaf."""
    return entries[:-1]


def kinder(entries: list[bytes]) -> Sequence[bytes]:
    """As many leaves, with another one at the end."""
    return [*entries[:-1], make_leaf("close", at=BEGIN, reason="ordered")]


ALTERED: Final[dict[str, dict[str, Make]]] = {
    "seal-by-a-key-of-somebody-else": {"seal_1": seal(1, hour(1, " of a thief"))},
    "seal-by-the-key-of-another-hour": {"seal_1": seal(1, hour(5))},
    "seal-by-the-stations-own-key": {"seal_1": seal(1, AGENT)},
    "seal-over-fewer-statements": {"seal_1": seal(1, over=shorter)},
    "seal-over-another-statement": {"seal_1": seal(1, over=kinder)},
    "seal-of-the-first-hour-over-another-statement": {"seal_0": seal(0, over=kinder)},
    "seal-left-out-by-the-station": {"seal_1": beat(BEGIN + 9 * SLOT), "seal_2": seal(2)},
    "seal-of-a-later-hour-in-its-place": {"seal_0": seal(1), "seal_1": seal(2), "seal_2": seal(3)},
    "seal-twice": {"phone": seal(0)},
    "seal-number-goes-back": {"phone": seal(1), "seal_1": seal(0), "seal_2": seal(2)},
    "seal-of-an-hour-without-a-key": {"keys": keys(1)},
    "keys-exchanged": {"early_phone": keys(spelt=" of a thief")},
    "keys-added-when-none-was-left": {"keys": keys(1), "phone": keys(47, 1)},
    "keys-added-in-time": {"keys": keys(1), "early_phone": keys(47, 1)},
    "room-signed-by-another-key": {"phone": phone(ONE, SEEN_AT, by=TWO)},
    "room-signed-by-the-station": {"phone": phone(ONE, SEEN_AT, by=AGENT)},
    "room-with-an-earlier-time": {"phone": phone(ONE, SEEN_AT, said=SEEN_AT - 3600)},
    "room-over-another-history": {"phone": phone(ONE, SEEN_AT, over=kinder)},
    "room-over-what-came-later": {"phone": phone(ONE, SEEN_AT, over=lambda entries: [*entries, *entries[:4]])},
    "room-twice": {"other_phone": phone(ONE, SEEN_AT)},
    "room-two-keys-of-one-name": {"other_phone": phone(TWIN, SEEN_AT + 3)},
    "room-without-a-time": {"phone": phone(ONE, 0)},
}
"""What a station may state in place of what it should, with its own key, a centre that helps and co-signers who do not look: by name, the parts that are other ones."""

# SPDX-License-Identifier: Apache-2.0
"""The count is hidden as voting until two people have signed that the last voter is out and the lists are away. One key twice is refused."""

from pathlib import Path

import pytest

from kua.adapters.clock import SystemClock
from kua.app.count_gate import Gate, load, sign
from kua.app.settings import load_election, load_station
from kua.core.digest import sha256
from kua.core.errors import KuaError, Refused, Rejected
from kua.core.instant import Instant, Millis
from kua.proof.keys import SigningKey
from kua.proof.leaf import Leaf, read_leaf
from kua.proof.persons import Person, check_count, issue_person, issuers_by_role, person_name, sign_count
from kua.station.journal import Journal
from kua.verify.statements import count_holds
from tests.rigs.box import ELECTION, STATION, key, make_box
from tests.rigs.rooms import drawn_room

NOW = Instant(1_790_000_000_000)
ISSUERS = {role: key(f"issuer/{role}") for role in ("chair", "observer")}


def certified(role: str, *, seed: str | None = None, number: int | None = None) -> tuple[SigningKey, bytes]:
    """A person's key, and the certificate that the role's issuer gives to it."""
    name = person_name(role, STATION, number)
    holder = SigningKey.from_seed(name, sha256((seed or name).encode()))
    return holder, issue_person(ISSUERS[role], Person(role, ELECTION, STATION, holder.verifier))


def signing(box: Path, holder: SigningKey, certificate: bytes, now: Instant = NOW) -> list[str]:
    """Give key and certificate as files."""
    (box / "key.pem").write_bytes(holder.to_pem())
    (box / "person.cert").write_bytes(certificate)
    return sign(box, box / "key.pem", box / "person.cert", now)


@pytest.fixture
def box(tmp_path: Path) -> Path:
    """A station in its count."""
    return make_box(tmp_path / "box", "painted:5", drawn_room(320, 180), phase="count")


def gate_of(box: Path, seconds: list[int]) -> Gate:
    """A gate with a clock that the test turns."""
    election, _ = load_election(box, load_station(box))
    return Gate(box, election, election.station(STATION), lambda: NOW, lambda: Millis(seconds[0] * 1000))


def test_the_gate_opens_with_the_second_signature_and_not_before(box: Path) -> None:
    seconds = [0]
    gate = gate_of(box, seconds)
    assert not gate.is_open()
    assert signing(box, *certified("chair")) == ["person/chair/10-245"]
    seconds[0] = 2
    assert not gate.is_open()
    assert signing(box, *certified("observer"), now=Instant(NOW + 60_000)) == ["person/chair/10-245", "person/observer/10-245"]
    assert not gate.is_open()  # it looks once a second
    seconds[0] = 4
    assert gate.is_open()
    assert gate.begun is not None
    assert (gate.begun.since, set(gate.begun.names)) == (NOW, {"person/chair/10-245", "person/observer/10-245"})
    (box / "count/count.note").unlink()
    assert gate.is_open()


@pytest.mark.parametrize(
    "second", [certified("chair"), certified("observer", seed=person_name("chair", STATION))], ids=["same", "other name"]
)
def test_one_key_twice_is_refused_under_whatever_name(box: Path, second: tuple[SigningKey, bytes]) -> None:
    signing(box, *certified("chair"))
    with pytest.raises(Rejected, match=r"count\.signed_already"):
        signing(box, *second)
    assert not gate_of(box, [0]).is_open()


def test_a_note_in_which_one_key_signs_under_two_names_opens_nothing(box: Path) -> None:
    chair, double = certified("chair"), certified("observer", seed=person_name("chair", STATION))
    note = sign_count([chair[0], double[0]], ELECTION, STATION, NOW)
    issuers = issuers_by_role((role, str(each.verifier)) for role, each in ISSUERS.items())
    with pytest.raises(Rejected) as caught:
        check_count(note, election=ELECTION, station=STATION, certificates=[chair[1], double[1]], issuers=issuers)
    assert (caught.value.code, caught.value.facts["why"]) == ("count.signers", "calibration.one_person")


def test_two_observers_are_not_enough(box: Path) -> None:
    signing(box, *certified("observer", number=1))
    signing(box, *certified("observer", number=2))
    assert not gate_of(box, [0]).is_open()


@pytest.mark.parametrize(
    "forge",
    [
        lambda note: note.replace(b"10-245\n", b"10-246\n"),
        lambda note: note.replace(b"1790000000000", b"1790000000001"),
        lambda note: note.replace(b"kua/count/v1", b"kua/calibration/v1"),
        lambda _note: b"",
        lambda note: note + b"x",
    ],
)
def test_an_altered_note_opens_nothing(box: Path, forge: object) -> None:
    signing(box, *certified("chair"))
    signing(box, *certified("observer"))
    path = box / "count/count.note"
    path.write_bytes(forge(path.read_bytes()))  # type: ignore[operator]
    assert not gate_of(box, [0]).is_open()


def test_nobody_can_sign_before_voting_ends_nor_for_a_time_to_come(tmp_path: Path) -> None:
    voting = make_box(tmp_path / "box", "painted:5", drawn_room(320, 180), phase="voting")
    with pytest.raises(Refused, match=r"count\.too_early"):
        signing(voting, *certified("chair"))
    count = make_box(tmp_path / "other", "painted:5", drawn_room(320, 180), phase="count")
    for holder in (certified("chair"), certified("observer")):
        signing(count, *holder, now=Instant(NOW + 3_600_000))
    election, _ = load_election(count, load_station(count))
    with pytest.raises(Rejected, match=r"count\.when"):
        load(count, election, election.station(STATION), NOW)


def test_a_person_of_another_station_and_a_key_of_another_person_are_refused(box: Path) -> None:
    name = person_name("chair", "10-999")
    stranger = SigningKey.from_seed(name, sha256(name.encode()))
    with pytest.raises(Rejected, match=r"count\.signer_elsewhere"):
        signing(box, stranger, issue_person(ISSUERS["chair"], Person("chair", ELECTION, "10-999", stranger.verifier)))
    with pytest.raises(KuaError):
        signing(box, certified("observer")[0], certified("chair")[1])


class Log:
    """A log in memory."""

    def __init__(self) -> None:
        self.data: list[bytes] = []

    @property
    def size(self) -> int:
        """How many entries there are."""
        return len(self.data)

    def append(self, leaves: list[bytes]) -> range:
        """Take entries."""
        self.data += leaves
        return range(len(self.data) - len(leaves), len(self.data))

    def entries(self, start: int, end: int) -> list[bytes]:
        """Give entries."""
        return self.data[start:end]

    def publish(self) -> None:
        """Nothing to show."""


def test_the_leaf_holds_the_signatures_and_is_written_once(box: Path) -> None:
    signing(box, *certified("chair"))
    signing(box, *certified("observer"))
    gate, log = gate_of(box, [0]), Log()
    assert gate.is_open()
    assert gate.begun is not None
    for _ in range(2):
        journal = Journal(log, SystemClock(), "0badcafe")  # type: ignore[arg-type]
        journal.count_begins(gate.begun.since, gate.begun.note, gate.begun.signers)
    assert journal.count_begun == NOW
    (entry,) = log.data
    leaf = read_leaf(entry, "station")
    assert leaf.type == "chapter"
    issuers = issuers_by_role((role, str(each.verifier)) for role, each in ISSUERS.items())
    certificates = [each.encode() for each in leaf["signers"]]  # type: ignore[index]
    since, people = check_count(
        leaf["note"].encode(),
        election=ELECTION,
        station=STATION,
        certificates=certificates,
        issuers=issuers,  # type: ignore[index]
    )
    assert since == leaf["since"] == NOW  # type: ignore[index]
    assert {person.role for person in people} == {"chair", "observer"}
    election, _ = load_election(box, load_station(box))
    place = election.station(STATION)
    assert isinstance(leaf, Leaf)
    assert count_holds(leaf, election, place)
    for forged in ({"since": NOW + 1}, {"signers": leaf["signers"][:1] * 2}, {"note": leaf["note"].replace("10-245\n", "10-246\n")}):
        assert not count_holds(Leaf("chapter", {**leaf.body, **forged}), election, place)

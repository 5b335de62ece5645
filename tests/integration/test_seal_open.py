# SPDX-License-Identifier: Apache-2.0
"""A sealed film's whole life: sealed in `hide`, kept as ciphertext, shares taken out by trustees, one slice opened by a quorum, and everything that must not work."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyrage
import pytest

from kua.adapters import sealing as adapter
from kua.adapters.durable import DurableFiles
from kua.app.opening import Signing, SliceFolder, audit, check_pieces, load_slice, open_slice, pick, take_share
from kua.app.sealing import expire, picked, stock
from kua.cli.main import run as kua
from kua.core.canonical import canonical, read_canonical
from kua.core.digest import sha256
from kua.core.errors import KuaError, Misused, Refused, Rejected
from kua.core.instant import Instant
from kua.proof.opening import check_opening
from kua.proof.persons import Person, issue_person, issuers_by_role, person_name
from kua.proof.sealed import SealedShare, read_begun, read_piece, read_share, share_commit, slice_leaf, write_piece
from kua.sight.mosaic import FILL
from kua.station.pipe import Ended, SealedPiece, SliceBegun, SliceEnded
from kua.station.sealed import SealedShelf, records_of
from tests.integration.test_hide_sealed import inner, mask, sealing
from tests.rigs.box import ELECTION, STATION, key, make_box, sealing_profile
from tests.rigs.recording import SIZE, Recording, decode
from tests.rigs.rooms import drawn_room
from tests.rigs.trustees import Trustees, trustees, twelve

ORDER: Final = "court order 12-3/2026"
QUORUM: Final = ("court", "commission", "ngos-2", "ngos-5")
NOW: Final = Instant(1_800_000_500_000)


@dataclass(frozen=True)
class Scene:
    """A box with one sealed slice, and two people who may sign."""

    box: Path
    slice: Path
    held: Trustees
    people: dict[str, tuple[Path, Path]]
    stated: list[bytes]

    def signing(self, *roles: str) -> Signing:
        pairs = [self.people[role] for role in roles or ("chair", "observer")]
        return Signing(tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs), ORDER, NOW)

    def folder(self) -> SliceFolder:
        return load_slice(self.slice, self.box / "election", STATION)

    def share(self, trustee: str, to: Path) -> Path:
        out = to / f"{trustee}.share"
        take_share(self.folder(), trustee, self.held.identities[trustee], self.signing(), out, to / f"{trustee}.note")
        return out

    def open(self, shares: list[Path], to: Path) -> Any:
        return open_slice(self.folder(), shares, self.box / "calibration/a.json", self.signing(), to / "film", to / "opening.note")


def sealed_scene(place: Path, held: Trustees, phase: str, opened: Any = None) -> Scene:
    box = make_box(place / "box", "painted:5", drawn_room(*SIZE), sealed=held.section, profile=sealing_profile(phase))
    means = sealing(held, phase)
    recording = Recording(phase=lambda _at: phase, sealing=means if opened is None else replace(means, open_slice=opened))
    recording.connect()
    recording.show(recording.people(90))
    recording.hide.take(Ended())
    recording.hide.finish(ended=True)
    stated: list[bytes] = []
    calibration = sha256((box / "calibration/a.json").read_bytes())
    shelf = SealedShelf(
        box, held.sealing, DurableFiles(), stated.append, lambda: NOW, calibration_of=lambda _cam: calibration, budget=1 << 30, floor=0,
        on_full=lambda _full: None,
    )  # fmt: skip
    for message in recording.sent:
        match message:
            case SliceBegun():
                shelf.begun("a", message)
            case SealedPiece():
                shelf.piece("a", message)
            case SliceEnded():
                shelf.ended("a", message)
    people = {}
    for role in ("chair", "observer"):
        person = key(person_name(role, STATION))
        pem, certificate = place / f"{role}.pem", place / f"{role}.cert"
        pem.write_bytes(person.to_pem())
        certificate.write_bytes(issue_person(key(f"issuer/{role}"), Person(role, ELECTION, STATION, person.verifier)))
        people[role] = (pem, certificate)
    return Scene(box, next((box / "sealed/a").iterdir()), held, people, stated)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return sealed_scene(tmp_path_factory.mktemp("voting"), twelve(), "voting")


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return sealed_scene(tmp_path_factory.mktemp("rehearsal"), trustees(phases=("rehearsal",)), "rehearsal")


@pytest.fixture(scope="module")
def shares(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    place = tmp_path_factory.mktemp("shares")
    return {trustee.id: scene.share(trustee.id, place) for trustee in scene.held.sealing.trustees}


@pytest.fixture
def copy(scene: Scene, tmp_path: Path) -> Iterator[Scene]:
    """The same scene with a slice of its own, to damage."""
    shutil.copytree(scene.slice, tmp_path / "slice")
    return replace(scene, slice=tmp_path / "slice")


def test_a_quorum_opens_the_slice_with_people_in_it_and_every_booth_filled(scene: Scene, shares: dict[str, Path], tmp_path: Path) -> None:
    made = scene.open([shares[name] for name in QUORUM], tmp_path)
    assert made.pieces == len(list(scene.slice.glob("*.age"))) >= 3
    assert (made.pictures, made.masks) == (90, len(drawn_room(*SIZE).zones["booth"]) + len(drawn_room(*SIZE).zones.get("screen", [])))
    booths, (_, height) = inner(mask("booth", "screen")), SIZE
    count = 0
    for path in made.films:
        assert path.stat().st_mode & 0o777 == 0o600
        for _, yuv in decode(path.read_bytes()):
            assert int(np.abs(yuv[:height][booths].astype(int) - FILL[0]).max()) <= 4
            count += 1
    assert count == 90


def test_the_record_is_signed_by_two_people_before_anything_is_opened(scene: Scene, shares: dict[str, Path], tmp_path: Path) -> None:
    scene.open([shares[name] for name in QUORUM], tmp_path)
    certificates = [each.encode() for each in json.loads((tmp_path / "opening.note.signers.json").read_bytes())["certificates"]]
    issuers = issuers_by_role((role, str(key(f"issuer/{role}").verifier)) for role in ("chair", "observer"))
    opening, people = check_opening((tmp_path / "opening.note").read_bytes(), certificates, issuers)
    assert {person.role for person in people} == {"chair", "observer"}
    assert (opening.what, opening.trustees, opening.order, opening.at) == ("open", tuple(sorted(QUORUM)), ORDER, NOW)
    assert opening.leaf == sha256((scene.slice / "leaf.json").read_bytes()) == sha256(scene.stated[0])
    assert opening.place == f"{ELECTION}/{STATION}/a/{scene.slice.name}"


@pytest.mark.parametrize("roles", [("chair",), ("chair", "chair")])
def test_nobody_opens_alone_or_takes_out_a_share_alone(scene: Scene, shares: dict[str, Path], tmp_path: Path, roles: tuple[str, ...]) -> None:
    alone = scene.signing(*roles)
    with pytest.raises(KuaError, match=r"seal\.two_people|note\."):
        open_slice(scene.folder(), [shares[name] for name in QUORUM], scene.box / "calibration/a.json", alone, tmp_path / "film", tmp_path / "note")
    with pytest.raises(KuaError, match=r"seal\.two_people|note\."):
        take_share(scene.folder(), "court", scene.held.identities["court"], alone, tmp_path / "share", tmp_path / "note")
    assert list(tmp_path.iterdir()) == []


def test_too_few_shares_are_told_which_group_lacks_what(scene: Scene, shares: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(KuaError) as told:
        scene.open([shares[name] for name in ("court", "ngos-1", "parties-3")], tmp_path)
    assert told.value.code == "seal.lacking"
    assert told.value.exit_code == 2
    assert told.value.facts == {"needed": 3, "there": 1, "lacks": "commission 0/1, parties 1/2, ngos 1/2"}
    assert list(tmp_path.iterdir()) == []


def test_a_share_given_twice_counts_once(scene: Scene, shares: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(Misused, match=r"seal\.share_twice"):
        scene.open([shares["court"], shares["court"], shares["commission"], shares["ngos-1"]], tmp_path)


def test_shares_of_another_slice_open_nothing_here(scene: Scene, rehearsal: Scene, shares: dict[str, Path], tmp_path: Path) -> None:
    foreign = rehearsal.share("court", tmp_path)
    with pytest.raises(Rejected, match=r"seal\.share_(other|wrong)"):
        scene.open([foreign, shares["commission"], shares["ngos-1"], shares["ngos-2"]], tmp_path)
    told = read_canonical(shares["court"].read_bytes())
    (tmp_path / "other").write_bytes(canonical({**told, "slice": "0badcafe"}))
    with pytest.raises(Rejected, match=r"seal\.share_other"):
        scene.open([tmp_path / "other", shares["commission"], shares["ngos-1"], shares["ngos-2"]], tmp_path)


def test_a_share_that_a_trustee_altered_is_named(scene: Scene, shares: dict[str, Path], tmp_path: Path) -> None:
    told = read_canonical(shares["parties-1"].read_bytes())
    other = read_canonical(shares["parties-2"].read_bytes())
    (tmp_path / "forged").write_bytes(canonical({**told, "words": other["words"]}))
    with pytest.raises(Rejected) as refused:
        scene.open([tmp_path / "forged", shares["commission"], shares["court"], shares["parties-2"]], tmp_path)
    assert (refused.value.code, refused.value.facts) == ("seal.share_wrong", {"trustee": "parties-1", "group": "parties"})


@pytest.mark.parametrize("junk", [b"", b"{}", b"\x00" * 99, b'{"v":1}', b"x" * 100_000])
def test_a_share_file_that_is_none_is_refused(scene: Scene, tmp_path: Path, junk: bytes) -> None:
    (tmp_path / "junk").write_bytes(junk)
    with pytest.raises(Rejected, match=r"seal\.form"):
        scene.open([tmp_path / "junk"], tmp_path)


def damage(folder: Path, how: str) -> None:
    piece = min(folder.glob("*.age"))
    data = piece.read_bytes()
    match how:
        case "cut":
            piece.write_bytes(data[: len(data) // 2])
        case "flip":
            piece.write_bytes(data[:-9] + bytes([data[-9] ^ 1]) + data[-8:])
        case "gone":
            piece.unlink()
        case "exchanged":
            other = sorted(folder.glob("*.age"))[1]
            piece.write_bytes(other.read_bytes())
            other.write_bytes(data)
        case "record":
            record = piece.with_suffix(".json")
            told = read_canonical(record.read_bytes())
            record.write_bytes(canonical({**told, "frames": told["frames"] + 1}))
        case "no record":
            piece.with_suffix(".json").unlink()


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ("cut", "seal.piece_altered"),
        ("flip", "seal.piece_altered"),
        ("gone", "seal.piece_missing"),
        ("exchanged", "seal.piece_altered"),
        ("record", "seal.root"),
        ("no record", "seal.piece_missing"),
    ],
)
def test_pieces_that_are_not_those_of_the_leaf_are_not_opened(copy: Scene, shares: dict[str, Path], tmp_path: Path, how: str, code: str) -> None:
    check_pieces(copy.folder())
    damage(copy.slice, how)
    with pytest.raises(KuaError) as refused:
        copy.open([shares[name] for name in QUORUM], tmp_path)
    assert refused.value.code == code
    assert not (tmp_path / "film").exists()


@pytest.mark.parametrize("lie", ["another film", "another moment", "no head", "another camera"])
def test_film_that_is_not_what_the_station_committed_to_in_time_is_not_written(copy: Scene, shares: dict[str, Path], tmp_path: Path, lie: str) -> None:
    """A station that exchanges film later, and makes ciphertext, record, root and leaf fit: the salted commitment of the first record gives it away."""
    words = {name: read_share(shares[name].read_bytes()).words for name in QUORUM}
    key_ = adapter.combine(copy.held.sealing, words, copy.folder().leaf["recipient"])
    path = min(copy.slice.glob("*.age"))
    head, film = read_piece(adapter.decrypt(path.read_bytes(), key_))
    match lie:
        case "another film":
            inside = write_piece(head, film[:-1] + bytes([film[-1] ^ 1]))
        case "another moment":
            inside = write_piece(replace(head, t0=Instant(head.t0 + 1)), film)
        case "another camera":
            inside = write_piece(replace(head, cam="b"), film)
        case _:
            inside = film
    forged = adapter.encrypt(inside, copy.folder().leaf["recipient"])
    path.write_bytes(forged)
    record = path.with_suffix(".json")
    record.write_bytes(canonical({**read_canonical(record.read_bytes()), "sha256": sha256(forged).hex(), "size": len(forged)}))
    (copy.slice / "leaf.json").write_bytes(slice_leaf(read_begun((copy.slice / "slice.json").read_bytes()), records_of(copy.slice), NOW))
    with pytest.raises(Rejected, match=r"seal\.form" if lie == "no head" else r"seal\.commit"):
        copy.open([shares[name] for name in QUORUM], tmp_path)
    assert not (tmp_path / "film").exists()


def test_an_encrypted_share_that_was_exchanged_or_cut_is_refused_before_it_is_decrypted(copy: Scene, tmp_path: Path) -> None:
    share = copy.slice / "shares/court.age"
    share.write_bytes(share.read_bytes()[:-1])
    with pytest.raises(Rejected, match=r"seal\.share_altered"):
        copy.share("court", tmp_path)
    share.write_bytes((copy.slice / "shares/commission.age").read_bytes())
    with pytest.raises(Rejected, match=r"seal\.share_altered"):
        copy.share("court", tmp_path)


def test_the_identity_of_another_trustee_opens_no_share(scene: Scene, tmp_path: Path) -> None:
    with pytest.raises(Rejected, match=r"seal\.not_for"):
        take_share(scene.folder(), "court", scene.held.identities["ngos-1"], scene.signing(), tmp_path / "share", tmp_path / "note")
    assert not (tmp_path / "share").exists()
    with pytest.raises(Misused, match=r"seal\.no_trustee"):
        take_share(scene.folder(), "stranger", scene.held.identities["ngos-1"], scene.signing(), tmp_path / "share", tmp_path / "note")


def test_a_file_with_a_passphrase_is_refused_before_any_work_is_done(scene: Scene, tmp_path: Path) -> None:
    locked = pyrage.passphrase.encrypt(b"a share", "passphrase")
    with pytest.raises(Rejected, match=r"seal\.passphrase"):
        adapter.decrypt(locked, scene.held.secret("court"))
    costly = b"age-encryption.org/v1\n-> scrypt c2FsdHNhbHRzYWx0c2FsdA 63\nAAAA\n--- AAAA\n" + bytes(99)
    with pytest.raises(Rejected, match=r"seal\.passphrase"):
        adapter.decrypt(costly, scene.held.secret("court"))
    both = b"age-encryption.org/v1\n-> X25519 AAAA\nAAAA\n-> scrypt c2FsdA 30\nAAAA\n--- AAAA\n"
    with pytest.raises(Rejected, match=r"seal\.passphrase"):
        adapter.decrypt(both, scene.held.secret("court"))
    with pytest.raises(Misused, match=r"seal\.identity_locked"):
        adapter.read_identity(pyrage.passphrase.encrypt(scene.held.identities["court"], "passphrase"))


@pytest.mark.parametrize("junk", [b"", b"age-encryption.org/v1\n", b"age-encryption.org/v2\n-> X25519 a\n---", b"age-encryption.org/v1\n-> ssh-rsa a\nb\n--- c\n", b"\x00" * 500])
def test_what_age_did_not_make_is_refused(scene: Scene, junk: bytes) -> None:
    with pytest.raises(Rejected, match=r"seal\.no_age"):
        adapter.decrypt(junk, scene.held.secret("court"))


@pytest.mark.parametrize("junk", [b"", b"# nothing\n", b"AGE-SECRET-KEY-1QQQQQ\n", b"AGE-PLUGIN-YUBIKEY-1QQQQ\n"])
def test_an_identity_file_that_is_none_is_refused(junk: bytes) -> None:
    with pytest.raises(Misused, match=r"seal\.identity"):
        adapter.read_identity(junk)


def test_the_age_command_opens_a_share_and_ours_opens_what_it_made(scene: Scene, tmp_path: Path) -> None:
    if shutil.which("age") is None:
        pytest.fail("the age command is not installed (apt install age)", pytrace=False)
    (tmp_path / "identity").write_bytes(scene.held.identities["court"])
    theirs = subprocess.run(["age", "-d", "-i", str(tmp_path / "identity"), str(scene.slice / "shares/court.age")], capture_output=True, check=True)
    assert theirs.stdout == scene.share("court", tmp_path).read_bytes()
    assert read_share(theirs.stdout).trustee == "court"
    recipient = scene.held.sealing.group_of("court")
    assert recipient is not None
    made = subprocess.run(["age", "-r", recipient.trustees[0].recipient], input=b"words", capture_output=True, check=True)
    assert adapter.decrypt(made.stdout, scene.held.secret("court")) == b"words"


def test_no_key_no_share_and_no_picture_lies_on_the_disk_of_the_station(tmp_path: Path) -> None:
    """A thief reads every byte of the box: keys and words as bytes, text and hex; film by its boxes; the H.264 of the sealed film by its parameter sets."""
    keys: list[bytes] = []
    split = adapter.split

    def spying(quorum: Any, secret: bytes) -> list[str]:
        keys.append(secret)
        words.extend(split(quorum, secret))
        return words[-12:]

    words: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(adapter, "split", spying)
        scene = sealed_scene(tmp_path, twelve(), "voting")
    assert len(keys) == 1
    needles = [form for secret in keys for form in (secret, secret.hex().encode(), adapter.bech32("age-secret-key-", secret).encode())]
    needles += [each.encode() for each in words] + [" ".join(each.split()[4:8]).encode() for each in words]
    needles += [needle.upper() for needle in needles[1:3]]
    places = [path for path in scene.box.rglob("*") if path.is_file()]
    assert any(path.suffix == ".age" for path in places)
    for path in places:
        data = path.read_bytes()
        assert not [needle for needle in needles if needle in data], path
        if "sealed" in path.parts:
            assert not [box for box in (b"ftyp", b"moof", b"mdat", b"avcC") if box in data and path.suffix != ".age"], path
            if path.suffix == ".age":
                assert data.startswith(b"age-encryption.org/v1\n-> X25519 "), path
                assert data.partition(b"\n---")[0].count(b"-> X25519 ") == 1, path  # beside it age may write stanzas that mean nothing
                with pytest.raises(Rejected, match=r"seal\.not_for"):
                    adapter.decrypt(data, bytes(range(1, 33)))


def malicious(held: Trustees, victim: str) -> Any:
    """Return a station's way of beginning slices that gives one trustee words of another key, and commits to them."""
    names = iter(f"{number:08x}" for number in range(0xBAD, 0xFFFF))
    opener = adapter.slice_opener(held.sealing, election=ELECTION, station=STATION, cam="a", name=lambda: next(names))

    def open_slice() -> Any:
        made = opener()
        shares = []
        for share in made.shares:
            if share.trustee == victim:
                number = [trustee.id for trustee in held.sealing.trustees].index(victim)
                told = read_canonical(adapter.decrypt(share.ciphertext, held.secret(victim)))
                wrong = canonical({**told, "words": adapter.split(held.sealing, bytes(32))[number]})
                recipient = held.sealing.trustees[number].recipient
                share = SealedShare(victim, adapter.encrypt(wrong, recipient), share_commit(wrong))  # noqa: PLW2901 - the exchange
            shares.append(share)
        return replace(made, shares=tuple(shares))

    return open_slice


@pytest.mark.parametrize("victim", ["court", "parties-4"])
def test_an_audit_finds_a_station_that_gave_one_trustee_words_that_would_not_do(tmp_path: Path, victim: str) -> None:
    held = trustees(phases=("rehearsal",))
    scene = sealed_scene(tmp_path, held, "rehearsal", malicious(held, victim))
    given = [scene.share(trustee.id, tmp_path) for trustee in held.sealing.trustees]  # each share is what was committed to
    _, found = audit(scene.folder(), given)
    assert [error.code for error in found] == ["seal.shares_disagree"]
    # With others than the cheated one the slice opens all the same.
    made = scene.open([path for path in given if path.stem != victim], tmp_path)
    assert made.pictures == 90


def test_an_audit_of_an_honest_slice_finds_nothing_and_wants_every_share(rehearsal: Scene, tmp_path: Path) -> None:
    given = [rehearsal.share(trustee.id, tmp_path) for trustee in rehearsal.held.sealing.trustees]
    pieces, found = audit(rehearsal.folder(), given)
    assert (pieces, found) == (len(list(rehearsal.slice.glob("*.age"))), [])
    _, found = audit(rehearsal.folder(), given[:-1])
    assert [error.code for error in found] == ["seal.audit_absent"]


def test_only_rehearsals_are_audited(scene: Scene, shares: dict[str, Path]) -> None:
    with pytest.raises(Refused, match=r"seal\.audit_phase"):
        audit(scene.folder(), list(shares.values()))


def test_the_draw_for_the_audit_is_the_same_for_everybody_and_nobodys_choice(rehearsal: Scene) -> None:
    slices = [f"sealed/a/{number:08x}" for number in range(200)]
    assert pick(slices, "seed", 1) == pick(slices[::-1], "seed", 1)
    assert len(pick(slices, "seed", 1)) == 2
    assert len({tuple(pick(slices, f"seed {number}", 1)) for number in range(50)}) > 40
    assert picked(rehearsal.box, "seed", 1) == [rehearsal.slice.relative_to(rehearsal.box).as_posix()]


def test_another_election_files_quorum_and_another_calibration_are_told_apart(scene: Scene, rehearsal: Scene, shares: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(Rejected, match=r"seal\.other_quorum"):
        load_slice(scene.slice, rehearsal.box / "election", STATION)
    plain = make_box(tmp_path / "plain", "painted:5", drawn_room(*SIZE))
    with pytest.raises(Refused, match=r"seal\.no_quorum"):
        load_slice(scene.slice, plain / "election", STATION)
    (tmp_path / "a.json").write_bytes(b"{}")
    with pytest.raises(Rejected, match=r"seal\.other_calibration"):
        open_slice(scene.folder(), [shares[name] for name in QUORUM], tmp_path / "a.json", scene.signing(), tmp_path / "film", tmp_path / "note")


def test_a_booth_that_is_not_filled_stands_above_every_order(scene: Scene, shares: dict[str, Path], tmp_path: Path) -> None:
    """A station that sealed an open booth: nothing is written, whatever the quorum."""
    raw = scene.box / "calibration/a.json"
    told = read_canonical(raw.read_bytes())
    told["zones"]["booth"] = [[[0, 0], [10_000, 0], [10_000, 10_000], [0, 10_000]]]
    (tmp_path / "wide.json").write_bytes(canonical(told))
    folder = scene.folder()
    wide = replace(folder, leaf=replace(folder.leaf, body={**folder.leaf.body, "calibration": sha256((tmp_path / "wide.json").read_bytes()).hex()}))
    with pytest.raises(Rejected, match=r"seal\.masks"):
        open_slice(wide, [shares[name] for name in QUORUM], tmp_path / "wide.json", scene.signing(), tmp_path / "film", tmp_path / "note")
    assert not (tmp_path / "film").exists()


def test_the_command_line_does_it_all(scene: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUA_LANG", "en")
    common = ["--slice", str(scene.slice), "--election", str(scene.box / "election"), "--station", STATION]
    signed = ["--order", ORDER]
    for role in ("chair", "observer"):
        signed += ["--sign", str(scene.people[role][0]), "--certificate", str(scene.people[role][1])]
    given: list[str] = []
    for name in QUORUM:
        (tmp_path / f"{name}.txt").write_bytes(scene.held.identities[name])
        out = tmp_path / f"{name}.share"
        told = ["--trustee", name, "--identity", str(tmp_path / f"{name}.txt"), "--out", str(out), "--record", str(tmp_path / f"{name}.note")]
        assert kua(["seal", "share", *common, *told, *signed]) == 0
        given += ["--share", str(out)]
    end = ["--calibration", str(scene.box / "calibration/a.json"), "--out", str(tmp_path / "film"), "--record", str(tmp_path / "open.note")]
    assert kua(["seal", "open", *common, *given[:2], *end, *signed]) == 2
    assert "commission 0/1" in capsys.readouterr().err
    assert kua(["seal", "open", *common, *given, *end, *signed]) == 0
    assert "90 pictures" in capsys.readouterr().out
    assert kua(["seal", "audit", *common, *given]) == 1
    assert kua(["seal", "list", "--box", str(scene.box)]) == 0
    assert "MiB are free" in capsys.readouterr().out
    assert kua(["seal", "notice", "--box", str(scene.box)]) == 0
    assert kua(["seal", "pick", "--box", str(scene.box), "--seed", "x"]) == 0


def test_a_slice_is_removed_when_its_days_are_over(tmp_path: Path) -> None:
    held = trustees(days=1)
    scene = sealed_scene(tmp_path, held, "voting")
    told = stock(scene.box)
    assert [each["path"] for each in told["slices"]] == [scene.slice.relative_to(scene.box).as_posix()]
    assert (told["kept"], told["budget_mib"]) == (["voting"], 100_000)
    days = {each["until"] for each in told["slices"]}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kua.app.sealing.SystemClock.now", lambda _self: Instant(min(days) - 1))
        assert expire(scene.box) == []
        patch.setattr("kua.app.sealing.SystemClock.now", lambda _self: Instant(min(days)))
        assert expire(scene.box) == [told["slices"][0]["path"]]
    assert not scene.slice.exists()

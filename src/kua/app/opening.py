# SPDX-License-Identifier: Apache-2.0
"""Opening the sealed film, away from the station and without a network: a trustee takes out a share; shares of a quorum open one slice; an audit of rehearsals.

Two people sign before anything is decrypted. What does not agree with the slice's leaf, or shows an unfilled booth, is not written.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kua.adapters.codecs.masks import look_at_masks
from kua.adapters.durable import DurableFiles
from kua.adapters.sealing import agree, combine, decrypt, read_identity
from kua.app.calibrations import issuers_of, signers_file
from kua.core.digest import Digest, from_hex, sha256
from kua.core.election import Election, read_election
from kua.core.errors import Incomplete, KuaError, Misused, Refused, Rejected
from kua.core.instant import Instant
from kua.core.sealing import Sealing
from kua.law.profile import REHEARSAL
from kua.proof.keys import SigningKey, VerifierKey
from kua.proof.leaf import Leaf
from kua.proof.opening import Opening, What, sign_opening
from kua.proof.persons import check_election, check_person
from kua.proof.sealed import Record, Share, orig_commit, read_piece, read_share, read_slice_leaf, root_of, share_commit
from kua.station.sealed import records_of
from kua.verify.footage import TOLERANCE

SECRET: Final = 0o600
"""Mode of files that hold a share or opened film."""


@dataclass(frozen=True, slots=True)
class SliceFolder:
    """A slice as it was carried here: its leaf, which the log must hold, and the election whose quorum it is sealed to."""

    folder: Path
    leaf: Leaf
    leaf_sha256: Digest
    election: Election
    sealing: Sealing
    station: str

    @property
    def place(self) -> str:
        """ELECTION/STATION/CAMERA/SLICE."""
        return f"{self.election.id}/{self.station}/{self.leaf['cam']}/{self.leaf['slice']}"


@dataclass(frozen=True, slots=True)
class Signing:
    """Two people, each with a key file and a certificate file, the order that they act by, and when."""

    keys: tuple[Path, ...]
    certificates: tuple[Path, ...]
    order: str
    now: Instant


@dataclass(frozen=True, slots=True)
class Opened:
    """What an opening gave: the films that were written, pieces, and the span of time."""

    films: tuple[Path, ...]
    pieces: int
    pictures: int
    masks: int
    t0: Instant
    t1: Instant


def load_slice(folder: Path, election_folder: Path, station: str, commission: Sequence[str] = ()) -> SliceFolder:
    """Read a slice's leaf and the signed election file. Raises `Misused("seal.no_file")`, `Rejected("seal.other_quorum")`,
    `Refused("seal.no_quorum")` where the election keeps no sealed film, and those of leaves and elections."""
    data, note = _file(election_folder / "election.json"), _file(election_folder / "election.note")
    election = read_election(data)
    keys = [VerifierKey.parse(line) for line in commission or election.commission]
    check_election(note, election=election.id, version=election.version, file=sha256(data), keys=keys)
    election.station(station)
    leaf_bytes = _file(folder / "leaf.json")
    leaf = read_slice_leaf(leaf_bytes)
    if election.sealed is None:
        raise Refused("seal.no_quorum", election=election.id)
    if election.sealed.digest().hex() != leaf["quorum"]:
        raise Rejected("seal.other_quorum", slice=leaf["slice"])
    return SliceFolder(folder, leaf, sha256(leaf_bytes), election, election.sealed, station)


def take_share(held: SliceFolder, trustee: str, identity: bytes, signing: Signing, out: Path, record: Path) -> None:
    """Decrypt the share of `trustee` and write it to `out`, with the signed record beside it.

    Raises `Misused("seal.no_trustee" | "seal.identity" | "seal.identity_locked")`, `Rejected`: `seal.share_altered` (the ciphertext is not the one in the
    leaf), `seal.not_for`, `seal.damaged`, `seal.passphrase`, `seal.no_age`, `seal.share_wrong` (the station committed to something else).
    """
    stated = {each["trustee"]: each for each in held.leaf["shares"]}
    if trustee not in stated or held.sealing.group_of(trustee) is None:
        raise Misused("seal.no_trustee", given=trustee[:40], known=", ".join(stated))
    secret = read_identity(identity)
    ciphertext = _file(held.folder / "shares" / f"{trustee}.age")
    if sha256(ciphertext).hex() != stated[trustee]["sha256"]:
        raise Rejected("seal.share_altered", trustee=trustee)
    _sign(held, "share", (trustee,), signing, record)
    share = decrypt(ciphertext, secret)
    _check_share(held, share)
    DurableFiles().replace(out, share, mode=SECRET)


def open_slice(
    held: SliceFolder,
    shares: Sequence[Path],
    calibration: Path,
    signing: Signing,
    out: Path,
    record: Path,
    told: Callable[[int], None] = lambda _: None,
) -> Opened:
    """Open a slice and write its film, one file for each run, into `out`.

    Nothing is decrypted before shares, hashes and signatures hold, and nothing is written unless every piece is what the station committed to and every
    booth in it is filled. Raises `Incomplete("seal.lacking" | "seal.piece_missing")`, `Misused("seal.share_twice")`, and `Rejected`: `seal.share_*`,
    `seal.shares_disagree`, `seal.key_wrong`, `seal.root`, `seal.piece_altered`, `seal.commit`, `seal.masks`, `seal.other_calibration`.
    """
    words = _words(held, shares)
    if not held.sealing.opens(words):
        raise _too_few(held.sealing, words)
    records = check_pieces(held)
    zones = _file(calibration)
    if sha256(zones).hex() != held.leaf["calibration"]:
        raise Rejected("seal.other_calibration", cam=held.leaf["cam"])
    _sign(held, "open", tuple(sorted(words)), signing, record)
    key = combine(held.sealing, words, held.leaf["recipient"])
    films: dict[str, list[bytes]] = {}
    pictures = masks = 0
    for number, (piece, init, film) in enumerate(_pieces(held, records, key), 1):
        looked = look_at_masks(zones, init, film)
        if looked.worst > TOLERANCE:
            raise Rejected("seal.masks", piece=piece.name, worst=looked.worst, allowed=TOLERANCE)
        pictures, masks = pictures + looked.pictures, max(masks, looked.masks)
        films.setdefault(piece.run, [init]).append(film)
        told(number)
    written = []
    out.mkdir(parents=True, exist_ok=True)
    for run, parts in films.items():
        path = out / f"{held.station}-{held.leaf['cam']}-{held.leaf['slice']}-{run}.mp4"
        DurableFiles().replace(path, b"".join(parts), mode=SECRET)
        written.append(path)
    return Opened(tuple(written), len(records), pictures, masks, Instant(held.leaf["t0"]), Instant(held.leaf["t1"]))


def audit(held: SliceFolder, shares: Sequence[Path]) -> tuple[int, list[KuaError]]:
    """Open a slice of a rehearsal with the shares of all trustees, to see whether each would do; writes nothing. Return the pieces and what was found.

    A station can give a trustee words that do not fit, and nobody would know before they are wanted. So a share of the slices of each rehearsal is drawn
    (`pick`) and opened by all. Raises `Refused("seal.audit_phase")` for a slice of another phase.
    """
    if held.leaf["phase"] != REHEARSAL:
        raise Refused("seal.audit_phase", phase=held.leaf["phase"])
    found: list[KuaError] = []
    words: dict[str, str] = {}
    for path in shares:
        try:
            share = _read_share(held, path)
        except KuaError as error:
            found.append(error)
        else:
            words[share.trustee] = share.words
    found += [Incomplete("seal.audit_absent", trustee=each.id) for each in held.sealing.trustees if each.id not in words]
    if held.sealing.opens(words):
        if not agree(held.sealing, words):
            found.append(Rejected("seal.shares_disagree"))
        try:
            for _ in _pieces(held, check_pieces(held), combine(held.sealing, words, held.leaf["recipient"])):
                pass
        except KuaError as error:
            found.append(error)
    else:
        found.append(_too_few(held.sealing, words))
    return held.leaf["pieces"], found


def pick(slices: Sequence[str], seed: str, percent: int) -> list[str]:
    """Draw `percent` of the slices (at least one) by a seed that was not known when they were sealed: anybody gets the same answer."""
    drawn = sorted(slices, key=lambda each: sha256(f"kua/seal/pick/v1\x00{seed}\x00{each}".encode()))
    return sorted(drawn[: max(1, -(-len(drawn) * percent // 100))]) if drawn else []


def check_pieces(held: SliceFolder) -> tuple[Record, ...]:
    """Return the records of a slice, if they and the ciphertexts are those that the leaf names. Raises `Incomplete("seal.piece_missing")`,
    `Rejected("seal.root" | "seal.piece_altered")`."""
    records = records_of(held.folder)
    if len(records) < held.leaf["pieces"]:
        raise Incomplete("seal.piece_missing", there=len(records), wanted=held.leaf["pieces"])
    if root_of(records).hex() != held.leaf["root"]:
        raise Rejected("seal.root", slice=held.leaf["slice"])
    for record in records:
        data = (held.folder / f"{record.name}.age").read_bytes()
        if len(data) != record.size or sha256(data) != record.sha256:
            raise Rejected("seal.piece_altered", piece=record.name)
    return records


def _pieces(held: SliceFolder, records: Sequence[Record], key: bytes) -> Iterator[tuple[Record, bytes, bytes]]:
    """Give record, init segment and segment of each piece, after its commitment was checked."""
    for record in records:
        head, original = read_piece(decrypt((held.folder / f"{record.name}.age").read_bytes(), key))
        told = (head.cam, head.slice, head.run, head.slot, head.t0, head.t1)
        if (
            told != (record.cam, record.slice, record.run, record.slot, record.t0, record.t1)
            or orig_commit(head.salt, original) != record.orig_commit
        ):
            raise Rejected("seal.commit", piece=record.name)
        yield record, original[: head.init], original[head.init :]


def _words(held: SliceFolder, paths: Sequence[Path]) -> dict[str, str]:
    words: dict[str, str] = {}
    for path in paths:
        share = _read_share(held, path)
        if share.trustee in words:
            raise Misused("seal.share_twice", trustee=share.trustee)
        words[share.trustee] = share.words
    return words


def _read_share(held: SliceFolder, path: Path) -> Share:
    return _check_share(held, _file(path))


def _check_share(held: SliceFolder, data: bytes) -> Share:
    """Return a share, if it is of this slice and the one that the station committed to in the log."""
    share = read_share(data)
    place = f"{share.election}/{share.station}/{share.cam}/{share.slice}"
    if place != held.place:
        raise Rejected("seal.share_other", given=place[:120], wanted=held.place)
    stated = {each["trustee"]: each["commit"] for each in held.leaf["shares"]}
    group = held.sealing.group_of(share.trustee)
    if group is None or share.trustee not in stated or share_commit(data) != from_hex(stated[share.trustee]):
        raise Rejected("seal.share_wrong", trustee=share.trustee[:40], group=group.id if group else "?")
    return share


def _too_few(sealing: Sealing, words: Collection[str]) -> Incomplete:
    """Say which group has how many shares of those that it needs."""
    lacks = sealing.lacks(words)
    told = ", ".join(f"{lack.group} {lack.held}/{lack.needed}" for lack in lacks)
    return Incomplete("seal.lacking", needed=sealing.needed, there=len(sealing.groups) - len(lacks), lacks=told)


def _sign(held: SliceFolder, what: What, trustees: tuple[str, ...], signing: Signing, record: Path) -> None:
    """Write the record of what is about to be done, signed by two people, and their certificates beside it."""
    if len(signing.keys) < 2 or len(signing.keys) != len(signing.certificates):
        raise Misused("seal.two_people", held=min(len(signing.keys), len(signing.certificates)))
    issuers = issuers_of(held.election)
    signers = []
    for key_file, certificate_file in zip(signing.keys, signing.certificates, strict=True):
        certificate = _file(certificate_file)
        person = check_person(certificate, issuers)
        key = SigningKey.from_pem(person.key.name, _file(key_file))
        if key.verifier != person.key:
            raise Rejected("calibration.key_differs", name=person.key.name)
        signers.append((key, certificate))
    opening = Opening(what, held.place, held.leaf_sha256, trustees, signing.order, signing.now)
    files = DurableFiles()
    note = sign_opening(opening, signers, issuers)
    files.replace(record.with_name(record.name + ".signers.json"), signers_file([certificate for _, certificate in signers]))
    files.replace(record, note)


def _file(path: Path) -> bytes:
    try:
        if path.stat().st_size > 64 * 1024 * 1024:
            raise Misused("seal.no_file", file=path.name)
        return path.read_bytes()
    except OSError as error:
        raise Misused("seal.no_file", file=path.name) from error

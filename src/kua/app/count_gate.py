# SPDX-License-Identifier: Apache-2.0
"""`kua station count`: two people sign that the last voter is out and the lists are away. Until then the count is hidden as voting.

The note and the signers' certificates lie in `count/` of the box. `hide` and the agent each check them by themselves; the agent writes the leaf.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kua.adapters.clock import SystemClock
from kua.adapters.durable import DurableFiles
from kua.app.calibrations import certificates_of, issuers_of, signers_file
from kua.app.settings import load_election, load_station
from kua.core.election import Election, Station
from kua.core.errors import KuaError, Misused, Refused, Rejected
from kua.core.instant import Instant, Millis, rfc3339
from kua.proof.keys import SigningKey
from kua.proof.note import add_signatures, parse_note, sign_note, sign_text
from kua.proof.persons import check_count, check_person, count_text, read_count

AHEAD: Final = Millis(300_000)
"""A note may be so far ahead of this computer's clock."""
AGAIN: Final = Millis(1_000)
"""How often a process looks whether the count has been signed."""


@dataclass(frozen=True, slots=True)
class Begun:
    """The beginning of the count as two people have signed it."""

    since: Instant
    note: bytes
    signers: tuple[bytes, ...]
    names: tuple[str, ...]


def sign(box: Path, key_file: Path, certificate_file: Path, now: Instant | None = None) -> list[str]:
    """Add one person's signature; the first one states the time. Return the names of all who have signed.

    Raises `Refused("count.too_early")`, `Rejected("calibration.key_differs" | "count.signed_already" | "count.signer_elsewhere")`, those of
    certificates, and `Misused("key.pem" | "calibration.no_file" | "calibration.no_certificate")`.
    """
    station = load_station(box)
    election, _ = load_election(box, station)
    place = election.station(station.id)
    moment = SystemClock().now() if now is None else now
    if moment < _voting_ends(place):
        raise Refused("count.too_early", end=rfc3339(_voting_ends(place)))
    certificate = _file(certificate_file)
    try:
        person = check_person(certificate, issuers_of(election))
    except Rejected as error:
        if error.code != "note.form":
            raise
        raise Misused("calibration.no_certificate", file=certificate_file.name) from error
    if person.election != election.id or person.place not in (place.id, place.region):
        raise Rejected("count.signer_elsewhere", name=person.key.name, station=place.id)
    key = SigningKey.from_pem(person.key.name, _file(key_file))
    if key.verifier != person.key:
        raise Rejected("calibration.key_differs", name=person.key.name)
    before = _waiting(box, election, place)
    if before is None:
        note, held = sign_note(count_text(election.id, place.id, moment), [key]), []
    else:
        note, held = before, certificates_of(_read(box / "count/count.signers.json"))
        # The same key under another name is the same person.
        public = {check_person(each, issuers_of(election)).key.public for each in held}
        if person.key.public in public or any(signature.is_by(person.key) for signature in parse_note(note).signatures):
            raise Rejected("count.signed_already", name=person.key.name)
        note = add_signatures(note, [sign_text(parse_note(note).text, key)])
    signers = signers_file([*held, certificate])
    files = DurableFiles()
    (box / "count").mkdir(exist_ok=True)
    files.replace(box / "count/count.signers.json", signers)
    files.replace(box / "count/count.note", note)
    return [signature.name for signature in parse_note(note).signatures]


def load(box: Path, election: Election, place: Station, now: Instant) -> Begun | None:
    """Return the beginning of the count, or None as long as nobody has signed. Raises `Rejected("count.*" | "note.*")` for what does not hold."""
    note, signers = _read(box / "count/count.note"), _read(box / "count/count.signers.json")
    if not note:
        return None
    certificates = tuple(certificates_of(signers))
    since, people = check_count(note, election=election.id, station=place.id, certificates=certificates, issuers=issuers_of(election))
    if not _voting_ends(place) <= since <= now + AHEAD:
        raise Rejected("count.when", at=rfc3339(Instant(since)), end=rfc3339(_voting_ends(place)))
    return Begun(Instant(since), note, certificates, tuple(person.key.name for person in people))


class Gate:
    """Says whether the count may be seen; looks at the box at most once a second. Open once, open for good. In doubt it is shut."""

    def __init__(self, box: Path, election: Election, place: Station, now: Callable[[], Instant], monotonic: Callable[[], Millis]) -> None:
        self._box, self._election, self._place = box, election, place
        self._now, self._monotonic = now, monotonic
        self._looked: Millis | None = None
        self.begun: Begun | None = None

    def is_open(self) -> bool:
        """Whether two people have signed."""
        mono = self._monotonic()
        if self.begun is None and (self._looked is None or mono - self._looked >= AGAIN):
            self._looked = mono
            try:
                self.begun = load(self._box, self._election, self._place, self._now())
            except (KuaError, OSError):
                return False
        return self.begun is not None


def _voting_ends(place: Station) -> Instant:
    return max((window.end for window in place.windows if window.phase == "voting"), default=Instant(0))


def _waiting(box: Path, election: Election, place: Station) -> bytes | None:
    """Return the note that one person has signed so far; what is of another day or cannot be read is begun anew."""
    note = _read(box / "count/count.note")
    try:
        since = read_count(note, election=election.id, station=place.id)
    except Rejected:
        return None
    return note if since >= _voting_ends(place) else None


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def _file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Misused("calibration.no_file", file=path.name) from error

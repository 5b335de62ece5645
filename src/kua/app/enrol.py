# SPDX-License-Identifier: Apache-2.0
"""`kua station enrol`: key on the box, election file checked, one-time code redeemed. Nothing secret leaves the box."""

import secrets
from pathlib import Path
from typing import Final

from kua.adapters.couriers.http import base_url, fetch_published
from kua.adapters.couriers.http import enrol as ask
from kua.adapters.durable import DurableFiles
from kua.app.settings import StationSettings, load_election, load_station
from kua.core.digest import sha256
from kua.core.election import read_election
from kua.core.errors import Incomplete, Misused, Refused, Rejected
from kua.core.nouns import ElectionId, election_id, station_id, station_origin
from kua.ports.courier import Turned
from kua.proof.keys import VerifierKey
from kua.proof.persons import check_election
from kua.station.enrol import FIRST, SECOND, Enrolled, accept, make_key, read_enrolled, request, write_enrolled

FILES: Final = ("election.json", "election.note", "profile.json")


def enrol(box: Path, url: str, code: str, election: str | None, commission: tuple[str, ...], *, second: bool = False) -> Enrolled:
    """Enrol the box at the centre `url` with `code`; return what the centre answered. Doing it again with the same code and key is fine.

    A `second` centre is another one of the election file; the box must be enrolled at the first.

    The election file is the one in the box; if there is none it is fetched for `election` and believed only if a key of `commission` (or of
    the settings) signed it. Raises `Misused`, `Rejected("enrol.*")`, `Refused("enrol.other_box")`, `Away`, `Turned`.
    """
    station, files = load_station(box), DurableFiles()
    base_url(url)
    if second:
        read_enrolled(box)
    folder = box / station.election
    if not (folder / "election.json").exists():
        _fetch_election(folder, url, station, election, commission or station.commission, files)
    known, _ = load_election(box, station)
    if election is not None and election != known.id:
        raise Misused("enrol.other_election", given=election[:80], wanted=known.id)
    place = station_id(station.id)
    origin = station_origin(known.domain, known.id, place)
    _require_same(box, origin)
    key = make_key(box, origin, secrets.token_bytes(32), files)
    body = request(known.id, place, code, key)
    try:
        answer = ask(url, body)
    except Turned as error:
        raise Rejected(error.code, **error.facts) from error
    enrolled = accept(answer, base_url(url), known.domain, known.id, place, tuple(centre.vkey for centre in known.centres))
    if second and enrolled.centre == read_enrolled(box).centre:
        raise Misused("enrol.same_centre", given=str(enrolled.centre)[:80])
    write_enrolled(box, enrolled, files, SECOND if second else FIRST)
    return enrolled


def _require_same(box: Path, origin: str) -> None:
    try:
        before = read_enrolled(box)
    except Incomplete:
        return
    if before.origin != origin:
        raise Refused("enrol.other_box", given=before.origin, wanted=origin)


def _fetch_election(
    folder: Path, url: str, station: StationSettings, election: str | None, commission: tuple[str, ...], files: DurableFiles
) -> None:
    if election is None:
        raise Misused("enrol.no_election")
    if not commission:
        raise Misused("enrol.no_commission")
    name: ElectionId = election_id(election)
    fetched = {file: fetch_published(url, f"{name}/{file}") for file in FILES}
    data, note, profile = (fetched[file] for file in FILES)
    if data is None or note is None or profile is None:
        raise Incomplete("station.no_election", folder=station.election)
    read = read_election(data)
    keys = [VerifierKey.parse(line) for line in commission]
    check_election(note, election=name, version=read.version, file=sha256(data), keys=keys)
    if sha256(profile).hex() != read.profile_sha256:
        raise Rejected("enrol.profile")
    for file, content in ((FILES[2], profile), (FILES[1], note), (FILES[0], data)):
        files.replace(folder / file, content)

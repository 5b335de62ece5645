# SPDX-License-Identifier: Apache-2.0
"""Founding a centre: its folder, its keys, the election file and the profile. For rehearsals and demos it also makes the commission's and the
issuers' keys; in production those are made elsewhere and only the signed files are brought in.
"""

import json
import os
import secrets
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from kua.adapters.durable import DurableFiles, make_folder
from kua.app.centre import CENTRE_KEY, QUANTUM_KEY, centre_key, quantum_key
from kua.centre.elections.service import load_election
from kua.core.canonical import Json, canonical
from kua.core.digest import sha256
from kua.core.election import Election, read_election
from kua.core.errors import Misused
from kua.core.instant import Instant
from kua.core.nouns import election_id, nation_origin
from kua.law.hiding import DEFAULT, table_json
from kua.law.profile import read_profile
from kua.proof.keys import QuantumKey, SigningKey, VerifierKey
from kua.proof.persons import Person, issue_person, person_name, sign_election
from kua.proof.policy import parse_policy

ROLES: Final = ("chair", "observer", "member", "territorial")
"""Roles whose issuers' keys are made for a rehearsal."""

_HOUR: Final = 3_600_000


def packaged_profile(name: str) -> Json:
    """Return a legal profile that comes with kua (`kz`, `count-only`). Raises `Misused("centre.no_profile")`."""
    path = files("kua") / "profiles" / f"{name}.json"
    if not name.replace("-", "").isalnum() or not path.is_file():
        raise Misused("centre.no_profile", name=name[:40])
    value: Json = json.loads(path.read_text("utf-8"))
    return value


def decide_voting(profile: Json, stations: str | Sequence[str]) -> Json:
    """Return `profile` with the commission's decision where voting is public: `all`, `none`, or a list of stations."""
    value = {"stations": stations if isinstance(stations, str) else list(stations)}
    clauses = [{**clause, "value": value} if clause["id"] == "public_voting" else clause for clause in profile["clauses"]]
    return {**profile, "clauses": clauses}


def example(now: Instant) -> Json:
    """Return the draft of a rehearsal with three stations, whose windows are open now and for a day."""
    return {
        "v": 1,
        "id": "kz-2026-rehearsal",
        "version": 1,
        "domain": "kua.example",
        "titles": _titles("Жаттығу сайлауы", "Учебные выборы", "Rehearsal"),
        "kind": "rehearsal",
        "contests": [_titles("Құрылтай", "Курултай", "Kurultai")],
        "regions": [
            {"id": "10", "titles": _titles("Абай облысы", "область Абай", "Abai region")},
            {"id": "71", "titles": _titles("Астана", "Астана", "Astana")},
        ],
        "stations": [_station("10-245", 640, now), _station("10-246", 1180, now), _station("71-17", 2350, now)],
        "hiding": table_json(DEFAULT),
        "publication": {"delay_ms": 30_000},
        "cosigning": "",
    }


def found(folder: Path, draft: Json, profile: Json, *, url: str, roles: Sequence[str] = ROLES, others: Sequence[tuple[str, str]] = ()) -> Election:
    """Make a centre in `folder` for a rehearsal or demo and return its election. All keys are made here and stay in `folder/keys`.

    `others` are further centres, each with URL and verifier key: they get what this one gets.

    `draft` is an election file without `profile`, `centres` and `keys`; they are filled in. Raises `Misused("centre.exists")`,
    `Rejected("election.schema" | "profile.*")`.
    """
    _require_empty(folder)
    domain = str(draft.get("domain", ""))
    centre = make_key(folder, f"{domain}/centre", CENTRE_KEY)
    commission = make_key(folder, f"{domain}/commission", "keys/commission-1.key")
    issuers = [(role, make_key(folder, f"{domain}/issuer/{role}", f"keys/issuer-{role}.key")) for role in roles]
    profile_bytes = canonical(profile)
    cosigning = str(draft.get("cosigning", ""))
    if cosigning:  # a log that others co-sign has a key that holds against a quantum computer too, and the policy says which
        log = make_quantum_key(folder, nation_origin(domain, election_id(str(draft.get("id", "")))))
        cosigning = f"log {log.cosigner}\n{cosigning}"
    body = {
        **draft,
        "cosigning": cosigning,
        "profile": {"id": profile["id"], "sha256": sha256(profile_bytes).hex()},
        "centres": [{"url": url, "vkey": str(centre.verifier)}, *({"url": at, "vkey": vkey} for at, vkey in others)],
        "keys": {
            "commission": [str(commission.verifier)],
            "issuers": [{"role": role, "vkey": str(key.verifier)} for role, key in issuers],
        },
    }
    data = canonical(body)
    election = read_election(data)
    read_profile(profile_bytes)
    if cosigning:
        parse_policy(cosigning.encode())
    _require_known(profile, election)
    note = sign_election([commission], election.id, election.version, sha256(data))
    _write(folder, {"election.json": data, "election.note": note, "profile.json": profile_bytes})
    return election


def bring_in(folder: Path, election: Path, note: Path, profile: Path, *, accepted: Sequence[str]) -> Election:
    """Make a centre in `folder` for an election that the commission has signed elsewhere; this centre's key must be named in it.

    Raises `Misused("centre.*")`, `Rejected("election.*" | "note.*" | "profile.*")`, `Refused("profile.unconfirmed")`.
    """
    parts = {"election.json": election, "election.note": note, "profile.json": profile}
    try:
        contents = {name: path.read_bytes() for name, path in parts.items()}
    except OSError as error:
        raise Misused("centre.no_file", name=str(error.filename)) from error
    read = read_election(contents["election.json"])
    key = centre_key(folder, read.domain)
    if str(key.verifier) not in {centre.vkey for centre in read.centres}:
        raise Misused("centre.key_unknown", vkey=str(key.verifier))
    _require_empty(folder)
    _write(folder, contents)
    return load_election(folder, accepted).election


def make_key(folder: Path, name: str, place: str) -> SigningKey:
    """Return the key called `name` at `folder/place`, made now if it is not there; only the owner may read it."""
    path = folder / place
    if path.exists():
        return SigningKey.from_pem(name, path.read_bytes())
    key = SigningKey.from_seed(name, secrets.token_bytes(32))
    _keep_key(path, key.to_pem())
    return key


def make_quantum_key(folder: Path, origin: str) -> QuantumKey:
    """Return the ML-DSA-44 key of the national log `origin`, made now if it is not there; only the owner may read it."""
    held = quantum_key(folder, origin)
    if held is not None:
        return held
    key = QuantumKey.from_seed(origin, secrets.token_bytes(32))
    _keep_key(folder / QUANTUM_KEY, key.to_pem())
    return key


def _keep_key(path: Path, pem: bytes) -> None:
    make_folder(path.parent)
    path.parent.chmod(0o700)
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(opened, "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(opened)


def certify_person(folder: Path, election: Election, role: str, place: str, vkey: str) -> bytes:
    """Return a person's certificate by the issuer's key of this folder. Raises `Misused("centre.no_issuer")`, `Rejected("key.*" | "person.*")`."""
    path = folder / "keys" / f"issuer-{role}.key"
    if role not in {issuer.role for issuer in election.issuers} or not path.exists():
        raise Misused("centre.no_issuer", role=role[:40])
    if place not in {region.id for region in election.regions}:
        election.station(place)
    person, wanted = Person(role, election.id, place, VerifierKey.parse(vkey)), person_name(role, place)
    if person.key.name != wanted and not person.key.name.startswith(wanted + "/"):
        raise Misused("person.key_name", given=person.key.name[:80], wanted=wanted)
    key = SigningKey.from_pem(f"{election.domain}/issuer/{role}", path.read_bytes())
    return issue_person(key, person)


def read_draft(path: Path) -> Json:
    """Read a draft of an election file, in any spelling of JSON. Raises `Misused("centre.draft")`."""
    value = read_object(path)
    return {"hiding": table_json(DEFAULT), **{name: each for name, each in value.items() if name not in {"profile", "centres", "keys"}}}


def read_object(path: Path) -> Json:
    """Read a JSON object in any spelling. Raises `Misused("centre.draft")`."""
    try:
        value: Any = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise Misused("centre.draft", name=path.name) from error
    if not isinstance(value, dict):
        raise Misused("centre.draft", name=path.name)
    return value


def _require_known(profile: Json, election: Election) -> None:
    """Refuse a decision for stations that are not there: a slip of the pen would close a station's film to the public unseen."""
    clauses = [clause["value"] for clause in profile["clauses"] if clause["id"] == "public_voting"]
    named = {station for value in clauses if isinstance(value.get("stations"), list) for station in value["stations"]}
    unknown = sorted(named - {station.id for station in election.stations})
    if unknown:
        raise Misused("centre.voting_station", given=", ".join(unknown)[:80])


def _require_empty(folder: Path) -> None:
    if (folder / "election.json").exists():
        raise Misused("centre.exists", folder=folder.name)


def _write(folder: Path, contents: dict[str, bytes]) -> None:
    disk = DurableFiles()
    if not (folder / "kua.toml").exists():
        disk.replace(folder / "kua.toml", b"# Settings of this centre: docs/ref/settings.md\n[centre]\n")
    for name in ("profile.json", "election.note", "election.json"):  # the last one makes it a centre
        disk.replace(folder / name, contents[name])


def _station(number: str, voters: int, now: Instant) -> Json:
    start = now // _HOUR * _HOUR - _HOUR
    return {
        "id": number,
        "region": number.partition("-")[0],
        "titles": _titles(f"№ {number} учаске", f"Участок № {number}", f"Station {number}"),
        "address": _titles("Мектеп, спорт залы", "Школа, спортзал", "School, gymnasium"),
        "voters": voters,
        "cameras": [{"id": "a", "purpose": "room"}],
        "windows": [{"phase": "rehearsal", "from": start, "to": start + 26 * _HOUR}],
        "exempt": None,
    }


def _titles(kk: str, ru: str, en: str) -> Json:
    return {"kk": kk, "ru": ru, "en": en}

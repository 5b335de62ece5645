# SPDX-License-Identifier: Apache-2.0
"""What `kua station up` reads from and writes into a box: how it stands, its making, the choice of a camera, the drawing. Every write is whole or not at all.

A box that is made but has no camera yet carries the source `none:`, which nothing can open.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from kua.adapters.clock import SystemClock
from kua.adapters.durable import DurableFiles, make_folder
from kua.app import calibrations, devices
from kua.app.checkup import look
from kua.app.closing import closed_at
from kua.app.enrol import enrol
from kua.app.plugins import SOURCES, is_painted
from kua.app.settings import FILE, CameraSettings, StationSettings, load_election, load_station
from kua.app.up_phase import may_look
from kua.core.digest import sha256
from kua.core.election import Election, Station
from kua.core.errors import Incomplete, KuaError, Misused
from kua.core.nouns import station_id
from kua.core.titles import Titles
from kua.law.profile import REHEARSAL
from kua.ports.address import scheme_of, shown
from kua.proof.note import parse_note
from kua.proof.persons import calibration_text
from kua.sight.calibration import read_calibration, write_calibration
from kua.sight.zones import KINDS, UNIT, read_zones, write_zones
from kua.station.calibrate import read_drawing
from kua.station.enrol import read_enrolled
from kua.web.panel.up import CameraStand, Stand
from kua.words.speak import LANGUAGES

NONE: Final = "none:"
SECRETS: Final = "camera.env"
"""Passwords of cameras as lines `KUA_CAMERA_A_PASSWORD=...`, mode 0600; `station up` gives them to the processes that it starts."""
PAINTED: Final = ("painted:7", "painted:3")
FAR, NEAR = (3000, 0.045), (8500, 0.13)
"""Heads until somebody has drawn them: row in ten-thousandths, and height as a share of the picture's."""


def stand(box: Path, typed: Mapping[str, Sequence[str]]) -> Stand:
    """Return how the box stands. `typed` are addresses of cameras that somebody has typed and not chosen yet, by camera."""
    if not (box / FILE).exists():
        return Stand()
    station = load_station(box)
    try:
        election, _ = load_election(box, station)
        read_enrolled(box)
    except Incomplete:
        return Stand(station=station.id)
    place = election.station(station.id)
    now = SystemClock().now()
    return Stand(
        station.id,
        _titles(place.titles),
        _titles(place.address),
        election.id,
        _titles(election.titles),
        election.kind == REHEARSAL,
        True,
        may_look(election, station.id, now),
        tuple(_camera(box, station, camera, place, election, typed.get(camera.id, ())) for camera in station.cameras),
        bool(look(box)["running"]),
        closed_at(box) is not None,
    )


def make(box: Path, number: str, centre: str, code: str, election: str, commission: str) -> None:
    """Make the box of station `number` and enrol it. A box that could not be enrolled keeps its key (the centre may have heard of it) and can be tried again.

    Raises what `kua.app.enrol.enrol` raises, `Misused("up.station")` for a number that is none, `Misused("up.not_empty")` for a foreign folder.
    """
    number, box = number.strip(), box.resolve()
    if not _is_number(number):
        raise Misused("up.station", given=number[:20])
    fresh = not (box / FILE).exists()
    require_folder(box)
    if not fresh and (box / "enrolment.json").exists():
        raise Misused("up.enrolled", station=load_station(box).id)
    existed = box.exists()
    make_folder(box)
    _write(box, number, {"a": {"source": NONE}})
    try:
        enrol(box, centre.strip(), code.strip(), election.strip() or None, (commission.strip(),) if commission.strip() else ())
        held, _ = load_election(box, load_station(box))
        planned: dict[str, dict[str, str]] = {camera.id: {"source": NONE} for camera in held.station(station_id(number)).cameras}
        _write(box, number, planned or {"a": {"source": NONE}})
    except KuaError:
        if fresh and not (box / "keys" / "station.pem").exists():
            for each in box.iterdir():
                shutil.rmtree(each) if each.is_dir() else each.unlink()
            if not existed:
                box.rmdir()
        raise


def require_folder(box: Path) -> None:
    """Insist on a box, an empty folder, or nothing yet. Raises `Misused("up.not_empty")`."""
    if (box.exists() and not box.is_dir()) or (box.is_dir() and not (box / FILE).exists() and any(box.iterdir())):
        raise Misused("up.not_empty", folder=box.name)


def choose(box: Path, cam: str, source: str, password: str) -> None:
    """Write which camera it is; the calibration of another source is taken away. Raises `Misused("settings.*" | "source.scheme")`."""
    station, files = load_station(box), DurableFiles()
    before = station.camera(cam)
    require_source(source)
    tables = {camera.id: camera.model_dump(exclude_unset=True) for camera in station.cameras}
    tables[cam] = {**tables[cam], "source": source}
    CameraSettings(**{**before.model_dump(), "source": source})
    if password or before.source != source:
        _keep_password(box, cam, password, files)
    if before.source != source:
        for ending in (".note", ".signers.json", devices.ENDING, ".json", ".room", ".still.png", ".zones.toml"):
            files.remove(box / "calibration" / f"{cam}{ending}")
    _write(box, station.id, tables)


def require_source(source: str) -> None:
    """Insist on an address that some source can open and that holds no password. Raises `Misused`."""
    try:
        parts = urlsplit(source)
        has_password = bool(parts.password)
    except ValueError as error:
        raise Misused("up.address") from error
    if scheme_of(source) not in SOURCES or (scheme_of(source) == "rtsp" and not parts.hostname) or any(c in source for c in '"\\\n\r'):
        raise Misused("up.address")
    if has_password:
        raise Misused("up.password_in_address")


def secrets_of(box: Path) -> dict[str, str]:
    """Return the passwords of the box's cameras by the name of their variable."""
    try:
        lines = (box / SECRETS).read_text("utf-8").splitlines()
    except FileNotFoundError:
        return {}
    pairs = (line.partition("=") for line in lines if line.startswith("KUA_CAMERA_"))
    return {name: json.loads(value) for name, _, value in pairs}


def draw(box: Path, cam: str, zones: Mapping[str, Any], heads: Sequence[Any]) -> None:
    """Keep a drawing in `CAM.zones.toml`. Raises `Rejected("calibration.zone_*")` and `Misused("up.body")`."""
    load_station(box).camera(cam)
    checked = write_zones(read_zones(zones))
    try:
        measured = [(int(y), int(px)) for y, px in heads]
    except (TypeError, ValueError) as error:
        raise Misused("up.body") from error
    if not all(0 <= y <= UNIT and 1 <= px <= 8192 for y, px in measured):
        raise Misused("up.body")
    lines = [f"# Zones of camera {cam}, drawn on the box's page."]
    for kind in KINDS:
        for points in checked.get(kind, []):
            lines += ["", "[[zone]]", f'kind = "{kind}"', f"points = {json.dumps(points)}"]
    for y, px in sorted(measured):
        lines += ["", "[[head]]", f"y = {y}", f"px = {px}"]
    DurableFiles().replace(box / "calibration" / f"{cam}.zones.toml", ("\n".join(lines) + "\n").encode())


def _camera(
    box: Path, station: StationSettings, camera: CameraSettings, place: Station, election: Election, typed: Sequence[str]
) -> CameraStand:
    chosen = "" if camera.source == NONE else camera.source
    picks = picks_of(camera.source, typed, rehearsal=election.kind == REHEARSAL)
    zones, heads, is_drawn = _drawing(box, camera)
    folder = box / "calibration"
    file = _bytes(folder / f"{camera.id}.json")
    signers: tuple[str, ...] = ()
    is_learned, text, is_ready = False, "", False
    if file:
        read = read_calibration(file)
        # Through the file's own spelling, so that equal means: the same bytes would be signed.
        held = json.loads(write_calibration(read))
        is_learned = {k: v for k, v in held["zones"].items() if v} == {k: v for k, v in zones.items() if v} and [
            (each["y"], each["px"]) for each in held["head"]
        ] == list(heads)
        text = calibration_text(election.id, station.id, camera.id, sha256(file))
        signers = _signers(folder, camera.id, text) if is_learned else ()
        is_ready = is_learned and _holds(box, camera.id)
    purpose = next((each.purpose for each in place.cameras if each.id == camera.id), "")
    return CameraStand(
        camera.id, purpose, shown(chosen) if chosen else "", tuple(_said(each) for each in picks), camera.width, camera.height,
        bool(chosen) and is_painted(chosen), zones, heads, is_drawn, is_learned, signers, is_ready, text,
        tuple(sorted({issuer.role for issuer in election.issuers})),
    )  # fmt: skip


def picks_of(source: str, typed: Sequence[str], *, rehearsal: bool) -> tuple[str, ...]:
    """Return the sources that may be chosen: the one that is, what was typed, and drawn rooms in a rehearsal."""
    chosen = () if source == NONE else (source,)
    return tuple(dict.fromkeys((*chosen, *typed, *(PAINTED if rehearsal else ()))))


def _said(source: str) -> str:
    return source.partition("?")[0] if is_painted(source) else shown(source)


def _drawing(box: Path, camera: CameraSettings) -> tuple[dict[str, list[Any]], tuple[tuple[int, int], ...], bool]:
    """Return zones and heads as drawn; else what a drawn room knows of itself, or nothing but heads of a usual room."""
    drawn = _bytes(box / "calibration" / f"{camera.id}.zones.toml")
    if drawn:
        try:
            read = read_drawing(drawn)
        except Misused:
            read = None  # the empty template of `kua station calibrate`
        if read is not None:
            return write_zones(read_zones(read.zones)), tuple(read.heads), True
    if is_painted(camera.source):
        from kua.adapters.codecs.room import drawn_zones

        known = drawn_zones(int(camera.source.partition(":")[2].partition("?")[0]), camera.width, camera.height)
        heads = sorted(known.heads)
        return write_zones(read_zones(known.zones)), (heads[0], heads[-1]), False
    return {}, tuple((y, round(share * camera.height)) for y, share in (FAR, NEAR)), False


def _signers(folder: Path, cam: str, text: str) -> tuple[str, ...]:
    data = _bytes(folder / f"{cam}.note")
    if not data:
        return ()
    note = parse_note(data)
    return tuple(signature.name for signature in note.signatures) if note.text == text else ()


def _holds(box: Path, cam: str) -> bool:
    try:
        calibrations.load(box, cam)
    except KuaError:
        return False
    return True


def _write(box: Path, number: str, cameras: Mapping[str, Mapping[str, Any]]) -> None:
    before = load_station(box) if (box / FILE).exists() else None
    lines = ["[station]", f'id = "{number}"']
    for name, value in (before.model_dump(exclude_unset=True) if before else {}).items():
        if name not in {"id", "cameras"}:
            lines.append(f"{name} = {json.dumps(value)}")
    for cam, table in sorted(cameras.items()):
        lines += ["", "[[station.cameras]]", f'id = "{cam}"']
        lines += [f"{name} = {json.dumps(value)}" for name, value in table.items() if name != "id"]
    DurableFiles().replace(box / FILE, ("\n".join(lines) + "\n").encode())


def _keep_password(box: Path, cam: str, password: str, files: DurableFiles) -> None:
    held = {name: value for name, value in secrets_of(box).items() if name != f"KUA_CAMERA_{cam.upper()}_PASSWORD"}
    if password:
        held[f"KUA_CAMERA_{cam.upper()}_PASSWORD"] = password
    data = "".join(f"{name}={json.dumps(value)}\n" for name, value in sorted(held.items())).encode()
    if data:
        files.replace(box / SECRETS, data, mode=0o600)
    else:
        files.remove(box / SECRETS)


def _is_number(number: str) -> bool:
    region, dash, own = number.partition("-")
    return bool(dash) and len(region) == 2 and region.isascii() and region.isdigit() and own.isascii() and own.isdigit() and len(own) <= 5


def _titles(titles: Titles) -> dict[str, str]:
    return {language: titles.said_in(language) for language in LANGUAGES}


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""

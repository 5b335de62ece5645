# SPDX-License-Identifier: Apache-2.0
"""Settings: one `kua.toml` in the folder of a box or a centre, strict, one table for each room that has settings.

Secrets come from the environment and nothing else does: `KUA_CAMERA_A_PASSWORD` is the password for the user in camera a's address.
What changes between elections (dates, stations, zones, keys) is signed data and never a setting. `docs/ref/settings.md` is made from here.
"""

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from kua.core.digest import Digest, sha256
from kua.core.election import Election, read_election
from kua.core.errors import Incomplete, Misused
from kua.law.profile import Profile, read_profile
from kua.proof.keys import VerifierKey
from kua.proof.persons import check_election

FILE: Final = "kua.toml"


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)


class CameraSettings(_Table):
    """`[[station.cameras]]`: one camera of the station."""

    id: Annotated[str, Field(pattern="^[a-z]$")]
    """One lower-case letter, as in the election file."""
    source: Annotated[str, Field(min_length=3)]
    """Address: `rtsp://USER@HOST/PATH`, `rtsps://`, `onvif://USER@HOST`, `recorder://USER@HOST/MAKER/CHANNEL`, `usb:/dev/video0`, `file:PATH`, `painted:SEED`, or `whip:` for a telephone that films. Never with a password: that is KUA_CAMERA_A_PASSWORD."""
    certificate: Annotated[str, Field(pattern="^(?:|[0-9a-f]{64})$")] = ""
    """SHA-256 (hex) of the certificate that an `rtsps://` camera must show; `kua doctor camera` prints the one that it shows now."""
    width: Annotated[int, Field(ge=160, le=3840, multiple_of=2)] = 1280
    """Width of the published picture, in pixels."""
    height: Annotated[int, Field(ge=120, le=2160, multiple_of=2)] = 720
    """Height of the published picture, in pixels."""
    fps: Annotated[int, Field(ge=1, le=30)] = 10
    """Pictures per second that are published."""
    bitrate: Annotated[int, Field(ge=50, le=8000)] = 800
    """Most kbit/s of the film."""
    count_bitrate: Annotated[int, Field(ge=0, le=8000)] = 0
    """Most kbit/s of the film while votes are counted and the protocol is made out, when numbers and marks are to be read; 0: twice `bitrate`."""
    sealed_bitrate: Annotated[int, Field(ge=50, le=8000)] = 1500
    """Most kbit/s of the sealed film, where the election keeps one."""
    preset: Annotated[str, Field(pattern="^(ultrafast|superfast|veryfast|faster|fast|medium)$")] = "veryfast"
    """How hard the encoder tries, a word of x264: slower makes a better picture of the same bits."""

    @property
    def fine(self) -> int:
        """The most kbit/s of the film of the count."""
        return self.count_bitrate or min(2 * self.bitrate, 8000)

    @property
    def most(self) -> int:
        """The most kbit/s that the film has at any time of the day."""
        return max(self.bitrate, self.fine)

    def password(self, environment: Mapping[str, str] = os.environ) -> str | None:
        """Return the password for the user in `source`, from the environment."""
        return environment.get(f"KUA_CAMERA_{self.id.upper()}_PASSWORD") or None


class StationSettings(_Table):
    """`[station]`: the agent in a polling station."""

    id: Annotated[str, Field(pattern="^[0-9]{2}-[0-9]{1,5}$")]
    """The station's number, as in the election file: `10-245`."""
    election: str = "election"
    """Folder of the election file, its note and the legal profile; relative to the box."""
    commission: tuple[str, ...] = ()
    """Verifier keys of the commission that this box believes. Empty: those that the election file names itself."""
    reserve: Annotated[int, Field(ge=32, le=1_000_000)] = 512
    """MiB of the disk that film leaves free, so that the log can go on."""
    cap: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """Kilobits a second that film may take of the line, so that the school that lends it can go on working; 0: as much as there is."""
    sealed: Annotated[int, Field(ge=0, le=10_000_000)] = 100_000
    """MiB of sealed film that the disk may hold, where the election keeps one. Whether it does is never a setting."""
    models: str = "models"
    """Folder of detection models (`kua models`); relative to the box. Without any, the hiding is by the room alone."""
    listen: Annotated[str, Field(pattern=r"^(?:|[0-9.]{7,15}:[0-9]{1,5}|\[[0-9a-f:]{2,39}\]:[0-9]{1,5})$")] = ""
    """Address and port of this computer (`"192.168.1.10:8443"`) at which `kua station listen` serves observers' telephones. Empty: it does not start."""
    cameras: Annotated[tuple[CameraSettings, ...], Field(min_length=1, max_length=8)]
    """The cameras, one table each."""

    def camera(self, wanted: str) -> CameraSettings:
        """Return the camera called `wanted`. Raises `Misused("settings.no_camera")`."""
        for camera in self.cameras:
            if camera.id == wanted:
                return camera
        raise Misused("settings.no_camera", camera=wanted[:20], known=", ".join(camera.id for camera in self.cameras))


class AuthoritySettings(_Table):
    """`[[centre.authorities]]`: one time authority (RFC 3161)."""

    name: Annotated[str, Field(pattern="^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$")]
    """A short word for it; stands in names of published files."""
    url: Annotated[str, Field(pattern="^https?://")]
    """Where it answers."""
    certificate: Annotated[str, Field(min_length=1)]
    """File with the certificate (PEM) under which its tokens must hold; relative to the centre's folder."""


class CentreSettings(_Table):
    """`[centre]`: a centre that receives, logs and publishes."""

    host: str = "127.0.0.1"
    """Address to listen on. Anything but loopback belongs behind a proxy that speaks TLS."""
    port: Annotated[int, Field(ge=0, le=65_535)] = 8080
    """Port to listen on; 0 takes a free one."""
    memory: Annotated[int, Field(ge=0, le=65_536)] = 256
    """MiB of the newest film that are kept in memory for readers."""
    reserve: Annotated[int, Field(ge=32, le=1_000_000)] = 1024
    """MiB of the disk below which no film is taken in."""
    clips: Annotated[int, Field(ge=0, le=1_000_000)] = 1024
    """MiB of the disk for clips that readers have made of published film; the oldest go first. 0: readers make none."""
    quota_megabits: Annotated[int, Field(ge=1, le=10_000)] = 64
    """Megabits a second that one station may send for ever; several times its pictures, so that it can catch up. Sixteen seconds of it may come at once."""
    quota_requests: Annotated[int, Field(ge=1, le=10_000)] = 64
    """Requests a second of one station."""
    all_requests: Annotated[int, Field(ge=4, le=1_000_000)] = 2_000
    """Requests a second of all stations together that this centre answers; whoever comes over that is told when to come back."""
    accept: tuple[str, ...] = ()
    """Clauses of the legal profile that no lawyer has confirmed and that the operator accepts by name outside rehearsals."""
    authorities: Annotated[tuple[AuthoritySettings, ...], Field(max_length=8)] = ()
    """Time authorities (RFC 3161) that are asked once a minute, one table each; two or more of different hands are worth having."""
    cosigners: tuple[Annotated[str, Field(pattern=r"^[^\s+]+ https?://\S+$")], ...] = ()
    """Addresses of co-signers that the co-signing policy names without one, or that have moved: `"party.example/witness https://…"`."""
    clock: bool = True
    """Whether the centre's clock is disciplined: then uploads signed more than five minutes ago are refused."""


class HostSettings(_Table):
    """`[[site.hosts]]`: somebody who hosts a copy of the page that checks films."""

    name: Annotated[str, Field(min_length=1, max_length=80, pattern=r"^\S(?:.*\S)?$")]
    """What the host is called, as it stands on the page: a party, a newspaper, a university."""
    url: Annotated[str, Field(max_length=200, pattern=r"^https://[^\s<>\"]+$")]
    """Where its copy is."""


class SiteSettings(_Table):
    """`[site]`: the public pages."""

    languages: tuple[Annotated[str, Field(pattern="^(kk|ru|en)$")], ...] = ("kk", "ru", "en")
    """Languages of the pages; the first is shown to readers who ask for none of them."""
    contact: str = ""
    """Where a reader can write to: an address or a link, shown at the foot of each page."""
    hosts: Annotated[tuple[HostSettings, ...], Field(max_length=32)] = ()
    """Who hosts copies of the page that checks films, one table each; the page names them and says that nobody signed the list."""


class Settings(BaseSettings):
    """The whole file. A box has `[station]`, a centre `[centre]` and `[site]`."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)

    station: StationSettings | None = None
    centre: CentreSettings = CentreSettings()
    site: SiteSettings = SiteSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic passes all five by name
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take values from the file only: a variable that somebody forgot in a shell must not change what a station does."""
        return (init_settings,)


TABLES: Final[dict[str, type[_Table]]] = {
    "station": StationSettings,
    "station.cameras": CameraSettings,
    "centre": CentreSettings,
    "centre.authorities": AuthoritySettings,
    "site": SiteSettings,
    "site.hosts": HostSettings,
}
"""Every table, by its name in the file."""


@dataclass(frozen=True, slots=True)
class Value:
    """One setting as it holds: its dotted name, its value, and whether it comes from the `file`, the `environment` or is the `default`."""

    name: str
    value: Any
    origin: str


def load(box: Path) -> Settings:
    """Read the settings of `box`; without a file everything is at its default. Raises `Misused("settings.*")`."""
    return settings_of(_table(box))


def settings_of(table: Mapping[str, Any]) -> Settings:
    """Check a parsed file. Raises `Misused`: `settings.unknown` with the nearest right name, `settings.value`, `settings.secret`, `settings.twice`."""
    try:
        settings = Settings(**_tuples(table))
    except ValidationError as error:
        raise _misused(error) from error
    if settings.station is not None:
        ids = [camera.id for camera in settings.station.cameras]
        if len(set(ids)) != len(ids):
            raise Misused("settings.twice", camera=max(ids, key=ids.count))
        for camera in settings.station.cameras:
            _require_no_secret(camera)
    return settings


def load_station(box: Path) -> StationSettings:
    """Read the settings of a station's box. Raises `Misused("settings.no_station")` if the file has no table `[station]`."""
    station = load(box).station
    if station is None:
        raise Misused("settings.no_station", file=FILE)
    return station


def settings_digest(box: Path) -> Digest:
    """Return the SHA-256 of the file as it stands."""
    path = box / FILE
    return sha256(path.read_bytes() if path.exists() else b"")


def load_election(box: Path, station: StationSettings) -> tuple[Election, bytes]:
    """Return the election of the box and the bytes of its file, after checking the commission's signature.

    Raises `Incomplete("station.no_election")`, `Rejected("election.*" | "note.*")`.
    """
    folder = box / station.election
    try:
        data, note = (folder / "election.json").read_bytes(), (folder / "election.note").read_bytes()
    except FileNotFoundError as error:
        raise Incomplete("station.no_election", folder=station.election) from error
    election = read_election(data)
    keys = [VerifierKey.parse(line) for line in station.commission or election.commission]
    check_election(note, election=election.id, version=election.version, file=sha256(data), keys=keys)
    election.station(station.id)
    return election, data


def load_profile(box: Path, station: StationSettings, election: Election) -> Profile | None:
    """Return the legal profile that the election file names, if it lies in the box. None: nothing that only a profile can allow is allowed."""
    path = box / station.election / "profile.json"
    if not path.exists():
        return None
    data = path.read_bytes()
    return read_profile(data) if sha256(data).hex() == election.profile_sha256 else None


def values(box: Path, environment: Mapping[str, str] = os.environ) -> list[Value]:
    """Return every setting that holds, with where its value came from. A secret is only said to be there."""
    table = _table(box)
    settings = settings_of(table)
    found = []
    for room in ("station", "centre", "site"):
        model = getattr(settings, room)
        if model is not None:
            found += list(_walk(room, model, table.get(room, {})))
    for camera in settings.station.cameras if settings.station else ():
        is_set = camera.password(environment) is not None
        found.append(Value(f"KUA_CAMERA_{camera.id.upper()}_PASSWORD", "set" if is_set else "not set", "environment"))
    return found


def _walk(prefix: str, model: BaseModel, given: Any) -> Iterator[Value]:
    for name in type(model).model_fields:
        value = getattr(model, name)
        if name in {"cameras", "authorities", "hosts"}:
            for number, each in enumerate(value):
                yield from _walk(f"{prefix}.{name}.{each.id if name == 'cameras' else each.name}", each, given[name][number])
        else:
            shown = list(value) if isinstance(value, tuple) else value
            yield Value(f"{prefix}.{name}", shown, "file" if name in given else "default")


def _table(box: Path) -> dict[str, Any]:
    try:
        with (box / FILE).open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        if not box.is_dir():
            raise Misused("settings.no_box", box=box.name) from None
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Misused("settings.toml", file=FILE, why=str(error)[:120]) from error


def _tuples(value: Any) -> Any:
    """TOML knows arrays only; frozen models want tuples."""
    if isinstance(value, Mapping):
        return {name: _tuples(each) for name, each in value.items()}
    return tuple(_tuples(each) for each in value) if isinstance(value, list) else value


def _misused(error: ValidationError) -> Misused:
    first = error.errors(include_url=False, include_input=False)[0]
    place = [part for part in first["loc"] if not isinstance(part, int)]
    name = ".".join(str(part) for part in place)
    if first["type"] == "extra_forbidden":
        table = ".".join(str(part) for part in place[:-1])
        known = list(TABLES[table].model_fields) if table in TABLES else list(Settings.model_fields)
        nearest = difflib.get_close_matches(str(place[-1]), known, 1, 0.5)
        return Misused("settings.unknown", name=name[:80], nearest=nearest[0] if nearest else ", ".join(known))
    # The value itself stays out: somebody may have put a password in the wrong place.
    return Misused("settings.value", name=name[:80], why=first["msg"][:120])


def _require_no_secret(camera: CameraSettings) -> None:
    try:
        secret = urlsplit(camera.source).password
    except ValueError as error:
        raise Misused("settings.value", name=f"station.cameras.{camera.id}.source", why="address") from error
    if secret:
        raise Misused("settings.secret", camera=camera.id, variable=f"KUA_CAMERA_{camera.id.upper()}_PASSWORD")

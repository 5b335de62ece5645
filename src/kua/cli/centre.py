# SPDX-License-Identifier: Apache-2.0
"""`kua centre`: found a centre, run it, let stations in, stop a publication. Judges nothing itself."""

import asyncio
import json
import os
import secrets
import socket
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final

import typer
import uvicorn

from kua.adapters.clock import SystemClock
from kua.adapters.durable import DurableFiles
from kua.adapters.indexes.sqlite import SqliteIndex
from kua.app import founding
from kua.app.centre import CENTRE_KEY, Centre, build
from kua.app.settings import load
from kua.centre.broadcast.withdraw import Order
from kua.centre.elections.service import load_election
from kua.centre.enrol.revoke import Revocation
from kua.centre.enrol.service import make_code
from kua.centre.ingest.evidence import Evidence
from kua.cli import centre_check_page, say
from kua.cli.say import _, fill
from kua.cli.typed import instant_of, typed
from kua.core.errors import KuaError, Misused, Rejected, Unavailable
from kua.core.instant import Instant, rfc3339
from kua.core.nouns import election_id, nation_origin
from kua.proof.keys import VerifierKey
from kua.web.api.routes import states_json
from kua.words.problem import N_

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, add_completion=False, help=_("The centre that receives, logs and publishes.")
)

RUN: Final = "run.json"
_BUG: Final = 70

Folder = Annotated[Path, typer.Argument(metavar="DIR", help=_("The centre's folder."))]
Within = Annotated[Path, typer.Option("--dir", metavar="DIR", envvar="KUA_CENTRE", help=_("The centre's folder; default: this one."))]
Json = Annotated[bool, typer.Option("--json", help=_("Print one JSON object."))]


@app.command(help=_("Make the centre's key and print its verifier key, for the commission to put into the election file."))
def key(
    folder: Folder,
    domain: Annotated[str, typer.Option("--domain", help=_("Domain of the logs' names."))],
    election: Annotated[
        str, typer.Option("--election", metavar="ID", help=_("Also make the ML-DSA-44 key of this election's national log, and print its line for the co-signing policy."))
    ] = "",
) -> None:
    """Make or show the keys."""
    with typed():
        made = founding.make_key(folder, f"{domain}/centre", CENTRE_KEY)
        line = f"log {founding.make_quantum_key(folder, nation_origin(domain, election_id(election))).cosigner}" if election else ""
    say.data(str(made.verifier))
    if line:
        say.data(line)


@app.command(help=_("Found a centre: --example or a draft makes all keys for a rehearsal; with --note a signed election is brought in."))
def init(
    folder: Folder,
    election: Annotated[
        Path | None, typer.Option("--election", metavar="FILE", help=_("Draft of the election file, or the signed one."))
    ] = None,
    note: Annotated[
        Path | None, typer.Option("--note", metavar="FILE", help=_("The commission's signature over the election file."))
    ] = None,
    profile: Annotated[str, typer.Option("--profile", metavar="NAME|FILE", help=_("Legal profile: kz, count-only, or a file."))] = "kz",
    public_voting: Annotated[
        str, typer.Option("--public-voting", metavar="all|none|STATION,...", help=_("Where the commission lets the public see the voting."))
    ] = "none",
    url: Annotated[str, typer.Option("--url", help=_("Address of this centre, for the election file."))] = "http://127.0.0.1:8080",
    also: Annotated[
        list[str] | None, typer.Option("--also", metavar="VKEY@URL", help=_("A further centre, with the key that `kua centre key` printed there; may be given again."))
    ] = None,
    is_example: Annotated[bool, typer.Option("--example", help=_("A rehearsal with three stations that is open now."))] = False,
) -> None:
    """Make the folder."""
    if election is not None and note is not None:
        made = founding.bring_in(folder, election, note, Path(profile), accepted=load(folder).centre.accept if folder.is_dir() else ())
    elif is_example != (election is not None):
        draft = founding.example(SystemClock().now()) if election is None else founding.read_draft(election)
        chosen = founding.read_object(Path(profile)) if profile.endswith(".json") else founding.packaged_profile(profile)
        decided = public_voting if public_voting in {"all", "none"} else public_voting.split(",")
        made = founding.found(folder, draft, founding.decide_voting(chosen, decided), url=url, others=[_other(each) for each in also or ()])
    else:
        raise Misused("centre.draft_or_example")
    say.talk(fill(N_("The centre of {election} stands in {folder}."), election=made.id, folder=folder))
    for line in made.commission:
        say.data(line)


def _other(given: str) -> tuple[str, str]:
    from kua.adapters.couriers.http import base_url

    vkey, _at, url = given.partition("@")
    with typed():
        return base_url(url), str(VerifierKey.parse(vkey))


@app.command(help=_("Make a one-time code with which a station enrols. It is shown once and kept only as a hash."))
def code(station: Annotated[str, typer.Argument(metavar="STATION")], folder: Within = Path()) -> None:
    """Print a code."""
    held = load_election(folder, load(folder).centre.accept)
    with typed():
        held.election.station(station)
    index = SqliteIndex(folder / "index.db")
    try:
        say.data(make_code(index, held.election, station, SystemClock()))
    finally:
        index.close()


app.command("check-page", help=_("Write a copy of the page that checks films, for anybody to host: the same bytes for one election, whoever makes it."))(
    centre_check_page.write
)


@app.command("issue-person", help=_("Certify a person's key for a role at a station, with the issuer's key of this folder."))
def issue_person(
    role: Annotated[str, typer.Option("--role", help=_("chair, observer, member or territorial."))],
    station: Annotated[str, typer.Option("--station", help=_("Station, or region for the territorial commission."))],
    vkey: Annotated[str, typer.Option("--vkey", metavar="KEY", help=_("The person's verifier key."))],
    folder: Within = Path(),
) -> None:
    """Print the certificate."""
    held = load_election(folder, load(folder).centre.accept)
    with typed():
        certificate = founding.certify_person(folder, held.election, role, station, vkey.strip())
    say.data(certificate.decode().rstrip("\n"))


@app.command(help=_("Run the centre until it is stopped (Ctrl-C)."))
def run(
    folder: Folder,
    host: Annotated[str | None, typer.Option("--host", help=_("Address to listen on."))] = None,
    port: Annotated[int | None, typer.Option("--port", min=0, max=65535, help=_("Port to listen on; 0 takes a free one."))] = None,
) -> None:
    """Serve."""
    settings = load(folder).centre
    control = secrets.token_urlsafe(24)
    faults: list[BaseException] = []
    with _door(host or settings.host, settings.port if port is None else port) as door:
        where, number = door.getsockname()[:2]
        told = {"pid": os.getpid(), "port": number, "host": where, "url": _url(where, number), "control": control}

        def failed(error: BaseException) -> None:
            faults.append(error)
            server.should_exit = True

        centre = build(folder, control=control, failed=failed)
        config = uvicorn.Config(
            centre, log_level="warning", access_log=False, lifespan="on", server_header=False, timeout_keep_alive=75, ws="none"
        )
        server = _Server(config, folder / RUN, told)
        server.run(sockets=[door])
    if faults:
        raise faults[0]


@app.command(help=_("Withdraw a camera's film from publication at once. Recording goes on; the withdrawal stands in the national log."))
def stop(
    station: Annotated[str, typer.Argument(metavar="STATION")],
    camera: Annotated[str, typer.Argument(metavar="CAMERA")],
    article: Annotated[str, typer.Option("--article", help=_("Article of the law or clause of the profile."))],
    reason: Annotated[str, typer.Option("--reason", help=_("One word: secrecy, person or order."))] = "secrecy",
    since: Annotated[
        str | None, typer.Option("--from", metavar="RFC3339", help=_("Begin of what is withdrawn; default: the whole day."))
    ] = None,
    until: Annotated[str | None, typer.Option("--to", metavar="RFC3339", help=_("End of what is withdrawn; default: none."))] = None,
    by: Annotated[str, typer.Option("--by", help=_("Who orders it: chair, territorial, central or centre."))] = "centre",
    folder: Within = Path(),
) -> None:
    """Withdraw, through the running centre if there is one."""
    order = Order(station, camera, article, reason, by, _span(since), _span(until))
    held = load_election(folder, load(folder).centre.accept)
    with typed():
        order.require_sound(held.election)
    try:
        leaf = _ask(folder, "/api/v1/control/stop", asdict(order))["leaf"]
    except FileNotFoundError:
        leaf = asyncio.run(_here(folder, lambda centre: centre.withdraw.stop(order)))
    say.talk(fill(N_("Camera {camera} of station {station} is not published any more."), camera=camera, station=station))
    say.as_json({"station": station, "camera": camera, "leaf": leaf})


@app.command(help=_("Take a station's key out of use: its box was stolen, lost or copied. What was seen of its log before holds; the national log says since when."))
def revoke(
    station: Annotated[str, typer.Argument(metavar="STATION")],
    article: Annotated[str, typer.Option("--article", help=_("Article of the law or clause of the profile."))],
    reason: Annotated[str, typer.Option("--reason", help=_("One word: stolen, lost, copied or order."))] = "stolen",
    since: Annotated[
        str | None, typer.Option("--since", metavar="RFC3339", help=_("Since when the key is not to be believed; default: now."))
    ] = None,
    by: Annotated[str, typer.Option("--by", help=_("Who orders it: chair, territorial, central or centre."))] = "centre",
    folder: Within = Path(),
) -> None:
    """Revoke, through the running centre if there is one."""
    order = Revocation(station, article, reason, by, _span(since))
    held = load_election(folder, load(folder).centre.accept)
    with typed():
        order.require_sound(held.election, SystemClock().now())
    try:
        leaf = _ask(folder, "/api/v1/control/revoke", asdict(order))["leaf"]
    except FileNotFoundError:
        leaf = asyncio.run(_here(folder, lambda centre: centre.revoke.revoke(order)))
    say.talk(fill(N_("Nothing that station {station} signs is taken any more. What the national log had seen before holds."), station=station))
    say.as_json({"station": station, "leaf": leaf})


@app.command(help=_("Say how every station stands."))
def status(folder: Folder, json_wanted: Json = False) -> None:
    """Print the stations' states."""
    try:
        told = _ask(folder, "/api/v1/control/status")
        told["running"] = True
    except FileNotFoundError:
        centre = build(folder)
        try:
            told = {"now": centre.clock.now(), "stations": states_json(centre.desk.station_states(), {}), "cosigners": [], "running": False}
        finally:
            centre.close()
    if json_wanted:
        say.as_json(told)
        return
    rows = [(_("station"), _("state"), _("published until"), _("owed"), _("kbit/s"), _("faults"))]
    for each in told["stations"]:
        shown = rfc3339(Instant(each["published_until"])) if each["published_until"] else "-"
        beat = each["beat"] or {"rate": None, "faults": []}
        rate = "-" if beat["rate"] is None else str(beat["rate"] // 1000)
        rows.append((each["station"], each["state"], shown, str(each["owed"]), rate, " ".join(beat["faults"]) or "-"))
    for row in rows:
        say.data(f"{row[0]:10} {row[1]:12} {row[2]:26} {row[3]:8} {row[4]:8} {row[5]}".rstrip())
    for each in told["cosigners"]:
        state = fill(N_("has co-signed {size} entries"), size=each["size"]) if each["size"] >= 0 else _("has not co-signed since the start")
        say.data(f"{each['name']}: {state} {each['trouble']}".rstrip())


@app.command(help=_("List what was rejected, with the reason; the bytes lie beside it."))
def rejected(folder: Folder, json_wanted: Json = False) -> None:
    """Print the evidence."""
    load_election(folder, load(folder).centre.accept)
    cases = list(Evidence(folder / "rejected", DurableFiles()).cases())
    if json_wanted:
        say.as_json(cases)
        return
    if not cases:
        say.talk(_("Nothing was rejected."))
    for case in cases:
        say.data(f"{case['at']} {case['station']:10} {case['code']:18} {case['bytes'] or '-'}")


class _Server(uvicorn.Server):
    """uvicorn that says where it is once it listens, and leaves `run.json` for tools while it does."""

    def __init__(self, config: uvicorn.Config, place: Path, told: dict[str, Any]) -> None:
        super().__init__(config)
        self._place, self._told = place, told

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then tell."""
        await super().startup(sockets)
        if self.should_exit:
            return
        DurableFiles().replace(self._place, json.dumps(self._told).encode(), mode=0o600)
        say.talk(fill(N_("The centre is at {url}"), url=self._told["url"]))
        say.data(str(self._told["url"]))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take the note away, then stop."""
        self._place.unlink(missing_ok=True)
        await super().shutdown(sockets)


@contextmanager
def _door(host: str, port: int) -> Iterator[socket.socket]:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        door = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise Unavailable("centre.port", host=host, port=port, why=error.strerror or "") from error
    with door:
        yield door


def _url(host: str, port: int) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}/"


def _span(text: str | None) -> Instant | None:
    return None if text is None else instant_of(text)


async def _here(folder: Path, do: Callable[[Centre], Awaitable[int]]) -> int:
    centre: Centre = build(folder)
    try:
        return await do(centre)
    finally:
        centre.close()


def _ask(folder: Path, path: str, order: dict[str, Any] | None = None) -> dict[str, Any]:
    """Ask the running centre. Raises `FileNotFoundError` if none runs, and what the centre answers."""
    told = json.loads((folder / RUN).read_bytes())
    try:
        os.kill(told["pid"], 0)
    except ProcessLookupError:
        raise FileNotFoundError(RUN) from None
    data = None if order is None else json.dumps(order).encode()
    request = urllib.request.Request(  # noqa: S310 - our own address, from a file that only the owner can write
        f"{told['url'].rstrip('/')}{path}", data, {"Authorization": f"Bearer {told['control']}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            value: dict[str, Any] = json.load(answer)
            return value
    except urllib.error.HTTPError as error:
        raise _told(error) from error
    except urllib.error.URLError as error:
        raise Unavailable("centre.deaf", why=str(error.reason)[:80]) from error


def _told(error: urllib.error.HTTPError) -> KuaError:
    try:
        return Rejected(str(json.load(error)["code"]))
    except (ValueError, KeyError):
        return Unavailable("centre.deaf", why=str(error.code))

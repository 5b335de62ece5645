# SPDX-License-Identifier: Apache-2.0
"""The JSON routes of `/api/v1` (docs/spec/centre-api.md). Every expected error is a problem document; bodies are bounded before they are read."""

import asyncio
import hmac
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, TypeVar

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kua.centre.broadcast.withdraw import Order, Withdraw
from kua.centre.courier import Counter, load
from kua.centre.enrol.revoke import Revocation, Revoke
from kua.centre.enrol.service import Enrol
from kua.centre.enrol.service import Request as Asked
from kua.centre.ingest.beats import MOST as MOST_BEAT
from kua.centre.ingest.beats import Beat
from kua.centre.ingest.service import MOST_LOG, Ingest
from kua.core.errors import KuaError, Rejected
from kua.core.instant import Instant
from kua.ports.index import InsideIndex, StationState
from kua.proof import logbody
from kua.web.api.blobs import signed_of
from kua.web.kit.pace import read_body
from kua.web.kit.problems import MEDIA_TYPE, later, problem


_MOST_SMALL = 16 * 1024
B = TypeVar("B", bound=BaseModel)


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class EnrolBody(_Body):
    """What a station enrols with."""

    election: Annotated[str, Field(max_length=64)]
    station: Annotated[str, Field(max_length=10)]
    code: Annotated[str, Field(max_length=64)]
    vkey: Annotated[str, Field(max_length=256)]
    proof: Annotated[str, Field(max_length=128)]


class StopBody(_Body):
    """What the operator's command withdraws; times in Unix milliseconds."""

    station: Annotated[str, Field(max_length=10)]
    cam: Annotated[str, Field(max_length=1)]
    article: Annotated[str, Field(max_length=256)]
    reason: Annotated[str, Field(max_length=64)]
    by: Annotated[str, Field(max_length=64)]
    start: Annotated[int, Field(ge=0)] | None = None
    end: Annotated[int, Field(ge=0)] | None = None


class RevokeBody(_Body):
    """Whose key the operator's command revokes, and since when (Unix milliseconds) it is not to be believed."""

    station: Annotated[str, Field(max_length=10)]
    article: Annotated[str, Field(max_length=256)]
    reason: Annotated[str, Field(max_length=64)]
    by: Annotated[str, Field(max_length=64)]
    since: Annotated[int, Field(ge=0)] | None = None


class CourierBody(_Body):
    """Where the medium lies, on the centre's own machine."""

    folder: Annotated[str, Field(max_length=4096)]


class Enrolled(BaseModel):
    """Where the station's log is named and its certificate stands."""

    origin: str
    centre_vkey: str
    certificate: int


class Size(BaseModel):
    """How much of a station's log the centre has."""

    size: int


class State(Size):
    """The same with the centre's clock in Unix milliseconds, and the newest national checkpoint."""

    now: int
    nation: str
    """The newest checkpoint of the national log; empty before the first."""


def build_api(
    enrol: Enrol, ingest: Ingest, withdraw: Withdraw, revoke: Revoke, desk: InsideIndex, control: str, counter: Counter | None = None
) -> FastAPI:
    """Return the routes. `control` is the token of the operator's own commands on this machine; empty: there are no such commands. `counter` takes in
    what was carried by hand."""
    app = FastAPI(title="kua", version="1", docs_url=None, redoc_url=None, openapi_url="/api/v1/openapi.json")
    election = desk.election().id

    @app.exception_handler(KuaError)
    async def _problem(request: Request, error: Exception) -> Response:
        if not isinstance(error, KuaError):
            raise error
        status, body = problem(error, request.headers.get("accept-language", ""))
        return JSONResponse(body, status, {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", **later(error)}, MEDIA_TYPE)

    @app.post("/api/v1/enrol", status_code=201)
    async def enrol_station(request: Request, response: Response) -> Enrolled:
        """Enrol a station by its one-time code."""
        body = _read_model(EnrolBody, await read_body(request, _MOST_SMALL))
        done = await enrol.enrol(Asked(body.election, body.station, body.code, body.vkey, body.proof))
        response.status_code = 201 if done.new else 200
        return Enrolled(origin=done.origin, centre_vkey=desk.centre_vkey(), certificate=done.certificate)

    @app.post("/api/v1/e/{election_id}/s/{station}/log")
    async def take_log(election_id: str, station: str, request: Request) -> Size:
        """Take log entries and the station's checkpoint over them."""
        _require_election(election_id, election)
        admitted = ingest.admit(station, signed_of(request.scope))
        body = await read_body(request, MOST_LOG)
        ingest.received(admitted, len(body))
        return Size(size=await ingest.take_log(admitted, body, packed=request.headers.get("content-type", "") == logbody.MEDIA_TYPE))

    @app.post("/api/v1/e/{election_id}/s/{station}/beat")
    async def take_beat(election_id: str, station: str, request: Request) -> State:
        """Take a station's heartbeat and answer as `state` does."""
        _require_election(election_id, election)
        admitted = ingest.admit(station, signed_of(request.scope))
        body = await read_body(request, MOST_BEAT)
        ingest.received(admitted, len(body))
        ingest.beat(admitted, body)
        return State(**ingest.state(station), nation=ingest.nation_checkpoint().decode())

    @app.get("/api/v1/e/{election_id}/s/{station}/state")
    async def state(election_id: str, station: str) -> State:
        """Say what the centre has of a station's log, and its clock."""
        _require_election(election_id, election)
        return State(**ingest.state(station), nation=ingest.nation_checkpoint().decode())

    if control:
        _add_control(app, withdraw, revoke, desk, ingest, control)
        if counter is not None:
            _add_courier(app, counter, control)
    return app


def _add_courier(app: FastAPI, counter: Counter, control: str) -> None:
    @app.post("/api/v1/control/courier", include_in_schema=False)
    async def courier(request: Request) -> StreamingResponse:
        """Take in a medium that is plugged in at the centre: `kua courier load`. Lines of JSON: how far it has come, then what became of it."""
        _require_token(request, control)
        body = _read_model(CourierBody, await read_body(request, _MOST_SMALL))
        return StreamingResponse(_courier_lines(counter, Path(body.folder)), media_type="application/x-ndjson")


async def _courier_lines(counter: Counter, folder: Path) -> AsyncIterator[bytes]:
    """Load, and tell of it line by line. An error is the last line: the answer has begun."""
    told: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()

    async def work() -> None:
        try:
            loaded = await load(folder, counter, lambda station, done, of: told.put_nowait({"station": station, "done": done, "of": of}))
            told.put_nowait({"loaded": [each.to_json() for each in loaded]})
        except KuaError as error:
            told.put_nowait({"error": error.code, "facts": error.facts})
        finally:
            told.put_nowait(None)

    task = asyncio.create_task(work(), name="courier")
    try:
        while (line := await told.get()) is not None:
            yield json.dumps(line).encode() + b"\n"
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _add_control(app: FastAPI, withdraw: Withdraw, revoke: Revoke, desk: InsideIndex, ingest: Ingest, control: str) -> None:
    @app.post("/api/v1/control/stop", include_in_schema=False)
    async def stop(request: Request) -> dict[str, int]:
        """Withdraw a camera: `kua centre stop`."""
        _require_token(request, control)
        body = _read_model(StopBody, await read_body(request, _MOST_SMALL))
        start, end = (None if at is None else Instant(at) for at in (body.start, body.end))
        return {"leaf": await withdraw.stop(Order(body.station, body.cam, body.article, body.reason, body.by, start, end))}

    @app.post("/api/v1/control/revoke", include_in_schema=False)
    async def revoke_key(request: Request) -> dict[str, int]:
        """Revoke a station's key: `kua centre revoke`."""
        _require_token(request, control)
        body = _read_model(RevokeBody, await read_body(request, _MOST_SMALL))
        since = None if body.since is None else Instant(body.since)
        return {"leaf": await revoke.revoke(Revocation(body.station, body.article, body.reason, body.by, since))}

    @app.get("/api/v1/control/status", include_in_schema=False)
    async def status(request: Request) -> dict[str, Any]:
        """Tell every station's state: `kua centre status`."""
        _require_token(request, control)
        return {"now": desk.now(), "stations": states_json(desk.station_states(), ingest.beats), "cosigners": cosigners_json(desk.cosigner_states())}


def states_json(states: Sequence[StationState], beats: Mapping[str, Beat]) -> list[dict[str, Any]]:
    """Return the stations as plain JSON for `kua centre status --json`; `beat` is the newest heartbeat, null where there was none since the start."""
    return [
        {
            "station": s.station, "region": s.region, "state": s.state, "last_leaf_at": s.last_leaf_at, "last_film_t1": s.last_film_t1,
            "published_until": s.published_until, "hidden_now": s.hidden_now, "withdrawn": s.withdrawn, "late_ms": s.late_ms, "owed": s.owed,
            "beat": asdict(beats[s.station]) if s.station in beats else None,
        }
        for s in states
    ]


def cosigners_json(cosigners: Sequence[tuple[str, int, str]]) -> list[dict[str, Any]]:
    """Return the co-signers as plain JSON for `kua centre status --json`."""
    return [{"name": name, "size": size, "trouble": trouble} for name, size, trouble in cosigners]


def _require_election(given: str, wanted: str) -> None:
    if given != wanted:
        raise Rejected("web.not_found")


def _require_token(request: Request, control: str) -> None:
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    if not hmac.compare_digest(given.encode(), control.encode()):
        raise Rejected("office.token")


def _read_model(model: type[B], data: bytes) -> B:
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        raise Rejected("web.body", field=".".join(str(part) for part in error.errors()[0]["loc"])[:80]) from error

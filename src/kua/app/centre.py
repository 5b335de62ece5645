# SPDX-License-Identifier: Apache-2.0
"""The centre put together: one process, files and SQLite. `build(folder)` returns the ASGI application; its lifespan runs the services.

Paths: `/api/v1` for stations, `/t/` the published tree, `/office/` for staff (only with a token), everything else the public site.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Final, final

import structlog

from kua.adapters.authorities import HttpAuthority
from kua.adapters.clock import SystemClock
from kua.adapters.cosigners.http import HttpCosigner
from kua.adapters.durable import DurableFiles, make_folder
from kua.adapters.indexes.places import SqlitePlaces
from kua.adapters.indexes.sqlite import SqliteIndex
from kua.adapters.stores.files import FileStore
from kua.adapters.tilelog import AlsoSigns, DiskLog
from kua.app.public_clips import ClipRoom
from kua.app.settings import CentreSettings, load
from kua.centre.broadcast.service import Broadcast
from kua.centre.broadcast.withdraw import Withdraw
from kua.centre.courier import Counter
from kua.centre.desk import Desk
from kua.centre.elections.service import Held, load_election
from kua.centre.enrol.revoke import Revoke
from kua.centre.enrol.service import Enrol
from kua.centre.ingest.evidence import Evidence
from kua.centre.ingest.members import LogCopy, Members
from kua.centre.ingest.parts import Parts
from kua.centre.ingest.service import Allowance, Ingest
from kua.centre.log.cosigned import CosignedFiles
from kua.centre.log.cosigning import Asked, Cosigning
from kua.centre.log.nation import Nation
from kua.centre.log.places import Placing
from kua.centre.log.times import Times, kept_sightings
from kua.centre.log.waits import Waits
from kua.core.digest import sha256
from kua.core.errors import Misused
from kua.core.nouns import nation_origin
from kua.law.hiding import read_table, table_digest
from kua.ports.clock import Clock
from kua.ports.tokens import Authority
from kua.proof.cosign import cosign
from kua.proof.keys import ML_DSA_44, QuantumKey, SigningKey, VerifierKey
from kua.proof.policy import Policy, parse_policy
from kua.web.api.blobs import Blobs
from kua.web.api.metrics import build_metrics
from kua.web.api.routes import build_api
from kua.web.kit.asgi import App, Receive, Scope, Send
from kua.web.kit.serving import Tree
from kua.web.kit.static import Assets
from kua.web.office.app import build_office
from kua.web.site.app import build_site
from kua.web.site.shapes import Host

TOKEN: Final = "KUA_OFFICE_TOKEN"  # noqa: S105 - the name of a variable, not a token
METRICS: Final = "KUA_METRICS_TOKEN"
CENTRE_KEY: Final = "keys/centre.key"
MIB: Final = 1024 * 1024
QUANTUM_KEY: Final = "keys/nation-ml-dsa-44.key"

_say = structlog.get_logger("kua.centre")


@final
class Centre:
    """Everything of one centre. An ASGI application; or, in a test, `async with centre.running()`.

    `failed` is called with the exception if a service stops by a fault; the caller ends the process, whose restart mends everything.
    """

    def __init__(
        self, folder: Path, settings: CentreSettings, clock: Clock, *, control: str, office: str, metrics: str,
        failed: Callable[[BaseException], None], hosts: tuple[Host, ...] = (),
    ) -> None:
        self.folder, self.clock, self._failed = folder, clock, failed
        self.held: Held = load_election(folder, settings.accept)
        election = self.held.election
        self.tree = folder / "published" / election.id
        self.key = centre_key(folder, election.domain)
        keys_of_centres = [centre.vkey for centre in election.centres]
        if str(self.key.verifier) not in keys_of_centres:
            raise Misused("centre.key_unknown", vkey=str(self.key.verifier))
        self._files = DurableFiles()
        self._publish_election()
        # The national log is that of the first centre. Another centre's own log has another name: one name must never have two histories.
        number = keys_of_centres.index(str(self.key.verifier)) + 1
        self._named = named = "nation" if number == 1 else f"nation-{number}"
        origin = nation_origin(election.domain, election.id) if number == 1 else f"{nation_origin(election.domain, election.id)}-{number}"
        self.policy = parse_policy(election.cosigning.encode()) if election.cosigning else None
        self._nation_log = DiskLog.open(
            folder / "logs" / "nation", origin, self.key, public=self.tree / named, step="centre:11", also=self._second_key(origin)
        )
        keys = [witness.key for witness in self.policy.witnesses] if self.policy is not None else []
        authorities, time = _authorities(folder, settings), self.tree / named / "time"
        self.waits = Waits(kept_sightings(time, keys, {each.name: each.reader for each in authorities}))
        self.places = SqlitePlaces(folder / "nation.db")
        self.nation = Nation(self._nation_log, self.waits.stated, Placing(self.places))
        self.times = Times(time, self._newer, keys, authorities, self._files, self.waits.seen, self._trouble)
        policies = {
            "election": sha256(self.held.files["election.json"]).hex(),
            "profile": election.profile_sha256,
            "hiding": table_digest(read_table(election.hiding)).hex(),
        }
        if self.policy is not None:
            policy = election.cosigning.encode()
            self._publish(self.tree / named / "policy", policy)
            policies["cosigning"] = sha256(policy).hex()
        self.nation.state_policies(election.version, policies, clock.now())
        self.cosigned, self.cosigning = self._cosigning(settings, origin)
        self.index = SqliteIndex(folder / "index.db")
        self.store = FileStore(folder / "store", settings.reserve * MIB)
        self.evidence = Evidence(folder / "rejected", self._files)
        self.members = Members(election, self.nation, self.index, self.store, clock, self._open_copy)
        self.members.know_all()
        self.broadcast = Broadcast(
            self.members, self.held.rules, self.store, self.index, self._files, clock, self.tree, lambda _code, _at: None
        )
        self.ingest = Ingest(
            self.members, self.nation, self.store, self.index, self.evidence, clock, self.key, self.broadcast, clock_trusted=settings.clock,
            allowance=Allowance(settings.quota_megabits * 125_000, settings.quota_requests, all_requests=settings.all_requests),
        )
        self.enrol = Enrol(election, self.index, self.nation, clock, self.members.know)
        self.withdraw = Withdraw(election, self.members, self.nation, self.broadcast, clock)
        self.revoke = Revoke(election, self.nation, clock)
        self.desk = Desk(
            self.held, self.members, self.nation, self.waits, self.broadcast, clock, str(self.key.verifier), self.policy, self.cosigned,
            self.cosigning.cosigners,
        )
        self.clips = ClipRoom(
            folder / "clips", self.tree, origin, self.key.verifier, self.desk, self.places, clock, room=settings.clips * MIB, reserve=settings.reserve * MIB
        )
        self._blobs: App = Blobs(self.ingest, Parts(self.ingest, self.members, self.store), election.id)
        self._tree: App = Tree(folder / "published", room=settings.memory * MIB)
        self.counter = Counter(election.id, self.ingest, self.members, self.nation, self._files)
        self._api: App = build_api(self.enrol, self.ingest, self.withdraw, self.revoke, self.desk, control, self.counter)
        self._office: App | None = build_office(self.withdraw, self.desk, office) if office else None
        self._metrics: App | None = build_metrics(self.desk, metrics) if metrics else None
        self._site: App = build_site(
            self.desk, "/t", _assets(), self.clips if settings.clips and number == 1 else None, hosts=hosts, file=self.held.files["election.json"]
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send each request to the part whose path it is."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._part(scope["path"])(scope, receive, send)

    def _part(self, path: str) -> App:
        if path.startswith("/t/"):
            return self._tree
        if path.startswith("/api/"):
            return self._blobs if "/blob/" in path else self._api
        if self._office is not None and (path == "/office" or path.startswith("/office/")):
            return self._office
        if self._metrics is not None and path == "/metrics":
            return self._metrics
        return self._site

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Centre"]:
        """Run the services; on the way out write what is queued and let go of all files."""
        services = {
            "nation": self.nation.run, "broadcast": self.broadcast.run, "cosigning": self.cosigning.run, "times": self.times.run,
            "clips": self.clips.run,
        }  # fmt: skip
        tasks = [asyncio.create_task(run(), name=name) for name, run in services.items()]
        for task in tasks:
            task.add_done_callback(self._ended)
        try:
            yield self
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.close()

    def close(self) -> None:
        """Let go of all files."""
        self.members.close()
        self._nation_log.close()
        self.places.close()
        self.index.close()

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._failed(error)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        async with self.running():
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    def _newer(self, size: int) -> bytes:
        """Return a national checkpoint over more than `size` leaves: the newest co-signed one, else the newest; empty if there is none."""
        newest = self.cosigned.newest if self.cosigned is not None else None
        if self.cosigned is not None and newest is not None and newest.checkpoint.size > size:
            return self.cosigned.at(newest.checkpoint.size) or b""
        head = self.nation.head
        return head.note if head is not None and head.size > size else b""

    @staticmethod
    def _trouble(code: str, authority: str) -> None:
        _say.warning("times.trouble", code=code, authority=authority)

    def _open_copy(self, station: str, origin: str, key: VerifierKey) -> LogCopy:
        return DiskLog.open(self.folder / "logs" / station, origin, key, public=self.tree / "s" / station, step="centre:9")

    def _publish_election(self) -> None:
        make_folder(self.tree)
        for name, data in self.held.files.items():
            self._publish(self.tree / name, data)

    def _publish(self, path: Path, data: bytes) -> None:
        if not path.exists() or path.read_bytes() != data:
            self._files.replace(path, data)

    def _second_key(self, origin: str) -> AlsoSigns | None:
        """Return what signs each head with the log's ML-DSA-44 key, None where the centre has none.

        Raises `Misused("centre.quantum_key")` when the policy names such a key for this log and another one, or none, is here.
        """
        key = quantum_key(self.folder, origin)
        named = {log.key for log in self.policy.logs if log.key.name == origin and log.key.kind == ML_DSA_44} if self.policy else set()
        if named and (key is None or key.cosigner not in named):
            raise Misused("centre.quantum_key", origin=origin)
        if key is None:
            return None
        return lambda text: cosign(text, key, self.clock.now() // 1000)

    def _cosigning(self, settings: CentreSettings, origin: str) -> tuple[CosignedFiles | None, Cosigning]:
        """Put together who is asked for co-signatures: those whom the policy names and whose address it or the settings give."""
        if self.policy is None:
            return None, Cosigning(self._nation_log, None, (), self.clock)
        files = CosignedFiles(
            self.tree / self._named, self.policy, [self.key.verifier], origin, self._files, self._nation_log.dress
        )
        asked = [Asked(name, keys, HttpCosigner(url)) for name, (url, keys) in _addresses(self.policy, settings).items()]
        return files, Cosigning(self._nation_log, files, asked, self.clock)


def _addresses(policy: Policy, settings: CentreSettings) -> dict[str, tuple[str, tuple[VerifierKey, ...]]]:
    """Return address and keys of each co-signer, by the name of its keys. Raises `Misused("settings.cosigner")` for one the policy does not name."""
    given = dict(entry.split(" ", 1) for entry in settings.cosigners)
    if unknown := sorted(given.keys() - set(policy.parties)):
        raise Misused("settings.cosigner", name=unknown[0][:80])
    found: dict[str, tuple[str, tuple[VerifierKey, ...]]] = {}
    for name in policy.parties:
        own = [witness for witness in policy.witnesses if witness.key.name == name]
        url = given.get(name) or next((witness.url for witness in own if witness.url), None)
        if url:
            found[name] = (url, tuple(witness.key for witness in own))
    return found


def quantum_key(folder: Path, origin: str) -> QuantumKey | None:
    """Return the ML-DSA-44 key of the national log `origin`, None where the centre has none. Raises `Misused("key.pem")`."""
    path = folder / QUANTUM_KEY
    return QuantumKey.from_pem(origin, path.read_bytes()) if path.exists() else None


def _authorities(folder: Path, settings: CentreSettings) -> list[Authority]:
    """Return the time authorities of the settings. Raises `Misused("centre.no_file" | "token.certificate")`."""
    made: list[Authority] = []
    for each in settings.authorities:
        try:
            made.append(HttpAuthority(each.name, each.url, (folder / each.certificate).read_bytes()))
        except OSError as error:
            raise Misused("centre.no_file", name=each.certificate) from error
    return made


@cache
def _assets() -> Assets:
    """The bundle, compressed once for a process."""
    return Assets()


def centre_key(folder: Path, domain: str) -> SigningKey:
    """Return the key that signs receipts and the national log. Raises `Misused("centre.no_file")`."""
    try:
        return SigningKey.from_pem(f"{domain}/centre", (folder / CENTRE_KEY).read_bytes())
    except FileNotFoundError as error:
        raise Misused("centre.no_file", name=CENTRE_KEY) from error


def _loudly(error: BaseException) -> None:
    raise error


def build(
    folder: Path,
    *,
    clock: Clock | None = None,
    control: str = "",
    environment: Mapping[str, str] = os.environ,
    failed: Callable[[BaseException], None] = _loudly,
) -> Centre:
    """Put the centre in `folder` together.

    Raises `Misused` (`settings.*`, `centre.*`), `Rejected` (`election.*`, `profile.*`, `note.*`, `log.*`), `Refused` (`log.locked`,
    `profile.unconfirmed`), `Unavailable("disk.*")`.
    """
    if not (folder / "election.json").exists():
        raise Misused("centre.no_file", name="election.json")
    office = environment.get(TOKEN, "")
    if office and len(office) < 16:
        raise Misused("office.short_token", least=16)
    metrics = environment.get(METRICS, "")
    if metrics and len(metrics) < 16:
        raise Misused("metrics.short_token", least=16)
    settings = load(folder)
    hosts = tuple(Host(each.name, each.url) for each in settings.site.hosts)
    return Centre(folder, settings.centre, clock or SystemClock(), control=control, office=office, metrics=metrics, failed=failed, hosts=hosts)

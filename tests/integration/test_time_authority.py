# SPDX-License-Identifier: Apache-2.0
"""Two local time authorities (openssl ts on loopback), a centre that asks them, co-signers, and a reader who checks the tokens with the network off."""

import asyncio
import contextlib
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from kua.adapters.authorities import HttpAuthority, TokenReader
from kua.adapters.durable import DurableFiles
from kua.centre.log.times import PATIENCE, Times, kept_sightings
from kua.centre.log.waits import Waits
from kua.core.errors import Misused, Rejected, Unavailable
from kua.core.instant import Instant
from kua.proof.cosign import cosign
from kua.proof.note import add_signatures
from kua.proof.sighting import Sighting
from kua.verify.bundle import verify_bundle
from kua.verify.film import Trust, verify_film
from kua.verify.gather import Wanted
from kua.verify.pack import Order, make_bundle
from kua.verify.reading import open_reader
from kua.verify.report import Line
from tests.rigs.witnessed import PARTY, Story
from tools import make_published as parts

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is the local time authority")

_CONFIG = """
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
[tsa]
extendedKeyUsage = critical, timeStamping
[tsa_config]
serial = {folder}/serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
accuracy = secs:1
ess_cert_id_chain = no
"""


@dataclass(frozen=True, slots=True)
class Tsa:
    """A time authority: its root certificate (PEM) and how to ask it, at home or over HTTP."""

    folder: Path
    root: bytes
    url: str

    def answer(self, query: bytes) -> bytes:
        """Answer a query (DER) as `openssl ts` does."""
        (self.folder / "query").write_bytes(query)
        _openssl(
            "ts", "-reply", "-config", "openssl.cnf", "-section", "tsa_config", "-queryfile", "query", "-signer", "tsa.pem", "-inkey", "tsa.key",
            "-out", "reply", folder=self.folder,
        )  # fmt: skip
        return (self.folder / "reply").read_bytes()


def _openssl(*arguments: str, folder: Path) -> None:
    done = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def _authority(folder: Path, name: str) -> Tsa:
    folder.mkdir()
    (folder / "openssl.cnf").write_text(_CONFIG.format(folder=folder))
    (folder / "serial").write_text("01")
    make = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"]
    (folder / "ca.cnf").write_text(f"[req]\ndistinguished_name=d\nx509_extensions=ca\nprompt=no\n[d]\nCN={name} root\n" + _CONFIG.format(folder=folder))
    _openssl(*make, "-config", "ca.cnf", "-keyout", "ca.key", "-out", "ca.pem", folder=folder)
    (folder / "tsa.cnf").write_text(f"[req]\ndistinguished_name=d\nprompt=no\n[d]\nCN={name}\n")
    _openssl(
        "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-config", "tsa.cnf", "-keyout", "tsa.key", "-out", "tsa.csr",
        folder=folder,
    )  # fmt: skip
    _openssl(
        "x509", "-req", "-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "30", "-extfile", "openssl.cnf", "-extensions",
        "tsa", "-out", "tsa.pem", folder=folder,
    )  # fmt: skip
    return Tsa(folder, (folder / "ca.pem").read_bytes(), "")


@pytest.fixture(scope="module")
def tsas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Tsa, Tsa]]:
    """Two authorities of different hands, each on a port of loopback."""
    servers, made = [], []
    for name in ("Tick", "Tock"):
        tsa = _authority(tmp_path_factory.mktemp("tsa") / name.lower(), name)

        class Handler(BaseHTTPRequestHandler):
            home = tsa

            def do_POST(self) -> None:
                reply = self.home.answer(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        made.append(Tsa(tsa.folder, tsa.root, f"http://127.0.0.1:{server.server_port}/"))
    yield made[0], made[1]
    for server in servers:
        server.shutdown()
        server.server_close()


def _asked(tsa: Tsa, data: bytes) -> bytes:
    return HttpAuthority("tick", tsa.url, tsa.root).stamp(data)[0]


def test_a_token_says_when_its_bytes_existed_and_who_says_so(tsas: tuple[Tsa, Tsa]) -> None:
    token, stamped = HttpAuthority("tick", tsas[0].url, tsas[0].root).stamp(b"a checkpoint")
    assert stamped.by == "Tick"
    assert TokenReader([tsas[1].root, tsas[0].root])(token, b"a checkpoint") == stamped
    assert stamped.at % 1000 == 0  # whole seconds, and one of accuracy


def test_a_token_over_other_bytes_is_refused(tsas: tuple[Tsa, Tsa]) -> None:
    with pytest.raises(Rejected, match=r"token\.other"):
        TokenReader([tsas[0].root])(_asked(tsas[0], b"a checkpoint"), b"another")


def test_a_token_of_an_authority_whom_the_reader_does_not_trust_is_refused(tsas: tuple[Tsa, Tsa]) -> None:
    with pytest.raises(Rejected, match=r"token\.untrusted"):
        TokenReader([tsas[1].root])(_asked(tsas[0], b"a checkpoint"), b"a checkpoint")


def test_every_flipped_byte_of_a_token_is_refused_or_says_the_same(tsas: tuple[Tsa, Tsa]) -> None:
    token, reader = _asked(tsas[0], b"a checkpoint"), TokenReader([tsas[0].root])
    right = reader(token, b"a checkpoint")
    for at in range(0, len(token), 3):
        forged = token[:at] + bytes([token[at] ^ 1]) + token[at + 1 :]
        with contextlib.suppress(Rejected):
            assert reader(forged, b"a checkpoint") == right, at


@pytest.mark.parametrize("data", [b"", b"hello", b"0" * 70_000, b"\x30\x82\xff\xff" + b"0" * 99, b"\x30\x80" * 500])
def test_bytes_that_are_no_token_are_refused(tsas: tuple[Tsa, Tsa], data: bytes) -> None:
    with pytest.raises(Rejected, match=r"token\.form"):
        TokenReader([tsas[0].root])(data, b"x")


def test_a_certificate_that_is_none_is_a_mistake_of_the_person() -> None:
    with pytest.raises(Misused, match=r"token\.certificate"):
        TokenReader([b"hello"])
    with pytest.raises(Misused, match=r"token\.certificate"):
        TokenReader([])


class Nation:
    """The national log's newest checkpoint, as a centre serves it."""

    def __init__(self) -> None:
        self.story, self.note, self.films = Story(), b"", 0
        self.grow()

    def grow(self, *, cosigned: int | None = None) -> None:
        self.story.film(self.films)
        self.films += 1
        self.story.report(parts.BEGIN + 5_000)
        self.note = self.story.nation_note()
        if cosigned is not None:
            text = self.note.decode().split("\n\n", 1)[0] + "\n"
            self.note = add_signatures(self.note, [cosign(text, PARTY, cosigned)])


def _times(folder: Path, nation: Nation, tsas: tuple[Tsa, ...], seen: list[Sighting], told: list[tuple[str, str]], *, cosigners: bool = True) -> Times:
    authorities = [HttpAuthority(name, tsa.url, tsa.root) for name, tsa in zip(("tick", "tock"), tsas, strict=False)]
    keys = [PARTY.cosigner] if cosigners else []
    return Times(folder, lambda size: nation.note if len(nation.story.nation) > size else b"", keys, authorities, DurableFiles(), seen.append, lambda code, name: told.append((code, name)))


def test_the_centre_keeps_what_outsiders_say_and_a_reader_checks_it(tsas: tuple[Tsa, Tsa], tmp_path: Path) -> None:
    nation, seen, told = Nation(), [], []
    nation.grow(cosigned=parts.BEGIN // 1000 + 9)
    folder = nation.story.write(tmp_path)
    asyncio.run(_times(folder / "nation/time", nation, tsas, seen, told).once())
    size = len(nation.story.nation)
    assert {path.name for path in (folder / "nation/time").iterdir()} == {"list.json", f"{size}.note", f"{size}-tick.tsr", f"{size}-tock.tsr"}
    assert (told, [sighting.by for sighting in seen]) == ([], [PARTY.name])
    report = verify_film(str(folder), Trust(cosigners=(PARTY.cosigner,)), tokens=TokenReader([tsas[0].root, tsas[1].root]))
    lines = {line.code: line for line in report.lines}
    assert lines["film.time_seen"].facts["names"] == "Tick, Tock, party.example/witness"
    assert lines["film.window"].facts["longest"] == 5.0
    assert not [line for line in report.lines if line.state == "FAIL" and line.check == "nation time"]
    again = kept_sightings(folder / "nation/time", [PARTY.cosigner], {"tick": TokenReader([tsas[0].root])})
    assert again == seen


def test_a_court_bundle_takes_the_tokens_along_and_they_are_checked_there(tsas: tuple[Tsa, Tsa], tmp_path: Path) -> None:
    nation, told = Nation(), list[tuple[str, str]]()
    nation.grow()
    folder = nation.story.write(tmp_path / "tree")
    asyncio.run(_times(folder / "nation/time", nation, tsas, [], told, cosigners=False).once())
    bundle = tmp_path / "bundle.zip"
    whole = Wanted(parts.STATION, (), Instant(0), Instant(253_402_300_799_999))
    make_bundle(open_reader(str(folder)), Order(whole), bundle)

    def said(*roots: bytes) -> dict[str, Line]:
        return {line.code: line for line in verify_bundle(bundle, tokens=TokenReader(list(roots)) if roots else None).lines if line.check == "time"}

    assert said(tsas[0].root)["bundle.not_after"].facts["names"] == "Tick"
    assert said(tsas[0].root)["film.token_untrusted"].facts["name"] == "time/tock.tsr"
    assert said(tsas[0].root, tsas[1].root).keys().isdisjoint({"film.token_untrusted", "film.token_not_checked"})
    assert "bundle.not_after" not in said()
    assert said()["film.token_not_checked"].state == "NOT_CHECKED"


def test_an_authority_that_is_away_delays_nobody(tsas: tuple[Tsa, Tsa], tmp_path: Path) -> None:
    nation, seen, told = Nation(), [], []
    gone = Tsa(tsas[0].folder, tsas[0].root, "http://127.0.0.1:9/")
    asyncio.run(_times(tmp_path, nation, (gone, tsas[1]), seen, told, cosigners=False).once())
    assert told == [("token.away", "tick")]
    assert [sighting.by for sighting in seen] == ["Tock"]


def test_a_checkpoint_is_kept_once_and_only_a_newer_one_again(tsas: tuple[Tsa, Tsa], tmp_path: Path) -> None:
    nation, seen, told = Nation(), [], []
    times = _times(tmp_path, nation, tsas[:1], seen, told, cosigners=False)
    asyncio.run(times.once())
    asyncio.run(times.once())
    assert len(seen) == 1
    nation.grow()
    asyncio.run(_times(tmp_path, nation, tsas[:1], seen, told, cosigners=False).once())
    assert len(seen) == 2
    assert len(list(tmp_path.glob("*.note"))) == 2


def test_authorities_are_asked_over_what_was_co_signed_unless_nobody_does(tsas: tuple[Tsa, Tsa], tmp_path: Path) -> None:
    nation, seen, told = Nation(), [], []
    times = _times(tmp_path, nation, tsas[:1], seen, told)
    for _ in range(PATIENCE):
        asyncio.run(times.once())
    assert seen == []
    asyncio.run(times.once())
    assert [sighting.by for sighting in seen] == ["Tick"]


def test_without_co_signers_and_authorities_nothing_is_kept(tmp_path: Path) -> None:
    nation, seen, told = Nation(), [], []
    asyncio.run(_times(tmp_path, nation, (), seen, told, cosigners=False).once())
    assert list(tmp_path.iterdir()) == []


def test_the_page_knows_how_long_film_waited() -> None:
    waits = Waits()
    films = {3: Instant(10_000), 5: Instant(14_000), 9: Instant(18_000)}
    assert waits.of("o", [films]).unseen == 3
    waits.stated("o", 2, 4)
    waits.stated("o", 3, 6)
    waits.seen(Sighting(Instant(15_000), 3, "p"))
    first = waits.of("o", [films])
    assert (first.count, first.unseen, first.longest, first.until, first.by) == (1, 2, 5_000, 10_000, "p")
    waits.seen(Sighting(Instant(30_000), 4, "q"))
    then = waits.of("o", [films])
    assert (then.count, then.unseen, then.longest, then.until, then.at) == (2, 1, 16_000, 14_000, 30_000)


def test_a_centre_that_starts_anew_comes_to_the_same_figures() -> None:
    films = {3: Instant(10_000), 5: Instant(14_000)}
    known = [Sighting(Instant(15_000), 3, "p"), Sighting(Instant(30_000), 4, "q")]
    lived, anew = Waits(), Waits(known)
    for index, size in ((2, 4), (3, 6)):
        lived.stated("o", index, size)
        lived.seen(known[index - 2])
        anew.stated("o", index, size)
    assert lived.of("o", [films]) == anew.of("o", [films])


def test_an_authority_that_does_not_answer_is_away(tsas: tuple[Tsa, Tsa]) -> None:
    with pytest.raises(Unavailable, match=r"token\.away"):
        HttpAuthority("tick", "http://127.0.0.1:9/", tsas[0].root).stamp(b"x")

# SPDX-License-Identifier: Apache-2.0
"""Row 16 of the threat table: a server of releases that hands out a bad or an old program, holds a new one back, or has lost a key. After TUF's own scenarios."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata

from kua.app.updates import fetch, look, trust
from kua.cli.main import run
from kua.core.digest import sha256
from kua.core.errors import KuaError, Misused, Refused, Rejected, Unavailable
from tools import release


class Makers:
    """Three holders, of whom two release, and a machine that stamps daily; their repository, and a box that pinned its root."""

    def __init__(self, top: Path) -> None:
        self.top, self.repo, self.box = top, top / "repo", top / "box"
        for name in ("one", "two", "three", "online"):
            release.make_key(top / f"{name}.pem")
        public = [top / f"{name}.pub" for name in ("one", "two", "three")]
        release.main(["init", str(self.repo), "--root", *map(str, public), "--targets", *map(str, public), "--online", str(top / "online.pub")])
        self.sign("one", "two")
        self.release("26.12.0")
        self.box.mkdir()
        root = self.repo / "metadata/1.root.json"
        trust(self.box, root, sha256(root.read_bytes()).hex())

    def signer(self, name: str) -> CryptoSigner:
        return release.signer_of(self.top / f"{name}.pem")

    def sign(self, *names: str) -> None:
        for name in names:
            release.sign(self.repo, self.signer(name))

    def release(self, version: str, *names: str, days: int = 3, text: str = "wheel") -> None:
        wheel = self.top / f"kua-{version}-py3-none-any.whl"
        wheel.write_text(f"{text} {version}")
        release.put_release(self.repo, version, [wheel])
        self.sign(*(names or ("one", "three")))
        release.stamp(self.repo, self.signer("online"), days)

    def look(self) -> str:
        return look(self.box, str(self.repo), "26.11.0").version

    def fetch(self, here: str = "26.11.0") -> list[str]:
        out = self.top / "out"
        shutil.rmtree(out, ignore_errors=True)
        fetch(self.box, str(self.repo), out, here)
        return [path.read_text() for path in sorted(out.iterdir())]

    def file(self, role: str) -> Path:
        """The newest file of a role."""
        return self.repo / "metadata" / f"{release.newest(self.repo, role).signed.version}.{role}.json"


@pytest.fixture
def makers(tmp_path: Path) -> Makers:
    return Makers(tmp_path)


def test_a_release_of_two_holders_is_found_and_fetched_whole(makers: Makers) -> None:
    assert makers.look() == "26.12.0"
    assert makers.fetch() == ["wheel 26.12.0"]
    makers.release("27.1.0")
    assert makers.look() == "27.1.0"


def older(makers: Makers) -> None:
    """The server goes back to what it showed before."""
    kept = makers.top / "kept"
    shutil.copytree(makers.repo, kept)
    makers.release("27.1.0")
    makers.look()
    shutil.rmtree(makers.repo)
    kept.rename(makers.repo)


def altered_wheel(makers: Makers) -> None:
    for path in (makers.repo / "targets").glob("*.whl"):
        path.write_text("wheel 26.12.O")


def longer_wheel(makers: Makers) -> None:
    for path in (makers.repo / "targets").glob("*.whl"):
        path.write_text("wheel 26.12.0" + "x" * 10_000_000)


def of_one_holder(makers: Makers) -> None:
    makers.release("27.1.0", "one")


def of_one_holder_twice(makers: Makers) -> None:
    makers.release("27.1.0", "one", "one")


def of_strangers(makers: Makers) -> None:
    """Two keys that no root names sign what they like."""
    signers = [CryptoSigner.generate_ed25519() for _ in range(2)]
    makers.release("27.1.0", "one")
    held = release.newest(makers.repo, "targets")
    for signer in signers:
        held.sign(signer, append=True)
    held.to_file(str(makers.file("targets")))


def of_the_stamping_machine(makers: Makers) -> None:
    """The one key that lies on a server releases by itself."""
    makers.release("27.1.0", "online")


def a_root_of_their_own(makers: Makers) -> None:
    """Two strangers announce a new root that names them; the holders of the old one have not signed it."""
    root = release.newest(makers.repo, "root")
    signers = [CryptoSigner.generate_ed25519() for _ in range(2)]
    root.signed.version += 1
    for signer in signers:
        root.signed.add_key(signer.public_key, "root")
    held = Metadata(root.signed)
    for signer in signers:
        held.sign(signer, append=True)
    held.to_file(str(makers.repo / "metadata/2.root.json"))


def mixed(makers: Makers) -> None:
    """Targets of one day under the snapshot of another."""
    kept = makers.file("targets").read_bytes()
    makers.release("27.1.0")
    makers.file("targets").write_bytes(kept)


def a_version_forged_upwards(makers: Makers) -> None:
    path = makers.repo / "metadata/timestamp.json"
    held = json.loads(path.read_text())
    held["signed"]["version"] += 1000
    path.write_text(json.dumps(held))


def endless(makers: Makers) -> None:
    path = makers.repo / "metadata/timestamp.json"
    path.write_text(path.read_text() + " " * 5_000_000)


def nonsense(makers: Makers) -> None:
    (makers.repo / "metadata/timestamp.json").write_text("<html>not found</html>")


ATTACKS: list[tuple[Callable[[Makers], None], type[KuaError]]] = [
    (older, Rejected), (altered_wheel, Rejected), (longer_wheel, Rejected), (of_one_holder, Rejected), (of_one_holder_twice, Rejected),
    (of_strangers, Rejected), (of_the_stamping_machine, Rejected), (a_root_of_their_own, Rejected), (mixed, Rejected),
    (a_version_forged_upwards, Rejected), (endless, Rejected), (nonsense, Rejected),
    (lambda makers: makers.release("27.1.0", days=-1), Refused),
    (lambda makers: shutil.rmtree(makers.repo), Unavailable),
]  # fmt: skip


@pytest.mark.parametrize(("attack", "kind"), ATTACKS, ids=[getattr(attack, "__name__", "?") for attack, _ in ATTACKS])
def test_whatever_a_server_does_nothing_bad_is_fetched_and_nothing_half(makers: Makers, attack: Callable[[Makers], None], kind: type[KuaError]) -> None:
    makers.look()
    attack(makers)
    with pytest.raises(kind, match=r"update\."):
        makers.fetch()
    assert not (makers.top / "out").exists()
    assert not list(makers.top.glob(".kua-update-*"))


def test_a_release_that_is_older_than_what_runs_here_is_not_fetched_even_if_signed(makers: Makers) -> None:
    makers.release("26.10.0")
    with pytest.raises(Refused, match=r"update\.older"):
        makers.fetch()


def test_holders_can_be_exchanged_by_a_root_that_the_old_ones_sign(makers: Makers) -> None:
    """One has left, a new one has come: root 2 bears two old signatures and two new ones, and the box follows."""
    release.make_key(makers.top / "four.pem")
    root = release.newest(makers.repo, "root")
    gone, new = makers.signer("three").public_key, makers.signer("four").public_key
    root.signed.version = 2
    for role in ("root", "targets"):
        root.signed.revoke_key(gone.keyid, role)
        root.signed.add_key(new, role)
    held = Metadata(root.signed)
    for name in ("one", "two", "four"):
        held.sign(makers.signer(name), append=True)
    held.to_file(str(makers.repo / "metadata/2.root.json"))
    makers.release("27.1.0", "two", "four")
    assert makers.fetch() == ["wheel 27.1.0"]
    makers.release("27.2.0", "one", "three")  # who has left counts no more
    with pytest.raises(Rejected, match=r"update\.refused"):
        makers.fetch()


def test_a_root_is_pinned_by_its_printed_digest_and_never_exchanged_by_hand(makers: Makers, tmp_path: Path) -> None:
    (tmp_path / "others").mkdir()
    other = Makers(tmp_path / "others")
    root = other.repo / "metadata/1.root.json"
    with pytest.raises(Misused, match=r"update\.root_differs"):
        trust(makers.box, root, "0" * 64)
    with pytest.raises(Misused, match=r"update\.root_there"):
        trust(makers.box, root, sha256(root.read_bytes()).hex())
    with pytest.raises(Rejected, match=r"update\.refused"):
        look(makers.box, str(other.repo))


def test_the_commands_say_what_is_there_and_what_is_wrong(makers: Makers, capsys: pytest.CaptureFixture[str]) -> None:
    box, repo, out = ["--box", str(makers.box)], ["--from", str(makers.repo)], ["--out", str(makers.top / "out")]
    assert run(["update", "check", *repo, *box, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["newer"] is True
    assert run(["update", "fetch", *repo, *box, *out]) == 0
    assert capsys.readouterr().out.strip().endswith("kua-26.12.0-py3-none-any.whl")
    assert run(["update", "fetch", *repo, *box, *out]) == 64
    assert run(["update", "check", *repo, "--box", str(makers.top)]) == 64
    assert "update.no_root" in capsys.readouterr().err
    assert run(["update", "check", "--from", "http://127.0.0.1:1", *box]) == 3
    assert run(["update", "trust", str(makers.top / "none.json"), "--sha256", "0" * 64, *box]) == 64

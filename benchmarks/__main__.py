# SPDX-License-Identifier: Apache-2.0
"""`python -m benchmarks NAME... [--json]`: run benchmarks by name, or all. Exits 1 where a target is missed, 3 where one could not run."""

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
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[*names(), []], help=", ".join(names()))
    parser.add_argument("--json", action="store_true", help="one JSON object for each benchmark")
    given = parser.parse_args()
    worst = 0
    for name in given.names or names():
        try:
            rows: list[Row] = import_module(f"benchmarks.bench_{name}").run()
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
        print(f"  {row.name:58s} {row.value:12.4f} {row.unit}{tail}", flush=True)


sys.exit(main())

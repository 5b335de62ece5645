# SPDX-License-Identifier: Apache-2.0
"""Finds the error codes that the source raises, by reading its syntax. Used by the reference page and by the house tests; runs nothing."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
EXIT_CODES: Final = {"Refused": 1, "Rejected": 1, "Incomplete": 2, "Unavailable": 3, "Misused": 64}


@dataclass(frozen=True, slots=True)
class Raised:
    """One place that makes an error: its class, its code, and where it stands."""

    kind: str
    code: str
    where: str


def raised_in(text: str, where: str) -> Iterator[Raised]:
    """Every error made in `text` whose code is written out."""
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if name in EXIT_CODES:
            for code in literals(node.args[0]):
                yield Raised(name, code, f"{where}:{node.lineno}")


def literals(node: ast.expr) -> Iterator[str]:
    """The texts that an expression may be: a literal, or either side of a conditional."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from literals(node.body)
        yield from literals(node.orelse)


def openings() -> set[str]:
    """The fixed beginnings of codes that are put together, as in `Rejected(f"name.{kind}")`."""
    found: set[str] = set()
    for path in sorted((ROOT / "src" / "kua").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in EXIT_CODES and node.args:
                match node.args[0]:
                    case ast.JoinedStr(values=[ast.Constant(value=str(start)), *_]) if "." in start:
                        found.add(start)
    return found


def raised() -> list[Raised]:
    """Every error that the package makes with a code written out."""
    found: list[Raised] = []
    for path in sorted((ROOT / "src" / "kua").rglob("*.py")):
        found += raised_in(path.read_text(encoding="utf-8"), str(path.relative_to(ROOT)))
    return found


def texts() -> set[str]:
    """Every string in the package outside the catalogues: a code that is chosen from a table stands here."""
    said: set[str] = set()
    for path in sorted((ROOT / "src" / "kua").rglob("*.py")):
        if path.parent.name == "words" and path.name.startswith("problems_"):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        said |= {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return said

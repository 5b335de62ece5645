# SPDX-License-Identifier: Apache-2.0
"""Writes `docs/ref` from the code: every error code with its words, every command with its help, every setting; and the table of
`docs/spec/leaf.md` from the registry. `reference.py check` only compares.

The house tests run the check, so the pages cannot lie for longer than one commit.
"""

import os
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parent.parent
DOCS: Final = ROOT / "docs"
GENERATED: Final = "<!-- SPDX-License-Identifier: Apache-2.0. Made by `make ref`; do not edit. -->\n"
ERRORS: Final = """# Errors

Every expected error has a code that stays for ever. On the command line it comes with what happened, why and what to do, and an
[exit code](exit-codes.md); over HTTP as a problem document (RFC 9457) with the member `code`. Words in braces are filled in.
"""
EXITS: Final = """# Exit codes

They are the same for every command, and stay. The code of a verifier is the worst that it saw: altered before incomplete before not checked.

| code | means | a script may |
|---|---|---|
| 0 | fine; intact | go on |
| 1 | altered or forged; a rule refused | stop, and keep the files as evidence |
| 2 | incomplete: something that is signed for is not there | fetch it again, then ask why it is missing |
| 3 | cannot check: unreachable, not installed, nothing could be decided | mend that and try again |
| 64 | the command, a setting or a file that a person wrote is wrong | read the message |
| 70 | a fault of kua itself | report it; `KUA_DEBUG=1` shows where it happened |
| 130 | interrupted by the person | - |
"""

SETTINGS: Final = """# Settings

One file, `kua.toml`, in the folder of a box or a centre. An unknown name is an error that says the nearest right one. Secrets come from the
environment only: `KUA_CAMERA_A_PASSWORD` is the password for the user in the address of camera `a`. `kua settings check` checks a file,
`kua settings show` says where each value comes from. What changes between elections is signed data, never a setting.
"""

BEGIN: Final = "<!-- registry: made by `make ref` -->"
END: Final = "<!-- end of registry -->"
MEANING: Final = {
    "Refused": "a rule says no", "Rejected": "bytes from outside are wrong", "Incomplete": "something is missing",
    "Unavailable": "try later, or mend the world first", "Misused": "the command, setting or file is wrong",
}  # fmt: skip


def errors() -> str:
    """The page of all error codes."""
    from kua.words.problems import all_problems
    from tools.codes import EXIT_CODES, raised

    kinds: dict[str, set[str]] = {}
    for one in raised():
        kinds.setdefault(one.code, set()).add(one.kind)
    lines = [GENERATED, ERRORS]
    for code, problem in sorted(all_problems().items()):
        told = "; ".join(f"{kind}: {MEANING[kind]}, exit code {EXIT_CODES[kind]}" for kind in sorted(kinds.get(code, ())))
        lines.append(f"## {code}\n")
        if told:
            lines.append(f"*{told}*\n")
        lines.append(f"{problem.what}\n\n- Why: {problem.why}\n- What to do: {problem.do}\n")
    return "\n".join(lines)


def commands() -> str:
    """The page of all commands."""
    lines = [
        GENERATED,
        "# Commands\n",
        "Exit codes are [the same](exit-codes.md) for all. `--json` prints one object and nothing else on standard output.\n",
    ]
    for words, text in sorted(helps()):
        told = text.rstrip().replace("/HOME/", "~/")
        lines.append(f"## {words}\n\n```text\n{told}\n```\n")
    return "\n".join(lines)


def settings() -> str:
    """The page of all settings, from the tables and the line under each field."""
    from kua.app.settings import TABLES

    lines = [GENERATED, SETTINGS]
    for name, table in TABLES.items():
        title = f"`[[{name}]]`" if name == "station.cameras" else f"`[{name}]`"
        lines.append(f"## {title}\n\n{(table.__doc__ or '').partition(':')[2].strip().capitalize()}\n")
        lines.append("| name | default | meaning |\n|---|---|---|")
        for field, told in table.model_fields.items():
            default = "one at least" if field == "cameras" else "required" if told.is_required() else f"`{toml(told.default)}`"
            limits = [
                f"{word} {getattr(rule, sign)}"
                for rule in told.metadata
                for sign, word in (("ge", "from"), ("le", "to"))
                if hasattr(rule, sign)
            ]
            lines.append(f"| `{field}` | {default} | {told.description}{' Allowed: ' + ' '.join(limits) + '.' if limits else ''} |")
        lines.append("")
    return "\n".join(lines)


def leaves() -> str:
    """The page of leaves: what people wrote, with the table of the registry between the two marks."""
    from kua.proof.leaf import REGISTRY, RESERVED

    page = (DOCS / "spec" / "leaf.md").read_text(encoding="utf-8")
    before, begin, rest = page.partition(BEGIN)
    _old, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit("docs/spec/leaf.md has lost its marks")
    lines = ["| type | v | owner | log | field | test |", "|---|---|---|---|---|---|"]
    for kind in REGISTRY.values():
        first = f"| `{kind.name}` | {kind.version} | {kind.owner} | {', '.join(kind.logs)} |"
        older = REGISTRY[kind.name, kind.version - 1].fields if kind.version > 1 else {}
        for name, rule in kind.fields.items():
            if name in older:
                continue
            lines.append(f"{first} {'as before, and ' if older else ''}`{name}` | {rule.says} |")
            first = "| | | | |"
    lines += ["", "Reserved: " + " ".join(f"`{name}`" for name in sorted(RESERVED)) + "."]
    return before + begin + "\n".join(["", *lines, ""]) + end + after


def toml(value: Any) -> str:
    """A default as it would be written in the file."""
    if isinstance(value, tuple):
        return "[" + ", ".join(toml(each) for each in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def helps() -> Iterator[tuple[str, str]]:
    """Every command with its help, as it is printed 110 columns wide."""
    import typer

    from kua.cli.main import NOUNS

    for noun, (module, _line) in NOUNS.items():
        if find_spec(module):
            yield from below(typer.main.get_command(import_module(module).app), f"kua {noun}")


def below(command: Any, words: str) -> Iterator[tuple[str, str]]:
    """`command` and all commands under it."""
    context = command.make_context(words, [], resilient_parsing=True, terminal_width=110)
    verbs = command.list_commands(context) if hasattr(command, "list_commands") else []
    if not verbs:
        yield words, command.get_help(context)
    for verb in verbs:
        yield from below(command.get_command(context, verb), f"{words} {verb}")


def main(arguments: list[str]) -> int:
    """Write the pages, or say which one is out of date."""
    os.environ |= {"KUA_LANG": "en", "LC_ALL": "C.UTF-8", "NO_COLOR": "1", "TERM": "dumb", "HOME": "/HOME"}
    sys.path.insert(0, str(ROOT))
    pages = {
        "ref/errors.md": errors(), "ref/commands.md": commands(), "ref/settings.md": settings(), "ref/exit-codes.md": f"{GENERATED}\n{EXITS}",
        "spec/leaf.md": leaves(),
    }  # fmt: skip
    stale = [name for name, text in pages.items() if not (DOCS / name).exists() or (DOCS / name).read_text(encoding="utf-8") != text]
    if arguments == ["check"]:
        print("\n".join(f"docs/{name} is out of date: make ref" for name in stale) or "the reference is as the code says")
        return 1 if stale else 0
    for name in stale:
        (DOCS / name).parent.mkdir(parents=True, exist_ok=True)
        (DOCS / name).write_text(pages[name], encoding="utf-8")
        print(f"docs/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

# SPDX-License-Identifier: Apache-2.0
"""Order in the house: every file says what it is, every error has words, nothing names this machine or a registry."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from kua.words.problems import all_problems
from tools.codes import openings, raised, texts

ROOT = Path(__file__).parents[2]
SPDX = "SPDX-License-Identifier: Apache-2.0"


def tracked() -> list[Path]:
    """Every file that git knows or would take."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    return [path for name in listed.split(b"\0") if name and (path := ROOT / name.decode()).is_file()]


def text_of(path: Path) -> str | None:
    """The text of a file, or None for one that is not text."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def test_every_module_says_what_it_holds_and_under_which_licence() -> None:
    silent = []
    for path in tracked():
        if path.suffix != ".py":
            continue
        text = path.read_text(encoding="utf-8")
        if SPDX not in "\n".join(text.splitlines()[:3]) or not ast.get_docstring(ast.parse(text)):
            silent.append(str(path.relative_to(ROOT)))
    assert not silent


def test_every_script_and_island_names_its_licence() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in tracked()
        if path.suffix in {".ts", ".mjs", ".css", ".sh"} or path.parent.name in {"tools", ".ci"}
        if SPDX not in "\n".join((text_of(path) or "").splitlines()[:3])
    ]
    assert not silent


def test_every_error_that_is_raised_has_words() -> None:
    known = all_problems()
    assert not sorted({f"{one.where} {one.code}" for one in raised() if one.code not in known})


def test_every_code_in_the_catalogue_is_used() -> None:
    used = {one.code for one in raised()} | texts()
    assert not sorted(code for code in all_problems() if code not in used and not code.startswith(tuple(openings())))


@pytest.mark.parametrize("tool", ["reference.py"])
def test_the_reference_pages_say_what_the_code_says(tool: str) -> None:
    told = subprocess.run([sys.executable, f"tools/{tool}", "check"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr


def test_codes_are_dotted_words() -> None:
    assert not [code for code in all_problems() if not re.fullmatch(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+", code)]


def test_every_problem_says_what_why_and_what_to_do() -> None:
    thin = [
        code for code, problem in all_problems().items() if not all(part.strip().endswith((".", "?", "!")) for part in (problem.what, problem.why, problem.do))
    ]
    assert not thin


REGISTRIES = [".".join(parts) for parts in (("pypi", "org"), ("files", "pythonhosted", "org"), ("registry", "npmjs", "org"), ("registry", "yarnpkg", "com"))]
PLACES = ["/".join(("", *parts)) for parts in (("work", "main"), ("work", "shared"), ("root", ""), ("tmp", "kua", ""), ("opt", "wheels"), ("home", "user"))]


@pytest.mark.parametrize("word", REGISTRIES + PLACES)
def test_no_file_names_a_registry_or_a_place_on_some_machine(word: str) -> None:
    assert not [str(path.relative_to(ROOT)) for path in tracked() if word in (text_of(path) or "")]


def test_pinned_requirements_have_digests_and_no_address() -> None:
    pinned = sorted((ROOT / "constraints").glob("*.txt"))
    assert [path.stem for path in pinned] == ["base", "centre", "demo", "dev", "node", "station"]
    for path in pinned:
        lines = path.read_text(encoding="utf-8").splitlines()
        assert not [line for line in lines if re.search(r"https?://|file:|--(index-url|find-links|trusted-host)", line)], path.name
        names = [number for number, line in enumerate(lines) if "==" in line]
        assert names
        assert all("--hash=sha256:" in lines[number + 1] for number in names), path.name


def test_roles_agree_on_versions() -> None:
    held: dict[str, set[str]] = {}
    for path in (ROOT / "constraints").glob("*.txt"):
        for name, version in re.findall(r"^([A-Za-z0-9_.-]+)==(\S+)", path.read_text(encoding="utf-8"), re.MULTILINE):
            held.setdefault(name, set()).add(version)
    assert not {name: versions for name, versions in held.items() if len(versions) > 1}


def test_the_npm_lock_keeps_digests_and_names_no_address_to_fetch_from() -> None:
    lock = (ROOT / "web" / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in lock
    assert lock.count('"integrity"') >= 3


def headings(path: Path) -> list[int]:
    """The depth of every heading of a Markdown file, outside code."""
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return [len(marks) for marks in re.findall(r"^(#+) ", text, re.MULTILINE)]


def rows(path: Path) -> list[int]:
    """How many rows each table has."""
    tables = re.findall(r"(?:^\|.*\n)+", path.read_text(encoding="utf-8"), re.MULTILINE)
    return [table.count("\n") for table in tables]


@pytest.mark.parametrize("language", ["kk", "ru"])
def test_the_readme_says_the_same_in_three_languages(language: str) -> None:
    english, other = ROOT / "README.md", ROOT / f"README.{language}.md"
    assert headings(other) == headings(english)
    assert rows(other) == rows(english)
    code = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
    assert code.findall(other.read_text(encoding="utf-8")) == code.findall(english.read_text(encoding="utf-8"))


DOCUMENTS = ["README.md", "README.kk.md", "README.ru.md", "ARCHITECTURE.md", "STYLE.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"]


@pytest.mark.parametrize("name", [*DOCUMENTS, *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md"))])
def test_every_link_in_a_document_leads_somewhere(name: str) -> None:
    page = ROOT / name
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert not [link for link in links if "://" not in link and not link.startswith("mailto:") and not (page.parent / link).exists()]


def doors() -> list[str]:
    """What `make` alone prints."""
    told = subprocess.run(["make", "-s"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [line.split()[1] for line in told.splitlines()]


def test_make_alone_prints_its_doors_and_every_door_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert doors() == re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE)
    wanted = "setup demo test test-data faults bench lint types walls fmt letter trace locale ref vectors web wheel smoke".split()
    assert not set(wanted) - set(doors())
    scripts = re.findall(r"(?:@|\s)(tools/[a-z_]+(?:\.py)?)", makefile)
    assert not [name for name in scripts if not (ROOT / name).exists()]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_door_that_a_document_names_exists(name: str) -> None:
    named = set(re.findall(r"`make ([a-z-]+)", (ROOT / name).read_text(encoding="utf-8")))
    assert named <= set(doors())


def test_every_decision_says_what_was_weighed() -> None:
    decisions = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))
    assert [int(path.name[:4]) for path in decisions] == list(range(1, len(decisions) + 1))
    for path in decisions:
        text = path.read_text(encoding="utf-8")
        for part in ("Status:", "## Context", "## Options", "## Decision", "## Consequences"):
            assert part in text, f"{path.name} lacks {part}"

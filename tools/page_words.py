# SPDX-License-Identifier: Apache-2.0
"""The words of `verify.html` as JSON, for `web/build.mjs`: `page_words.py FILE`. They are those of the catalogues, so that every verifier says the same.

Holds the sentences of the codes that the page's sources name, the words around them, and the SHA-512 of the readmes that stand in a bundle. The same
sources make the same bytes.
"""

import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any, Final

from kua.words.lines import sentence_of
from kua.words.page import PAGE
from kua.words.paper import PAPER
from kua.words.readme import READMES
from kua.words.report import ENDINGS, STATES
from kua.words.speak import LANGUAGES, catalogue

ROOT: Final = Path(__file__).parent.parent
SOURCES: Final = ROOT / "web" / "src"
_CODE: Final = re.compile(r'"([a-z][a-z0-9]*\.[a-z][a-z0-9_]*)"')
_NAMED: Final = re.compile(r"`(name)\.\$\{kind\}`")
_KINDS: Final = ("election", "station", "camera")
_CHECKS: Final = frozenset(f"election.{name}" for name in ("file", "logged", "profile", "signature", "trust"))
"""Names of checks that look like codes."""
_FILES: Final = re.compile(r".*\.(?:json|note|txt|html|css|pdf|pyz|policy|jsonl)")


def codes() -> list[str]:
    """Return the codes of lines that the sources of the page name, sorted. Raises `LookupError` for one that has no sentence."""
    found: set[str] = set()
    for path in sorted([*(SOURCES / "bundle").glob("*.ts"), *(SOURCES / "page").glob("*.ts")]):
        text = path.read_text(encoding="utf-8")
        found |= {code for code in _CODE.findall(text) if not _FILES.fullmatch(code)}
        found |= {f"{room}.{kind}" for room in _NAMED.findall(text) for kind in _KINDS}
    found -= _CHECKS
    wordless = sorted(code for code in found if sentence_of(code) is None)
    if wordless:
        raise LookupError(", ".join(wordless))
    return sorted(found)


def words() -> dict[str, Any]:
    """Return all that the page says, by language."""
    told = {}
    for language in LANGUAGES:
        say = catalogue(language).gettext
        paper = PAPER[language]
        told[language] = {
            "page": dict(PAGE[language]),
            "headings": dict(paper["headings"]),
            "facts": dict(paper["facts"]),
            "columns": dict(paper["columns"]),
            "states": {state: say(word) for state, word in STATES.items()},
            "endings": [say(ENDINGS[code]) for code in sorted(ENDINGS)],
            "lines": {code: say(sentence_of(code) or code) for code in codes()},
        }
    beside = {f"readme-{language}.txt": hashlib.sha512(text.encode()).hexdigest() for language, text in READMES.items()}
    return {"words": told, "beside": beside}


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(words(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

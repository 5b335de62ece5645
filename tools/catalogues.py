# SPDX-License-Identifier: Apache-2.0
"""Catalogues of what people read: gathers the sentences of the source, merges them into the languages, compiles.

    catalogues.py update         new sentences into src/kua/locale/*/LC_MESSAGES/kua.po, and a report of what is untranslated
    catalogues.py check          the same report; exit 1 if a sentence is missing, fuzzy or has other placeholders
    catalogues.py compile PO...  .mo beside each .po

Nothing is guessed: fuzzy matching is off, since a wrong sentence in another language is worse than an English one.
"""

import io
import re
import sys
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT: Final = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from hatch_build import compile_catalogue  # noqa: E402 - the build hook compiles by the same function

LANGUAGES: Final = ("kk", "ru", "en")
METHODS: Final = [
    ("law/**.py", "ignore"),  # decides in codes and speaks to nobody; its `_words` are words of a profile
    ("**.py", "python"), ("**/templates/**.html", "jinja2"), ("**/templates/**.txt", "jinja2"), ("**/templates/**.xml", "jinja2"),
]  # fmt: skip
KEYWORDS: Final = {
    "_": None, "N_": None, "fill": None, "say": None, "_words": None, "many": (1, 2),
    "gettext": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2), "npgettext": ((1, "c"), 2, 3),
}  # fmt: skip
OPTIONS: Final = {"**/templates/**": {"trimmed": "true", "silent": "false"}}
DROPPED: Final = tuple(
    f'"{name}:'.encode()
    for name in (
        "Project-Id-Version", "Report-Msgid-Bugs-To", "POT-Creation-Date", "PO-Revision-Date", "Last-Translator", "Language-Team", "Generated-By",
    )
)  # fmt: skip
"""Header lines that would change by themselves or name people."""
HEADER: Final = "# SPDX-License-Identifier: Apache-2.0\n# Sentences of kua. `make locale` gathers them; people translate them."


def gathered() -> Catalog:
    """Every sentence in the source, with where it stands (files only: line numbers would change with every edit)."""
    catalogue = Catalog(project="kua", charset="utf-8", header_comment=HEADER)
    source = ROOT / "src" / "kua"
    found = extract_from_dir(str(source), METHODS, OPTIONS, keywords=KEYWORDS, comment_tags=("Translators:",), strip_comment_tags=True)
    for name, _line, message, comments, context in found:
        catalogue.add(message, locations=[(f"src/kua/{name}", 0)], auto_comments=comments, context=context)
    return catalogue


def path_of(language: str) -> Path:
    """Where the catalogue of `language` lives."""
    return ROOT / "src" / "kua" / "locale" / language / "LC_MESSAGES" / "kua.po"


def load(language: str) -> Catalog:
    """The catalogue of `language`, or an empty one."""
    path = path_of(language)
    if not path.exists():
        return Catalog(locale=language, project="kua", charset="utf-8", header_comment=HEADER)
    with path.open("rb") as po:
        return read_po(po, locale=language)


def placeholders(text: str) -> list[str]:
    """The names in braces or percent form, sorted."""
    return sorted(re.findall(r"\{[a-z_0-9]*\}|%\([a-z_0-9]+\)[sd]", text))


def faults_of(message: Message, language: str) -> list[str]:
    """What is wrong with one translated message, in words for the translator."""
    sources = [message.id] if isinstance(message.id, str) else list(message.id)
    targets = [message.string] if isinstance(message.string, str) else list(message.string)
    if language != "en" and not all(targets):
        return ["untranslated"]
    faults = ["fuzzy"] if message.fuzzy else []
    allowed = [placeholders(source) for source in sources]
    faults += [f"placeholders {placeholders(one)}, not {allowed[-1]}" for one in targets if one and placeholders(one) not in allowed]
    return faults


def report() -> int:
    """Print what is wrong in every language and return how many faults there are."""
    template, total = gathered(), 0
    for language in LANGUAGES:
        catalogue = load(language)
        faults: list[str] = []
        for wanted in template:
            if not wanted.id:
                continue
            have = catalogue.get(wanted.id, wanted.context)
            if have is None:
                faults += [] if language == "en" else [f"missing: {wanted.id!r}"]
            else:
                faults += [f"{fault}: {wanted.id!r}" for fault in faults_of(have, language)]
        print(f"{language}: {len(template)} sentences, {len(faults)} to do")
        for fault in faults[:40]:
            print(f"  {fault}")
        total += len(faults)
    return total


def written(catalogue: Catalog) -> bytes:
    """The bytes of a `.po` file: sorted, without line numbers, and without the header's dates and names, so that nothing changes by itself."""
    catalogue.fuzzy = False
    held = io.BytesIO()
    write_po(held, catalogue, width=140, sort_output=True, include_lineno=False, ignore_obsolete=True)
    lines = held.getvalue().splitlines(keepends=True)
    return b"".join(line for line in lines if not line.startswith(DROPPED))


def merged(language: str, template: Catalog) -> bytes:
    """The catalogue of `language` with the sentences of `template`; translations of sentences that are gone are dropped."""
    catalogue = load(language)
    catalogue.update(template, no_fuzzy_matching=True, keep_user_comments=True, update_creation_date=False)
    catalogue.obsolete.clear()
    return written(catalogue)


def update() -> None:
    """Merge the gathered sentences into every language and compile."""
    template = gathered()
    for language in LANGUAGES:
        path = path_of(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(merged(language, template))
        compile_catalogue(path)


def main(arguments: list[str]) -> int:
    """Do one of the three."""
    match arguments:
        case ["update"]:
            update()
            report()
            return 0
        case ["check"]:
            return 1 if report() else 0
        case ["compile", *paths] if paths:
            for path in paths:
                compile_catalogue(Path(path))
            return 0
        case _:
            print(__doc__)
            return 64


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

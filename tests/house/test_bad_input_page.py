# SPDX-License-Identifier: Apache-2.0
"""docs/ref/bad-input.md names tests and codes that exist, and says for every item what proves it."""

import re
from pathlib import Path

from kua.words.problems import all_problems

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/ref/bad-input.md").read_text("utf-8")
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| item")]


def test_every_test_that_is_named_exists() -> None:
    named = re.findall(r"`(tests/[a-z_/0-9]+\.py)::(test_[a-z_0-9]+)`", PAGE)
    assert len(named) >= len(ROWS)
    for file, name in named:
        assert re.search(rf"^(async )?def {name}\(", (ROOT / file).read_text("utf-8"), re.MULTILINE), (file, name)


def test_every_code_that_is_named_has_words() -> None:
    codes = set(re.findall(r"`([a-z]+\.[a-z_]+)`", PAGE)) - {"errors.md"}
    assert codes
    assert codes <= all_problems().keys()


def test_every_item_names_its_test() -> None:
    assert all("`tests/" in row for row in ROWS)

# SPDX-License-Identifier: Apache-2.0
"""Writes tests/golden/pages anew from the fixed country. `make golden` calls it; look at the difference before you commit it."""

import asyncio
import sys
from pathlib import Path

HERE = Path(__file__).parent.parent
sys.path.insert(0, str(HERE))

from tests.golden.site_fixture import PAGES, golden  # noqa: E402 - the repository is no package

from kua.words.speak import LANGUAGES  # noqa: E402


async def main() -> None:
    """Write every page in every language."""
    for language in LANGUAGES:
        for name, path in PAGES.items():
            target = HERE / "tests" / "golden" / "pages" / f"{name}.{language}.html"
            target.write_text(await golden(language, path), encoding="utf-8")
            print(target.relative_to(HERE))


if __name__ == "__main__":
    asyncio.run(main())

# SPDX-License-Identifier: Apache-2.0
"""The build hook: compiles the gettext catalogues and takes the built web bundle along. It runs no Node: what `make web` built is what ships.

Both are git-ignored, so they are named to hatch as artefacts. A wheel built where the web bundle was never made still builds and
verifies films; only the site's player is missing from it.
"""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface[Any]):
    """Adds `.mo` files and the web bundle to a wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile every catalogue next to its source and name the artefacts."""
        package = Path(self.root) / "src" / "kua"
        for source in sorted((package / "locale").glob("*/LC_MESSAGES/kua.po")):
            compile_catalogue(source)
        build_data["artifacts"] += ["src/kua/locale/*/LC_MESSAGES/kua.mo", "src/kua/web/static/**"]


def compile_catalogue(source: Path) -> Path:
    """Write `kua.mo` beside `source` and return it. Fuzzy entries are left out: an untranslated sentence is better than a wrong one."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with source.open("rb") as po:
        catalogue = read_po(po, locale=source.parent.parent.name)
    target = source.with_suffix(".mo")
    with target.open("wb") as mo:
        write_mo(mo, catalogue)
    return target

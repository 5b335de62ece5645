# SPDX-License-Identifier: Apache-2.0
"""Sets a report with Typst as PDF/A-3a and PDF/UA-1: readable in twenty years, and by a screen reader. Reads its own templates and nothing else.

Only the fonts that come with Typst are used, so that the same data makes the same bytes on every computer. Needs the extra `report`.
"""

import json
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from kua.core.errors import Unavailable

STANDARDS: Final = ["a-3a", "ua-1"]

_TEMPLATES: Final = Path(__file__).parent


def typeset(template: str, data: Mapping[str, Any], attached: Mapping[str, str], seconds: int) -> bytes:
    """Return the PDF of `template` (its name without `.typ`) with `data`; `attached` are text files inside it; dated `seconds` after 1970.

    Raises `Unavailable("report.no_library")` where Typst is not installed, `Unavailable("report.failed")` where it refuses.
    """
    try:
        typst = import_module("typst")
    except ModuleNotFoundError as error:
        raise Unavailable("report.no_library") from error
    inputs = {"data": json.dumps(data, ensure_ascii=False), "attached": json.dumps(dict(attached), ensure_ascii=False)}
    try:
        made: bytes = typst.compile(
            _TEMPLATES / f"{template}.typ",
            root=_TEMPLATES,
            ignore_system_fonts=True,
            format="pdf",
            sys_inputs=inputs,
            pdf_standards=STANDARDS,
            timestamp=seconds,
        )
    except typst.TypstError as error:
        raise Unavailable("report.failed", why=str(error)[:200]) from error
    return made

# SPDX-License-Identifier: Apache-2.0
"""The code that stands on the protocol, held against a log: was this the log's root when it was written down?"""

from collections.abc import Callable

from kua.core.digest import Digest
from kua.proof.head import Checkpoint
from kua.proof.paper import PaperCode, paper_code
from kua.verify.report import Report


def check_paper(check: str, paper: PaperCode, origin: str, size: int, root_at: Callable[[int], Digest | None], report: Report) -> None:
    """Write one line: PASS if the log `origin`, which has `size` entries, has the root of the code over the entries that the paper names.

    `root_at` returns None where the root cannot be known. The code binds the station too: that of another station differs.
    """
    if paper.size > size:
        report.missing(check, "log.paper_ahead", size=size, paper=paper.size)
        return
    root = root_at(paper.size)
    if root is None:
        report.not_checked(check, "log.root_unknown")
    elif paper_code(Checkpoint(origin, paper.size, root).text()) == paper:
        report.passed(check, "log.paper_holds", code=paper.code, paper=paper.size, size=size)
    else:
        report.failed(check, "log.paper_differs", code=paper.code, paper=paper.size)

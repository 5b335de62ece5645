# SPDX-License-Identifier: Apache-2.0
"""A log may claim any length: what a verifier does must follow from what it was given, not from what is claimed."""

from pathlib import Path

import pytest

from kua.verify.bundle import verify_bundle
from tests.rigs.sparse import HEIGHT, sparse


@pytest.mark.timeout(20)
def test_a_log_of_half_a_million_million_entries_is_answered_at_once_and_what_is_missing_is_counted(tmp_path: Path) -> None:
    (tmp_path / "sparse.zip").write_bytes(sparse())
    report = verify_bundle(tmp_path / "sparse.zip")
    missing = [line.facts["count"] for line in report.lines if line.code == "bundle.leaves_missing"]
    here = next(line.facts["count"] for line in report.lines if line.code == "bundle.included" and line.check.startswith("s/"))
    assert isinstance(here, int)
    assert missing == [2**HEIGHT + 1 - here]

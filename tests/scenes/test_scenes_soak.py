# SPDX-License-Identifier: Apache-2.0
"""Plain rendered scenes are no easier than the development rig's (long: it renders both)."""

import pytest

from benchmarks import bench_scenes


@pytest.mark.soak
@pytest.mark.data
@pytest.mark.timeout(3_600)
def test_the_simplest_method_does_no_better_on_plain_scenes_than_on_the_rig() -> None:
    judged = [row for row in bench_scenes.run() if row.target is not None]
    assert judged, "the rig is not here"
    assert [row for row in judged if not row.met] == []

# SPDX-License-Identifier: Apache-2.0
"""What the operator is told of each camera: the part of `status.json` that the agent writes and `kua station check` says in words."""

from typing import Any

from kua.station.journal import Journal
from kua.station.keep import Keep


def camera_told(cam: str, keep: Keep, journal: Journal, *, state: str, restarts: int) -> dict[str, Any]:
    """Return how camera `cam` stands. `trouble` is why nothing is recorded now (a reason of a gap), `faults` what is stated and not over; `clock` says
    by how many milliseconds the camera's own clock is ahead of ours, and who told (`rtcp`, `onvif`, `none`).
    """
    beat, health = keep.beats.get(cam), keep.health.get(cam)
    return {
        "state": state,
        "recorded_to": keep.last_end.get(cam),
        "beat_at": beat.at if beat else None,
        "behind_ms": beat.behind if beat else None,
        "restarts": restarts,
        "trouble": keep.trouble.get(cam),
        "faults": journal.faults_of(cam),
        "counts": {"pictures": health.pictures, "broken": health.broken, "back": health.back, "skipped": health.skipped}
        if health
        else None,
        "clock": {"by": health.clock, "ahead_ms": health.clock_ms, "drift_ppm": health.drift_ppm}
        if health and health.clock != "none"
        else None,
    }

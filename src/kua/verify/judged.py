# SPDX-License-Identifier: Apache-2.0
"""The facts of a sentence about who co-signed a checkpoint, and when."""

from kua.core.instant import Instant, rfc3339
from kua.proof.policy import Judgement, Policy


def judged_facts(judgement: Judgement, policy: Policy) -> dict[str, str | int]:
    """Return the facts of a sentence about who co-signed."""
    times = judgement.times
    return {
        "count": len(judgement.parties),
        "total": len(policy.parties),
        "names": ", ".join(judgement.parties) or "—",
        "size": judgement.checkpoint.size,
        "at": _when(judgement.by) if judgement.by is not None else "—",
        "first": _when(times[0]) if times else "—",
        "last": _when(times[1]) if times else "—",
    }


def _when(seconds: int) -> str:
    return rfc3339(Instant(min(seconds, 253_402_300_799) * 1000))[:19].replace("T", " ") + " UTC"

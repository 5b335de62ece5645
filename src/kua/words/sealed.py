# SPDX-License-Identifier: Apache-2.0
"""Whether a sealed film is kept, in the words that stand on the door and on the page of what is not seen."""

from collections.abc import Callable, Mapping

from kua.core.sealing import Sealing
from kua.words.problem import N_

Say = Callable[[str], str]
"""Says an English sentence in the reader's language."""

NONE = N_(
    "No sealed film is kept in this election. So nobody, a court neither, can later find out who is seen in the film, not even who stuffed ballots."
)
KEPT = N_(
    "A sealed film is kept in these phases: {phases}. People can be recognised in it; the inside of a booth, screens and lists cannot be seen in it either."
)
OPENED = N_(
    "It is encrypted inside the station, a quarter of an hour at a time, and its key is divided. It is opened by order only, when {needed} of these groups act together: {groups}. Each opening is signed by two people."
)
DELETED = N_("It is kept for {days} days. When the holders of the key delete their parts, nobody can open it any more.")
GROUP = N_("{group} ({needed} of {members})")
PHASES: Mapping[str, str] = {
    "rehearsal": N_("Rehearsal"),
    "opening": N_("Opening"),
    "voting": N_("Voting"),
    "count": N_("Count"),
    "protocol": N_("Protocol"),
    "storage": N_("Storage"),
}


def notice(sealing: Sealing | None, say: Say) -> tuple[str, ...]:
    """Return the paragraphs for the door. `sealing` is None where no sealed film is kept."""
    if sealing is None:
        return (say(NONE),)
    groups = [say(GROUP).format(group=group.id, needed=group.needed, members=len(group.trustees)) for group in sealing.groups]
    return (
        say(KEPT).format(phases=", ".join(say(PHASES[phase]) for phase in sealing.phases)),
        say(OPENED).format(needed=sealing.needed, groups="; ".join(groups)),
        say(DELETED).format(days=sealing.days),
    )

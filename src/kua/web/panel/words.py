# SPDX-License-Identifier: Apache-2.0
"""The names of zones and what each does, for people who draw them. Decides nothing: the hiding table does."""

from collections.abc import Mapping

from kua.web.kit.pages import Words


def kinds_of(_: Words) -> Mapping[str, tuple[str, str]]:
    """Return for each kind of zone its name and one sentence, those that a room needs first."""
    return {
        "booth": (_("Booth"), _("Always black, before anything else looks at the picture. Every booth needs one.")),
        "box": (_("Ballot box"), _("Stays sharp where nobody is; hands at it are shown in finer blocks, heads never.")),
        "slot": (_("Slot of the box"), _("The opening of the box, so that a ballot going in can be seen.")),
        "list": (_("Voters' list"), _("So coarse that no name can be read; hands stay visible.")),
        "issue": (_("Issue table"), _("Where ballots are handed out.")),
        "door": (_("Door and line"), _("Where people wait. People are counted only if this zone is drawn.")),
        "count": (_("Counting table"), _("During the count paper is sharp here as far as piles and sheets; heads never.")),
        "show": (_("Presentation spot"), _("Where the empty box, the seal and the protocol are held up to the camera.")),
        "screen": (_("Screen"), _("A computer's screen: always black.")),
        "code": (_("Code board"), _("Where the printed code hangs that shows that the picture is live.")),
        "forbidden": (_("Nobody may stand here"), _("Such as the way behind the booths.")),
        "rest": (_("Rest of the room"), _("People are hidden by coarse blocks without colour. Needs no zone of its own.")),
    }

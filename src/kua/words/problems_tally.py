# SPDX-License-Identifier: Apache-2.0
"""Words of the errors raised by `kua.tally`."""

from kua.words.problem import N_, Problem

PROBLEMS: dict[str, Problem] = {
    "tally.slot": Problem(
        what=N_("The zones do not say where the slot of the ballot box is."),
        why=N_("Counting at the box needs a zone `slot` that lies in the picture of {width}x{height} pixels."),
        do=N_("Mark the slot in the calibration and try again."),
    ),
    "tally.heads": Problem(
        what=N_("The calibration does not say how large people are at different distances."),
        why=N_("Counting needs the height of a head at two distances or more, larger near the camera; the file gives {depths}."),
        do=N_("Calibrate the camera again and mark heads near to it and far from it."),
    ),
    "tally.table": Problem(
        what=N_("The zones do not say where the table is."),
        why=N_("Visits are counted in a zone `issue` that lies in the picture; it has {blocks} blocks there."),
        do=N_("Mark the table in the calibration and try again."),
    ),
    "tally.line": Problem(
        what=N_("The line to be crossed is a point."),
        why=N_("Both of its ends are at {x}, {y} in the picture."),
        do=N_("Draw the line from one side of the door to the other."),
    ),
    "tally.shape": Problem(
        what=N_("The zone and the picture do not fit each other."),
        why=N_("One has {weights} blocks and the other {foreground}: the size of the picture has changed."),
        do=N_("Set the camera back to the size it was calibrated with, or calibrate it again."),
    ),
}

# SPDX-License-Identifier: Apache-2.0
"""What the operator is told of a camera: why nothing is recorded, which faults stand, and what to do about each. English msgids, found by code."""

from typing import Final

from kua.words.problem import N_

TROUBLES: Final = {
    "starting": N_("The recording is starting."),
    "camera_lost": N_("The connection to the camera was lost. Check its power and cable; kua tries again by itself."),
    "camera_silent": N_("The camera sends no new picture. Check its power and cable; kua opens it anew by itself."),
    "camera_refused": N_(
        "The camera refuses the connection: the password is wrong, its account is locked, or it has no room for another viewer. Check the password, and close other programs that look at it."
    ),
    "restart": N_("The camera's program was restarted."),
    "clock_step": N_("The clock of the box or of the camera was set."),
    "encoder": N_("The picture could not be compressed."),
    "disk_full": N_("The disk of the box is full."),
    "size_change": N_(
        "The camera sends a picture of another shape than the one that was calibrated. Set its size back, or calibrate anew."
    ),
    "stopped": N_("The recording is stopped."),
}
"""By reason of a gap (docs/spec/leaf.md)."""
FAULTS: Final = {
    "frozen": N_("The picture stands still; the camera is opened anew. If it goes on, take its power away for a moment."),
    "no_film": N_("Nothing of this camera has been recorded for more than half a minute."),
    "slow": N_("Its pictures come later and later: the line to the camera is too thin. Use a cable, or lower the camera's bitrate."),
    "black": N_("The picture is black: the lens is covered, or the room is dark."),
    "looped": N_("The camera sends pictures that it has sent before. Look at once what is connected in its place."),
    "codec": N_("The camera sends a codec that kua does not take. Set it to H.264."),
    "garbled": N_(
        "Data comes from the camera, but no picture can be made of it. Set it to plain H.264 without “smart” or “+” modes, and restart it."
    ),
    "moved": N_("The camera was moved, turned or zoomed. Set it back to its signed view."),
    "covered": N_("The camera is covered, or the room is dark."),
    "defocused": N_("The camera is out of focus, or its lens is dirty."),
    "scene_changed": N_("The camera shows another scene than the one that was signed."),
    "box_moved": N_("The ballot box was moved from its place."),
    "lid_opened": N_("The lid of the ballot box was moved."),
    "no_models": N_("There are no detection models: the count is coarse."),
    "sealing": N_("No sealed film is made where one should be."),
    "one_signature": N_("The second signature under the calibration is missing: people are silhouettes."),
    "tamper": N_("The camera itself reports that somebody tampers with it. Look at it."),
    "signal_loss": N_(
        "The recorder reports that the cable of this camera carries no picture. Check the cable between camera and recorder."
    ),
}
"""By kind of a fault leaf that speaks of a camera."""

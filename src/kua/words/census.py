# SPDX-License-Identifier: Apache-2.0
"""The words of the census of cameras: for its states, owners, kinds, and for what is lacking. English msgids, found by code."""

from typing import Final

from kua.words.problem import N_

STATES: Final = {
    "used": N_("used by this station"),
    "off": N_("switched off"),
    "covered": N_("covered"),
    "masked": N_("masked in the camera itself"),
    "unknown": N_("state not known"),
}
OWNERS: Final = {"ours": N_("the commission's"), "host": N_("the building's"), "unknown": N_("owner not known")}
KINDS: Final = {
    "dome": N_("dome camera"),
    "bullet": N_("bullet camera"),
    "turning": N_("turning camera"),
    "webcam": N_("computer's camera"),
    "phone": N_("telephone"),
    "other": N_("another kind"),
}
LACKS: Final = {
    "census.empty": N_("No camera is listed."),
    "census.state_unknown": N_("There is a camera whose state is not known: look at it, then --set its number and state."),
    "census.owner_unknown": N_("There is a camera of which nobody knows whose it is: cover it, or find its owner."),
    "census.used_by_nobody": N_("A camera is listed as used, but this station does not read it."),
    "census.ours_missing": N_("A camera that this station reads is not listed as used."),
    "census.recorder_missing": N_(
        "The building has cameras, but nothing is said of its recorder: read it with --recorder, or state --no-recorder."
    ),
    "census.recorder_clock": N_("The recorder's last recording is later than its own clock: read both again with --recorder."),
    "census.recorder_runs": N_("The building's recorder has recorded in the last ten minutes: switch it off, wait, and read it again."),
    "census.recorder_recorded": N_("The building's recorder has recorded while people voted, or may have."),
    "census.unsigned": N_("Two people have not signed: the chair, and an observer, a member or the territorial commission."),
}
RECORDERS: Final = {
    "none": N_("The building has no recorder."),
    "off": N_("The building's recorder was off while people voted: its last recording is older."),
    "not_shown": N_("It is not shown yet that the building's recorder was off while people voted."),
    "not_stated": N_("Nothing is said of the building's recorder."),
}
VERDICTS: Final = {
    "census.recorder_off": N_("off all through the voting"),
    "census.recorder_recorded": N_("it has recorded in the voting hours, or may have"),
    "census.recorder_early": N_("off so far; read it again after the voting"),
    "census.recorder_clock": N_("its last recording is later than its own clock: read both again"),
    "census.recorder_no_voting": N_("the election file has no voting hours"),
}
ALARMS: Final = {
    "unknown_device": N_("A device that the census does not know: {address}."),
    "camera_changed": N_("A listed camera is not the one it was (address, network card or certificate): {address}."),
    "camera_on": N_("A camera that was signed for as switched off answers on the network: {address}."),
    "default_password": N_("Our own camera opens with its maker's password: {address}."),
    "no_password": N_("Our own camera opens with no password: {address}."),
}

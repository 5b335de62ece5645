# SPDX-License-Identifier: Apache-2.0
"""Words of the errors of `kua doctor`."""

from kua.words.problem import N_, Problem

PROBLEMS: dict[str, Problem] = {
    "doctor.password": Problem(
        what=N_("The address of the camera {address} holds a password."),
        why=N_("What stands on a command line can be read by every program of this computer and stays in its history."),
        do=N_("Leave the password out of the address, and put it into the environment as {variable}."),
    ),
    "doctor.which": Problem(
        what=N_("It is not clear what to examine."),
        why=N_("Either the address of a camera is given, or --self-test; not both and not neither."),
        do=N_("Write `kua doctor camera rtsp://user@host/path`, or `kua doctor camera --self-test`."),
    ),
}

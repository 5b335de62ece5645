# SPDX-License-Identifier: Apache-2.0
"""Words of the errors of a telephone that films."""

from kua.words.problem import N_, Problem

_PAGE = N_("Use the page of the QR code; another program must send one picture as VP8 or H.264, and no sound.")

PROBLEMS: dict[str, Problem] = {
    "source.waiting": Problem(
        what=N_("No telephone films as this camera yet."),
        why=N_("A telephone is let in by the QR code on the station's page, and films while its page is open."),
        do=N_("Open the station to telephones, show the QR code of the camera, scan it, and press Start there."),
    ),
    "source.needs_extra": Problem(
        what=N_("Sources of the kind “{scheme}:” need the library {library}, which is not installed."),
        why=N_("What few stations need is not installed everywhere."),
        do=N_("Install it with `pip install 'kua[{scheme}]'`."),
    ),
    "whip.taken": Problem(
        what=N_("Another process of this box reads this camera already."),
        why=N_("A telephone can film for one of them only."),
        do=N_("Stop the recording, or the calibration, first."),
    ),
    "whip.no_camera": Problem(
        what=N_("Camera {camera} of this station is no telephone."),
        why=N_('Only a camera whose source is "whip:" is one.'),
        do=N_('Write source = "whip:" for it in kua.toml.'),
    ),
    "whip.not_filming": Problem(
        what=N_("The station does not record now, so it takes no picture."),
        why=N_("It records inside the hours of the election file, and after somebody has started it."),
        do=N_("Wait for the hour, or press Start on the box; this page tries again by itself."),
    ),
    "whip.outside": Problem(
        what=N_("Now is outside the hours in which this station may record."),
        why=N_("They stand in the signed election file."),
        do=N_("Come again when the hour has begun."),
    ),
    "whip.busy": Problem(
        what=N_("Another telephone films as this camera."),
        why=N_("One camera is one telephone; the second one is not taken."),
        do=N_("Stop the other one first. If it is gone, its place is free after a few seconds."),
    ),
    "whip.no_session": Problem(
        what=N_("There is no such session."), why=N_("It has ended already, or it is another telephone's."), do=N_("Load the page again.")
    ),
    "whip.too_long": Problem(
        what=N_("The offer is longer than {most} bytes."), why=N_("A browser's offer for one picture is much shorter."), do=_PAGE
    ),
    "whip.form": Problem(
        what=N_("This is no offer that a station can answer."),
        why=N_("It is not of the form of SDP, or something that must be in it is missing."),
        do=_PAGE,
    ),
    "whip.sound": Problem(
        what=N_("The offer is not for one picture alone: {media}."),
        why=N_("A station takes no sound and no data, and one picture from one telephone."),
        do=_PAGE,
    ),
    "whip.codec": Problem(
        what=N_("The telephone offers no codec that is taken here: {known}."),
        why=N_("The picture is carried on as it was encoded."),
        do=_PAGE,
    ),
}

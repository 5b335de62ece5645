# SPDX-License-Identifier: Apache-2.0
"""Words of the errors of `kua demo`."""

from kua.words.problem import N_, Problem

PROBLEMS: dict[str, Problem] = {
    "demo.keep_not_empty": Problem(
        what=N_("The folder {folder} is not empty."),
        why=N_("The demonstration writes a published tree there and must not mix it with anything."),
        do=N_("Name a new or an empty folder after --keep."),
    ),
    "demo.no_centre": Problem(
        what=N_("The centre of the demonstration did not start."),
        why=N_("Its process ended or did not answer in time."),
        do=N_("Look at logs/centre.log below {folder}, and try again."),
    ),
    "demo.died": Problem(
        what=N_("The process {process} of the demonstration has ended (code {rc})."),
        why=N_("Its last words: {log}."),
        do=N_("Try again; if it happens again, report it with these words."),
    ),
    "demo.too_slow": Problem(
        what=N_("The stations have not published enough in {seconds} seconds."),
        why=N_("This computer is too busy or too slow for three cameras at once."),
        do=N_("Close other programs and try again."),
    ),
    "demo.not_published": Problem(
        what=N_("Not everything was published within {seconds} seconds after the day was closed."),
        why=N_("This computer is too busy, or something failed."),
        do=N_("Close other programs and try again."),
    ),
    "demo.not_cosigned": Problem(
        what=N_("The outsiders had not co-signed the whole log {seconds} seconds after the day was closed."),
        why=N_("This computer is too busy, or one of the co-signers of the demonstration has stopped."),
        do=N_("Close other programs and try again."),
    ),
    "demo.log_broken": Problem(
        what=N_("The log of station {station} does not hold."),
        why=N_("The copy of the published tree was altered while it was read, or there is a fault in kua."),
        do=N_("Try again; if it happens again, report it."),
    ),
    "demo.no_clip": Problem(
        what=N_("There is no film {file}."),
        why=N_("The file named after --clip is not there."),
        do=N_("Give the path of a film, or leave --clip out."),
    ),
    "demo.clip_headless": Problem(
        what=N_("--clip and --headless do not go together."),
        why=N_("The headless story is played with painted rooms only, so that its figures can be compared."),
        do=N_("Leave one of them out; with KUA_DEMO_CLIP set, unset it."),
    ),
    "demo.no_rtsp": Problem(
        what=N_("The RTSP server for the film cannot be started."),
        why=N_("It needs kua's source folder and packages of the system."),
        do=N_("Install python3-gi, gir1.2-gst-rtsp-server-1.0 and gstreamer1.0-plugins-base, -good, -ugly and gstreamer1.0-libav, or leave --clip out."),
    ),
}

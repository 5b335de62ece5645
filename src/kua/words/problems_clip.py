# SPDX-License-Identifier: Apache-2.0
"""Words of the errors of clips that readers have made at the public site."""

from kua.words.problem import N_, Problem

_OTHER_TIME = N_("Choose another time: the day of the station shows what is public.")

PROBLEMS: dict[str, Problem] = {
    "clip.form": Problem(
        N_("“{given}” is not a time."), N_("From and to are hours, minutes and seconds by the clock of the station."), N_("Write them like 14:03 or 14:03:20.")
    ),
    "clip.order": Problem(N_("The clip ends before it begins."), N_("From must be earlier than to."), N_("Exchange the two times, or choose others.")),
    "clip.too_long": Problem(
        N_("The clip is too long."),
        N_("A clip that this site makes has at most {minutes} minutes, so that nobody waits long for their turn."),
        N_("Choose a shorter time, make several clips, or make a bundle of any length on your own computer: kua bundle make."),
    ),
    "clip.not_yet": Problem(
        N_("This time is not public yet."), N_("Film appears some time after it was taken."), N_("Come back in {seconds} s, or choose an earlier time.")
    ),
    "clip.nothing": Problem(N_("There is no film of this time."), N_("Nothing was recorded then; the day says why."), _OTHER_TIME),
    "clip.withdrawn": Problem(
        N_("The publication of this film was stopped."), N_("All of it was withdrawn; the day says when and under which article."), _OTHER_TIME
    ),
    "clip.not_public": Problem(
        N_("This film is not public."), N_("The legal profile of the election keeps it back (clause {clause})."), _OTHER_TIME
    ),
    "clip.arriving": Problem(
        N_("A part of this film has not arrived yet."),
        N_("Pieces that the station has recorded and not sent yet: {count}. A clip without them would look as if something had been taken out."),
        N_("Try again later, or choose another time."),
    ),
    "clip.too_many": Problem(
        N_("You have ordered several clips in a short time."),
        N_("Everybody who comes from your address shares this allowance, so that others get their turn too."),
        N_("Come back in {seconds} s. Clips that you have ordered are still being made."),
    ),
    "clip.busy": Problem(
        N_("Many readers are waiting for clips right now."), N_("{count} clips come first, and no more may wait."), N_("Come back in {seconds} s.")
    ),
    "clip.no_room": Problem(
        N_("There is no room for this clip right now."), N_("The disk on which clips lie for readers is full."), N_("Try again in some minutes, or choose a shorter time.")
    ),
    "clip.gone": Problem(
        N_("This clip is not here any more."),
        N_("Clips stay for ten minutes, and not a moment after their film was withdrawn."),
        N_("Order it again: the form below makes the same clip."),
    ),
    "index.behind": Problem(
        N_("The index of the national log does not have all of it yet ({have} of {wanted} entries)."),
        N_("The disk refused it for a while, or the centre has just started."),
        N_("Try again in a minute; if it stays so, see to the disk of the centre and start it again."),
    ),
}

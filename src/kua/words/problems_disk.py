# SPDX-License-Identifier: Apache-2.0
"""Words of the errors raised by a station's disk: what it is, whether it is the right one, and what may not be deleted of it."""

from kua.words.problem import N_, Problem

_LOOK = N_("Put the right disk back. If this is the right one, ask the technician to remove both files `meta` and start again; do it only with certainty.")

PROBLEMS: dict[str, Problem] = {
    "disk.full": Problem(
        what=N_("The disk is full; {path} could not be written."),
        why=N_("There is no space left, or a quota is used up."),
        do=N_("Free space or attach a larger disk. Recording goes on by itself; the time in between is a stated gap."),
    ),
    "disk.failed": Problem(
        what=N_("The disk does not take {path} ({why})."),
        why=N_("It is broken, was pulled out, or has become read-only."),
        do=N_("Replace the disk and start the agent again; what was receipted is safe at the centre."),
    ),
    "disk.read_only": Problem(
        what=N_("The disk has become read-only; {path} could not be written."),
        why=N_("The system stops writing to a disk that makes errors."),
        do=N_("Replace the disk and start the agent again; what was receipted is safe at the centre."),
    ),
    "disk.gone": Problem(
        what=N_("The disk or folder of “{path}” is not there any more ({why})."),
        why=N_("It was pulled out, is not mounted, or somebody has removed the folder."),
        do=N_("Put it back. Recording goes on by itself; the time in between is a stated gap."),
    ),
    "disk.other": Problem(
        what=N_("The folder of film belongs to another box: {given}, not {wanted}."),
        why=N_("Another disk is plugged in, or one is mounted over the right one. Nothing on it was touched."),
        do=_LOOK,
    ),
    "disk.older": Problem(
        what=N_("The folder of film is an old copy: opened {given} times, this box {wanted} times."),
        why=N_("It was restored from a copy, or the disk of an earlier day is plugged in. Nothing on it was touched."),
        do=_LOOK,
    ),
    "disk.log_older": Problem(
        what=N_("The box is an old copy: its log has {given} entries, the film was opened beside {wanted}."),
        why=N_("It was restored from a copy. A log that goes on from there would contradict itself. Nothing was touched."),
        do=N_("Leave the box as it is, start no other agent on it, and call the technician: the log is evidence."),
    ),
    "disk.meta": Problem(
        what=N_("The file “{path}” is damaged: nobody can say whose folder this is."),
        why=N_("The disk has lost or changed it. Nothing was touched."),
        do=_LOOK,
    ),
    "hold.file": Problem(
        what=N_("The file hold.json cannot be read."),
        why=N_("It is damaged, or somebody has edited it. Until it is mended all film is on hold."),
        do=N_("Remove it and state the holds again:  kua station hold --box DIR --from TIME --to TIME --article ARTICLE ."),
    ),
    "hold.span": Problem(
        what=N_("This is no span of film that can be held (camera {camera})."),
        why=N_("A hold goes from a time to a later one, for one camera or all, and cites an article in one line of Latin letters."),
        do=N_('Write it like  kua station hold --box DIR --from 2026-03-15T09:00:00Z --to 2026-03-15T10:00:00Z --article "Art. 1 (2)" .'),
    ),
    "hold.number": Problem(
        what=N_("There is no hold number {given}."),
        why=N_("The list has {count} of them."),
        do=N_("List them with  kua station hold --box DIR ."),
    ),
}

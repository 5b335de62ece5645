# SPDX-License-Identifier: Apache-2.0
"""Words of the errors of rendered scenes."""

from kua.words.problem import N_, Problem

PROBLEMS: dict[str, Problem] = {
    "scenes.camera": Problem(
        what=N_("There is no camera “{given}” in a rendered room."),
        why=N_("Known are: {known}."),
        do=N_("Choose one of them; `kua scenes list` says what each sees."),
    ),
    "scenes.story": Problem(
        what=N_("There is no story “{given}”."),
        why=N_("Known are: {known}."),
        do=N_("Choose one of them; `kua scenes list` says what happens in each."),
    ),
    "scenes.hard": Problem(
        what=N_("There is no grade {given}."), why=N_("Grades go from 0 (plain) to 3."), do=N_("Give --hard 0, 1, 2 or 3.")
    ),
    "scenes.minutes": Problem(
        what=N_("A scene cannot last {given} minutes."),
        why=N_("It takes at least four seconds for somebody to come, and at most a day is written."),
        do=N_("Give --minutes from 0.1 to 1440."),
    ),
    "scenes.size": Problem(
        what=N_("A picture cannot be {given} pixels large."),
        why=N_("Both sides are even numbers, from 64x36 to 1920x1080."),
        do=N_("Give --size 640x360, for example."),
    ),
    "scenes.fps": Problem(
        what=N_("A scene cannot have {given} pictures a second."), why=N_("1 to 30 are possible."), do=N_("Give --fps 8, for example.")
    ),
    "scenes.seed": Problem(
        what=N_("{given} is no seed."), why=N_("A seed is a whole number, 0 or more."), do=N_("Give --seed 1, for example.")
    ),
    "scenes.missing": Problem(
        what=N_("This is not the folder of a rendered scene, or a film is missing: {name}."),
        why=N_("Scoring needs the film, the film of the empty room, the zones and the truth that `kua scenes make` writes."),
        do=N_("Make the scene with `kua scenes make FOLDER`, and name its folder."),
    ),
    "scenes.out": Problem(
        what=N_("Nothing was written to {folder}."),
        why=N_("A scene goes into a folder that is not there yet or is empty, in a folder that is there."),
        do=N_("Give another name, or empty the folder."),
    ),
    "scenes.no_gl": Problem(
        what=N_("This computer cannot render."),
        why=N_("Neither OSMesa nor another OpenGL answered ({why})."),
        do=N_(
            "Install OSMesa (Debian, Ubuntu: apt install libosmesa6) and the extra: pip install 'kua[scenes]'. With a graphics card: MUJOCO_GL=egl."
        ),
    ),
}

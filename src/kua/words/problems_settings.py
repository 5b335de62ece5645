# SPDX-License-Identifier: Apache-2.0
"""Words of the errors raised by the settings."""

from kua.words.problem import N_, Problem

PROBLEMS: dict[str, Problem] = {
    "settings.no_box": Problem(
        what=N_("There is no folder “{box}”."), why=N_("A box or a centre is a folder with kua.toml in it."), do=N_("Check the path.")
    ),
    "settings.no_station": Problem(
        what=N_("{file} has no table [station]."),
        why=N_("The folder is not the box of a station, or the file is missing."),
        do=N_("Check the path after --box, or write the table as docs/ref/settings.md says."),
    ),
    "settings.no_camera": Problem(
        what=N_("There is no camera {camera} in kua.toml."), why=N_("The station has: {known}."), do=N_("Use one of these letters.")
    ),
    "settings.toml": Problem(
        what=N_("{file} is not TOML: {why}."), why=N_("A quote, bracket or equals sign is missing."), do=N_("Correct the line that is named.")
    ),
    "settings.unknown": Problem(
        what=N_("There is no setting “{name}”."), why=N_("Names are strict, so that a slip of the pen changes nothing silently."), do=N_("Did you mean: {nearest}?")
    ),
    "settings.value": Problem(
        what=N_("The setting “{name}” cannot have this value."), why=N_("The reason: {why}."), do=N_("See docs/ref/settings.md for what it may be.")
    ),
    "settings.twice": Problem(
        what=N_("Camera {camera} stands twice in kua.toml."), why=N_("Each camera has a letter of its own."), do=N_("Give the other one another letter.")
    ),
    "settings.secret": Problem(
        what=N_("The address of camera {camera} holds a password."),
        why=N_("Settings are copied and shown; secrets come from the environment only."),
        do=N_("Take it out of the address and set {variable}."),
    ),
}

# SPDX-License-Identifier: Apache-2.0
"""Words of the errors raised by the painted polling room."""

from kua.words.problem import N_, Problem

PROBLEMS: dict[str, Problem] = {
    "painting.size": Problem(
        what=N_("The painted room cannot be drawn at {width}x{height}."),
        why=N_("Width and height must be even, from 160x90 to 3840x2160."),
        do=N_("Choose another size, like w=1280&h=720."),
    ),
}

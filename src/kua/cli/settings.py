# SPDX-License-Identifier: Apache-2.0
"""`kua settings`: check `kua.toml`, and show every setting that holds with where it comes from."""

from pathlib import Path
from typing import Annotated

import typer

from kua.cli import say
from kua.cli.options import JsonWanted
from kua.cli.say import _

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, add_completion=False, help=_("Settings: check and show them."))

Box = Annotated[Path, typer.Option("--box", metavar="DIR", help=_("Folder that holds kua.toml."))]
HERE = Path()


@app.command(help=_("Check kua.toml: every name and value."))
def check(box: Box = HERE) -> None:
    """Read the file and say that it is fine, or what is wrong."""
    from kua.app.settings import values

    values(box)
    say.data(_("The settings are fine."))


@app.command(help=_("Show every setting, its value and where it comes from."))
def show(box: Box = HERE, json_wanted: JsonWanted = False) -> None:
    """Print the settings that hold. Secrets are never printed."""
    from kua.app.settings import values

    found = values(box)
    if json_wanted:
        say.as_json({value.name: {"value": value.value, "from": value.origin} for value in found})
        return
    width = max(len(value.name) for value in found)
    for value in found:
        say.data(f"{value.name.ljust(width)}  {value.value}  ({value.origin})")

# SPDX-License-Identifier: Apache-2.0
"""`kua models`: what can be installed, what is, and installing it. The files are checked by `kua.adapters.models`."""

from pathlib import Path
from typing import Annotated, Final

import typer

from kua.adapters import models
from kua.cli import say
from kua.cli.options import JsonWanted
from kua.cli.say import _, fill

MODELS_HOME: Final = Path.home() / ".local" / "share" / "kua" / "models"
"""Where models lie unless `--models` or `KUA_MODELS` says otherwise."""

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, add_completion=False, help=_("Detection models: list, add, fetch."))

Folder = Annotated[Path, typer.Option("--models", metavar="DIR", envvar="KUA_MODELS", help=_("The folder of detection models."))]


@app.callback()
def noun() -> None:
    """Hold the verbs together."""


@app.command("list", help=_("List the models that kua knows, and which are installed."))
def list_(
    folder: Folder = MODELS_HOME, json_wanted: JsonWanted = False
) -> None:
    """Print the table."""
    there = models.installed(folder)
    rows = [
        {
            "name": model.name,
            "finds": model.finds,
            "installed": model.name in there,
            "sha256": model.sha256,
            "bytes": model.size,
            "licence": model.licence,
            "origin": model.origin,
        }
        for model in models.KNOWN
    ]
    if json_wanted:
        say.as_json({"folder": str(folder), "models": rows})
        return
    for row in rows:
        state = _("installed") if row["installed"] else _("not installed")
        say.data(f"{row['name']}  {state}  {row['finds']}  {row['bytes']} B  {row['licence']}  {row['origin']}")
        say.data(f"  sha256 {row['sha256']}")


@app.command(help=_("Install a model from a file."))
def add(file: Annotated[Path, typer.Argument(metavar="FILE", help=_("The model's file."))], folder: Folder = MODELS_HOME) -> None:
    """Check the hash and copy."""
    _tell(models.add(file, folder), folder)


@app.command(help=_("Fetch a model by https and install it."))
def fetch(
    name: Annotated[str, typer.Argument(metavar="NAME", help=_("The model's name, as `kua models list` prints it."))],
    url: Annotated[str, typer.Option("--url", metavar="URL", help=_("Where the file is: an https address."))],
    folder: Folder = MODELS_HOME,
) -> None:
    """Fetch, check the hash and keep."""
    _tell(models.fetch(name, url, folder), folder)


def _tell(model: models.Model, folder: Path) -> None:
    say.talk(
        fill(
            "{name} is installed in {folder} ({licence}, {origin}).",
            name=model.name,
            folder=folder,
            licence=model.licence,
            origin=model.origin,
        )
    )

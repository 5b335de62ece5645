# SPDX-License-Identifier: Apache-2.0
"""The program `kua`: finds the noun, loads only its module, and turns every error into words and an exit code.

Exit codes: 0 fine or intact, 1 altered or refused, 2 incomplete, 3 cannot check, 64 usage, 70 a bug of ours, 130 interrupted.
"""

import os
import sys
import traceback
from importlib import import_module
from importlib.util import find_spec
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

import kua
from kua.cli import say
from kua.cli.say import _
from kua.core.errors import KuaError, Misused
from kua.words.problem import N_

USAGE: Final = 64
BUG: Final = 70
INTERRUPTED: Final = 130

NOUNS: Final[dict[str, tuple[str, str]]] = {
    "demo": ("kua.cli.demo", N_("Play a whole day on this computer: stations, centre and site.")),
    "station": ("kua.cli.station", N_("The agent in a polling station: calibrate, run, check.")),
    "centre": ("kua.cli.centre", N_("The centre that receives, logs and publishes.")),
    "courier": ("kua.cli.courier", N_("Film that is carried by hand: pack it at a station, load it at the centre, bring receipts back.")),
    "film": ("kua.cli.film", N_("Films: verify a published one, hide people in your own.")),
    "bundle": ("kua.cli.bundle", N_("Court bundles: one file with film and everything that shows it to be genuine.")),
    "log": ("kua.cli.log", N_("Transparency logs: audit one, watch them, prove a contradiction.")),
    "mirror": ("kua.cli.mirror", N_("Keep a checked copy of a published election, a region or a station.")),
    "witness": ("kua.cli.witness", N_("The co-signer of a party, an observer, a university.")),
    "seal": ("kua.cli.seal", N_("The sealed film: its slices, shares, opening by a quorum, audit.")),
    "scenes": ("kua.cli.scenes", N_("Rendered polling rooms whose truth is known: for measuring.")),
    "doctor": ("kua.cli.doctor", N_("Examine what a station leans on: a camera.")),
    "models": ("kua.cli.models", N_("Detection models: list, add, fetch.")),
    "update": ("kua.cli.update", N_("Updates: releases that several people have signed.")),
    "settings": ("kua.cli.settings", N_("Settings: check and show them.")),
}
"""Every noun, the module that holds its verbs, and a line for the help. A noun whose module is not there is not shown."""

# click's UsageError, wherever typer keeps its click: the base of the one that typer exports.
_UsageError: Final[type[Any]] = typer.BadParameter.__mro__[1]
_ClickException: Final[type[Any]] = typer.BadParameter.__mro__[2]


class Nouns(TyperGroup):
    """Loads a noun's module when it is asked for, so that a verifier never loads a codec or a web library."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the nouns whose modules are installed."""
        return [noun for noun, (module, _help) in NOUNS.items() if find_spec(module)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Load a noun. Raises `Misused("cli.needs_extra")` if a library of its role is not installed."""
        if cmd_name not in self.list_commands(ctx):
            return None
        try:
            app = import_module(NOUNS[cmd_name][0]).app
        except ModuleNotFoundError as error:
            library = (error.name or "").partition(".")[0]
            if library in {"", "kua"}:
                raise  # a module of our own: a bug
            raise Misused("cli.needs_extra", command=cmd_name, library=library) from error
        command = typer.main.get_command(app)
        command.name = cmd_name
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of nouns from the table, without loading any."""
        with formatter.section(_("Commands")):
            formatter.write_dl([(noun, _(NOUNS[noun][1])) for noun in self.list_commands(ctx)])


app = typer.Typer(cls=Nouns, add_completion=False, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)


def _tell_version(wanted: bool) -> None:
    if wanted:
        say.data(f"kua {kua.__version__}")
        raise typer.Exit


@app.callback(help=_("kua: film of the vote that hides people first and lets anyone check the rest."))
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help=_("Print the version and stop."))
    ] = False,
) -> None:
    """Hold what stands before the noun."""


def run(arguments: list[str]) -> int:
    """Do what `arguments` say and return the exit code. Prints; never raises for an expected error."""
    try:
        code = typer.main.get_command(app).main(arguments, prog_name="kua", standalone_mode=False)
    except KuaError as error:
        say.fail(error)
        return error.exit_code
    except _UsageError as error:
        error.show()
        return USAGE
    except _ClickException as error:
        error.show()
        return USAGE
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone (`kua ... | head`); nothing more can be said to it, at exit neither.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:  # noqa: BLE001 - the outermost place: a bug gets one line, and its traceback on demand
        return _bug(error)
    return code if isinstance(code, int) else 0


def main() -> None:
    """Run the program: the console script."""
    sys.exit(run(sys.argv[1:]))


def _bug(error: Exception) -> int:
    if os.environ.get("KUA_DEBUG") == "1":
        traceback.print_exception(error)
    kind = type(error).__name__
    say.talk(say.fill(N_("This is a fault of kua itself ({kind}). Please report it; KUA_DEBUG=1 shows where it happened."), kind=kind))
    return BUG


if __name__ == "__main__":
    main()

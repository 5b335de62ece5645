# SPDX-License-Identifier: Apache-2.0
"""`kua witness`: make a co-signer, tell it which logs to watch, run it, look at it. Everything it promises is in `kua.witness`."""

import contextlib
import signal
import threading
from pathlib import Path
from typing import Annotated

import typer

from kua.cli import say
from kua.cli.options import JsonWanted
from kua.cli.say import _
from kua.cli.typed import key_of, typed
from kua.core.errors import Misused
from kua.proof.keys import ML_DSA_44
from kua.words.problem import N_

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, add_completion=False, help=_("The co-signer of a party, an observer, a university.")
)

Folder = Annotated[Path, typer.Argument(metavar="DIR", help=_("Folder of the co-signer."))]


@app.command(help=_("Make keys and an empty book in DIR, and print the lines that an election's policy needs."))
def init(
    folder: Folder,
    name: Annotated[
        str,
        typer.Option(
            "--name", metavar="NAME", help=_("Name of the co-signer, such as party.example/witness: it stands in every signature.")
        ),
    ],
    url: Annotated[str, typer.Option("--url", metavar="URL", help=_("Address at which centres will reach it."))] = "",
    mark: Annotated[
        Path | None,
        typer.Option("--mark", metavar="DIR", help=_("Folder, best on another disk, that remembers how far the book has come.")),
    ] = None,
    classic: Annotated[bool, typer.Option("--ed25519-only", help=_("Make no ML-DSA-44 key beside the Ed25519 key."))] = False,
) -> None:
    """Make a co-signer; never over one that is there."""
    from kua.app.witness import init as make
    from kua.witness.page import policy_lines

    with typed():  # a name that cannot be one
        vkeys = make(folder, name, url=url, mark=mark, quantum=not classic)
    for line in policy_lines(vkeys, url):
        say.data(line)
    say.talk(
        _(
            "These lines go into the election's policy. Print them, and keep no copy of the folder: an old copy that signs would undo the promise."
        )
    )


@app.command("add-log", help=_("Let the co-signer in DIR watch a log; with a log that it watches already, let a further key sign for it."))
def add_log(
    folder: Folder,
    vkey: Annotated[
        list[str],
        typer.Option("--vkey", metavar="KEY", help=_("A key of the log: the line itself, or a file that holds it. May be given twice.")),
    ],
    origin: Annotated[
        str, typer.Option("--origin", metavar="ORIGIN", help=_("First line of the log's checkpoints; left out, the name of its key."))
    ] = "",
) -> None:
    """Add a log to the book."""
    from kua.app.witness import add_log as add

    keys = [key_of(given) for given in vkey]
    known = add(folder, origin or keys[0].name, keys)
    say.data(say.fill(N_("Watching {origin}, signed by {names}."), origin=known.origin, names=", ".join(key.name for key in known.keys)))


@app.command(help=_("Answer centres at DIR's address, and show the page of the co-signer."))
def run(
    folder: Folder,
    listen: Annotated[
        str,
        typer.Option(
            "--listen", metavar="HOST:PORT", help=_("Where to listen. Anything but loopback belongs behind a proxy that speaks TLS.")
        ),
    ] = "127.0.0.1:8090",
) -> None:
    """Serve until told to stop."""
    from kua.app.witness import opened, read_about
    from kua.witness.server import Server

    host, port = _address(listen)
    with opened(folder) as cosigner:
        try:
            server = Server(host, port, cosigner, read_about(folder).url)
        except OSError as error:
            raise Misused("witness.listen", address=listen, why=str(error.strerror)) from error
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        thread = threading.Thread(target=server.serve_forever, name="witness")
        thread.start()
        shown = f"[{host}]" if ":" in host else host
        say.data(f"http://{shown}:{server.port}/")
        say.talk(_("Open this address for the page of the co-signer. Centres ask at the same address. Ctrl-C ends it."))
        stop.wait()
        with contextlib.suppress(OSError):
            server.close()
        thread.join()


@app.command(
    help=_("Say what the co-signer in DIR has signed and refused. Exit code 1 if a log has contradicted itself or it signs no more.")
)
def status(folder: Folder, json_wanted: JsonWanted = False) -> None:
    """Print the book."""
    from kua.app.witness import look

    about, vkeys, book = look(folder)
    with contextlib.closing(book):
        logs, refusals, halted = book.logs(), book.refusals(1000), book.halted
    forks = [refusal for refusal in refusals if refusal.code == "witness.fork"]
    if json_wanted:
        say.as_json(
            {
                "name": about.name,
                "url": about.url,
                "vkeys": [str(key) for key in vkeys],
                "halted": halted,
                "logs": [
                    {
                        "origin": log.origin,
                        "keys": [str(key) for key in log.keys],
                        "size": log.head.size if log.head else None,
                        "root": log.head.root.hex() if log.head else None,
                        "at": log.head.at if log.head else None,
                        "count": log.count,
                    }
                    for log in logs
                ],
                "refused": [
                    {"at": each.at, "origin": each.origin, "size": each.size, "code": each.code, "file": each.file} for each in refusals
                ],
            }
        )
    else:
        for key in vkeys:  # the lines themselves, one of them 1,800 letters long, are in --json
            say.data(f"{key.name}+{key.id.hex()}  {'ML-DSA-44' if key.kind == ML_DSA_44 else 'Ed25519'}")
        for log in logs:
            say.data(say.fill(N_("{origin}: {size} entries, co-signed {count} times."), origin=log.origin, size=log.size, count=log.count))
        for fork in forks:
            say.data(
                say.fill(
                    N_("{origin} contradicted itself at {size} entries: evidence/{file}"),
                    origin=fork.origin,
                    size=fork.size,
                    file=fork.file,
                )
            )
        if halted:
            say.data(_("It signs nothing any more: what it signed later than its records say has come to light. Retire its key."))
    raise typer.Exit(1 if forks or halted else 0)


def _address(given: str) -> tuple[str, int]:
    host, colon, port = given.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise Misused("witness.listen", address=given[:80], why="HOST:PORT")
    return host.strip("[]") or "127.0.0.1", int(port)

# SPDX-License-Identifier: Apache-2.0
"""`kua doctor`: examines what a station leans on. `camera` looks at one camera and says whether it can be used."""

from collections.abc import Iterable
from typing import Annotated, Any

import typer

from kua.cli import say
from kua.cli.options import JsonWanted
from kua.cli.say import _
from kua.core.errors import Misused
from kua.flow.fitness import Finding
from kua.words.lines import say_line
from kua.words.lines_camera import GRADES, VERDICTS
from kua.words.problem import N_
from kua.words.speak import language

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, add_completion=False, help=_("Examine what a station leans on."))


@app.callback()
def _doctor() -> None:
    """Keep `camera` a verb of its own."""


@app.command(
    help=_(
        "Connect to a camera, watch it, and say whether a station can use it.\n\n"
        "kua doctor camera rtsp://admin@192.168.1.20/stream\n\n"
        "Its password comes from KUA_CAMERA_PASSWORD. Exit code 0: it can be used; 1: it cannot; 3: it was not reached."
    )
)
def camera(
    url: Annotated[
        str | None, typer.Argument(metavar="[URL]", help=_("Address of the camera, as in the settings; never with a password."))
    ] = None,
    seconds: Annotated[
        int, typer.Option("--seconds", min=2, max=600, help=_("How long to watch, in seconds of the camera's own time."))
    ] = 22,
    certificate: Annotated[
        str | None, typer.Option("--certificate", metavar="SHA256", help=_("Certificate of an rtsps:// camera, in hex."))
    ] = None,
    self_test: Annotated[
        bool, typer.Option("--self-test", help=_("Examine a camera of our own with each of its faults, and say whether each is found."))
    ] = False,
    json_wanted: JsonWanted = False,
) -> None:
    """Examine one camera, or the bad camera with each of its faults."""
    from kua.app import doctor

    if self_test == (url is not None):
        raise Misused("doctor.which")
    if url is None:
        _self_tested(json_wanted)
        return

    def tell(reached: int) -> None:
        say.progress(say.fill(N_("Watched {reached} of {seconds} s"), reached=reached, seconds=seconds))

    found = doctor.examine(url, seconds, password=doctor.password_of(), certificate=certificate, tell=tell)
    say.progress("")
    if json_wanted:
        say.as_json(found.to_json())
    else:
        for text in finding_lines(found.findings):
            say.data(text)
        say.data("")
        say.data(say.fill(N_("Verdict: {verdict}."), verdict=_(VERDICTS[found.verdict])))
    if found.verdict in {"unusable", "unreachable"}:
        raise typer.Exit(1 if found.verdict == "unusable" else 3)


def finding_lines(findings: Iterable[Finding]) -> list[str]:
    """Return a line for each finding: its grade, what was looked at, and a sentence."""
    width = max(len(_(word)) for word in GRADES.values())
    return [
        f"{_(GRADES[one.grade]).ljust(width)}  {one.check.ljust(10)}  {say_line(one.code, dict(one.facts), language())}" for one in findings
    ]


def _self_tested(json_wanted: bool) -> None:
    from kua.app import doctor

    found = doctor.self_test(say.progress)
    say.progress("")
    missed = doctor.at_fault(found)
    if json_wanted:
        listed: list[dict[str, Any]] = [
            {"fault": name, "expected": doctor.EXPECTED[name], **each.to_json()} for name, each in found.items()
        ]
        say.as_json({"v": 1, "missed": missed, "faults": listed})
    else:
        for name, each in found.items():
            grave = [one.code for one in each.findings if one.grade != "good"]
            say.data(f"{'!' if name in missed else '+'} {name.ljust(18)} {_(VERDICTS[each.verdict]).ljust(12)}  {' '.join(grave)}")
        say.data(_("Each fault was found.") if not missed else say.fill(N_("Not found: {names}."), names=", ".join(missed)))
    if missed:
        raise typer.Exit(1)

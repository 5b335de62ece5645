# SPDX-License-Identifier: Apache-2.0
"""`kua station census`: find, list, sign and watch the cameras of a polling room. One change in each command, so that people sign what they looked at."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from kua.cli import say
from kua.cli.options import JsonWanted
from kua.cli.say import _
from kua.core.errors import Misused
from kua.core.instant import Instant, Millis
from kua.law.census import Listed
from kua.words.problem import N_
from kua.words.speak import language

EXAMPLES: Final = N_(
    "List every camera of the polling room: ours, the building's, unknown ones; sign the list; watch that it stays true.\n\n"
    "kua station census --box box --interface eth0\n\n"
    'kua station census --box box --add "above the door" --kind dome --whose host --state covered\n\n'
    'kua station census --box box --recorder guard-room --last "2026-03-14 18:05" --shown "2026-03-15 06:41"\n\n'
    "kua station census --box box --sign chair.pem --certificate chair.cert\n\n"
    "Exit code 0: every camera is known and harmless, and two people have signed; 2: something is lacking; 1: an alarm stands."
)


def census(
    box: Annotated[Path, typer.Option("--box", metavar="DIR", help=_("Folder of the station's box."))],
    interface: Annotated[
        list[str] | None, typer.Option("--interface", metavar="DOOR", help=_("Look through this network door (name or own address)."))
    ] = None,
    address: Annotated[
        list[str] | None,
        typer.Option("--address", metavar="IP", help=_("Look at this one address; with --add or --set: where the camera is.")),
    ] = None,
    add: Annotated[str | None, typer.Option("--add", metavar="PLACE", help=_("Add a camera that was seen by eye."))] = None,
    set_: Annotated[
        tuple[int, str] | None,
        typer.Option("--set", metavar="N STATE", help=_("Change the state of a camera: used, off, covered, masked, unknown.")),
    ] = None,
    remove: Annotated[int | None, typer.Option("--remove", metavar="N", help=_("Take a camera off the list."))] = None,
    place: Annotated[str | None, typer.Option("--place", help=_("With --set: another place."))] = None,
    kind: Annotated[str | None, typer.Option("--kind", help=_("One of: dome, bullet, turning, webcam, phone, other."))] = None,
    whose: Annotated[str | None, typer.Option("--whose", help=_("ours, host (the building's), unknown."))] = None,
    state: Annotated[str, typer.Option("--state", help=_("With --add: used, off, covered, masked, unknown."))] = "unknown",
    cam: Annotated[str | None, typer.Option("--cam", help=_("Letter in kua.toml of a camera that this station reads."))] = None,
    recorder: Annotated[
        str | None,
        typer.Option("--recorder", metavar="CODE", help=_("The building's recorder was read just now; a short code for its place.")),
    ] = None,
    last: Annotated[
        str | None, typer.Option("--last", metavar="TIME", help=_("With --recorder: time of its last recording, as its screen shows it."))
    ] = None,
    shown: Annotated[
        str | None, typer.Option("--shown", metavar="TIME", help=_("With --recorder: what its own clock shows at this moment."))
    ] = None,
    no_recorder: Annotated[bool, typer.Option("--no-recorder", help=_("State that the building has no recorder."))] = False,
    sign: Annotated[Path | None, typer.Option("--sign", metavar="KEY", help=_("Sign with this person's key."))] = None,
    certificate: Annotated[
        Path | None, typer.Option("--certificate", metavar="CERT", help=_("The certificate of the person who signs."))
    ] = None,
    act: Annotated[Path | None, typer.Option("--act", metavar="FILE", help=_("Write the act for printing: .html or .txt."))] = None,
    language: Annotated[str | None, typer.Option("--language", help=_("Language of the act: kk, ru, en."))] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help=_("Compare the network with the signed list until Ctrl-C. A running agent does it by itself."))
    ] = False,
    once: Annotated[bool, typer.Option("--once", help=_("With --watch: look once."))] = False,
    try_defaults: Annotated[
        bool, typer.Option("--try-defaults", help=_("Try four makers' passwords, once each, on our own cameras."))
    ] = False,
    json_wanted: JsonWanted = False,
) -> None:
    """Do the one thing asked for, then say how the census stands."""
    from kua.app import census as desk
    from kua.app.census_act import write_act
    from kua.station import census as sheet

    looks = bool(interface) or (bool(address) and add is None and set_ is None)
    asked = {
        "--interface/--address": looks, "--add": add is not None, "--set": set_ is not None, "--remove": remove is not None, "--recorder": recorder is not None,
        "--no-recorder": no_recorder, "--sign": sign is not None or certificate is not None, "--act": act is not None, "--watch": watch, "--try-defaults": try_defaults,
    }  # fmt: skip
    if sum(asked.values()) > 1:
        raise Misused("census.one_thing", given=", ".join(name for name, wanted in asked.items() if wanted))
    _require_pairs(recorder=recorder, last=last, shown=shown, sign=sign, certificate=certificate)
    at = sheet.address_of(address[0]) if address and not looks else None
    if looks:
        _, answered = desk.look(box, interface or [], address or [])
        say.talk(say.fill(N_("Cameras that answered on the network: {number}."), number=answered))
    elif add is not None:
        one = Listed(0, add, kind or "other", whose or "unknown", state, "eye", cam, at)
        desk.save(box, sheet.added(desk.load(box), one))
    elif set_ is not None:
        letter = cam or (desk.load(box).camera(set_[0]).cam if set_[1] == "used" else None)
        fields = {
            "state": set_[1],
            "cam": letter,
            **{name: value for name, value in (("place", place), ("kind", kind), ("whose", whose), ("address", at)) if value is not None},
        }
        desk.save(box, sheet.changed(desk.load(box), set_[0], **fields))
    elif remove is not None:
        desk.save(box, sheet.removed(desk.load(box), remove))
    elif no_recorder:
        desk.save(box, replace(desk.load(box), recorder=False, readings=()))
    elif recorder is not None:
        desk.read_recorder(box, recorder, last or "", shown or "")
    elif sign is not None and certificate is not None:
        desk.sign(box, sign, certificate)
    elif act is not None:
        write_act(box, act, _language(language))
        say.talk(say.fill(N_("Written: {file}. Print it; it holds addresses and is not for publication."), file=act))
    elif watch or try_defaults:
        _alarms(box, watch=watch, once=once, json_wanted=json_wanted)
        return
    body = desk.stand(box)
    if json_wanted:
        say.as_json(body)
    else:
        _tell(body)
    if not body["ready"]:
        raise typer.Exit(2)


def _require_pairs(**given: object) -> None:
    for one, other in (
        ("recorder", "last"),
        ("recorder", "shown"),
        ("last", "recorder"),
        ("shown", "recorder"),
        ("sign", "certificate"),
        ("certificate", "sign"),
    ):
        if given[one] is not None and given[other] is None:
            raise Misused("census.lone", given=f"--{one}", wanted=f"--{other}")


def _language(given: str | None) -> str:
    if given is not None and given not in {"kk", "ru", "en"}:
        raise Misused("census.word", given=given[:20], known="kk, ru, en")
    return given or language()


def _alarms(box: Path, *, watch: bool, once: bool, json_wanted: bool) -> None:
    from kua.adapters.clock import SystemClock
    from kua.app.census_watch import EVERY, Watch, standing, try_defaults
    from kua.app.census_watch import watch as go_on

    if watch:
        looker, clock = Watch(box), SystemClock()
        looker.look(clock.now())
        if not once:
            tell_alarms(_listed(standing(box)))
            say.talk(
                say.fill(
                    N_("Looking every {seconds} seconds. A running agent does this by itself; Ctrl-C ends it."),
                    seconds=Millis(EVERY) // 1000,
                )
            )
            go_on(box)
    else:
        try_defaults(box)
    raised = _listed(standing(box))
    if json_wanted:
        say.as_json({"alarms": raised})
    else:
        tell_alarms(raised)
    if raised:
        raise typer.Exit(1)
    if not json_wanted:
        say.data(
            _("No alarm: nothing on the network differs from the signed list.")
            if watch
            else _("No alarm: our cameras open neither without a password nor with a maker's.")
        )


def _listed(raised: list[Any]) -> list[dict[str, Any]]:
    return [{"kind": each.kind, "cam": each.cam or None, "address": each.address} for each in raised]


def tell_alarms(alarms: list[dict[str, Any]]) -> None:
    """Say every alarm in a line of its own."""
    from kua.words.census import ALARMS

    for each in alarms:
        text = ALARMS[each["kind"]]
        say.data(_("ALARM") + "  " + _(text).format(address=each["address"]))


def _tell(body: dict[str, Any]) -> None:
    from kua.web.kit.formats import local, offset
    from kua.words.census import KINDS, LACKS, OWNERS, RECORDERS, STATES, VERDICTS

    say.data(say.fill(N_("Cameras of polling station {station}:"), station=body["station"]))
    for each in body["cameras"]:
        told = [_(text) for text in (KINDS[each["kind"]], OWNERS[each["whose"]], STATES[each["state"]])]
        words = ", ".join(filter(None, (*told, each["address"])))
        say.data(f"  {each['number']:>2}  {each['place']}: {words}")
    if not body["cameras"]:
        say.data("  " + _("No camera is listed."))
    recorder = RECORDERS[body["recorder"]]
    say.data(_(recorder))
    for each in body["readings"]:
        stopped = Instant(each["stopped_at"])
        verdict, text = VERDICTS[each["verdict"]], N_("  {place}: last recording {stopped} ({offset}); {verdict}")
        say.data(
            say.fill(text, place=each["place"], stopped=f"{local(stopped):%Y-%m-%d %H:%M}", offset=offset(stopped), verdict=_(verdict))
        )
    for name in body["signed_by"]:
        say.data(say.fill(N_("Signed with the key {name}."), name=name))
    if not body["written"]:
        say.talk(_("Nothing is written yet: this is what the settings say. Look with --interface, add what is seen by eye with --add."))
    for text in (LACKS[lack["code"]] for lack in body["lacks"]):
        say.data("! " + _(text))
    if body["ready"]:
        say.data(_("Every camera is listed and harmless, and two people have signed."))

# SPDX-License-Identifier: Apache-2.0
"""What the computer under a station says of itself, read from trees like the kernel's and from a server like NUT's; and signs of life for the manager."""

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kua.adapters.health import look
from kua.adapters.notify import OFTEN, Manager
from kua.app.sensors import DISK_EVERY, Sensors
from kua.core.instant import Millis
from kua.flow.health import CHARGED, COOL, FAULTS, HOT, LOW, Health, Reading

NOWHERE = ("127.0.0.1", 1)
readings = st.builds(
    Reading, st.none() | st.booleans(), st.none() | st.integers(0, 100), st.none() | st.integers(1, 129), st.none() | st.booleans()
)


@pytest.fixture(autouse=True)
def no_upower(monkeypatch: pytest.MonkeyPatch) -> None:
    """This computer's own battery is none of the tests'."""
    monkeypatch.setattr("kua.adapters.health.BUSCTL", "no-such-program")


def tree(top: Path, files: dict[str, str]) -> Path:
    """Make files as the kernel shows them."""
    for name, text in files.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(text + "\n")
    return top


SUPPLY = "class/power_supply"


@pytest.mark.parametrize(
    ("files", "mains", "charge"),
    [
        ({}, None, None),
        ({f"{SUPPLY}/AC/type": "Mains", f"{SUPPLY}/AC/online": "1"}, True, None),
        ({f"{SUPPLY}/AC/type": "Mains", f"{SUPPLY}/AC/online": "0", f"{SUPPLY}/BAT0/type": "Battery", f"{SUPPLY}/BAT0/capacity": "41"}, False, 41),
        ({f"{SUPPLY}/BAT0/type": "Battery", f"{SUPPLY}/BAT0/capacity": "9", f"{SUPPLY}/BAT0/status": "Discharging"}, False, 9),
        ({f"{SUPPLY}/BAT0/type": "Battery", f"{SUPPLY}/BAT0/capacity": "99", f"{SUPPLY}/BAT0/status": "Full"}, True, 99),
        ({f"{SUPPLY}/mouse/type": "Battery", f"{SUPPLY}/mouse/scope": "Device", f"{SUPPLY}/mouse/capacity": "3"}, None, None),
        ({f"{SUPPLY}/AC/type": "Mains", f"{SUPPLY}/AC/online": "\x00\xff"}, None, None),
    ],
    ids=["no supply", "mains", "battery", "battery alone", "charged alone", "a mouse", "nonsense"],
)
def test_the_kernels_word_on_power_is_read(tmp_path: Path, files: dict[str, str], mains: bool | None, charge: int | None) -> None:
    reading = look(tmp_path, tree(tmp_path / "sys", files), NOWHERE, ask_disk=False)
    assert (reading.mains, reading.charge, reading.celsius, reading.disk) == (mains, charge, None, None)


def test_the_hottest_sensor_that_can_be_believed_counts(tmp_path: Path) -> None:
    files = {f"class/thermal/thermal_zone{n}/temp": text for n, text in enumerate(("41000", "87000", "-274000", "999000", "broken"))}
    assert look(tmp_path, tree(tmp_path / "sys", files), NOWHERE, ask_disk=False).celsius == 87


@pytest.mark.parametrize(("errors", "well"), [("0", True), ("3", False), ("", None)])
def test_a_file_system_that_has_counted_errors_makes_the_disk_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, errors: str, well: bool | None) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("kua.adapters.health.shutil.which", lambda *_, **__: None)
    number = tmp_path.stat().st_dev
    sys = tree(tmp_path / "sys", {"block/sda/sda1/partition": "1", **({"fs/ext4/sda1/errors_count": errors} if errors else {})})
    (sys / "dev/block").mkdir(parents=True)
    (sys / f"dev/block/{os.major(number)}:{os.minor(number)}").symlink_to(sys / "block/sda/sda1")
    assert look(tmp_path, sys, NOWHERE, ask_disk=True).disk is well


@pytest.mark.parametrize(("said", "well"), [('{"smart_status":{"passed":false}}', False), ('{"smart_status":{"passed":true}}', True), ("{}", None), ("", None)])
def test_what_smartctl_says_is_believed_where_it_may_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, well: bool | None) -> None:
    program = tmp_path / "smartctl"
    program.write_text(f"#!/bin/sh\n[ \"$3\" = /dev/sda ] && printf '%s' '{said}'\nexit 4\n")
    program.chmod(0o755)
    monkeypatch.setattr("kua.adapters.health.shutil.which", lambda *_, **__: str(program))
    number = tmp_path.stat().st_dev
    sys = tree(tmp_path / "sys", {"block/sda/size": "1"})
    (sys / "dev/block").mkdir(parents=True)
    (sys / f"dev/block/{os.major(number)}:{os.minor(number)}").symlink_to(sys / "block/sda")
    assert look(tmp_path, sys, NOWHERE, ask_disk=True).disk is well


@pytest.fixture
def upsd() -> Iterator[tuple[tuple[str, int], dict[str, str]]]:
    """A server that speaks the protocol of Network UPS Tools; what it says can be changed."""
    said = {"ups.status": "OL", "battery.charge": "100"}
    with socket.create_server(("127.0.0.1", 0)) as door:

        def serve() -> None:
            while True:
                try:
                    line, _ = door.accept()
                except OSError:
                    return
                with line, line.makefile("rw", encoding="ascii", newline="\n") as talk:
                    for asked in talk:
                        what = asked.strip().removeprefix("LIST ")
                        rows = ['UPS qnap "School"'] if what == "UPS" else [f'VAR qnap {name} "{value}"' for name, value in said.items()]
                        talk.write("".join(f"{row}\n" for row in (f"BEGIN LIST {what}", *rows, f"END LIST {what}")))
                        talk.flush()

        threading.Thread(target=serve, daemon=True).start()
        yield door.getsockname(), said


@pytest.mark.parametrize(
    ("status", "charge", "mains", "wanted"),
    [("OL CHRG", "97", True, 97), ("OB DISCHRG", "41.5", False, 41), ("OB LB", "8", False, 8), ("", "", None, None)],
)
def test_a_ups_is_asked_by_its_own_protocol(
    tmp_path: Path, upsd: tuple[tuple[str, int], dict[str, str]], status: str, charge: str, mains: bool | None, wanted: int | None
) -> None:
    where, said = upsd
    said |= {"ups.status": status, "battery.charge": charge}
    reading = look(tmp_path, tmp_path / "sys", where, ask_disk=False)
    assert (reading.mains, reading.charge) == (mains, wanted)


def test_a_server_that_speaks_nonsense_says_nothing(tmp_path: Path, upsd: tuple[tuple[str, int], dict[str, str]]) -> None:
    where, said = upsd
    said |= {"x": 'y"\nEND LIST OTHER\nBEGIN'}
    assert look(tmp_path, tmp_path / "sys", where, ask_disk=False) == Reading()


BUS = """#!/bin/sh
[ -z "$NOTIFY_SOCKET" ] || exit 9
case "$6 $7" in
"org.freedesktop.UPower OnBattery") printf '%s' '{on_battery}' ;;
"org.freedesktop.UPower.Device IsPresent") printf '{{"type":"b","data":%s}}' {present} ;;
"org.freedesktop.UPower.Device Percentage") printf '{{"type":"d","data":%s}}' {charge} ;;
*) exit 1 ;;
esac
"""


@pytest.mark.parametrize(
    ("on_battery", "present", "charge", "mains", "wanted"),
    [
        ('{"type":"b","data":false}', "true", "88.5", True, 88),
        ('{"type":"b","data":true}', "true", "17", False, 17),
        ('{"type":"b","data":true}', "true", "200", False, None),
        ('{"type":"b","data":false}', "false", "0", None, None),
        ("Call failed", "true", "50", None, None),
        ('{"type":"s","data":"no"}', "true", "50", None, None),
    ],
)
def test_a_ups_at_a_usb_socket_is_known_by_upower(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, on_battery: str, present: str, charge: str, mains: bool | None, wanted: int | None
) -> None:
    program = tmp_path / "busctl"
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/notify")
    program.write_text(BUS.format(on_battery=on_battery, present=present, charge=charge))
    program.chmod(0o755)
    monkeypatch.setattr("kua.adapters.health.BUSCTL", str(program))
    reading = look(tmp_path, tmp_path / "sys", NOWHERE, ask_disk=False)
    assert (reading.mains, reading.charge) == (mains, wanted)
    sys = tree(tmp_path / "kernel", {"class/power_supply/AC/type": "Mains", "class/power_supply/AC/online": "1"})
    assert look(tmp_path, sys, NOWHERE, ask_disk=False).mains is True, "what the kernel knows itself is believed first"


# ------------------------------------------------------------------------------------------------------------------- faults


@given(st.lists(readings, max_size=40))
def test_what_is_not_known_changes_nothing_and_every_fault_has_its_cause(seen: list[Reading]) -> None:
    health = Health()
    for reading in seen:
        before = health.faults
        after = health.see(reading)
        assert after <= set(FAULTS)
        assert health.see(Reading()) == after
        for kind, cause in (
            ("on_battery", reading.mains is False),
            ("battery_low", reading.charge is not None and reading.charge < LOW),
            ("hot", reading.celsius is not None and reading.celsius >= HOT),
            ("disk_failing", reading.disk is False),
        ):
            if kind in after - before:
                assert cause, kind
        if reading.celsius is not None and "hot" in before - after:
            assert reading.celsius <= COOL
        if "battery_low" in before - after:
            assert reading.mains or (reading.charge is not None and reading.charge >= CHARGED)


def test_heat_about_the_limit_does_not_flicker() -> None:
    health = Health()
    told = [("hot" in health.see(Reading(celsius=degrees))) for degrees in (84, 85, 84, 80, 76, 85, 75, 76, 84)]
    assert told == [False, True, True, True, True, True, False, False, False]


def test_a_fault_that_was_stated_before_a_restart_stands_until_it_is_over() -> None:
    health = Health(frozenset({"hot", "weather"}))
    assert health.see(Reading()) == {"hot"}
    assert health.see(Reading(celsius=40)) == frozenset()


def test_the_disk_is_asked_seldom_and_its_answer_holds_meanwhile(tmp_path: Path) -> None:
    asked: list[bool] = []

    def looked(_box: Path, *, ask_disk: bool) -> Reading:
        asked.append(ask_disk)
        return Reading(celsius=40, disk=False if ask_disk else None)

    sensors = Sensors(tmp_path, looked)
    for _ in range(DISK_EVERY + 1):
        sensors.once()
        assert sensors.reading == Reading(celsius=40, disk=False)
    assert [number for number, asks in enumerate(asked) if asks] == [0, DISK_EVERY]


# ------------------------------------------------------------------------------------------------------------------ manager


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[tuple[Manager, socket.socket]]:
    """A service manager's socket, and what tells it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(str(tmp_path / "notify"))
        line.setblocking(False)
        yield Manager({"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "60000000"}), line


def test_the_manager_is_told_that_the_agent_is_ready_alive_and_stopping(manager: tuple[Manager, socket.socket]) -> None:
    tells, line = manager
    tells.ready("10-245")
    assert line.recv(200) == b"READY=1\nSTATUS=10-245"
    assert tells.every == 60_000 // OFTEN
    for now in range(0, 61_000, 1_000):
        tells.alive(Millis(now))
    signs = []
    while True:
        try:
            signs.append(line.recv(200))
        except BlockingIOError:
            break
    assert signs == [b"WATCHDOG=1"] * OFTEN
    tells.stopping()
    assert line.recv(200) == b"STOPPING=1"


@pytest.mark.parametrize("environment", [{}, {"NOTIFY_SOCKET": "/nowhere/at/all"}, {"NOTIFY_SOCKET": "x", "WATCHDOG_USEC": "1", "WATCHDOG_PID": "1"}])
def test_without_a_manager_nothing_happens(environment: dict[str, str]) -> None:
    tells = Manager(environment)
    tells.ready("x")
    tells.alive(Millis(10**9))
    tells.stopping()
    assert tells.every is None


def test_the_unit_waits_for_what_the_agent_tells() -> None:
    unit = (Path(__file__).parents[2] / "deploy/systemd/kua-station@.service").read_text()
    assert [line for line in unit.splitlines() if line.startswith(("Type=", "Restart=", "WatchdogSec=", "StartLimit"))] == [
        "StartLimitIntervalSec=0",
        "Type=notify",
        "WatchdogSec=60",
        "Restart=always",
    ]

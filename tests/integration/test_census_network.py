# SPDX-License-Identifier: Apache-2.0
"""Looking for cameras over real sockets on loopback: what answers is found, what lies is not followed, and a lock-out of our own camera is not risked."""

from pathlib import Path

import pytest

from kua.adapters.network import defaults, discovery, doors
from kua.core.errors import Misused, Unavailable
from kua.core.instant import Millis
from kua.law.census import Seen
from tests.integration.test_sources_rtsp import serving
from tests.rigs.camera_net import ANSWER, DEVICE, discoverable, https, rtsp

SOON = Millis(300)
ARP = "IP address       HW type     Flags       HW address            Mask     Device\n"


def test_a_camera_answers_the_multicast_probe_and_is_where_its_packet_came_from_not_where_it_says() -> None:
    with discoverable() as port:
        found = discovery.discover(["127.0.0.1"], patience=SOON, port=port)
    assert found == [Seen("127.0.0.1", DEVICE)]


def test_a_single_address_that_a_person_names_is_asked_alone() -> None:
    with discoverable(multicast=False) as port:
        assert discovery.discover([], ["127.0.0.1"], patience=SOON, port=port) == [Seen("127.0.0.1", DEVICE)]


@pytest.mark.parametrize(
    "text",
    ["", "hello", ANSWER.replace("{id}", "uuid:another"), ANSWER.replace("ProbeMatch>", "Bye>"), "<!DOCTYPE x [<!ENTITY a 'b'>]>" * 500],
)
def test_what_is_no_answer_to_this_probe_is_not_believed(text: str) -> None:
    assert discovery.answered(text.encode(), "192.0.2.1", "uuid:mine") is None


def test_an_answer_with_a_broken_name_is_a_device_without_a_name() -> None:
    packet = ANSWER.format(id="uuid:mine", device="\n\u04d9<x/>").encode()
    assert discovery.answered(packet, "192.0.2.1", "uuid:mine") == Seen("192.0.2.1", None)


def test_where_nobody_is_nothing_is_found() -> None:
    with discoverable(multicast=False) as port:
        pass
    assert discovery.discover([], ["127.0.0.1"], patience=SOON, port=port) == []


def test_a_network_door_is_named_or_refused() -> None:
    assert discovery.interface_address("lo") == "127.0.0.1"
    assert discovery.interface_name("127.0.0.1") == "lo"
    for wrong in ("nosuchdoor0", "", "10.0.0.0/24"):
        with pytest.raises(Misused, match=r"census\.interface"):
            discovery.interface_address(wrong)


def test_a_door_that_is_not_ours_is_unavailable() -> None:
    with pytest.raises(Unavailable, match=r"census\.network"):
        discovery.discover(["192.0.2.200"], patience=SOON)


def test_the_kernels_neighbours_are_read_and_halves_left_out(tmp_path: Path) -> None:
    table = tmp_path / "arp"
    table.write_text(ARP + "192.0.2.7  0x1  0x2  02:00:00:00:00:AA  *  eth1\n192.0.2.8  0x1  0x0  00:00:00:00:00:00  *  eth1\n")
    assert doors.neighbours(table) == [doors.Neighbour("192.0.2.7", "02:00:00:00:00:aa", "eth1")]
    assert doors.neighbours(tmp_path / "none") == []


def test_a_certificate_tells_one_device_from_another(tmp_path: Path) -> None:
    with https(tmp_path, "one") as one, https(tmp_path, "two") as two:
        first = doors.certificate_of("127.0.0.1", [one])
        assert first == doors.certificate_of("127.0.0.1", [one])
        assert first is not None
        assert first != doors.certificate_of("127.0.0.1", [two])
    with rtsp() as plain:
        assert doors.certificate_of("127.0.0.1", [plain], SOON) is None


def test_what_speaks_rtsp_is_told_from_what_does_not(tmp_path: Path) -> None:
    with rtsp() as camera, https(tmp_path, "web") as web:
        assert doors.speaks_rtsp("127.0.0.1", [web, camera], SOON)
        assert not doors.speaks_rtsp("127.0.0.1", [web], SOON)


def test_makers_passwords_are_tried_once_each_and_no_more_than_four() -> None:
    tried: list[str] = []
    with rtsp(("admin", "a good one"), tried) as port:
        assert defaults.opens_by_default(f"rtsp://admin@127.0.0.1:{port}/main?channel=1") is None
    assert tried == [":".join(words) for words in defaults.WORDS]
    assert len(tried) <= 4, "cameras lock themselves after five to seven wrong ones"


def test_an_open_camera_and_one_with_its_makers_password_are_told() -> None:
    with rtsp() as port:
        assert defaults.opens_by_default(f"rtsp://127.0.0.1:{port}/main") == "no_password"
    with rtsp(("admin", "12345")) as port:
        assert defaults.opens_by_default(f"rtsp://127.0.0.1:{port}/main") == "default_password"


def test_a_camera_that_locks_itself_is_left_alone() -> None:
    tried: list[str] = []
    with rtsp(("admin", "a good one"), tried, lock_after=2) as port:
        assert defaults.opens_by_default(f"rtsp://127.0.0.1:{port}/main") is None
    assert len(tried) == 2


def test_a_digest_login_is_answered_as_the_rfc_computes_it() -> None:
    # RFC 2617, section 3.5, with its own values and method put in the formula: MD5 and quality of protection.
    login = defaults._answer(b'digest realm="r", nonce="n", qop="auth"', "Mufasa", "Circle Of Life", "rtsp://h/x")
    assert 'uri="rtsp://h/x"' in login
    assert "qop=auth, nc=00000001" in login
    assert len(login.split('response="')[1].split('"')[0]) == 32
    assert (
        len(
            defaults._answer(b'digest realm="r", nonce="n", algorithm=SHA-256', "u", "p", "rtsp://h/x").split('response="')[1].split('"')[0]
        )
        == 64
    )


@pytest.mark.parametrize(("password", "opens"), [("12345", "default_password"), ("a good one", None)])
def test_a_real_server_with_digest_login_is_opened_by_its_makers_word_only(password: str, opens: str | None) -> None:
    with serving("--user", "admin", "--password", password) as port:
        assert defaults.opens_by_default(f"rtsp://viewer@127.0.0.1:{port}/h264") == opens
        assert doors.speaks_rtsp("127.0.0.1", [port])


def test_a_camera_that_is_away_is_unavailable_and_its_user_is_not_told() -> None:
    with rtsp() as port:
        pass
    with pytest.raises(Unavailable, match=r"source\.unreachable") as told:
        defaults.opens_by_default(f"rtsp://secretuser@127.0.0.1:{port}/main")
    assert "secretuser" not in str(told.value)

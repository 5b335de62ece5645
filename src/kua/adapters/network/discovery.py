# SPDX-License-Identifier: Apache-2.0
"""WS-Discovery: asks by multicast which video devices are there (OASIS WS-Discovery 1.1; ONVIF Core, section 7) and reads what answers.

Follows no address that an answer holds: a device is where its packet came from. Answers are hostile bytes: bounded, read by pattern, no XML is built.
"""

import fcntl
import re
import socket
import struct
import time
import uuid
from collections.abc import Sequence
from typing import Final

from kua.core.errors import Misused, Unavailable
from kua.core.instant import Millis
from kua.law.census import Seen

GROUP: Final = "239.255.255.250"
PORT: Final = 3702
PATIENCE: Final = Millis(3_000)
"""How long answers are waited for; a probe is sent twice in it, since UDP loses packets."""
_MOST_ANSWERS: Final = 256
_SIOCGIFADDR: Final = 0x8915
_PROBE: Final = (
    '<?xml version="1.0" encoding="UTF-8"?><e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"'
    ' xmlns:w="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"'
    ' xmlns:dn="http://www.onvif.org/ver10/network/wsdl"><e:Header><w:MessageID>uuid:{id}</w:MessageID>'
    "<w:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</w:To>"
    "<w:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</w:Action></e:Header>"
    "<e:Body><d:Probe><d:Types>dn:NetworkVideoTransmitter</d:Types></d:Probe></e:Body></e:Envelope>"
)
_RELATES: Final = re.compile(rb"<(?:\w{1,32}:)?RelatesTo[^>]{0,200}>\s{0,32}([^<]{1,128}?)\s{0,32}<")
_DEVICE: Final = re.compile(
    rb"<(?:\w{1,32}:)?EndpointReference[^>]{0,200}>\s{0,64}<(?:\w{1,32}:)?Address[^>]{0,200}>\s{0,32}([\x21-\x3b\x3d-\x7e]{1,128})\s{0,32}<"
)
_MATCH: Final = re.compile(rb"<(?:\w{1,32}:)?ProbeMatch[\s>]")


def interface_address(given: str) -> str:
    """Return the IPv4 address of a network door given by name (`eth0`) or by its own address. Raises `Misused("census.interface")`."""
    try:
        socket.inet_aton(given)
    except OSError:
        pass
    else:
        if given.count(".") == 3:
            return given
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        try:
            answer = fcntl.ioctl(asked.fileno(), _SIOCGIFADDR, struct.pack("256s", given.encode()[:15]))
        except OSError as error:
            raise Misused("census.interface", given=given[:40]) from error
    return socket.inet_ntoa(answer[20:24])


def interface_name(given: str) -> str:
    """Return the name of a network door given by name or by its own address; `given` itself where no door has that address."""
    for _, name in socket.if_nameindex():
        try:
            if given in {name, interface_address(name)}:
                return name
        except Misused:  # a door without an IPv4 address
            continue
    return given


def discover(
    interfaces: Sequence[str], hosts: Sequence[str] = (), *, patience: Millis = PATIENCE, group: str = GROUP, port: int = PORT
) -> list[Seen]:
    """Return what answers a probe: by multicast through each of `interfaces` (their own addresses), and asked singly at each of `hosts`.

    Each device once for each address it answered from. Raises `Unavailable("census.network")` where the network takes no packet at all.
    """
    found: dict[tuple[str, str | None], Seen] = {}
    for source, target in [*((interface, group) for interface in interfaces), *(("", host) for host in hosts)]:
        for seen in _asked(source, (target, port), patience):
            found[seen.address, seen.device] = seen
    return sorted(found.values(), key=lambda seen: (seen.address, seen.device or ""))


def answered(packet: bytes, address: str, asked: str) -> Seen | None:
    """Return the device that `packet` from `address` speaks of; None for what is no answer to the probe with the message id `asked`."""
    relates, device = _RELATES.search(packet), _DEVICE.search(packet)
    if relates is None or relates[1].decode("utf-8", "replace") != asked or _MATCH.search(packet) is None:
        return None
    return Seen(address, device[1].decode("ascii").lower() if device else None)


def _asked(source: str, target: tuple[str, int], patience: Millis) -> list[Seen]:
    asked = f"uuid:{uuid.uuid4()}"
    probe = _PROBE.format(id=asked.removeprefix("uuid:")).encode()
    found: list[Seen] = []
    with socket.socket(socket.AF_INET6 if ":" in target[0] else socket.AF_INET, socket.SOCK_DGRAM) as talk:
        try:
            if source:
                talk.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(source))
                talk.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)  # this segment only
                talk.bind((source, 0))
            for _again in range(2):
                talk.sendto(probe, target)
                found += _collected(talk, asked, time.monotonic() + patience / 2000)
        except OSError as error:
            raise Unavailable("census.network", address=source or target[0], why=error.strerror or type(error).__name__) from error
    return found


def _collected(talk: socket.socket, asked: str, until: float) -> list[Seen]:
    found: list[Seen] = []
    while len(found) < _MOST_ANSWERS and (left := until - time.monotonic()) > 0:
        talk.settimeout(left)
        try:
            packet, sender = talk.recvfrom(65_535)
        except TimeoutError:
            break
        except ConnectionRefusedError:  # nobody listens there: an answer too, and not ours to raise
            break
        seen = answered(packet, str(sender[0]), asked)
        if seen is not None:
            found.append(seen)
    return found

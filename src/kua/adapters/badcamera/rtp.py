# SPDX-License-Identifier: Apache-2.0
"""H.264 in RTP packets and the camera's own clock in RTCP (RFC 3550; RFC 6184, packetisation mode 1). Bytes only: no socket, no clock."""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from kua.core.instant import Instant

PAYLOAD: Final = 1_200
"""Most bytes of payload: what fits any network's packet."""
HZ: Final = 90_000
"""Ticks a second of video's RTP clock."""
PICTURE_TYPE, SOUND_TYPE = 96, 8
_SINCE_1900: Final = 2_208_988_800
"""Seconds between the epochs of NTP and Unix."""
_FRAGMENT: Final = 28
"""FU-A (RFC 6184, section 5.8)."""


def packets(nals: Sequence[bytes]) -> Iterator[tuple[bool, bytes]]:
    """Return the payloads of one picture's NAL units, each with whether it is the picture's last (the marker bit)."""
    for number, nal in enumerate(nals):
        is_last = number == len(nals) - 1
        if len(nal) <= PAYLOAD:
            yield is_last, nal
            continue
        head, kind, body = nal[0] & 0xE0, nal[0] & 0x1F, nal[1:]
        for at in range(0, len(body), PAYLOAD):
            first, last = at == 0, at + PAYLOAD >= len(body)
            mark = (0x80 if first else 0) | (0x40 if last else 0) | kind
            yield is_last and last, bytes((head | _FRAGMENT, mark)) + body[at : at + PAYLOAD]


@dataclass(slots=True)
class Sender:
    """One RTP stream: numbers its packets and counts what it sent, for its reports."""

    ssrc: int
    kind: int
    sequence: int = 0
    sent: int = 0
    octets: int = 0

    def packet(self, ticks: int, payload: bytes, *, marked: bool) -> bytes:
        """Return the next packet (RFC 3550, section 5.1)."""
        head = struct.pack(">BBHII", 0x80, self.kind | (0x80 if marked else 0), self.sequence, ticks & 0xFFFF_FFFF, self.ssrc)
        self.sequence = (self.sequence + 1) & 0xFFFF
        self.sent += 1
        self.octets += len(payload)
        return head + payload

    def report(self, at: Instant, ticks: int) -> bytes:
        """Return a sender report that ties `ticks` to the wall time `at` of the camera (RFC 3550, section 6.4.1)."""
        seconds, millis = divmod(at, 1000)
        fraction = (millis << 32) // 1000
        return struct.pack(
            ">BBHIIIIII",
            0x80,
            200,
            6,
            self.ssrc,
            (seconds + _SINCE_1900) & 0xFFFF_FFFF,
            fraction,
            ticks & 0xFFFF_FFFF,
            self.sent,
            self.octets,
        )


def interleaved(channel: int, packet: bytes) -> bytes:
    """Return `packet` as it stands in an RTSP connection (RFC 2326, section 10.12)."""
    return struct.pack(">cBH", b"$", channel, len(packet)) + packet

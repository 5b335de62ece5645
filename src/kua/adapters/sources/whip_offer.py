# SPDX-License-Identifier: Apache-2.0
"""Reads the offer of a telephone that wants to film (SDP, RFC 8866; WHIP, RFC 9725) and takes out of it what a station does not follow. Opens nothing.

One picture, no sound, a codec that is relayed. Of the addresses that the offer names only the telephone's own is kept: an offer must not make the station
send to anybody else.
"""

import ipaddress
import re
from typing import Final

from kua.core.errors import Rejected

MAX_SDP: Final = 16_384
"""Bytes of an offer that are still read; a browser's for one picture has about 5,000."""
MOST_LINES: Final = 500
CODECS: Final = {"VP8": "vp8", "H264": "h264"}
"""What is relayed, as SDP calls it and as decoders do."""
_CANDIDATE: Final = re.compile(r"a=candidate:\S{1,40} [12] (?:udp|UDP) [0-9]{1,10} (\S{1,60}) ([0-9]{1,5}) typ (host|srflx|prflx)\b")
_CODEC: Final = re.compile(r"a=rtpmap:[0-9]{1,3} ([A-Za-z0-9]{1,12})/90000")
_LINE: Final = re.compile(r"[a-z]=[\x20-\x7e]*")


def judged(offer: str, peer: str) -> str:
    """Return the offer as it may be answered to a telephone at `peer`.

    Raises `Rejected`: `whip.too_long`, `whip.form`, `whip.sound` (anything but one picture that is sent here), `whip.codec`.
    """
    if len(offer.encode()) > MAX_SDP:
        raise Rejected("whip.too_long", most=MAX_SDP)
    lines = offer.replace("\r\n", "\n").rstrip("\n").split("\n")
    if lines[0] != "v=0" or len(lines) > MOST_LINES or not all(_LINE.fullmatch(line) for line in lines):
        raise Rejected("whip.form")
    media = [line for line in lines if line.startswith("m=")]
    if len(media) != 1 or not media[0].startswith("m=video ") or not {"a=sendonly", "a=sendrecv"} & set(lines):
        raise Rejected("whip.sound", media=" ".join(line[2:].partition(" ")[0] for line in media)[:40])
    if not {found[1] for line in lines if (found := _CODEC.match(line))} & set(CODECS):
        raise Rejected("whip.codec", known=" ".join(CODECS))
    if not {"a=ice-ufrag", "a=ice-pwd", "a=fingerprint", "a=setup"} <= {line.partition(":")[0] for line in lines}:
        raise Rejected("whip.form")
    own = [line for line in lines if (found := _CANDIDATE.match(line)) and 0 < int(found[2]) < 65_536 and _same(found[1], peer)]
    # Where the browser hides its address, its own checks will come; one candidate must stand there for them to be waited for (discard, RFC 863).
    own = own[:8] or [f"a=candidate:0 1 udp 1 {peer} 9 typ host"]
    kept = [line for line in lines if not line.startswith(("a=candidate:", "a=end-of-candidates", "a=ice-options:"))]
    return "".join(f"{line}\r\n" for line in (*kept, *own, "a=end-of-candidates"))


def _same(given: str, peer: str) -> bool:
    try:
        return ipaddress.ip_address(given) == ipaddress.ip_address(peer)
    except ValueError:
        return False

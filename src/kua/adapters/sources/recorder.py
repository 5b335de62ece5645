# SPDX-License-Identifier: Apache-2.0
"""`recorder://USER@HOST[:PORT]/MAKER/CHANNEL[/sub]`: one channel of a recorder, analogue ones too, by the paths of its maker (`recorders.toml`).

What opens and what is read is an RTSP camera like any other.
"""

from urllib.parse import urlsplit

from kua.adapters.network.recorders import MOST, Kind, path_of
from kua.adapters.sources.rtsp import RtspSource, open_rtsp
from kua.core.errors import Misused
from kua.ports.address import shown
from kua.ports.source import Opening


def rtsp_of(url: str) -> str:
    """Return the RTSP address behind `url`. Raises `Misused`: `source.recorder` for an unknown maker, `source.channel` for what names no channel."""
    parts = urlsplit(url)
    maker, _, rest = parts.path.strip("/").partition("/")
    number, _, last = rest.partition("/")
    if not number.isascii() or not number.isdecimal() or not 1 <= int(number[:4]) <= MOST or last not in {"", "main", "sub"} or parts.query:
        raise Misused("source.channel", address=shown(url), most=MOST)
    kind: Kind = "sub" if last == "sub" else "main"
    return f"rtsp://{parts.netloc}{path_of(maker, int(number), kind)}"


def open_recorder(url: str, opening: Opening) -> RtspSource:
    """Connect to the channel. Raises what `rtsp_of` and `open_rtsp` raise."""
    return open_rtsp(rtsp_of(url), opening)

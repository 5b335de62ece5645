# SPDX-License-Identifier: Apache-2.0
"""The process that decodes for `kua doctor camera`: walled in like `hide`, it reads messages of `fetch` from standard input and prints numbers, no picture."""

import json
import os
import sys
from collections import Counter

from kua.adapters.isolation import isolate
from kua.core.errors import KuaError
from kua.core.instant import Instant
from kua.ports.source import Decoder
from kua.station.pipe import Packet, Start, messages


def main() -> int:
    """Decode until the pipe ends; print one JSON object."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    isolate()
    from kua.adapters.codecs.packets import PacketDecoder  # late: nothing heavy is loaded before the walls stand
    from kua.station.vitals import Vitals

    vitals, faults, sizes = Vitals(), set[str](), Counter[str]()
    decoder: Decoder | None = None
    accepted, pictures, unit = True, 0, 0.0
    for message in messages(sys.stdin.buffer):
        match message:
            case Start():
                unit = 1000 * message.base_num / message.base_den
                try:
                    decoder = PacketDecoder(message.codec, message.payload, message.width, message.height)
                except KuaError:
                    accepted = False
            case Packet() if decoder is not None:
                for picture in decoder.decode(message.pts, message.payload):
                    pictures += 1
                    sizes[f"{picture.width}x{picture.height}"] += 1
                    luma = picture.planes(picture.width // 2 * 2, picture.height // 2 * 2)[: picture.height // 2 * 2]
                    faults |= {kind for kind, state in vitals.look(Instant(round(picture.pts * unit)), luma) if state == "begin"}
            case _:
                pass
    broken = decoder.broken if decoder is not None else 0
    seen = {"accepted": accepted, "pictures": pictures, "broken": broken, "sizes": list(sizes), "faults": sorted(faults)}
    out.write(json.dumps(seen))
    out.flush()
    return 0


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)

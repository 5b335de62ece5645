# SPDX-License-Identifier: Apache-2.0
"""The slider raw | sent of the demonstration: pairs of JPEG pictures into an inherited file descriptor. Nowhere else does a raw picture leave `hide`.

Framing: 4-byte big-endian length and bytes of the raw picture, then the same of the sent one. A slow reader loses pairs; it never holds up recording.
"""

import queue
import struct
import threading
from typing import BinaryIO

from kua.adapters.codecs.packets import jpeg_of
from kua.sight.raw import RawFrame
from kua.sight.safe import SafeFrame


class Preview:
    """Writes pairs in a thread of its own, the newest only. It ends quietly with its reader."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe
        self._next: queue.Queue[tuple[RawFrame, SafeFrame]] = queue.Queue(1)
        threading.Thread(target=self._write_on, name="preview", daemon=True).start()

    def show(self, raw: RawFrame, sent: SafeFrame) -> None:
        """Offer a pair; dropped while the one before is still being written."""
        if not self._next.full():
            self._next.put((raw, sent))  # only one thread puts, so this does not wait

    def _write_on(self) -> None:
        while True:
            raw, sent = self._next.get()
            try:
                for picture in (jpeg_of(raw.yuv), jpeg_of(sent.yuv)):
                    self._pipe.write(struct.pack(">I", len(picture)) + picture)
                self._pipe.flush()
            except OSError:
                return

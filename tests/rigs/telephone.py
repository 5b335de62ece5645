# SPDX-License-Identifier: Apache-2.0
"""A telephone that films, without a telephone: aiortc offers drawn pictures by WHIP over the listener's TLS, or at the socket itself. Tests only."""

import asyncio
import threading
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription

from kua.adapters.sources import whip_line

HOST = "127.0.0.1"
Offer = Callable[[str], str]
"""Hands an offer over and returns the answer."""


class Pictures(MediaStreamTrack):
    """Grey pictures, ten a second, each lighter than the last unless they are of a still room; `sizes` says how large picture number `n` is."""

    kind = "video"

    def __init__(self, sizes: Callable[[int], tuple[int, int]], *, still: bool = False) -> None:
        super().__init__()
        self._sizes, self._number, self._still = sizes, 0, still
        self._free = asyncio.Event()
        self._free.set()

    def hang(self) -> None:
        """Give no picture any more."""
        self._free.clear()

    async def recv(self) -> Any:
        """Return the next picture, or wait while the telephone is said to hang."""
        await asyncio.sleep(0.1)
        await self._free.wait()
        self._number += 1
        width, height = self._sizes(self._number)
        grey = np.full((height, width, 3), 90 if self._still else 40 + self._number % 150, np.uint8)
        frame = av.VideoFrame.from_ndarray(grey, format="rgb24")
        frame.pts, frame.time_base = self._number * 9000, Fraction(1, 90_000)
        return frame


class Telephone:
    """Films in a thread of its own until `close`."""

    def __init__(self, codec: str = "vp8", sizes: Callable[[int], tuple[int, int]] = lambda _n: (320, 180), *, still: bool = False) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.track = Pictures(sizes, still=still)
        self._codec = codec
        self._line: RTCPeerConnection | None = None

    def offer(self) -> str:
        """Make an offer."""
        return str(self._run(self._offer()))

    def film(self, hand: Offer) -> None:
        """Offer, and film when there is an answer. Raises what `hand` raises."""
        answer = hand(self.offer())
        self._run(self._answered(answer))

    def vanish(self) -> None:
        """Send nothing more and say nothing: as a browser that was killed."""
        self._loop.call_soon_threadsafe(self.track.hang)

    def close(self) -> None:
        """Hang up."""
        if self._line is not None:
            self._run(self._line.close())
        self._run(_settled())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    async def _offer(self) -> str:
        if self._line is not None:
            await self._line.close()
        self._line = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        sender = self._line.addTransceiver(self.track, direction="sendonly")
        found = RTCRtpSender.getCapabilities("video")
        sender.setCodecPreferences([each for each in found.codecs if each.mimeType.lower() == f"video/{self._codec}"])
        await self._line.setLocalDescription(await self._line.createOffer())
        return str(self._line.localDescription.sdp)

    async def _answered(self, answer: str) -> None:
        assert self._line is not None
        await self._line.setRemoteDescription(RTCSessionDescription(answer, "answer"))

    def _run(self, step: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(step, self._loop).result(15)


async def _settled() -> None:
    """Let what the library began in the background come to its end."""
    tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def at_socket(path: Path, who: str = "one") -> Offer:
    """Return what hands an offer to the process that films, as the listener does."""
    return lambda sdp: str(whip_line.ask(path, {"do": "offer", "sdp": sdp, "peer": HOST, "host": HOST, "who": who})["answer"])

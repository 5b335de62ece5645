# SPDX-License-Identifier: Apache-2.0
"""An RTSP camera for tests: gst-rtsp-server on 127.0.0.1, with patterns, films, digest login and misbehaviour. Run it with the system's Python.

    /usr/bin/python3 tests/rigs/rtsp_server.py [--port 0] [--user NAME --password WORD] [--film PATH [--once]] [--width W --height H --fps N]

Prints `port N` when it listens and goes on until killed. Paths: `/h264` (with sound), `/h265`, `/mjpeg`, `/sound` (no picture), `/hangs` (sends nothing after
the first second), `/small` (4:3), `/film` with `--film`, looping unless `--once`. With `--user` every path asks for that login (digest, RFC 2617).
Needs apt: python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly gstreamer1.0-libav.
"""

import argparse
import sys
from typing import Any

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402 - versions are chosen first

H264 = "x264enc tune=zerolatency speed-preset=ultrafast key-int-max={gop} bitrate=2000 ! rtph264pay name=pay0 pt=96 config-interval=1"
SOUND = "audiotestsrc is-live=true ! audioconvert ! audio/x-raw,rate=8000,channels=1 ! alawenc ! rtppcmapay name={name} pt=8"


class Film(GstRtspServer.RTSPMediaFactory):
    """Serves a film at its own speed: any container and codec, encoded anew as H.264 of one size and rate. Looping is a seek back at each end."""

    def __init__(self, path: str, caps: str, gop: int, loop: bool) -> None:
        super().__init__()
        self._loop = loop
        self._frame = Gst.SECOND // gop
        self._end = self._zero = 0
        location = path.replace("\\", "\\\\").replace('"', '\\"')
        self.set_launch(
            f'( filesrc location="{location}" ! decodebin name=d d. ! queue ! videoconvert ! videoscale ! videorate ! {caps} ! identity sync=true '
            f"! {H264.format(gop=gop)} )"
        )
        self.set_shared(True)

    def do_configure(self, media: Any) -> None:  # the name that GObject calls
        """Where the film loops, its end becomes a seek back, and the payloader's clock is moved on by what was played, so that it never goes back."""
        if self._loop:
            pad = media.get_element().get_by_name("pay0").get_static_pad("sink")
            pad.add_probe(Gst.PadProbeType.EVENT_DOWNSTREAM | Gst.PadProbeType.BUFFER, self._watch, media.get_element())
            media.connect("new-state", self._unbind)

    @staticmethod
    def _unbind(media: Any, _state: int) -> None:
        """Let `identity` alone keep the time: after a seek the clock of the sinks would begin anew, the moved one of the payloader not."""
        found = media.get_element().get_parent().iterate_recurse()
        while (step := found.next())[0] == Gst.IteratorResult.OK:
            if step[1].find_property("sync") and step[1].find_property("max-lateness"):
                step[1].set_property("sync", False)

    def _watch(self, pad: Any, info: Any, element: Any) -> Any:
        if info.type & Gst.PadProbeType.BUFFER:
            self._end = info.get_buffer().pts + self._frame
        elif info.get_event().type == Gst.EventType.SEGMENT:
            self._zero = info.get_event().parse_segment().start
        elif info.get_event().type == Gst.EventType.EOS:
            GLib.timeout_add(self._frame // Gst.MSECOND, self._again, pad, element)  # the last picture has its time too
            return Gst.PadProbeReturn.DROP
        return Gst.PadProbeReturn.OK

    def _again(self, pad: Any, element: Any) -> bool:
        pad.set_offset(pad.get_offset() + self._end - self._zero)
        element.seek_simple(Gst.Format.TIME, Gst.SeekFlags.FLUSH | Gst.SeekFlags.KEY_UNIT, 0)
        return False


class Hanging(GstRtspServer.RTSPMediaFactory):
    """Sends `count` pictures and then nothing, with the connection open: the camera that hangs."""

    def __init__(self, launch: str, count: int) -> None:
        super().__init__()
        self._left = count
        self.set_launch(launch)

    def do_configure(self, media: Any) -> None:
        """Drop everything after the first pictures."""
        media.get_element().get_by_name("pay0").get_static_pad("sink").add_probe(Gst.PadProbeType.BUFFER, self._pass)

    def _pass(self, _pad: Any, _info: Any) -> Any:
        self._left -= 1
        return Gst.PadProbeReturn.OK if self._left >= 0 else Gst.PadProbeReturn.DROP


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", default="0")
    parser.add_argument("--user", default="")
    parser.add_argument("--password", default="")
    parser.add_argument("--film", default="")
    parser.add_argument("--once", action="store_true")
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=720)
    parser.add_argument("--fps", type=int, default=10)
    asked = parser.parse_args()
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(asked.port)
    caps = f"video/x-raw,format=I420,width={asked.width},height={asked.height},framerate={asked.fps}/1"
    live = f"videotestsrc is-live=true pattern=ball ! {caps}"
    h264 = H264.format(gop=asked.fps)
    paths = {
        "/h264": f"( {live} ! {h264} {SOUND.format(name='pay1')} )",
        "/mjpeg": f"( {live} ! jpegenc ! rtpjpegpay name=pay0 pt=26 )",
        "/sound": f"( {SOUND.format(name='pay0')} )",
        "/small": f"( videotestsrc is-live=true ! video/x-raw,format=I420,width=640,height=480,framerate={asked.fps}/1 ! {h264} )",
    }
    if Gst.ElementFactory.find("x265enc"):
        paths["/h265"] = (
            f"( {live} ! x265enc tune=zerolatency speed-preset=ultrafast key-int-max={asked.fps} bitrate=1500 ! h265parse ! rtph265pay name=pay0 pt=96 config-interval=1 )"
        )
    mounts = server.get_mount_points()
    factories = {}
    for path, launch in paths.items():
        factories[path] = GstRtspServer.RTSPMediaFactory()
        factories[path].set_launch(launch)
        factories[path].set_shared(True)
    factories["/hangs"] = Hanging(f"( {live} ! {h264} )", asked.fps)
    if asked.film:
        factories["/film"] = Film(asked.film, caps, asked.fps, not asked.once)
    for path, factory in factories.items():
        if asked.user:
            _guard(factory)
        mounts.add_factory(path, factory)
    if asked.user:
        login = GstRtspServer.RTSPAuth()
        login.set_supported_methods(2)  # GST_RTSP_AUTH_DIGEST
        token = GstRtspServer.RTSPToken()
        token.set_string("media.factory.role", "viewer")
        login.add_digest(asked.user, asked.password, token)
        server.set_auth(login)
    if not server.attach(None):
        sys.exit("cannot listen")
    print("port", server.get_bound_port(), flush=True)
    GLib.MainLoop().run()


def _guard(factory: Any) -> None:
    may = Gst.Structure.new_empty("viewer")
    may.set_value("media.factory.access", True)
    may.set_value("media.factory.construct", True)
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_role_from_structure(may)
    factory.set_permissions(permissions)


if __name__ == "__main__":
    main()

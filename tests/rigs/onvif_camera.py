# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: N802 - operations are called as the standard calls them
"""An ONVIF device for tests, stdlib only: SOAP over HTTP on loopback, logins by WS-UsernameToken digest that must be fresh by the device's own clock, which may
be hours wrong; profiles, stream address, and alarms by pull-point. It advertises addresses of another host, as cameras behind a router do.
"""

import base64
import datetime as dt
import hashlib
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ELSEWHERE = "192.0.2.99"
"""What it believes to be its own address: TEST-NET-1, where nobody is."""
FRESH = dt.timedelta(seconds=30)
NAMES = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "tds": "http://www.onvif.org/ver10/device/wsdl",
    "trt": "http://www.onvif.org/ver10/media/wsdl",
    "tt": "http://www.onvif.org/ver10/schema",
    "tev": "http://www.onvif.org/ver10/events/wsdl",
    "ter": "http://www.onvif.org/ver10/error",
    "wsnt": "http://docs.oasis-open.org/wsn/b-2",
    "wsa": "http://www.w3.org/2005/08/addressing",
    "tns1": "http://www.onvif.org/ver10/topics",
}
FAULT = (
    "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:{why}</s:Value></s:Subcode></s:Code>"
    '<s:Reason><s:Text xml:lang="en">{text}</s:Text></s:Reason></s:Fault>'
)


@dataclass
class OnvifCamera:
    """One device. `ahead` is how wrong its clock is; `rtsp` the port of its stream; `events` the alarms that each pull finds, one list after another."""

    rtsp: int
    user: str = "admin"
    password: str = "secret"
    ahead: dt.timedelta = dt.timedelta()
    encoding: str = "H264"
    size: tuple[int, int] = (1280, 720)
    has_events: bool = True
    broken: bool = False
    events: list[list[tuple[str, str, str]]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    port: int = 0
    pulled: threading.Event = field(default_factory=threading.Event)

    @property
    def base(self) -> str:
        return f"http://{ELSEWHERE}:8000/onvif"

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC) + self.ahead

    def answer(self, asked: str) -> tuple[int, str]:
        found = re.search(r"Body[^>]*>\s*<(?:\w+:)?(\w+)", asked)
        operation = found[1] if found else "?"
        self.asked.append(operation)
        if self.broken:
            return 200, "<html>not soap</html>"
        if operation != "GetSystemDateAndTime" and not self._may(asked):
            return 400, self._whole(FAULT.format(why="NotAuthorized", text="Sender not Authorized"))
        made = getattr(self, f"do_{operation}", None)
        if made is None:
            return 500, self._whole(FAULT.format(why="ActionNotSupported", text=f"{operation} is not supported"))
        return 200, self._whole(made())

    def _may(self, asked: str) -> bool:
        token = asked[asked.find("UsernameToken") :]

        def value(name: str) -> str:
            found = re.search(rf"<(?:\w+:)?{name}[^>]*>([^<]*)<", token)
            return found[1] if found else ""

        if not value("Created"):
            return False
        made = dt.datetime.fromisoformat(value("Created"))
        right = hashlib.sha1(base64.b64decode(value("Nonce")) + value("Created").encode() + self.password.encode()).digest()
        is_fresh = abs(made - self.now()) < FRESH
        return value("Username") == self.user and value("Password") == base64.b64encode(right).decode() and is_fresh

    @staticmethod
    def _whole(body: str) -> str:
        names = " ".join(f'xmlns:{name}="{space}"' for name, space in NAMES.items())
        return f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope {names}><s:Header/><s:Body>{body}</s:Body></s:Envelope>'

    def do_GetSystemDateAndTime(self) -> str:
        now = self.now()
        return (
            "<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:DateTimeType>Manual</tt:DateTimeType><tt:DaylightSavings>false</tt:DaylightSavings>"
            f"<tt:UTCDateTime><tt:Time><tt:Hour>{now.hour}</tt:Hour><tt:Minute>{now.minute}</tt:Minute><tt:Second>{now.second}</tt:Second></tt:Time>"
            f"<tt:Date><tt:Year>{now.year}</tt:Year><tt:Month>{now.month}</tt:Month><tt:Day>{now.day}</tt:Day></tt:Date></tt:UTCDateTime>"
            "</tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>"
        )

    def do_GetDeviceInformation(self) -> str:
        return (
            "<tds:GetDeviceInformationResponse><tds:Manufacturer>Example</tds:Manufacturer><tds:Model>Dome 3</tds:Model>"
            "<tds:FirmwareVersion>1</tds:FirmwareVersion><tds:SerialNumber>1</tds:SerialNumber><tds:HardwareId>1</tds:HardwareId></tds:GetDeviceInformationResponse>"
        )

    def do_GetServices(self) -> str:
        named = [(NAMES["tds"], "device_service"), (NAMES["trt"], "media_service")] + (
            [(NAMES["tev"], "event_service")] if self.has_events else []
        )
        listed = "".join(
            f"<tds:Service><tds:Namespace>{space}</tds:Namespace><tds:XAddr>{self.base}/{path}</tds:XAddr>"
            "<tds:Version><tt:Major>2</tt:Major><tt:Minor>60</tt:Minor></tds:Version></tds:Service>"
            for space, path in named
        )
        return f"<tds:GetServicesResponse>{listed}</tds:GetServicesResponse>"

    def do_GetProfiles(self) -> str:
        small = self.size[0] // 2, self.size[1] // 2
        return f"<trt:GetProfilesResponse>{self._profile('main', *self.size)}{self._profile('sub', *small)}</trt:GetProfilesResponse>"

    def _profile(self, token: str, width: int, height: int) -> str:
        h264 = "<tt:H264><tt:GovLength>20</tt:GovLength><tt:H264Profile>Main</tt:H264Profile></tt:H264>" if self.encoding == "H264" else ""
        return (
            f'<trt:Profiles token="{token}" fixed="true"><tt:Name>{token}</tt:Name>'
            '<tt:VideoSourceConfiguration token="vsc"><tt:Name>vs</tt:Name><tt:UseCount>1</tt:UseCount><tt:SourceToken>vs0</tt:SourceToken>'
            f'<tt:Bounds x="0" y="0" width="{width}" height="{height}"/></tt:VideoSourceConfiguration>'
            f'<tt:VideoEncoderConfiguration token="{token}-e"><tt:Name>e</tt:Name><tt:UseCount>1</tt:UseCount><tt:Encoding>{self.encoding}</tt:Encoding>'
            f"<tt:Resolution><tt:Width>{width}</tt:Width><tt:Height>{height}</tt:Height></tt:Resolution><tt:Quality>4</tt:Quality>"
            "<tt:RateControl><tt:FrameRateLimit>10</tt:FrameRateLimit><tt:EncodingInterval>1</tt:EncodingInterval><tt:BitrateLimit>2048</tt:BitrateLimit></tt:RateControl>"
            f"{h264}<tt:Multicast><tt:Address><tt:Type>IPv4</tt:Type><tt:IPv4Address>0.0.0.0</tt:IPv4Address></tt:Address><tt:Port>0</tt:Port><tt:TTL>1</tt:TTL>"
            "<tt:AutoStart>false</tt:AutoStart></tt:Multicast><tt:SessionTimeout>PT60S</tt:SessionTimeout></tt:VideoEncoderConfiguration></trt:Profiles>"
        )

    def do_GetStreamUri(self) -> str:
        return (
            f"<trt:GetStreamUriResponse><trt:MediaUri><tt:Uri>rtsp://{ELSEWHERE}:{self.rtsp}/live</tt:Uri><tt:InvalidAfterConnect>false</tt:InvalidAfterConnect>"
            "<tt:InvalidAfterReboot>false</tt:InvalidAfterReboot><tt:Timeout>PT60S</tt:Timeout></trt:MediaUri></trt:GetStreamUriResponse>"
        )

    def do_CreatePullPointSubscription(self) -> str:
        return (
            f"<tev:CreatePullPointSubscriptionResponse><tev:SubscriptionReference><wsa:Address>{self.base}/pull</wsa:Address></tev:SubscriptionReference>"
            f"<wsnt:CurrentTime>{self._stamp()}</wsnt:CurrentTime><wsnt:TerminationTime>{self._stamp(120)}</wsnt:TerminationTime>"
            "</tev:CreatePullPointSubscriptionResponse>"
        )

    def do_PullMessages(self) -> str:
        told = self.events.pop(0) if self.events else []
        if not told:
            self.pulled.set()
            threading.Event().wait(0.05)  # a device holds the answer back while nothing happens
        listed = "".join(
            '<wsnt:NotificationMessage><wsnt:Topic Dialect="http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet">'
            f'{topic}</wsnt:Topic><wsnt:Message><tt:Message UtcTime="{self._stamp()}" PropertyOperation="Changed"><tt:Source/>'
            f'<tt:Data><tt:SimpleItem Name="{name}" Value="{value}"/></tt:Data></tt:Message></wsnt:Message></wsnt:NotificationMessage>'
            for topic, name, value in told
        )
        return (
            f"<tev:PullMessagesResponse><tev:CurrentTime>{self._stamp()}</tev:CurrentTime><tev:TerminationTime>{self._stamp(120)}</tev:TerminationTime>{listed}"
            "</tev:PullMessagesResponse>"
        )

    def do_Unsubscribe(self) -> str:
        return "<wsnt:UnsubscribeResponse/>"

    def do_Renew(self) -> str:
        return f"<wsnt:RenewResponse><wsnt:TerminationTime>{self._stamp(120)}</wsnt:TerminationTime></wsnt:RenewResponse>"

    def _stamp(self, later: int = 0) -> str:
        return (self.now() + dt.timedelta(seconds=later)).strftime("%Y-%m-%dT%H:%M:%SZ")


@contextmanager
def serving_onvif(camera: OnvifCamera) -> Iterator[OnvifCamera]:
    """Answer for `camera` on loopback until the end; `camera.port` is known inside the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
            status, told = camera.answer(asked)
            body = told.encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/soap+xml; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    camera.port = server.server_address[1]
    try:
        yield camera
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)

# SPDX-License-Identifier: Apache-2.0
"""What a camera says of itself over ONVIF: maker, clock, streams, and alarms by pull-point (ONVIF Core, section 9; Media, section 5). Needs the extra `onvif`.

Every address in an answer is bent back to the host that was asked (`nat_override`): a camera never sends this computer elsewhere. Logins are signed for
the camera's own clock (`adjust_time`), since cameras with a wrong clock refuse honest ones. Nothing that a camera says goes into a log line.
"""

import asyncio
import datetime as dt
import logging
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit, urlunsplit

from kua.core.errors import KuaError, Misused, Refused, Rejected, Unavailable
from kua.core.instant import Millis

PORT: Final = 80
LEASE: Final = dt.timedelta(minutes=2)
"""How long a subscription lives without being renewed."""
PULL: Final = dt.timedelta(seconds=10)
_TEXT: Final = 64
"""Characters of a camera's own words that are kept."""
_MOST: Final = 64
TOPICS: Final = {
    "TamperDetector": "tamper",
    "GlobalSceneChange": "tamper",
    "SignalLoss": "signal_loss",
    "VideoLoss": "signal_loss",
}
"""Part of an event's topic, and the fault that it means (ONVIF Imaging, section 5.6; Analytics, annex A)."""
STATES: Final = ("IsTamper", "IsSignalLoss", "State", "IsActive", "Value")

_T = TypeVar("_T")
for _name in ("onvif", "zeep", "aiohttp"):
    # Their lines hold addresses and answers of cameras: none reaches a handler of ours, nor the one of last resort.
    logging.getLogger(_name).addHandler(logging.NullHandler())
    logging.getLogger(_name).propagate = False


@dataclass(frozen=True, slots=True)
class Profile:
    """One stream as a device offers it. `uri` holds no login; its host is the one that was asked."""

    token: str
    codec: str
    width: int
    height: int
    fps: int
    gop: int
    uri: str


@dataclass(frozen=True, slots=True)
class Device:
    """A device as it describes itself. `clock_ms` is how far its clock is ahead of ours; None where it did not say."""

    make: str
    model: str
    clock_ms: Millis | None
    profiles: tuple[Profile, ...]
    has_events: bool


def ask(host: str, port: int, user: str, password: str, patience: Millis) -> Device:
    """Ask a device for everything. Raises `Refused("source.refused")`, `Rejected("source.onvif")`, `Unavailable`, `Misused("source.onvif_extra")`."""
    return _run(_asked(host, port, user, password), _address(host, port), patience)


def clock_of(host: str, port: int, patience: Millis) -> Millis | None:
    """Return how far the clock of a device is ahead of ours: it says that to anybody. None where nothing answers."""
    try:
        return _run(_clock(host, port), _address(host, port), patience)
    except (Refused, Rejected, Unavailable):
        return None


def watch(host: str, port: int, user: str, password: str, notice: Callable[[str, str], None], is_over: Callable[[], bool]) -> None:
    """Hand alarms of the device to `notice` until `is_over`. Raises like `ask`; a subscription that breaks is an error, for the caller to try again."""
    _run(_watched(host, port, user, password, notice, is_over), _address(host, port), None)


def fault_of(topic: str, values: Mapping[str, str]) -> tuple[str, str] | None:
    """Return kind and state of the fault that an event means; None for one that means none."""
    kind = next((kind for part, kind in TOPICS.items() if part in topic), None)
    said = next((values[name] for name in STATES if name in values), None)
    if kind is None or said is None:
        return None
    return kind, "begin" if said.strip().lower() in {"true", "1"} else "end"


def best(profiles: tuple[Profile, ...]) -> Profile | None:
    """Return the stream to record: H.264 before others, then the largest that is not larger than 1080 lines."""
    usable = [each for each in profiles if each.uri]
    return max(usable, key=lambda each: (each.height <= 1080, each.codec == "H264", each.width * each.height), default=None)


def rtsp_at(uri: str, host: str) -> str:
    """Return the address of a stream at `host`, without a login. Raises `Rejected("source.onvif")` for what is no RTSP address."""
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError as error:
        raise Rejected("source.onvif", address=host, why="uri") from error
    if parts.scheme not in {"rtsp", "rtsps"}:
        raise Rejected("source.onvif", address=host, why="uri")
    place = f"[{host}]" if ":" in host else host
    return urlunsplit((parts.scheme, place + (f":{port}" if port is not None else ""), parts.path, parts.query, ""))


def _camera(host: str, port: int, user: str, password: str) -> Any:
    try:
        from onvif import ONVIFCamera
    except ImportError as error:
        raise Misused("source.onvif_extra") from error
    return ONVIFCamera(host, port, user, password, no_cache=True, adjust_time=True, nat_override=True)


async def _asked(host: str, port: int, user: str, password: str) -> Device:
    camera = _camera(host, port, user, password)
    try:
        # One signed question first: whatever else the library asks it asks twice where the login is refused, and cameras lock accounts.
        told = await (await camera._devicemgmt_with_time()).GetDeviceInformation()  # noqa: SLF001 - no public way with the camera's clock
        await camera.update_xaddrs()
        media = await camera.create_media_service()
        profiles = [await _profile(media, host, each) for each in (await media.GetProfiles())[:_MOST] if each.VideoEncoderConfiguration]
        has_events = any("events" in str(name) for name in camera.xaddrs)
        return Device(_words(told.Manufacturer), _words(told.Model), _ahead(camera), tuple(profiles), has_events)
    finally:
        await camera.close()


async def _clock(host: str, port: int) -> Millis | None:
    camera = _camera(host, port, "", "")
    try:
        await camera._devicemgmt_with_time()  # noqa: SLF001 - the library has no public way to ask for the clock alone
        return _ahead(camera)
    finally:
        await camera.close()


async def _profile(media: Any, host: str, each: Any) -> Profile:
    setup = {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}}
    answer = await media.GetStreamUri({"StreamSetup": setup, "ProfileToken": each.token})
    encoder = each.VideoEncoderConfiguration
    size, rate = encoder.Resolution, encoder.RateControl
    gop = getattr(encoder.H264, "GovLength", 0) if encoder.H264 is not None else 0
    return Profile(
        _words(each.token), _words(encoder.Encoding), _number(size.Width), _number(size.Height), _number(rate.FrameRateLimit if rate else 0),
        _number(gop), rtsp_at(str(answer.Uri), host),
    )  # fmt: skip


async def _watched(host: str, port: int, user: str, password: str, notice: Callable[[str, str], None], is_over: Callable[[], bool]) -> None:
    camera = _camera(host, port, user, password)
    try:
        await camera.update_xaddrs()
        manager = await camera.create_pullpoint_manager(LEASE, lambda: None)
        try:
            service = manager.get_service()
            while not is_over():
                answer = await service.PullMessages({"Timeout": PULL, "MessageLimit": _MOST})
                for message in answer.NotificationMessage or []:
                    found = fault_of(_topic(message), _values(message))
                    if found is not None:
                        notice(*found)
        finally:
            await manager.shutdown()
    finally:
        await camera.close()


def _topic(message: Any) -> str:
    return str(getattr(message.Topic, "_value_1", "") or "")[:200]


def _values(message: Any) -> dict[str, str]:
    """Return the simple items of an event's data (ONVIF Core, section 9.4.2)."""
    body = getattr(message.Message, "_value_1", None)
    if body is None:
        return {}
    if not hasattr(body, "iter"):
        items = getattr(getattr(body, "Data", None), "SimpleItem", None) or []
        return {str(item.Name): str(item.Value) for item in items[:_MOST]}
    found = [element for element in body.iter() if str(element.tag).endswith("}SimpleItem")]
    return {str(element.get("Name")): str(element.get("Value")) for element in found[:_MOST]}


def _ahead(camera: Any) -> Millis | None:
    return None if camera.dt_diff is None else Millis(round(camera.dt_diff.total_seconds() * 1000))


def _words(value: Any) -> str:
    return "".join(letter for letter in str(value or "") if letter.isprintable())[:_TEXT]


def _number(value: Any) -> int:
    return max(0, min(100_000, int(value or 0)))


def _address(host: str, port: int) -> str:
    return f"onvif://{host}:{port}"


def _run(wanted: Coroutine[Any, Any, _T], address: str, patience: Millis | None) -> _T:
    """Run `wanted` to its end and turn what the libraries raise into errors of ours: theirs hold addresses and texts of the camera."""

    async def bounded() -> _T:
        async with asyncio.timeout(None if patience is None else patience / 1000):
            return await wanted

    try:
        return asyncio.run(bounded())
    except (KuaError, KeyboardInterrupt):
        raise
    except TimeoutError as caught:
        trouble: KuaError = Unavailable("source.silent", address=address)
        del caught
    except Exception as caught:  # noqa: BLE001 - two libraries and a hostile camera may throw anything
        trouble = _trouble(caught, address)
    raise trouble from None


def _trouble(error: Exception, address: str) -> KuaError:
    words = f"{error} {getattr(error, 'subcodes', '')} {getattr(error, 'code', '')}".lower()
    if "notauthorized" in words.replace(" ", "") or "unauthorized" in words or "not authorized" in words:
        return Refused("source.refused", address=address)
    names = {each.__name__ for each in type(error).__mro__}
    if "Fault" in names or "XMLSyntaxError" in names or "ONVIFError" in names or "ValidationError" in names:
        return Rejected("source.onvif", address=address, why=type(error).__name__)
    return Unavailable("source.unreachable", address=address, how=type(error).__name__)

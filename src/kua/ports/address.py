# SPDX-License-Identifier: Apache-2.0
"""The address of a camera: what of it may be shown, and where its password comes from. Opens nothing."""

from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

from kua.core.errors import Misused


def scheme_of(url: str) -> str:
    """Return the scheme of a source's URL, in lower case. Raises `Misused("source.scheme")` for text without one."""
    scheme, colon, _ = url.partition(":")
    if not colon or not scheme.isascii() or not scheme.replace("+", "").isalnum():
        raise Misused("source.scheme", scheme=scheme[:20] if colon else "")
    return scheme.lower()


def shown(url: str) -> str:
    """Return `url` as it may stand in a log line or an error: without user, password and query, which may hold a token."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        host = f"[{host}]" if ":" in host else host
        port = f":{parts.port}" if parts.port is not None else ""
    except ValueError:
        return url.partition(":")[0][:20] + ":?"
    if not parts.netloc:
        return f"{parts.scheme}:{parts.path}"
    return urlunsplit((parts.scheme, host + port, parts.path, "", ""))


def with_password(url: str, password: str | None) -> str:
    """Return `url` with `password` put in behind its user. A password that the URL carries itself is kept where `password` is None or empty."""
    if not password:
        return url
    parts = urlsplit(url)
    if not parts.username:
        raise Misused("source.no_user", address=shown(url))
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{parts.username}:{quote(password, safe='')}@{place}"))


def split_query(url: str, known: str) -> tuple[str, dict[str, str]]:
    """Return what stands between scheme and `?`, and the options after it. Raises `Misused("source.option")` for an option not in `known`."""
    rest = url.partition(":")[2]
    body, _, query = rest.partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    for option in options:
        if option not in known.split():
            raise Misused("source.option", option=option[:40], known=known)
    return body, options


def whole_number(options: dict[str, str], name: str, default: int, lowest: int, highest: int) -> int:
    """Return the option `name` as a whole number in a range. Raises `Misused("source.option_value")`."""
    text = options.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdecimal() or not lowest <= int(text[:16]) <= highest:
        raise Misused("source.option_value", option=name, given=text[:40], lowest=lowest, highest=highest)
    return int(text)

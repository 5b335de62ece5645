# SPDX-License-Identifier: Apache-2.0
"""A poor line between this computer and a host of its own on it: a network namespace, a shaped pair of interfaces, loss and outages by a packet filter.

Needs root, iproute2 and nftables. The kernels this runs on have no delay: `netem` is not everywhere. What is made is named after this process and taken away
again. Loss is on the way up, towards the centre; the shaping is on both.
"""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final, final

from benchmarks import NotHere

_BURST: Final = 16 * 1024
_QUEUE: Final = "400ms"


@final
class Wire:
    """One line. `here` is the centre's address on it; commands run on the other side with `there`."""

    def __init__(self, rate: int) -> None:
        self.rate, number = rate, os.getpid() % 200 + 20
        self._name, self._near, self._far = f"kua{os.getpid()}", f"kn{os.getpid()}", f"kf{os.getpid()}"
        self._table, self.here, self._there = f"kua{os.getpid()}", f"10.99.{number}.1", f"10.99.{number}.2"

    def there(self, *command: str) -> list[str]:
        """Return `command` as it is run on the station's side."""
        return ["ip", "netns", "exec", self._name, *command]

    def set_loss(self, percent: int) -> None:
        """Let go that share of the packets that come from the station; 100 is an outage in both directions of every conversation."""
        self._filter(f"numgen random mod 100 < {percent} drop" if 0 < percent < 100 else "drop" if percent else "")

    def carried(self) -> int:
        """Return the bytes that came from the station since the line was made, as the interface counts them."""
        return int(Path(f"/sys/class/net/{self._near}/statistics/rx_bytes").read_text())

    def _filter(self, rule: str) -> None:
        _quietly("nft", "delete", "table", "inet", self._table)
        if rule:
            hook = "type filter hook input priority 0;"
            _run("nft", f'table inet {self._table} {{\n chain i {{\n {hook}\n iifname "{self._near}" {rule}\n }}\n}}\n')

    def up(self) -> None:
        """Make it. Raises `NotHere`."""
        _run("ip", "netns", "add", self._name)
        _run("ip", "link", "add", self._near, "type", "veth", "peer", "name", self._far)
        _run("ip", "link", "set", self._far, "netns", self._name)
        _run("ip", "addr", "add", f"{self.here}/24", "dev", self._near)
        _run("ip", "link", "set", self._near, "up")
        for command in (
            ("addr", "add", f"{self._there}/24", "dev", self._far),
            ("link", "set", self._far, "up"),
            ("link", "set", "lo", "up"),
        ):
            _run(*self.there("ip", *command))
        shape = ("root", "tbf", "rate", f"{self.rate}bit", "burst", str(min(_BURST, max(1_600, self.rate // 8))), "latency", _QUEUE)
        _run("tc", "qdisc", "add", "dev", self._near, *shape)
        _run(*self.there("tc", "qdisc", "add", "dev", self._far, *shape))

    def down(self) -> None:
        """Take it away."""
        _quietly("nft", "delete", "table", "inet", self._table)
        _quietly("ip", "netns", "del", self._name)
        _quietly("ip", "link", "del", self._near)


@contextlib.contextmanager
def wire(rate: int) -> Iterator[Wire]:
    """Make a line of `rate` bits a second. Raises `NotHere` where that cannot be done."""
    missing = [name for name in ("ip", "tc", "nft") if shutil.which(name) is None]
    if missing or os.geteuid() != 0:
        raise NotHere(f"a poor line needs root, iproute2 and nftables; missing: {', '.join(missing) or 'root'}")
    line = Wire(rate)
    try:
        line.up()
        yield line
    finally:
        line.down()


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotHere(f"{' '.join(command[:4])}: {done.stderr.strip()[:200]}")


def _quietly(*command: str) -> None:
    subprocess.run(command, capture_output=True, check=False)

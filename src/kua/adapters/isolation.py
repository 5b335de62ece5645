# SPDX-License-Identifier: Apache-2.0
"""Walls around the process that sees raw pictures: no network, no new file, no other program, no core dump, for itself and every thread it starts.

Two layers, since machines differ (docs/adr/0014): a seccomp filter, which every Linux kernel of these years gives to any process, and an empty network
namespace, where the kernel lets this user make one. Python 3.11 has neither, so both are asked of the kernel through ctypes. Nothing here can be undone.
"""

import ctypes
import errno
import os
import platform
import resource
import struct
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final

from kua.core.errors import KuaError, Unavailable

_PR_SET_DUMPABLE: Final = 4
_PR_SET_NO_NEW_PRIVS: Final = 38
_SECCOMP_SET_MODE_FILTER: Final = 1
_SECCOMP_FILTER_FLAG_TSYNC: Final = 1
_CLONE_NEWUSER: Final = 0x1000_0000
_CLONE_NEWNET: Final = 0x4000_0000
_CLONE_THREAD: Final = 0x0001_0000
_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

_ALLOW: Final = 0x7FFF_0000
_ERRNO: Final = 0x0005_0000
_KILL: Final = 0x8000_0000
_LD, _JEQ, _JGE, _JSET, _RET = 0x20, 0x15, 0x35, 0x45, 0x06
_AT_NUMBER, _AT_ARCH, _AT_ARGUMENTS = 0, 4, 16

_DENIED: Final = (
    "socket socketpair bind listen accept accept4 connect sendto sendmsg sendmmsg recvfrom recvmsg execve execveat fork vfork ptrace process_vm_readv "
    "process_vm_writev creat mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 link linkat symlink symlinkat mknod mknodat truncate chmod fchmod "
    "fchmodat chown fchown lchown fchownat mount umount2 pivot_root chroot memfd_create bpf userfaultfd perf_event_open keyctl add_key request_key tkill "
    "pidfd_open pidfd_getfd pidfd_send_signal msgget shmget semget mq_open unshare setns kexec_load init_module finit_module io_uring_setup"
).split()
_UNKNOWN: Final = "clone3 openat2".split()
"""Calls whose arguments a filter cannot see: the kernel says that it does not know them, and libraries take the older ones."""

_X86_64: Final = dict(
    pair.split("=")
    for pair in (
        "socket=41 connect=42 accept=43 sendto=44 recvfrom=45 sendmsg=46 recvmsg=47 bind=49 listen=50 socketpair=53 clone=56 fork=57 vfork=58 execve=59 kill=62 "
        "semget=64 msgget=68 shmget=29 open=2 truncate=76 rename=82 mkdir=83 rmdir=84 creat=85 link=86 unlink=87 symlink=88 chmod=90 fchmod=91 chown=92 fchown=93 "
        "lchown=94 ptrace=101 mknod=133 pivot_root=155 chroot=161 mount=165 umount2=166 init_module=175 tkill=200 mq_open=240 kexec_load=246 add_key=248 "
        "request_key=249 keyctl=250 openat=257 mkdirat=258 mknodat=259 fchownat=260 unlinkat=263 renameat=264 linkat=265 symlinkat=266 fchmodat=268 unshare=272 "
        "accept4=288 perf_event_open=298 sendmmsg=307 setns=308 process_vm_readv=310 process_vm_writev=311 finit_module=313 renameat2=316 memfd_create=319 bpf=321 "
        "execveat=322 userfaultfd=323 pidfd_send_signal=424 io_uring_setup=425 pidfd_open=434 clone3=435 openat2=437 pidfd_getfd=438 seccomp=317"
    ).split()
)
_AARCH64: Final = dict(
    pair.split("=")
    for pair in (
        "socket=198 socketpair=199 bind=200 listen=201 accept=202 connect=203 sendto=206 recvfrom=207 sendmsg=211 recvmsg=212 accept4=242 sendmmsg=269 clone=220 "
        "execve=221 ptrace=117 openat=56 mkdirat=34 unlinkat=35 renameat=38 linkat=37 symlinkat=36 mknodat=33 truncate=45 fchmod=52 fchmodat=53 fchownat=54 "
        "fchown=55 mount=40 umount2=39 pivot_root=41 chroot=51 kill=129 tkill=130 msgget=186 semget=190 shmget=194 mq_open=180 unshare=97 kexec_load=104 "
        "init_module=105 add_key=217 request_key=218 keyctl=219 perf_event_open=241 setns=268 process_vm_readv=270 process_vm_writev=271 finit_module=273 "
        "renameat2=276 memfd_create=279 bpf=280 execveat=281 userfaultfd=282 pidfd_send_signal=424 io_uring_setup=425 pidfd_open=434 clone3=435 openat2=437 "
        "pidfd_getfd=438 seccomp=277"
    ).split()
)
_MACHINES: Final = {"x86_64": (0xC000_003E, _X86_64), "aarch64": (0xC000_00B7, _AARCH64)}
"""Audit architecture and system call numbers of the machines that stations are (linux/audit.h, asm/unistd.h). Others are refused."""


@dataclass(frozen=True, slots=True)
class Walls:
    """What stands around this process now. `filter` always; `namespace` where the kernel let this user make a network of its own."""

    filter: bool
    namespace: bool


def isolate() -> Walls:
    """Wall this process in, for good. To be called before any library starts a thread.

    Raises `Unavailable("isolation.impossible")` where no filter can be set: then no raw picture may be looked at here.
    """
    machine = platform.machine()
    if sys.platform != "linux" or machine not in _MACHINES:
        raise Unavailable("isolation.impossible", machine=machine, step="machine")
    kernel = ctypes.CDLL(None, use_errno=True)
    leave_no_traces(kernel)
    namespace = threading.active_count() == 1 and (
        kernel.unshare(_CLONE_NEWNET) == 0 or kernel.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0
    )
    if kernel.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise Unavailable("isolation.impossible", machine=machine, step="privileges")
    architecture, numbers = _MACHINES[machine]
    program = b"".join(_filter(architecture, {name: int(number) for name, number in numbers.items()}, os.getpid()))
    code = ctypes.create_string_buffer(program, len(program))
    head = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code))
    if kernel.syscall(int(numbers["seccomp"]), _SECCOMP_SET_MODE_FILTER, _SECCOMP_FILTER_FLAG_TSYNC, head):
        raise Unavailable("isolation.impossible", machine=machine, step=errno.errorcode.get(ctypes.get_errno(), "filter"))
    return Walls(True, namespace)


def leave_no_traces(kernel: ctypes.CDLL) -> None:
    """See to it that a crash leaves neither a core file nor anything of a picture on standard error, and that nobody may look into this process."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    kernel.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    sys.excepthook = _say_little
    threading.excepthook = lambda failed: _say_little(failed.exc_type, failed.exc_value, failed.exc_traceback)
    for name in [name for name in os.environ if name.startswith("KUA_CAMERA")]:
        del os.environ[name]  # passwords are for `fetch` alone


def _say_little(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    """Write what kind of error it was and where, and nothing that it holds: a message of a library may quote what it was given."""
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace is not None else ""
    code = error.code if isinstance(error, KuaError) else ""
    os.write(2, b'{"event":"crashed","kind":"%s","code":"%s","where":"%s"}\n' % (kind.__name__.encode(), code.encode(), where.encode()))


def _filter(architecture: int, numbers: dict[str, int], own: int) -> Iterator[bytes]:
    """Yield the filter's instructions (linux/filter.h): another architecture ends the process, a denied call gives EPERM, all else is allowed."""
    yield _step(_LD, _AT_ARCH)
    yield from (_step(_JEQ, architecture, 1, 0), _step(_RET, _KILL))
    yield _step(_LD, _AT_NUMBER)
    if architecture == _MACHINES["x86_64"][0]:
        yield from (_step(_JGE, 0x4000_0000, 0, 1), _step(_RET, _KILL))  # the x32 calls have other numbers
    for names, answer in ((_DENIED, errno.EPERM), (_UNKNOWN, errno.ENOSYS)):
        for name in names:
            if name in numbers:
                yield from (_step(_JEQ, numbers[name], 0, 1), _step(_RET, _ERRNO | answer))
    for name, argument in (("open", 1), ("openat", 2)):
        if name in numbers:
            yield _step(_JEQ, numbers[name], 0, 4)
            yield from _unless(_JSET, argument, _WRITING, allowed=False)
    yield _step(_JEQ, numbers["clone"], 0, 4)
    yield from _unless(_JSET, 0, _CLONE_THREAD, allowed=True)
    yield _step(_JEQ, numbers["kill"], 0, 4)
    yield from _unless(_JEQ, 0, own, allowed=True)
    yield _step(_RET, _ALLOW)


def _unless(test: int, argument: int, value: int, *, allowed: bool) -> Iterator[bytes]:
    """Yield the four steps that look at one argument: allow, or deny, where `test` holds, and the other way round where it does not."""
    verdicts = (_ALLOW, _ERRNO | errno.EPERM) if allowed else (_ERRNO | errno.EPERM, _ALLOW)
    yield _step(_LD, _AT_ARGUMENTS + 8 * argument)
    yield _step(test, value, 0, 1)
    yield from (_step(_RET, verdict) for verdict in verdicts)


def _step(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("HBBI", code, yes, no, value)

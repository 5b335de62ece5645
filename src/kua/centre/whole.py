# SPDX-License-Identifier: Apache-2.0
"""Work in a thread that is finished once it has begun: a cancelled waiter waits for it, so that nobody closes a file under its hands."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


async def in_thread(work: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
    """Run `work` in a thread and return its result. Cancellation takes effect after it has ended."""
    task = asyncio.ensure_future(asyncio.to_thread(work, *args, **kwargs))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise

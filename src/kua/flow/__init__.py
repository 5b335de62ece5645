# SPDX-License-Identifier: Apache-2.0
"""What to do next, as state machines: back-off, watchdog, spool, clock anchor. Pure: `now` is an argument."""

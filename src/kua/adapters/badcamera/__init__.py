# SPDX-License-Identifier: Apache-2.0
"""A bad camera in a box: an RTSP camera that misbehaves on demand, for tests and for `kua doctor camera --self-test`. Loopback only; shows drawings only."""

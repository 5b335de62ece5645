# SPDX-License-Identifier: Apache-2.0
"""CMAF boxes, cutting into slots, HLS playlists. Pure: no codec, no file."""

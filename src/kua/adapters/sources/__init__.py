# SPDX-License-Identifier: Apache-2.0
"""Cameras and what stands in for them, chosen by the scheme of a URL. Nothing here hides or counts."""

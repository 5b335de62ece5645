# SPDX-License-Identifier: Apache-2.0
"""Stations become known by a one-time code: their key, and a `certificate` leaf for everybody to see."""

# SPDX-License-Identifier: Apache-2.0
"""Counting people, never recognising them: queue length and flow from what is not the empty room. Pure; no identity has a place here."""

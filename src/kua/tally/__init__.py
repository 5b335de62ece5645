# SPDX-License-Identifier: Apache-2.0
"""Counting people and telling what happens at box and tables, never recognising anybody, from what is not the empty room. Pure; no identity has a place here."""

# SPDX-License-Identifier: Apache-2.0
"""The election that this centre serves: its file, its note, its legal profile, and the rules that follow from them."""

# SPDX-License-Identifier: Apache-2.0
"""Rendered polling rooms with their truth: films in which every ballot, every event and every head is known, and what scores films of them. Nobody real is in them."""

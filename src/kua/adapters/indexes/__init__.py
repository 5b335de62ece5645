# SPDX-License-Identifier: Apache-2.0
"""Indexes by URL scheme: so far SQLite (`sqlite.py`)."""

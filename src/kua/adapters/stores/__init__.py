# SPDX-License-Identifier: Apache-2.0
"""Stores by URL scheme: so far a folder of files (`files.py`)."""

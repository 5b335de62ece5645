# SPDX-License-Identifier: Apache-2.0
"""The rules of the letter as functions that return a Verdict with its article. Pure: law itself is data (the legal profile)."""

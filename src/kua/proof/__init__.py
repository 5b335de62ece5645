# SPDX-License-Identifier: Apache-2.0
"""Statements, Merkle tree, signed notes, checkpoints, tiles, leaves, signatures. Pure: bytes in, verdicts out; no files, no network, no clock."""

# SPDX-License-Identifier: Apache-2.0
"""The national log: certificates, stations' checkpoints, withdrawals. One writer."""

# SPDX-License-Identifier: Apache-2.0
"""What stations send: checked before it is acknowledged, kept as evidence where it does not hold."""

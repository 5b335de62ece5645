# SPDX-License-Identifier: Apache-2.0
"""The promises between rooms, as Protocols. No implementation."""

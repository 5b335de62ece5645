# SPDX-License-Identifier: Apache-2.0
"""Looking for cameras on the network, near and bounded: only through doors and at addresses that a person named or that answered. Never over a range."""

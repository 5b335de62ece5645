# SPDX-License-Identifier: Apache-2.0
"""The co-signer (C2SP tlog-witness): one small program that a party, an observer or a university runs, beside no other part of kua.

It remembers, for each log, the largest tree that it has vouched for, and never vouches for one that does not continue it. Base install only.
"""

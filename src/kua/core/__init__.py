# SPDX-License-Identifier: Apache-2.0
"""The nouns everybody shares: time, ids, digests, canonical bytes, geometry, errors, verdicts. Pure: no clock, file or socket."""

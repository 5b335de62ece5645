# SPDX-License-Identifier: Apache-2.0
"""Decoding and encoding with PyAV: packets to raw pictures, safe pictures to film. Hides nothing."""

# SPDX-License-Identifier: Apache-2.0
"""Reports on paper: data goes in, PDF comes out, the same bytes every time. Judges nothing and knows none of the rooms whose data it sets."""

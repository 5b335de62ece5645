# SPDX-License-Identifier: Apache-2.0
"""The published tree: what the law lets the public see, when it lets them, and nothing that no leaf names."""

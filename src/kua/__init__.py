# SPDX-License-Identifier: Apache-2.0
"""kua (куә, Kazakh for *witness*): video monitoring of the vote that hides people first and proves the rest."""

__version__ = "26.11.0"

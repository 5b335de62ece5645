# SPDX-License-Identifier: Apache-2.0
"""kua <noun> <verb>: turns arguments into calls and errors into words and exit codes."""

# SPDX-License-Identifier: Apache-2.0
"""What an outsider runs: check a film, a log, a whole night. No server, no account, base install only."""

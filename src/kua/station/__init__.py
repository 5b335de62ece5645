# SPDX-License-Identifier: Apache-2.0
"""The agent in the polling station: fetch, hide, keep; journal, spool, uplink, calibration."""

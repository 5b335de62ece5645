# SPDX-License-Identifier: Apache-2.0
"""The centre, one folder a subject: elections, enrol, ingest, log, broadcast."""

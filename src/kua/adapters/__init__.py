# SPDX-License-Identifier: Apache-2.0
"""The only place with heavy libraries: sources, codecs, detectors, durable files, couriers, indexes, clocks."""

# SPDX-License-Identifier: Apache-2.0
"""The public site: country, region, station (screens P1-P3). Reads the public index and nothing else."""

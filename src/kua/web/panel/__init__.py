# SPDX-License-Identifier: Apache-2.0
"""The face of the box in the station. For now only the demonstration's slider; a real station has no page that shows a raw picture while voting."""

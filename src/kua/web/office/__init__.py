# SPDX-License-Identifier: Apache-2.0
"""The staff's pages. So far one: stop the publication of a camera."""

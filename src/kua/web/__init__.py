# SPDX-License-Identifier: Apache-2.0
"""The faces: site (public), api (machines), kit shared by both."""

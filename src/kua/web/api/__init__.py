# SPDX-License-Identifier: Apache-2.0
"""The centre's interface for stations and for the operator's own commands (docs/spec/centre-api.md)."""

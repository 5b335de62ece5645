# SPDX-License-Identifier: Apache-2.0
"""Public fakes, Hypothesis strategies and contract tests for plug-ins."""

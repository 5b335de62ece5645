# SPDX-License-Identifier: Apache-2.0
"""The one place that builds objects: settings, plug-ins by URL, roles, supervision, the demo."""

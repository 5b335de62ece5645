# SPDX-License-Identifier: Apache-2.0
"""What all our pages share: templates with languages, formats, static files, safe headers. Knows no page."""

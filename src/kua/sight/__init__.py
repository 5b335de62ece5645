# SPDX-License-Identifier: Apache-2.0
"""Pictures: raw and safe frames, booth masks, the allow-list, the plan of what is hidden, and painting it. Pure (numpy only); decodes nothing, stores nothing. Stays without imports."""

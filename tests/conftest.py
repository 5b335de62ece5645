# SPDX-License-Identifier: Apache-2.0
"""How all tests run: properties without a stop-watch, and the same examples on every build machine. Holds no fixtures."""

import os

from hypothesis import HealthCheck, settings

# A busy machine is not a fault of the code: deadlines belong to benchmarks. On a build machine the examples are fixed, so that a red build
# is about the change; at a desk they differ from run to run, and find more.
settings.register_profile("desk", deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None)
settings.register_profile("build", parent=settings.get_profile("desk"), derandomize=True)
settings.load_profile("build" if os.environ.get("CI") else "desk")

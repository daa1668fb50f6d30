"""What every test may count on: reproducible random cases and no window on the screen."""

import os

from hypothesis import settings

os.environ["MPLBACKEND"] = "Agg"

# The same cases on every machine: a red run can be repeated. No deadline: seconds are no test.
settings.register_profile("repeatable", deadline=None, derandomize=True, database=None)
settings.load_profile("repeatable")

"""Flows of order parameters in time: ordinary differential equations from `Equations`."""

from numerics.flow.endings import Ending
from numerics.flow.flow import flow
from numerics.flow.trajectories import Trajectories

__all__ = ["Ending", "Trajectories", "flow"]

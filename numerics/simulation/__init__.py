"""Monte Carlo of a finite system by heat bath, with error bars that know of autocorrelation."""

from numerics.simulation.autocorrelation import Correlated, autocorrelation
from numerics.simulation.estimate import Estimate
from numerics.simulation.extrapolation import Extrapolation, combined_p_value, extrapolate
from numerics.simulation.run import Run
from numerics.simulation.sampling import Sampling
from numerics.simulation.simulate import simulate

__all__ = [
    "Correlated",
    "Estimate",
    "Extrapolation",
    "Run",
    "Sampling",
    "autocorrelation",
    "combined_p_value",
    "extrapolate",
    "simulate",
]

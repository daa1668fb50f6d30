"""Monte Carlo of a finite system by heat bath, with error bars that know of autocorrelation."""

from numerics.simulation.autocorrelation import Correlated, autocorrelation
from numerics.simulation.disorder import draw_disorder
from numerics.simulation.disorder_average import DisorderAverage, SampleMean, disorder_average
from numerics.simulation.estimate import Estimate
from numerics.simulation.extrapolation import Extrapolation, combined_p_value, extrapolate
from numerics.simulation.parallel_tempering import Tempered, parallel_tempering
from numerics.simulation.run import Run
from numerics.simulation.sampling import Sampling
from numerics.simulation.simulate import simulate

__all__ = [
    "Correlated",
    "DisorderAverage",
    "Estimate",
    "Extrapolation",
    "Run",
    "SampleMean",
    "Sampling",
    "Tempered",
    "autocorrelation",
    "combined_p_value",
    "disorder_average",
    "draw_disorder",
    "extrapolate",
    "parallel_tempering",
    "simulate",
]

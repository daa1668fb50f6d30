"""Stable special functions, by families; rewriting to them is in `numerics.stable`."""

from numerics.special.base import StableFunction
from numerics.special.entropies import BinaryEntropy, OnePlusXLog1p, XLogX
from numerics.special.hyperbolic import Log2Cosh, LogCosh, Sech2, SpinEntropy
from numerics.special.langevin import Langevin, LangevinSlope, LogSinhc
from numerics.special.logistic import Expm1, Log1mExp, Log1p, Logistic, Logit, Softplus
from numerics.special.tails import (
    GaussianTail,
    InverseMills,
    LogErfc,
    LogGaussianTail,
    LogMillsRatio,
    MillsRatio,
    TailCumulant,
    TailPower,
)

__all__ = [
    "BinaryEntropy",
    "Expm1",
    "GaussianTail",
    "InverseMills",
    "Langevin",
    "LangevinSlope",
    "Log1mExp",
    "Log1p",
    "Log2Cosh",
    "LogCosh",
    "LogErfc",
    "LogGaussianTail",
    "LogMillsRatio",
    "LogSinhc",
    "Logistic",
    "Logit",
    "MillsRatio",
    "OnePlusXLog1p",
    "Sech2",
    "Softplus",
    "SpinEntropy",
    "StableFunction",
    "TailCumulant",
    "TailPower",
    "XLogX",
]

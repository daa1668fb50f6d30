"""Stable special functions, by families; rewriting to them is in `numerics.stable`."""

from numerics.special.arcs import ArcCos, ArcCosineKernel, ArcSin
from numerics.special.base import StableFunction
from numerics.special.differences import (
    ExpDifference,
    GaussianInterval,
    LogGaussianInterval,
    LogisticDifference,
    LogRatio,
)
from numerics.special.entropies import BinaryEntropy, OnePlusXLog1p, SpinInformation, XLogX
from numerics.special.hyperbolic import Log2Cosh, LogCosh, Sech2, SpinEntropy
from numerics.special.langevin import Langevin, LangevinSlope, LogSinhc
from numerics.special.logistic import Expm1, Log1mExp, Log1p, Logistic, Logit, Softplus
from numerics.special.tails import (
    GaussianTail,
    InverseMills,
    InverseMillsSlope,
    LogErfc,
    LogGaussianTail,
    LogMillsRatio,
    MillsRatio,
    TailCumulant,
    TailPower,
)

__all__ = [
    "ArcCos",
    "ArcCosineKernel",
    "ArcSin",
    "BinaryEntropy",
    "ExpDifference",
    "Expm1",
    "GaussianInterval",
    "GaussianTail",
    "InverseMills",
    "InverseMillsSlope",
    "Langevin",
    "LangevinSlope",
    "Log1mExp",
    "Log1p",
    "Log2Cosh",
    "LogCosh",
    "LogErfc",
    "LogGaussianInterval",
    "LogGaussianTail",
    "LogMillsRatio",
    "LogRatio",
    "LogSinhc",
    "Logistic",
    "LogisticDifference",
    "Logit",
    "MillsRatio",
    "OnePlusXLog1p",
    "Sech2",
    "Softplus",
    "SpinEntropy",
    "SpinInformation",
    "StableFunction",
    "TailCumulant",
    "TailPower",
    "XLogX",
]

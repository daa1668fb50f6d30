"""Rows for hyperbolic functions, logs near one, entropies, and sums of exponentials."""

from __future__ import annotations

from sympy import Rational, atanh, cosh, coth, exp, log, sinh, tanh

from numerics.exponentials import LogSumExp, SoftAverage
from numerics.rows.row import Row, a, b, x
from numerics.special import (
    BinaryEntropy,
    Expm1,
    Langevin,
    LangevinSlope,
    Log1mExp,
    Log1p,
    Log2Cosh,
    LogCosh,
    Logistic,
    Logit,
    LogSinhc,
    OnePlusXLog1p,
    Sech2,
    Softplus,
    SpinEntropy,
    SpinInformation,
    XLogX,
)

__all__ = ["PATTERNS", "WORKED"]

REAL = ((1e-9,), (0.3,), (-2.5,), (40.0,), (-1e4,))
NEGATIVE = ((-1e-9,), (-0.3,), (-2.5,), (-40.0,), (-1e4,))
UNIT = ((1e-300,), (1e-9,), (0.25,), (0.5 + 1e-9,), (1 - 1e-9,))
OPEN = ((-1 + 1e-9,), (-0.5,), (1e-9,), (0.75,), (1 - 1e-9,))
TWO = ((0.3, 0.2), (1e4, 1e4), (-1e4, 9e3), (25.0, -30.0), (-1e-9, 1e-9))

PATTERNS = (
    Row(1 - tanh(x) ** 2, Sech2(x), REAL),  # 1 - tanh^2 = 1/cosh^2
    Row(cosh(x) ** -2, Sech2(x), REAL),  # by definition
    Row(sinh(x) / cosh(x), tanh(x), REAL),  # tanh = sinh/cosh
    Row(1 + tanh(x), 2 * Logistic(2 * x), REAL),  # 1 + tanh x = 2/(1 + exp(-2x))
    Row(1 - tanh(x), 2 * Logistic(-2 * x), REAL),  # the same at -x
    Row(log(cosh(x)), LogCosh(x), REAL),  # by definition
    Row(Log2Cosh(x) - log(2), LogCosh(x), REAL),  # by definition
    Row(cosh(x) / sinh(x), coth(x), REAL),  # coth = cosh/sinh
    Row(log(Sech2(x)), -2 * LogCosh(x), REAL),  # log of 1/cosh^2
    Row(Log2Cosh(x) - x * tanh(x), SpinEntropy(x), REAL[:4]),  # entropy of a spin in a field
    Row(exp(x) - 1, Expm1(x), REAL[:4]),  # by definition
    Row(log(-Expm1(x)), Log1mExp(-x), NEGATIVE),  # log(1 - exp(-x))
    Row(log(sinh(x) / x), LogSinhc(x), REAL),  # by definition
    Row(coth(x) - 1 / x, Langevin(x), REAL),  # by definition
    Row(x**-2 - sinh(x) ** -2, LangevinSlope(x), REAL),  # derivative of the line above
    Row(x * log(x), XLogX(x), UNIT),  # by definition, with 0 log 0 = 0
    Row((1 + x) * Log1p(x), OnePlusXLog1p(x), OPEN),  # x log x at 1 + x
    Row(-XLogX(x) - OnePlusXLog1p(-x), BinaryEntropy(x), UNIT),  # by definition
    Row(OnePlusXLog1p(x) + OnePlusXLog1p(-x), SpinInformation(x), OPEN),  # about x**2 near zero
    Row(log(x / (1 - x)), Logit(x), UNIT),  # by definition
    Row(log(x) - Log1p(-x), Logit(x), UNIT),  # by definition
    Row(log((1 + x) / (1 - x)), 2 * atanh(x), OPEN),  # by definition
    Row(log(1 + x), Log1p(x), OPEN),  # by definition
)

WORKED = (
    Row(log(2 * cosh(x)), Log2Cosh(x), REAL),  # |x| + log(1 + exp(-2|x|))
    Row(log(exp(x) + exp(-x)), Log2Cosh(x), REAL),  # exp(x) + exp(-x) = 2 cosh(x)
    Row(log(4 * cosh(x) * cosh(a)), Log2Cosh(x) + Log2Cosh(a), TWO),  # log of a product
    Row(log(exp(a) + exp(b)), LogSumExp(1, a, 1, b), TWO),  # M + log sum exp(. - M)
    Row(log((exp(a) + 3 * exp(b)) / 4), LogSumExp(Rational(1, 4), a, Rational(3, 4), b), TWO),
    Row(log(1 + exp(x)), Softplus(x), REAL),  # by definition
    Row(log(1 + 2 * exp(-a) * cosh(x)), Softplus(Log2Cosh(x) - a), TWO),  # 2 cosh = exp(log 2cosh)
    Row(exp(a) / (exp(a) + exp(b)), Logistic(a - b), TWO),  # 1/(1 + exp(b - a))
    Row(
        exp(a) / (1 + exp(a) + exp(b)),
        SoftAverage(0, 1, 0, 1, 1, a, 0, 1, b),  # shifted by the largest exponent
        TWO,
    ),
    Row(1 / (1 + exp(x)), Logistic(-x), REAL),  # by definition
    Row(
        2 * exp(-a) * sinh(x) / (1 + 2 * exp(-a) * cosh(x)),
        tanh(x) * Logistic(Log2Cosh(x) - a),  # sinh = tanh cosh
        TWO,
    ),
)

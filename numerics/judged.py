"""What a kernel says of its own accuracy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numerics.averages import Quadrature
from numerics.blocks import BLOCK
from numerics.plans import Plans

__all__ = ["Judged"]


class Judged:
    """How averages are evaluated, and what is expected of the error."""

    plans: Plans

    if TYPE_CHECKING:

        def _evaluated(self, *args: Any) -> Any: ...

    @property
    def quadrature(self) -> tuple[Quadrature, ...]:
        """How each average is evaluated, in each box of the parameters that was planned so far.

        Examples
        --------
        >>> from sympy import symbols, tanh
        >>> import derive as dv, numerics as nm
        >>> a, z = symbols("a z", real=True)
        >>> f = nm.compile(dv.GaussianAverage(tanh(a*z)**2, z), ranges={"a": (0, 2)})
        >>> bool(f(1.0) < 1)
        True
        >>> row = f.quadrature[0]
        >>> row.box, row.nodes < 100, row.estimate < 1e-13
        ('a in (0, 2)', True, True)
        """
        return self.plans.quadrature

    def error_estimate(self, *args: Any, **named: Any) -> Any:
        """What the results may be wrong by at most, absolute, for arguments as in a call.

        The estimate of each average in the box it was planned for, carried to the result by
        derivatives, with the rounding of the sums and, where nodes do not move with them, of
        scalar parameters.  It exceeds the error as a rule by one or two orders of magnitude.

        Examples
        --------
        >>> from sympy import symbols, tanh
        >>> import derive as dv, numerics as nm
        >>> a, z = symbols("a z", real=True)
        >>> f = nm.compile(dv.GaussianAverage(tanh(a*z)**2, z))
        >>> bool(0 < f.error_estimate(a=1.0) < 1e-13)
        True
        """
        return self._evaluated(args, named, None, "raise", BLOCK, self.plans.judged)

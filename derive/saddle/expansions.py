"""Expansions of a free entropy: in 1/N around a saddle, and around critical points."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from sympy import Expr

from derive.errors import DeriveError
from derive.saddle.fluctuations import corrections, gaussian_fluctuation
from derive.saddle.stationarity import distributed

if TYPE_CHECKING:
    from derive.equations import Equations
    from derive.saddle.critical import CriticalPoint
    from derive.saddle.landau import Landau
    from derive.saddle.spinodal import Spinodal

__all__ = ["Expansions"]


class Expansions:
    """What needs more than first derivatives of phi, mixed into `FreeEntropy`."""

    if TYPE_CHECKING:

        @property
        def density(self) -> Expr: ...

        @property
        def size(self) -> Expr: ...

        @property
        def explicit(self) -> Any: ...

        @property
        def is_extensive_vector(self) -> bool: ...

        @property
        def is_integrated(self) -> bool: ...

    @cached_property
    def fluctuation(self) -> Expr:
        """``log Z - N phi`` at order N**0: the correction and the Gaussian fluctuations.

        With one component per site the determinant stays one, in index notation (`LogDet`), and
        with as many fields as sites it is a term of an approximation that nothing controls.

        Raises
        ------
        DeriveError
            For an expansion at fixed means: they are no fields that fluctuate.
        """
        self._require_fields()
        if self.is_extensive_vector:
            from derive.saddle.vector_fluctuations import vector_fluctuation

            return vector_fluctuation(self)  # type: ignore[arg-type]
        return gaussian_fluctuation(self.explicit)

    @cached_property
    def next_order(self) -> Expr:
        """The coefficient of 1/N in log Z."""
        return self.corrections(1)[0]

    def _require_fields(self) -> None:
        if not self.is_integrated:
            raise DeriveError(
                "this is an expansion in the couplings at fixed means, over which nothing is "
                "integrated: log Z is N phi, and a higher order of plefka is what corrects it"
            )

    def corrections(self, order: int = 1) -> tuple[Expr, ...]:
        """Coefficients of 1/N, ..., 1/N**order in log Z around one saddle."""
        self._require_fields()
        return corrections(self.explicit, order)

    def log_partition(self, order: int = 1) -> Expr:
        """log Z around one saddle, up to and including the order 1/N**order."""
        beyond = self.corrections(order) if order else ()
        terms = [c / self.size**k for k, c in enumerate(beyond, start=1)]
        leading = self.size * self.density
        leading = distributed(leading) if self.is_extensive_vector else leading
        return sum(terms, leading + self.fluctuation)

    def critical_point(
        self, at: Any = None, solve_for: Any = None, **parameters: Any
    ) -> CriticalPoint:
        """Where the inverse response vanishes at a symmetric point.

        Parameters
        ----------
        at : dict, optional
            Values of unknowns at the symmetric point; zero by default.
        solve_for : Symbol or str, optional
            The parameter; the symbol of the inverse temperature by default.
        **parameters
            Values of other parameters, such as ``h=0``.

        Raises
        ------
        DeriveError
            If the point is no saddle, or the condition does not depend on the parameter.

        Examples
        --------
        >>> from sympy import cosh, log, symbols
        >>> from derive.saddle.free_entropy import FreeEntropy
        >>> b, J = symbols("beta J", positive=True)
        >>> m, h = symbols("m h", real=True)
        >>> phi = log(2*cosh(b*(J*m + h))) - b*J*m**2/2
        >>> FreeEntropy(phi, m, beta=b).critical_point(h=0).value
        1/J
        """
        if self.is_extensive_vector:
            from derive.saddle.vector_critical import vector_critical_point

            return vector_critical_point(self, at, solve_for, parameters)  # type: ignore[arg-type]
        from derive.saddle.critical import critical_point

        return critical_point(self.explicit, at, solve_for, parameters)

    def spinodal(self, source: Any = "h") -> Spinodal:
        """Where a metastable state ends, as the field `source` is changed; see `Spinodal`."""
        from derive.saddle.spinodal import spinodal

        return spinodal(self.explicit, source)

    def landau(self, order: int = 4, **options: Any) -> Landau:
        """Expand in the order parameter around a symmetric point; see `Landau`.

        With one component per site the expansion is along the eigenvector that becomes critical,
        ``mode="psi"``; see `landau_mode`.
        """
        if self.is_extensive_vector:
            from derive.saddle.landau_mode import landau_mode

            return landau_mode(self, order=order, **options)  # type: ignore[arg-type]
        from derive.saddle.landau import landau

        return landau(self.explicit, order, **options)

    def limit(self, variable: Any, point: Any, side: str = "-", scaling: Any = None) -> Any:
        """The leading behaviour in a limit; see `Derivation.limit`.

        Returns
        -------
        Capacity, GroundState or FreeEntropy
            For an overlap that goes to its end, for zero temperature, for another parameter.

        Examples
        --------
        >>> from sympy import cosh, log, oo, symbols
        >>> import derive as dv
        >>> beta, J = symbols("beta J", positive=True)
        >>> m = symbols("m", real=True)
        >>> phi = log(2*cosh(beta*J*m)) - beta*J*m**2/2
        >>> dv.FreeEntropy(phi, m, beta=beta).limit(beta, oo).energy
        J*m**2/2 - J*Abs(m)
        """
        from derive.limits.limit import limit

        return limit(self, variable, point, side=side, scaling=scaling).after

    def zero_entropy(self, parameter: Any) -> Equations:
        """The saddle equations with "entropy = 0", for the unknowns and a parameter.

        Without an inverse temperature phi is the entropy: the logarithm of a number of states.

        Raises
        ------
        ParameterError
            If nothing depends on the parameter.
        """
        from derive.limits.zero_entropy import zero_entropy

        return zero_entropy(self, parameter)  # type: ignore[arg-type]

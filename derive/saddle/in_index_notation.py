"""What a free entropy says of unknowns with one component per site, without writing them out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sympy import Eq, Expr

from derive.errors import DeriveError
from derive.indices import free_indices
from derive.saddle.index_notation import with_other_index
from derive.saddle.stationarity import distributed

__all__ = ["InIndexNotation"]


class InIndexNotation:
    """Blocks of matrices and linear equations in index notation, mixed into `FreeEntropy`."""

    if TYPE_CHECKING:

        @property
        def unknowns(self) -> tuple[Expr, ...]: ...

        @property
        def gradient(self) -> tuple[Expr, ...]: ...

        def at_saddle(self, expr: Any) -> Expr: ...

        def parameter(self, name: Any) -> Expr: ...

        def unknown(self, name: Any) -> Expr: ...

    def hessian_block(self, first: Any, second: Any) -> Expr:
        """The second derivative by two unknowns at the saddle, in index notation.

        The first carries its own index; the second the next letter, and the answer holds a
        Kronecker delta for what is diagonal in the sites.

        Examples
        --------
        >>> import derive as dv
        >>> from sympy import Symbol, cosh, log
        >>> from derive.saddle.free_entropy import FreeEntropy
        >>> N = dv.size("N")
        >>> i, j = dv.indices("i j", N)
        >>> x, U = Symbol("x"), dv.Real("U", i)
        >>> sites = FreeEntropy(dv.total(log(cosh(U[i] + x)) - U[i]**2/2, i)/N, U[i], size=N)
        >>> sites.hessian_block("U", "U")
        -KroneckerDelta(i, j)*U[i]**2/N
        """
        a, b = self.unknown(first), self.unknown(second)
        row = self.gradient[self.unknowns.index(a)]
        entry = row.diff(with_other_index(b, free_indices(a)))
        return distributed(self.at_saddle(entry))

    def inverse_response_block(self, first: Any, second: Any) -> Expr:
        """A block of the matrix of the linear system that every response solves.

        ``delta - dG/du`` of the natural form ``u = G(u)``, or minus N times the Hessian; the first
        unknown carries its own index, the second another letter.

        Examples
        --------
        >>> import derive as dv
        >>> from sympy import Symbol, cosh, log, tanh
        >>> from derive.saddle.free_entropy import FreeEntropy
        >>> N = dv.size("N")
        >>> i, j = dv.indices("i j", N)
        >>> w, V = dv.Given("w", i, j, symmetric=True), dv.Real("V", i)
        >>> field = dv.total(w[i, j]*V[j], j)
        >>> phi = dv.total(log(cosh(field)), i) - dv.total(V[i]*w[i, j]*V[j], i, j)/2
        >>> FreeEntropy(phi/N, V[i], size=N).inverse_response_block("V", "V")
        -(1 - V[i]**2)*w[i, j] + KroneckerDelta(i, j)
        """
        from derive.saddle.vector_response import inverse_response_system

        system = inverse_response_system(self)  # type: ignore[arg-type]
        return system.block(self.unknown(first), self.unknown(second))

    def response_equation(self, unknown: Any, parameter: Any) -> Eq:
        """The linear equation for d(unknown)/d(parameter), a vector of elements of that name.

        The responses of other unknowns are eliminated from it where their own block is diagonal, as
        that of a conjugate field is.  By a field with an index, ``h[i]``, it is an array ``dV[i,
        k]``.

        Raises
        ------
        DeriveError
            If responses of other unknowns remain: they need equations of their own.

        Examples
        --------
        >>> from sympy import cosh, log, symbols
        >>> from derive.saddle.free_entropy import FreeEntropy
        >>> b, J, m, h = symbols("b J m h", real=True)
        >>> FreeEntropy(log(2*cosh(b*(J*m + h))) - b*J*m**2/2, m).response_equation("m", "h")
        Eq(dm, b*(1 - m**2)*(J*dm + 1))
        """
        from derive.saddle.vector_response import response_equations

        wanted = self.unknown(unknown)
        equations = response_equations(self, wanted, self.parameter(parameter))  # type: ignore[arg-type]
        if len(equations) > 1:
            others = ", ".join(str(eq.lhs) for eq in equations[1:])
            raise DeriveError(
                f"the response of {wanted} stays coupled to {others}: use derivative({wanted}, "
                f"{parameter}), which gives all of these equations"
            )
        return equations[0]

    def covariance_equation(self, unknown: Any) -> Eq:
        """The linear equation for the covariance C of the fluctuations of one unknown.

        The inverse of C is minus the Hessian of N phi, the other unknowns integrated out at the
        Gaussian level.  For a field that is constrained to equal a spin this is, in naive mean
        field, the covariance of the spins by linear response.

        Raises
        ------
        DeriveError
            If another unknown cannot be eliminated.
        """
        from derive.saddle.vector_response import covariance_equation

        return covariance_equation(self, self.unknown(unknown))  # type: ignore[arg-type]

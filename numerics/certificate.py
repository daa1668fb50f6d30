"""Certificates: what is known of a kernel's error, over which ranges, and its worst point."""

from __future__ import annotations

import html
import json
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["BOUND", "Certificate", "OutputCertificate"]

BOUND = 4.0  # in units of u (1 + K), u = 2**-53


@dataclass(frozen=True)
class OutputCertificate:
    """The worst error found of one output.

    Attributes
    ----------
    name : str
        The output.
    error : float
        The largest error, in units of u (1 + K) with u = 2**-53.
    relative_error : float
        The relative error at that point.
    condition : float
        The condition number K there: the sum over parameters of abs(x df/dx / f).
    point : tuple of (str, value)
        The parameters there.
    digits : int
        The highest precision that the reference needed at any point.
    points : int
        How many points were compared.
    undefined : int
        How many more were tried where the expression has no finite real value, or where no two
        precisions of the reference agreed.
    """

    name: str
    error: float
    relative_error: float
    condition: float
    point: tuple[tuple[str, Any], ...]
    digits: int
    points: int
    undefined: int

    @property
    def holds(self) -> bool:
        """Whether the error is at most 4 u (1 + K) at every point compared."""
        return self.points > 0 and self.error <= BOUND


@dataclass(frozen=True)
class Certificate:
    """A kernel compared with mpmath over ranges of its parameters.

    Examples
    --------
    >>> from sympy import Symbol, tanh
    >>> import numerics as nm
    >>> x = Symbol("x")
    >>> certificate = nm.certify(nm.compile(tanh(x)), x=(-5, 5), samples=40)
    >>> certificate.holds
    True
    >>> nm.Certificate.from_dict(certificate.to_dict()) == certificate
    True
    """

    kernel: str
    backend: str
    ranges: tuple[tuple[str, str], ...]
    seed: int
    outputs: tuple[OutputCertificate, ...]

    @property
    def holds(self) -> bool:
        """Whether every output keeps within 4 u (1 + K)."""
        return all(output.holds for output in self.outputs)

    @property
    def error(self) -> float:
        """The largest error of any output, in units of u (1 + K)."""
        return max(output.error for output in self.outputs)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Certificate:
        """The certificate that `to_dict` described."""
        outputs = tuple(
            OutputCertificate(**{**o, "point": _tuples(o["point"])}) for o in data["outputs"]
        )
        return cls(**{**data, "ranges": _tuples(data["ranges"]), "outputs": outputs})

    def to_json(self) -> str:
        """The certificate as JSON text; infinite numbers as JSON has them in Python."""
        return json.dumps(self.to_dict())

    @classmethod
    def from_json(cls, text: str) -> Certificate:
        """The certificate that `to_json` wrote."""
        return cls.from_dict(json.loads(text))

    def __str__(self) -> str:
        verdict = "holds" if self.holds else "does NOT hold"
        where = ", ".join(f"{name} in {text}" for name, text in self.ranges)
        lines = [f"error <= {BOUND:g} u (1 + K) {verdict} for {self.kernel}", f"  for {where}"]
        for o in self.outputs:
            at = ", ".join(f"{name}={_text(value)}" for name, value in o.point)
            undefined = f", {o.undefined} undefined" if o.undefined else ""
            lines += [
                f"  {o.name}: worst {o.error:.2f} u (1 + K), relative error {o.relative_error:.1e},"
                f" K = {o.condition:.3g}",
                f"    at {at} ({o.points} points{undefined}, mpmath to {o.digits} digits)",
            ]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


def _text(value: Any) -> str:
    """A number with six digits, or the entries of an array."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(_text, value))}]"
    return f"{value:.6g}"


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, list | tuple) else value

"""Certificates: what is known of a kernel's error, over which ranges, and its worst point."""

from __future__ import annotations

import html
import json
import math
from dataclasses import asdict, dataclass
from typing import Any

from numerics.bounds import ELEMENTARY
from numerics.errors import NumericsError

__all__ = ["Certificate", "OutputCertificate"]

VERSION = 2  # of the plain data


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
    bound : float
        The error it is held to, in the same units.
    estimate : float or None
        The relative error that the rules for its Gaussian averages expect; None without averages.
    honest : bool
        Whether no relative error found exceeds that estimate by more than the bound.
    """

    name: str
    error: float
    relative_error: float
    condition: float
    point: tuple[tuple[str, Any], ...]
    digits: int
    points: int
    undefined: int
    bound: float = ELEMENTARY
    estimate: float | None = None
    honest: bool = True

    @property
    def holds(self) -> bool:
        """Whether the error is within the bound at every point compared."""
        return self.points > 0 and self.error <= self.bound


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
        """Whether every output keeps within its bound."""
        return all(output.holds for output in self.outputs)

    @property
    def honest(self) -> bool:
        """Whether every output keeps to what the rules for its averages expect."""
        return all(output.honest for output in self.outputs)

    @property
    def error(self) -> float:
        """The largest error of any output, in units of u (1 + K)."""
        return max(output.error for output in self.outputs)

    @property
    def bound(self) -> float:
        """The largest error that any output is held to, in the same units."""
        return max(output.bound for output in self.outputs)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, with the version of its layout."""
        return {"version": VERSION, **asdict(self)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Certificate:
        """The certificate that `to_dict` described.

        Raises
        ------
        NumericsError
            If the data is of another version.
        """
        if data.get("version") != VERSION:
            raise NumericsError(
                f"a certificate of version {data.get('version')}: this is version {VERSION}; "
                "certify the kernel again"
            )
        own = {key: value for key, value in data.items() if key != "version"}
        outputs = tuple(
            OutputCertificate(**{**o, "point": _tuples(o["point"])}) for o in own["outputs"]
        )
        return cls(**{**own, "ranges": _tuples(own["ranges"]), "outputs": outputs})

    def to_json(self) -> str:
        """The certificate as JSON text; numbers that JSON has not are ``{"float": "inf"}``."""
        return json.dumps(_encoded(self.to_dict()), allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Certificate:
        """The certificate that `to_json` wrote."""
        return cls.from_dict(json.loads(text, object_hook=_decoded))

    def __str__(self) -> str:
        verdict = "holds" if self.holds else "does NOT hold"
        where = ", ".join(f"{_line(name)} in {text}" for name, text in self.ranges)
        lines = [
            f"error <= {self.bound:g} u (1 + K) {verdict} for {_line(self.kernel)}",
            f"  for {where}",
        ]
        for output in self.outputs:
            lines += _output_lines(output)
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


def _output_lines(output: OutputCertificate) -> list[str]:
    at = ", ".join(f"{_line(name)}={_text(value)}" for name, value in output.point)
    undefined = f", {output.undefined} undefined" if output.undefined else ""
    lines = [
        f"  {_line(output.name)}: worst {output.error:.2f} u (1 + K), relative error "
        f"{output.relative_error:.1e}, K = {output.condition:.3g}",
        f"    at {at} ({output.points} points{undefined}, mpmath to {output.digits} digits)",
    ]
    if output.estimate is not None:
        verdict = "honest" if output.honest else "NOT honest"
        lines.append(f"    its averages are expected to {output.estimate:.1e}: {verdict}")
    return lines


def _line(name: str) -> str:
    """A name on one line, whatever it contains."""
    return name if name.isprintable() else repr(name)[1:-1]


def _text(value: Any) -> str:
    """A number with six digits, or the entries of an array."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(_text, value))}]"
    return f"{value:.6g}"


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, list | tuple) else value


def _encoded(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    if isinstance(value, dict):
        return {key: _encoded(item) for key, item in value.items()}
    return [_encoded(item) for item in value] if isinstance(value, list | tuple) else value


def _decoded(value: dict[str, Any]) -> Any:
    return float(value["float"]) if value.keys() == {"float"} else value

"""The door for JAX arrays: types and shapes are known while JAX traces, values are not."""

from __future__ import annotations

from typing import Any

import numpy as np

from numerics.arguments import DOMAINS, as_number_array, is_symmetric
from numerics.errors import NotANumberError, NumericsError, UnsupportedExpressionError
from numerics.matrices import ROUNDING, is_sparse
from numerics.program import Input

__all__ = ["as_array", "check_precision", "is_valid", "known_integer"]


def check_precision() -> None:
    """Refuse single precision: what transforms a function begins and ends in what is set.

    Raises
    ------
    NumericsError
        If JAX is not set to double precision.
    """
    import jax
    import jax.numpy as jnp

    if jnp.result_type(float) != np.float64:
        inside = "with jax.enable_x64(True):"
        if not hasattr(jax, "enable_x64"):
            inside = "with jax.experimental.enable_x64():"
        raise NumericsError(
            "kernels compute in double precision, and JAX is set to single: call "
            f'jax.config.update("jax_enable_x64", True), or put the call inside of "{inside}"'
        )


def as_array(given: Input, value: Any) -> Any:
    """An argument as a JAX array of doubles.

    Raises
    ------
    NotANumberError
        For complex numbers, truth values and what is no number.
    UnsupportedExpressionError
        For a sparse array.
    """
    import jax
    import jax.numpy as jnp

    if isinstance(value, jax.Array):
        if value.dtype == bool or not jnp.isrealobj(value):
            raise NotANumberError(f"{given.name} holds {value.dtype} values: give real numbers")
        return value.astype(jnp.float64)
    array = as_number_array(given.name, value)
    if is_sparse(array):
        raise UnsupportedExpressionError(
            f'{given.name} is sparse: a kernel of backend="numpy" takes sparse arrays, JAX dense '
            f"ones ({given.name}.toarray())"
        )
    return jnp.asarray(array, dtype=jnp.float64)


def known_integer(given: Input, value: Any) -> int:
    """The size of an index, which decides on shapes.

    Raises
    ------
    NumericsError
        If it is not known while JAX traces, or is no size.
    """
    import jax

    if isinstance(value, jax.core.Tracer):
        raise NumericsError(
            f"{given.name} is the size of an index: it must be known when the function is traced, "
            "so give a number that is no argument of jax.jit, jax.grad or jax.vmap"
        )
    number = float(as_number_array(given.name, value))
    if number != int(number) or number < 1:
        raise NumericsError(f"{given.name} = {number!r}: a size is a positive integer")
    return int(number)


def is_valid(given: Input, array: Any, ends: tuple[float, float] | None) -> Any:
    """Where an argument is finite, in the domain of its symbol and in its declared range.

    An array of the axes of the batch: values are not known while JAX traces, and what is no value
    of a symbol can be no error then.
    """
    import jax.numpy as jnp

    entries = jnp.isfinite(array)
    for assumption, _, holds, _ in DOMAINS:
        if getattr(given.symbol, assumption):
            entries = entries & holds(array)
    if given.symbol.is_integer:
        entries = entries & (array == jnp.floor(array))
    if ends is not None:
        entries = entries & (array >= ends[0]) & (array <= ends[1])
    if is_symmetric(given):
        apart = jnp.abs(array - jnp.swapaxes(array, -1, -2))
        largest = jnp.max(jnp.abs(array), axis=(-1, -2), keepdims=True)
        entries = entries & (apart <= ROUNDING * np.finfo(float).eps * largest)
    if given.ranges and given.symbol.label.zero_diagonal:
        entries = entries & ((array == 0) | ~jnp.eye(array.shape[-1], dtype=bool))
    return jnp.all(entries, axis=tuple(range(-len(given.ranges), 0)))

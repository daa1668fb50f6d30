"""Numbers from equations: compile, certify, solve."""

from numerics.kernel import Kernel, compile

__all__ = ["Kernel", "compile"]

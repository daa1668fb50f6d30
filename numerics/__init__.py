"""Numbers from equations: compile, certify, solve."""

from numerics.certificate import Certificate
from numerics.certify import certify
from numerics.kernel import Kernel, compile

__all__ = ["Certificate", "Kernel", "certify", "compile"]

"""For which machine code is made: its triple, processor and features.

Needs llvmlite.  `SADDLEPOINT_CPU` names another processor of the same family, as LLVM writes it
(`haswell` has AVX2 but no AVX-512); `NUMBA_CPU_NAME` and `NUMBA_CPU_FEATURES` count where it is
absent.  A processor that has what this one lacks gives code that cannot run here.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import llvmlite.binding as llvm

__all__ = ["Target"]

# LLVM takes vectors of 256 bits where there are 512: wide ones slowed the clock of early AVX-512.
WIDE = "-prefer-256-bit"


@dataclass(frozen=True)
class Target:
    """A triple, a processor and its features, as LLVM spells them."""

    triple: str
    cpu: str
    features: str

    @classmethod
    def of_this_process(cls) -> Target:
        """This machine, unless the environment names another processor."""
        triple = llvm.get_process_triple()
        cpu, features = _processor(os.environ)
        if triple.startswith(("x86_64", "i386", "i686")):
            features = f"{features},{WIDE}".lstrip(",")
        return cls(triple, cpu, features)

    def machine(self) -> Any:
        """LLVM's target machine, which turns a module into an object file for a JIT engine."""
        initialise()
        return llvm.Target.from_triple(self.triple).create_target_machine(**self.options())

    def options(self) -> dict[str, Any]:
        """What the target machine is made from, beside the triple; as numba has it."""
        reloc = "static" if self.triple.startswith(("x86_64", "i386", "i686")) else "default"
        return {
            "cpu": self.cpu,
            "features": self.features,
            "opt": 3,
            "reloc": reloc,
            "codemodel": "jitdefault",
            "jit": True,
        }


def initialise() -> None:
    """Make LLVM's code generator for this machine known; any number of times."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()


def _processor(environment: Any) -> tuple[str, str]:
    """Name and features of the processor; features that a name implies are left to LLVM."""
    own = environment.get("SADDLEPOINT_CPU")
    if own:
        return own, ""
    name = environment.get("NUMBA_CPU_NAME")
    features = environment.get("NUMBA_CPU_FEATURES")
    if features is None:
        features = "" if name == "generic" else llvm.get_host_cpu_features().flatten()
    return name or llvm.get_host_cpu_name(), features

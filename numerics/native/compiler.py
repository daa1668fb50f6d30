"""Python text to an object file: numba types and lowers it, LLVM optimises the whole at once.

Needs numba, and reaches into its code generator for three reasons.  A function that another one
calls is neither optimised nor made into machine code by itself, which saves half of the time.
The target is ours: wide vectors, or another processor.  And numba's engine never frees code.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types
from numba.core import codegen, dispatcher, registry
from numba.core.compiler import Compiler
from numba.core.compiler_lock import global_compiler_lock

from numerics.native.engine import ENTRY
from numerics.native.target import Target

__all__ = ["FAST", "object_code"]

# a*b + c may be one operation, and the sign of a zero does not matter; nan and inf do.
FAST = {"fastmath": {"contract", "nsz"}, "error_model": "numpy"}
WORDS = types.CPointer(types.intp)
WORDS4 = (WORDS,) * 4
RAISED = "saddlepoint_raised"
PYTHON = ("Py", "_Py", "numba", "NRT_")


def object_code(function: Callable[..., None], target: Target) -> bytes:
    """The object file of a function of four pointers; `ENTRY` is its one symbol.

    Raises
    ------
    RuntimeError
        If the code would call into Python.
    """
    with global_compiler_lock, _generator(target) as generator:
        return _emit(_lowered(function), generator)


FunctionCompiler: Any = vars(dispatcher)["_FunctionCompiler"]  # which its stub does not show


class _Lowering(FunctionCompiler):
    """Types and lowers a function; makes neither machine code nor wrappers for Python."""

    def _customize_flags(self, flags: Any) -> Any:
        flags.no_cpython_wrapper = flags.no_cfunc_wrapper = flags.no_compile = True
        flags.enable_pyobject = False
        return flags


def _lowered(function: Callable[..., None]) -> Any:
    """LLVM's module of a function and of what it calls, with `ENTRY` around it."""
    lowering = _Lowering(function, registry.cpu_target, dict(FAST), {}, Compiler)
    result = lowering.compile(WORDS4, types.void)
    result.library.add_ir_module(_entry(result.target_context, result.fndesc))
    result.library.finalize()
    return llvm.parse_bitcode(result.library._final_module.as_bitcode())


def _entry(context: Any, callee: Any) -> Any:
    """A C function that calls one of numba's.

    Those return a status.  It is a constant once it is clear that nothing can be raised; until
    then the call of `RAISED`, which does not exist, stands in the code.
    """
    module = context.create_module("entry")
    kind = context.call_conv.get_function_type(types.void, WORDS4)
    words = [context.get_value_type(each) for each in WORDS4]
    entry = ir.Function(module, ir.FunctionType(ir.VoidType(), words), ENTRY)
    raised = ir.Function(module, ir.FunctionType(ir.VoidType(), []), RAISED)
    builder = ir.IRBuilder(entry.append_basic_block())
    inner = ir.Function(module, kind, callee.llvm_func_name)
    status, _ = context.call_conv.call_function(builder, inner, types.void, WORDS4, entry.args)
    with builder.if_then(status.is_error):
        builder.call(raised, [])
    builder.ret_void()
    return module


class _Library(codegen.JITCodeLibrary):
    """A module that waits: machine code is made only for what Python itself may call."""

    _in_engine = False

    def _optimize_functions(self, ll_module: Any) -> None:
        pass  # half of the time, and it would unroll loops over lanes

    def _optimize_final_module(self) -> None:
        pass  # once, with all that it is linked to

    def _finalize_specific(self) -> None:
        pass  # not yet in the engine

    def get_pointer_to_function(self, name: str) -> int:
        self._ensure_finalized()
        if name not in {function.name for function in self.get_defined_functions()}:
            return 0
        if not self._in_engine:
            super()._optimize_final_module()
            self._codegen._engine.add_module(self._final_module)
            super()._finalize_specific()
            self._in_engine = True
        return int(self._codegen._engine.get_function_address(name))


class _Generator(codegen.JITCPUCodegen):
    """numba's code generator, for a target of ours."""

    _library_class = _Library

    def __init__(self, target: Target) -> None:
        self._target = target
        super().__init__("saddlepoint")

    def _customize_tm_features(self) -> str:
        return self._target.features

    def _customize_tm_options(self, options: dict[str, Any]) -> None:
        options.update(self._target.options())

    def _get_host_cpu_name(self) -> str:
        return self._target.cpu

    def _add_module(self, module: Any) -> None:
        pass  # see _Library

    def set_env(self, env_name: str, env: Any) -> None:
        if self._engine.is_symbol_defined(env_name):
            super().set_env(env_name, env)


_GENERATORS: dict[Target, _Generator] = {}


@contextlib.contextmanager
def _generator(target: Target) -> Iterator[_Generator]:
    """Let numba generate with ours; the caller holds numba's lock."""
    context = registry.cpu_target.target_context
    context.refresh()
    theirs = context._internal_codegen
    generator = _GENERATORS.get(target) or _GENERATORS.setdefault(target, _Generator(target))
    context._internal_codegen = generator
    try:
        yield generator
    finally:
        context._internal_codegen = theirs


def _emit(module: Any, generator: _Generator) -> bytes:
    """Optimise a linked module and write its object file."""
    for function in module.functions:
        if not function.is_declaration and function.name != ENTRY:
            function.linkage = "internal"
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    options.loop_vectorization = True
    options.slp_vectorization = False
    options.loop_unrolling = False  # before vectors are made; inside of them it has little to do
    builder = llvm.create_pass_builder(generator._tm, options)
    builder.getModulePassManager().run(module, builder)
    _without_status(module, builder)
    _refuse_python(module)
    return bytes(generator._tm.emit_object(module))


def _without_status(module: Any, builder: Any) -> None:
    """Remove what is done about a status that turned out to be constant as calls were inlined."""
    passes = llvm.create_new_module_pass_manager()
    passes.add_ipsccp_pass()
    passes.add_simplify_cfg_pass()
    passes.add_ipsccp_pass()
    passes.add_simplify_cfg_pass()
    passes.add_global_dead_code_eliminate_pass()
    passes.add_strip_dead_prototype_pass()
    passes.run(module, builder)


def _refuse_python(module: Any) -> None:
    """Code runs without the interpreter's lock, and from the cache without numba: it may call
    the C library alone.
    """
    called = [f.name for f in module.functions if f.is_declaration]
    if RAISED in called:
        raise RuntimeError("it may raise an exception")
    called = [name for name in called if not name.startswith("llvm.")]
    found = [name for name in called if name.startswith(PYTHON) or not llvm.address_of_symbol(name)]
    if found:
        raise RuntimeError(f"it calls {', '.join(found)}")

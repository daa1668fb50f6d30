"""Names that the function in a saved file may have."""

from __future__ import annotations

import builtins
import keyword
import re
from typing import Any

from numerics.errors import NumericsError

__all__ = ["C_NAMES", "PYTHON_NAMES", "checked_name"]

# What a module uses itself; names with an underscore in front are its own.
_OWN = ("np", "math", "scipy", "Any", "NamedTuple", "Sequence", "TABLES", "CHECKS", "CERTIFICATE")
PYTHON_NAMES = frozenset((*dir(builtins), *keyword.kwlist, *keyword.softkwlist, *_OWN))

_KEYWORDS = """
auto break case char const continue default do double else enum extern float for goto if inline int
long register restrict return short signed sizeof static struct switch typedef union unsigned void
volatile while
alignas alignof and and_eq asm bitand bitor bool catch char8_t char16_t char32_t class co_await
co_return co_yield compl concept const_cast consteval constexpr constinit decltype delete
dynamic_cast explicit export false friend mutable namespace new noexcept not not_eq nullptr operator
or or_eq private protected public reinterpret_cast requires static_assert static_cast template this
thread_local throw true try typeid typename using virtual wchar_t xor xor_eq
""".split()  # noqa: SIM905
_FUNCTIONS = """
acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh erf erfc exp exp2 expm1 fabs fdim
floor fma fmax fmin fmod frexp hypot ilogb ldexp lgamma llrint llround log log10 log1p log2 logb
lrint lround modf nan nearbyint nextafter nexttoward pow remainder remquo rint round scalbln scalbn
sin sinh sqrt tan tanh tgamma trunc
""".split()  # noqa: SIM905
_OTHERS = """
isfinite isinf isnan isnormal signbit fpclassify isgreater isgreaterequal isless islessequal
islessgreater isunordered gamma j0 j1 jn y0 y1 yn signgam drem significand finite exp10 pow10 sincos
NAN INFINITY HUGE HUGE_VAL HUGE_VALF HUGE_VALL DOMAIN SING OVERFLOW UNDERFLOW PLOSS TLOSS MAXFLOAT
FP_NAN FP_INFINITE FP_ZERO FP_SUBNORMAL FP_NORMAL FP_ILOGB0 FP_ILOGBNAN MATH_ERRNO
NULL EOF FILE BUFSIZ RAND_MAX MB_CUR_MAX EXIT_FAILURE EXIT_SUCCESS stdin stdout stderr errno
main offsetof size_t ptrdiff_t fpos_t max_align_t div_t ldiv_t lldiv_t float_t double_t
abort abs atexit atof atoi atol atoll bsearch calloc div exit free getenv labs ldiv llabs lldiv
malloc qsort rand realloc srand strtod strtof strtol strtold strtoll strtoul strtoull system
clearerr fclose feof ferror fflush fgetc fgets fopen fprintf fputc fputs fread freopen fscanf fseek
ftell fwrite getc getchar gets perror printf putc putchar puts remove rename rewind scanf setbuf
setvbuf snprintf sprintf sscanf tmpfile tmpnam ungetc vfprintf vprintf vsnprintf vsprintf
memchr memcmp memcpy memmove memset strcat strchr strcmp strcpy strlen unix linux i386
""".split()  # noqa: SIM905
C_NAMES = frozenset(
    _KEYWORDS + _OTHERS + [f + suffix for f in _FUNCTIONS for suffix in ("", "f", "l")]
)


def checked_name(name: Any, taken: frozenset[str], language: str) -> str:
    """The name of the function in a file.

    Raises
    ------
    NumericsError
        If it is no identifier, or means something else in that language.
    """
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
        raise NumericsError(
            f"{name!r} is no name for a function: give name= with letters, digits and underscores, "
            "a letter first"
        )
    if name in taken:
        raise NumericsError(f"{name} means something else in {language}: give another name=")
    return name

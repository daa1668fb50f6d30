"""Coefficients of polynomials, lowest first; made by ``python -m tools.minimax``."""

# fmt: off
ERFCX_HALF = 3.75  # where y = K/(a + K) is a half

# (exp(r) - 1 - r)/r**2 in r; largest error 2**-55.5
EXPM1 = (
    float.fromhex("0x1.0000000000005p-1"),
    float.fromhex("0x1.555555555553bp-3"),
    float.fromhex("0x1.555555555210bp-5"),
    float.fromhex("0x1.1111111118813p-7"),
    float.fromhex("0x1.6c16c17f2f52ep-10"),
    float.fromhex("0x1.a01a0177ffedep-13"),
    float.fromhex("0x1.a019a6a0eb4f5p-16"),
    float.fromhex("0x1.71de80e9e6e47p-19"),
    float.fromhex("0x1.28a28f9bdb574p-22"),
    float.fromhex("0x1.ae77a6fddcbf9p-26"),
)

# (u coth(u) - 1)/u**2 in u**2; largest error 2**-60.0
COTH = (
    float.fromhex("0x1.555555555553ep-2"),
    float.fromhex("-0x1.6c16c16bebc41p-6"),
    float.fromhex("0x1.1566aaf22b352p-9"),
    float.fromhex("-0x1.bbd41bf50ffafp-13"),
    float.fromhex("0x1.63767047487c7p-16"),
)

# (sinh(r)/r - 1)/r**2 in r**2; largest error 2**-61.7
SINH = (
    float.fromhex("0x1.5555555555559p-3"),
    float.fromhex("0x1.111111110f650p-7"),
    float.fromhex("0x1.a01a01b005fdfp-13"),
    float.fromhex("0x1.71ddf8091e4a0p-19"),
    float.fromhex("0x1.af5f3614295efp-26"),
)

# (cosh(r) - 1)/r**2 in r**2; largest error 2**-70.0
COSH = (
    float.fromhex("0x1.0000000000000p-1"),
    float.fromhex("0x1.5555555555558p-5"),
    float.fromhex("0x1.6c16c16c1500ap-10"),
    float.fromhex("0x1.a01a01ad7769bp-16"),
    float.fromhex("0x1.27e4cc26599e2p-22"),
    float.fromhex("0x1.1f8bb5b874b83p-29"),
)

# 2 (artanh(s)/s - 1)/s**2 in s**2; largest error 2**-59.5
LOG = (
    float.fromhex("0x1.5555555555592p-1"),
    float.fromhex("0x1.999999997ff0ap-2"),
    float.fromhex("0x1.24924941e2e77p-2"),
    float.fromhex("0x1.c71c521280a65p-3"),
    float.fromhex("0x1.74663d66bf1d9p-3"),
    float.fromhex("0x1.39a1da16f9c82p-3"),
    float.fromhex("0x1.2f0465e65e370p-3"),
)

# (arcsin(s)/s - 1)/s**2 in s**2; largest error 2**-55.9
ARCSIN = (
    float.fromhex("0x1.5555555555387p-3"),
    float.fromhex("0x1.333333336f857p-4"),
    float.fromhex("0x1.6db6db41d68c6p-5"),
    float.fromhex("0x1.f1c72c6c4a7d5p-6"),
    float.fromhex("0x1.6e89ef94d9f9dp-6"),
    float.fromhex("0x1.1c6c2608e13f2p-6"),
    float.fromhex("0x1.c6f8a150ee748p-7"),
    float.fromhex("0x1.8ee3b3bb876edp-7"),
    float.fromhex("0x1.aabc1cc873662p-8"),
    float.fromhex("0x1.40abfcf7ab4e3p-6"),
    float.fromhex("-0x1.0aeb74c8008f2p-6"),
    float.fromhex("0x1.05cb1bcd0a138p-5"),
)

# (arctan(s)/s - 1)/s**2 in s**2; largest error 2**-59.5
ARCTAN = (
    float.fromhex("-0x1.555555555553dp-2"),
    float.fromhex("0x1.99999999958b0p-3"),
    float.fromhex("-0x1.24924922afde2p-3"),
    float.fromhex("0x1.c71c70e72fa07p-4"),
    float.fromhex("-0x1.745cf8ff07fa7p-4"),
    float.fromhex("0x1.3b111b97a029cp-4"),
    float.fromhex("-0x1.10ebd4d6747a9p-4"),
    float.fromhex("0x1.df10eb3b68585p-5"),
    float.fromhex("-0x1.9cda036f0a038p-5"),
    float.fromhex("0x1.37e7eb1793144p-5"),
    float.fromhex("-0x1.2591c9a973d00p-6"),
)

# -log(erfc(a))/a in a; the error is that of erf; largest error 2**-53.6
ERF = (
    float.fromhex("0x1.20dd750429b6dp+0"),
    float.fromhex("0x1.45f306dc9c94fp-1"),
    float.fromhex("0x1.a4f4e2a1982f1p-4"),
    float.fromhex("-0x1.39668589714c0p-6"),
    float.fromhex("-0x1.b6b6d04745490p-13"),
    float.fromhex("0x1.bca6bf310483fp-10"),
    float.fromhex("-0x1.35680bae2bc6fp-11"),
    float.fromhex("0x1.b369ef2e51266p-16"),
    float.fromhex("0x1.0dac955695b67p-14"),
    float.fromhex("-0x1.ec1c291296157p-16"),
    float.fromhex("0x1.78a9b748c2b0bp-19"),
    float.fromhex("0x1.dd15de820bb04p-19"),
    float.fromhex("-0x1.4516d794ad1c5p-19"),
    float.fromhex("0x1.c7d95ae786714p-21"),
    float.fromhex("-0x1.711f443abffdcp-23"),
    float.fromhex("0x1.030ecf2f48808p-27"),
    float.fromhex("0x1.13d778881b9cdp-27"),
    float.fromhex("-0x1.b9118bf7224a4p-29"),
    float.fromhex("0x1.7bc225d89cf0ep-31"),
    float.fromhex("-0x1.a94d63dd2cd69p-34"),
    float.fromhex("0x1.3690fe21f53afp-37"),
    float.fromhex("-0x1.0ed81e336a474p-41"),
    float.fromhex("0x1.ae220acd6f8d1p-47"),
)

# erfcx(a)/y in t = 2 y - 1, where y = K/(a + K); largest error 2**-53.2
ERFCX = (
    float.fromhex("0x1.2a2af19c1492fp-2"),
    float.fromhex("0x1.05cce4d22cfb0p-2"),
    float.fromhex("0x1.9220d8dc46174p-3"),
    float.fromhex("0x1.0bdcb780d89c3p-3"),
    float.fromhex("0x1.30cf6791b89b8p-4"),
    float.fromhex("0x1.2042cf161b8c0p-5"),
    float.fromhex("0x1.ad34d90a01ca8p-7"),
    float.fromhex("0x1.b62927e8344eap-9"),
    float.fromhex("0x1.13ccd3ba3d235p-12"),
    float.fromhex("-0x1.bc7f501d12c04p-13"),
    float.fromhex("-0x1.85f46625c53f3p-14"),
    float.fromhex("-0x1.7b2ae1d2a885ep-19"),
    float.fromhex("0x1.4f491c7ada45dp-17"),
    float.fromhex("0x1.3eab12dfaf093p-19"),
    float.fromhex("-0x1.d6c0f76e8031fp-21"),
    float.fromhex("-0x1.d9f922979dd95p-22"),
    float.fromhex("0x1.3ea427dc0e1f7p-24"),
    float.fromhex("0x1.2d4f38ec6bf05p-24"),
    float.fromhex("-0x1.d537a5e813c6ep-28"),
    float.fromhex("-0x1.6e69ff93164ddp-27"),
    float.fromhex("0x1.83eedddab6e8dp-31"),
    float.fromhex("0x1.82eb0058230e0p-30"),
    float.fromhex("-0x1.e637a65283aaep-35"),
    float.fromhex("-0x1.f191833edeb9fp-34"),
)

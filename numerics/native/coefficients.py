"""Coefficients of polynomials, lowest first; made by ``python -m tools.minimax``."""

# fmt: off
ERFCX_HALF = 4.0  # K: y = K/(a + K) is a half at a = K
ERFCX_END = float.fromhex("0x1.20dd750429b6dp-3")  # erfcx(a)/y at infinity

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

# (artanh(s)/s - 1)/s**2 in s**2; largest error 2**-62.7
ARTANH = (
    float.fromhex("0x1.555555555554fp-2"),
    float.fromhex("0x1.999999999c14fp-3"),
    float.fromhex("0x1.24924921e8239p-3"),
    float.fromhex("0x1.c71c748b9e58fp-4"),
    float.fromhex("0x1.745c4bf0a0e22p-4"),
    float.fromhex("0x1.3b359ac883a3cp-4"),
    float.fromhex("0x1.0dce35f2ddeb9p-4"),
    float.fromhex("0x1.1b6f20eb799cbp-4"),
)

# log(1 + u)/u in u - 1/2; largest error 2**-56.1
LOG1P = (
    float.fromhex("0x1.9f323ecbf984cp-1"),
    float.fromhex("-0x1.2773a5da90bd5p-2"),
    float.fromhex("0x1.0f95b3dc0a0dap-3"),
    float.fromhex("-0x1.1540afd54c9fcp-4"),
    float.fromhex("0x1.2bec9fba591ccp-5"),
    float.fromhex("-0x1.50abf6ca7bdc3p-6"),
    float.fromhex("0x1.83c50b0a138b3p-7"),
    float.fromhex("-0x1.c72c644a796f3p-8"),
    float.fromhex("0x1.0f11927dd8585p-8"),
    float.fromhex("-0x1.469c50534c00dp-9"),
    float.fromhex("0x1.8d3f880c4a173p-10"),
    float.fromhex("-0x1.e6fd39079a459p-11"),
    float.fromhex("0x1.2c74fc1b6e3d9p-11"),
    float.fromhex("-0x1.740d4a0ccc1afp-12"),
    float.fromhex("0x1.cf8275a6717e5p-13"),
    float.fromhex("-0x1.2a098fb423ce9p-13"),
    float.fromhex("0x1.791bd5b20e8edp-14"),
    float.fromhex("-0x1.77ca5a6ee5ce3p-15"),
    float.fromhex("0x1.c88210f83b171p-16"),
    float.fromhex("-0x1.420674dbf0137p-15"),
    float.fromhex("0x1.a82615be38f56p-16"),
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

# -log(erfc(a))/a in a, error of erf; largest error 2**-53.6
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

# (erfcx(a)/y - END)/y in 2 y - 1, y = K/(a + K), error of erfcx; largest error 2**-54.2
ERFCX = (
    float.fromhex("0x1.1048e2dcf273cp-2"),
    float.fromhex("0x1.c76a9e1f84504p-3"),
    float.fromhex("0x1.505967855481ap-3"),
    float.fromhex("0x1.b2f85d6097d84p-4"),
    float.fromhex("0x1.e53a4e1b1b07ep-5"),
    float.fromhex("0x1.c70ac65cba226p-6"),
    float.fromhex("0x1.5559be6736c7ap-7"),
    float.fromhex("0x1.6ac91b126779cp-9"),
    float.fromhex("0x1.2e3163cdb6602p-12"),
    float.fromhex("-0x1.35c77449d8a55p-13"),
    float.fromhex("-0x1.4ec1e60a4c2f2p-14"),
    float.fromhex("-0x1.205e6e4c8eceap-17"),
    float.fromhex("0x1.c6d04cd671e67p-18"),
    float.fromhex("0x1.641e90d70bd0bp-19"),
    float.fromhex("-0x1.4a5b940e94380p-22"),
    float.fromhex("-0x1.b263cafd9f13dp-22"),
    float.fromhex("-0x1.1ca5a161a9920p-26"),
    float.fromhex("0x1.d2ea5566047fcp-25"),
    float.fromhex("0x1.b5e597c887972p-28"),
    float.fromhex("-0x1.cc29de424009cp-28"),
    float.fromhex("-0x1.867e1007e4756p-31"),
    float.fromhex("0x1.344f8befba350p-31"),
)

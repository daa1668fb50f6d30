/* Minimax polynomials of the functions in simd.h, lowest order first. */
#ifndef POLYNOMIALS_H
#define POLYNOMIALS_H

/* (exp(r) - 1 - r)/r^2, for |r| <= log(2)/2 */
static const double EXPM1[10] = {
    0x1.0000000000001p-1, 0x1.5555555555556p-3, 0x1.5555555553d37p-5, 0x1.11111111109a6p-7,
    0x1.6c16c1789d1d7p-10, 0x1.a01a01a7cebcdp-13, 0x1.a019b8ca26fcfp-16, 0x1.71de0d85293b8p-19,
    0x1.2891d4ffbb0f9p-22, 0x1.af390ba7e6f47p-26,
};

/* atanh(s)/s in s^2, for 0 <= s <= 1/3 */
static const double ATANH[10] = {
    0x1.0000000000000p+0, 0x1.5555555555aeep-2, 0x1.99999998ca58bp-3, 0x1.2492498161ca5p-3,
    0x1.c71c47af989fdp-4, 0x1.74628d4f43596p-4, 0x1.3aa5e932d3628p-4, 0x1.1659956da410fp-4,
    0x1.94b79523b2fbbp-5, 0x1.6c26693a7c095p-4,
};

/* (1 + 2 x) erfcx(x) in t = (x - 3)/(x + 3), for x >= 0 */
static const double ERFCX[25] = {
    0x1.40c522d7e4987p+0, -0x1.15c084bb9e8f2p-3, -0x1.85a15c58aa5e6p-5, 0x1.098366a5b466cp-3,
    -0x1.e88b803a49228p-4, 0x1.17ca2877f2529p-4, -0x1.8574c40bd18c2p-6, 0x1.4b884e41efabfp-9,
    0x1.ef1bdd4ca68b0p-10, -0x1.98db50d74b746p-11, -0x1.b91279abecb1ap-14, 0x1.065a341355e80p-13,
    0x1.4c27817a30c4ep-18, -0x1.513b485807869p-16, -0x1.88ba10827d2f6p-21, 0x1.d20f4487ba875p-19,
    0x1.7f27151bba8dap-22, -0x1.4b0fba2bcc9b2p-21, -0x1.301600e085451p-23, 0x1.b5878f7335427p-24,
    0x1.672119aadc783p-25, -0x1.c9e4fb68d9de3p-27, -0x1.2413700570c94p-27, 0x1.0fbea73231806p-30,
    0x1.e7542b85c672ap-31,
};

/* (asin(x)/x - 1)/x^2 in x^2, for |x| <= 1/2 */
static const double ASIN[13] = {
    0x1.5555555555556p-3, 0x1.3333333332ecap-4, 0x1.6db6db6e31f13p-5, 0x1.f1c71c1db0623p-6,
    0x1.6e8bb1c8209a2p-6, 0x1.1c4d35cf95421p-6, 0x1.c9cf07674736ap-7, 0x1.782651caa6547p-7,
    0x1.52420b04b37bep-7, 0x1.65a9c4dfcf8b2p-8, 0x1.1d189408314eep-6, -0x1.e6aaa8a0a04ccp-7,
    0x1.d72b2bc8155f8p-6,
};

#endif

/* Elementary functions on eight doubles (AVX-512), branch-free. Operators work on vectors, and
   the compiler contracts products and sums. */
#ifndef SIMD_H
#define SIMD_H

#include <immintrin.h>
#include <math.h>
#include "polynomials.h"

#define LANES 8

typedef __m512d vec;

static inline vec all(double x) { return _mm512_set1_pd(x); }

/* The lanes that are left, when i of n points are done. */
static inline __mmask8 lanes(long n, long i) {
  long left = n - i;
  return left >= LANES ? 0xff : left <= 0 ? 0 : (__mmask8)((1u << left) - 1);
}

/* Points in lanes that are not there are `other`. */
static inline vec load(__mmask8 k, const double *at, double other) {
  return _mm512_mask_loadu_pd(all(other), k, at);
}

static inline void store(__mmask8 k, double *at, vec x) { _mm512_mask_storeu_pd(at, k, x); }

static inline vec sign_of(vec x, vec size) {
  return _mm512_or_pd(size, _mm512_and_pd(x, all(-0.0)));
}

/* exp(x) - 1 = 2^k (1 + p) - 1 with p = exp(r) - 1, x = k log(2) + r */
static inline vec reduced_exp(vec x, vec *k) {
  *k = _mm512_roundscale_pd(x * all(0x1.71547652b82fep+0), 8);
  vec r = x - *k * all(0x1.62e42fee00000p-1) - *k * all(0x1.a39ef35793c76p-33);
  vec q = all(EXPM1[9]);
  for (int j = 8; j >= 0; j--) q = q * r + all(EXPM1[j]);
  return (r * r) * q + r;
}

static inline vec expm1_negative(vec x) { /* x <= 0 */
  vec k, p = reduced_exp(_mm512_max_pd(x, all(-708.0)), &k);
  vec s = _mm512_scalef_pd(all(1.0), k);
  return s * p + (s - all(1.0));
}

static inline vec vexp(vec x) {
  vec k, p = reduced_exp(_mm512_min_pd(_mm512_max_pd(x, all(-745.0)), all(709.7)), &k);
  return _mm512_scalef_pd(p + all(1.0), k);
}

static inline vec tanh_positive(vec x) { /* x >= 0 */
  vec e = expm1_negative(all(-2.0) * x);
  return -e / (e + all(2.0));
}

static inline vec vtanh(vec x) { return sign_of(x, tanh_positive(_mm512_abs_pd(x))); }

/* One division for both 1/(1 + 2 x) and t = (x - 3)/(x + 3); even and odd powers apart. */
static inline vec erfcx_positive(vec x) { /* x >= 0 */
  vec a = x + all(3.0), b = all(2.0) * x + all(1.0), inverse = all(1.0) / (a * b);
  vec t = (x - all(3.0)) * (inverse * b), t2 = t * t;
  vec even = all(ERFCX[24]), odd = all(ERFCX[23]);
  for (int j = 22; j >= 0; j -= 2) even = even * t2 + all(ERFCX[j]);
  for (int j = 21; j >= 1; j -= 2) odd = odd * t2 + all(ERFCX[j]);
  return (odd * t + even) * (inverse * a);
}

/* erfcx(x) = 2 exp(x^2) - erfcx(-x), with the rounding error of x^2 made good */
static inline vec verfcx(vec x) {
  vec size = _mm512_abs_pd(x), value = erfcx_positive(size);
  __mmask8 negative = _mm512_cmp_pd_mask(x, all(0.0), _CMP_LT_OQ);
  if (negative) {
    vec high = size * size, low = _mm512_fmsub_pd(size, size, high), e = vexp(high);
    e = e * low + e;
    value = _mm512_mask_sub_pd(value, negative, e + e, value);
  }
  return value;
}

#endif

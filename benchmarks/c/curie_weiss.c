/* W1: f = m^2/2 - log(2 cosh(x))/beta and g = m - tanh(x), x = beta (m + h) */
#include "simd.h"

void curie_weiss_plain(long n, const double *restrict m, const double *restrict beta,
                       const double *restrict h, double *restrict f, double *restrict g) {
  for (long i = 0; i < n; i++) {
    double x = beta[i] * (m[i] + h[i]), size = fabs(x), e = exp(-2 * size);
    f[i] = 0.5 * m[i] * m[i] - (size + log1p(e)) / beta[i];
    g[i] = m[i] - copysign((1 - e) / (1 + e), x);
  }
}

/* log(1 + e) = 2 atanh(e/(2 + e)); one division for 1/beta, 1/(1 + e) and 1/(2 + e) */
static inline void eight(vec m, vec beta, vec h, vec *f, vec *g) {
  vec x = beta * (m + h), size = _mm512_abs_pd(x);
  vec less = expm1_negative(all(-2.0) * size), e = less + all(1.0);
  vec one = e + all(1.0), two = e + all(2.0), both = one * two;
  vec inverse = all(1.0) / (both * beta), over = inverse * beta;
  vec s = e * (over * one), s2 = s * s, s4 = s2 * s2;
  vec even = all(ATANH[8]), odd = all(ATANH[9]);
  for (int j = 6; j >= 0; j -= 2) even = even * s4 + all(ATANH[j]);
  for (int j = 7; j >= 1; j -= 2) odd = odd * s4 + all(ATANH[j]);
  vec log_cosh = (s + s) * (odd * s2 + even) + size;
  *f = all(0.5) * m * m - log_cosh * (inverse * both);
  *g = m + sign_of(x, all(1.0)) * (less * (over * two));
}

/* Four vectors a time, all loads before all stores: pages of equal offset do not stall. */
void curie_weiss_hand(long n, const double *restrict m, const double *restrict beta,
                      const double *restrict h, double *restrict f, double *restrict g) {
  long i = 0;
  for (; i + 4 * LANES <= n; i += 4 * LANES) {
    vec a[4], b[4];
    for (int j = 0; j < 4; j++) {
      long at = i + LANES * j;
      eight(_mm512_loadu_pd(m + at), _mm512_loadu_pd(beta + at), _mm512_loadu_pd(h + at), a + j,
            b + j);
    }
    for (int j = 0; j < 4; j++) {
      _mm512_storeu_pd(f + i + LANES * j, a[j]);
      _mm512_storeu_pd(g + i + LANES * j, b[j]);
    }
  }
  for (; i < n; i += LANES) {
    __mmask8 k = lanes(n, i);
    vec a, b;
    eight(load(k, m + i, 0), load(k, beta + i, 1), load(k, h + i, 0), &a, &b);
    store(k, f + i, a);
    store(k, g + i, b);
  }
}

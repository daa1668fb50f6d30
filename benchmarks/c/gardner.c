/* W3: <(G/H)^2((kappa - sqrt(q) z)/sqrt(1 - q))>, (G/H)(t) = sqrt(2/pi)/erfcx(t/sqrt(2))
   A rule may move with the point: its nodes are CENTRE(q, kappa) + place, and its weights carry
   the normal density there. */
#include "simd.h"

#define DENSITY 0.39894228040143267794
#define TWO_OVER_PI 0.63661977236758134308

/* t/sqrt(2) = start - z slope */
typedef struct {
  vec start, slope;
} line;

static inline line line_of(vec q, vec kappa) {
  vec scale = all(1.0) / _mm512_sqrt_pd(all(2.0) * (all(1.0) - q));
  return (line){kappa * scale, _mm512_sqrt_pd(q) * scale};
}

void gardner_fixed(long n, const double *restrict q, const double *restrict kappa, long nodes,
                   const double *restrict place, const double *restrict weight,
                   double *restrict out) {
  for (long i = 0; i < n; i += 2 * LANES) {
    line lines[2];
    vec sum[2] = {all(0.0), all(0.0)};
    for (int j = 0; j < 2; j++) {
      __mmask8 k = lanes(n, i + LANES * j);
      lines[j] = line_of(load(k, q + i + LANES * j, 0.5), load(k, kappa + i + LANES * j, 0));
    }
    for (long node = 0; node < nodes; node++)
      for (int j = 0; j < 2; j++) {
        vec e = verfcx(lines[j].start - all(place[node]) * lines[j].slope);
        sum[j] += all(weight[node]) / (e * e);
      }
    for (int j = 0; j < 2; j++)
      store(lanes(n, i + LANES * j), out + i + LANES * j, all(TWO_OVER_PI) * sum[j]);
  }
}

#ifdef CENTRE
void gardner_moving(long n, const double *restrict q, const double *restrict kappa, long nodes,
                    const double *restrict place, const double *restrict weight,
                    double *restrict out) {
  for (long i = 0; i < n; i += 2 * LANES) {
    double a[2 * LANES], b[2 * LANES], centre[2 * LANES];
    for (int l = 0; l < 2 * LANES; l++) {
      a[l] = i + l < n ? q[i + l] : 0.5;
      b[l] = i + l < n ? kappa[i + l] : 0;
      centre[l] = CENTRE(a[l], b[l]);
    }
    line lines[2];
    vec sum[2] = {all(0.0), all(0.0)}, middle[2];
    for (int j = 0; j < 2; j++) {
      lines[j] = line_of(_mm512_loadu_pd(a + LANES * j), _mm512_loadu_pd(b + LANES * j));
      middle[j] = _mm512_loadu_pd(centre + LANES * j);
    }
    for (long node = 0; node < nodes; node++)
      for (int j = 0; j < 2; j++) {
        vec z = middle[j] + all(place[node]);
        vec density = all(DENSITY * weight[node]) * vexp(all(-0.5) * z * z);
        vec e = verfcx(lines[j].start - z * lines[j].slope);
        sum[j] += density / (e * e);
      }
    for (int j = 0; j < 2; j++)
      store(lanes(n, i + LANES * j), out + i + LANES * j, all(TWO_OVER_PI) * sum[j]);
  }
}
#endif

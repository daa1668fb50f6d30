/* W2b: <tanh(sqrt(V) x) tanh(sqrt(V) (c x + sqrt(1 - c^2) y))>
   The nodes x > 0 have doubled weights. A rule for y may move with the point: its nodes are
   CENTRE(V, c, x) + place, and its weights carry the normal density there. */
#include "simd.h"

#define DENSITY 0.39894228040143267794

/* nodes of y: a multiple of eight, filled up with weights of zero */
static inline vec inner_fixed(vec slope, vec offset, long nodes, const double *place,
                              const double *weight) {
  vec even = all(0.0), odd = all(0.0);
  long k = 0;
  for (; k + 2 * LANES <= nodes; k += 2 * LANES) {
    even += _mm512_loadu_pd(weight + k) * vtanh(slope * _mm512_loadu_pd(place + k) + offset);
    odd += _mm512_loadu_pd(weight + k + LANES) *
           vtanh(slope * _mm512_loadu_pd(place + k + LANES) + offset);
  }
  for (; k < nodes; k += LANES)
    even += _mm512_loadu_pd(weight + k) * vtanh(slope * _mm512_loadu_pd(place + k) + offset);
  return even + odd;
}

void correlation_map_fixed(long n, const double *restrict V, const double *restrict c, long outer,
                           const double *restrict x, const double *restrict wx, long inner,
                           const double *restrict y, const double *restrict wy,
                           double *restrict out) {
  for (long i = 0; i < n; i++) {
    double root = sqrt(V[i]), total = 0;
    vec slope = all(root * sqrt(1 - c[i] * c[i]));
    for (long a = 0; a < outer; a++) {
      vec sum = inner_fixed(slope, all(root * c[i] * x[a]), inner, y, wy);
      total += wx[a] * tanh(root * x[a]) * _mm512_reduce_add_pd(sum);
    }
    out[i] = total;
  }
}

#ifdef CENTRE
/* Points in lanes, so that centres are vectors too. */
void correlation_map_moving(long n, const double *restrict V, const double *restrict c, long outer,
                            const double *restrict x, const double *restrict wx, long inner,
                            const double *restrict y, const double *restrict wy,
                            double *restrict out) {
  for (long i = 0; i < n; i += 2 * LANES) {
    double v[2 * LANES], o[2 * LANES], centre[2 * LANES];
    for (int l = 0; l < 2 * LANES; l++) {
      v[l] = i + l < n ? V[i + l] : 1;
      o[l] = i + l < n ? c[i + l] : 0;
    }
    vec root[2], along[2], slope[2], total[2];
    for (int j = 0; j < 2; j++) {
      vec overlap = _mm512_loadu_pd(o + LANES * j);
      root[j] = _mm512_sqrt_pd(_mm512_loadu_pd(v + LANES * j));
      along[j] = root[j] * overlap;
      slope[j] = root[j] * _mm512_sqrt_pd(all(1.0) - overlap * overlap);
      total[j] = all(0.0);
    }
    for (long a = 0; a < outer; a++) {
      for (int l = 0; l < 2 * LANES; l++) centre[l] = CENTRE(v[l], o[l], x[a]);
      vec sum[2] = {all(0.0), all(0.0)}, middle[2], offset[2];
      for (int j = 0; j < 2; j++) {
        middle[j] = _mm512_loadu_pd(centre + LANES * j);
        offset[j] = along[j] * all(x[a]);
      }
      for (long b = 0; b < inner; b++)
        for (int j = 0; j < 2; j++) {
          vec z = middle[j] + all(y[b]);
          vec density = all(DENSITY * wy[b]) * vexp(all(-0.5) * z * z);
          sum[j] += density * vtanh(slope[j] * z + offset[j]);
        }
      for (int j = 0; j < 2; j++)
        total[j] += all(wx[a]) * tanh_positive(root[j] * all(x[a])) * sum[j];
    }
    for (int j = 0; j < 2; j++) store(lanes(n, i + LANES * j), out + i + LANES * j, total[j]);
  }
}
#endif

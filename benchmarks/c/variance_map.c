/* W2: sigma_w^2 <tanh(sqrt(V) z)^2> + sigma_b^2 over nodes z > 0 with doubled weights */
#include "simd.h"

#define BLOCK 64

void variance_map_plain(long n, const double *restrict V, const double *restrict weight,
                        const double *restrict bias, long nodes, const double *restrict z,
                        const double *restrict w, double *restrict out) {
  for (long i = 0; i < n; i += BLOCK) {
    double root[BLOCK], sum[BLOCK];
    int count = n - i < BLOCK ? (int)(n - i) : BLOCK;
    for (int j = 0; j < BLOCK; j++) root[j] = j < count ? sqrt(V[i + j]) : 0, sum[j] = 0;
    for (long k = 0; k < nodes; k++)
      for (int j = 0; j < BLOCK; j++) {
        double t = tanh(root[j] * z[k]);
        sum[j] += w[k] * t * t;
      }
    for (int j = 0; j < count; j++)
      out[i + j] = weight[i + j] * weight[i + j] * sum[j] + bias[i + j] * bias[i + j];
  }
}

void variance_map_hand(long n, const double *restrict V, const double *restrict weight,
                       const double *restrict bias, long nodes, const double *restrict z,
                       const double *restrict w, double *restrict out) {
  for (long i = 0; i < n; i += 2 * LANES) {
    __mmask8 k[2] = {lanes(n, i), lanes(n, i + LANES)};
    vec root[2], sum[2];
    for (int j = 0; j < 2; j++) {
      root[j] = _mm512_sqrt_pd(load(k[j], V + i + LANES * j, 0));
      sum[j] = all(0.0);
    }
    for (long node = 0; node < nodes; node++) {
      vec at = all(z[node]), by = all(w[node]);
      for (int j = 0; j < 2; j++) {
        vec t = tanh_positive(root[j] * at);
        sum[j] += (by * t) * t;
      }
    }
    for (int j = 0; j < 2; j++) {
      vec a = load(k[j], weight + i + LANES * j, 0), b = load(k[j], bias + i + LANES * j, 0);
      store(k[j], out + i + LANES * j, a * a * sum[j] + b * b);
    }
  }
}

/* Even nodes z > 0: exp(-2 sqrt(V) z) by a product from node to node; one division is left. */
void variance_map_recurrence(long n, const double *restrict V, const double *restrict weight,
                             const double *restrict bias, long nodes, const double *restrict z,
                             const double *restrict w, double *restrict out) {
  vec first = all(-2 * z[0]), step = all(-2 * (z[1] - z[0])), one = all(1.0);
  for (long i = 0; i < n; i += 2 * LANES) {
    __mmask8 k[2] = {lanes(n, i), lanes(n, i + LANES)};
    vec e[2], q[2], sum[2];
    for (int j = 0; j < 2; j++) {
      vec root = _mm512_sqrt_pd(load(k[j], V + i + LANES * j, 0));
      e[j] = vexp(root * first), q[j] = vexp(root * step), sum[j] = all(0.0);
    }
    for (long node = 0; node < nodes; node++) {
      vec by = all(w[node]);
      for (int j = 0; j < 2; j++) {
        vec t = (one - e[j]) / (one + e[j]);
        sum[j] += (by * t) * t;
        e[j] *= q[j];
      }
    }
    for (int j = 0; j < 2; j++) {
      vec a = load(k[j], weight + i + LANES * j, 0), b = load(k[j], bias + i + LANES * j, 0);
      store(k[j], out + i + LANES * j, a * a * sum[j] + b * b);
    }
  }
}

/* W5: V = sigma_b^2 + sigma_w^2 <tanh(sqrt(V) z)^2>, over nodes z > 0 with doubled weights.
   Sixteen points iterate together until the last of them is done. */
#include "simd.h"

#define PAIR for (int j = 0; j < 2; j++)

typedef struct {
  vec weight, bias, v; /* squares of the widths */
} state;

static inline void start(state *s, long n, long i, const double *weight, const double *bias,
                         double from) {
  PAIR {
    long at = i + LANES * j;
    vec w = load(lanes(n, at), weight + at, 0), b = load(lanes(n, at), bias + at, 1);
    s[j] = (state){w * w, b * b, all(from)};
  }
}

static inline int all_below(vec a, vec b, double tolerance) {
  return _mm512_reduce_max_pd(_mm512_max_pd(a, b)) <= tolerance;
}

/* Newton's method; it descends to the root from above. */
void fixed_point_newton(long n, const double *restrict weight, const double *restrict bias,
                        double from, double tolerance, long most, long nodes,
                        const double *restrict z, const double *restrict w,
                        double *restrict out) {
  for (long i = 0; i < n; i += 2 * LANES) {
    state s[2];
    start(s, n, i, weight, bias, from);
    for (long step = 0; step < most; step++) {
      vec root[2], mean[2], slope[2], moved[2];
      PAIR root[j] = _mm512_sqrt_pd(s[j].v), mean[j] = slope[j] = all(0.0);
      for (long k = 0; k < nodes; k++) {
        vec at = all(z[k]), by = all(w[k]), both = all(z[k] * w[k]);
        PAIR {
          vec t = tanh_positive(root[j] * at), square = t * t;
          mean[j] += by * square;
          slope[j] += (both * t) * (all(1.0) - square);
        }
      }
      PAIR {
        vec residual = s[j].v - (s[j].weight * mean[j] + s[j].bias);
        vec change = residual / (all(1.0) - s[j].weight * slope[j] / root[j]);
        s[j].v -= change;
        moved[j] = _mm512_abs_pd(change) / s[j].v;
      }
      if (all_below(moved[0], moved[1], tolerance)) break;
    }
    PAIR store(lanes(n, i + LANES * j), out + i + LANES * j, s[j].v);
  }
}

/* Picard's iteration. */
void fixed_point_picard(long n, const double *restrict weight, const double *restrict bias,
                        double from, double tolerance, long most, long nodes,
                        const double *restrict z, const double *restrict w,
                        double *restrict out) {
  for (long i = 0; i < n; i += 2 * LANES) {
    state s[2];
    start(s, n, i, weight, bias, from);
    for (long step = 0; step < most; step++) {
      vec root[2], mean[2], moved[2];
      PAIR root[j] = _mm512_sqrt_pd(s[j].v), mean[j] = all(0.0);
      for (long k = 0; k < nodes; k++) {
        vec at = all(z[k]), by = all(w[k]);
        PAIR {
          vec t = tanh_positive(root[j] * at);
          mean[j] += (by * t) * t;
        }
      }
      PAIR {
        vec next = s[j].weight * mean[j] + s[j].bias;
        moved[j] = _mm512_abs_pd(next - s[j].v) / next;
        s[j].v = next;
      }
      if (all_below(moved[0], moved[1], tolerance)) break;
    }
    PAIR store(lanes(n, i + LANES * j), out + i + LANES * j, s[j].v);
  }
}

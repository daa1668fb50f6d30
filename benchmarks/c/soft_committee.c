/* W4: the right-hand side of the flow of the order parameters of a soft committee with erf units
   (D. Saad and S. A. Solla 1995), R (K, M) and Q (K, K) at given T (M, M) and eta.
   W7: the flow by the method of Dormand and Prince of order 5.

   The fields of student and teacher together have the covariances C (P, P), P = K + M. Given two
   fields i and k of the student, those of all others are C_ab - A_a C_ib - B_a C_kb.

   For vectors of eight the compiler has to know K and M: `dispatch`. */
#include <math.h>
#include <string.h>
#include "polynomials.h"

#define LARGEST 16
#define TWO_OVER_PI 0.63661977236758134308
#define ALIGNED __attribute__((aligned(64)))
#define INLINE static inline __attribute__((always_inline))

INLINE double small_asin(double x) {
  double size = fabs(x), big = size > 0.5, z = big != 0 ? 0.5 * (1 - size) : x * x;
  double s = big != 0 ? sqrt(z) : size, p = ASIN[12];
#pragma GCC unroll 12
  for (int j = 11; j >= 0; j--) p = p * z + ASIN[j];
  double r = s + s * z * p;
  return copysign(big != 0 ? 1.57079632679489661923 - 2 * r : r, x);
}

/* Student minus teacher, counted twice off the diagonal, and nothing below it. */
INLINE void weights(int K, int P, double w[LARGEST][LARGEST]) {
  for (int a = 0; a < P; a++)
    for (int b = 0; b < P; b++)
      w[a][b] = b < a ? 0 : (a == b ? 1 : 2) * ((a < K) == (b < K) ? 1.0 : -1.0);
}

/* -- one state, vectors along the fields --------------------------------------------------------*/

INLINE double noise(int P, double w[LARGEST][LARGEST], double C[LARGEST][LARGEST],
                    const double *own, int i, int k) {
  double A[LARGEST] ALIGNED, B[LARGEST] ALIGNED, v[LARGEST] ALIGNED;
  const double *ci = C[i], *ck = C[k];
  double mixed = ci[k], volume = own[i] * own[k] - mixed * mixed, inverse = 1 / volume;
  for (int a = 0; a < P; a++) {
    A[a] = (ci[a] * own[k] - ck[a] * mixed) * inverse;
    B[a] = (ck[a] * own[i] - ci[a] * mixed) * inverse;
    v[a] = 1 / sqrt(own[a] - A[a] * ci[a] - B[a] * ck[a]);
  }
  enum { WIDE = 8 };
  int wide = P < WIDE ? P : WIDE;
  double part[WIDE] ALIGNED = {0}, total = 0;
  for (int a = 0; a < P; a++)
    for (int from = a / wide * wide; from < P; from += wide)
#pragma omp simd
      for (int b = 0; b < wide; b++) {
        double left = C[a][from + b] - A[a] * ci[from + b] - B[a] * ck[from + b];
        part[b] += w[a][from + b] * small_asin(left * v[a] * v[from + b]);
      }
  for (int b = 0; b < wide; b++) total += part[b];
  return TWO_OVER_PI * TWO_OVER_PI / sqrt(volume) * total;
}

INLINE void one_state(int K, int M, const double *restrict R, const double *restrict Q,
                      const double *restrict T, double eta, double *restrict dR,
                      double *restrict dQ) {
  int P = K + M;
  double C[LARGEST][LARGEST] ALIGNED, w[LARGEST][LARGEST] ALIGNED, third[LARGEST][LARGEST] ALIGNED;
  double own[LARGEST] ALIGNED;
  weights(K, P, w);
  for (int i = 0; i < K; i++) {
    for (int k = 0; k < K; k++) C[i][k] = Q[i * K + k];
    for (int n = 0; n < M; n++) C[i][K + n] = C[K + n][i] = R[i * M + n];
  }
  for (int n = 0; n < M; n++)
    for (int m = 0; m < M; m++) C[K + n][K + m] = T[n * M + m];
  for (int a = 0; a < P; a++) own[a] = 1 + C[a][a];
  for (int i = 0; i < K; i++) {
    double r[LARGEST] ALIGNED, along = 0;
    for (int a = 0; a < P; a++) {
      r[a] = (a < K ? -TWO_OVER_PI : TWO_OVER_PI) / sqrt(own[i] * own[a] - C[i][a] * C[i][a]);
      along += r[a] * C[i][a];
    }
    for (int n = 0; n < P; n++) third[i][n] = -C[i][n] * along / own[i];
    for (int a = 0; a < P; a++)
      for (int n = 0; n < P; n++) third[i][n] += r[a] * C[a][n];
    for (int n = 0; n < M; n++) dR[i * M + n] = eta * third[i][K + n];
  }
  for (int i = 0; i < K; i++)
    for (int k = i; k < K; k++)
      dQ[i * K + k] = dQ[k * K + i] =
          eta * (third[i][k] + third[k][i]) + eta * eta * noise(P, w, C, own, i, k);
}

static void dispatch(int K, int M, const double *R, const double *Q, const double *T, double eta,
                     double *dR, double *dQ) {
  if (K == 2 && M == 2) one_state(2, 2, R, Q, T, eta, dR, dQ);
  else one_state(8, 8, R, Q, T, eta, dR, dQ);
}

/* States one after the other; K = M is 2 or 8. */
void soft_committee_states(long states, long K, const double *restrict R,
                           const double *restrict Q, const double *restrict T, double eta,
                           double *restrict dR, double *restrict dQ) {
  for (long s = 0; s < states; s++)
    dispatch((int)K, (int)K, R + s * K * K, Q + s * K * K, T, eta, dR + s * K * K, dQ + s * K * K);
}

/* -- eight states, vectors along the states ------------------------------------------------------*/

#define LANES 8
#define EACH for (int l = 0; l < LANES; l++)

typedef double lanes[LANES];

INLINE void eight_states(int K, int M, const double *restrict R, const double *restrict Q,
                         const double *restrict T, double eta, double *restrict dR,
                         double *restrict dQ) {
  int P = K + M;
  lanes C[LARGEST][LARGEST] ALIGNED, third[LARGEST][LARGEST] ALIGNED, own[LARGEST] ALIGNED;
  for (int i = 0; i < K; i++) {
    for (int k = 0; k < K; k++) EACH C[i][k][l] = Q[(l * K + i) * K + k];
    for (int n = 0; n < M; n++) EACH C[i][K + n][l] = C[K + n][i][l] = R[(l * K + i) * M + n];
  }
  for (int n = 0; n < M; n++)
    for (int m = 0; m < M; m++) EACH C[K + n][K + m][l] = T[n * M + m];
  for (int a = 0; a < P; a++) EACH own[a][l] = 1 + C[a][a][l];
  for (int i = 0; i < K; i++) {
    lanes r[LARGEST] ALIGNED, along = {0};
    for (int a = 0; a < P; a++) EACH {
      double c = C[i][a][l];
      r[a][l] = (a < K ? -TWO_OVER_PI : TWO_OVER_PI) / sqrt(own[i][l] * own[a][l] - c * c);
      along[l] += r[a][l] * c;
    }
    for (int n = 0; n < P; n++) {
      lanes sum;
      EACH sum[l] = -C[i][n][l] * along[l] / own[i][l];
      for (int a = 0; a < P; a++) EACH sum[l] += r[a][l] * C[a][n][l];
      EACH third[i][n][l] = sum[l];
    }
    for (int n = 0; n < M; n++) EACH dR[(l * K + i) * M + n] = eta * third[i][K + n][l];
  }
  for (int i = 0; i < K; i++)
    for (int k = i; k < K; k++) {
      lanes A[LARGEST] ALIGNED, B[LARGEST] ALIGNED, v[LARGEST] ALIGNED, volume, total = {0};
      EACH volume[l] = own[i][l] * own[k][l] - C[i][k][l] * C[i][k][l];
      for (int a = 0; a < P; a++) EACH {
        double ci = C[i][a][l], ck = C[k][a][l], mixed = C[i][k][l], inverse = 1 / volume[l];
        A[a][l] = (ci * own[k][l] - ck * mixed) * inverse;
        B[a][l] = (ck * own[i][l] - ci * mixed) * inverse;
        v[a][l] = 1 / sqrt(own[a][l] - A[a][l] * ci - B[a][l] * ck);
      }
      for (int a = 0; a < P; a++)
        for (int b = a; b < P; b++) {
          double w = ((a < K) == (b < K) ? 1.0 : -1.0) * (a == b ? 1 : 2);
#pragma omp simd
          EACH {
            double left = C[a][b][l] - A[a][l] * C[i][b][l] - B[a][l] * C[k][b][l];
            total[l] += w * small_asin(left * v[a][l] * v[b][l]);
          }
        }
      EACH {
        double noise = TWO_OVER_PI * TWO_OVER_PI / sqrt(volume[l]) * total[l];
        dQ[(l * K + i) * K + k] = dQ[(l * K + k) * K + i] =
            eta * (third[i][k][l] + third[k][i][l]) + eta * eta * noise;
      }
    }
}

/* A multiple of eight states; K = M is 2 or 8. */
void soft_committee_lanes(long states, long K, const double *restrict R, const double *restrict Q,
                          const double *restrict T, double eta, double *restrict dR,
                          double *restrict dQ) {
  for (long s = 0; s < states; s += LANES) {
    long at = s * K * K;
    if (K == 2) eight_states(2, 2, R + at, Q + at, T, eta, dR + at, dQ + at);
    else eight_states(8, 8, R + at, Q + at, T, eta, dR + at, dQ + at);
  }
}

/* -- the flow ------------------------------------------------------------------------------------*/

#define STATE (2 * 64)

static void rate(int K, const double *T, double eta, const double *y, double *dy) {
  dispatch(K, K, y, y + K * K, T, eta, dy, dy + K * K);
}

static const double STAGES[6][6] = {
    {1. / 5},
    {3. / 40, 9. / 40},
    {44. / 45, -56. / 15, 32. / 9},
    {19372. / 6561, -25360. / 2187, 64448. / 6561, -212. / 729},
    {9017. / 3168, -355. / 33, 46732. / 5247, 49. / 176, -5103. / 18656},
    {35. / 384, 0, 500. / 1113, 125. / 192, -2187. / 6784, 11. / 84},
};
static const double ERRORS[7] = {-71. / 57600, 0, 71. / 16695, -71. / 1920, 17253. / 339200,
                                 -22. / 525, 1. / 40};

/* Steps as SciPy's RK45 chooses them; the state y = (R, Q) at each of the times. */
void soft_committee_flow(long K, const double *restrict T, double eta, long count,
                         const double *restrict times, double first, double rtol, double atol,
                         double *restrict saved) {
  int size = (int)(2 * K * K);
  double y[STATE], next[STATE], k[7][STATE], t = times[0], h = first;
  memcpy(y, saved, size * sizeof(double));
  rate((int)K, T, eta, y, k[0]);
  for (long at = 1; at < count; at++) {
    while (t < times[at]) {
      double step = t + h > times[at] ? times[at] - t : h;
      for (int stage = 0; stage < 6; stage++) {
        for (int i = 0; i < size; i++) {
          double sum = 0;
          for (int j = 0; j <= stage; j++) sum += STAGES[stage][j] * k[j][i];
          next[i] = y[i] + step * sum;
        }
        rate((int)K, T, eta, next, k[stage + 1]);
      }
      double squares = 0;
      for (int i = 0; i < size; i++) {
        double d = 0, scale = atol + rtol * fmax(fabs(y[i]), fabs(next[i]));
        for (int j = 0; j < 7; j++) d += ERRORS[j] * k[j][i];
        squares += (step * d / scale) * (step * d / scale);
      }
      double error = sqrt(squares / size), factor = error == 0 ? 10 : 0.9 * pow(error, -0.2);
      if (error < 1) {
        t = step < h ? times[at] : t + step;
        memcpy(y, next, size * sizeof(double));
        memcpy(k[0], k[6], size * sizeof(double));
        factor = factor > 10 ? 10 : factor;
        /* a step that was cut short to end at a time says little */
        h = step < h ? fmax(h, step * factor) : step * factor;
      } else {
        h = step * (factor < 0.2 ? 0.2 : factor);
      }
    }
    memcpy(saved + at * size, y, size * sizeof(double));
  }
}

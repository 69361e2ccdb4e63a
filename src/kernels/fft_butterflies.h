/* fft_butterflies.h - the small Fourier transforms inside a pass (fft_passes.h), on a float or a vector of floats.
 *
 * Template, included once for each. Parameters, which end with it:
 *   NUMBER        the type of a number
 *   NAMED(name)   the name of a function for that type */

/* R numbers on their way through a butterfly. */
typedef struct NAMED(numbers) {
    NUMBER re[8], im[8];
} NAMED(numbers);

static inline void NAMED(dft2)(NAMED(numbers) * a)
{
    NUMBER re = a->re[0] - a->re[1], im = a->im[0] - a->im[1];
    a->re[0] += a->re[1], a->im[0] += a->im[1];
    a->re[1] = re, a->im[1] = im;
}

static inline void NAMED(dft3)(NAMED(numbers) * a)
{
    const float half_sqrt3 = 0.866025403784438647f;
    NUMBER sum_re = a->re[1] + a->re[2], sum_im = a->im[1] + a->im[2];
    NUMBER turn_re = half_sqrt3 * (a->im[1] - a->im[2]), turn_im = half_sqrt3 * (a->re[2] - a->re[1]);
    NUMBER mid_re = a->re[0] - 0.5f * sum_re, mid_im = a->im[0] - 0.5f * sum_im;
    a->re[0] += sum_re, a->im[0] += sum_im;
    a->re[1] = mid_re + turn_re, a->im[1] = mid_im + turn_im;
    a->re[2] = mid_re - turn_re, a->im[2] = mid_im - turn_im;
}

/* On four of the numbers, which lie at i, j, k, l; the result comes in the same places. */
static inline void NAMED(dft4_at)(NAMED(numbers) * a, int i, int j, int k, int l)
{
    NUMBER even_re = a->re[i] + a->re[k], even_im = a->im[i] + a->im[k];
    NUMBER diff_re = a->re[i] - a->re[k], diff_im = a->im[i] - a->im[k];
    NUMBER odd_re = a->re[j] + a->re[l], odd_im = a->im[j] + a->im[l];
    NUMBER turn_re = a->im[j] - a->im[l], turn_im = a->re[l] - a->re[j];
    a->re[i] = even_re + odd_re, a->im[i] = even_im + odd_im;
    a->re[j] = diff_re + turn_re, a->im[j] = diff_im + turn_im;
    a->re[k] = even_re - odd_re, a->im[k] = even_im - odd_im;
    a->re[l] = diff_re - turn_re, a->im[l] = diff_im - turn_im;
}

static inline void NAMED(dft4)(NAMED(numbers) * a) { NAMED(dft4_at)(a, 0, 1, 2, 3); }

static inline void NAMED(dft5)(NAMED(numbers) * a)
{
    const float c1 = 0.309016994374947424f, c2 = -0.809016994374947424f; /* cos(2 pi / 5), cos(4 pi / 5) */
    const float s1 = 0.951056516295153572f, s2 = 0.587785252292473129f;  /* sin of the same */
    NUMBER p1r = a->re[1] + a->re[4], p1i = a->im[1] + a->im[4], m1r = a->re[1] - a->re[4], m1i = a->im[1] - a->im[4];
    NUMBER p2r = a->re[2] + a->re[3], p2i = a->im[2] + a->im[3], m2r = a->re[2] - a->re[3], m2i = a->im[2] - a->im[3];
    NUMBER u1r = a->re[0] + (c1 * p1r + c2 * p2r), u1i = a->im[0] + (c1 * p1i + c2 * p2i);
    NUMBER u2r = a->re[0] + (c2 * p1r + c1 * p2r), u2i = a->im[0] + (c2 * p1i + c1 * p2i);
    NUMBER v1r = s1 * m1i + s2 * m2i, v1i = -(s1 * m1r + s2 * m2r);
    NUMBER v2r = s2 * m1i - s1 * m2i, v2i = -(s2 * m1r - s1 * m2r);
    a->re[0] += p1r + p2r, a->im[0] += p1i + p2i;
    a->re[1] = u1r + v1r, a->im[1] = u1i + v1i;
    a->re[2] = u2r + v2r, a->im[2] = u2i + v2i;
    a->re[3] = u2r - v2r, a->im[3] = u2i - v2i;
    a->re[4] = u1r - v1r, a->im[4] = u1i - v1i;
}

/* Two transforms of four, on the even and on the odd numbers, then four of two, between which the odd ones turn by
 * eighths of a circle. */
static inline void NAMED(dft8)(NAMED(numbers) * a)
{
    const float r = 0.707106781186547524f;
    NAMED(dft4_at)(a, 0, 2, 4, 6);
    NAMED(dft4_at)(a, 1, 3, 5, 7);
    NUMBER o1r = r * (a->re[3] + a->im[3]), o1i = r * (a->im[3] - a->re[3]);
    NUMBER o2r = a->im[5], o2i = -a->re[5];
    NUMBER o3r = r * (a->im[7] - a->re[7]), o3i = -r * (a->re[7] + a->im[7]);
    NUMBER o0r = a->re[1], o0i = a->im[1];
    NUMBER e0r = a->re[0], e0i = a->im[0], e1r = a->re[2], e1i = a->im[2];
    NUMBER e2r = a->re[4], e2i = a->im[4], e3r = a->re[6], e3i = a->im[6];
    a->re[0] = e0r + o0r, a->im[0] = e0i + o0i, a->re[4] = e0r - o0r, a->im[4] = e0i - o0i;
    a->re[1] = e1r + o1r, a->im[1] = e1i + o1i, a->re[5] = e1r - o1r, a->im[5] = e1i - o1i;
    a->re[2] = e2r + o2r, a->im[2] = e2i + o2i, a->re[6] = e2r - o2r, a->im[6] = e2i - o2i;
    a->re[3] = e3r + o3r, a->im[3] = e3i + o3i, a->re[7] = e3r - o3r, a->im[7] = e3i - o3i;
}

/* Multiply number k by a twiddle factor. */
static inline void NAMED(turn)(NAMED(numbers) * a, int k, float wr, float wi)
{
    NUMBER re = a->re[k] * wr - a->im[k] * wi;
    a->im[k] = a->re[k] * wi + a->im[k] * wr;
    a->re[k] = re;
}

#undef NUMBER
#undef NAMED

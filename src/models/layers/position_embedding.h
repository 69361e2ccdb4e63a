/* position_embedding.h - sinusoidal position embeddings, in float32 as the official code computes them. */
#ifndef DMX_MODELS_LAYERS_POSITION_EMBEDDING_H
#define DMX_MODELS_LAYERS_POSITION_EMBEDDING_H

/* create_sin_embedding, one position at a time: out[dim] holds cosines, then sines, of position / divisor. dim is even.
 *   divisors  [dim / 2], made once by dmx_embedding_1d_divisors */
void dmx_embedding_1d_divisors(int dim, double max_period, float *divisors);
void dmx_embedding_1d(float position, int dim, const float *divisors, float *out);

/* create_2d_sin_embedding, one step at a time: out[bins][dim]. dim is a multiple of 4.
 *   terms  [dim / 4], made once by dmx_embedding_2d_terms */
void dmx_embedding_2d_terms(int dim, double max_period, float *terms);
void dmx_embedding_2d(int step, int bins, int dim, const float *terms, float *out);

#endif

/* generated.h - weights and signals of the golden cases, made from their names.
 *
 * What the official package computes from a model with random weights is worth keeping; the weights themselves and the
 * signal are worth a formula. tools/golden_generated.py has the same formulas, for the package's side: integers, and
 * operations on floating-point numbers that round in one way only, so that both make the same bits on any machine. */
#ifndef DEMUCS_TESTS_GOLDEN_GENERATED_H
#define DEMUCS_TESTS_GOLDEN_GENERATED_H

#include <stddef.h>
#include <stdint.h>

/* Number `index` of a series of independent random numbers. */
uint64_t generated_word(uint64_t key, uint64_t index);

/* The key of a series, from its name. */
uint64_t generated_key(const char *name);

/* The values of a tensor [count] of the model `model`, each one that float16 can hold. What they spread over follows
 * from the tensor's PyTorch name and shape: weights about keep the loudness, and every norm, bias, scale and embedding
 * is away from the value at which it would do nothing. */
void generated_tensor(const char *model, const char *name, int rank, const int64_t *shape, float *values);

/* The signal of a name, [channels][frames]: per channel six tones that fade, noise, and a small offset. A shorter one
 * is the start of a longer one. "NAME~A-B": digital silence in the frames [A, B). "NAME.low": deep
 * tones and hardly any noise. */
void generated_signal(const char *name, int channels, size_t frames, float *planes);

#endif

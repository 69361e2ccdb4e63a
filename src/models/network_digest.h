/* network_digest.h - the part of a model's digest that one network has. See digest.h. */
#ifndef DMX_MODELS_NETWORK_DIGEST_H
#define DMX_MODELS_NETWORK_DIGEST_H

#include "base/sha256.h"
#include "models/network.h"

/* Sum up class and arguments of a checkpoint, as far as the class takes them, into network->arguments_digest. */
void dmx_network_note_arguments(dmx_network *network, const dmx_arguments *arguments);

/* The sum of the network, whose weights are there, by `take`. */
void dmx_network_digest(const dmx_network *network, dmx_sha256_fn take, unsigned char sum[DMX_SHA256_BYTES]);

#endif

/* stage.h - what the tests of fetching play on: two models, bags of them, a cache, and a corner of the server. */
#ifndef DEMUCS_TESTS_HUB_STAGE_H
#define DEMUCS_TESTS_HUB_STAGE_H

#include "files.h"
#include "hub/hub.h"
#include "hub/registry.h"

#include <stdbool.h>

#define MODEL_BYTES ((size_t)300000)
#define NO_SERVER   "http://127.0.0.1:1" /* nothing listens there */

/* Models aa (noise 0) and bb (noise 1), bags of them, and a corner of the server for each test. */
extern struct stage {
    char legacy[2][64], sums[2][65];
    hub_known_bag bags[2];
    hub_known_file files[2];
    hub_registry registry;
    char cache[256], corner[16];
} stage;

const unsigned char *model(int number);

/* A file that the server shall have: in the test's corner. And the name of a model at the legacy host. */
const char *server_file(const char *name);
const char *legacy_file(int number);

/* The manners of the two hosts from now on, see with_server.py. */
void use_modes(const char *hugging_face, const char *legacy);

/* A new cache; a server that has everything, with the given manners; no pins. False: there is no server. */
bool set_stage(const char *hugging_face, const char *legacy);

/* How many requests of this test have `text` in their line of the log. */
int requests(const char *text);

/* The path of a file in the cache. */
const char *cached(const char *name);

/* Resolving `name` gives this file of the cache; or fails with this word. The file holds this model. */
void expect(const char *name, const hub_options *options, const char *file);
void expect_failure(const char *name, const hub_options *options, const char *word);
void expect_model(const char *file, int number);

#endif

/* listing.h - what is said about models: the list of them, what one consists of, and what the options may ask of it. */
#ifndef SEPARATE_LISTING_H
#define SEPARATE_LISTING_H

#include "base/error.h"
#include "options.h"

/* --list-models, in the official form. Returns the exit status. */
int listing_models(const char *repo);

/* The facts of a loaded model, to stderr. */
void listing_describe(const demucs_model *model, const char *path);

/* The official line about the members of a bag, to stdout. A bag of one counts, and the official htdemucs is one. */
void listing_announce_bag(const separate_options *options, const demucs_model *model, const char *path);

/* Whether the model can do what the options ask for. The official program says that it is a bag between the two. */
bool listing_check_segment(const separate_options *options, const demucs_model *model, demucs_error *why);
bool listing_check_stem(const separate_options *options, const demucs_model *model, demucs_error *why);

#endif

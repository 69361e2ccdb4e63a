/* gather.c - see gather.h */
#include "gather.h"

#include "base/error.h"
#include "common/memory.h"
#include "folder.h"
#include "hub/hub.h"
#include "pipes.h"

#include <stdlib.h>

/* Where results lie: in OUT, and where that is the folder of the tracks, in the folders of the models inside it. */
typedef struct results {
    char **folders; /* [count] */
    size_t count;
} results;

static results results_of(const separate_options *options, const char *folder)
{
    size_t models = 0;
    hub_entry *known = hub_list(NULL, &models, NULL);
    results all = {.folders = memory_new(models + 2, sizeof *all.folders)};
    all.folders[all.count++] = memory_text("%s", options->request.folder);
    all.folders[all.count++] = memory_text("%s", folder);
    for (size_t i = 0; known != NULL && i < models; i++)
        all.folders[all.count++] = folder_of_model(options->request.folder, known[i].name);
    free(known);
    return all;
}

static bool add_all(demucs_runs_list *list, const separate_options *options, const demucs_runs_search *search,
                    demucs_error *why)
{
    demucs_status status = DEMUCS_OK;
    for (int i = 0; status == DEMUCS_OK && i < options->tracks_count; i++)
        status = demucs_runs_list_add(list, pipes_track(options->tracks[i]), search, why);
    if (status == DEMUCS_OK && options->from != NULL) status = demucs_runs_list_read(list, options->from, search, why);
    if (status == DEMUCS_OK && demucs_runs_list_count(list) == 0)
        status = dmx_fail(why, DEMUCS_ERROR_ARGUMENT, "the list of --from names no track");
    return status == DEMUCS_OK;
}

demucs_runs_list *gather_tracks(const separate_options *options, const char *folder, demucs_error *why)
{
    results all = results_of(options, folder);
    demucs_runs_list *list = NULL;
    demucs_runs_search search;
    demucs_runs_search_init(&search, sizeof search);
    search.recursive = options->recursive;
    search.glob = options->glob;
    search.except = (const char *const *)all.folders;
    search.except_count = all.count;
    if (demucs_runs_list_create(&list, why) == DEMUCS_OK && !add_all(list, options, &search, why)) {
        demucs_runs_list_free(list);
        list = NULL;
    }
    for (size_t i = 0; i < all.count; i++) free(all.folders[i]);
    free(all.folders);
    return list;
}

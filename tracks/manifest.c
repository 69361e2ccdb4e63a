/* manifest.c - see manifest.h
 *
 * The fields and the values of what is off are those of the public specification of Native Instruments. */
#include "tracks/manifest.h"

#include "base/alloc.h"
#include "tracks/json.h"

#include <ctype.h>
#include <string.h>

/* Those that are common among stem files of this kind, apart for eyes that tell few colours apart, too. */
static const char *const colours[] = {"#009E73", "#D55E00", "#CC79A7", "#56B4E9"};

/* "drums" becomes "Drums", as such names are shown on the displays of decks. */
static json_t *stem_of(const void *object, size_t i)
{
    char *name = dmx_strdup(demucs_model_source_name(object, (int)i));
    if (name == NULL) return NULL;
    name[0] = (char)toupper((unsigned char)name[0]);
    json_t *stem =
        json_pack("{s:o, s:s}", "name", dmx_json_text(name), "color", colours[i % (sizeof colours / sizeof *colours)]);
    dmx_free(name);
    return stem;
}

char *dmx_manifest_new(const demucs_model *model)
{
    json_t *json =
        json_pack("{s:i, s:{s:{s:b, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f}, s:{s:b, s:f, s:f, s:f}}, s:o}", "version",
                  1, "mastering_dsp", "compressor", "enabled", 0, "ratio", 3.0, "output_gain", 0.5, "release", 0.3,
                  "attack", 0.003, "input_gain", 0.5, "threshold", 0.0, "hp_cutoff", 300.0, "dry_wet", 50.0, "limiter",
                  "enabled", 0, "release", 0.05, "threshold", 0.0, "ceiling", -0.35, "stems",
                  dmx_json_list(stem_of, model, (size_t)demucs_model_sources(model)));
    char *text = json != NULL ? dmx_json_print(json) : NULL;
    json_decref(json);
    return text;
}

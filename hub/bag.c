/* bag.c - the `models` of a bag file; the only file of hub/ that knows libyaml.
 *
 * The file is untrusted: its size is bounded, and a signature that is not a plain name (a path, an option, an empty
 * text) is refused before it becomes part of a path or of a URL. */
#include "hub/bag.h"

#include "base/alloc.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

/* The value of `key` in the mapping `node`, or NULL. */
static yaml_node_t *mapping_value(yaml_document_t *document, const yaml_node_t *node, const char *key)
{
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++) {
        const yaml_node_t *name = yaml_document_get_node(document, pair->key);
        if (name != NULL && name->type == YAML_SCALAR_NODE && name->data.scalar.length == strlen(key) &&
            memcmp(name->data.scalar.value, key, strlen(key)) == 0)
            return yaml_document_get_node(document, pair->value);
    }
    return NULL;
}

static bool take_signature(hub_bag *bag, const char *path, const yaml_node_t *node, demucs_error *error)
{
    if (bag->count == HUB_BAG_MAX_MODELS)
        return !dmx_fail(error, DEMUCS_ERROR_FORMAT, "the bag %s lists more than %d models", path, HUB_BAG_MAX_MODELS);
    if (node == NULL || node->type != YAML_SCALAR_NODE)
        return !dmx_fail(error, DEMUCS_ERROR_FORMAT, "the bag %s lists a model that is not a signature", path);
    const char *text = (const char *)node->data.scalar.value;
    char shown[128];
    if (strlen(text) != node->data.scalar.length || !hub_name_is_safe(text))
        return !dmx_fail(error, DEMUCS_ERROR_FORMAT,
                         "the bag %s lists '%s', which is not a signature (letters, digits, '_', '-' and '.')", path,
                         dmx_printable(shown, sizeof shown, text, strlen(text)));
    strcpy(bag->signatures[bag->count++], text);
    return true;
}

static bool take_models(hub_bag *bag, const char *path, yaml_document_t *document, demucs_error *error)
{
    const yaml_node_t *root = yaml_document_get_root_node(document);
    const yaml_node_t *models =
        root != NULL && root->type == YAML_MAPPING_NODE ? mapping_value(document, root, "models") : NULL;
    if (models == NULL || models->type != YAML_SEQUENCE_NODE ||
        models->data.sequence.items.start == models->data.sequence.items.top)
        return !dmx_fail(error, DEMUCS_ERROR_FORMAT, "%s is not a bag of models: it has no list named models", path);
    const yaml_node_item_t *top = models->data.sequence.items.top;
    for (const yaml_node_item_t *item = models->data.sequence.items.start; item < top; item++)
        if (!take_signature(bag, path, yaml_document_get_node(document, *item), error)) return false;
    return true;
}

bool hub_bag_parse(hub_bag *bag, const char *path, const char *text, size_t size_bytes, demucs_error *error)
{
    memset(bag, 0, sizeof *bag);
    yaml_parser_t parser;
    yaml_document_t document;
    if (!yaml_parser_initialize(&parser))
        return !dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory to read %s", path);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, size_bytes);
    bool done = false;
    if (yaml_parser_load(&parser, &document)) {
        done = take_models(bag, path, &document, error);
        yaml_document_delete(&document);
    } else {
        dmx_fail(error, DEMUCS_ERROR_FORMAT, "%s is not a YAML file (line %zu: %s)", path, parser.problem_mark.line + 1,
                 parser.problem != NULL ? parser.problem : "damaged");
    }
    yaml_parser_delete(&parser);
    return done;
}

bool hub_bag_read(hub_bag *bag, const char *path, demucs_error *error)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) return !dmx_fail(error, DEMUCS_ERROR_IO, "cannot open %s: %s", path, strerror(errno));
    bool done = false;
    char *text = dmx_alloc(1, HUB_BAG_MAX_BYTES + 1);
    size_t size_bytes = text != NULL ? fread(text, 1, HUB_BAG_MAX_BYTES + 1, file) : 0;
    if (text == NULL)
        dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory to read %s", path);
    else if (ferror(file))
        dmx_fail(error, DEMUCS_ERROR_IO, "cannot read %s: %s", path, strerror(errno));
    else if (size_bytes > HUB_BAG_MAX_BYTES)
        dmx_fail(error, DEMUCS_ERROR_FORMAT, "%s is too long for a bag of models", path);
    else
        done = hub_bag_parse(bag, path, text, size_bytes, error);
    dmx_free(text);
    fclose(file);
    return done;
}

bool hub_bag_repeats(const hub_bag *bag, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (strcmp(bag->signatures[i], bag->signatures[index]) == 0) return true;
    return false;
}

/* bag.c - see bag.h
 *
 *     models: ['955717e8', ...]             signatures of the members
 *     weights: [[1., 0., 0., 0.], ...]      a row a member, a column a source
 *     segment: 44                           seconds
 *
 * The YAML library hands out events; a small descent over them is all that is needed, and whatever makes YAML dangerous
 * (tags, which name Python classes; aliases, which multiply data) is refused as it comes by. Only a row of weights may
 * be an alias of one above it: PyYAML writes rows so that are the same list in the program. */
#include "base/bag.h"

#include "base/alloc.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { MAX_DEPTH = 16, MAX_SIGNATURE = 64, MAX_ANCHOR = 32 };

typedef struct reader {
    dmx_bag *bag;
    const char *path;
    demucs_error *error;
    yaml_parser_t parser;
    yaml_event_t event;
    bool has_event;
    bool rows_next; /* a row of weights, which may have an anchor or be an alias, is next */
    char anchors[DMX_BAG_MAX_MODELS][MAX_ANCHOR]; /* of the rows of weights; "" without one */
} reader;

static demucs_status bad(reader *r, const char *why)
{
    return dmx_refuse(r->path, r->error, DEMUCS_ERROR_FORMAT, "this bag of models %s.", why);
}

static demucs_status no_memory(const reader *r)
{
    return dmx_refuse(r->path, r->error, DEMUCS_ERROR_MEMORY, "out of memory while reading this bag of models.");
}

/* ------------------------------------------------------------------------------------------------------- events -- */

/* The tag and the anchor, wherever an event may carry them. */
static bool has_tag(const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT: return event->data.scalar.tag != NULL;
    case YAML_SEQUENCE_START_EVENT: return event->data.sequence_start.tag != NULL;
    case YAML_MAPPING_START_EVENT: return event->data.mapping_start.tag != NULL;
    default: return false;
    }
}

static const char *anchor_of(const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT: return (const char *)event->data.scalar.anchor;
    case YAML_SEQUENCE_START_EVENT: return (const char *)event->data.sequence_start.anchor;
    case YAML_MAPPING_START_EVENT: return (const char *)event->data.mapping_start.anchor;
    case YAML_ALIAS_EVENT: return (const char *)event->data.alias.anchor;
    default: return NULL;
    }
}

static demucs_status next(reader *r)
{
    if (r->has_event) yaml_event_delete(&r->event);
    r->has_event = yaml_parser_parse(&r->parser, &r->event) != 0;
    if (!r->has_event && r->parser.error == YAML_MEMORY_ERROR) return no_memory(r);
    if (!r->has_event)
        return dmx_refuse(r->path, r->error, DEMUCS_ERROR_FORMAT, "this is not valid YAML (line %zu).",
                          r->parser.problem_mark.line + 1);
    if (has_tag(&r->event) || (anchor_of(&r->event) != NULL && !r->rows_next))
        return bad(r, "uses a YAML tag, anchor or alias, which have no place in it");
    return DEMUCS_OK;
}

/* Skip the value whose first event is at hand. */
static demucs_status skip(reader *r)
{
    int depth = 0;
    for (;;) {
        yaml_event_type_t type = r->event.type;
        if (type == YAML_SEQUENCE_START_EVENT || type == YAML_MAPPING_START_EVENT) depth++;
        if (type == YAML_SEQUENCE_END_EVENT || type == YAML_MAPPING_END_EVENT) depth--;
        if (depth > MAX_DEPTH) return bad(r, "is nested too deeply");
        if (depth == 0) return DEMUCS_OK;
        demucs_status status = next(r);
        if (status != DEMUCS_OK) return status;
    }
}

static bool is_scalar(const reader *r, const char *text)
{
    return r->event.type == YAML_SCALAR_EVENT && r->event.data.scalar.length == strlen(text) &&
           memcmp(r->event.data.scalar.value, text, strlen(text)) == 0;
}

static bool is_null(const reader *r)
{
    bool plain = r->event.type == YAML_SCALAR_EVENT && r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    return plain && (is_scalar(r, "null") || is_scalar(r, "~") || is_scalar(r, ""));
}

/* ------------------------------------------------------------------------------------------------------ numbers -- */

enum { MAX_DIGITS = 100 };

/* 010 is 8 in YAML 1.1, and 09 is no number. */
static bool parse_octal(const char *text, size_t length, double *number)
{
    *number = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '7') return false;
        *number = 8 * *number + (text[i] - '0');
    }
    return isfinite(*number);
}

/* [0-9]*[.[0-9]*][e[+-][0-9]+], the right double for it. strtod sees it without the point, as digits and a power of
 * ten: how it reads a point depends on the locale of the program around us. */
static bool parse_decimal(const char *text, size_t length, double *number)
{
    char plain[MAX_DIGITS + 16];
    int exponent = 0, given = 0, sign = 1;
    size_t i = 0, start, digits = 0;
    for (bool point = false; i < length && (text[i] == '.' || (text[i] >= '0' && text[i] <= '9')); i++) {
        if ((text[i] == '.' && point) || digits == MAX_DIGITS) return false;
        if (text[i] != '.') plain[digits++] = text[i];
        exponent -= point && text[i] != '.';
        point = point || text[i] == '.';
    }
    if (digits == 0) return false;
    if (i < length && (text[i] == 'e' || text[i] == 'E')) {
        i++;
        if (i < length && (text[i] == '+' || text[i] == '-')) sign = text[i++] == '-' ? -1 : 1;
        for (start = i; i < length && text[i] >= '0' && text[i] <= '9' && i - start < 3; i++)
            given = 10 * given + (text[i] - '0');
        if (i == start) return false;
    }
    if (i != length) return false;
    snprintf(plain + digits, sizeof plain - digits, "e%d", exponent + sign * given);
    *number = strtod(plain, NULL);
    return isfinite(*number);
}

/* A number as YAML 1.1 has it, as far as programs write it: with a sign, in octal, with as many digits as a double
 * needs. */
static bool parse_number(const char *text, size_t length, double *number)
{
    const bool sign = length > 0 && (text[0] == '-' || text[0] == '+');
    const char *unsigned_text = text + sign;
    length -= sign;
    const bool octal = length > 1 && unsigned_text[0] == '0' && memchr(unsigned_text, '.', length) == NULL &&
                       unsigned_text[1] != 'e' && unsigned_text[1] != 'E';
    if (!(octal ? parse_octal : parse_decimal)(unsigned_text, length, number)) return false;
    if (text[0] == '-') *number = -*number;
    return true;
}

/* The plain scalar at hand as a number. */
static bool scalar_number(const reader *r, double *number)
{
    return r->event.type == YAML_SCALAR_EVENT && r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           parse_number((const char *)r->event.data.scalar.value, r->event.data.scalar.length, number);
}

/* --------------------------------------------------------------------------------------------------------- keys -- */

/* Signatures become part of paths: nothing that could lead elsewhere. (What becomes part of a URL the hub looks at once
 * more.) */
static bool is_signature(const char *text, size_t length)
{
    return length <= MAX_SIGNATURE && dmx_is_plain_name(text, length);
}

static demucs_status read_models(reader *r)
{
    if (r->event.type != YAML_SEQUENCE_START_EVENT) return bad(r, "has no list under 'models'");
    if (r->bag->signatures != NULL) return bad(r, "has 'models' twice");
    r->bag->signatures = dmx_alloc(DMX_BAG_MAX_MODELS, sizeof *r->bag->signatures);
    if (r->bag->signatures == NULL) return no_memory(r);
    for (;;) {
        demucs_status status = next(r);
        if (status != DEMUCS_OK) return status;
        if (r->event.type == YAML_SEQUENCE_END_EVENT) return DEMUCS_OK;
        if (r->event.type != YAML_SCALAR_EVENT) return bad(r, "lists something under 'models' that is not a signature");
        const char *text = (const char *)r->event.data.scalar.value;
        size_t length = r->event.data.scalar.length;
        if (!is_signature(text, length)) {
            char shown[128];
            return dmx_refuse(
                r->path, r->error, DEMUCS_ERROR_FORMAT,
                "this bag of models lists '%s', which is not a signature (1 to 64 bytes, without slashes and control "
                "characters, not beginning with '.' or '-').",
                dmx_printable(shown, sizeof shown, text, length));
        }
        if (r->bag->count == DMX_BAG_MAX_MODELS) return bad(r, "has too many models");
        char *copy = dmx_strndup(text, length);
        if (copy == NULL) return no_memory(r);
        r->bag->signatures[r->bag->count++] = copy;
    }
}

/* One row of the weights, into `row`. */
static demucs_status read_row(reader *r, double *row, size_t *columns)
{
    *columns = 0;
    if (r->event.type != YAML_SEQUENCE_START_EVENT) return bad(r, "has a row of weights that is not a list");
    for (;;) {
        demucs_status status = next(r);
        if (status != DEMUCS_OK) return status;
        if (r->event.type == YAML_SEQUENCE_END_EVENT) return DEMUCS_OK;
        if (*columns == DMX_BAG_MAX_SOURCES) return bad(r, "has a row of weights that is too long");
        if (!scalar_number(r, &row[*columns])) return bad(r, "has a weight that is not a number");
        (*columns)++;
    }
}

/* The row at hand is that of an anchor above it. */
static demucs_status repeat_row(reader *r, size_t rows, double *row, size_t *columns)
{
    *columns = r->bag->weight_columns;
    for (size_t i = rows; i-- > 0;) {
        if (strcmp(r->anchors[i], anchor_of(&r->event)) != 0) continue;
        memcpy(row, r->bag->weights + i * *columns, *columns * sizeof *row);
        return DEMUCS_OK;
    }
    return bad(r, "repeats a row of weights that is not above");
}

/* Keep the anchor of the row at hand, if it has one, and read the row. */
static demucs_status read_named_row(reader *r, char *name, double *row, size_t *columns)
{
    const char *anchor = anchor_of(&r->event);
    if (anchor != NULL && strlen(anchor) >= MAX_ANCHOR) return bad(r, "has an anchor with a long name");
    if (anchor != NULL) strcpy(name, anchor);
    return read_row(r, row, columns);
}

static demucs_status read_weights(reader *r, size_t *rows)
{
    dmx_bag *bag = r->bag;
    double row[DMX_BAG_MAX_SOURCES];
    size_t columns = 0;
    if (is_null(r)) return DEMUCS_OK;
    if (r->event.type != YAML_SEQUENCE_START_EVENT) return bad(r, "has no list under 'weights'");
    if (bag->weights != NULL) return bad(r, "has 'weights' twice");
    bag->weights = dmx_alloc(DMX_BAG_MAX_MODELS * DMX_BAG_MAX_SOURCES, sizeof *bag->weights);
    if (bag->weights == NULL) return no_memory(r);
    for (*rows = 0;; (*rows)++) {
        r->rows_next = true;
        demucs_status status = next(r);
        r->rows_next = false;
        if (status != DEMUCS_OK) return status;
        if (r->event.type == YAML_SEQUENCE_END_EVENT) return DEMUCS_OK;
        if (*rows == DMX_BAG_MAX_MODELS) return bad(r, "has too many rows of weights");
        status = r->event.type == YAML_ALIAS_EVENT ? repeat_row(r, *rows, row, &columns)
                                                   : read_named_row(r, r->anchors[*rows], row, &columns);
        if (status != DEMUCS_OK) return status;
        if (*rows == 0) bag->weight_columns = columns;
        if (columns == 0 || columns != bag->weight_columns) return bad(r, "has rows of weights of different lengths");
        memcpy(bag->weights + *rows * columns, row, columns * sizeof *row);
    }
}

static demucs_status read_segment(reader *r)
{
    if (is_null(r)) return DEMUCS_OK;
    if (!scalar_number(r, &r->bag->segment_seconds) || !(r->bag->segment_seconds > 0))
        return bad(r, "has a 'segment' that is not a number above 0");
    return DEMUCS_OK;
}

static demucs_status read_mapping(reader *r)
{
    size_t rows = 0;
    if (r->event.type != YAML_MAPPING_START_EVENT) return bad(r, "is not a mapping with the key 'models'");
    for (;;) {
        demucs_status status = next(r);
        if (status != DEMUCS_OK) return status;
        if (r->event.type == YAML_MAPPING_END_EVENT) break;
        bool models = is_scalar(r, "models"), weights = is_scalar(r, "weights"), segment = is_scalar(r, "segment");
        status = skip(r); /* the key itself, which may be anything */
        if (status == DEMUCS_OK) status = next(r);
        if (status != DEMUCS_OK) return status;
        status = models ? read_models(r) : weights ? read_weights(r, &rows) : segment ? read_segment(r) : skip(r);
        if (status != DEMUCS_OK) return status;
    }
    if (r->bag->count == 0) return bad(r, "names no models");
    if (r->bag->weights != NULL && rows != r->bag->count) return bad(r, "needs one row of weights for each model");
    return DEMUCS_OK;
}

static demucs_status read_document(reader *r)
{
    demucs_status status = next(r); /* start of the stream */
    if (status == DEMUCS_OK) status = next(r);
    if (status == DEMUCS_OK && r->event.type != YAML_DOCUMENT_START_EVENT) return bad(r, "is empty");
    if (status == DEMUCS_OK) status = next(r);
    if (status == DEMUCS_OK) status = read_mapping(r);
    if (status == DEMUCS_OK) status = next(r); /* end of the document */
    if (status == DEMUCS_OK) status = next(r);
    if (status == DEMUCS_OK && r->event.type != YAML_STREAM_END_EVENT) return bad(r, "has a second document");
    return status;
}

demucs_status dmx_bag_parse(dmx_bag *bag, const char *path, const void *bytes, size_t size_bytes, demucs_error *error)
{
    reader r = {.bag = bag, .path = path, .error = error};
    *bag = (dmx_bag){.count = 0};
    if (size_bytes > DMX_BAG_MAX_BYTES) return bad(&r, "is larger than 64 KB");
    if (yaml_parser_initialize(&r.parser) == 0) return no_memory(&r);
    yaml_parser_set_input_string(&r.parser, bytes, size_bytes);
    demucs_status status = read_document(&r);
    if (r.has_event) yaml_event_delete(&r.event);
    yaml_parser_delete(&r.parser);
    if (status != DEMUCS_OK) dmx_bag_clear(bag);
    return status;
}

void dmx_bag_clear(dmx_bag *bag)
{
    for (size_t i = 0; i < bag->count; i++) dmx_free(bag->signatures[i]);
    dmx_free(bag->signatures);
    dmx_free(bag->weights);
    *bag = (dmx_bag){.count = 0};
}

bool dmx_bag_repeats(const dmx_bag *bag, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (strcmp(bag->signatures[i], bag->signatures[index]) == 0) return true;
    return false;
}

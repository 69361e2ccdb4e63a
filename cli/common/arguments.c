/* arguments.c - see arguments.h; the layout of the help is in arguments_help.c */
#include "common/arguments.h"

#include "base/error.h"
#include "common/arguments_help.h"
#include "common/memory.h"
#include "common/say.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct state {
    const argument_parser *parser;
    char **next;       /* the words not looked at yet, up to NULL */
    char *values;      /* the caller's struct */
    bool *seen;        /* [options_count] */
    char unknown[512]; /* " --foo -x": reported together, last, as argparse does */
    arguments_result result;
} state;

arguments_result arguments_error(const argument_parser *parser, const char *format, ...)
{
    arguments_print_usage(stderr, parser);
    va_list arguments;
    va_start(arguments, format);
    char *what = memory_text_of(format, arguments);
    va_end(arguments);
    say(stderr, "%s: error: %s", parser->program, what);
    free(what);
    return ARGUMENTS_WRONG;
}

/* ------------------------------------------------------------------------------------------------- finding ---- */

static const argument *find_short(const argument_parser *parser, char name)
{
    for (size_t i = 0; i < parser->options_count && name != 0; i++)
        if (parser->options[i].short_name == name) return &parser->options[i];
    return NULL;
}

/* The option called by the first `length` bytes of `text`, exactly or as the only one that starts so; options that the
 * official program has go first, so that what was short for one of them stays so. *matches counts those that could be
 * meant (1 for an exact name). */
static const argument *find_long(const argument_parser *parser, const char *text, size_t length, int *matches)
{
    const argument *found = NULL;
    int official = 0;
    *matches = 0;
    for (size_t i = 0; i < parser->options_count; i++) {
        const argument *option = &parser->options[i];
        if (strncmp(option->long_name, text, length) != 0) continue;
        if (option->long_name[length] == '\0') {
            *matches = 1;
            return option;
        }
        if (official == 0 || !option->added) found = option;
        official += !option->added;
        ++*matches;
    }
    if (official == 1) *matches = 1;
    return found;
}

static void ambiguous(state *s, const char *word, size_t length)
{
    char list[256] = "";
    for (size_t i = 0; i < s->parser->options_count; i++) {
        const char *name = s->parser->options[i].long_name;
        size_t used = strlen(list);
        if (strncmp(name, word + 2, length) == 0)
            snprintf(list + used, sizeof list - used, "%s--%s", used > 0 ? ", " : "", name);
    }
    s->result = arguments_error(s->parser, "ambiguous option: %s could match %s", word, list);
}

static bool is_negative_number(const char *word)
{
    char *end;
    if (word[0] != '-' || !(isdigit((unsigned char)word[1]) || word[1] == '.')) return false;
    strtod(word, &end);
    return *end == '\0';
}

/* Whether a word is an option, known or not, rather than a value or a positional argument. */
static bool is_option(const argument_parser *parser, const char *word)
{
    if (word[0] != '-' || word[1] == '\0') return false;
    if (word[1] != '-' && find_short(parser, word[1]) != NULL) return true;
    if (word[1] == '-') {
        int matches;
        find_long(parser, word + 2, strcspn(word + 2, "="), &matches);
        if (matches > 0) return true;
    }
    return !is_negative_number(word) && strchr(word, ' ') == NULL;
}

/* ------------------------------------------------------------------------------------------------ applying ---- */

static bool takes_value(const argument *option)
{
    return option->kind == ARGUMENT_TEXT || option->kind == ARGUMENT_INTEGER || option->kind == ARGUMENT_NUMBER;
}

/* The option that excludes `option` and was given before, or NULL. */
static const argument *find_rival(const state *s, const argument *option)
{
    for (size_t i = 0; i < s->parser->options_count && option->group != 0; i++) {
        const argument *other = &s->parser->options[i];
        if (other != option && other->group == option->group && s->seen[i]) return other;
    }
    return NULL;
}

static bool is_choice(const char *choices, const char *value)
{
    size_t length = strlen(value);
    for (const char *at = choices; *at != '\0';) {
        size_t size = strcspn(at, ",");
        if (size == length && strncmp(at, value, size) == 0) return true;
        at += size;
        at += strspn(at, ", ");
    }
    return false;
}

static bool in_range(const argument *option, double value)
{
    return (option->minimum == 0 && option->maximum == 0) || (value >= option->minimum && value <= option->maximum);
}

/* Read a number into the target. The sentence for a failure goes to `problem`. */
static bool set_number(const argument *option, void *target, const char *value, demucs_error *problem)
{
    char *end;
    errno = 0;
    bool integer = option->kind == ARGUMENT_INTEGER;
    long long whole = integer ? strtoll(value, &end, 10) : 0;
    double number = integer ? (double)whole : strtod(value, &end);
    if (end == value || *end != '\0')
        return !dmx_fail(problem, DEMUCS_ERROR_ARGUMENT, "invalid %s value: '%s'", integer ? "int" : "float", value);
    if (errno == ERANGE && integer)
        return !dmx_fail(problem, DEMUCS_ERROR_ARGUMENT, "the number is out of range: '%s'", value);
    if (!in_range(option, number))
        return !dmx_fail(problem, DEMUCS_ERROR_ARGUMENT, "must be between %.15g and %.15g, not %s", option->minimum,
                         option->maximum, value);
    if (option->choices != NULL && !is_choice(option->choices, value))
        return !dmx_fail(problem, DEMUCS_ERROR_ARGUMENT, "invalid choice: %s (choose from %s)", value, option->choices);
    if (option->as_given)
        *(const char **)target = value;
    else if (integer)
        *(long long *)target = whole;
    else
        *(double *)target = number;
    return true;
}

static void add_value(char **target, const char *value)
{
    char *before = *target;
    *target = before != NULL ? memory_text("%s, %s", before, value) : memory_text("%s", value);
    free(before);
}

static bool set_value(const argument *option, void *target, const char *value, demucs_error *problem)
{
    if (option->kind != ARGUMENT_TEXT) return set_number(option, target, value, problem);
    if (option->choices != NULL && !is_choice(option->choices, value))
        return !dmx_fail(problem, DEMUCS_ERROR_ARGUMENT, "invalid choice: '%s' (choose from %s)", value,
                         option->choices);
    if (option->repeats)
        add_value(target, value);
    else
        *(const char **)target = value;
    return true;
}

/* Carry out an option. `value` is what was attached to it ("--name=X", "-nX"), or NULL. */
static void apply(state *s, const argument *option, const char *value)
{
    char name[128];
    demucs_error problem = {0};
    bool wants_value = takes_value(option);
    const argument *rival = find_rival(s, option);
    void *target = s->values + option->target;
    arguments_name(name, sizeof name, option);
    if (rival != NULL) {
        char rival_name[128];
        dmx_fail(&problem, DEMUCS_ERROR_ARGUMENT, "not allowed with argument %s",
                 arguments_name(rival_name, sizeof rival_name, rival));
    } else if (!wants_value && value != NULL) {
        dmx_fail(&problem, DEMUCS_ERROR_ARGUMENT, "ignored explicit argument '%s'", value);
    } else if (wants_value) {
        if (value == NULL && *s->next != NULL && !is_option(s->parser, *s->next)) value = *s->next++;
        if (value == NULL)
            dmx_fail(&problem, DEMUCS_ERROR_ARGUMENT, "expected one argument");
        else
            set_value(option, target, value, &problem);
    } else if (option->kind == ARGUMENT_FLAG && option->word != NULL) {
        *(const char **)target = option->word;
    } else if (option->kind == ARGUMENT_FLAG) {
        *(bool *)target = true;
    } else {
        if (option->kind == ARGUMENT_HELP) arguments_print_help(stdout, s->parser);
        if (option->kind == ARGUMENT_VERSION) puts(s->parser->version);
        s->result = ARGUMENTS_DONE;
    }
    s->seen[option - s->parser->options] = true;
    if (problem.message[0] != '\0') s->result = arguments_error(s->parser, "argument %s: %s", name, problem.message);
}

static void add_unknown(state *s, const char *word)
{
    size_t used = strlen(s->unknown);
    snprintf(s->unknown + used, sizeof s->unknown - used, " %s", word);
}

static void parse_long(state *s, const char *word)
{
    size_t length = strcspn(word + 2, "=");
    int matches;
    const argument *option = find_long(s->parser, word + 2, length, &matches);
    if (matches > 1)
        ambiguous(s, word, length);
    else if (option == NULL)
        add_unknown(s, word);
    else
        apply(s, option, word[2 + length] == '=' ? word + 2 + length + 1 : NULL);
}

/* "-n", "-nX", "-n=X", "-vnX": flags up to an option that takes the rest of the word. */
static void parse_short(state *s, const char *word)
{
    for (const char *at = word + 1; *at != '\0' && s->result == ARGUMENTS_RUN; at++) {
        const argument *option = find_short(s->parser, *at);
        if (option == NULL) {
            add_unknown(s, word);
            return;
        }
        bool flag = !takes_value(option);
        const char *rest = at[1] == '=' ? at + 2 : at + 1;
        bool attached = at[1] == '=' || (at[1] != '\0' && !flag);
        apply(s, option, attached ? rest : NULL);
        if (attached || !flag) return;
    }
}

arguments_result arguments_parse(const argument_parser *parser, int argc, char **argv, void *values,
                                 const char **positional, int *positional_count)
{
    state s = {.parser = parser, .next = argv + (argc > 0), .values = values, .result = ARGUMENTS_RUN};
    s.seen = memory_new(parser->options_count, sizeof *s.seen);
    bool only_positional = false;
    *positional_count = 0;
    while (*s.next != NULL && s.result == ARGUMENTS_RUN) {
        const char *word = *s.next++;
        if (only_positional || !is_option(parser, word))
            positional[(*positional_count)++] = word;
        else if (strcmp(word, "--") == 0)
            only_positional = true;
        else if (word[1] == '-')
            parse_long(&s, word);
        else
            parse_short(&s, word);
    }
    free(s.seen);
    const bool bounded = parser->positional == NULL || parser->positional_maximum > 0;
    for (int i = bounded ? parser->positional_maximum : *positional_count; i < *positional_count; i++)
        add_unknown(&s, positional[i]);
    if (s.result == ARGUMENTS_RUN && *positional_count < parser->positional_minimum)
        return arguments_error(parser, "the following arguments are required: %s", parser->positional);
    if (s.result == ARGUMENTS_RUN && s.unknown[0] != '\0')
        return arguments_error(parser, "unrecognized arguments:%s", s.unknown);
    return s.result;
}

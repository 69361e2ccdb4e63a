/* arguments_help.c - see arguments_help.h */
#include "common/arguments_help.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 80, WIDTH_LEAST = 50, HELP_COLUMN = 26 };

/* Columns of a line: COLUMNS of the environment, as argparse takes them, or 80. */
static size_t line_width(void)
{
    const char *columns = getenv("COLUMNS");
    const long width = columns != NULL ? strtol(columns, NULL, 10) : 0;
    return width <= 0 || width > 1000 ? WIDTH : width < WIDTH_LEAST ? WIDTH_LEAST : (size_t)width;
}

const char *arguments_name(char *out, size_t size, const argument *option)
{
    if (option->short_name != 0)
        snprintf(out, size, "-%c/--%s", option->short_name, option->long_name);
    else
        snprintf(out, size, "--%s", option->long_name);
    return out;
}

static bool takes_value(const argument *option)
{
    return option->kind == ARGUMENT_TEXT || option->kind == ARGUMENT_INTEGER || option->kind == ARGUMENT_NUMBER;
}

/* " NAME" after an option, or nothing for a flag. Choices stand for themselves: "{rescale,clamp,none}". */
static void value_name(char *out, size_t size, const argument *option)
{
    size_t used = 0;
    out[0] = '\0';
    if (!takes_value(option)) return;
    const char *source = option->metavar != NULL ? option->metavar : option->choices;
    bool braces = option->metavar == NULL && option->choices != NULL;
    bool capitals = source == NULL;
    if (capitals) source = option->long_name;
    used = (size_t)snprintf(out, size, braces ? " {" : " ");
    for (; *source != '\0' && used + 3 < size; source++) {
        if (braces && *source == ' ') continue;
        char c = *source == '-' && capitals ? '_' : *source;
        out[used++] = capitals ? (char)toupper((unsigned char)c) : c;
    }
    snprintf(out + used, size - used, braces ? "}" : "");
}

/* Print `text` so that it ends before the margin, starting a new line at `indent` when the rest of the line is too
 * short. Returns the new column. */
static size_t print_piece(FILE *file, const char *text, size_t length, size_t column, size_t indent)
{
    if (column > indent && column + 1 + length >= line_width()) {
        fprintf(file, "\n%*s", (int)indent, "");
        column = indent;
    } else if (column > indent) {
        fputc(' ', file);
        column++;
    }
    fwrite(text, 1, length, file);
    return column + length;
}

void arguments_print_wrapped(FILE *file, const char *text, size_t column, size_t indent)
{
    for (;;) {
        text += strspn(text, " ");
        size_t length = strcspn(text, " ");
        if (length == 0) break;
        column = print_piece(file, text, length, column, indent);
        text += length;
    }
    fputc('\n', file);
}

static size_t append_usage(char *out, size_t size, size_t used, const argument *option)
{
    char value[128];
    value_name(value, sizeof value, option);
    if (used >= size) return used;
    int added = option->short_name != 0 ? snprintf(out + used, size - used, "-%c%s", option->short_name, value)
                                        : snprintf(out + used, size - used, "--%s%s", option->long_name, value);
    return used + (size_t)added;
}

void arguments_print_usage(FILE *file, const argument_parser *parser)
{
    size_t indent = strlen("usage: ") + strlen(parser->program) + 1;
    size_t column = (size_t)fprintf(file, "usage: %s ", parser->program);
    for (size_t i = 0; i < parser->options_count; i++) {
        char piece[512] = "[";
        size_t used = append_usage(piece, sizeof piece, 1, &parser->options[i]);
        /* members of an exclusive group stand beside each other in the table: [-s SIG | -n NAME] */
        while (parser->options[i].group != 0 && i + 1 < parser->options_count &&
               parser->options[i + 1].group == parser->options[i].group && used + 4 < sizeof piece) {
            used += (size_t)snprintf(piece + used, sizeof piece - used, " | ");
            used = append_usage(piece, sizeof piece, used, &parser->options[++i]);
        }
        snprintf(piece + used, sizeof piece - used, "]");
        column = print_piece(file, piece, strlen(piece), column, indent);
    }
    char piece[128];
    const int least = parser->positional_minimum;
    const bool optional = least == 0, open = least != parser->positional_maximum || optional;
    snprintf(piece, sizeof piece, "%s%s%s%s", optional ? "[" : "", parser->positional != NULL ? parser->positional : "",
             open ? " ..." : "", optional ? "]" : "");
    if (parser->positional != NULL) print_piece(file, piece, strlen(piece), column, indent);
    fputc('\n', file);
}

static void print_entry(FILE *file, const char *title, const char *help)
{
    int column = fprintf(file, "  %s", title);
    if (column + 2 > HELP_COLUMN)
        fprintf(file, "\n%*s", HELP_COLUMN, "");
    else
        fprintf(file, "%*s", HELP_COLUMN - column, "");
    arguments_print_wrapped(file, help, HELP_COLUMN, HELP_COLUMN);
}

void arguments_print_help(FILE *file, const argument_parser *parser)
{
    arguments_print_usage(file, parser);
    fputc('\n', file);
    arguments_print_wrapped(file, parser->description, 0, 0);
    if (parser->positional != NULL) {
        fputs("\npositional arguments:\n", file);
        print_entry(file, parser->positional, parser->positional_help);
    }
    fputs("\noptions:\n", file);
    for (size_t i = 0; i < parser->options_count; i++) {
        const argument *option = &parser->options[i];
        char value[128], title[384];
        value_name(value, sizeof value, option);
        if (option->short_name != 0)
            snprintf(title, sizeof title, "-%c, --%s%s", option->short_name, option->long_name, value);
        else
            snprintf(title, sizeof title, "--%s%s", option->long_name, value);
        print_entry(file, title, option->help);
    }
    if (parser->epilog != NULL) fprintf(file, "\n%s\n", parser->epilog);
}

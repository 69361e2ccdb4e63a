/* arguments.h - parse a command line from a table, with the manners of Python's argparse, which the official program
 * uses: people's scripts depend on them.
 *
 *     -n X  -nX  -n=X  --name X  --name=X     a value, given in five ways
 *     --two-st drums                          a prefix that fits one option only, or one that the official program has
 *     -vn X                                   flags before it in one word
 *     --shifts -1                             a negative number is a value, not an option
 *     -- -odd-name.wav                        everything after it is positional
 *
 * The last value wins, but where they add up (`repeats`). A mistake prints the usage and "PROGRAM: error: ..." to
 * stderr. Unlike argparse, positional arguments and options may alternate freely. */
#ifndef CLI_ARGUMENTS_H
#define CLI_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

typedef enum argument_kind {
    ARGUMENT_FLAG,    /* target: bool, set to true; see `word` */
    ARGUMENT_TEXT,    /* target: const char * */
    ARGUMENT_INTEGER, /* target: long long */
    ARGUMENT_NUMBER,  /* target: double */
    ARGUMENT_HELP,    /* print the help and be done */
    ARGUMENT_VERSION  /* print the parser's version and be done */
} argument_kind;

/* One row of the table. The first four fields are given by place, the others, where needed, by name. */
typedef struct argument {
    char short_name;       /* 0 when there is none */
    const char *long_name; /* without the dashes */
    argument_kind kind;
    size_t target;           /* offsetof the field of the caller's struct that takes the value */
    const char *metavar;     /* name of the value in the help; NULL: the choices, or the long name in capitals */
    const char *choices;     /* NULL, or the values allowed, "rescale, clamp, none" */
    double minimum, maximum; /* range of a number, both included; both 0: any */
    bool added; /* unknown to the official program: an abbreviation that fits one of its options means that */
    int group;  /* options of one group, other than 0, exclude each other; they must be neighbours */
    const char *help;
    const char *setting; /* NULL, or the setting that the value is for: see setting_flags.h */
    const char *word;    /* of a flag: the target is a const char * and gets this; NULL: a bool */
    bool repeats;  /* of a text: given again, it stands behind the one before and a comma. The text is the caller's to
                      free */
    bool as_given; /* the target of a number is a const char * and gets the word, once it is checked */
} argument;

typedef struct argument_parser {
    const char *program, *description, *version;
    const argument *options;
    size_t options_count;
    const char *positional;                     /* "tracks"; several, "SOURCE TARGET"; NULL: none */
    const char *positional_help;                /* "files to separate" */
    int positional_minimum, positional_maximum; /* how many there must be; both 0: any number */
    const char *epilog;
} argument_parser;

typedef enum arguments_result {
    ARGUMENTS_RUN,  /* all is well: go on */
    ARGUMENTS_DONE, /* help or version was printed: end with status 0 */
    ARGUMENTS_WRONG /* a message was printed: end with status 2 */
} arguments_result;

/* Parse argv[1..] into the struct at `values`, which holds the defaults. The positional arguments are stored in
 * `positional`, which has room for argc of them. */
arguments_result arguments_parse(const argument_parser *parser, int argc, char **argv, void *values,
                                 const char **positional, int *positional_count);

/* Print the usage and "PROGRAM: error: ..." to stderr; returns ARGUMENTS_WRONG. For checks after parsing. */
arguments_result arguments_error(const argument_parser *parser, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif

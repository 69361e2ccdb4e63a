/* presets.h - the list of presets for people. */
#ifndef SEPARATE_PRESETS_H
#define SEPARATE_PRESETS_H

/* Print to stdout what each preset is for, what it sets and how long it takes. */
void presets_print(void);

#endif

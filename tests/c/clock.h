/* The manual clock, and the age from which on the rejection of a token counts. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

/* Only libraries with the feature manual-clock have these. */
#ifdef __cplusplus
extern "C" {
#endif
void seekauth_test_clock_start(void);
void seekauth_test_clock_advance(uint64_t which, int64_t milliseconds);
uint64_t seekauth_test_clock_elapsed_ms(void);
#ifdef __cplusplus
}
#endif

enum { YOUNG_MS = 2000 };

/* Lets the tokens of clients that were made after seekauth_test_clock_start come of age. */
static inline void let_tokens_age(void) {
    seekauth_test_clock_advance(0, YOUNG_MS);
}

#endif

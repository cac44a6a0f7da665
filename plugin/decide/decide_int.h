/* Private to decide/. */
#ifndef CP_DECIDE_INT_H
#define CP_DECIDE_INT_H

#include "decide/decide.h"

/* cache_to.c: fills cache_to and why of `d`. CP_ENOMEM. */
int cp_decide_cache_to(struct cp_arena *a, const struct cp_decide_input *in, struct cp_decision *d);

#endif

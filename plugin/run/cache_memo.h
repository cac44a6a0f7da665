/*
 * cache_memo.c: what the --cache-from values hold, each read once in a run: several images share their caches, and the search for the
 * commit that left one reads it before the images do.
 */
#ifndef CP_RUN_CACHE_MEMO_H
#define CP_RUN_CACHE_MEMO_H

#include "registry/registry.h"
#include "run.h"

/* Any thread. NULL when there is no memory. */
struct cp_cache_memo *cp_cache_memo_new(void);
void cp_cache_memo_free(struct cp_cache_memo *memo);

/*
 * What `text` holds, as cp_network_find_cache says it; CP_EUSAGE for a value that is none. What it points to lives until the memo is
 * freed. An asker waits for another one's answer to the same question, and for others' too.
 */
int cp_cache_memo_find(struct cp_cache_memo *memo, struct cp_run *run, struct cp_str text,
		       bool from_commit, struct cp_cache_found *ret_found, struct cp_err *err);

#endif

/* Compiler attributes, cleanup helpers and checked counts that every room uses. */
#ifndef CP_BASE_ATTR_H
#define CP_BASE_ATTR_H

#include <stddef.h>

#define CP_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define CP_UNUSED __attribute__((unused))
#define CP_LEN(array) (sizeof(array) / sizeof((array)[0]))

void cp_free_ptr(void *pp);
/* A local that is given to free() when it leaves its block. */
#define cp_auto_free __attribute__((cleanup(cp_free_ptr)))

/* Take the pointer out of a cp_auto variable. */
#define cp_steal(pp)                                                                               \
	({                                                                                         \
		__typeof__(pp) _pp = (pp);                                                         \
		__typeof__(*_pp) _v = *_pp;                                                        \
		*_pp = NULL;                                                                       \
		_v;                                                                                \
	})

#endif

/*
 * Errors. Every fallible function returns 0 or one of these negative codes and fills the caller's
 * struct cp_err; on success it does not touch it. Not knowing something is not an error.
 */
#ifndef CP_BASE_ERR_H
#define CP_BASE_ERR_H

#include "base/attr.h"
#include "base/str.h"

#define CP_EINVAL (-1)       /* input that cannot be parsed, or an argument that makes no sense */
#define CP_ENOTFOUND (-2)    /* no such revision, file, stage */
#define CP_EIO (-3)          /* the operating system or the object store failed */
#define CP_ENET (-4)         /* the network failed */
#define CP_ELIMIT (-5)       /* over a limit of base/limits.h */
#define CP_EUNSUPPORTED (-6) /* valid, but not something we can answer */
#define CP_ENOMEM (-7)
#define CP_ECANCELLED (-8) /* the host asked us to stop */
#define CP_EBUG (-9)       /* our own mistake */
#define CP_EUSAGE (-10)    /* flags or request members that contradict each other */

struct cp_err {
	int code;           /* one of the above, 0 while unused */
	int line;           /* 1-based, 0 = no position */
	int column;         /* 1-based bytes, 0 = no column */
	int width;          /* bytes that the caret line marks, at least 1 with a column */
	char file[512];     /* path as the user knows it, "" = none */
	char source[512];   /* the source line of the position, "" = none */
	char message[1024]; /* one line, valid UTF-8, no trailing newline */
	char hint[512];     /* what to do about it: a command or a sentence; "" = none */
};

/* Fill err (NULL is fine) and return code. The first cp_err_set of a failure wins over nothing: it overwrites. */
int cp_err_set(struct cp_err *err, int code, const char *format, ...) CP_PRINTF(3, 4);
/* Put "format: " before the message on the way up. Returns err->code, CP_EBUG if err was never set. */
int cp_err_wrap(struct cp_err *err, const char *format, ...) CP_PRINTF(2, 3);
/* Position of the error, kept when already set. */
void cp_err_at(struct cp_err *err, struct cp_str file, int line, int column, int width,
	       struct cp_str source);
void cp_err_hint(struct cp_err *err, const char *format, ...) CP_PRINTF(2, 3);
int cp_err_nomem(struct cp_err *err);
/* The code as a word: "invalid", "not-found" ... */
const char *cp_err_name(int code);

#endif

/*
 * history/: what was worked out before and holds for good, kept in one SQLite file of the user, so that the next run is quick:
 *
 *   name of a fact (a digest over everything that decides it) ─► a digest        cp_state_get, cp_state_put
 *   an image reference ─► what a registry said of it, and when                   cp_state_image_get, cp_state_image_put
 *   a build that was recorded ─► its line (builds/builds.h)                      cp_state_builds, cp_state_builds_put
 *
 * Losing it costs time and nothing else. Whatever goes wrong (no libsqlite3, a full disk, a read-only folder, a corrupt file, a file of
 * a newer version, another process that holds it), getting finds nothing and putting does nothing. Entries carry a check of themselves, so
 * that a flipped bit is not believed. The file belongs to the user alone (0600); one that others can write is not read. It never comes
 * from a repository.
 *
 * What is put is written when the state is closed, in one transaction; a killed process loses only that. Recorded builds are written at
 * once, and it is said when they could not be: they cannot be worked out anew.
 */
#ifndef CP_HISTORY_HISTORY_H
#define CP_HISTORY_HISTORY_H

#include "base/base.h"

struct cp_state;

/* Where it is kept. */
struct cp_state_place {
	struct cp_str given;    /* --state: a file, or a folder; "" = in the user's cache folder */
	const char *cache_home; /* XDG_CACHE_HOME, NULL or "" = not set */
	const char *home;       /* HOME */
	int64_t now;            /* seconds; entries that were not used for longest go first */
};

/*
 * Opens it, or makes it. Fails with CP_EIO, CP_ENOTFOUND, CP_ELIMIT or CP_EUNSUPPORTED when there is none to be had: the caller goes on
 * without (*ret_state untouched, and NULL is a state that remembers nothing).
 */
int cp_state_open(const struct cp_state_place *place, struct cp_state **ret_state,
		  struct cp_err *err);
/* Writes what was put, and closes. NULL is fine. */
void cp_state_close(struct cp_state *s);

/* ---- digests. Any thread ---- */

/* A remembered digest; `flags` is what was put beside it. */
bool cp_state_get(struct cp_state *s, const struct cp_digest *name, struct cp_digest *ret_digest,
		  uint8_t *ret_flags);
void cp_state_put(struct cp_state *s, const struct cp_digest *name, const struct cp_digest *digest,
		  uint8_t flags);

/* ---- images. Any thread ---- */

struct cp_state_image {
	struct cp_str digest; /* that the reference resolved to, "sha256:..." */
	struct cp_str config; /* what was learnt of it: the caller's own JSON */
	int64_t time;         /* when, seconds */
};
/* `name`: reference and platform, as the caller writes them. Texts are copied into `a`. */
bool cp_state_image_get(struct cp_state *s, struct cp_arena *a, struct cp_str name,
			struct cp_state_image *ret_image);
/* Replaces what was known. Copies. */
void cp_state_image_put(struct cp_state *s, struct cp_str name, const struct cp_state_image *image);

/* ---- recorded builds. Any thread ---- */

struct cp_state_build {
	struct cp_str project;
	int64_t time;           /* of the build, seconds */
	struct cp_str line;     /* without newline */
	struct cp_str replaces; /* the line of the same build that goes, "" = none */
};
/*
 * Writes builds in one transaction: all or none. One that is there already (the same bytes) is left as it is. The oldest of a project go
 * when there are too many. *ret_new: those that were not there. CP_EIO (a full disk, a file that cannot be written, no state at all).
 */
int cp_state_builds_put(struct cp_state *s, const struct cp_state_build *builds, size_t n,
			size_t *ret_new, struct cp_err *err);
/*
 * The newest `max` builds of a project ("" = of all), the newest first. Texts are in `a`. A line that was damaged is left out. CP_ENOMEM;
 * without a state, or one that cannot be read, there are none.
 */
int cp_state_builds(struct cp_state *s, struct cp_arena *a, struct cp_str project, size_t max,
		    struct cp_state_build **ret_builds, size_t *ret_n, struct cp_err *err);
/* 1 when there is a file of this place, so that opening it is worth while, else 0. CP_ENOMEM. */
int cp_state_is_there(const struct cp_state_place *place);

#endif

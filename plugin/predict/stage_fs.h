/*
 * What the file system of a stage holds, as far as it can be known without building: COPY, ADD, WORKDIR and heredocs are carried
 * out on paper over scratch or over an image whose content is an unknown that equals itself; a RUN makes everything unknown.
 * The result is a struct cp_fs, so that `COPY --from=stage` is compared by the code that compares `COPY`.
 *
 *     COPY src /app/           root ── "app" ── "src" ── (files of the context)
 *     on python:3.12             └─ rest: image python:3.12      └─ rest: image python:3.12, /app/src
 *
 * Rules of copying: solver/llbsolver/file/backend.go docopy, mkdir, mkfile and tonistiigi/fsutil/copy/copy.go.
 */
#ifndef CP_PREDICT_STAGE_FS_H
#define CP_PREDICT_STAGE_FS_H

#include "keys/keys.h"
#include "predict/predict.h"

/* A file system that is one unknown, named by its identity. */
struct cp_fs *stage_fs_opaque(struct cp_arena *a, struct cp_digest identity);
/* The file system NONE. */
struct cp_fs *stage_fs_empty(struct cp_arena *a);

/*
 * The output of a FILE or MERGE operation over the file systems of its inputs. `salt` names this operation of this build: it is the
 * identity of what cannot be worked out. CP_ENOMEM, CP_ELIMIT.
 */
int stage_fs_apply(struct cp_arena *a, const struct cp_op *op, struct cp_fs *const *inputs,
		   struct cp_digest salt, struct cp_fs **ret_fs, struct cp_err *err);

/* D(label 0x00 x 0x00 text): identities made of identities. */
struct cp_digest stage_fs_identity(const char *label, const struct cp_digest *x,
				   struct cp_str text);

#endif

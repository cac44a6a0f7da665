/* Trees and commits as they lie in a repository. */
#include <stdlib.h>

#include "repo/git_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Names that could lead out of a folder, or come twice, are never listed. */
static void check_dir(const struct cp_dir *d)
{
	for (size_t i = 0; i < d->n_entries; i++) {
		struct cp_str name = d->entries[i].name;

		if (cp_repo_is_bad_name(name) || d->entries[i].oid.n != 20)
			abort();
		if (i && cp_str_cmp(d->entries[i - 1].name, name) >= 0)
			abort();
		if (cp_dir_find(d, name) != &d->entries[i])
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cp_repo r = {.arena = cp_arena_new(64 << 20)};
	struct cp_repo_object o = {(void *)(uintptr_t)data, size, GIT_OBJECT_TREE};
	struct cp_oid oid = {.n = 20};
	struct cp_repo_commit c;
	struct cp_dir *d;

	if (!r.arena)
		abort();
	if (cp_repo_dir_parse(&r, &oid, &o, &d, NULL) == 0)
		check_dir(d);
	o.type = GIT_OBJECT_COMMIT;
	if (cp_repo_commit_parse(&r, &oid, &o, &c, NULL) == 0)
		for (size_t i = 0; i < c.n_parents; i++)
			if (cp_repo_commit_parent(&c, i).n != 20)
				abort();
	cp_arena_free(r.arena);
	return 0;
}

/*
 * One JSON document: what --metadata-file wrote (buildctl, buildx build, buildx bake: one object a target) with the provenance in it, or
 * `docker buildx history inspect --format json`.
 */
#include "builds/builds_int.h"

static struct cp_str member(const struct cp_json *v, const char *key)
{
	return cp_json_text(cp_json_get(v, key));
}

static void keep(struct cp_log_reader *r, struct cp_str *to, struct cp_str text)
{
	if (to->n || !text.n || text.n > CP_MAX_PATH_BYTES)
		return;
	*to = cp_arena_str(r->a, text);
	r->nomem = r->nomem || !to->p;
}

static void duration(struct cp_log_reader *r, struct cp_str from, struct cp_str to)
{
	int64_t a = cp_log_time(from), b = cp_log_time(to);

	if (!a || !b || b < a)
		return;
	if (r->built.ms < 0)
		r->built.ms = (b - a) / 1000000;
	if (!r->built.time)
		r->built.time = a / 1000000000;
}

/* SLSA 0.2 and 1 as BuildKit writes them: when it was built, and from which commit. */
static void provenance(struct cp_log_reader *r, const struct cp_json *p)
{
	const struct cp_json *m = cp_json_get(p, "metadata"),
			     *details = cp_json_get(cp_json_get(p, "runDetails"), "metadata"),
			     *vcs = cp_json_get(
				     cp_json_get(m, "https://mobyproject.org/buildkit@v1#metadata"),
				     "vcs");

	duration(r, member(m, "buildStartedOn"), member(m, "buildFinishedOn"));
	duration(r, member(details, "startedOn"), member(details, "finishedOn"));
	if (!vcs)
		vcs = cp_json_get(cp_json_get(details, "buildkit_metadata"), "vcs");
	keep(r, &r->built.commit, member(vcs, "revision"));
}

/* Of one target. */
static bool metadata(struct cp_log_reader *r, const struct cp_json *v)
{
	static const char *const members[] = {"containerimage.digest",        "buildx.build.ref",
					      "buildx.build.provenance",      "image.name",
					      "containerimage.config.digest", "cache.manifest"};
	bool known = false;

	for (size_t i = 0; i < CP_LEN(members); i++)
		known = known || cp_json_get(v, members[i]);
	if (!known)
		return false;
	keep(r, &r->built.digest, member(v, "containerimage.digest"));
	keep(r, &r->built.ref, member(v, "buildx.build.ref"));
	provenance(r, cp_json_get(v, "buildx.build.provenance"));
	return true;
}

/* buildx commands/history/inspect.go: inspectOutput */
static bool inspection(struct cp_log_reader *r, const struct cp_json *v)
{
	int64_t total = cp_json_number(cp_json_get(v, "NumTotalSteps"), -1),
		cached = cp_json_number(cp_json_get(v, "NumCachedSteps"), 0),
		duration_ns = cp_json_number(cp_json_get(v, "Duration"), -1);
	struct cp_str status = member(v, "Status");
	int64_t started = cp_log_time(member(v, "StartedAt"));

	if (total < 0 || !member(v, "Ref").n)
		return false;
	r->built.n_total = (size_t)total;
	r->built.n_cached = cached > 0 ? (size_t)cached : 0;
	keep(r, &r->built.ref, member(v, "Ref"));
	keep(r, &r->built.commit, member(v, "VCSRevision"));
	r->built.failed = r->built.failed || cp_str_eq(status, CP_S("error"));
	if (r->built.ms < 0 && duration_ns >= 0)
		r->built.ms = duration_ns / 1000000;
	if (!r->built.time && started)
		r->built.time = started / 1000000000;
	return true;
}

bool cp_log_document(struct cp_log_reader *r, struct cp_str text)
{
	cp_auto_json struct cp_json_doc *doc = NULL;
	const struct cp_json *root;
	struct cp_err why = {0};
	bool found = false;

	if (cp_json_parse(text, r->name, &doc, &why) < 0) {
		r->nomem = r->nomem || why.code == CP_ENOMEM;
		return false;
	}
	root = cp_json_root(doc);
	if (cp_json_kind(root) != CP_JSON_OBJECT)
		return false;
	if (r->kind != CP_LOG_METADATA && inspection(r, root))
		return true;
	if (r->kind == CP_LOG_INSPECT)
		return false;
	if (metadata(r, root))
		return true;
	for (void *it = cp_json_first(root); it; it = cp_json_next(root, it)) /* bake */
		found = metadata(r, cp_json_it_value(it)) || found;
	return found;
}

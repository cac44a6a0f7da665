/* `cache`: what the caches of --cache-from hold, and, where there is a repository, which commit's build that is. */
#include "cache_int.h"

#include <stdio.h>
#include <time.h>

#include "run/cache_memo.h"
#include "run/held.h"
#include "run/network.h"

#define IMPORT_LIMIT                                                                               \
	((uint64_t)1 << 20) /* cache/remotecache/import.go: a larger blob is not read */

/* ---- what is in it ---- */

static void count(struct cp_report_cache *c, const struct cp_cache *cache)
{
	c->n_records += cache->n_records;
	c->n_missing += cache->n_missing_blobs;
	for (size_t i = 0; i < cache->n_records; i++) {
		if (!cache->records[i].n_inputs)
			continue;
		c->n_steps++;
		c->n_loadable += cache->records[i].has_layers;
	}
}

/* Seconds since 1970 of "2026-11-21T10:00:00.5Z". */
static bool parse_time(struct cp_str text, int64_t *ret_seconds)
{
	struct tm tm = {0};
	char copy[20];

	if (text.n < sizeof(copy) - 1)
		return false;
	memcpy(copy, text.p, sizeof(copy) - 1);
	copy[sizeof(copy) - 1] = '\0';
	if (sscanf(copy, "%4d-%2d-%2dT%2d:%2d:%2d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
		   &tm.tm_hour, &tm.tm_min, &tm.tm_sec) != 6)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	*ret_seconds = (int64_t)timegm(&tm);
	return true;
}

static void describe(struct cp_report_cache *c, const struct cp_cache_found *found)
{
	int64_t created;

	c->form = found->form;
	c->digest = found->digest;
	c->media_type = found->media_type;
	c->created = found->created;
	c->age = -1;
	if (parse_time(found->created, &created) && (int64_t)time(NULL) >= created)
		c->age = (int64_t)time(NULL) - created;
	c->config_bytes = found->config_bytes;
	c->manifest_bytes = found->manifest_bytes;
	c->blob_bytes = found->blob_bytes;
	c->n_blobs = found->n_blobs;
	c->n_configs = found->n_caches;
	c->too_large = c->config_bytes > IMPORT_LIMIT || c->manifest_bytes > IMPORT_LIMIT;
	for (size_t i = 0; i < found->n_caches; i++)
		count(c, found->caches[i]);
}

/* ---- whose build it is ---- */

static int name_commit(struct cp_run *run, struct cp_report_cache *c, const struct cp_held *held,
		       struct cp_err *err)
{
	cp_auto_buf struct cp_buf subject = CP_BUF_INIT(CP_MAX_LINE_BYTES);
	struct cp_err ignored = {0};

	c->behind = held->behind;
	c->commit = cp_arena_str(run->arena, cp_str_c(held->commit.hex));
	if (cp_repo_subject(run->repo, &held->commit, &subject, &ignored) == CP_ENOMEM)
		return cp_err_nomem(err);
	c->subject = cp_arena_str(run->arena, cp_buf_str(&subject));
	return c->commit.p && c->subject.p ? 0 : cp_err_nomem(err);
}

static int find_commit(struct cp_run *run, const struct cp_image_run *image,
		       const struct cp_cache_found *found, struct cp_report_cache *c,
		       struct cp_err *err)
{
	struct cp_held held = {.found = false};
	int r = cp_held_find(run, image, found->caches, found->n_caches, &held, err);

	if (r < 0)
		return r;
	c->image = image->request.name;
	c->head_rev = run->report.head_rev;
	c->n_searched = held.n_searched;
	if (held.found)
		return name_commit(run, c, &held, err);
	if (held.why_not.n)
		c->note = cp_arena_cat(run->arena, CP_S("which commit left it cannot be told: "),
				       held.why_not);
	return held.why_not.n && !c->note.p ? cp_err_nomem(err) : 0;
}

/* Why a step is not there, when trying found it out. */
static struct cp_str find_why(const struct cp_prediction *p)
{
	for (size_t i = 0; i < p->n_steps; i++) {
		const struct cp_cause *c = &p->steps[i].cause;

		if (p->steps[i].outcome == CP_OUTCOME_MISS && c->step < 0 &&
		    c->kind != CP_CAUSE_LAYERS_MISSING &&
		    cp_str_starts(c->message, CP_S("the cache was")))
			return c->message;
	}
	return CP_S("");
}

/* What the head's build would take. */
static int use(struct cp_run *run, const struct cp_image_run *image,
	       const struct cp_cache_found *found, struct cp_report_cache *c, struct cp_err *err)
{
	cp_auto_arena struct cp_arena *a = cp_arena_new(CP_MAX_ARENA_BYTES);
	struct cp_image_run scratch = {
		.request = image->request, .platform = image->platform, .arena = a};
	struct cp_prediction *p = &scratch.answer.prediction;
	struct cp_err why = {0};
	int r;

	if (!a)
		return cp_err_nomem(err);
	r = cp_image_build(run, &scratch, run->head, &scratch.b, &why);
	if (r == 0)
		r = cp_image_look_up(run, &scratch, found->caches, found->n_caches, &why);
	if (cp_arena_failed(a) == CP_ENOMEM)
		return cp_err_nomem(err);
	if (r < 0)
		return cp_run_is_over(r) ? cp_err_set(err, r, "%s", why.message) : 0;
	c->n_head_hit = p->n_hit;
	c->n_head_steps = p->n_hit + p->n_miss + p->n_depends + p->n_unknown;
	c->head_why = cp_arena_str(run->arena, find_why(p));
	return c->head_why.p ? 0 : cp_err_nomem(err);
}

static int inspect(struct cp_run *run, const struct cp_image_run *image, struct cp_str ref,
		   struct cp_report_cache *c, struct cp_err *err)
{
	struct cp_cache_found found = {.caches = NULL};
	struct cp_err why = {0};
	int r = cp_cache_memo_find(run->caches, run, ref, image->request.from_commit, &found, &why);

	c->ref = ref;
	c->age = -1;
	if (cp_run_is_over(r) || r == CP_EUSAGE)
		return cp_err_set(err, r, "%s", why.message);
	if (r < 0) {
		c->note = cp_arena_str(run->arena, cp_str_c(why.message));
		return c->note.p ? 0 : cp_err_nomem(err);
	}
	if (!found.n_caches) {
		c->note = CP_S("it is an image without a cache");
		return 0;
	}
	describe(c, &found);
	r = run->repo ? find_commit(run, image, &found, c, err) : 0;
	return r == 0 && run->repo ? use(run, image, &found, c, err) : r;
}

int cp_run_inspect(struct cp_run *run, struct cp_buf *out, int *ret_status, struct cp_err *err)
{
	const struct cp_image_run *image = &run->images[0];
	size_t n = run->n_images ? image->request.n_cache_from : 0;
	struct cp_report_cache *caches = cp_arena_array(run->arena, n, sizeof(*caches));
	bool unread = true;
	enum cp_format format;
	int r = cp_format_parse(run->request.format, &format, err);

	if (r < 0)
		return r;
	if (!caches)
		return cp_err_nomem(err);
	if (!n)
		return cp_err_set(err, CP_EUSAGE, "name a cache: cachepredict cache REF");
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = inspect(run, image, image->request.cache_from[i], &caches[i], err);
		unread = unread && !caches[i].n_configs;
	}
	*ret_status = unread ? 3 : 0;
	return r < 0 ? r : cp_report_cache(caches, n, format, &run->request.style, out, err);
}

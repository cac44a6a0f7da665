/* Vertexes ─► steps: what ran, what came from the cache, and how long it took. */
#include <stdlib.h>

#include "builds/builds_int.h"

static bool is_from(struct cp_str name)
{
	struct cp_str words, text;
	uint32_t number;

	return cp_step_name_split(name, &words, &number, &text) &&
	       cp_str_starts(text, CP_S("FROM "));
}

/* ---- images that are built together ---- */

/* buildx puts the target of a bake file in front of every name: "[api internal] load build definition". */
static bool is_image(void *self, struct cp_str word)
{
	return cp_map_get(self, word) != NULL;
}

static int find_images(struct cp_log_reader *r, struct cp_map *images)
{
	for (size_t i = 0; i < r->vertexes.n; i++) {
		struct cp_vertex *v = r->vertexes.items[i].value;
		size_t space = cp_str_find(v->name, ' ', 0);
		struct cp_str word = cp_str_sub(v->name, 1, space);

		if (!v->name.n || v->name.p[0] != '[' || !word.n ||
		    cp_str_find(word, '/', 0) < word.n ||
		    !cp_str_starts(cp_str_from(v->name, space), CP_S(" internal] ")))
			continue;
		if (cp_map_put(r->a, images, word, v) < 0)
			return CP_ENOMEM;
	}
	return 0;
}

/* ---- durations ---- */

static int by_start(const void *x, const void *y)
{
	const struct cp_span *a = x, *b = y;

	return a->from < b->from ? -1 : a->from > b->from;
}

/* Nanoseconds in which at least one was under way. Sorts. */
static int64_t covered(struct cp_span *spans, size_t n)
{
	int64_t sum = 0, end = INT64_MIN;

	if (n)
		qsort(spans, n, sizeof(*spans), by_start);
	for (size_t i = 0; i < n; i++) {
		int64_t from = spans[i].from > end ? spans[i].from : end;

		if (spans[i].to > from)
			sum += spans[i].to - from;
		end = spans[i].to > end ? spans[i].to : end;
	}
	return sum;
}

/* ---- steps ---- */

static bool is_link(struct cp_str name)
{
	return cp_str_find_str(name, CP_S(" --link"), 0) < name.n &&
	       (cp_str_find_str(name, CP_S("] COPY "), 0) < name.n ||
		cp_str_find_str(name, CP_S("] ADD "), 0) < name.n ||
		cp_str_find_str(name, CP_S("] ONBUILD "), 0) < name.n);
}

/* A WORKDIR on scratch has no inputs either, but plain does not say so: it is the first of its stage, where else FROM is. */
static bool is_first_workdir(const struct cp_vertex *v)
{
	struct cp_str words, text;
	uint32_t number;

	return v->plain && cp_step_name_split(v->name, &words, &number, &text) && number == 1 &&
	       cp_str_starts(text, CP_S("WORKDIR "));
}

/*
 * Of a vertex without inputs the first "run" is the computation of its key (solver/jobs.go CacheMap), and what runs after a mark that it
 * is cached are fetches of its layers, unless the mark was that of something above it.
 */
static enum cp_ran ran_of(const struct cp_vertex *v)
{
	size_t runs = v->runs.n;

	if (v->failed)
		return v->started ? CP_RAN_FAILED : CP_RAN_NOT_NEEDED;
	if (v->done && !v->pulled && is_first_workdir(v))
		return CP_RAN_NOT_NEEDED;
	if (v->done) /* plain: layers that come without output are fetched */
		return v->pulled && !v->logged ? CP_RAN_CACHED : CP_RAN_RAN;
	if (!v->has_inputs && runs)
		runs--;
	if (v->loaded)
		return CP_RAN_CACHED;
	if (runs)
		return CP_RAN_RAN;
	if (v->open || v->cancelled)
		return CP_RAN_UNFINISHED;
	if (v->cached)
		return CP_RAN_CACHED;
	/* plain says that it began, and never that it ended */
	return v->started && !v->runs.n ? CP_RAN_UNFINISHED : CP_RAN_NOT_NEEDED;
}

static int64_t time_of(struct cp_vertex *v, enum cp_ran ran)
{
	if (v->plain_ms >= 0)
		return v->plain_ms;
	if (!v->runs.n || ran == CP_RAN_UNFINISHED || ran == CP_RAN_NOT_NEEDED)
		return -1;
	return covered(v->runs.items, v->runs.n) / 1000000;
}

/* In the order of the file, stage by stage as they were heard of. */
static int by_number(const void *x, const void *y)
{
	const struct cp_built_step *a = x, *b = y;
	int c = cp_str_cmp(a->id.image, b->id.image);

	c = c ? c : cp_str_cmp(a->id.platform, b->id.platform);
	c = c ? c : cp_str_cmp(a->id.stage, b->id.stage);
	return c ? c : a->number < b->number ? -1 : a->number > b->number;
}

/*
 * A name that two vertexes have is the fetch of an ADD, which has no inputs, beside the copy. plain does not tell of inputs: what is
 * fetched comes first.
 */
static bool is_fetch(const struct cp_vertex *v, const struct cp_map *names)
{
	const struct cp_vertex *other = cp_map_get(names, v->name);

	if (v->plain)
		return other != v && cp_str_find_str(v->name, CP_S("] ADD "), 0) < v->name.n;
	return !v->has_inputs && other && other != v && other->has_inputs;
}

/* The last vertex of every name, of those that may be a step. */
static int name_all(struct cp_log_reader *r, struct cp_map *names)
{
	for (size_t i = 0; i < r->vertexes.n; i++) {
		struct cp_vertex *v = r->vertexes.items[i].value;

		if (v->has_inputs && cp_map_put(r->a, names, v->name, v) < 0)
			return CP_ENOMEM;
	}
	return 0;
}

/*
 * Targets that are built together do a step once: one that joins in on another's tells of it twice, of its own operation as cached and of
 * the other's as it is.
 */
static void merge_shared(struct cp_built *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n_steps; i++) {
		struct cp_built_step *last = n ? &b->steps[n - 1] : NULL, *s = &b->steps[i];

		if (!last || !s->id.image.n || last->number != s->number ||
		    !cp_str_eq(last->id.image, s->id.image) || !cp_str_eq(last->name, s->name))
			b->steps[n++] = *s;
		else if (last->ran == CP_RAN_CACHED || last->ran == CP_RAN_NOT_NEEDED)
			*last = *s;
	}
	b->n_steps = n;
}

static int count_occurrences(struct cp_arena *a, struct cp_built *b)
{
	struct cp_step_id **ids = cp_arena_array(a, b->n_steps, sizeof(*ids));

	if (!ids)
		return CP_ENOMEM;
	for (size_t i = 0; i < b->n_steps; i++)
		ids[i] = &b->steps[i].id;
	return cp_step_ids_count(a, ids, b->n_steps);
}

static int add_steps(struct cp_log_reader *r, struct cp_built *b)
{
	struct cp_map images = {0}, names = {0};

	if (find_images(r, &images) < 0 || name_all(r, &names) < 0)
		return CP_ENOMEM;
	b->steps = cp_arena_array(r->a, r->vertexes.n, sizeof(*b->steps));
	if (!b->steps)
		return CP_ENOMEM;
	for (size_t i = 0; i < r->vertexes.n; i++) {
		struct cp_vertex *v = r->vertexes.items[i].value;
		struct cp_built_step s = {.name = v->name, .ran = ran_of(v), .bytes = v->bytes};

		s.grouped = v->plain && is_link(v->name);

		if (!cp_step_id_of(r->a, v->name, is_image, &images, &s.id, &s.number) ||
		    is_fetch(v, &names))
			continue;
		if (!s.id.text.p)
			return CP_ENOMEM;
		s.ms = time_of(v, s.ran);
		s.predicted = CP_S("");
		b->failed = b->failed || s.ran == CP_RAN_FAILED;
		r->cut = r->cut || s.ran == CP_RAN_UNFINISHED;
		b->steps[b->n_steps++] = s;
	}
	if (b->n_steps)
		qsort(b->steps, b->n_steps, sizeof(*b->steps), by_number);
	merge_shared(b);
	return count_occurrences(r->a, b);
}

/* ---- caches ---- */

static int64_t total_ms(struct cp_vertex *v)
{
	return v->plain_ms >= 0 ? v->plain_ms : covered(v->runs.items, v->runs.n) / 1000000;
}

static int add_caches(struct cp_log_reader *r, struct cp_built *b)
{
	static const char importing[] = "importing cache manifest from ",
			  exporting[] = "exporting cache to ";

	for (size_t i = 0; i < r->vertexes.n; i++) {
		struct cp_vertex *v = r->vertexes.items[i].value;

		if (cp_str_starts(v->name, cp_str_c(importing))) {
			b->import_ms += total_ms(v);
			if (cp_vec_push(r->a, &r->imports,
					cp_str_from(v->name, sizeof(importing) - 1)) < 0)
				return CP_ENOMEM;
		} else if (cp_str_starts(v->name, cp_str_c(exporting))) {
			b->export_ms = (b->export_ms > 0 ? b->export_ms : 0) + total_ms(v);
		}
	}
	b->imports = r->imports.items;
	b->n_imports = r->imports.n;
	return 0;
}

/* Layers of cached steps, which came from the caches; those of FROM are the registry's of the base image. */
static int add_transfers(struct cp_log_reader *r, struct cp_built *b)
{
	struct cp_span *spans = cp_arena_array(r->a, r->transfers.n, sizeof(*spans));
	size_t n = 0;

	if (!spans)
		return CP_ENOMEM;
	for (size_t i = 0; i < r->transfers.n; i++) {
		struct cp_transfer *t = r->transfers.items[i].value;

		if (is_from(t->vertex->name) || t->span.to <= t->span.from || !t->bytes)
			continue;
		t->vertex->bytes += t->bytes;
		b->loaded_bytes += t->bytes;
		spans[n++] = t->span;
	}
	b->loaded_ms = covered(spans, n) / 1000000;
	return 0;
}

int cp_log_steps(struct cp_log_reader *r, struct cp_built *b)
{
	if (add_transfers(r, b) < 0 || add_steps(r, b) < 0 || add_caches(r, b) < 0)
		return CP_ENOMEM;
	return 0;
}

int cp_log_reader_finish(struct cp_log_reader *r, struct cp_built *ret_built, struct cp_err *err)
{
	struct cp_built b = r->built;

	if (cp_log_steps(r, &b) < 0 || r->nomem)
		return cp_err_nomem(err);
	if (b.ms < 0 && r->first)
		b.ms = (r->last - r->first) / 1000000;
	if (!b.time)
		b.time = r->first / 1000000000;
	b.whole = !r->cut && !b.n_skipped;
	*ret_built = b;
	return 0;
}

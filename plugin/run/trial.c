#include "trial_int.h"

#include <stdio.h>

#include "hash_int.h"
#include "predict/cached.h"

struct trial {
	struct cp_run *run;
	struct cp_image_run *image;
	const struct cp_cache *const *caches;
	size_t n_caches;
	/* the best so far */
	bool *mended; /* per step */
	size_t n_mended;
	enum cp_cause_kind kind;
	struct cp_str sentence, name;
	struct cp_err *err;
};

/* One other way to build it: a run and an image request of its own. */
struct other {
	struct cp_run run;
	struct cp_image_request request;
	enum cp_cause_kind kind;
	struct cp_str sentence; /* may live in the image's arena */
	struct cp_str name;     /* an argument, an image; "" = none */
	bool crlf;
};

/* ---- line ends ---- */

struct crlf_hasher {
	struct cp_hasher plain;
};

/* What a checkout with core.autocrlf=true makes of a text; false for what git takes for binary, and for what has CRLF already. */
static bool to_crlf(struct cp_str in, struct cp_buf *out)
{
	if (cp_str_find(in, '\0', 0) < in.n || cp_str_find(in, '\r', 0) < in.n)
		return false;
	for (size_t at = 0; at < in.n;) {
		size_t end = cp_str_find(in, '\n', at);

		cp_buf_adds(out, cp_str_sub(in, at, end));
		if (end < in.n)
			cp_buf_addz(out, "\r\n");
		at = end + 1;
	}
	return true;
}

static int crlf_record(void *self, struct cp_fs *fs, const struct cp_node *file,
		       struct cp_digest *ret_digest, struct cp_err *err)
{
	struct crlf_hasher *c = self;
	cp_auto_buf struct cp_buf bytes = CP_BUF_INIT(CP_MAX_HASHED_BYTES),
				  text = CP_BUF_INIT(CP_MAX_HASHED_BYTES);
	int r;

	if (file->kind == CP_NODE_FILE && !file->converted) {
		r = fs->ops->bytes(fs, file, &bytes, err);
		if (r < 0)
			return r;
		if (to_crlf(cp_buf_str(&bytes), &text) && !cp_buf_error(&text)) {
			*ret_digest =
				cp_record_of_file(file->mode, &file->owner, cp_buf_str(&text));
			return 0;
		}
	}
	return c->plain.record(c->plain.self, fs, file, ret_digest, err);
}

/* ---- one trial ---- */

static bool is_open(const struct cp_step_result *s)
{
	return (s->outcome == CP_OUTCOME_MISS || s->outcome == CP_OUTCOME_DEPENDS) &&
	       s->cause.step < 0 &&
	       (s->cause.kind == CP_CAUSE_NOT_IN_CACHE ||
		(s->cause.kind == CP_CAUSE_BASE_IMAGE_CHANGED && !s->cause.n_paths));
}

/* Which open steps would hit? Keeps the way that mends most. */
static void compare(struct trial *t, const struct other *o, const struct cp_prediction *p)
{
	const struct cp_prediction *now = &t->image->answer.prediction;
	size_t n = 0;

	if (p->n_steps != now->n_steps)
		return;
	for (size_t i = 0; i < p->n_steps; i++)
		n += is_open(&now->steps[i]) && p->steps[i].outcome == CP_OUTCOME_HIT;
	if (n <= t->n_mended)
		return;
	t->n_mended = n;
	t->kind = o->kind;
	t->sentence = o->sentence;
	t->name = o->name;
	for (size_t i = 0; i < p->n_steps; i++)
		t->mended[i] = is_open(&now->steps[i]) && p->steps[i].outcome == CP_OUTCOME_HIT;
}

static int look_up(struct trial *t, struct other *o, struct cp_arena *a, const struct cp_build *b)
{
	struct cp_hash_table *table =
		cp_hash_table_new(o->crlf ? NULL : o->run.state, b->graph->rules);
	struct cp_cached_prediction p = {.final = NULL};
	struct crlf_hasher crlf;
	struct cp_hasher hasher;
	int r = 0;

	if (!table)
		return cp_err_nomem(t->err);
	hasher = cp_hash_table_hasher(table);
	if (o->crlf) {
		crlf.plain = hasher;
		hasher.record = crlf_record;
		hasher.self = &crlf;
	} else {
		r = cp_hash_table_fill(table, a, b, t->err);
	}
	if (r == 0)
		r = cp_predict_cached(a, b, t->caches, t->n_caches, &hasher, NULL, &p, t->err);
	cp_hash_table_free(table);
	if (r == 0)
		compare(t, o, &p.prediction);
	return cp_run_is_over(r) ? r : 0;
}

static int attempt(struct trial *t, struct other *o)
{
	cp_auto_arena struct cp_arena *a = cp_arena_new(CP_MAX_ARENA_BYTES);
	struct cp_image_run scratch = {
		.request = o->request, .platform = t->image->platform, .arena = a};
	struct cp_err why = {0};
	struct cp_build b;
	int r;

	if (!a || !o->sentence.p)
		return cp_err_nomem(t->err);
	if (cp_run_is_cancelled(t->run))
		return cp_err_set(t->err, CP_ECANCELLED, "cancelled");
	r = cp_image_build(&o->run, &scratch, t->run->head, &b, &why);
	if (r == 0)
		r = look_up(t, o, a, &b);
	else if (cp_run_is_over(r))
		cp_err_set(t->err, r, "%s", why.message);
	if (cp_arena_failed(a) == CP_ENOMEM)
		r = cp_err_nomem(t->err);
	return cp_run_is_over(r) ? r : 0;
}

static struct other same(const struct trial *t, enum cp_cause_kind kind, struct cp_str sentence)
{
	return (struct other){.run = *t->run,
			      .request = t->image->request,
			      .kind = kind,
			      .sentence = sentence,
			      .name = CP_S("")};
}

/* ---- the other ways ---- */

static int try_umasks(struct trial *t)
{
	static const uint32_t masks[] = {0022, 0002, 0000, 0077};
	uint32_t now = t->run->request.has_umask ? t->run->request.umask : 0022;
	int r = 0;

	for (size_t i = 0; r == 0 && i < CP_LEN(masks); i++) {
		struct other o = same(
			t, CP_CAUSE_MODE_CHANGED,
			cp_arena_printf(t->image->arena,
					"the cache was written from a checkout with umask %03o",
					masks[i]));

		if (masks[i] == now)
			continue;
		o.run.request.has_umask = true;
		o.run.request.umask = masks[i];
		r = attempt(t, &o);
	}
	return r;
}

/* The last releases before a rule changed. */
static int try_releases(struct trial *t)
{
	static const char *const releases[] = {"0.34", "0.33", "0.29", "0.26", "0.25", "0.24",
					       "0.21", "0.19", "0.16", "0.14", "0.13"};
	int r = 0;

	for (size_t i = 0; r == 0 && i < CP_LEN(releases); i++) {
		struct other o =
			same(t, CP_CAUSE_NOT_IN_CACHE,
			     cp_arena_printf(t->image->arena,
					     "the cache was written by BuildKit %s", releases[i]));

		o.run.request.builder = (struct cp_builder){.frontend = cp_str_c(releases[i]),
							    .daemon = cp_str_c(releases[i])};
		r = attempt(t, &o);
	}
	return r;
}

static int try_arguments(struct trial *t)
{
	const struct cp_image_request *q = &t->image->request;
	int r = 0;

	for (size_t i = 0; r == 0 && i < q->n_build_args && i < 8; i++) {
		struct cp_setting *left =
			cp_arena_array(t->image->arena, q->n_build_args, sizeof(*left));
		struct other o =
			same(t, CP_CAUSE_ARGUMENT_CHANGED,
			     cp_arena_printf(t->image->arena,
					     "the cache was written without build-arg %.*s",
					     CP_STR(q->build_args[i].key)));

		if (!left)
			return cp_err_nomem(t->err);
		for (size_t k = 0, n = 0; k < q->n_build_args; k++)
			if (k != i)
				left[n++] = q->build_args[k];
		o.request.build_args = left;
		o.request.n_build_args = q->n_build_args - 1;
		o.name = q->build_args[i].key;
		r = attempt(t, &o);
	}
	return r;
}

static int try_contexts(struct trial *t)
{
	bool exported = t->run->request.export_tree;
	struct other git =
		same(t, CP_CAUSE_GIT_DIR_IN_CONTEXT,
		     exported ? CP_S("the cache was written from a checkout with .git in it")
			      : CP_S("the cache was written from a tree without .git"));
	struct other crlf = same(t, CP_CAUSE_CONTENT_CHANGED,
				 CP_S("the cache was written from a checkout with CRLF line ends "
				      "(core.autocrlf)"));
	int r;

	git.run.request.export_tree = !exported;
	r = attempt(t, &git);
	crlf.crlf = true;
	return r < 0 ? r : attempt(t, &crlf);
}

/* The images as they were before their tags moved. */
static int try_earlier_images(struct trial *t)
{
	const struct cp_image_resolver *earlier = t->run->earlier_resolver;
	struct other o = same(t, CP_CAUSE_BASE_IMAGE_CHANGED, CP_S(""));

	for (size_t i = 0; earlier && !o.name.n && i < t->image->b.graph->n_ops; i++) {
		const struct cp_op *op = t->image->b.graph->ops[i];
		const struct cp_image_config *config;
		struct cp_err ignored = {0};

		if (op->kind != CP_OP_SOURCE || op->source.kind != CP_SOURCE_IMAGE ||
		    earlier->resolve(earlier->self, op->source.ref, &op->platform, &config,
				     &ignored) < 0 ||
		    !config || cp_str_eq(config->digest, op->source.digest))
			continue;
		o.name = op->source.ref;
		o.sentence = cp_arena_printf(
			t->image->arena, "the cache was written with %.*s at %.*s, and it is %.*s",
			CP_STR(op->source.ref), CP_STR(config->digest), CP_STR(op->source.digest));
	}
	o.run.resolver = earlier;
	return o.name.n ? attempt(t, &o) : 0;
}

/* --base-image-metadata: the images of the build before. */
static int try_images(struct trial *t)
{
	struct other o = same(t, CP_CAUSE_BASE_IMAGE_CHANGED,
			      CP_S("the cache was written with the base images of before"));

	if (!t->run->base_metadata || t->run->base_resolver == t->run->resolver)
		return 0;
	o.run.resolver = t->run->base_resolver;
	return attempt(t, &o);
}

/* ---- all of it ---- */

static bool any_open(const struct cp_prediction *p)
{
	for (size_t i = 0; i < p->n_steps; i++)
		if (is_open(&p->steps[i]))
			return true;
	return false;
}

static int say(struct trial *t)
{
	struct cp_prediction *p = &t->image->answer.prediction;
	struct cp_str *name = NULL;

	if (t->name.n) {
		name = CP_NEW(t->image->arena, struct cp_str);
		if (!name)
			return cp_err_nomem(t->err);
		*name = t->name;
	}
	for (size_t i = 0; t->n_mended && i < p->n_steps; i++) {
		struct cp_cause *c = &p->steps[i].cause;

		if (!t->mended[i])
			continue;
		if (t->kind != CP_CAUSE_BASE_IMAGE_CHANGED || c->kind == CP_CAUSE_NOT_IN_CACHE) {
			c->names = name;
			c->n_names = name ? 1 : 0;
		}
		c->kind = t->kind;
		c->message = t->sentence;
	}
	return 0;
}

int cp_trial_explain(struct cp_run *run, struct cp_image_run *image,
		     const struct cp_cache *const *caches, size_t n_caches, struct cp_err *err)
{
	static int (*const ways[])(struct trial *) = {try_images,   try_earlier_images,
						      try_umasks,   try_arguments,
						      try_contexts, try_releases};
	struct cp_prediction *p = &image->answer.prediction;
	struct trial t = {.run = run,
			  .image = image,
			  .caches = caches,
			  .n_caches = n_caches,
			  .mended = cp_arena_array(image->arena, p->n_steps, sizeof(*t.mended)),
			  .err = err};
	int r = 0;

	if (!t.mended)
		return cp_err_nomem(err);
	if (!n_caches || !any_open(p))
		return 0;
	for (size_t i = 0; r == 0 && i < CP_LEN(ways); i++)
		r = ways[i](&t);
	return r < 0 ? r : say(&t);
}

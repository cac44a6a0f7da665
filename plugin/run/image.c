/* One image: the build before and the build to come, from a commit each, and their comparison. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "context/context.h"
#include "graph/graph.h"
#include "hash_int.h"
#include "keys/keys.h"
#include "network.h"
#include "options_int.h"
#include "packages_int.h"
#include "predict/predict.h"
#include "run.h"

/* One side while it is put together. */
struct side {
	struct cp_run *run;
	struct cp_image_run *image;
	struct cp_tree *tree;
	struct cp_build *build;
	char label;
	struct cp_map locals;     /* local name ─► struct cp_fs */
	struct cp_map prefixes;   /* local name ─► struct cp_str */
	struct cp_str dockerfile; /* path in the tree */
	struct cp_git_context
		git;          /* the context is this repository, by its URL; host "" = it is not */
	struct cp_str syntax; /* the image that is the frontend, "" = the daemon's own */
	struct cp_profile profile;
	const struct cp_image_resolver *resolver;
	struct cp_err *err;
};

/* "." and "" are the root of the tree. */
static struct cp_str tree_path(struct cp_str path)
{
	return cp_str_eq(path, CP_S(".")) ? CP_S("") : path;
}

/* The folder of the context in the tree, also of one by URL. */
static struct cp_str context_folder(const struct side *s)
{
	return s->git.host.n ? s->git.subdir : tree_path(s->image->request.context);
}

/* The id of the side's commit, "" = it is none; in the image's arena. */
static struct cp_str commit_text(const struct side *s)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(2 * sizeof(s->tree->commit.bytes) + 1);

	for (unsigned i = 0; i < s->tree->commit.n; i++)
		cp_buf_printf(&text, "%02x", s->tree->commit.bytes[i]);
	return cp_arena_str(s->image->arena, cp_buf_str(&text));
}

static struct cp_fs *local_of(void *self, struct cp_str name)
{
	struct side *s = self;

	return cp_map_get(&s->locals, name);
}

static struct cp_str prefix_of(void *self, struct cp_str name)
{
	struct side *s = self;
	struct cp_str *p = cp_map_get(&s->prefixes, name);

	return p ? *p : CP_S("");
}

/* ---- a context by URL ---- */

/* Is it a remote of the repository, whatever way it is fetched? */
static bool is_remote_of(struct side *s, const struct cp_git_context *git)
{
	const char *url;

	for (size_t i = 0; (url = cp_repo_remote(s->run->repo, i)); i++) {
		struct cp_git_context remote;
		struct cp_err ignored = {0};
		struct cp_str text = cp_str_c(url);
		bool is_git;

		if (!cp_str_ends(text, CP_S(".git")))
			text = cp_arena_cat(s->image->arena, text, CP_S(".git"));
		if (text.p &&
		    cp_git_context_parse(s->image->arena, text, &remote, &is_git, &ignored) == 0 &&
		    is_git && cp_str_eq(remote.host, git->host) &&
		    cp_str_eq(remote.path, git->path))
			return true;
	}
	return false;
}

/*
 * The builder fetches a context that is the URL of a repository (docker/build-push-action's default). When it is the URL of this one, its
 * files are those of the commit. Of another repository not even the Dockerfile is known.
 */
static int look_at_url(struct side *s)
{
	struct cp_str context = s->image->request.context;
	struct cp_git_context git;
	bool is_git;
	int r;

	if (!cp_context_is_remote(context) || s->image->request.dockerfile_inline.p)
		return 0;
	r = cp_git_context_parse(s->image->arena, context, &git, &is_git, s->err);
	if (r < 0)
		return r;
	if (!is_git || !is_remote_of(s, &git))
		return cp_err_set(s->err, CP_EUNSUPPORTED,
				  "the build context %.*s is not a remote of this repository: its "
				  "Dockerfile is not known",
				  CP_STR(context));
	if (cp_is_commit_id(git.ref) && !cp_str_eq(git.ref, commit_text(s)) && s->label == 'b')
		return cp_err_set(s->err, CP_EUNSUPPORTED,
				  "the build context %.*s is not the commit that is asked about",
				  CP_STR(context));
	s->git = git;
	if (s->label != 'b' || cp_is_commit_id(git.ref))
		return 0;
	return cp_image_assume(
		s->image,
		cp_arena_printf(s->image->arena, "%.*s is the commit of head", CP_STR(context)));
}

/* ---- files of the build ---- */

/* dockerui ReadEntrypoint: "Dockerfile" may be spelled "dockerfile". */
static int read_dockerfile(struct side *s, struct cp_buf *out)
{
	struct cp_arena *a = s->image->arena;
	const struct cp_image_request *q = &s->image->request;
	struct cp_str path = q->dockerfile;
	struct cp_err why = {0}, local = {0};
	int r;

	if (q->dockerfile_inline.p) {
		s->dockerfile = CP_S("Dockerfile");
		cp_buf_adds(out, q->dockerfile_inline);
		return cp_buf_error(out);
	}
	if (!path.n || s->git.host.n) /* of a URL, the path is one in it */
		path = cp_path_join(a, context_folder(s), path.n ? path : CP_S("Dockerfile"));
	if (!path.p)
		return cp_err_nomem(s->err);
	r = cp_tree_read_path(s->tree, path, out, &why);
	if (r == CP_ENOTFOUND && cp_str_eq(cp_path_base(path), CP_S("Dockerfile"))) {
		struct cp_str lower = cp_arena_str(a, path);

		if (!lower.p)
			return cp_err_nomem(s->err);
		((char *)(uintptr_t)lower.p)[lower.n - 10] = 'd';
		if (cp_tree_read_path(s->tree, lower, out, &local) == 0) {
			s->dockerfile = lower;
			return 0;
		}
	}
	s->dockerfile = path;
	if (r < 0)
		*s->err = why;
	if (r == CP_ENOTFOUND && !s->err->hint[0])
		cp_err_hint(s->err,
			    "name the Dockerfile with -f, or the images with --bake or --compose");
	return r;
}

/*
 * dockerui dockerIgnorePatterns: beside the Dockerfile first, else at the root of the context. An empty file beside it counts, too, but not
 * for a frontend that is an image: what comes to it over gRPC with no bytes is nil, as if it were not there.
 */
static int find_ignore_file(struct side *s, struct cp_str context, struct cp_str *ret_path,
			    struct cp_buf *out)
{
	struct cp_arena *a = s->image->arena;
	struct cp_str beside = cp_arena_cat(a, s->dockerfile, CP_S(".dockerignore")), root;
	struct cp_err local = {0};
	int r;

	if (!beside.p)
		return cp_err_nomem(s->err);
	if (!s->image->request.dockerfile_inline.p &&
	    cp_tree_read_path(s->tree, beside, out, &local) == 0 && (out->n || !s->syntax.n)) {
		*ret_path = beside;
		return 0;
	}
	cp_buf_clear(out);
	root = cp_path_join(a, tree_path(context), CP_S(".dockerignore"));
	if (!root.p)
		return cp_err_nomem(s->err);
	r = cp_tree_read_path(s->tree, root, out, &local);
	if (r == 0)
		*ret_path = root;
	if (r == CP_ENOTFOUND &&
	    local.hint[0]) /* a missing object, not a missing file: rules that we cannot see */
		return cp_err_set(s->err, CP_EIO, "%s", local.message);
	return r == CP_ENOMEM || r == CP_ELIMIT ? cp_err_set(s->err, r, "%s", local.message) : 0;
}

static int compile_ignore(struct side *s, struct cp_str path, struct cp_str text,
			  struct cp_str **ret_lines, size_t *ret_n, const struct cp_patterns **ret)
{
	struct cp_arena *a = s->image->arena;
	int r = cp_ignore_read(a, text, ret_lines, ret_n, s->err);

	if (r == 0)
		r = cp_patterns_compile(a, *ret_lines, *ret_n, ret, s->err);
	if (r < 0 && !s->err->file[0])
		cp_err_at(s->err, path, 0, 0, 0, CP_S(""));
	return r;
}

/* ---- contexts ---- */

static struct cp_digest checkout_of(const struct side *s)
{
	struct cp_str commit = commit_text(s);
	struct cp_sha256 h;

	cp_sha256_init(&h);
	cp_sha256_add(&h, &s->label, 1);
	cp_sha256_adds(&h, commit);
	return cp_sha256_end(&h);
}

static int add_local(struct side *s, struct cp_str name, struct cp_str folder,
		     const struct cp_patterns *ignore)
{
	struct cp_arena *a = s->image->arena;
	bool by_builder = s->git.host.n && cp_str_eq(name, CP_S("context"));
	struct cp_context_options options = {.root = tree_path(folder),
					     .ignore = ignore,
					     .git_dir = !s->run->request.export_tree && !by_builder,
					     .checkout = checkout_of(s),
					     .has_umask = s->run->request.has_umask && !by_builder,
					     .umask = s->run->request.umask,
					     .by_builder = by_builder};
	struct cp_str *prefix = CP_NEW(a, struct cp_str), *key = CP_NEW(a, struct cp_str);
	struct cp_err local = {0};
	struct cp_fs *fs;
	int r = cp_context_new(a, s->tree, &options, &fs, &local);

	if (r ==
	    CP_ENOTFOUND) /* no such folder on this side: nothing is selected from it, or the build fails */
		return 0;
	if (r < 0)
		return cp_err_set(s->err, r, "%s", local.message);
	if (!prefix || !key)
		return cp_err_nomem(s->err);
	*prefix = options.root;
	*key = name;
	if (cp_map_put(a, &s->locals, *key, fs) < 0 ||
	    cp_map_put(a, &s->prefixes, *key, prefix) < 0)
		return cp_err_nomem(s->err);
	return 0;
}

static int main_context(struct side *s)
{
	struct cp_arena *a = s->image->arena;
	struct cp_str context = s->image->request.context, path = CP_S("");
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_IGNORE_BYTES);
	struct cp_context_options raw = {.root = tree_path(context),
					 .has_umask = s->run->request.has_umask,
					 .umask = s->run->request.umask};
	const struct cp_patterns *ignore = NULL;
	struct cp_err local = {0};
	int r;

	if (s->git.host.n && !s->git.keeps_git_dir)
		return add_local(s, CP_S("context"), context_folder(s), NULL);
	if (cp_context_is_remote(context))
		return 0;
	r = find_ignore_file(s, context, &path, &text);
	if (r == 0 && path.n)
		r = compile_ignore(s, path, cp_buf_str(&text), &s->build->ignore_lines,
				   &s->build->n_ignore_lines, &ignore);
	if (r == 0)
		r = add_local(s, CP_S("context"), context, ignore);
	if (r < 0)
		return r;
	s->build->ignore_file = path;
	s->build->context_prefix = tree_path(context);
	if (cp_context_new(a, s->tree, &raw, &s->build->unfiltered, &local) < 0)
		s->build->unfiltered = NULL;
	return 0;
}

/* A named context that is a folder of the repository has the ignore file at its root, if any. */
static int named_context(struct side *s, struct cp_str name, struct cp_str folder)
{
	struct cp_arena *a = s->image->arena;
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_IGNORE_BYTES);
	struct cp_str path = cp_path_join(a, tree_path(folder), CP_S(".dockerignore")), *lines;
	const struct cp_patterns *ignore = NULL;
	struct cp_err local = {0};
	size_t n;

	if (!path.p)
		return cp_err_nomem(s->err);
	if (cp_tree_read_path(s->tree, path, &text, &local) == 0) {
		int r = compile_ignore(s, path, cp_buf_str(&text), &lines, &n, &ignore);

		if (r < 0)
			return r;
	}
	return add_local(s, name, folder, ignore);
}

static int named_contexts(struct side *s)
{
	const struct cp_image_request *q = &s->image->request;
	struct cp_arena *a = s->image->arena;

	for (size_t i = 0; i < q->n_contexts; i++) {
		struct cp_str name = cp_arena_cat(a, CP_S("context:"), q->contexts[i].key), folder;
		int r;

		if (!cp_context_is_folder(q->contexts[i].value))
			continue;
		folder = cp_path_clean(a, q->contexts[i].value);
		if (!name.p || !folder.p)
			return cp_err_nomem(s->err);
		if (cp_path_is_abs(q->contexts[i].value) || cp_str_starts(folder, CP_S("..")))
			continue; /* not in the repository: an unknown */
		r = named_context(s, name, folder);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- the graph ---- */

/* What one text of a Dockerfile gives. */
struct parsed {
	const struct cp_dockerfile *dockerfile;
	const struct cp_graph *graph;
	struct cp_str syntax;
	struct cp_profile profile;
};

struct cp_image_memo {
	pthread_mutex_t lock;
	struct cp_arena *arena;
	struct cp_map
		parsed; /* digest of a Dockerfile, its path and the arguments ─► struct parsed */
};

struct cp_image_memo *cp_image_memo_new(void)
{
	struct cp_image_memo *m = calloc(1, sizeof(*m));

	if (m)
		m->arena = cp_arena_new(CP_MAX_ARENA_BYTES);
	if (m && !m->arena) {
		free(m);
		return NULL;
	}
	if (m)
		pthread_mutex_init(&m->lock, NULL);
	return m;
}

void cp_image_memo_free(struct cp_image_memo *m)
{
	if (!m)
		return;
	pthread_mutex_destroy(&m->lock);
	cp_arena_free(m->arena);
	free(m);
}

int cp_image_memo_failed(const struct cp_image_memo *m)
{
	return cp_arena_failed(m->arena);
}

/* Everything in the arena of s->image. */
static int parse(struct side *s, struct cp_str text, struct parsed *ret)
{
	struct cp_arena *a = s->image->arena;
	struct cp_build_options options = {0};
	int r = cp_dockerfile_parse(a, text, s->dockerfile, &ret->dockerfile, s->err);

	if (r == 0)
		r = cp_image_options(s->run, s->image, s->label == 'b', s->resolver, &options,
				     s->err);
	if (r < 0)
		return r;
	if (s->git.host.n)
		options.main_commit = commit_text(s);
	ret->syntax = cp_graph_syntax(ret->dockerfile, &options);
	r = cp_profile_of(a, &s->run->request.builder, ret->syntax, &ret->profile, s->err);
	options.profile = &ret->profile;
	if (r == 0)
		r = cp_graph_build(a, ret->dockerfile, s->dockerfile, &options, &ret->graph,
				   s->err);
	return r;
}

static int parse_once(struct side *s, struct cp_image_memo *memo, struct cp_str text,
		      struct parsed *ret)
{
	struct cp_image_run image = {.request = s->image->request, .platform = s->image->platform};
	struct side shared = *s;
	struct parsed *known = NULL;
	struct cp_digest *key;
	struct cp_sha256 h;
	int r;

	image.arena = memo->arena;
	shared.image = &image;
	shared.dockerfile = cp_arena_str(memo->arena, s->dockerfile);
	key = CP_NEW(memo->arena, struct cp_digest);
	if (!shared.dockerfile.p || !key)
		return cp_err_nomem(s->err);
	cp_sha256_init(&h);
	cp_sha256_add(&h, s->dockerfile.p, s->dockerfile.n);
	cp_sha256_add(&h, "", 1);
	cp_sha256_adds(&h, text);
	for (size_t i = 0; i < image.request.n_build_args; i++) {
		const struct cp_setting *arg = &image.request.build_args[i];

		cp_sha256_add(&h, "", 1);
		cp_sha256_adds(&h, arg->key);
		cp_sha256_add(&h, "=", 1);
		cp_sha256_adds(&h, arg->value);
	}
	if (s->git.host.n) /* its commit is part of the graph */
		cp_sha256_adds(&h, commit_text(s));
	*key = cp_sha256_end(&h);
	known = cp_map_get(&memo->parsed, cp_str_n((const char *)key->bytes, sizeof(key->bytes)));
	if (known) {
		*ret = *known;
		return 0;
	}
	known = CP_NEW(memo->arena, struct parsed);
	if (!known)
		return cp_err_nomem(s->err);
	r = parse(&shared, text, known);
	if (r == 0 && cp_map_put(memo->arena, &memo->parsed,
				 cp_str_n((const char *)key->bytes, sizeof(key->bytes)), known) < 0)
		r = cp_err_nomem(s->err);
	if (r == 0)
		*ret = *known;
	return r;
}

/* ---- one side ---- */

static int build_side(struct side *s)
{
	struct cp_image_memo *memo = s->image->memo;
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_DOCKERFILE_BYTES);
	struct parsed parsed = {0};
	int r = look_at_url(s);

	if (r == 0)
		r = read_dockerfile(s, &text);
	s->build->local = local_of;
	s->build->prefix = prefix_of;
	s->build->self = s;
	if (r == 0 && memo) {
		pthread_mutex_lock(&memo->lock);
		r = parse_once(s, memo, cp_buf_str(&text), &parsed);
		pthread_mutex_unlock(&memo->lock);
	} else if (r == 0) {
		r = parse(s, cp_buf_str(&text), &parsed);
	}
	s->syntax = parsed.syntax;
	if (r == 0)
		r = main_context(s);
	if (r == 0)
		r = named_contexts(s);
	s->build->dockerfile = parsed.dockerfile;
	s->build->graph = parsed.graph;
	s->profile = parsed.profile;
	return r;
}

int cp_image_assume(struct cp_image_run *image, struct cp_str sentence)
{
	struct cp_report_image *answer = &image->answer;
	struct cp_str *list =
		cp_arena_array(image->arena, answer->n_assumptions + 1, sizeof(*list));

	if (!list || !sentence.p)
		return CP_ENOMEM;
	if (answer->n_assumptions)
		memcpy(list, answer->assumptions, answer->n_assumptions * sizeof(*list));
	list[answer->n_assumptions] = sentence;
	answer->assumptions = list;
	answer->n_assumptions++;
	return 0;
}

static bool same_lines(const struct cp_build *x, const struct cp_build *y)
{
	if (x->n_ignore_lines != y->n_ignore_lines)
		return false;
	for (size_t i = 0; i < x->n_ignore_lines; i++)
		if (!cp_str_eq(x->ignore_lines[i], y->ignore_lines[i]))
			return false;
	return true;
}

/* A base commit whose build cannot be worked out left nothing that we know of. */
static int base_side(struct cp_image_run *image, struct side *s)
{
	static const struct cp_graph nothing;
	struct cp_err why = {0};
	int r;

	s->err = &why;
	r = build_side(s);
	if (r == 0)
		return 0;
	if (cp_run_is_over(r))
		return r;
	s->build->graph = &nothing;
	s->build->dockerfile = NULL;
	return cp_image_assume(image,
			       cp_arena_printf(image->arena,
					       "the base commit left no build of this image: %s",
					       why.message));
}

static int predict_sides(struct cp_run *run, struct cp_image_run *image, struct side *a,
			 struct cp_err *err)
{
	int r = base_side(image, a);

	if (r < 0)
		return cp_err_nomem(err);
	image->b.ignore_differs = !same_lines(&image->a, &image->b);
	if (cp_run_is_cancelled(run))
		return cp_err_set(err, CP_ECANCELLED, "cancelled");
	r = cp_predict(image->arena, &image->a, &image->b, &image->answer.prediction, err);
	if (r == 0 && cp_image_packages(run, image) < 0)
		r = cp_err_nomem(err);
	return r;
}

static int collect_paths(struct cp_image_run *image, struct side *b, struct cp_err *err)
{
	struct cp_str extra[2] = {b->dockerfile, image->b.ignore_file};
	size_t first = image->request.dockerfile_inline.p ? 1 : 0, n = extra[1].n ? 2 : 1;

	return cp_paths_collect(image->arena, &image->b, extra + first, n - first, &image->paths,
				err);
}

/* The records that this build leaves in a cache. */
static int collect_records(struct cp_run *run, struct cp_image_run *image, struct cp_err *err)
{
	struct cp_hash_table *table;
	struct cp_hasher hasher;
	int r = cp_hash_table_open(run->state, image->arena, &image->b, &table, &hasher, err);

	if (r < 0)
		return r;
	r = cp_records_collect(image->arena, &image->b, &hasher, &image->records, err);
	cp_hash_table_free(table);
	return r;
}

/* Both builds' keys side by side. */
static int differ_keys(struct cp_run *run, struct cp_image_run *image, struct side *a,
		       struct cp_err *err)
{
	struct cp_hash_table *table;
	struct cp_hasher hasher;
	int r = base_side(image, a);

	if (r < 0)
		return cp_err_nomem(err);
	r = cp_hash_table_open(run->state, image->arena, &image->b, &table, &hasher, err);
	if (r < 0)
		return r;
	r = cp_hash_table_fill(table, image->arena, &image->a, err);
	if (r == 0)
		r = cp_key_diff_make(image->arena, &image->a, &image->b, &hasher, &image->key_diff,
				     err);
	cp_hash_table_free(table);
	return r;
}

/* Why images are not known although the network was there. */
static int explain_images(struct cp_run *run, struct cp_image_run *image)
{
	const struct cp_graph *g = image->b.graph;

	for (size_t i = 0; i < g->n_images; i++) {
		struct cp_str why = cp_network_why_not(run, g->images[i]);

		if (why.n &&
		    cp_image_assume(image, cp_arena_printf(image->arena, "%.*s: %.*s",
							   CP_STR(g->images[i]), CP_STR(why))) < 0)
			return CP_ENOMEM;
	}
	return 0;
}

/* Its own arena, so that the image's stays its thread's; what the base commit cannot build names nothing. */
int cp_image_build(struct cp_run *run, struct cp_image_run *image, struct cp_tree *tree,
		   struct cp_build *ret_build, struct cp_err *err)
{
	struct side *s = CP_NEW(image->arena, struct side);
	struct cp_build *build = CP_NEW(image->arena, struct cp_build);
	int r;

	if (!s || !build)
		return cp_err_nomem(err);
	*s = (struct side){.run = run,
			   .image = image,
			   .tree = tree,
			   .build = build,
			   .label = 'b',
			   .resolver = run->resolver,
			   .err = err};
	r = build_side(s);
	if (r == 0)
		*ret_build = *build;
	return r;
}

int cp_image_compare(struct cp_run *run, struct cp_image_run *image, struct cp_tree *before,
		     struct cp_tree *tree, struct cp_prediction *ret_prediction, struct cp_err *err)
{
	struct side a = {.run = run,
			 .image = image,
			 .tree = before,
			 .build = &image->a,
			 .label = 'a',
			 .resolver = run->resolver,
			 .err = err};
	struct side b = {.run = run,
			 .image = image,
			 .tree = tree,
			 .build = &image->b,
			 .label = 'b',
			 .resolver = run->resolver,
			 .err = err};
	int r = build_side(&a);

	if (r == 0)
		r = build_side(&b);
	if (r < 0)
		return r;
	image->b.ignore_differs = !same_lines(&image->a, &image->b);
	return cp_predict(image->arena, &image->a, &image->b, ret_prediction, err);
}

struct cp_str cp_image_dockerfile(const struct cp_build *build)
{
	const struct side *s = build->self;

	return s->dockerfile;
}

int cp_image_base_refs(struct cp_run *run, const struct cp_image_run *image, struct cp_arena *a,
		       struct cp_str **ret_refs, size_t *ret_n)
{
	cp_auto_arena struct cp_arena *arena = cp_arena_new(CP_MAX_ARENA_BYTES);
	struct cp_image_run scratch = {.request = image->request, .platform = image->platform};
	struct cp_err ignored = {0};
	struct side s = {.run = run,
			 .image = &scratch,
			 .tree = run->base,
			 .build = &scratch.a,
			 .label = 'a',
			 .resolver = run->offline_resolver,
			 .err = &ignored};
	struct cp_str *refs;
	int r;

	scratch.arena = arena;
	r = arena ? build_side(&s) : CP_ENOMEM;
	if (arena && cp_arena_failed(arena) == CP_ENOMEM)
		r = CP_ENOMEM;
	*ret_n = 0;
	if (r < 0)
		return cp_run_is_over(r) ? r : 0;
	refs = cp_arena_array(a, scratch.a.graph->n_images, sizeof(*refs));
	for (size_t i = 0; refs && i < scratch.a.graph->n_images; i++) {
		refs[i] = cp_arena_str(a, scratch.a.graph->images[i]);
		if (!refs[i].p)
			return CP_ENOMEM;
	}
	*ret_refs = refs;
	*ret_n = scratch.a.graph->n_images;
	return refs ? 0 : CP_ENOMEM;
}

/*
 * Is the image of the base the image of the head? The same layers (every step is as it was), and the same configuration. Of a base that
 * was found by what a cache holds nobody said that it was built: a cache has layers, and another commit with these may have left them.
 */
static int compare_configs(struct cp_run *run, struct cp_image_run *image, struct cp_err *err)
{
	const struct cp_prediction *p = &image->answer.prediction;
	bool same;
	int r = cp_image_config_compare(image->arena, &image->a, &image->b, &same,
					&image->config_at, err);

	if (r < 0 || p->n_miss || p->n_depends || p->n_unknown)
		return r;
	if (!same)
		image->config = CP_SAME_NOT;
	else if (!run->base_is_held)
		image->config = CP_SAME;
	return 0;
}

static int answer_of(struct cp_run *run, struct cp_image_run *image, struct cp_err *err)
{
	struct side *a = CP_NEW(image->arena, struct side), *b = CP_NEW(image->arena, struct side);
	struct cp_report_image *answer = &image->answer;
	int r;

	if (!a || !b)
		return cp_err_nomem(err);
	*a = (struct side){.run = run,
			   .image = image,
			   .tree = run->base,
			   .build = &image->a,
			   .label = 'a',
			   .resolver = run->base_resolver};
	*b = (struct side){.run = run,
			   .image = image,
			   .tree = run->head,
			   .build = &image->b,
			   .label = 'b',
			   .resolver = run->resolver,
			   .err = err};
	r = build_side(b);
	answer->dockerfile = b->dockerfile;
	answer->ignore_file = image->b.ignore_file;
	if (r < 0)
		return r;
	answer->graph = image->b.graph;
	answer->target = image->b.graph->stages[image->b.graph->target].name;
	for (size_t i = 0; i < image->b.graph->n_assumptions; i++)
		if (cp_image_assume(image, image->b.graph->assumptions[i]) < 0)
			return cp_err_nomem(err);
	if (explain_images(run, image) < 0)
		return cp_err_nomem(err);
	image->profile = b->profile;
	answer->profile = &image->profile;
	if (b->profile.assumed.n && cp_image_assume(image, b->profile.assumed) < 0)
		return cp_err_nomem(err);
	if (run->needs & CP_RUN_PATHS)
		return collect_paths(image, b, err);
	if ((run->needs & CP_RUN_KEYS) && run->request.diff)
		return differ_keys(run, image, a, err);
	if (run->needs & CP_RUN_KEYS)
		return collect_records(run, image, err);
	r = predict_sides(run, image, a, err);
	if (r == 0 && image->a.graph && image->a.dockerfile)
		r = compare_configs(run, image, err);
	return r < 0 ? r : cp_image_predict_caches(run, image, err);
}

int cp_image_run(struct cp_run *run, struct cp_image_run *image, struct cp_err *err)
{
	struct cp_err why = {0};
	int r;

	image->answer.request = &image->request;
	image->answer.platform = image->platform.n ? image->platform : CP_S("linux/amd64");
	r = answer_of(run, image, &why);
	if (cp_arena_failed(image->arena) == CP_ENOMEM)
		r = cp_err_nomem(&why);
	else if (cp_arena_failed(image->arena) && r != CP_ECANCELLED)
		r = cp_err_set(&why, CP_ELIMIT, "the image needs more than %zu MiB of memory",
			       (size_t)CP_MAX_ARENA_BYTES >> 20);
	if (r == 0)
		return 0;
	if (cp_run_is_over(r))
		return cp_err_set(err, r, "%s", why.message);
	image->answer.error = why;
	image->answer.graph = NULL;
	return 0;
}

/* --progress=rawjson: one client.SolveStatus of buildkit (client/graph.go) a line, as buildctl and buildx print it. */
#include "builds/builds_int.h"

static int64_t time_of(const struct cp_json *v, const char *key)
{
	return cp_log_time(cp_json_text(cp_json_get(v, key)));
}

/* The build began with its first vertex and ended with its last. */
static void note_time(struct cp_log_reader *r, int64_t t)
{
	if (!t)
		return;
	if (!r->first || t < r->first)
		r->first = t;
	if (t > r->last)
		r->last = t;
}

/* Of one beginning the last end counts. */
static void add_run(struct cp_log_reader *r, struct cp_vertex *v, struct cp_span span)
{
	for (size_t i = v->runs.n; i-- > 0;)
		if (v->runs.items[i].from == span.from) {
			v->runs.items[i].to = span.to;
			return;
		}
	if (v->runs.n == CP_MAX_LOG_RUNS)
		r->cut = true;
	else if (cp_vec_push(r->a, &v->runs, span) < 0)
		r->nomem = true;
}

/* Targets that are built together may share an operation, and each tells of it under its own name. */
static struct cp_vertex *vertex_of(struct cp_log_reader *r, const struct cp_json *json)
{
	struct cp_str digest = cp_json_text(cp_json_get(json, "digest")),
		      name = cp_json_text(cp_json_get(json, "name"));
	uint64_t hash = cp_hash64(name.p, name.n);
	char key[CP_DIGEST_TEXT + sizeof(hash)];
	struct cp_vertex *v;

	if (digest.n != CP_DIGEST_TEXT)
		return NULL;
	memcpy(key, digest.p, CP_DIGEST_TEXT);
	memcpy(key + CP_DIGEST_TEXT, &hash, sizeof(hash));
	v = cp_log_vertex(r, cp_str_n(key, sizeof(key)));
	if (!v)
		return NULL;
	cp_log_name(r, v, name);
	if (cp_map_put(r->a, &r->digests, cp_str_sub(v->key, 0, CP_DIGEST_TEXT), v) < 0)
		r->nomem = true;
	return v;
}

static void vertex(struct cp_log_reader *r, const struct cp_json *json)
{
	struct cp_vertex *v = vertex_of(r, json);
	int64_t started = time_of(json, "started"), completed = time_of(json, "completed");
	struct cp_str error = cp_json_text(cp_json_get(json, "error"));

	if (!v)
		return;
	/* what is said while layers are fetched leaves the inputs out */
	v->has_inputs = v->has_inputs || cp_json_len(cp_json_get(json, "inputs"));
	v->started = v->started || started;
	v->open = started && !completed ? started : 0;
	if (error.n) {
		v->cancelled = cp_str_ends(error, CP_S("context canceled"));
		v->failed = !v->cancelled;
	}
	if (cp_json_is_true(cp_json_get(json, "cached"))) {
		v->cached = true;
		/* what is marked because something above it was loaded ends when it begins (solver/progress.go) */
		v->loaded = v->loaded || (started && started != completed);
	} else if (started && completed && completed >= started) {
		add_run(r, v, (struct cp_span){started, completed});
	}
	note_time(r, started);
	note_time(r, completed);
}

/* Layers that are fetched are "sha256:..." with a size. */
static void status(struct cp_log_reader *r, const struct cp_json *json)
{
	struct cp_str id = cp_json_text(cp_json_get(json, "id"));
	int64_t total = cp_json_number(cp_json_get(json, "total"), 0);
	struct cp_transfer *t;
	struct cp_vertex *v;

	if (!cp_str_starts(id, CP_S("sha256:")) || id.n != CP_DIGEST_TEXT || total <= 0)
		return;
	v = cp_map_get(&r->digests, cp_json_text(cp_json_get(json, "vertex")));
	t = v ? cp_log_transfer(r, v, id) : NULL;
	if (!t)
		return;
	t->bytes = (uint64_t)total;
	t->span = (struct cp_span){time_of(json, "started"), time_of(json, "completed")};
}

static void each(struct cp_log_reader *r, const struct cp_json *list,
		 void (*take)(struct cp_log_reader *r, const struct cp_json *json))
{
	for (size_t i = 0; cp_json_kind(list) == CP_JSON_ARRAY && i < cp_json_len(list); i++)
		take(r, cp_json_at(list, i));
}

bool cp_log_raw_line(struct cp_log_reader *r, struct cp_str line)
{
	static const char *const members[] = {"vertexes", "statuses", "logs", "warnings"};
	size_t at = cp_str_find(line, '{', 0);
	cp_auto_json struct cp_json_doc *doc = NULL;
	const struct cp_json *root;
	struct cp_err why = {0};
	bool known = false;

	/* the log of a CI may have its own time in front */
	if (at == line.n || at > 200 || line.p[line.n - 1] != '}')
		return false;
	if (cp_json_parse(cp_str_from(line, at), r->name, &doc, &why) < 0) {
		r->nomem = r->nomem || why.code == CP_ENOMEM;
		if (cp_str_starts(cp_str_from(line, at), CP_S("{\"vertexes\":"))) {
			r->built.n_skipped++;
			r->cut = true;
		}
		return false;
	}
	root = cp_json_root(doc);
	for (size_t i = 0; i < CP_LEN(members); i++)
		known = known || cp_json_kind(cp_json_get(root, members[i])) == CP_JSON_ARRAY;
	each(r, cp_json_get(root, "vertexes"), vertex);
	each(r, cp_json_get(root, "statuses"), status);
	return known;
}

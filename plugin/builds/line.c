/* A build as one line of JSON: what is stored, exported and imported. */
#include "builds/builds_int.h"

static void put_text(struct cp_json_out *o, const char *key, struct cp_str s)
{
	if (s.n)
		cp_json_kstr(o, key, s);
}

static void put_step(struct cp_json_out *o, const struct cp_built_step *s)
{
	cp_json_open(o, '{');
	put_text(o, "image", s->id.image);
	put_text(o, "platform", s->id.platform);
	put_text(o, "stage", s->id.stage);
	cp_json_kstr(o, "text", s->id.text);
	if (s->id.occurrence)
		cp_json_kint(o, "occurrence", s->id.occurrence);
	cp_json_kint(o, "number", s->number);
	cp_json_kstr(o, "outcome", cp_str_c(cp_ran_name(s->ran)));
	if (s->ms >= 0)
		cp_json_kint(o, "ms", s->ms);
	if (s->bytes)
		cp_json_kint(o, "bytes", (int64_t)s->bytes);
	put_text(o, "predicted", s->predicted);
	put_text(o, "verdict", cp_str_c(cp_judgement_name(s->judgement)));
	cp_json_close(o, '}');
}

void cp_built_write(const struct cp_built *b, struct cp_buf *out)
{
	struct cp_json_out o = CP_JSON_OUT(out);

	o.raw_html = true;
	cp_json_open(&o, '{');
	cp_json_kstr(&o, "schema", CP_S("cachepredict/build/1"));
	cp_json_kstr(&o, "project", b->project);
	cp_json_kint(&o, "time", b->time);
	put_text(&o, "commit", b->commit);
	cp_json_kstr(&o, "kind", b->kind);
	put_text(&o, "digest", b->digest);
	put_text(&o, "ref", b->ref);
	if (b->ms >= 0)
		cp_json_kint(&o, "ms", b->ms);
	cp_json_kbool(&o, "failed", b->failed);
	cp_json_kbool(&o, "whole", b->whole);
	if (b->n_total) {
		cp_json_kint(&o, "total_steps", (int64_t)b->n_total);
		cp_json_kint(&o, "cached_steps", (int64_t)b->n_cached);
	}
	cp_json_key(&o, "steps");
	cp_json_open(&o, '[');
	for (size_t i = 0; i < b->n_steps; i++)
		put_step(&o, &b->steps[i]);
	cp_json_close(&o, ']');
	if (b->n_imports) {
		cp_json_key(&o, "imports");
		cp_json_open(&o, '[');
		for (size_t i = 0; i < b->n_imports; i++)
			cp_json_str(&o, b->imports[i]);
		cp_json_close(&o, ']');
		cp_json_kint(&o, "import_ms", b->import_ms);
		cp_json_kint(&o, "loaded_bytes", (int64_t)b->loaded_bytes);
		cp_json_kint(&o, "loaded_ms", b->loaded_ms);
	}
	if (b->export_ms >= 0)
		cp_json_kint(&o, "export_ms", b->export_ms);
	cp_json_close(&o, '}');
	cp_buf_addc(out, '\n');
}

/* ---- reading ---- */

static int get_text(struct cp_arena *a, const struct cp_json *v, const char *key,
		    struct cp_str *ret)
{
	struct cp_str s = cp_json_text(cp_json_get(v, key));

	*ret = s.n ? cp_arena_str(a, s) : CP_S("");
	return ret->p ? 0 : CP_ENOMEM;
}

/* A number that is not negative; -1 = it is not there, or absurd. */
static int64_t get_number(const struct cp_json *v, const char *key)
{
	int64_t n = cp_json_number(cp_json_get(v, key), -1);

	return n >= 0 && n <= (int64_t)1 << 52 ? n : -1;
}

static int64_t get_count(const struct cp_json *v, const char *key)
{
	int64_t n = get_number(v, key);

	return n > 0 ? n : 0;
}

static int get_step(struct cp_arena *a, const struct cp_json *v, struct cp_built_step *s)
{
	struct cp_str outcome = cp_json_text(cp_json_get(v, "outcome")),
		      verdict = cp_json_text(cp_json_get(v, "verdict"));
	int r = 0;

	s->name = CP_S("");
	r |= get_text(a, v, "image", &s->id.image);
	r |= get_text(a, v, "platform", &s->id.platform);
	r |= get_text(a, v, "stage", &s->id.stage);
	r |= get_text(a, v, "text", &s->id.text);
	r |= get_text(a, v, "predicted", &s->predicted);
	s->id.occurrence = (uint32_t)(get_count(v, "occurrence") & 0xffffffff);
	s->number = (uint32_t)(get_count(v, "number") & 0xffffffff);
	s->ms = get_number(v, "ms");
	s->bytes = (uint64_t)get_count(v, "bytes");
	for (int i = 0; i <= CP_RAN_UNFINISHED; i++)
		if (cp_str_eq(outcome, cp_str_c(cp_ran_name((enum cp_ran)i))))
			s->ran = (enum cp_ran)i;
	for (int i = 0; i < CP_N_JUDGEMENTS; i++)
		if (cp_str_eq(verdict, cp_str_c(cp_judgement_name((enum cp_judgement)i))))
			s->judgement = (enum cp_judgement)i;
	return r ? CP_ENOMEM : 0;
}

static int get_lists(struct cp_arena *a, const struct cp_json *v, struct cp_built *b)
{
	const struct cp_json *steps = cp_json_get(v, "steps"), *imports = cp_json_get(v, "imports");
	size_t n = cp_json_kind(steps) == CP_JSON_ARRAY ? cp_json_len(steps) : 0,
	       n_imports = cp_json_kind(imports) == CP_JSON_ARRAY ? cp_json_len(imports) : 0;
	int r = 0;

	n = n < CP_MAX_LOG_VERTEXES ? n : CP_MAX_LOG_VERTEXES;
	b->steps = cp_arena_array(a, n, sizeof(*b->steps));
	b->imports = cp_arena_array(a, n_imports, sizeof(*b->imports));
	if (!b->steps || !b->imports)
		return CP_ENOMEM;
	for (size_t i = 0; i < n; i++)
		r |= get_step(a, cp_json_at(steps, i), &b->steps[b->n_steps++]);
	for (size_t i = 0; i < n_imports; i++) {
		struct cp_str s = cp_arena_str(a, cp_json_text(cp_json_at(imports, i)));

		r |= s.p ? 0 : CP_ENOMEM;
		b->imports[b->n_imports++] = s;
	}
	return r ? CP_ENOMEM : 0;
}

int cp_built_read(struct cp_arena *a, struct cp_str line, struct cp_built *ret_built,
		  struct cp_err *err)
{
	cp_auto_json struct cp_json_doc *doc = NULL;
	const struct cp_json *v;
	struct cp_built b = {.n_steps = 0};
	int r;

	if (line.n > CP_MAX_BUILD_BYTES)
		return cp_err_set(err, CP_EINVAL, "a line of over %u bytes", CP_MAX_BUILD_BYTES);
	r = cp_json_parse(line, CP_S("build"), &doc, err);
	if (r < 0)
		return r;
	v = cp_json_root(doc);
	if (!cp_str_eq(cp_json_text(cp_json_get(v, "schema")), CP_S("cachepredict/build/1")))
		return cp_err_set(err, CP_EINVAL, "it is no cachepredict/build/1");
	r = 0;
	r |= get_text(a, v, "project", &b.project);
	r |= get_text(a, v, "commit", &b.commit);
	r |= get_text(a, v, "kind", &b.kind);
	r |= get_text(a, v, "digest", &b.digest);
	r |= get_text(a, v, "ref", &b.ref);
	b.time = get_count(v, "time");
	b.ms = get_number(v, "ms");
	b.export_ms = get_number(v, "export_ms");
	b.import_ms = get_count(v, "import_ms");
	b.loaded_bytes = (uint64_t)get_count(v, "loaded_bytes");
	b.loaded_ms = get_count(v, "loaded_ms");
	b.n_total = (size_t)get_count(v, "total_steps");
	b.n_cached = (size_t)get_count(v, "cached_steps");
	b.failed = cp_json_is_true(cp_json_get(v, "failed"));
	b.whole = cp_json_is_true(cp_json_get(v, "whole"));
	if (r || get_lists(a, v, &b) < 0)
		return cp_err_nomem(err);
	if (!b.project.n)
		return cp_err_set(err, CP_EINVAL, "the build has no project");
	*ret_built = b;
	return 0;
}

/*
 * What project/ reads in compose files and in what bake prints: the C side of ./project. An input
 * is made of parts: "compose" or "bake", how many of the files are the project's own, the
 * environment as NAME=VALUE with a NUL behind each, then the names and texts of all files.
 */
#include "cdriver_int.h"
#include "project/project.h"

#define MAX_FILES 64

struct input {
	struct cp_str kind, environment;
	struct cp_compose_file files[MAX_FILES];
	size_t n_own, n_files;
};

static bool take_input(struct cp_str in, struct input *ret)
{
	struct cp_str own;

	*ret = (struct input){0};
	if (!cdriver_take(&in, &ret->kind) || !cdriver_take(&in, &own) ||
	    !cdriver_take(&in, &ret->environment))
		return false;
	ret->n_own = own.n ? (size_t)(own.p[0] - '0') : 0;
	while (ret->n_files < MAX_FILES && cdriver_take(&in, &ret->files[ret->n_files].name) &&
	       cdriver_take(&in, &ret->files[ret->n_files].text))
		ret->n_files++;
	return ret->n_own <= ret->n_files;
}

static int read_file(void *self, struct cp_str path, struct cp_buf *out, struct cp_err *err)
{
	const struct input *in = self;

	for (size_t i = 0; i < in->n_files; i++) {
		if (cp_str_eq(in->files[i].name, path)) {
			cp_buf_adds(out, in->files[i].text);
			return 0;
		}
	}
	return cp_err_set(err, CP_ENOTFOUND, "no file %.*s", CP_STR(path));
}

static const char *get_variable(const void *self, const char *name)
{
	const struct input *in = self;
	struct cp_str rest = in->environment, one;

	while (cp_str_split(&rest, '\0', &one)) {
		size_t at = cp_str_find(one, '=', 0);

		if (at < one.n && cp_str_eq(cp_str_sub(one, 0, at), cp_str_c(name)))
			return one.p + at + 1;
	}
	return NULL;
}

static void settings(struct cp_buf *b, const char *key, const struct cp_setting *items, size_t n)
{
	cdriver_key(b, key);
	cp_buf_addc(b, '[');
	for (size_t i = 0; i < n; i++) {
		cp_buf_addz(b, i ? ",[" : "[");
		cdriver_str(b, items[i].key);
		if (items[i].has_value) {
			cp_buf_addc(b, ',');
			cdriver_str(b, items[i].value);
		}
		cp_buf_addc(b, ']');
	}
	cp_buf_addc(b, ']');
}

static void image(struct cp_buf *b, const struct cp_image_request *q)
{
	cp_buf_addc(b, '{');
	cdriver_kstr(b, "name", q->name);
	cdriver_kstr(b, "context", q->context);
	cdriver_kstr(b, "dockerfile", q->dockerfile);
	if (q->dockerfile_inline.p)
		cdriver_kstr(b, "inline", q->dockerfile_inline);
	cdriver_kstr(b, "target", q->target);
	cdriver_kstr(b, "network", q->network);
	cdriver_kstr(b, "shm_size", q->shm_size);
	cdriver_kint(b, "no_cache", q->no_cache);
	cdriver_kint(b, "pull", q->pull);
	settings(b, "args", q->build_args, q->n_build_args);
	settings(b, "contexts", q->contexts, q->n_contexts);
	settings(b, "labels", q->labels, q->n_labels);
	settings(b, "secrets", q->secrets, q->n_secrets);
	cdriver_kstrs(b, "platforms", q->platforms, q->n_platforms);
	cdriver_kstrs(b, "cache_from", q->cache_from, q->n_cache_from);
	cdriver_kstrs(b, "cache_to", q->cache_to, q->n_cache_to);
	cdriver_kstrs(b, "tags", q->tags, q->n_tags);
	cdriver_kstrs(b, "no_cache_filter", q->no_cache_filter, q->n_no_cache_filter);
	cdriver_kstrs(b, "hosts", q->add_hosts, q->n_add_hosts);
	cdriver_kstrs(b, "ulimits", q->ulimits, q->n_ulimits);
	cdriver_kstrs(b, "ssh", q->ssh, q->n_ssh);
	cp_buf_addc(b, '}');
}

static void answer(struct cp_buf *b, struct cp_str text)
{
	struct cp_arena *a = cp_arena_new(CP_MAX_ARENA_BYTES);
	struct cp_image_requests list = {0};
	struct cp_err err = {0};
	struct input in;
	int r = CP_EINVAL;

	if (!a || !take_input(text, &in))
		exit(1);
	if (cp_str_eq(in.kind, CP_S("bake"))) {
		r = cp_bake_parse(a, in.files[0].text, in.files[0].name, CP_S("."), NULL, 0, &list,
				  &err);
	} else {
		struct cp_file_reader reader = {read_file, &in};
		struct cp_environment env = {get_variable, &in};

		r = cp_compose_parse(a, in.files, in.n_own, &reader, &env, NULL, 0, &list, &err);
	}
	if (r < 0) {
		cdriver_reject(b, r, &err);
		cp_arena_free(a);
		return;
	}
	cp_buf_addz(b, "{\"images\":[");
	for (size_t i = 0; i < list.n; i++) {
		if (i)
			cp_buf_addc(b, ',');
		image(b, &list.items[i]);
	}
	cp_buf_addz(b, "],\"notes\":[");
	for (size_t i = 0; i < list.n_notes; i++) {
		if (i)
			cp_buf_addc(b, ',');
		cdriver_str(b, list.notes[i]);
	}
	cp_buf_addz(b, "]}");
	cp_arena_free(a);
}

int main(void)
{
	return cdriver_run(answer);
}

/*
 * Our side of diffgraph: reads one request a line (a Dockerfile, options, image configs as JSON), prints one line with the
 * canonical dump of the graph. Built by `make`, or by hand from this file and the rooms base, dockerfile and graph.
 */
#include <stdio.h>
#include <stdlib.h>

#include "dockerfile/dockerfile.h"
#include "graph/graph.h"

struct request {
	struct cp_arena *a;
	struct cp_json_doc *doc;
	const struct cp_json *root;
	struct cp_build_options options;
	struct cp_image_resolver resolver;
};

static struct cp_str text(const struct request *q, const char *key)
{
	return cp_json_text(cp_json_get(q->root, key));
}

static struct cp_str *list(struct cp_arena *a, const struct cp_json *v, size_t *n)
{
	struct cp_str *out = cp_arena_array(a, cp_json_len(v), sizeof(*out));

	*n = cp_json_len(v);
	for (size_t i = 0; i < *n; i++)
		out[i] = cp_json_text(cp_json_at(v, i));
	return out;
}

static struct cp_option_pair *pairs(const struct request *q, const char *key, size_t *n)
{
	const struct cp_json *v = cp_json_get(q->root, key);
	struct cp_option_pair *out = cp_arena_array(q->a, cp_json_len(v), sizeof(*out));

	*n = cp_json_len(v);
	for (size_t i = 0; i < *n; i++) {
		out[i].key = cp_json_text(cp_json_at(cp_json_at(v, i), 0));
		out[i].value = cp_json_text(cp_json_at(cp_json_at(v, i), 1));
	}
	return out;
}

/* The configs of the request, by "REF OS/ARCH/VARIANT/VERSION". */
static int resolve(void *self, struct cp_str ref, const struct cp_platform *p,
		   const struct cp_image_config **ret_config, struct cp_err *err)
{
	struct request *q = self;
	struct cp_str key = cp_arena_printf(q->a, "%.*s %.*s/%.*s/%.*s/%.*s", CP_STR(ref), CP_STR(p->os), CP_STR(p->arch),
					    CP_STR(p->variant), CP_STR(p->os_version));
	const struct cp_json *v = cp_json_get(cp_json_get(q->root, "images"), key.p);
	struct cp_image_config *c = CP_NEW(q->a, struct cp_image_config);

	if (!v)
		return cp_err_set(err, CP_ENOTFOUND, "not asked by BuildKit: %s", key.p);
	c->digest = cp_json_text(cp_json_get(v, "digest"));
	c->env = list(q->a, cp_json_get(v, "env"), &c->n_env);
	c->working_dir = cp_json_text(cp_json_get(v, "workingDir"));
	c->user = cp_json_text(cp_json_get(v, "user"));
	c->shell = list(q->a, cp_json_get(v, "shell"), &c->n_shell);
	c->onbuild = list(q->a, cp_json_get(v, "onBuild"), &c->n_onbuild);
	c->no_layers = cp_json_is_true(cp_json_get(v, "noLayers"));
	*ret_config = c;
	return 0;
}

static int read_options(struct request *q, struct cp_err *err)
{
	struct cp_build_options *o = &q->options;
	const struct cp_json *v;
	int r = 0;

	o->target = text(q, "target");
	o->build_args = pairs(q, "buildArgs", &o->n_build_args);
	o->contexts = pairs(q, "contexts", &o->n_contexts);
	o->network = text(q, "network");
	o->hostname = text(q, "hostname");
	o->cgroup_parent = text(q, "cgroup");
	o->main_context = text(q, "mainContext");
	o->shm_size = cp_json_number(cp_json_get(q->root, "shmSize"), 0);
	o->no_cache = cp_json_is_true(cp_json_get(q->root, "noCache"));
	o->no_merge_op = cp_json_is_true(cp_json_get(q->root, "noMergeOp"));
	o->multi_platform = cp_json_is_true(cp_json_get(q->root, "multiPlatform"));
	o->no_cache_filter = list(q->a, cp_json_get(q->root, "noCacheFilter"), &o->n_no_cache_filter);
	v = cp_json_get(q->root, "hosts");
	o->n_add_hosts = cp_json_len(v);
	o->add_hosts = cp_arena_array(q->a, o->n_add_hosts, sizeof(*o->add_hosts));
	for (size_t i = 0; i < o->n_add_hosts; i++) {
		o->add_hosts[i].host = cp_json_text(cp_json_at(cp_json_at(v, i), 0));
		o->add_hosts[i].ip = cp_json_text(cp_json_at(cp_json_at(v, i), 1));
	}
	v = cp_json_get(q->root, "ulimits");
	o->n_ulimits = cp_json_len(v);
	o->ulimits = cp_arena_array(q->a, o->n_ulimits, sizeof(*o->ulimits));
	for (size_t i = 0; i < o->n_ulimits; i++) {
		o->ulimits[i].name = cp_json_text(cp_json_get(cp_json_at(v, i), "name"));
		o->ulimits[i].soft = cp_json_number(cp_json_get(cp_json_at(v, i), "soft"), 0);
		o->ulimits[i].hard = cp_json_number(cp_json_get(cp_json_at(v, i), "hard"), 0);
	}
	if (text(q, "platform").n)
		r = cp_platform_parse(q->a, text(q, "platform"), &o->platform, err);
	if (r >= 0 && text(q, "buildPlatform").n)
		r = cp_platform_parse(q->a, text(q, "buildPlatform"), &o->build_platform, err);
	q->resolver.resolve = resolve;
	q->resolver.self = q;
	o->resolver = &q->resolver;
	return r;
}

/* ---- the dump ---- */

static void put_list(struct cp_json_out *o, const char *key, const struct cp_str *items, size_t n)
{
	cp_json_key(o, key);
	cp_json_open(o, '[');
	for (size_t i = 0; i < n; i++)
		cp_json_str(o, items[i]);
	cp_json_close(o, ']');
}

static struct cp_str platform(struct cp_arena *a, const struct cp_platform *p)
{
	struct cp_str s = p->os;

	if (p->os_version.n || p->os_features.n)
		s = cp_arena_printf(a, "%.*s(%.*s%s%.*s)", CP_STR(s), CP_STR(p->os_version), p->os_features.n ? "+" : "",
				    CP_STR(p->os_features));
	if (p->arch.n)
		s = cp_arena_printf(a, "%.*s/%.*s", CP_STR(s), CP_STR(p->arch));
	if (p->variant.n)
		s = cp_arena_printf(a, "%.*s/%.*s", CP_STR(s), CP_STR(p->variant));
	return s;
}

static void put_source(struct cp_json_out *o, const struct cp_op_source *s)
{
	cp_json_key(o, "source");
	cp_json_open(o, '{');
	cp_json_kstr(o, "id", s->identifier);
	cp_json_kstr(o, "filename", s->http_filename);
	cp_json_kstr(o, "checksum", s->http_checksum);
	cp_json_kstr(o, "remote", s->git_remote);
	cp_json_kstr(o, "commit", s->git_checksum);
	cp_json_kstr(o, "mtime", s->git_mtime);
	cp_json_kbool(o, "keepGitDir", s->git_keep_dir);
	cp_json_kbool(o, "skipSubmodules", s->git_skip_submodules);
	cp_json_kbool(o, "fetchByCommit", s->git_fetch_by_commit);
	cp_json_close(o, '}');
}

static void put_mount(struct cp_json_out *o, const struct cp_op_mount *m)
{
	cp_json_open(o, '{');
	cp_json_kint(o, "input", m->input);
	cp_json_kstr(o, "selector", m->selector);
	cp_json_kstr(o, "dest", m->dest);
	cp_json_kint(o, "output", m->output);
	cp_json_kbool(o, "readonly", m->read_only);
	cp_json_kint(o, "type", m->type);
	cp_json_kint(o, "size", m->tmpfs_size);
	cp_json_kstr(o, "cacheID", m->cache_id);
	cp_json_kint(o, "sharing", m->cache_sharing);
	cp_json_kstr(o, "id", m->id);
	cp_json_kint(o, "uid", m->uid);
	cp_json_kint(o, "gid", m->gid);
	cp_json_kint(o, "mode", m->mode);
	cp_json_kbool(o, "optional", m->optional);
	cp_json_close(o, '}');
}

/* Lists of small records are compared as texts. */
static void put_texts(struct cp_arena *a, struct cp_json_out *o, const struct cp_op_exec *e)
{
	cp_json_key(o, "hosts");
	cp_json_open(o, '[');
	for (size_t i = 0; i < e->n_hosts; i++)
		cp_json_str(o, cp_arena_printf(a, "%.*s=%.*s", CP_STR(e->hosts[i].host), CP_STR(e->hosts[i].ip)));
	cp_json_close(o, ']');
	cp_json_key(o, "ulimits");
	cp_json_open(o, '[');
	for (size_t i = 0; i < e->n_ulimits; i++)
		cp_json_str(o, cp_arena_printf(a, "%.*s=%lld:%lld", CP_STR(e->ulimits[i].name),
					       (long long)e->ulimits[i].soft, (long long)e->ulimits[i].hard));
	cp_json_close(o, ']');
	cp_json_key(o, "secretEnv");
	cp_json_open(o, '[');
	for (size_t i = 0; i < e->n_secret_env; i++)
		cp_json_str(o, cp_arena_printf(a, "%.*s=%.*s optional=%s", CP_STR(e->secret_env[i].name),
					       CP_STR(e->secret_env[i].id), e->secret_env[i].optional ? "true" : "false"));
	cp_json_close(o, ']');
	cp_json_key(o, "devices");
	cp_json_open(o, '[');
	for (size_t i = 0; i < e->n_devices; i++)
		cp_json_str(o, cp_arena_printf(a, "%.*s optional=%s", CP_STR(e->devices[i].host),
					       e->devices[i].ip.n ? "true" : "false"));
	cp_json_close(o, ']');
}

static void put_exec(struct cp_arena *a, struct cp_json_out *o, const struct cp_op_exec *e)
{
	cp_json_key(o, "exec");
	cp_json_open(o, '{');
	put_list(o, "args", e->args, e->n_args);
	put_list(o, "env", e->env, e->n_env);
	cp_json_kstr(o, "cwd", e->cwd);
	cp_json_kstr(o, "user", e->user);
	cp_json_kstr(o, "hostname", e->hostname);
	cp_json_kstr(o, "cgroup", e->cgroup_parent);
	cp_json_kint(o, "network", e->network);
	cp_json_kint(o, "security", e->security);
	put_texts(a, o, e);
	cp_json_key(o, "mounts");
	cp_json_open(o, '[');
	for (size_t i = 0; i < e->n_mounts; i++)
		put_mount(o, &e->mounts[i]);
	cp_json_close(o, ']');
	cp_json_close(o, '}');
}

static struct cp_str user(struct cp_arena *a, const struct cp_op_user *u)
{
	if (u->kind == CP_USER_NAME)
		return cp_arena_printf(a, "name %.*s input %d", CP_STR(u->name), u->input);
	return u->kind == CP_USER_ID ? cp_arena_printf(a, "id %u", u->id) : CP_S("");
}

static void put_action(struct cp_arena *a, struct cp_json_out *o, const struct cp_action *c)
{
	static const char *const kinds[] = {"copy", "mkdir", "mkfile"};

	cp_json_open(o, '{');
	cp_json_kstr(o, "kind", cp_str_c(kinds[c->kind]));
	cp_json_kint(o, "input", c->input);
	cp_json_kint(o, "secondary", c->secondary_input);
	cp_json_kint(o, "output", c->output);
	cp_json_kstr(o, "src", c->src);
	cp_json_kstr(o, "dest", c->dest);
	cp_json_kstr(o, "data", c->data);
	cp_json_kstr(o, "user", user(a, &c->owner.user));
	cp_json_kstr(o, "group", user(a, &c->owner.group));
	cp_json_kint(o, "mode", c->mode);
	cp_json_kstr(o, "modeStr", c->mode_str);
	cp_json_kint(o, "time", c->timestamp);
	cp_json_kstr(o, "flags",
		     cp_arena_printf(a, "%s%s%s%s%s%s%s%s", c->follow_symlink ? "follow " : "",
				     c->dir_copy_contents ? "contents " : "", c->attempt_unpack ? "unpack " : "",
				     c->create_dest_path ? "create " : "", c->allow_wildcard ? "wildcard " : "",
				     c->allow_empty_wildcard ? "empty " : "", c->always_replace ? "replace " : "",
				     c->make_parents ? "parents " : ""));
	put_list(o, "includes", c->includes, c->n_includes);
	put_list(o, "excludes", c->excludes, c->n_excludes);
	put_list(o, "required", c->required, c->n_required);
	cp_json_close(o, '}');
}

static void put_op(struct cp_arena *a, struct cp_json_out *o, const struct cp_op *op)
{
	static const char *const kinds[] = {"source", "exec", "file", "merge"};

	cp_json_open(o, '{');
	cp_json_kstr(o, "kind", cp_str_c(kinds[op->kind]));
	cp_json_kstr(o, "name", op->name);
	cp_json_kbool(o, "ignoreCache", op->ignore_cache);
	cp_json_kstr(o, "platform", platform(a, &op->platform));
	cp_json_key(o, "inputs");
	cp_json_open(o, '[');
	for (size_t i = 0; i < op->n_inputs; i++)
		cp_json_int(o, (int64_t)op->inputs[i]->index);
	cp_json_close(o, ']');
	if (op->kind == CP_OP_SOURCE)
		put_source(o, &op->source);
	if (op->kind == CP_OP_EXEC)
		put_exec(a, o, &op->exec);
	cp_json_key(o, "actions");
	cp_json_open(o, '[');
	for (size_t i = 0; i < op->n_actions; i++)
		put_action(a, o, &op->actions[i]);
	cp_json_close(o, ']');
	cp_json_close(o, '}');
}

static void put_graph(struct cp_arena *a, struct cp_json_out *o, const struct cp_graph *g)
{
	cp_json_kint(o, "result", g->result ? (int64_t)g->result->index : -1);
	cp_json_key(o, "ops");
	cp_json_open(o, '[');
	for (size_t i = 0; i < g->n_ops; i++)
		put_op(a, o, g->ops[i]);
	cp_json_close(o, ']');
	cp_json_key(o, "steps");
	cp_json_open(o, '[');
	for (size_t i = 0; i < g->n_steps; i++) {
		cp_json_open(o, '{');
		cp_json_kstr(o, "name", g->steps[i].name);
		cp_json_kint(o, "op", (int64_t)g->steps[i].op->index);
		cp_json_close(o, '}');
	}
	cp_json_close(o, ']');
	cp_json_key(o, "layers");
	cp_json_open(o, '[');
	for (size_t i = 0; i < g->n_layers; i++)
		cp_json_str(o, cp_graph_layer_text(a, &g->layers[i]));
	cp_json_close(o, ']');
}

static int build(struct request *q, const struct cp_graph **ret_graph, struct cp_err *err)
{
	const struct cp_dockerfile *df;
	int r;

	r = read_options(q, err);
	if (r >= 0)
		r = cp_dockerfile_parse(q->a, text(q, "dockerfile"), CP_S("Dockerfile"), &df, err);
	return r < 0 ? r : cp_graph_build(q->a, df, CP_S("Dockerfile"), &q->options, ret_graph, err);
}

static void answer(struct cp_str line)
{
	cp_auto_arena struct cp_arena *a = cp_arena_new(CP_MAX_ARENA_BYTES);
	cp_auto_json struct cp_json_doc *doc = NULL;
	cp_auto_buf struct cp_buf buf = CP_BUF_INIT(CP_MAX_OUTPUT_BYTES);
	struct cp_json_out o = CP_JSON_OUT(&buf);
	struct request q = {.a = a};
	struct cp_err err = {0};
	const struct cp_graph *g;
	int r;

	r = cp_json_parse(line, CP_S("request"), &doc, &err);
	if (r >= 0) {
		q.doc = doc;
		q.root = cp_json_root(doc);
		r = build(&q, &g, &err);
	}
	cp_json_open(&o, '{');
	if (r < 0) {
		cp_json_kstr(&o, "error", cp_str_c(err.message));
		cp_json_kint(&o, "code", r);
		cp_json_kint(&o, "line", err.line);
	} else {
		put_graph(a, &o, g);
	}
	cp_json_close(&o, '}');
	cp_buf_addc(&buf, '\n');
	fwrite(buf.p, 1, buf.n, stdout);
	fflush(stdout);
}

int main(void)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	while ((n = getline(&line, &cap, stdin)) > 0)
		answer(cp_str_n(line, (size_t)n));
	free(line);
	return 0;
}

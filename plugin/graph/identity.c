/*
 * What makes two operations one: every field and every input. LLB compares digests of the protobuf
 * message; any encoding that is one to one does the same.
 */
#include <stdlib.h>

#include "graph/build_int.h"

/* Gathers small pieces: an environment of thousands of variables is hashed for every RUN. */
struct hasher {
	struct cp_sha256 h;
	size_t n;
	unsigned char bytes[2048];
};

static void flush(struct hasher *h)
{
	cp_sha256_add(&h->h, h->bytes, h->n);
	h->n = 0;
}

static void put_int(struct hasher *h, int64_t v)
{
	if (h->n + sizeof(v) > sizeof(h->bytes))
		flush(h);
	memcpy(h->bytes + h->n, &v, sizeof(v));
	h->n += sizeof(v);
}

static void put_str(struct hasher *h, struct cp_str s)
{
	put_int(h, (int64_t)s.n);
	if (h->n + s.n > sizeof(h->bytes))
		flush(h);
	if (s.n > sizeof(h->bytes)) {
		cp_sha256_adds(&h->h, s);
	} else if (s.n) {
		memcpy(h->bytes + h->n, s.p, s.n);
		h->n += s.n;
	}
}

static void put_list(struct hasher *h, const struct cp_str *items, size_t n)
{
	put_int(h, (int64_t)n);
	for (size_t i = 0; i < n; i++)
		put_str(h, items[i]);
}

static void put_platform(struct hasher *h, const struct cp_platform *p)
{
	put_str(h, p->os);
	put_str(h, p->arch);
	put_str(h, p->variant);
	put_str(h, p->os_version);
	put_str(h, p->os_features);
}

static void put_source(struct hasher *h, const struct cp_op_source *s)
{
	put_int(h, s->kind);
	put_str(h, s->identifier);
	put_str(h, s->http_filename);
	put_str(h, s->http_checksum);
	put_str(h, s->git_remote);
	put_str(h, s->git_checksum);
	put_str(h, s->git_mtime);
	put_int(h, s->git_keep_dir | s->git_skip_submodules << 1 | s->git_fetch_by_commit << 2);
}

static void put_user(struct hasher *h, const struct cp_op_user *u)
{
	put_int(h, u->kind);
	put_str(h, u->kind == CP_USER_NAME ? u->name : CP_S(""));
	put_int(h, u->kind == CP_USER_ID ? u->id : 0);
	put_int(h, u->kind == CP_USER_NAME ? u->input : 0);
}

static void put_action(struct hasher *h, const struct cp_action *c)
{
	put_int(h, c->kind);
	put_int(h, c->input);
	put_int(h, c->secondary_input);
	put_int(h, c->output);
	put_str(h, c->src);
	put_str(h, c->dest);
	put_str(h, c->data);
	put_user(h, &c->owner.user);
	put_user(h, &c->owner.group);
	put_int(h, c->mode);
	put_str(h, c->mode_str);
	put_int(h, c->timestamp);
	put_int(h, c->make_parents | c->follow_symlink << 1 | c->dir_copy_contents << 2 |
			   c->attempt_unpack << 3 | c->create_dest_path << 4 |
			   c->allow_wildcard << 5 | c->allow_empty_wildcard << 6 |
			   c->always_replace << 7);
	put_list(h, c->includes, c->n_includes);
	put_list(h, c->excludes, c->n_excludes);
	put_list(h, c->required, c->n_required);
}

static void put_mount(struct hasher *h, const struct cp_op_mount *m)
{
	put_int(h, m->input);
	put_str(h, m->selector);
	put_str(h, m->dest);
	put_int(h, m->output);
	put_int(h, m->type);
	put_int(h, m->tmpfs_size);
	put_str(h, m->cache_id);
	put_int(h, m->cache_sharing);
	put_str(h, m->id);
	put_int(h, m->uid);
	put_int(h, m->gid);
	put_int(h, m->mode);
	put_int(h, m->optional | m->read_only << 1);
}

static void put_exec(struct hasher *h, const struct cp_op_exec *e)
{
	put_list(h, e->args, e->n_args);
	put_list(h, e->env, e->n_env);
	put_str(h, e->cwd);
	put_str(h, e->user);
	put_int(h, e->network);
	put_int(h, e->security);
	put_int(h, (int64_t)e->n_mounts);
	for (size_t i = 0; i < e->n_mounts; i++)
		put_mount(h, &e->mounts[i]);
	put_int(h, (int64_t)e->n_secret_env);
	for (size_t i = 0; i < e->n_secret_env; i++) {
		put_str(h, e->secret_env[i].id);
		put_str(h, e->secret_env[i].name);
		put_int(h, e->secret_env[i].optional);
	}
	put_int(h, (int64_t)e->n_devices);
	for (size_t i = 0; i < e->n_devices; i++) {
		put_str(h, e->devices[i].host);
		put_str(h, e->devices[i].ip);
	}
	/* hostname, hosts, ulimits, cgroup parent: options, the same for every exec of a build */
}

static int by_text(const void *x, const void *y)
{
	return cp_str_cmp(*(const struct cp_str *)x, *(const struct cp_str *)y);
}

/* normalizeContextPaths: a sorted set, or nothing when "/" is in it. */
static int put_paths(struct graph_builder *b, struct hasher *h, const struct graph_paths *paths)
{
	struct cp_str *sorted;
	size_t n = 0;

	if (!paths || paths->all) {
		put_int(h, 0);
		return 0;
	}
	sorted = cp_arena_array(b->a, paths->n, sizeof(*sorted));
	if (!sorted)
		return cp_err_nomem(b->err);
	if (paths->n)
		memcpy(sorted, paths->items, paths->n * sizeof(*sorted));
	qsort(sorted, paths->n, sizeof(*sorted), by_text);
	for (size_t i = 0; i < paths->n; i++)
		if (i == 0 || !cp_str_eq(sorted[i], sorted[i - 1]))
			sorted[n++] = sorted[i];
	put_list(h, sorted, n);
	return 0;
}

int graph_identity(struct graph_builder *b, const struct graph_vertex *v, struct cp_digest *ret_id)
{
	const struct cp_op *op = v->op;
	struct hasher h;
	int r = 0;

	cp_sha256_init(&h.h);
	h.n = 0;
	put_int(&h, op->kind);
	put_int(&h, (int64_t)op->n_inputs);
	for (size_t i = 0; i < op->n_inputs; i++)
		put_int(&h, (int64_t)op->inputs[i]->index);
	put_str(&h, op->assumes_config_of);
	put_int(&h, op->assumes);
	switch (op->kind) {
	case CP_OP_SOURCE:
		put_source(&h, &op->source);
		put_platform(&h, &v->platform);
		r = put_paths(b, &h, v->paths);
		break;
	case CP_OP_EXEC:
		put_exec(&h, &op->exec);
		put_platform(&h, &v->platform);
		break;
	case CP_OP_FILE:
		put_int(&h, (int64_t)op->n_actions);
		for (size_t i = 0; i < op->n_actions; i++)
			put_action(&h, &op->actions[i]);
		break;
	case CP_OP_MERGE:
		break;
	}
	flush(&h);
	*ret_id = cp_sha256_end(&h.h);
	return r;
}

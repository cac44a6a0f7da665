/* RUN: solver/llbsolver/ops/exec.go CacheMap and getMountDeps; section 2.2. */
#include "keys/keys_int.h"

enum { MOUNT_BIND, MOUNT_SECRET, MOUNT_SSH, MOUNT_CACHE, MOUNT_TMPFS };

static void put_hosts(struct cp_json_out *o, const struct cp_op_exec *e)
{
	if (!e->n_hosts)
		return;
	cp_json_key(o, "extraHosts");
	cp_json_open(o, '[');
	for (size_t i = 0; i < e->n_hosts; i++) {
		cp_json_open(o, '{'); /* the address is blanked */
		keys_omitempty_str(o, "Host", e->hosts[i].host);
		cp_json_close(o, '}');
	}
	cp_json_close(o, ']');
}

static void put_ulimits(struct cp_json_out *o, const struct cp_op_exec *e)
{
	if (!e->n_ulimits)
		return;
	cp_json_key(o, "ulimit");
	cp_json_open(o, '[');
	for (size_t i = 0; i < e->n_ulimits; i++) {
		cp_json_open(o, '{');
		keys_omitempty_str(o, "Name", e->ulimits[i].name);
		keys_omitempty_int(o, "Soft", e->ulimits[i].soft);
		keys_omitempty_int(o, "Hard", e->ulimits[i].hard);
		cp_json_close(o, '}');
	}
	cp_json_close(o, ']');
}

static void put_meta(struct cp_json_out *o, const struct cp_op_exec *e)
{
	cp_json_key(o, "meta");
	cp_json_open(o, '{');
	keys_omitempty_list(o, "args", e->args, e->n_args);
	keys_omitempty_list(o, "env", e->env, e->n_env);
	keys_omitempty_str(o, "cwd", e->cwd);
	keys_omitempty_str(o, "user", e->user);
	put_hosts(o, e);
	keys_omitempty_str(o, "hostname", e->hostname);
	put_ulimits(o, e);
	keys_omitempty_str(o, "cgroupParent", e->cgroup_parent);
	cp_json_kbool(o, "removeMountStubsRecursive", true);
	cp_json_close(o, '}');
}

/*
 * checkShouldClearCacheOpts: only the default id of a shared cache stays in the key: the id is the mount's own path,
 * with or without a namespace before its first slash.
 */
static bool keeps_cache_options(const struct cp_op_mount *m)
{
	size_t slash = cp_str_find(m->cache_id, '/', 0);

	if (m->cache_sharing != 0)
		return false;
	if (cp_str_eq(m->cache_id, m->dest))
		return true;
	return slash < m->cache_id.n && cp_str_eq(cp_str_from(m->cache_id, slash + 1), m->dest);
}

static void put_secret(struct cp_json_out *o, const char *key, const struct cp_op_mount *m)
{
	cp_json_key(o, key);
	cp_json_open(o, '{');
	keys_omitempty_str(o, "ID", m->id);
	keys_omitempty_int(o, "uid", m->uid);
	keys_omitempty_int(o, "gid", m->gid);
	keys_omitempty_int(o, "mode", m->mode);
	keys_omitempty_true(o, "optional", m->optional);
	cp_json_close(o, '}');
}

static void put_mount(struct cp_json_out *o, uint64_t rules, const struct cp_op_mount *m)
{
	cp_json_open(o, '{');
	keys_index(o, rules, "input", m->input);
	keys_omitempty_str(o, "dest", m->dest);
	keys_index(o, rules, "output", m->output);
	keys_omitempty_true(o, "readonly", m->read_only);
	keys_omitempty_int(o, "mountType", m->type);
	if (m->type == MOUNT_TMPFS) {
		cp_json_key(o, "TmpfsOpt");
		cp_json_open(o, '{');
		keys_omitempty_int(o, "size", m->tmpfs_size);
		cp_json_close(o, '}');
	}
	if (m->type == MOUNT_CACHE) {
		bool keep = keeps_cache_options(m);

		cp_json_key(o, "cacheOpt");
		cp_json_open(o, '{');
		if (keep)
			keys_omitempty_str(o, "ID", m->cache_id);
		cp_json_close(o, '}');
	}
	if (m->type == MOUNT_SECRET)
		put_secret(o, "secretOpt", m);
	if (m->type == MOUNT_SSH)
		put_secret(o, "SSHOpt", m);
	cp_json_close(o, '}');
}

static bool only_root_mount(const struct cp_op_exec *e)
{
	return e->n_mounts == 1 && cp_str_eq(e->mounts[0].dest, CP_S("/")) &&
	       !e->mounts[0].read_only && e->mounts[0].type == MOUNT_BIND;
}

static void put_mounts(struct cp_json_out *o, uint64_t rules, const struct cp_op_exec *e)
{
	if (e->n_mounts == 0 || only_root_mount(e))
		return;
	cp_json_key(o, "mounts");
	cp_json_open(o, '[');
	for (size_t i = 0; i < e->n_mounts; i++)
		put_mount(o, rules, &e->mounts[i]);
	cp_json_close(o, ']');
}

static void put_secret_env(struct cp_json_out *o, const struct cp_op_exec *e)
{
	if (!e->n_secret_env)
		return;
	cp_json_key(o, "secretenv");
	cp_json_open(o, '[');
	for (size_t i = 0; i < e->n_secret_env; i++) {
		cp_json_open(o, '{');
		keys_omitempty_str(o, "ID", e->secret_env[i].id);
		keys_omitempty_str(o, "name", e->secret_env[i].name);
		keys_omitempty_true(o, "optional", e->secret_env[i].optional);
		cp_json_close(o, '}');
	}
	cp_json_close(o, ']');
}

static void put_devices(struct cp_json_out *o, const struct cp_op_exec *e)
{
	if (!e->n_devices)
		return;
	cp_json_key(o, "cdiDevices");
	cp_json_open(o, '[');
	for (size_t i = 0; i < e->n_devices; i++) {
		cp_json_open(o, '{');
		keys_omitempty_str(o, "name", e->devices[i].host);
		keys_omitempty_true(o, "optional", e->devices[i].ip.n > 0);
		cp_json_close(o, '}');
	}
	cp_json_close(o, ']');
}

/* toSelectors(dedupePaths(...)): the whole file system as soon as "/" is among them. */
static int content_selectors(struct cp_arena *a, const struct cp_str *paths, size_t n,
			     struct cp_key_input *in)
{
	struct cp_str *unique;
	size_t n_unique;
	int r = keys_dedupe_paths(a, paths, n, &unique, &n_unique);

	if (r < 0)
		return r;
	in->sels = cp_arena_array(a, n_unique + 1, sizeof(*in->sels));
	if (!in->sels)
		return CP_ENOMEM;
	in->by_content = true;
	for (size_t i = 0; i < n_unique; i++) {
		if (cp_str_eq(unique[i], CP_S("/"))) {
			in->n_sels = 0;
			break;
		}
		in->sels[in->n_sels++] =
			(struct cp_selector){.path = unique[i], .follow_links = true};
	}
	if (in->n_sels == 0)
		in->sels[in->n_sels++] = (struct cp_selector){.path = CP_S("/")};
	return 0;
}

/* Before v0.15 whatever had a number selected it, and frontends of that time gave secrets the number 0. */
static bool reads_input(const struct cp_op_mount *m, uint64_t rules, size_t input)
{
	return m->input == (long)input && (m->type == MOUNT_BIND || m->type == MOUNT_CACHE ||
					   (rules & CP_RULE_SECRETS_ARE_READ));
}

/* One input: its mounts' selectors, and content when the last mount that uses it allows that. */
static int input_key(struct cp_arena *a, uint64_t rules, const struct cp_op_exec *e, size_t input,
		     struct cp_key_input *in)
{
	CP_VEC(struct cp_str) paths = {0};
	bool by_content = false;

	for (size_t i = 0; i < e->n_mounts; i++) {
		const struct cp_op_mount *m = &e->mounts[i];
		struct cp_str path;

		if (!reads_input(m, rules, input))
			continue;
		path = cp_path_join(a, CP_S("/"), m->selector);
		if (!path.p || cp_vec_push(a, &paths, path) < 0)
			return CP_ENOMEM;
		by_content = (m->output == -1 || m->read_only || cp_str_eq(path, CP_S("/"))) &&
			     !cp_str_eq(m->dest, CP_S("/"));
	}
	if (paths.n == 0)
		return 0;
	in->has_selector = true;
	in->selector = keys_join_digest(paths.items, paths.n);
	return by_content ? content_selectors(a, paths.items, paths.n, in) : 0;
}

/* How \b and \f are written depends on the Go that the daemon was built with. */
static void check_escapes(const struct cp_op_exec *e, struct cp_op_key *key)
{
	for (size_t i = 0; i < e->n_args + e->n_env; i++) {
		struct cp_str s = i < e->n_args ? e->args[i] : e->env[i - e->n_args];

		if (cp_str_find(s, '\b', 0) < s.n || cp_str_find(s, '\f', 0) < s.n)
			key->inexact =
				CP_S("control characters, which this daemon may write in two ways");
	}
}

int keys_exec(struct cp_arena *a, uint64_t rules, const struct cp_op *op, struct cp_op_key *key,
	      struct cp_buf *out)
{
	const struct cp_op_exec *e = &op->exec;
	struct cp_json_out o = CP_JSON_OUT(out);

	cp_json_open(&o, '{');
	cp_json_kstr(&o, "Type", CP_S("buildkit.exec.v0"));
	cp_json_key(&o, "Exec");
	cp_json_open(&o, '{');
	put_meta(&o, e);
	put_mounts(&o, rules, e);
	keys_omitempty_int(&o, "network", e->network);
	keys_omitempty_int(&o, "security", e->security);
	put_secret_env(&o, e);
	put_devices(&o, e);
	cp_json_close(&o, '}');
	cp_json_kstr(&o, "OS", op->platform.os);
	cp_json_kstr(&o, "Arch", op->platform.arch);
	keys_omitempty_str(&o, "Variant", op->platform.variant);
	keys_omitempty_str(&o, "OSVersion", op->platform.os_version);
	cp_json_close(&o, '}');
	if (rules & CP_RULE_LONG_ESCAPES)
		check_escapes(e, key);
	for (size_t i = 0; i < op->n_inputs; i++) {
		int r = input_key(a, rules, e, i, &key->inputs[i]);

		if (r < 0)
			return r;
	}
	return cp_buf_error(out);
}

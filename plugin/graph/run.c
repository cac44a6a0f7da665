/* RUN (dockerfile2llb/convert.go dispatchRun, client/llb/exec.go). */
#include <stdlib.h>

#include "graph/paths_int.h"
#include "graph/platform_int.h"

#define PIPES "/dev/pipes/"

struct running {
	struct graph_dispatch *d;
	struct graph_command *cmd;
	const struct cp_command *c;
	struct cp_str text; /* what the step is called, before expansion */
	struct cp_str line; /* of the shell form */
	struct graph_exec exec;
};

/* parser.MustParseHeredoc: the whole command line is one heredoc word. */
static int is_heredoc_word(struct graph_builder *b, struct cp_str s, bool *ret)
{
	static const struct graph_env none;
	struct graph_lookup lookup = {.env = &none};
	struct cp_lexer lexer = {.escape = '\\', .skip_unset = true};
	struct cp_env_lookup env;
	struct cp_err ignored = {0};
	struct cp_str *words;
	size_t n = 0, n_words;
	int r;

	*ret = false;
	while (n < s.n && s.p[n] >= '0' && s.p[n] <= '9')
		n++;
	s = cp_str_from(s, n);
	if (!cp_str_starts(s, CP_S("<<")))
		return 0;
	s = cp_str_from(s, 2);
	if (cp_str_starts(s, CP_S("-")))
		s = cp_str_from(s, 1);
	s = cp_str_trim_left(s, "\t\n\f\r ");
	if (s.n == 0 || cp_str_find(s, '<', 0) < s.n)
		return 0;
	graph_lookup_init(&env, &lookup);
	r = cp_expand_words(b->a, &lexer, s, &env, &words, &n_words, &ignored);
	if (r < 0 && r != CP_EINVAL)
		return cp_err_set(b->err, r, "%s", ignored.message);
	*ret = r >= 0 && n_words == 1;
	return 0;
}

/* A script with a "#!" line becomes a file that is mounted and run. */
static int mount_script(struct graph_builder *b, struct running *run, struct cp_str body)
{
	struct cp_op_mount mount = {
		.output = -1, .dest = CP_S(PIPES), .selector = CP_S("/"), .read_only = true};
	struct cp_str name = run->c->heredocs[0].name;
	struct graph_vertex *v;
	int r;

	r = graph_vertex_mkfile(b, name, 0755, body, &v);
	if (r < 0)
		return r;
	run->line = cp_path_join(b->a, CP_S(PIPES), name);
	return run->line.p ? graph_exec_mount(b, &run->exec, mount, v) : cp_err_nomem(b->err);
}

static int single_heredoc(struct graph_builder *b, struct running *run)
{
	const struct cp_heredoc *h = &run->c->heredocs[0];
	struct cp_str body = h->content, summary;
	int r = 0;

	if (h->chomp)
		body = cp_heredoc_chomp(b->a, body);
	if (!body.p && h->content.n)
		return cp_err_nomem(b->err);
	if (!graph_is_windows(run->d->image.os) &&
	    cp_str_starts(graph_rule(b, CP_RULE_SHEBANG_NOT_CHOMPED) ? h->content : body,
			  CP_S("#!")))
		r = mount_script(b, run, body);
	else
		run->line = body;
	if (r >= 0)
		r = graph_name_summary(b, h->content, &summary);
	if (r < 0)
		return r;
	run->text = GRAPH_CAT(b->a, run->text, CP_S(" ("), summary, CP_S(")"));
	return run->text.p ? 0 : cp_err_nomem(b->err);
}

/* The heredocs are put back behind the line, for the shell to read. */
static int several_heredocs(struct graph_builder *b, struct running *run)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_DOCKERFILE_BYTES);

	cp_buf_adds(&text, run->line);
	for (size_t i = 0; i < run->c->n_heredocs; i++) {
		cp_buf_addc(&text, '\n');
		cp_buf_adds(&text, run->c->heredocs[i].content);
		cp_buf_adds(&text, run->c->heredocs[i].name);
	}
	if (cp_buf_error(&text) < 0)
		return cp_err_set(b->err, cp_buf_error(&text),
				  "the heredocs of a RUN are too large");
	run->line = cp_arena_str(b->a, cp_buf_str(&text));
	return run->line.p ? 0 : cp_err_nomem(b->err);
}

static int read_line(struct graph_builder *b, struct running *run)
{
	const struct cp_command *c = run->c;
	bool single;
	int r;

	run->text = c->code;
	run->line = c->n_words ? c->words[0] : CP_S("");
	if (c->n_heredocs == 0)
		return 0;
	if (c->n_words != 1 || !c->prepend_shell)
		return graph_invalid(b, "parsing produced an invalid run command");
	r = is_heredoc_word(b, run->line, &single);
	if (r < 0)
		return r;
	return single ? single_heredoc(b, run) : several_heredocs(b, run);
}

/* withShell */
static int set_args(struct graph_builder *b, struct running *run, struct cp_op_exec *exec)
{
	static const struct cp_str unix_shell[] = {CP_S_INIT("/bin/sh"), CP_S_INIT("-c")};
	static const struct cp_str windows_shell[] = {CP_S_INIT("cmd"), CP_S_INIT("/S"),
						      CP_S_INIT("/C")};
	const struct graph_image *image = &run->d->image;
	const struct cp_str *shell = unix_shell;
	size_t n = CP_LEN(unix_shell);

	if (!run->c->prepend_shell) {
		exec->args = run->c->words;
		exec->n_args = run->c->n_words;
		return exec->n_args ? 0 : graph_invalid(b, "arguments are required");
	}
	if (image->n_shell) {
		shell = image->shell;
		n = image->n_shell;
	} else if (graph_is_windows(image->os)) {
		shell = windows_shell;
		n = CP_LEN(windows_shell);
	}
	exec->args = cp_arena_array(b->a, n + 1, sizeof(*exec->args));
	if (!exec->args)
		return cp_err_nomem(b->err);
	memcpy(exec->args, shell, n * sizeof(*shell));
	exec->args[n] = run->line;
	exec->n_args = n + 1;
	return 0;
}

/* Which variables are (made of) what an unknown config says; SSH_AUTH_SOCK, if added, is not. */
static int set_assumed(struct graph_builder *b, const struct graph_env *env,
		       struct cp_op_exec *exec)
{
	size_t n = 0;
	bool any = false;

	for (size_t i = 0; i < env->n; i++)
		any = any || (env->vars[i].live && env->vars[i].assumes.n);
	if (!any)
		return 0;
	exec->env_assumed = cp_arena_array(b->a, exec->n_env + 1, sizeof(*exec->env_assumed));
	if (!exec->env_assumed)
		return cp_err_nomem(b->err);
	for (size_t i = 0; i < env->n; i++)
		if (env->vars[i].live)
			exec->env_assumed[n++] = env->vars[i].assumes.n > 0;
	return 0;
}

/* env of the state; SSH_AUTH_SOCK is added at the end. */
static int set_env(struct graph_builder *b, struct running *run, struct cp_op_exec *exec)
{
	const struct graph_exec *e = &run->exec;
	struct cp_str *list;

	if (graph_env_list(b->a, &run->d->env, &exec->env, &exec->n_env) < 0)
		return cp_err_nomem(b->err);
	if (set_assumed(b, &run->d->env, exec) < 0)
		return CP_ENOMEM;
	if (e->n_sshs == 0 || graph_env_get(&run->d->env, CP_S("SSH_AUTH_SOCK")))
		return 0;
	list = cp_arena_array(b->a, exec->n_env + 1, sizeof(*list));
	if (!list)
		return cp_err_nomem(b->err);
	if (exec->n_env)
		memcpy(list, exec->env, exec->n_env * sizeof(*list));
	list[exec->n_env] = GRAPH_CAT(b->a, CP_S("SSH_AUTH_SOCK="), e->sshs[0].dest);
	if (!list[exec->n_env++].p)
		return cp_err_nomem(b->err);
	exec->env = list;
	return 0;
}

/*
 * The --device values of a RUN (instructions/commands_rundevice.go ParseDevice, checked by the
 * parser).
 */
static int read_device(struct graph_builder *b, struct cp_str text, struct cp_host *ret_device)
{
	struct cp_str name = CP_S(""), *fields;
	bool required = false;
	size_t n;
	int r;

	r = graph_csv_fields(b, text, &fields, &n);
	if (r < 0)
		return cp_err_wrap(b->err, "failed to parse csv devices");
	for (size_t i = 0; i < n; i++) {
		size_t eq = cp_str_find(fields[i], '=', 0);
		struct cp_str key = cp_str_sub(fields[i], 0, eq),
			      value = cp_str_from(fields[i], eq + 1);
		bool has_value = eq < fields[i].n;

		if (cp_str_eq_nocase(key, CP_S("required"))) {
			r = has_value ? graph_parse_bool(value) : 1;
			if (r < 0)
				return graph_invalid(b, "invalid value for required: %.*s",
						     CP_STR(value));
			required = r;
		} else if (has_value && cp_str_eq_nocase(key, CP_S("name"))) {
			if (name.n)
				return graph_invalid(b, "device name already set to %.*s",
						     CP_STR(name));
			name = value;
		} else if (name.n == 0) {
			name = fields[i];
		} else if (!has_value) {
			return graph_invalid(b, "invalid field '%.*s' must be a key=value pair",
					     CP_STR(fields[i]));
		} else {
			return graph_invalid(b, "unexpected key '%.*s' in '%.*s'", CP_STR(key),
					     CP_STR(fields[i]));
		}
	}
	*ret_device = (struct cp_host){name, required ? CP_S("") : CP_S("optional")};
	return 0;
}

static int set_devices(struct graph_builder *b, const struct cp_command *c, struct cp_op_exec *exec)
{
	int r = 0;

	exec->n_devices = c->n_devices;
	exec->devices = cp_arena_array(b->a, c->n_devices, sizeof(*exec->devices));
	if (!exec->devices)
		return cp_err_nomem(b->err);
	for (size_t i = 0; r >= 0 && i < c->n_devices; i++)
		r = read_device(b, c->devices[i], &exec->devices[i]);
	return r;
}

static int set_modes(struct graph_builder *b, const struct cp_command *c, struct cp_op_exec *exec)
{
	exec->network = b->network;
	if (cp_str_eq(c->network, CP_S("none")))
		exec->network = 2;
	else if (cp_str_eq(c->network, CP_S("host")))
		exec->network = 1;
	else if (c->network.n && !cp_str_eq(c->network, CP_S("default")))
		return graph_invalid(b, "unsupported network mode \"%.*s\"", CP_STR(c->network));
	if (cp_str_eq(c->security, CP_S("insecure")))
		exec->security = 1;
	else if (c->security.n && !cp_str_eq(c->security, CP_S("sandbox")))
		return graph_invalid(b, "unsupported security mode \"%.*s\"", CP_STR(c->security));
	return 0;
}

/* ---- mounts in the order of the operation ---- */

struct sorted_mount {
	struct cp_op_mount mount;
	struct graph_vertex *source;
	size_t at;
};

static int by_dest(const void *px, const void *py)
{
	const struct sorted_mount *x = px, *y = py;
	int r = cp_str_cmp(x->mount.dest, y->mount.dest);

	return r ? r : (x->at > y->at) - (x->at < y->at);
}

/* The root and all file systems sorted by destination, then secrets, then agents. */
static int set_mounts(struct graph_builder *b, struct running *run, struct graph_vertex *v)
{
	struct graph_exec *e = &run->exec;
	size_t n = e->n, total = e->n + e->n_secrets + e->n_sshs;
	struct sorted_mount *sorted = cp_arena_array(b->a, n, sizeof(*sorted));
	struct cp_op_mount *mounts = cp_arena_array(b->a, total, sizeof(*mounts));
	struct graph_vertex **sources = cp_arena_array(b->a, total, sizeof(*sources));

	if (!sorted || !mounts || !sources)
		return cp_err_nomem(b->err);
	for (size_t i = 0; i < n; i++)
		sorted[i] = (struct sorted_mount){e->mounts[i], e->sources[i], i};
	qsort(sorted, n, sizeof(*sorted), by_dest);
	for (size_t i = 0; i < n; i++) {
		mounts[i] = sorted[i].mount;
		sources[i] = sorted[i].source;
	}
	for (size_t i = 0; i < e->n_secrets; i++)
		mounts[n++] = e->secrets[i];
	for (size_t i = 0; i < e->n_sshs; i++)
		mounts[n++] = e->sshs[i];
	v->op->exec.mounts = mounts;
	v->op->exec.n_mounts = n;
	v->op->exec.secret_env = e->secret_env;
	v->op->exec.n_secret_env = e->n_secret_env;
	v->sources = sources;
	v->n_sources = n;
	return 0;
}

static int shm_mount(struct graph_builder *b, struct graph_exec *e)
{
	struct cp_op_mount mount = {
		.output = -1, .dest = CP_S("/dev/shm"), .type = 4, .tmpfs_size = b->opt->shm_size};

	return b->opt->shm_size > 0 ? graph_exec_mount(b, e, mount, NULL) : 0;
}

/* The image whose unknown config decides about this exec, if there is one. */
static struct cp_str assumed_config(const struct running *run)
{
	const struct graph_dispatch *d = run->d;

	if (d->assumes.env.n)
		return d->assumes.env;
	if (d->assumes.cwd.n)
		return d->assumes.cwd;
	if (d->assumes.user.n)
		return d->assumes.user;
	if (run->c->prepend_shell && d->assumes.shell.n)
		return d->assumes.shell;
	for (size_t i = 0; i < d->env.n; i++)
		if (d->env.vars[i].live && d->env.vars[i].assumes.n)
			return d->env.vars[i].assumes;
	return CP_S("");
}

/* Which of its fields are that config's. */
static unsigned assumed_fields(const struct running *run)
{
	const struct graph_dispatch *d = run->d;
	unsigned fields = 0;

	if (d->assumes.cwd.n)
		fields |= CP_ASSUMES_CWD;
	if (d->assumes.user.n)
		fields |= CP_ASSUMES_USER;
	if (run->c->prepend_shell && d->assumes.shell.n)
		fields |= CP_ASSUMES_SHELL;
	return fields;
}

static int fill(struct graph_builder *b, struct running *run, struct graph_vertex *v)
{
	struct graph_dispatch *d = run->d;
	struct cp_op *op = v->op;
	int r;

	r = set_args(b, run, &op->exec);
	if (r >= 0)
		r = set_env(b, run, &op->exec);
	if (r >= 0)
		r = set_devices(b, run->c, &op->exec);
	if (r >= 0)
		r = set_modes(b, run->c, &op->exec);
	if (r >= 0)
		r = set_mounts(b, run, v);
	if (r < 0)
		return r;
	op->exec.cwd = d->cwd;
	op->exec.user = d->user;
	op->exec.hostname = b->hostname;
	op->exec.cgroup_parent = b->opt->cgroup_parent;
	op->exec.hosts = b->hosts;
	op->exec.n_hosts = b->opt->n_add_hosts;
	op->exec.ulimits = b->opt->ulimits;
	op->exec.n_ulimits = b->opt->n_ulimits;
	op->ignore_cache = d->ignore_cache;
	op->assumes_config_of = assumed_config(run);
	op->assumes = assumed_fields(run);
	v->platform = d->has_state_platform ? d->state_platform : b->target_platform;
	return graph_platform_normalise(b->a, &v->platform, &op->platform, b->err);
}

int graph_dispatch_run(struct graph_builder *b, struct graph_dispatch *d, struct graph_command *cmd)
{
	struct running run = {.d = d, .cmd = cmd, .c = cmd->c};
	struct graph_place place = {
		.kind = CP_STEP_OP, .stage = d->number, .command = cmd, .order = 1};
	struct cp_op_mount root = {.dest = CP_S("/")};
	struct cp_mount *mounts = NULL;
	struct graph_vertex *v;
	struct cp_str name;
	int r;

	r = graph_mounts_expand(b, d, cmd->c, &mounts);
	if (r >= 0)
		r = graph_exec_mount(b, &run.exec, root, d->fs);
	if (r >= 0)
		r = read_line(b, &run);
	d->paths->all = true;
	if (r >= 0)
		r = graph_run_mounts(b, d, cmd, mounts, &run.exec);
	if (r >= 0)
		r = graph_name_run(b, d, run.text, mounts, cmd->c->n_mounts, &name);
	if (r >= 0)
		r = shm_mount(b, &run.exec);
	if (r < 0)
		return r;
	v = graph_vertex_new(b, CP_OP_EXEC, name, place);
	if (!v)
		return cp_err_nomem(b->err);
	r = fill(b, &run, v);
	if (r < 0)
		return r;
	d->fs = v;
	return graph_history_run(b, d, cmd, &v->op->exec);
}

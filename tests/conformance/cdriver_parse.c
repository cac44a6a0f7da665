/* Dockerfiles in, what plugin/dockerfile made of them out: the C side of ./diffparse. */
#include "cdriver_int.h"
#include "dockerfile/dockerfile.h"

static const struct cp_str env_names[] = {CP_S_INIT("A"), CP_S_INIT("B"), CP_S_INIT("EMPTY")};
static const struct cp_str env_values[] = {CP_S_INIT("alpha"), CP_S_INIT("cache"), CP_S_INIT("")};

static bool get_env(const void *self, struct cp_str name, struct cp_str *ret_value)
{
	(void)self;
	for (size_t i = 0; i < CP_LEN(env_names); i++) {
		if (cp_str_eq(name, env_names[i])) {
			*ret_value = env_values[i];
			return true;
		}
	}
	return false;
}

static void put_pairs(struct cp_buf *b, const struct cp_command *c)
{
	cdriver_key(b, "pairs");
	cp_buf_addc(b, '[');
	for (size_t i = 0; i < c->n_pairs; i++) {
		const struct cp_pair *p = &c->pairs[i];

		if (i)
			cp_buf_addc(b, ',');
		cp_buf_addc(b, '{');
		cdriver_kstr(b, "k", p->key);
		cdriver_kstr(b, "v", p->value);
		cdriver_kint(b, "has", p->has_value);
		cdriver_kint(b, "nodelim", p->no_delim);
		cp_buf_addc(b, '}');
	}
	cp_buf_addc(b, ']');
}

static void put_heredocs(struct cp_buf *b, struct cp_arena *a, const struct cp_command *c)
{
	bool file = c->kind == CP_CMD_COPY || c->kind == CP_CMD_ADD;

	cdriver_key(b, "heredocs");
	cp_buf_addc(b, '[');
	for (size_t i = 0; i < c->n_heredocs; i++) {
		const struct cp_heredoc *h = &c->heredocs[i];

		if (i)
			cp_buf_addc(b, ',');
		cp_buf_addc(b, '{');
		cdriver_kstr(b, "name", h->name);
		cdriver_kstr(b, "content",
			     file && h->chomp ? cp_heredoc_chomp(a, h->content) : h->content);
		cdriver_kint(b, "expand", h->expand);
		cdriver_kint(b, "chomp", !file && h->chomp);
		cp_buf_addc(b, '}');
	}
	cp_buf_addc(b, ']');
}

static void put_optional(struct cp_buf *b, const char *key, bool has, uint64_t v)
{
	cdriver_kint(b, key, has ? (long long)v : -1);
}

static void put_mount(struct cp_buf *b, const struct cp_mount *m)
{
	static const char *const types[] = {"bind", "cache", "tmpfs", "secret", "ssh"};
	static const char *const sharing[] = {"shared", "private", "locked"};

	cp_buf_addc(b, '{');
	cdriver_kstr(b, "type", cp_str_c(types[m->type]));
	cdriver_kstr(b, "from", m->from);
	cdriver_kstr(b, "source", m->source);
	cdriver_kstr(b, "target", m->target);
	cdriver_kstr(b, "id", m->cache_id);
	cdriver_kint(b, "hasenv", m->has_env);
	cdriver_kstr(b, "env", m->env);
	cdriver_kint(b, "ro", m->read_only);
	cdriver_kint(b, "required", m->required);
	cdriver_kstr(b, "sharing", cp_str_c(m->has_sharing ? sharing[m->sharing] : ""));
	cdriver_kint(b, "size", m->size_limit);
	put_optional(b, "mode", m->has_mode, m->mode);
	put_optional(b, "uid", m->has_uid, m->uid);
	put_optional(b, "gid", m->has_gid, m->gid);
	cp_buf_addc(b, '}');
}

static void put_mounts(struct cp_buf *b, struct cp_arena *a, const struct cp_command *c,
		       char escape)
{
	struct cp_lexer lexer = {.escape = escape};
	struct cp_env_lookup env = {.get = get_env};
	struct cp_mount *mounts;
	struct cp_err err = {0};
	int r = cp_mounts_parse(a, c, &lexer, &env, &mounts, &err);

	cdriver_key(b, "expanded");
	if (r < 0) {
		cdriver_str(b, cp_str_c(err.message));
		return;
	}
	cp_buf_addc(b, '[');
	for (size_t i = 0; i < c->n_mounts; i++) {
		if (i)
			cp_buf_addc(b, ',');
		put_mount(b, &mounts[i]);
	}
	cp_buf_addc(b, ']');
}

static void put_command(struct cp_buf *b, struct cp_arena *a, const struct cp_command *c,
			char escape)
{
	cp_buf_addc(b, '{');
	cdriver_kstr(b, "name", c->name);
	cdriver_kstr(b, "code", c->code);
	cdriver_kint(b, "line", c->line);
	cdriver_kint(b, "end", c->line_end);
	cdriver_kint(b, "column", c->column);
	put_pairs(b, c);
	cdriver_kstrs(b, "words", c->words, c->n_words);
	cdriver_kint(b, "shell", c->prepend_shell);
	cdriver_kstrs(b, "sources", c->sources, c->n_sources);
	cdriver_kstr(b, "dest", c->dest);
	put_heredocs(b, a, c);
	cdriver_kstr(b, "from", c->from);
	cdriver_kstr(b, "chown", c->chown);
	cdriver_kstr(b, "chmod", c->chmod);
	cdriver_kstr(b, "checksum", c->checksum);
	cdriver_kint(b, "link", c->link);
	cdriver_kint(b, "parents", c->parents);
	cdriver_kstrs(b, "excludes", c->excludes, c->n_excludes);
	cdriver_kint(b, "keepgit", c->keep_git_dir);
	cdriver_kint(b, "unpack", c->unpack);
	cdriver_kstrs(b, "mounts", c->mounts, c->n_mounts);
	put_mounts(b, a, c, escape);
	cdriver_kstr(b, "network", c->network);
	cdriver_kstr(b, "security", c->security);
	cdriver_kstrs(b, "devices", c->devices, c->n_devices);
	cdriver_kstr(b, "text", c->text);
	cdriver_kint(b, "healthnone", c->health_none);
	if (c->kind == CP_CMD_ONBUILD &&
	    c->line) { /* the trigger of a trigger can be itself: ONBUILD with a dotted I */
		const struct cp_command *trigger;
		struct cp_err err = {0};
		int r = cp_dockerfile_parse_trigger(a, c->text, &trigger, &err);

		cdriver_key(b, "trigger");
		if (r < 0)
			cdriver_str(b, cp_str_c(err.message));
		else
			put_command(b, a, trigger, '\\');
	}
	cp_buf_addc(b, '}');
}

static void put_commands(struct cp_buf *b, struct cp_arena *a, struct cp_command **commands,
			 size_t n, char escape)
{
	cp_buf_addc(b, '[');
	for (size_t i = 0; i < n; i++) {
		if (i)
			cp_buf_addc(b, ',');
		put_command(b, a, commands[i], escape);
	}
	cp_buf_addc(b, ']');
}

static void put_directive(struct cp_buf *b, const char *key, const struct cp_directive *d)
{
	cdriver_key(b, key);
	cp_buf_addc(b, '{');
	cdriver_kstr(b, "value", d->value);
	cdriver_kint(b, "line", d->line);
	cp_buf_addc(b, '}');
}

static void put_stage(struct cp_buf *b, struct cp_arena *a, const struct cp_stage *s, char escape)
{
	cp_buf_addc(b, '{');
	cdriver_kstr(b, "name", s->name);
	cdriver_kstr(b, "base", s->base_name);
	cdriver_kstr(b, "platform", s->platform);
	cdriver_kstr(b, "code", s->code);
	cdriver_kint(b, "line", s->line);
	cdriver_kint(b, "end", s->line_end);
	cdriver_kint(b, "column", s->column);
	cdriver_key(b, "commands");
	put_commands(b, a, s->commands, s->n_commands, escape);
	cp_buf_addc(b, '}');
}

static void put_dockerfile(struct cp_buf *b, struct cp_arena *a, const struct cp_dockerfile *d)
{
	cp_buf_addc(b, '{');
	cdriver_kint(b, "escape", d->escape_char);
	put_directive(b, "syntaxdirective", &d->syntax);
	put_directive(b, "check", &d->check);
	cdriver_key(b, "args");
	put_commands(b, a, d->global_args, d->n_global_args, d->escape_char);
	cdriver_key(b, "stages");
	cp_buf_addc(b, '[');
	for (size_t i = 0; i < d->n_stages; i++) {
		if (i)
			cp_buf_addc(b, ',');
		put_stage(b, a, &d->stages[i], d->escape_char);
	}
	cp_buf_addz(b, "]}");
}

static void answer(struct cp_buf *b, struct cp_str text)
{
	cp_auto_arena struct cp_arena *a = cp_arena_new(CP_MAX_ARENA_BYTES);
	const struct cp_dockerfile *d;
	struct cp_err err = {0};
	int line = 0, r;

	cp_buf_addc(b, '{');
	cdriver_kstr(b, "syntax", cp_dockerfile_detect_syntax(a, text, &line));
	cdriver_kint(b, "syntaxline", line);
	cdriver_key(b, "file");
	r = cp_dockerfile_parse(a, text, CP_S("Dockerfile"), &d, &err);
	if (r < 0)
		cdriver_reject(b, r, &err);
	else
		put_dockerfile(b, a, d);
	cp_buf_addc(b, '}');
}

int main(void)
{
	return cdriver_run(answer);
}

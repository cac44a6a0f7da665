/* Values of RUN --mount and --device: instructions/commands_runmount.go, commands_rundevice.go. */
#include "dockerfile/parse_int.h"
#include "dockerfile/text_int.h"

#define LIST(names) names, CP_LEN(names)

typedef CP_VEC(struct cp_str) cp_field_vec;

/* ---- fields: tonistiigi/go-csvvalue Fields ---- */

static int csv_error(struct cp_err *err, const char *what, size_t column, const char *why)
{
	return cp_err_set(err, CP_EINVAL,
			  "failed to parse csv %s: parse error on line 1, column %zu: %s", what,
			  column, why);
}

/* A quoted field, s[*at] being behind its quote; stops at the comma or at the end. */
static int quoted_field(struct cp_str s, size_t *at, struct cp_buf *out)
{
	for (;;) {
		size_t quote = cp_str_find(s, '"', *at);

		if (quote == s.n)
			return CP_EINVAL;
		cp_buf_adds(out, cp_str_sub(s, *at, quote));
		*at = quote + 1;
		if (*at == s.n || s.p[*at] == ',')
			return 0;
		if (s.p[*at] != '"') {
			*at = quote;
			return CP_EINVAL;
		}
		cp_buf_addc(out, '"');
		++*at;
	}
}

static int csv_field(struct cp_arena *a, struct cp_str s, size_t *at, const char *what,
		     struct cp_str *ret_field, struct cp_err *err)
{
	cp_auto_buf struct cp_buf b = CP_BUF_INIT(CP_MAX_LINE_BYTES);
	size_t begin = *at, quote;

	if (begin == s.n || s.p[begin] != '"') {
		*at = cp_str_find(s, ',', begin);
		*ret_field = cp_str_sub(s, begin, *at);
		quote = cp_str_find(*ret_field, '"', 0);
		if (quote < ret_field->n)
			return csv_error(err, what, begin + quote + 1,
					 "bare \" in non-quoted-field");
		return 0;
	}
	++*at;
	if (quoted_field(s, at, &b) < 0)
		return csv_error(err, what, *at + 1, "extraneous or missing \" in quoted-field");
	*ret_field = cp_arena_str(a, cp_buf_str(&b));
	return cp_buf_error(&b) || !ret_field->p ? cp_err_nomem(err) : 0;
}

static int csv_fields(struct cp_arena *a, struct cp_str s, const char *what, cp_field_vec *fields,
		      struct cp_err *err)
{
	struct cp_str field;
	size_t at = 0;
	int r;

	if (cp_str_ends(s, CP_S("\n")))
		s.n -= cp_str_ends(s, CP_S("\r\n")) ? 2 : 1;
	if (s.n == 0)
		return cp_err_set(err, CP_EINVAL, "failed to parse csv %s: EOF", what);
	for (;; at++) {
		r = csv_field(a, s, &at, what, &field, err);
		if (r < 0)
			return r;
		if (cp_vec_push(a, fields, field) < 0)
			return cp_err_nomem(err);
		if (at >= s.n)
			return 0;
	}
}

/* ---- mounts ---- */

static const char *const mount_types[] = {"bind", "cache", "tmpfs", "secret", "ssh"};
static const char *const sharing_modes[] = {"shared", "private", "locked"};
static const char *const mount_keys[] = {
	/* clang-format off */
	"type", "from", "source", "target", "readonly", "id", "sharing", "required", "size", "mode",
	"uid", "gid", "src", "dst", "destination", "ro", "rw", "readwrite", "env",
	/* clang-format on */
};

struct mount_parser {
	struct cp_arena *a;
	struct cp_err *err;
	const struct cp_lexer *lexer;
	const struct cp_env_lookup *env; /* NULL: values are as they are written */
	struct cp_mount m;
	bool read_only_given;
	struct cp_str field, key, value;
};

static bool is(struct cp_str s, const char *name)
{
	return cp_str_eq(s, cp_str_c(name));
}

static int unexpected_for_type(struct mount_parser *p)
{
	return cp_err_set(p->err, CP_EINVAL, "unexpected key '%.*s' for mount type '%s'",
			  CP_STR(p->key), mount_types[p->m.type]);
}

static int invalid_value(struct mount_parser *p)
{
	return cp_err_set(p->err, CP_EINVAL, "invalid value for %.*s: %.*s", CP_STR(p->key),
			  CP_STR(p->value));
}

static bool takes_required(const struct cp_mount *m)
{
	return m->type == CP_MOUNT_SECRET || m->type == CP_MOUNT_SSH;
}

/* A field without "=". */
static int set_word(struct mount_parser *p)
{
	bool ro = is(p->key, "readonly") || is(p->key, "ro");

	if (ro || is(p->key, "readwrite") || is(p->key, "rw")) {
		p->m.read_only = ro;
		p->read_only_given = true;
		return 0;
	}
	if (!is(p->key, "required"))
		return cp_err_set(p->err, CP_EINVAL,
				  "invalid field '%.*s' must be a key=value pair",
				  CP_STR(p->field));
	if (!takes_required(&p->m))
		return unexpected_for_type(p);
	p->m.required = true;
	return 0;
}

/* One of a list of names in any case: its index. */
static int choose(struct mount_parser *p, const char *const *names, size_t n, const char *what,
		  size_t *ret_index)
{
	char quoted[CP_DOCKERFILE_QUOTED], hint[CP_PARSER_SUGGESTION];
	struct cp_str lower = cp_dockerfile_lower(p->a, p->value);

	if (!lower.p)
		return cp_err_nomem(p->err);
	for (size_t i = 0; i < n; i++) {
		if (is(lower, names[i])) {
			*ret_index = i;
			return 0;
		}
	}
	return cp_err_set(p->err, CP_EINVAL, "unsupported %s %s%s", what,
			  cp_dockerfile_quote(p->value, quoted),
			  cp_parser_suggest(p->value, names, n, hint));
}

static int set_bool(struct mount_parser *p, bool *ret_value)
{
	int v = cp_dockerfile_bool(p->value);

	if (v < 0)
		return invalid_value(p);
	*ret_value = v;
	return 0;
}

static int set_read_only(struct mount_parser *p, bool read_only)
{
	bool v = false;
	int r = set_bool(p, &v);

	if (r < 0)
		return r;
	p->m.read_only = v == read_only;
	p->read_only_given = true;
	return 0;
}

static int set_number(struct mount_parser *p, unsigned base, bool *ret_has, uint64_t *ret_value)
{
	if (!cp_dockerfile_uint32(p->value, base, ret_value))
		return cp_err_set(p->err, CP_EINVAL, "invalid value %.*s for %.*s",
				  CP_STR(p->value), CP_STR(p->key));
	*ret_has = true;
	return 0;
}

static int set_size(struct mount_parser *p)
{
	int r;

	if (p->m.type != CP_MOUNT_TMPFS)
		return unexpected_for_type(p);
	r = cp_dockerfile_size(p->a, p->value, &p->m.size_limit);
	if (r == CP_ENOMEM)
		return cp_err_nomem(p->err);
	return r < 0 ? invalid_value(p) : 0;
}

static int set_type(struct mount_parser *p)
{
	size_t i;
	int r = choose(p, LIST(mount_types), "mount type", &i);

	if (r == 0)
		p->m.type = (enum cp_mount_type)i;
	return r;
}

static int set_sharing(struct mount_parser *p)
{
	size_t i;
	int r = choose(p, LIST(sharing_modes), "sharing value", &i);

	if (r < 0)
		return r;
	p->m.sharing = (enum cp_sharing)i;
	p->m.has_sharing = true;
	return 0;
}

/* A field whose value is text: where it goes, or NULL. */
static struct cp_str *text_field(struct mount_parser *p)
{
	static const struct {
		const char *key;
		size_t offset;
	} fields[] = {
		{"from", offsetof(struct cp_mount, from)},
		{"source", offsetof(struct cp_mount, source)},
		{"src", offsetof(struct cp_mount, source)},
		{"target", offsetof(struct cp_mount, target)},
		{"dst", offsetof(struct cp_mount, target)},
		{"destination", offsetof(struct cp_mount, target)},
		{"id", offsetof(struct cp_mount, cache_id)},
		{"env", offsetof(struct cp_mount, env)},
	};

	for (size_t i = 0; i < CP_LEN(fields); i++)
		if (is(p->key, fields[i].key))
			return (struct cp_str *)((char *)&p->m + fields[i].offset);
	return NULL;
}

static int set_value(struct mount_parser *p)
{
	char hint[CP_PARSER_SUGGESTION];
	struct cp_str *text = text_field(p);

	if (text) {
		*text = p->value;
		p->m.has_env = p->m.has_env || is(p->key, "env");
		return 0;
	}
	if (is(p->key, "type"))
		return set_type(p);
	if (is(p->key, "readonly") || is(p->key, "ro"))
		return set_read_only(p, true);
	if (is(p->key, "readwrite") || is(p->key, "rw"))
		return set_read_only(p, false);
	if (is(p->key, "required"))
		return takes_required(&p->m) ? set_bool(p, &p->m.required) : unexpected_for_type(p);
	if (is(p->key, "size"))
		return set_size(p);
	if (is(p->key, "sharing"))
		return set_sharing(p);
	if (is(p->key, "mode"))
		return set_number(p, 8, &p->m.has_mode, &p->m.mode);
	if (is(p->key, "uid"))
		return set_number(p, 10, &p->m.has_uid, &p->m.uid);
	if (is(p->key, "gid"))
		return set_number(p, 10, &p->m.has_gid, &p->m.gid);
	return cp_err_set(p->err, CP_EINVAL, "unexpected key '%.*s' in '%.*s'%s", CP_STR(p->key),
			  CP_STR(p->field), cp_parser_suggest(p->key, LIST(mount_keys), hint));
}

static int set_field(struct mount_parser *p, struct cp_str field)
{
	size_t equals = cp_str_find(field, '=', 0);
	int r;

	p->field = field;
	p->key = cp_dockerfile_lower(p->a, cp_str_sub(field, 0, equals));
	if (!p->key.p)
		return cp_err_nomem(p->err);
	if (equals == field.n)
		return set_word(p);
	p->value = cp_str_from(field, equals + 1);
	if (p->env) {
		r = cp_expand(p->a, p->lexer, p->value, p->env, &p->value, p->err);
		if (r < 0)
			return r;
	}
	return set_value(p);
}

static int check_mount(struct mount_parser *p)
{
	const struct cp_mount *m = &p->m;
	const char *type = mount_types[m->type];
	const char *owner = m->has_mode ? "mode" : m->has_uid ? "uid" : m->has_gid ? "gid" : NULL;

	if (owner && (m->type == CP_MOUNT_BIND || m->type == CP_MOUNT_TMPFS))
		return cp_err_set(p->err, CP_EINVAL, "%s not allowed for \"%s\" type mounts", owner,
				  type);
	if (m->type == CP_MOUNT_SECRET) {
		if (m->from.n)
			return cp_err_set(p->err, CP_EINVAL, "secret mount should not have a from");
		if (m->has_sharing)
			return cp_err_set(p->err, CP_EINVAL,
					  "secret mount should not define sharing");
		if (m->source.n == 0 && m->target.n == 0 && m->cache_id.n == 0)
			return cp_err_set(p->err, CP_EINVAL,
					  "invalid secret mount. one of source, target required");
		if (m->source.n && m->cache_id.n)
			return cp_err_set(p->err, CP_EINVAL, "both source and id can't be set");
	}
	if (m->has_sharing && m->type != CP_MOUNT_CACHE)
		return cp_err_set(p->err, CP_EINVAL, "invalid cache sharing set for %s mount",
				  type);
	return 0;
}

/* parseMount with an expander. */
static int parse_mount(struct mount_parser *p, struct cp_str value)
{
	cp_field_vec fields = {0};
	int r = csv_fields(p->a, value, "mounts", &fields, p->err);

	p->m = (struct cp_mount){.type = CP_MOUNT_BIND};
	p->read_only_given = false;
	for (size_t i = 0; r == 0 && i < fields.n; i++)
		r = set_field(p, fields.items[i]);
	if (r < 0)
		return r;
	if (!p->read_only_given)
		p->m.read_only = p->m.type != CP_MOUNT_CACHE && p->m.type != CP_MOUNT_TMPFS;
	return check_mount(p);
}

int cp_mounts_parse(struct cp_arena *a, const struct cp_command *command,
		    const struct cp_lexer *lexer, const struct cp_env_lookup *lookup,
		    struct cp_mount **ret_mounts, struct cp_err *err)
{
	struct mount_parser p = {.a = a, .err = err, .lexer = lexer, .env = lookup};
	struct cp_mount *mounts = cp_arena_array(a, command->n_mounts, sizeof(*mounts));
	int r;

	if (!mounts)
		return cp_err_nomem(err);
	for (size_t i = 0; i < command->n_mounts; i++) {
		r = parse_mount(&p, command->mounts[i]);
		if (r < 0) {
			if (command->line && r != CP_ENOMEM)
				cp_err_at(err, (struct cp_str){NULL, 0}, command->line,
					  command->column, (int)command->name.n, command->code);
			return r;
		}
		mounts[i] = p.m;
	}
	*ret_mounts = mounts;
	return 0;
}

/* parseMount without an expander: only that it is CSV, and that from= has no variable. */
int cp_mount_check(struct cp_arena *a, struct cp_str value, struct cp_err *err)
{
	cp_field_vec fields = {0};
	int r = csv_fields(a, value, "mounts", &fields, err);

	for (size_t i = 0; r == 0 && i < fields.n; i++) {
		size_t equals = cp_str_find(fields.items[i], '=', 0);
		struct cp_str key = cp_dockerfile_lower(a, cp_str_sub(fields.items[i], 0, equals));
		struct cp_str from = cp_str_from(fields.items[i], equals + 1);

		if (!key.p)
			return cp_err_nomem(err);
		if (equals < fields.items[i].n && is(key, "from") &&
		    cp_str_find(from, '$', 0) + 1 < from.n)
			r = cp_err_set(err, CP_EINVAL,
				       "'from' doesn't support variable expansion, define "
				       "alias stage instead");
	}
	return r;
}

/* ---- devices ---- */

struct device {
	struct cp_str name;
	bool required;
};

static int set_device_field(struct cp_arena *a, struct device *d, struct cp_str field,
			    struct cp_err *err)
{
	static const char *const keys[] = {"name", "required"};
	size_t equals = cp_str_find(field, '=', 0);
	bool has_value = equals < field.n;
	struct cp_str key = cp_dockerfile_lower(a, cp_str_sub(field, 0, equals)),
		      value = cp_str_from(field, equals + 1);
	char hint[CP_PARSER_SUGGESTION];

	if (!key.p)
		return cp_err_nomem(err);
	if (is(key, "required")) {
		if (has_value && cp_dockerfile_bool(value) < 0)
			return cp_err_set(err, CP_EINVAL, "invalid value for %.*s: %.*s",
					  CP_STR(key), CP_STR(value));
		d->required = !has_value || cp_dockerfile_bool(value);
		return 0;
	}
	if (has_value && is(key, "name")) {
		if (d->name.n)
			return cp_err_set(err, CP_EINVAL, "device name already set to %.*s",
					  CP_STR(d->name));
		d->name = value;
		return 0;
	}
	if (d->name.n == 0) {
		d->name = field;
		return 0;
	}
	if (!has_value)
		return cp_err_set(err, CP_EINVAL, "invalid field '%.*s' must be a key=value pair",
				  CP_STR(field));
	return cp_err_set(err, CP_EINVAL, "unexpected key '%.*s' in '%.*s'%s", CP_STR(key),
			  CP_STR(field), cp_parser_suggest(key, LIST(keys), hint));
}

/* ParseDevice */
int cp_device_check(struct cp_arena *a, struct cp_str value, struct cp_err *err)
{
	struct device d = {{NULL, 0}, false};
	cp_field_vec fields = {0};
	int r = csv_fields(a, value, "devices", &fields, err);

	for (size_t i = 0; r == 0 && i < fields.n; i++)
		r = set_device_field(a, &d, fields.items[i], err);
	return r;
}

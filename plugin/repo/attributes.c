/*
 * .gitattributes of a tree ─► what git does to a file at checkout. The rules of gitattributes(5) and of git's attr.c: later lines
 * and deeper files win, macros are defined in the root's file only, a line that is not understood is ignored.
 * As git does at a checkout, the files are read from the tree itself (a link named .gitattributes is read as text, a byte order
 * mark is part of the first pattern). $GIT_DIR/info/attributes and the user's and the system's files are not looked at: they
 * belong to one machine, not to the commit.
 */
#include "repo/attributes_int.h"

#define MAX_LINE 2048 /* git ignores longer lines */
#define BLANK " \t\r\n"

/* The attributes that a conversion depends on; the macros follow in the list of names. */
enum { ATTR_TEXT, ATTR_CRLF, ATTR_EOL, ATTR_IDENT, ATTR_FILTER, ATTR_ENCODING, N_ATTRS };
static const char *const attr_names[N_ATTRS] = {"text",  "crlf",   "eol",
						"ident", "filter", "working-tree-encoding"};

enum state { STATE_UNSET, STATE_TRUE, STATE_FALSE, STATE_VALUE };

struct setting {
	uint32_t attr;
	enum state state;
	struct cp_str value;
};

typedef CP_VEC(struct setting) setting_vec;

struct rule {
	struct cp_str pattern;
	size_t n_literal; /* bytes of the pattern that are compared as they are */
	bool base_name;   /* a pattern without a slash */
	setting_vec settings;
};

struct rules {
	CP_VEC(struct rule) list;
};

struct attr_dir {
	struct attr_dir *parent;
	struct cp_str path;
	struct rules *rules; /* NULL = no .gitattributes here, or none that matters */
	bool converts;       /* some rule from here up could ask for a conversion */
	bool listed;         /* the folder is there */
	struct cp_oid oid;
};

struct attribute {
	struct cp_str name;
	bool is_macro;
	setting_vec macro;
	/* the answer for the path asked last; valid when generation is the current one */
	uint64_t generation;
	enum state state;
	struct cp_str value;
};

struct cp_attributes {
	struct cp_arena *a;
	struct cp_tree *tree; /* where the files are; or */
	const struct cp_attribute_files
		*files;      /* who reads them; a folder is not looked for then */
	struct cp_map dirs;  /* path ─► struct attr_dir */
	struct cp_map names; /* name ─► index + 1 */
	CP_VEC(struct attribute) attributes;
	bool macros_convert; /* some macro could ask for a conversion */
	struct attr_dir *last;
	uint64_t generation;
	size_t n_known;      /* of the N_ATTRS */
	struct frame *stack; /* one place for each attribute */
};

/* Settings that are being carried out, from the last to the first. */
struct frame {
	const setting_vec *settings;
	size_t left;
};

/* ---- reading a file ---- */

static bool is_name(struct cp_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
		    c != '-' && c != '.' && c != '_')
			return false;
	}
	return s.n > 0 && s.p[0] != '-';
}

static struct cp_str next_token(struct cp_str *rest)
{
	size_t n = 0;

	*rest = cp_str_trim_left(*rest, BLANK);
	while (n < rest->n && !memchr(BLANK, rest->p[n], strlen(BLANK)))
		n++;
	*rest = cp_str_from(*rest, n);
	return cp_str_n(rest->p - n, n);
}

/* One character of a C string behind a backslash; -1 when it is none. */
static int unescape(struct cp_str s, size_t *at)
{
	static const char letters[] = "abfnrtv\\\"", bytes[] = "\a\b\f\n\r\t\v\\\"";
	const char *found;
	int v = 0;

	if (*at >= s.n || s.p[*at] == '\0')
		return -1;
	found = strchr(letters, s.p[*at]);
	if (found) {
		(*at)++;
		return (unsigned char)bytes[found - letters];
	}
	if (s.n - *at < 3 || s.p[*at] < '0' || s.p[*at] > '3')
		return -1;
	for (int i = 0; i < 3; i++, (*at)++) {
		if (s.p[*at] < '0' || s.p[*at] > '7')
			return -1;
		v = v * 8 + (s.p[*at] - '0');
	}
	return v;
}

/* A pattern in quotes at the start of *line, which moves past it. False: it is no such thing. */
static int unquote(struct cp_arena *a, struct cp_str *line, struct cp_str *ret_text,
		   bool *ret_found)
{
	char *out = cp_arena_alloc(a, line->n);
	size_t n = 0, at = 1;

	if (!out)
		return CP_ENOMEM;
	*ret_found = false;
	while (at < line->n && line->p[at] != '"') {
		int c = (unsigned char)line->p[at++];

		if (c == '\\')
			c = unescape(*line, &at);
		if (c < 0)
			return 0;
		out[n++] = (char)c;
	}
	if (at >= line->n)
		return 0;
	*ret_text = cp_str_n(out, n);
	*line = cp_str_from(*line, at + 1);
	*ret_found = true;
	return 0;
}

static size_t name_index(const struct cp_attributes *at, struct cp_str name)
{
	return (size_t)(uintptr_t)cp_map_get(&at->names, name);
}

static int add_name(struct cp_attributes *at, struct cp_str name, size_t *ret_index)
{
	size_t i = name_index(at, name);

	if (i == 0) {
		if (cp_vec_push(at->a, &at->attributes, (struct attribute){.name = name}) < 0)
			return CP_ENOMEM;
		i = at->attributes.n;
		if (cp_map_put(at->a, &at->names, name, (void *)(uintptr_t)i) < 0)
			return CP_ENOMEM;
	}
	*ret_index = i - 1;
	return 0;
}

/* "text", "-text", "!text", "eol=lf". False: a name that makes git ignore the line. */
static bool parse_setting(struct cp_str token, struct cp_str *ret_name, struct setting *ret)
{
	size_t eq = cp_str_find(token, '=', 0);
	struct cp_str name = cp_str_sub(token, 0, eq);

	ret->value = cp_str_from(token, eq + 1);
	ret->state = eq < token.n ? STATE_VALUE : STATE_TRUE;
	if (name.n && (name.p[0] == '-' || name.p[0] == '!')) {
		ret->state = name.p[0] == '-' ? STATE_FALSE : STATE_UNSET;
		name = cp_str_from(name, 1);
	}
	*ret_name = name;
	return is_name(name);
}

/* The settings that matter. *ret_good false when the line is to be ignored. */
static int parse_settings(struct cp_attributes *at, struct cp_str rest, setting_vec *ret,
			  bool *ret_good)
{
	setting_vec v = {0};
	struct cp_str token;

	*ret_good = false;
	while ((token = next_token(&rest)).n) {
		struct setting s = {0};
		struct cp_str name;
		size_t i;

		if (!parse_setting(token, &name, &s))
			return 0;
		i = name_index(at, name);
		if (i == 0)
			continue;
		s.attr = (uint32_t)(i - 1);
		if (cp_vec_push(at->a, &v, s) < 0)
			return CP_ENOMEM;
	}
	*ret = v;
	*ret_good = true;
	return 0;
}

/* Could this setting ask for a conversion? */
static bool setting_converts(const struct cp_attributes *at, const struct setting *s)
{
	if (s->state == STATE_TRUE && at->macros_convert && at->attributes.items[s->attr].is_macro)
		return true;
	if (s->attr == ATTR_EOL)
		return s->state == STATE_VALUE && cp_str_eq(s->value, CP_S("crlf"));
	if (s->attr == ATTR_IDENT)
		return s->state == STATE_TRUE;
	if (s->attr == ATTR_ENCODING)
		return s->state != STATE_UNSET;
	return s->attr == ATTR_FILTER && s->state == STATE_VALUE;
}

static bool any_converts(const struct cp_attributes *at, const setting_vec *v)
{
	for (size_t i = 0; i < v->n; i++)
		if (setting_converts(at, &v->items[i]))
			return true;
	return false;
}

/* The first word of a line and the rest; false when git ignores the line, or when it can match no file. */
static int split_line(struct cp_arena *a, struct cp_str line, struct cp_str *ret_word,
		      struct cp_str *ret_rest, bool *ret_good)
{
	struct cp_str rest = cp_str_trim_left(line, BLANK);
	bool quoted = false;

	*ret_good = false;
	if (line.n >= MAX_LINE || rest.n == 0 || rest.p[0] == '#')
		return 0;
	if (rest.p[0] == '"' && unquote(a, &rest, ret_word, &quoted) < 0)
		return CP_ENOMEM;
	if (!quoted)
		*ret_word = next_token(&rest);
	*ret_rest = rest;
	*ret_good = true;
	return 0;
}

#define MACRO_WORD "[attr]"

static bool is_macro_word(struct cp_str word)
{
	return word.n > strlen(MACRO_WORD) && cp_str_starts(word, CP_S(MACRO_WORD));
}

static struct cp_str macro_name(struct cp_str word)
{
	return cp_str_from(word, strlen(MACRO_WORD));
}

/* The pattern of a rule. False: it matches no file. */
static bool set_pattern(struct rule *r, struct cp_str pattern)
{
	if (pattern.n == 0 || pattern.p[0] == '!' || pattern.p[pattern.n - 1] == '/')
		return false; /* git refuses negative patterns here, and "folder/" is for folders only */
	r->base_name = cp_str_find(pattern, '/', 0) == pattern.n;
	if (pattern.p[0] == '/')
		pattern = cp_str_from(pattern, 1);
	r->pattern = pattern;
	r->n_literal = cp_repo_glob_literal(pattern);
	return true;
}

static int parse_line(struct cp_attributes *at, struct cp_str line, bool is_root,
		      struct rules *rules)
{
	struct rule rule = {.n_literal = 0};
	struct cp_str word, rest;
	bool good;
	int r = split_line(at->a, line, &word, &rest, &good);

	if (r < 0 || !good)
		return r;
	if (is_macro_word(word)) {
		size_t i = is_root ? name_index(at, macro_name(word)) : 0;
		setting_vec v;

		r = i ? parse_settings(at, rest, &v, &good) : 0;
		if (r == 0 && i && good) {
			at->attributes.items[i - 1].is_macro = true;
			at->attributes.items[i - 1].macro = v;
		}
		return r;
	}
	if (!set_pattern(&rule, word))
		return 0;
	r = parse_settings(at, rest, &rule.settings, &good);
	if (r < 0 || !good || rule.settings.n == 0)
		return r;
	return cp_vec_push(at->a, &rules->list, rule);
}

/* Macros may be used before they are defined. */
static int note_macros(struct cp_attributes *at, struct cp_str text)
{
	struct cp_str line, word, rest;
	bool good;
	size_t i;

	while (text.n && cp_str_split(&text, '\n', &line)) {
		int r = split_line(at->a, line, &word, &rest, &good);

		if (r == 0 && good && is_macro_word(word) && is_name(macro_name(word)))
			r = add_name(at, macro_name(word), &i);
		if (r < 0)
			return r;
	}
	return 0;
}

static void find_converting_macros(struct cp_attributes *at)
{
	for (size_t i = 0; i < at->attributes.n; i++) {
		const struct attribute *m = &at->attributes.items[i];

		if (m->is_macro && any_converts(at, &m->macro))
			at->macros_convert = true;
	}
}

static int parse_rules(struct cp_attributes *at, struct cp_str text, struct attr_dir *dir,
		       struct cp_err *err)
{
	struct rules *rules = CP_NEW(at->a, struct rules);
	struct cp_str line, left = text;
	int r = rules ? 0 : CP_ENOMEM;

	while (r == 0 && left.n && cp_str_split(&left, '\n', &line)) {
		r = parse_line(at, line, !dir->parent, rules);
		if (r == 0 && rules->list.n > CP_MAX_IGNORE_PATTERNS)
			return cp_err_set(err, CP_ELIMIT, "a .gitattributes has more than %u rules",
					  CP_MAX_IGNORE_PATTERNS);
	}
	if (r < 0)
		return cp_err_nomem(err);
	if (!dir->parent)
		find_converting_macros(at);
	for (size_t i = 0; i < rules->list.n; i++)
		dir->converts |= any_converts(at, &rules->list.items[i].settings);
	if (rules->list.n)
		dir->rules = rules;
	return 0;
}

/* ---- folders ---- */

static int read_from_tree(struct cp_attributes *at, const struct attr_dir *dir, struct cp_buf *out,
			  bool *ret_found, struct cp_err *err)
{
	const struct cp_dir *listing;
	const struct cp_entry *e;
	int r;

	if (!dir->listed || dir->oid.n == 0)
		return 0;
	r = cp_tree_list(at->tree, &dir->oid, &listing, err);
	if (r < 0)
		return r;
	e = cp_dir_find(listing, CP_S(".gitattributes"));
	if (!e || e->kind == CP_ENTRY_DIR || e->kind == CP_ENTRY_SUBMODULE)
		return 0;
	*ret_found = true;
	return cp_tree_read(at->tree, &e->oid, out, err);
}

static int read_dir(struct cp_attributes *at, const struct attr_dir *dir, struct cp_buf *out,
		    bool *ret_found, struct cp_err *err)
{
	int r;

	*ret_found = false;
	if (!at->files)
		return read_from_tree(at, dir, out, ret_found, err);
	r = at->files->read(at->files->self, dir->path, out, err);
	*ret_found = r == 0;
	return r == CP_ENOTFOUND ? 0 : r;
}

/* The text up to the first NUL, as git sees it. */
static int keep_text(struct cp_attributes *at, const struct cp_buf *text, struct cp_str *ret_text,
		     struct cp_err *err)
{
	size_t n = text->n ? cp_str_find(cp_str_n(text->p, text->n), '\0', 0) : 0;
	struct cp_str s = cp_arena_str(at->a, cp_str_n(text->p, n));

	if (!s.p)
		return cp_err_nomem(err);
	*ret_text = s;
	return 0;
}

static int load_dir(struct cp_attributes *at, struct attr_dir *dir, struct cp_err *err)
{
	cp_auto_buf struct cp_buf bytes = CP_BUF_INIT(CP_MAX_BLOB_BYTES);
	struct cp_str text;
	bool found;
	int r;

	if (dir->parent)
		dir->converts = dir->parent->converts;
	r = read_dir(at, dir, &bytes, &found, err);
	if (r < 0)
		cp_err_wrap(err, "reading .gitattributes");
	if (r < 0 || !found)
		return r;
	r = keep_text(at, &bytes, &text, err);
	if (r == 0 && !dir->parent && note_macros(at, text) < 0)
		r = cp_err_nomem(err);
	return r < 0 ? r : parse_rules(at, text, dir, err);
}

static struct attr_dir *new_dir(struct cp_attributes *at, struct attr_dir *parent,
				struct cp_str path)
{
	struct attr_dir *dir = CP_NEW(at->a, struct attr_dir);

	if (!dir)
		return NULL;
	dir->parent = parent;
	dir->path = cp_arena_str(at->a, path);
	return dir->path.p ? dir : NULL;
}

/* The folder `name` of a folder; one that is not there has no rules of its own. */
static int enter_dir(struct cp_attributes *at, struct attr_dir *parent, struct cp_str path,
		     struct cp_str name, struct attr_dir **ret_dir, struct cp_err *err)
{
	struct attr_dir *dir = cp_map_get(&at->dirs, path);
	const struct cp_dir *listing = NULL;
	const struct cp_entry *e;
	int r = 0;

	if (dir) {
		*ret_dir = dir;
		return 0;
	}
	dir = new_dir(at, parent, path);
	if (!dir)
		return cp_err_nomem(err);
	if (at->tree && parent->listed && parent->oid.n)
		r = cp_tree_list(at->tree, &parent->oid, &listing, err);
	if (r < 0)
		return r;
	e = listing ? cp_dir_find(listing, name) : NULL;
	if (e && e->kind == CP_ENTRY_DIR) {
		dir->listed = true;
		dir->oid = e->oid;
	}
	r = load_dir(at, dir, err);
	if (r < 0)
		return r;
	*ret_dir = dir;
	return cp_map_put(at->a, &at->dirs, dir->path, dir) < 0 ? cp_err_nomem(err) : 0;
}

/* The folder that holds `path`. */
static int find_dir(struct cp_attributes *at, struct cp_str path, struct attr_dir **ret_dir,
		    struct cp_err *err)
{
	size_t slash = cp_str_rfind(path, '/');
	struct cp_str folder = cp_str_sub(path, 0, slash < path.n ? slash : 0), rest = folder, part;
	struct attr_dir *dir = cp_map_get(&at->dirs, CP_S(""));
	int r = 0;

	if (cp_str_eq(folder, at->last->path)) {
		*ret_dir = at->last;
		return 0;
	}
	while (r == 0 && cp_path_next(&rest, &part))
		r = enter_dir(at, dir, cp_str_n(folder.p, (size_t)(part.p + part.n - folder.p)),
			      part, &dir, err);
	if (r < 0)
		return r;
	at->last = dir;
	*ret_dir = dir;
	return 0;
}

/* ---- matching ---- */

static bool rule_matches(const struct rule *r, struct cp_str path, struct cp_str base)
{
	struct cp_str text = r->base_name ? base : path,
		      literal = cp_str_sub(r->pattern, 0, r->n_literal);

	if (!cp_str_starts(text, literal))
		return false;
	/* git cuts the literal part off before it looks at stars: in "a**" "/b" they stand at the start of the pattern */
	return cp_repo_glob_match(cp_str_from(r->pattern, r->n_literal),
				  cp_str_from(text, r->n_literal), !r->base_name);
}

/* Carries settings out, the last first; a macro's own come right after it. What is known already stays. */
static void apply(struct cp_attributes *at, const setting_vec *settings)
{
	size_t depth = 0;

	at->stack[depth++] = (struct frame){settings, settings->n};
	while (depth) {
		struct frame *f = &at->stack[depth - 1];
		const struct setting *s;
		struct attribute *attr;

		if (f->left == 0) {
			depth--;
			continue;
		}
		s = &f->settings->items[--f->left];
		attr = &at->attributes.items[s->attr];
		if (attr->generation == at->generation)
			continue;
		attr->generation = at->generation;
		attr->state = s->state;
		attr->value = s->value;
		at->n_known += s->attr < N_ATTRS;
		if (attr->is_macro && s->state == STATE_TRUE)
			at->stack[depth++] = (struct frame){&attr->macro, attr->macro.n};
	}
}

static void decide(struct cp_attributes *at, const struct attr_dir *dir, struct cp_str path)
{
	size_t slash = cp_str_rfind(path, '/');
	struct cp_str base = slash < path.n ? cp_str_from(path, slash + 1) : path;

	at->generation++;
	at->n_known = 0;
	for (; dir && at->n_known < N_ATTRS; dir = dir->parent) {
		struct cp_str below = cp_str_from(path, dir->path.n ? dir->path.n + 1 : 0);

		for (size_t i = dir->rules ? dir->rules->list.n : 0; i > 0 && at->n_known < N_ATTRS;
		     i--)
			if (rule_matches(&dir->rules->list.items[i - 1], below, base))
				apply(at, &dir->rules->list.items[i - 1].settings);
	}
}

/* ---- the answer ---- */

static enum state state_of(const struct cp_attributes *at, size_t attr)
{
	const struct attribute *x = &at->attributes.items[attr];

	return x->generation == at->generation ? x->state : STATE_UNSET;
}

static bool has_value(const struct cp_attributes *at, size_t attr, struct cp_str value)
{
	return state_of(at, attr) == STATE_VALUE &&
	       cp_str_eq(at->attributes.items[attr].value, value);
}

enum text_kind { TEXT_UNDEFINED, TEXT_YES, TEXT_NO, TEXT_AUTO };

static enum text_kind text_kind(const struct cp_attributes *at, size_t attr)
{
	if (state_of(at, attr) == STATE_TRUE || has_value(at, attr, CP_S("input")))
		return TEXT_YES;
	if (state_of(at, attr) == STATE_FALSE)
		return TEXT_NO;
	return has_value(at, attr, CP_S("auto")) ? TEXT_AUTO : TEXT_UNDEFINED;
}

/* convert.c convert_attrs: `crlf` is the old name of `text`. */
static enum cp_conversion_kind line_ends(const struct cp_attributes *at)
{
	enum text_kind text = text_kind(at, ATTR_TEXT);

	if (text == TEXT_UNDEFINED)
		text = text_kind(at, ATTR_CRLF);
	if (text == TEXT_NO || !has_value(at, ATTR_EOL, CP_S("crlf")))
		return CP_CONV_NONE;
	return text == TEXT_AUTO ? CP_CONV_CRLF_AUTO : CP_CONV_CRLF;
}

/* convert.c git_path_check_encoding; files are UTF-8 in the repository, so that encoding changes nothing. */
static bool has_encoding(const struct cp_attributes *at)
{
	struct cp_str value = at->attributes.items[ATTR_ENCODING].value;
	enum state s = state_of(at, ATTR_ENCODING);

	if (s == STATE_TRUE || s == STATE_FALSE)
		return true; /* git gives up on such a file */
	return s == STATE_VALUE && value.n && !cp_str_eq_nocase(value, CP_S("UTF-8")) &&
	       !cp_str_eq_nocase(value, CP_S("UTF8"));
}

static struct cp_conversion conversion(const struct cp_attributes *at)
{
	struct cp_conversion c = {line_ends(at), CP_S("")};
	bool ident = state_of(at, ATTR_IDENT) == STATE_TRUE;

	if (state_of(at, ATTR_FILTER) == STATE_VALUE)
		return (struct cp_conversion){CP_CONV_FILTER,
					      at->attributes.items[ATTR_FILTER].value};
	if (has_encoding(at))
		return (struct cp_conversion){CP_CONV_ENCODING,
					      state_of(at, ATTR_ENCODING) == STATE_VALUE
						      ? at->attributes.items[ATTR_ENCODING].value
						      : CP_S("")};
	if (ident && c.kind == CP_CONV_NONE)
		c.kind = CP_CONV_IDENT;
	else if (ident)
		c.detail = CP_S("ident");
	return c;
}

static int add_builtin_names(struct cp_attributes *at)
{
	static const struct setting minus_text = {.attr = ATTR_TEXT, .state = STATE_FALSE};
	size_t i;

	for (size_t k = 0; k < N_ATTRS; k++)
		if (add_name(at, cp_str_c(attr_names[k]), &i) < 0)
			return CP_ENOMEM;
	if (add_name(at, CP_S("binary"), &i) < 0)
		return CP_ENOMEM;
	at->attributes.items[i].is_macro =
		true; /* -diff -merge -text; the first two do not matter here */
	return cp_vec_push(at->a, &at->attributes.items[i].macro, minus_text);
}

static int attributes_new(struct cp_arena *a, struct cp_tree *t,
			  const struct cp_attribute_files *files,
			  struct cp_attributes **ret_attributes, struct cp_err *err)
{
	struct cp_attributes *at = CP_NEW(a, struct cp_attributes);
	struct attr_dir *root;
	int r;

	if (!at)
		return cp_err_nomem(err);
	at->a = a;
	at->tree = t;
	at->files = files;
	root = new_dir(at, NULL, CP_S(""));
	if (!root || add_builtin_names(at) < 0)
		return cp_err_nomem(err);
	root->listed = true;
	if (t)
		root->oid = t->root;
	r = load_dir(at, root, err);
	if (r < 0)
		return r;
	at->stack = cp_arena_array(a, at->attributes.n + 1, sizeof(*at->stack));
	if (!at->stack || cp_map_put(a, &at->dirs, root->path, root) < 0)
		return cp_err_nomem(err);
	at->last = root;
	*ret_attributes = at;
	return 0;
}

int cp_attributes_new(struct cp_arena *a, struct cp_tree *t, struct cp_attributes **ret_attributes,
		      struct cp_err *err)
{
	return attributes_new(a, t, NULL, ret_attributes, err);
}

int cp_repo_attributes_from(struct cp_arena *a, const struct cp_attribute_files *files,
			    struct cp_attributes **ret_attributes, struct cp_err *err)
{
	return attributes_new(a, NULL, files, ret_attributes, err);
}

int cp_attributes_of(struct cp_attributes *at, struct cp_str path,
		     struct cp_conversion *ret_conversion, struct cp_err *err)
{
	struct attr_dir *dir;
	int r = find_dir(at, path, &dir, err);

	if (r < 0)
		return r;
	*ret_conversion = (struct cp_conversion){CP_CONV_NONE, CP_S("")};
	if (!dir->converts ||
	    (at->tree && at->tree->is_work_tree && cp_repo_work_tree_is_raw(at->tree, path)))
		return 0;
	decide(at, dir, path);
	*ret_conversion = conversion(at);
	return 0;
}

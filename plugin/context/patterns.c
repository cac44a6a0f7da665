/* moby/patternmatcher v0.6.1: New, MatchesUsingParentResults and the translation of a pattern. */
#include "context/patterns_int.h"

#include <stdlib.h>

#include "context/regex_int.h"

enum match_type {
	MATCH_EXACT,
	MATCH_PREFIX,
	MATCH_SUFFIX,
	MATCH_REGEX,
	MATCH_BAD,
	MATCH_UNSUPPORTED
};

struct pattern {
	struct cp_str text; /* cleaned, without "!" */
	bool exclusion;
	enum match_type
		type; /* BAD: Go finds out when the pattern is tried, so it fails only then */
	struct cp_str literal; /* PREFIX, SUFFIX: the text without its stars */
	const struct cp_context_regex *regex;
};

struct cp_patterns {
	struct pattern *items;
	size_t n;
	bool have_exclusions, have_bad;
	bool only_prefix_exceptions; /* fsutil filter.go onlyPrefixExcludeExceptions */
};

/* ---- translation: patternmatcher.go Pattern.compile ---- */

struct translator {
	struct cp_str rest;
	struct cp_buf out;
	enum match_type type;
};

/* text/scanner Peek: the next rune; broken bytes are U+FFFD. */
static uint32_t peek(const struct translator *t, size_t *ret_width)
{
	*ret_width = 0;
	return t->rest.n ? cp_utf8_decode(t->rest, ret_width) : 0;
}

/* Take one rune and write it as valid UTF-8. */
static void take_rune(struct translator *t)
{
	size_t width;
	uint32_t rune = peek(t, &width);

	if (rune == CP_RUNE_ERROR && width == 1)
		cp_buf_addz(&t->out, "\xEF\xBF\xBD");
	else
		cp_buf_add(&t->out, t->rest.p, width);
	t->rest = cp_str_from(t->rest, width);
}

static bool take(struct translator *t, char c)
{
	if (t->rest.n == 0 || t->rest.p[0] != c)
		return false;
	t->rest = cp_str_from(t->rest, 1);
	return true;
}

static void translate_stars(struct translator *t, bool first)
{
	if (!take(t, '*')) {
		cp_buf_addz(&t->out, "[^/]*");
		t->type = MATCH_REGEX;
		return;
	}
	take(t, '/');
	if (t->rest.n) {
		cp_buf_addz(&t->out, "(.*/)?");
		t->type = MATCH_REGEX;
	} else if (t->type == MATCH_EXACT) {
		t->type = MATCH_PREFIX;
	} else {
		cp_buf_addz(&t->out, ".*");
		t->type = MATCH_REGEX;
	}
	if (first)
		t->type = MATCH_SUFFIX;
}

static void translate_one(struct translator *t, bool first)
{
	char c = t->rest.p[0];

	if (take(t, '*')) {
		translate_stars(t, first);
	} else if (take(t, '?')) {
		cp_buf_addz(&t->out, "[^/]");
		t->type = MATCH_REGEX;
	} else if (c && strchr(".+()$", c)) {
		/* "|", "{" and "}" are meant to be among these, but its table is too small */
		cp_buf_addc(&t->out, '\\');
		take_rune(t);
	} else if (take(t, '\\')) {
		cp_buf_addc(&t->out, '\\');
		if (t->rest.n) {
			take_rune(t);
			t->type = MATCH_REGEX;
		}
	} else {
		if (c == '[' || c == ']')
			t->type = MATCH_REGEX;
		take_rune(t);
	}
}

static int compile_one(struct cp_arena *a, struct pattern *p)
{
	struct translator t = {
		.rest = p->text, .out = CP_BUF_INIT(CP_MAX_IGNORE_BYTES * 8), .type = MATCH_EXACT};
	int r = 0;

	/* text/scanner drops a byte order mark at the very front */
	if (cp_str_starts(t.rest, CP_S("\xEF\xBB\xBF")))
		t.rest = cp_str_from(t.rest, 3);
	cp_buf_addc(&t.out, '^');
	for (bool first = true; t.rest.n; first = false)
		translate_one(&t, first);
	p->type = t.type;
	if (t.type == MATCH_REGEX) {
		cp_buf_addc(&t.out, '$');
		r = cp_buf_error(&t.out);
		if (r == 0)
			r = cp_context_regex_compile(a, cp_buf_str(&t.out), &p->regex);
		if (r == CP_EINVAL || r == CP_EUNSUPPORTED) {
			p->type = r == CP_EINVAL ? MATCH_BAD : MATCH_UNSUPPORTED;
			r = 0;
		}
	} else if (t.type == MATCH_PREFIX) {
		p->literal = cp_str_sub(p->text, 0, p->text.n - 2);
	} else if (t.type == MATCH_SUFFIX) {
		p->literal = cp_str_from(p->text, 2);
	}
	cp_buf_release(&t.out);
	return r;
}

/* ---- patternmatcher.New ---- */

/* fsutil filter.go patternWithoutTrailingGlob */
static struct cp_str without_trailing_glob(struct cp_str text)
{
	if (cp_str_ends(text, CP_S("/**")))
		text.n -= 3;
	if (cp_str_ends(text, CP_S("/*")))
		text.n -= 2;
	return text;
}

static bool is_plain(struct cp_str text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] && strchr("*[]?^\\", text.p[i]))
			return false;
	return true;
}

static int bad_pattern(struct cp_str line, size_t index, const char *what, struct cp_err *err)
{
	cp_err_set(err, CP_EINVAL, "%s: \"%.*s\"", what, CP_STR(line));
	if (err)
		err->line = (int)(index + 1);
	return CP_EINVAL;
}

static int add_pattern(struct cp_arena *a, struct cp_patterns *set, struct cp_str line,
		       size_t index, struct cp_err *err)
{
	struct pattern p = {.type = MATCH_EXACT};
	int r;

	p.text = cp_str_trim_space(line);
	if (p.text.n == 0)
		return 0;
	p.text = cp_path_clean(a, p.text);
	if (!p.text.p)
		return cp_err_nomem(err);
	if (p.text.p[0] == '!') {
		if (p.text.n == 1)
			return bad_pattern(line, index, "an exception without a pattern", err);
		p.exclusion = true;
		p.text = cp_str_from(p.text, 1);
		set->have_exclusions = true;
		if (!is_plain(without_trailing_glob(p.text)))
			set->only_prefix_exceptions = false;
	}
	if (!cp_context_filepath_accepts(p.text))
		return bad_pattern(line, index, "malformed pattern", err);
	r = compile_one(a, &p);
	if (r < 0)
		return r == CP_ELIMIT ? bad_pattern(line, index, "pattern too long", err)
				      : cp_err_nomem(err);
	set->have_bad = set->have_bad || p.type == MATCH_BAD || p.type == MATCH_UNSUPPORTED;
	set->items[set->n++] = p;
	return 0;
}

int cp_patterns_compile(struct cp_arena *a, const struct cp_str *lines, size_t n,
			const struct cp_patterns **ret_patterns, struct cp_err *err)
{
	struct cp_patterns *set = CP_NEW(a, struct cp_patterns);

	if (n > CP_MAX_IGNORE_PATTERNS)
		return cp_err_set(err, CP_ELIMIT, "more than %u patterns", CP_MAX_IGNORE_PATTERNS);
	if (!set || !(set->items = cp_arena_array(a, n, sizeof(*set->items))))
		return cp_err_nomem(err);
	set->only_prefix_exceptions = true;
	for (size_t i = 0; i < n; i++) {
		int r = add_pattern(a, set, lines[i], i, err);

		if (r < 0)
			return r;
	}
	*ret_patterns = set;
	return 0;
}

size_t cp_patterns_count(const struct cp_patterns *p)
{
	return p->n;
}

bool cp_patterns_have_exclusions(const struct cp_patterns *p)
{
	return p->have_exclusions;
}

bool cp_context_patterns_have_bad(const struct cp_patterns *p)
{
	return p && p->have_bad;
}

size_t cp_context_patterns_words(const struct cp_patterns *p)
{
	return (p->n + 63) / 64;
}

bool cp_context_patterns_eq(const struct cp_patterns *x, const struct cp_patterns *y)
{
	size_t nx = x ? x->n : 0, ny = y ? y->n : 0;

	if (x == y)
		return true;
	if (nx != ny)
		return false;
	for (size_t i = 0; i < nx; i++)
		if (x->items[i].exclusion != y->items[i].exclusion ||
		    !cp_str_eq(x->items[i].text, y->items[i].text))
			return false;
	return true;
}

/* ---- matching ---- */

static int match_one(const struct pattern *p, struct cp_str path, bool *ret_matched,
		     struct cp_err *err)
{
	switch (p->type) {
	case MATCH_EXACT:
		*ret_matched = cp_str_eq(path, p->text);
		return 0;
	case MATCH_PREFIX:
		*ret_matched = cp_str_starts(path, p->literal);
		return 0;
	case MATCH_SUFFIX:
		*ret_matched = cp_str_ends(path, p->literal) ||
			       (cp_str_starts(p->literal, CP_S("/")) &&
				cp_str_eq(path, cp_str_from(p->literal, 1)));
		return 0;
	case MATCH_REGEX:
		return cp_context_regex_match(p->regex, path, ret_matched) < 0 ? cp_err_nomem(err)
									       : 0;
	case MATCH_UNSUPPORTED:
		return cp_err_set(err, CP_EUNSUPPORTED, "not supported in a pattern: \"%.*s\"",
				  CP_STR(p->text));
	case MATCH_BAD:
		break;
	}
	return cp_err_set(err, CP_EINVAL, "malformed pattern: \"%.*s\"", CP_STR(p->text));
}

/* One of the folders that `path` lies in matches; a bad pattern cannot get here. */
static int match_parents(const struct pattern *p, struct cp_str path, bool *ret_matched,
			 struct cp_err *err)
{
	for (size_t i = 1; i < path.n; i++) {
		int r;

		if (path.p[i] != '/')
			continue;
		r = match_one(p, cp_str_sub(path, 0, i), ret_matched, err);
		if (r < 0 || *ret_matched)
			return r;
	}
	return 0;
}

static bool info_has(struct cp_match_info info, size_t i)
{
	return info.bits && (info.bits[i / 64] >> (i % 64) & 1);
}

/* patternmatcher.go MatchesUsingParentResults. `bits`: all zero. */
static int match_list(const struct cp_patterns *p, struct cp_str path, struct cp_match_info parent,
		      bool *ret_matched, uint64_t *bits, struct cp_err *err)
{
	bool matched = false;

	for (size_t i = 0; i < p->n; i++) {
		const struct pattern *pat = &p->items[i];
		bool match = info_has(parent, i);
		int r = 0;

		if (!match) {
			if (pat->exclusion != matched)
				continue;
			r = match_one(pat, path, &match, err);
			if (r == 0 && !match && !parent.bits)
				r = match_parents(pat, path, &match, err);
		}
		if (r < 0)
			return r;
		if (!match)
			continue;
		if (bits)
			bits[i / 64] |= (uint64_t)1 << (i % 64);
		matched = !pat->exclusion;
	}
	*ret_matched = matched;
	return 0;
}

int cp_patterns_match(struct cp_arena *a, const struct cp_patterns *p, struct cp_str path,
		      struct cp_match_info parent, bool *ret_matched,
		      struct cp_match_info *ret_info, struct cp_err *err)
{
	uint64_t room[16] = {0}, *bits = NULL, *kept;
	cp_auto_free uint64_t *heap = NULL;
	size_t words = cp_context_patterns_words(p), size = words * sizeof(*bits);
	int r;

	if (ret_info) {
		heap = words > CP_LEN(room) ? calloc(words, sizeof(*heap)) : NULL;
		bits = words > CP_LEN(room) ? heap : room;
		if (!bits)
			return cp_err_nomem(err);
	}
	r = match_list(p, path, parent, ret_matched, bits, err);
	if (r < 0 || !ret_info)
		return r;
	if (parent.bits &&
	    memcmp(parent.bits, bits, size) == 0) { /* the common case costs no memory */
		*ret_info = parent;
		return 0;
	}
	kept = cp_arena_array(a, words, sizeof(*kept));
	if (!kept)
		return cp_err_nomem(err);
	memcpy(kept, bits, size);
	ret_info->bits = kept;
	return 0;
}

/* ---- what may still happen below a folder ---- */

/* Could the pattern match something below a folder, given with its slash? False is a proof. */
static bool may_match_below(const struct pattern *p, struct cp_str with_slash)
{
	switch (p->type) {
	case MATCH_EXACT:
		return p->text.n > with_slash.n && cp_str_starts(p->text, with_slash);
	case MATCH_PREFIX:
		return cp_str_starts(p->literal, with_slash) ||
		       cp_str_starts(with_slash, p->literal);
	case MATCH_REGEX:
		return cp_context_regex_may_begin(p->regex, with_slash);
	case MATCH_SUFFIX:
	case MATCH_BAD:
	case MATCH_UNSUPPORTED:
		break;
	}
	return true;
}

static int add_slash(struct cp_buf *b, struct cp_str path)
{
	cp_buf_adds(b, path);
	if (path.n)
		cp_buf_addc(b, '/');
	return cp_buf_error(b);
}

typedef bool (*pattern_test)(const struct pattern *pat);

/* Can a pattern that passes `test` (NULL = all) turn the fate of something below `path`? */
static bool reach_below(const struct cp_patterns *p, struct cp_str path, struct cp_match_info info,
			pattern_test test)
{
	cp_auto_buf struct cp_buf with_slash = CP_BUF_INIT(path.n + 2);
	bool matched = false, unknown = path.n && !info.bits;

	if (add_slash(&with_slash, path) < 0)
		return p->n > 0;
	for (size_t i = 0; i < p->n; i++) {
		const struct pattern *pat = &p->items[i];

		if (info_has(info, i))
			matched = !pat->exclusion;
		else if (pat->exclusion != matched)
			continue; /* it was skipped here, and so it is below */
		else if (test && !test(pat))
			continue;
		else if (unknown || may_match_below(pat, cp_buf_str(&with_slash)))
			return true;
	}
	return false;
}

bool cp_patterns_reach_below(const struct cp_patterns *p, struct cp_str path,
			     struct cp_match_info info)
{
	return reach_below(p, path, info, NULL);
}

/*
 * Can the pattern name something that git itself puts into .git? Git's own files have no extension but a few; branches and tags
 * name files too, but not such as "pom.xml" or "x.py": README says so.
 */
static bool may_name_git_file(const struct pattern *pat)
{
	static const char *const own[] = {"bin",    "bitmap",   "graph", "idx", "keep",     "lock",
					  "midx",   "mtimes",   "pack",  "pid", "promisor", "rev",
					  "sample", "worktree", "orig",  "git"};
	size_t dot = cp_str_rfind(pat->text, '.');
	struct cp_str extension;
	bool letter = false;

	if (dot >= pat->text.n)
		return true;
	extension = cp_str_from(pat->text, dot + 1);
	for (size_t i = 0; i < extension.n; i++) {
		char c = extension.p[i];
		bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (!is_letter && !(c >= '0' && c <= '9'))
			return true;
		letter = letter || is_letter;
	}
	for (size_t i = 0; i < CP_LEN(own); i++)
		if (cp_str_eq(extension, cp_str_c(own[i])))
			return true;
	return !letter;
}

bool cp_context_patterns_reach_git(const struct cp_patterns *p, struct cp_str path,
				   struct cp_match_info info)
{
	return reach_below(p, path, info, may_name_git_file);
}

void cp_context_patterns_hash_below(const struct cp_patterns *p, struct cp_str path,
				    struct cp_match_info info, struct cp_sha256 *h)
{
	cp_auto_buf struct cp_buf with_slash = CP_BUF_INIT(path.n + 2);
	bool all = add_slash(&with_slash, path) < 0 || (path.n && !info.bits);
	/* what the standing patterns since the last open one say: n(ot), y(es), - = nothing */
	char state = 'n';

	cp_sha256_add(h, p->only_prefix_exceptions ? "p" : "w", 1);
	for (size_t i = 0; i < p->n; i++) {
		const struct pattern *pat = &p->items[i];
		uint64_t n = pat->text.n;

		if (info_has(info, i)) {
			state = pat->exclusion ? 'n' : 'y';
			continue;
		}
		if (!all && !may_match_below(pat, cp_buf_str(&with_slash)))
			continue;
		cp_sha256_add(h, &state, 1);
		cp_sha256_add(h, pat->exclusion ? "!" : "+", 1);
		cp_sha256_add(h, &n, sizeof(n));
		cp_sha256_adds(h, pat->text);
		state = '-';
	}
	cp_sha256_add(h, &state, 1);
}

bool cp_context_patterns_walk_excluded(const struct cp_patterns *p, struct cp_str path)
{
	if (!p->only_prefix_exceptions)
		return true;
	for (size_t i = 0; i < p->n; i++) {
		struct cp_str text = without_trailing_glob(p->items[i].text);

		/* path + "/" begins text + "/" */
		if (p->items[i].exclusion && cp_str_starts(text, path) &&
		    (text.n == path.n || text.p[path.n] == '/'))
			return true;
	}
	return false;
}

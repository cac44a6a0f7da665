/* Options of a line as shlex splits and optparse reads them (req_file.py: get_line_parser, build_parser; cmdoptions.py). */
#include "requirements/requirements_int.h"

static const struct req_option_rule rules[] = {
	{"index-url", 'i', REQ_OPTION_TEXT, CP_REQ_OPT_INDEX},
	{"pypi-url", 0, REQ_OPTION_TEXT, CP_REQ_OPT_INDEX},
	{"extra-index-url", 0, REQ_OPTION_TEXT, CP_REQ_OPT_INDEX},
	{"no-index", 0, REQ_OPTION_FLAG, CP_REQ_OPT_INDEX},
	{"constraint", 'c', REQ_OPTION_TEXT, CP_REQ_OPT_CONSTRAINT},
	{"requirement", 'r', REQ_OPTION_TEXT, CP_REQ_OPT_REQUIREMENT},
	{"editable", 'e', REQ_OPTION_EDITABLE, CP_REQ_OPT_INDEX},
	{"find-links", 'f', REQ_OPTION_TEXT, CP_REQ_OPT_INDEX},
	{"no-binary", 0, REQ_OPTION_CONTROL, CP_REQ_OPT_INDEX},
	{"only-binary", 0, REQ_OPTION_CONTROL, CP_REQ_OPT_INDEX},
	{"prefer-binary", 0, REQ_OPTION_FLAG, CP_REQ_OPT_INDEX},
	{"require-hashes", 0, REQ_OPTION_FLAG, CP_REQ_OPT_HASHES},
	{"no-require-hashes", 0, REQ_OPTION_FLAG, CP_REQ_OPT_HASHES},
	{"pre", 0, REQ_OPTION_FLAG, CP_REQ_OPT_INDEX},
	{"all-releases", 0, REQ_OPTION_CONTROL, CP_REQ_OPT_INDEX},
	{"only-final", 0, REQ_OPTION_CONTROL, CP_REQ_OPT_INDEX},
	{"trusted-host", 0, REQ_OPTION_TEXT, CP_REQ_OPT_INDEX},
	{"use-feature", 0, REQ_OPTION_FEATURE, CP_REQ_OPT_INDEX},
	{"hash", 0, REQ_OPTION_HASH, CP_REQ_OPT_INDEX},
	{"config-settings", 'C', REQ_OPTION_SETTING, CP_REQ_OPT_INDEX},
};

/* A long name may be cut short where that is clear. */
static const struct req_option_rule *long_rule(struct cp_str name)
{
	const struct req_option_rule *found = NULL;

	for (size_t i = 0; i < CP_LEN(rules); i++) {
		struct cp_str full = cp_str_c(rules[i].name);

		if (cp_str_eq(full, name))
			return &rules[i];
		if (!cp_str_starts(full, name))
			continue;
		if (found)
			return NULL;
		found = &rules[i];
	}
	return found;
}

static const struct req_option_rule *letter_rule(char letter)
{
	for (size_t i = 0; i < CP_LEN(rules); i++)
		if (rules[i].letter == letter)
			return &rules[i];
	return NULL;
}

/* ---- words ---- */

struct words {
	struct cp_arena *a;
	struct cp_str s;
	size_t at;
};

/* shlex.split in POSIX mode, one word. 0: none is left; 1: *ret; -1: *ret_wrong. */
static int next_word(struct words *w, struct cp_str *ret, const char **ret_wrong)
{
	char *p, quote = '\0';
	size_t n = 0;

	while (w->at < w->s.n && strchr(" \t\r\n", w->s.p[w->at]))
		w->at++;
	if (w->at >= w->s.n)
		return 0;
	p = cp_arena_alloc(w->a, w->s.n - w->at + 1);
	for (; p && w->at < w->s.n; w->at++) {
		char c = w->s.p[w->at];

		if (!quote && strchr(" \t\r\n", c))
			break;
		if (!quote && (c == '"' || c == '\'')) {
			quote = c;
		} else if (quote && c == quote) {
			quote = '\0';
		} else if (c == '\\' && quote != '\'') {
			if (++w->at == w->s.n) {
				*ret_wrong = "a backslash is the last character";
				return -1;
			}
			c = w->s.p[w->at];
			if (quote && c != quote && c != '\\')
				p[n++] = '\\'; /* in quotes it escapes these two only */
			p[n++] = c;
		} else {
			p[n++] = c;
		}
	}
	if (quote)
		*ret_wrong = "a quote does not end";
	*ret = cp_str_n(p, n);
	return quote ? -1 : 1;
}

/* ---- values ---- */

static bool is_one_of(struct cp_str s, const char *const *all, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (cp_str_eq(s, cp_str_c(all[i])))
			return true;
	return false;
}

/* What optparse or a callback of pip refuses. */
static const char *check_value(const struct req_option *o)
{
	static const char *const features[] = {
		"fast-deps",  "inprocess-build-deps",         "venv-isolation",
		"truststore", "no-binary-enable-wheel-cache", "build-constraint"};
	static const char *const hashes[] = {"sha256", "sha384", "sha512"};
	size_t colon = cp_str_find(o->value, ':', 0);

	if (o->rule->type == REQ_OPTION_CONTROL && cp_str_starts(o->value, CP_S("-")))
		return "the option wants the names of packages";
	if (o->rule->type == REQ_OPTION_FEATURE && !is_one_of(o->value, features, CP_LEN(features)))
		return "pip knows no such feature";
	if (o->rule->type == REQ_OPTION_HASH && colon >= o->value.n)
		return "a hash is written as sha256:...";
	if (o->rule->type == REQ_OPTION_HASH &&
	    !is_one_of(cp_str_sub(o->value, 0, colon), hashes, CP_LEN(hashes)))
		return "pip takes sha256, sha384 and sha512 only";
	if (o->rule->type == REQ_OPTION_SETTING && cp_str_find(o->value, '=', 0) >= o->value.n)
		return "a setting is written as KEY=VALUE";
	return NULL;
}

/* The option that begins with the word `w`, its value with it. */
static const char *read_option(struct words *ws, struct cp_str w, struct req_option *ret)
{
	const char *wrong = NULL;
	bool value;
	int r;

	if (w.p[1] == '-') {
		size_t equal = cp_str_find(w, '=', 0);

		ret->rule = long_rule(cp_str_sub(w, 2, equal));
		ret->value = cp_str_from(w, equal + 1);
		value = equal < w.n;
	} else {
		ret->rule = w.p[1] ? letter_rule(w.p[1]) : NULL;
		ret->value = cp_str_from(w, 2);
		value = ret->value.n > 0;
	}
	if (!ret->rule)
		return "pip knows no such option in a requirement file";
	if (ret->rule->type == REQ_OPTION_FLAG)
		return value ? "the option takes no value" : NULL;
	if (value)
		return check_value(ret);
	r = next_word(ws, &ret->value, &wrong);
	if (r == 0)
		return "the option wants a value";
	return r < 0 ? wrong : check_value(ret);
}

const char *req_options(struct cp_arena *a, struct cp_str text, struct req_options *ret, size_t *at)
{
	struct words ws = {.a = a, .s = text};
	const char *wrong = NULL;
	struct cp_str w;
	int r;

	*at = 0;
	while ((r = next_word(&ws, &w, &wrong)) > 0 && !cp_str_eq(w, CP_S("--"))) {
		struct req_option o = {NULL};

		if (w.n >= 2 && w.p[0] == '-') { /* a word that is no option means nothing */
			wrong = read_option(&ws, w, &o);
			if (wrong || cp_vec_push(a, ret, o) < 0)
				return wrong;
		}
		*at = ws.at;
	}
	/* what is behind "--" is split, too */
	while (r > 0)
		r = next_word(&ws, &w, &wrong);
	return wrong;
}

/* WWW-Authenticate (RFC 7235) and what token servers answer. */
#include "registry/registry_int.h"

/* One value of name=value or name="value" pairs; at the value's first byte. */
static struct cp_str read_value(struct cp_arena *a, struct cp_str text, size_t *at)
{
	cp_auto_buf struct cp_buf out = CP_BUF_INIT(CP_MAX_NET_HEADER_BYTES);
	size_t i = *at;

	if (i >= text.n || text.p[i] != '"') {
		while (i < text.n && text.p[i] != ',' && text.p[i] != ' ')
			i++;
		cp_buf_adds(&out, cp_str_sub(text, *at, i));
	} else {
		for (i++; i < text.n && text.p[i] != '"'; i++) {
			if (text.p[i] == '\\' && i + 1 < text.n)
				i++;
			cp_buf_addc(&out, text.p[i]);
		}
		i++;
	}
	*at = i < text.n ? i : text.n;
	return cp_arena_str(a, cp_buf_str(&out));
}

static void note(struct registry_challenge *c, struct cp_str key, struct cp_str value)
{
	if (cp_str_eq_nocase(key, CP_S("realm")) && !c->realm.n)
		c->realm = value;
	else if (cp_str_eq_nocase(key, CP_S("service")))
		c->service = value;
	else if (cp_str_eq_nocase(key, CP_S("scope")))
		c->scope = value;
}

static void read_bearer(struct cp_arena *a, struct cp_str text, struct registry_challenge *c)
{
	size_t at = 0;

	while (at < text.n) {
		size_t from = at, eq;

		while (from < text.n && (text.p[from] == ' ' || text.p[from] == ','))
			from++;
		eq = cp_str_find(text, '=', from);
		if (eq == text.n)
			return;
		at = eq + 1;
		note(c, cp_str_trim(cp_str_sub(text, from, eq), " "), read_value(a, text, &at));
	}
}

bool registry_challenge_parse(struct cp_arena *a, const struct cp_str *values, size_t n,
			      struct registry_challenge *ret)
{
	struct registry_challenge c = {.realm = CP_S("")};

	for (size_t i = 0; i < n; i++) {
		size_t blank = cp_str_find(values[i], ' ', 0);
		struct cp_str scheme = cp_str_sub(values[i], 0, blank);

		if (cp_str_eq_nocase(scheme, CP_S("basic")))
			c.basic = true;
		if (!cp_str_eq_nocase(scheme, CP_S("bearer")) || c.bearer)
			continue;
		read_bearer(a, cp_str_from(values[i], blank), &c);
		c.bearer = c.realm.n > 0;
	}
	*ret = c;
	return c.basic || c.bearer;
}

int registry_token_parse(struct cp_arena *a, struct cp_str text, struct cp_str *ret_token,
			 struct cp_err *err)
{
	cp_auto_json struct cp_json_doc *doc = NULL;
	struct cp_err inner = {0};
	struct cp_str token;

	if (cp_json_parse(text, CP_S("token"), &doc, &inner) <
	    0) /* its text is not for a message */
		return cp_err_set(err, inner.code == CP_ENOMEM ? CP_ENOMEM : CP_EINVAL,
				  "the token server's answer is no JSON");
	token = cp_json_text(cp_json_get(cp_json_root(doc), "token"));
	if (!token.n)
		token = cp_json_text(cp_json_get(cp_json_root(doc), "access_token"));
	if (!token.n)
		return cp_err_set(err, CP_EINVAL, "the token server's answer has no token");
	for (size_t i = 0; i < token.n; i++)
		if ((unsigned char)token.p[i] <= 32 || (unsigned char)token.p[i] >= 127)
			return cp_err_set(err, CP_EINVAL, "the token server's answer has no token");
	*ret_token = cp_arena_str(a, token);
	return ret_token->p ? 0 : cp_err_nomem(err);
}

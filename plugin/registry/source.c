/* --cache-from values. */
#include "registry/registry_int.h"

static void set_member(struct cp_cache_source *s, struct cp_str key, struct cp_str value)
{
	static const char *const names[] = {"type",  "ref", "src",    "tag",   "digest",
					    "scope", "url", "url_v2", "token", "version"};
	struct cp_str *const members[] = {&s->type,  &s->ref, &s->src,    &s->tag,   &s->digest,
					  &s->scope, &s->url, &s->url_v2, &s->token, &s->version};

	for (size_t i = 0; i < CP_LEN(names); i++)
		if (cp_str_eq(key, cp_str_c(names[i])))
			*members[i] = value;
	if (cp_str_eq(key, CP_S("registry.insecure")))
		s->insecure = cp_str_eq(value, CP_S("true")) || cp_str_eq(value, CP_S("1"));
}

int cp_cache_source_parse(struct cp_arena *a, struct cp_str text,
			  struct cp_cache_source *ret_source, struct cp_err *err)
{
	struct cp_cache_source s = {.text = cp_arena_str(a, text)};
	struct cp_str rest, part;

	if (!s.text.p)
		return cp_err_nomem(err);
	if (cp_str_find(s.text, '=', 0) == s.text.n) { /* a bare name is a registry's */
		s.type = CP_S("registry");
		s.ref = s.text;
		*ret_source = s;
		return 0;
	}
	rest = s.text;
	while (cp_str_split(&rest, ',', &part)) {
		size_t eq = cp_str_find(part, '=', 0);

		set_member(&s, cp_str_trim_space(cp_str_sub(part, 0, eq)),
			   cp_str_from(part, eq + 1));
	}
	if (!s.type.n)
		return cp_err_set(err, CP_EUSAGE, "--cache-from %.*s: no type=", CP_STR(text));
	if (cp_str_eq(s.type, CP_S("local")) && !s.src.n)
		return cp_err_set(err, CP_EUSAGE, "--cache-from %.*s: type=local wants src=FOLDER",
				  CP_STR(text));
	*ret_source = s;
	return 0;
}

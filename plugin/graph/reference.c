#include "graph/reference_int.h"

#include "graph/build_int.h"

#define MAX_PATH 255u /* RepositoryNameTotalLengthMax */

static bool is_lower_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Width of one separator: a dot, one or two underscores, any number of dashes; 0 = none. */
static size_t separator(struct cp_str s, size_t at)
{
	size_t n = 0;

	if (s.p[at] == '.')
		return 1;
	if (s.p[at] == '_')
		return at + 1 < s.n && s.p[at + 1] == '_' ? 2 : 1;
	while (at + n < s.n && s.p[at + n] == '-')
		n++;
	return n;
}

static bool is_path_component(struct cp_str s)
{
	size_t i = 0;

	while (i < s.n) {
		size_t start = i;

		while (i < s.n && is_lower_alnum(s.p[i]))
			i++;
		if (i == start)
			return false;
		if (i == s.n)
			return true;
		start = i;
		i += separator(s, i);
		if (i == start)
			return false;
	}
	return false;
}

static bool is_remote_name(struct cp_str s)
{
	struct cp_str rest = s, part;

	if (s.n == 0)
		return false;
	while (cp_str_split(&rest, '/', &part))
		if (!is_path_component(part))
			return false;
	return true;
}

static bool is_domain_component(struct cp_str s)
{
	if (s.n == 0 || s.p[0] == '-' || s.p[s.n - 1] == '-')
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_alpha(s.p[i]) && !is_digit(s.p[i]) && s.p[i] != '-')
			return false;
	return true;
}

/* Bytes of an IPv6 address in brackets at the start, 0 = none. */
static size_t ipv6_width(struct cp_str s)
{
	size_t end = cp_str_find(s, ']', 0);

	if (s.n < 3 || s.p[0] != '[' || end == s.n || end == 1)
		return 0;
	for (size_t i = 1; i < end; i++)
		if (!is_hex(s.p[i]) && s.p[i] != ':')
			return 0;
	return end + 1;
}

/* domainAndPort */
static bool is_domain(struct cp_str s)
{
	size_t width = ipv6_width(s);
	size_t colon = width ? width : cp_str_find(s, ':', 0);
	struct cp_str host = cp_str_sub(s, 0, colon), port, part;

	if (colon < s.n) {
		port = cp_str_from(s, colon + 1);
		if (s.p[colon] != ':' || port.n == 0)
			return false;
		for (size_t i = 0; i < port.n; i++)
			if (!is_digit(port.p[i]))
				return false;
	}
	if (width)
		return true;
	while (cp_str_split(&host, '.', &part))
		if (!is_domain_component(part))
			return false;
	return true;
}

static bool is_tag(struct cp_str s)
{
	if (s.n == 0 || s.n > 128 || s.p[0] == '.' || s.p[0] == '-')
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_alpha(s.p[i]) && !is_digit(s.p[i]) && s.p[i] != '_' && s.p[i] != '.' &&
		    s.p[i] != '-')
			return false;
	return true;
}

int graph_digest_check(struct cp_str text, struct cp_err *err)
{
	static const struct {
		struct cp_str name;
		size_t n;
	} known[] = {
		{CP_S_INIT("sha256"), 64}, {CP_S_INIT("sha384"), 96}, {CP_S_INIT("sha512"), 128}};
	size_t colon = cp_str_find(text, ':', 0);
	struct cp_str hex = cp_str_from(text, colon < text.n ? colon + 1 : text.n);

	if (colon == 0 || hex.n == 0)
		return cp_err_set(err, CP_EINVAL, "invalid checksum digest format");
	for (size_t i = 0; i < CP_LEN(known); i++) {
		if (!cp_str_eq(cp_str_sub(text, 0, colon), known[i].name))
			continue;
		if (hex.n != known[i].n)
			return cp_err_set(err, CP_EINVAL, "invalid checksum digest length");
		if (!cp_str_is_hex(hex))
			return cp_err_set(err, CP_EINVAL, "invalid checksum digest format");
		return 0;
	}
	return cp_err_set(err, CP_EINVAL, "unsupported digest algorithm");
}

static bool has_upper(struct cp_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] >= 'A' && s.p[i] <= 'Z')
			return true;
	return false;
}

/* splitDockerDomain */
static int split_domain(struct cp_arena *a, struct cp_str s, struct cp_str *ret_domain,
			struct cp_str *ret_rest)
{
	size_t slash = cp_str_find(s, '/', 0);
	struct cp_str domain = cp_str_sub(s, 0, slash),
		      rest = cp_str_from(s, slash < s.n ? slash + 1 : s.n);
	bool hub = false;

	if (slash == s.n) {
		hub = true;
		rest = s;
	} else if (cp_str_eq(domain, CP_S("index.docker.io"))) {
		domain = CP_S("docker.io");
	} else if (!cp_str_eq(domain, CP_S("localhost")) &&
		   cp_str_find(domain, '.', 0) == domain.n &&
		   cp_str_find(domain, ':', 0) == domain.n && !has_upper(domain)) {
		hub = true;
		rest = s;
	}
	if (hub)
		domain = CP_S("docker.io");
	if (cp_str_eq(domain, CP_S("docker.io")) && cp_str_find(rest, '/', 0) == rest.n) {
		rest = cp_arena_cat(a, CP_S("library/"), rest);
		if (!rest.p)
			return CP_ENOMEM;
	}
	*ret_domain = domain;
	*ret_rest = rest;
	return 0;
}

static bool is_identifier(struct cp_str s)
{
	return s.n == 64 && cp_str_is_hex(s);
}

/* digestPat: an algorithm of letters and digits, and at least 32 hex digits. */
static bool looks_like_digest(struct cp_str s)
{
	size_t colon = cp_str_find(s, ':', 0);
	bool start = true;

	for (size_t i = 0; i < colon; i++) {
		bool joint = s.p[i] && strchr("-_+.", s.p[i]);

		if (start ? !is_alpha(s.p[i]) : !joint && !is_alpha(s.p[i]) && !is_digit(s.p[i]))
			return false;
		start = joint;
	}
	for (size_t i = colon + 1; i < s.n; i++)
		if (!is_hex(s.p[i]))
			return false;
	return !start && s.n > colon + 32;
}

/* The part behind the name: tag and digest. False when it is neither. */
static bool split_suffix(struct cp_str suffix, struct graph_ref *ref)
{
	size_t at = cp_str_find(suffix, '@', 0);

	if (at < suffix.n) {
		ref->digest = cp_str_from(suffix, at + 1);
		if (!looks_like_digest(ref->digest))
			return false;
	}
	if (at == 0)
		return true;
	ref->tag = cp_str_sub(suffix, 1, at);
	return suffix.p[0] == ':' && is_tag(ref->tag);
}

int graph_ref_parse(struct cp_arena *a, struct cp_str text, struct graph_ref *ret_ref,
		    struct cp_err *err)
{
	struct graph_ref ref = {.tag = CP_S(""), .digest = CP_S("")};
	struct cp_str domain, rest, remote, path;
	size_t end;
	int r;

	if (is_identifier(text))
		return cp_err_set(err, CP_EINVAL,
				  "invalid repository name (%.*s), cannot specify 64-byte "
				  "hexadecimal strings",
				  CP_STR(text));
	if (split_domain(a, text, &domain, &rest) < 0)
		return cp_err_nomem(err);
	remote = cp_str_sub(rest, 0, cp_str_find(rest, ':', 0));
	if (has_upper(remote))
		return cp_err_set(
			err, CP_EINVAL,
			"invalid reference format: repository name (%.*s) must be lowercase",
			CP_STR(remote));
	end = cp_str_find(remote, '@', 0);
	path = cp_str_sub(rest, 0, end);
	ref.name = GRAPH_CAT(a, domain, CP_S("/"), path);
	if (!ref.name.p)
		return cp_err_nomem(err);
	if (is_domain(domain) && is_remote_name(path)) {
		ref.domain = domain;
		ref.path = path;
	} else if (is_remote_name(ref.name)) {
		ref.domain = CP_S("");
		ref.path = ref.name;
	} else {
		return cp_err_set(err, CP_EINVAL, "invalid reference format");
	}
	if (end < rest.n && !split_suffix(cp_str_from(rest, end), &ref))
		return cp_err_set(err, CP_EINVAL, "invalid reference format");
	if (ref.path.n > MAX_PATH)
		return cp_err_set(err, CP_EINVAL,
				  "repository name must not be more than 255 characters");
	if (ref.digest.n) {
		r = graph_digest_check(ref.digest, err);
		if (r < 0)
			return r;
	}
	*ret_ref = ref;
	return 0;
}

void graph_ref_default_tag(struct graph_ref *ref)
{
	if (ref->tag.n == 0 && ref->digest.n == 0)
		ref->tag = CP_S("latest");
}

static struct cp_str suffixed(struct cp_arena *a, struct cp_str name, const struct graph_ref *ref)
{
	return GRAPH_CAT(a, name, ref->tag.n ? CP_S(":") : CP_S(""), ref->tag,
			 ref->digest.n ? CP_S("@") : CP_S(""), ref->digest);
}

struct cp_str graph_ref_text(struct cp_arena *a, const struct graph_ref *ref)
{
	return suffixed(a, ref->name, ref);
}

struct cp_str graph_ref_familiar(struct cp_arena *a, const struct graph_ref *ref)
{
	struct cp_str path = ref->path;

	if (!cp_str_eq(ref->domain, CP_S("docker.io")))
		return suffixed(a, ref->name, ref);
	if (cp_str_starts(path, CP_S("library/"))) {
		path = cp_str_from(path, 8);
		if (cp_str_find(path, '/', 0) < path.n)
			path = ref->path;
	}
	return suffixed(a, path, ref);
}

int cp_image_ref_normalise(struct cp_arena *a, struct cp_str ref, struct cp_str *ret_ref,
			   struct cp_err *err)
{
	struct graph_ref parsed;
	struct cp_str out;
	int r;

	r = graph_ref_parse(a, ref, &parsed, err);
	if (r < 0)
		return r;
	graph_ref_default_tag(&parsed);
	out = graph_ref_text(a, &parsed);
	if (!out.p)
		return cp_err_nomem(err);
	*ret_ref = out;
	return 0;
}

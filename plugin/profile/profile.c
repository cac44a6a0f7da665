#include "profile/profile.h"

#define KNOWN "0.34"
#define OLDEST_MINOR 13
#define NEWEST_MINOR 34
/* docker/dockerfile:1.N is cut from the tree of BuildKit v0.(N+6). */
#define FRONTEND_OFFSET 6

struct release {
	unsigned major, minor, patch;
};

enum program { FRONTEND, LABS, DAEMON }; /* LABS: a frontend without experiments */

/* A rule holds for releases from `since` on and before `until`; patch 0 unless said. */
static const struct {
	uint64_t rule;
	enum program program;
	unsigned since, until, until_patch;
} table[] = {
	{CP_RULE_SECRET_READS_ROOT, FRONTEND, 0, 15, 0},
	{CP_RULE_JSON_WITH_TAIL, FRONTEND, 0, 15, 0},
	{CP_RULE_NO_SECRET_ENV, FRONTEND, 0, 16, 0},
	{CP_RULE_NO_TARGETSTAGE, FRONTEND, 0, 17, 0},
	{CP_RULE_ONBUILD_NO_SOURCES, FRONTEND, 0, 17, 0},
	{CP_RULE_ONBUILD_UNORDERED, FRONTEND, 17, 18, 0},
	{CP_RULE_NO_OSVERSION, FRONTEND, 0, 19, 0},
	{CP_RULE_NO_SYMBOLIC_CHMOD, FRONTEND, 0, 17, 0},
	{CP_RULE_NO_SYMBOLIC_CHMOD, LABS, 17, 20, 0},
	{CP_RULE_NO_DEVICE, FRONTEND, 0, 20, 0},
	{CP_RULE_NO_DEVICE, DAEMON, 0, 20, 0},
	{CP_RULE_WINDOWS_PATH, FRONTEND, 0, 22, 0},
	{CP_RULE_WORKDIR_NO_TIME, FRONTEND, 0, 22, 0},
	{CP_RULE_HEREDOC_NO_BLANK, FRONTEND, 0, 22, 0},
	{CP_RULE_NO_UNPACK, FRONTEND, 0, 23, 0},
	{CP_RULE_GIT_NO_QUERY, FRONTEND, 0, 24, 0},
	{CP_RULE_NO_EXCLUDE, LABS, 0, 25, 0},
	{CP_RULE_NO_PARENTS, LABS, 0, 26, 0},
	{CP_RULE_NO_REQUIRED_PATHS, FRONTEND, 0, 26, 0},
	{CP_RULE_NO_SECURITY, LABS, 0, 26, 0},
	{CP_RULE_SHEBANG_NOT_CHOMPED, FRONTEND, 0, 27, 0},
	{CP_RULE_EPOCH_BY_ARG_ONLY, FRONTEND, 0, 29, 0},
	{CP_RULE_EPOCH_NUMBER_ONLY, FRONTEND, 0, 30, 0},
	{CP_RULE_CHOWN_EMPTY_GROUP, FRONTEND, 0, 34, 0},
	{CP_RULE_PATTERN_ESCAPES, FRONTEND, 0, 34, 0},
	{CP_RULE_DOT_WITHOUT_SLASH, FRONTEND, 14, 15, 0},
	{CP_RULE_DOT_DROPPED, FRONTEND, 0, 14, 0},
	{CP_RULE_CONTEXT_KEEPS_GIT, FRONTEND, 0, 24, 0},
	{CP_RULE_LINKS_LEXICAL, DAEMON, 0, 14, 0},
	{CP_RULE_SECRETS_ARE_READ, DAEMON, 0, 15, 0},
	{CP_RULE_LONG_ESCAPES, DAEMON, 0, 15, 0},
	{CP_RULE_JSON_ZEROS, DAEMON, 0, 17, 0},
	{CP_RULE_GIT_NO_REF, DAEMON, 0, 17, 0},
	{CP_RULE_GIT_COMMIT_NO_REF, DAEMON, 0, 22, 0},
	{CP_RULE_NO_MODE_TEXT, DAEMON, 0, 17, 0},
	{CP_RULE_NESTED_LINKS, DAEMON, 0, 25, 0},
	{CP_RULE_LIST_BASE_NAMES, DAEMON, 0, 26, 0},
	{CP_RULE_REFUSES_REQUIRED, DAEMON, 0, 26, 0},
	{CP_RULE_IMAGE_CHAIN, DAEMON, 0, 33, 1},
};

/* ---- texts ---- */

static bool read_number(struct cp_str text, unsigned *ret)
{
	int64_t v;

	if (text.n == 0 || text.n > 4 || text.p[0] < '0' || text.p[0] > '9' ||
	    !cp_str_to_int(text, 10, &v))
		return false;
	*ret = (unsigned)v;
	return true;
}

/* "1.7", "v0.26.3". A minor number has to be there. */
static bool read_release(struct cp_str text, struct release *ret, bool *ret_has_patch)
{
	struct cp_str rest = cp_str_starts(text, CP_S("v")) ? cp_str_from(text, 1) : text, part;
	struct release r = {0};

	if (!cp_str_split(&rest, '.', &part) || !read_number(part, &r.major) ||
	    !cp_str_split(&rest, '.', &part) || !read_number(part, &r.minor))
		return false;
	*ret_has_patch = cp_str_split(&rest, '.', &part);
	if (*ret_has_patch && (!read_number(part, &r.patch) || cp_str_split(&rest, '.', &part)))
		return false;
	*ret = r;
	return true;
}

static int check_release(struct cp_str text, bool frontend, struct cp_err *err)
{
	struct release r;
	bool has_patch;

	if (!read_release(text, &r, &has_patch) || r.major > (frontend ? 1u : 0u))
		return cp_err_set(err, CP_EUSAGE, "builder: %.*s is no release of BuildKit%s",
				  CP_STR(text),
				  frontend ? "'s frontend (0.26 or 1.20)" : " (0.26, 0.26.3)");
	if (!frontend && r.minor == 33 && !has_patch)
		return cp_err_set(
			err, CP_EUSAGE,
			"builder: 0.33.0 and 0.33.1 have other keys: name the whole release");
	return 0;
}

int cp_builder_parse(struct cp_str text, struct cp_builder *ret_builder, struct cp_err *err)
{
	struct cp_builder b = {.frontend_wins = false};
	struct cp_str rest = text, part;

	while (text.n && cp_str_split(&rest, ',', &part)) {
		size_t eq = cp_str_find(part, '=', 0);
		struct cp_str key = cp_str_trim(cp_str_sub(part, 0, eq), " "),
			      value = cp_str_trim(cp_str_from(part, eq + 1), " ");
		int r = 0;

		if (cp_str_eq(key, CP_S("buildkit"))) {
			b.frontend = b.daemon = value;
			r = check_release(value, false, err);
		} else if (cp_str_eq(key, CP_S("frontend"))) {
			b.frontend = value;
			b.frontend_wins = true;
			r = check_release(value, true, err);
		} else if (cp_str_eq(key, CP_S("daemon"))) {
			b.daemon = value;
			r = check_release(value, false, err);
		} else {
			return cp_err_set(
				err, CP_EUSAGE,
				"builder wants buildkit=0.NN, or frontend=1.NN and daemon=0.NN, not %.*s",
				CP_STR(part));
		}
		if (r < 0)
			return r;
	}
	*ret_builder = b;
	return 0;
}

/* ---- the frontend of "# syntax=" ---- */

/* "docker/dockerfile" on any host (mirrors), and its nightly sister. */
static bool is_dockerfile_image(struct cp_str name)
{
	static const char *const names[] = {"docker/dockerfile", "docker/dockerfile-upstream"};

	for (size_t i = 0; i < CP_LEN(names); i++) {
		struct cp_str n = cp_str_c(names[i]);

		if (cp_str_eq(name, n) || (cp_str_ends(name, n) && name.p[name.n - n.n - 1] == '/'))
			return true;
	}
	return false;
}

struct frontend {
	struct release release;
	bool known, floating, labs;
};

/* The tag says which release it is; "1", "latest" and "labs" move with the newest. */
static struct frontend frontend_of_image(struct cp_str image)
{
	struct cp_str name = cp_str_sub(image, 0, cp_str_find(image, '@', 0)), tag = CP_S("latest");
	size_t slash = cp_str_rfind(name, '/'), colon = cp_str_rfind(name, ':');
	struct frontend f = {.release = {0, NEWEST_MINOR, 0}};
	bool has_patch, pinned = name.n < image.n;

	if (colon < name.n && (slash == name.n || colon > slash)) {
		tag = cp_str_from(name, colon + 1);
		name = cp_str_sub(name, 0, colon);
	} else if (pinned) {
		return f; /* a digest alone: whatever it is */
	}
	if (!is_dockerfile_image(name))
		return f;
	f.labs = cp_str_eq(tag, CP_S("labs"));
	if (cp_str_ends(tag, CP_S("-labs"))) {
		f.labs = true;
		tag = cp_str_sub(tag, 0, tag.n - 5);
	}
	f.floating = cp_str_eq(tag, CP_S("1")) || cp_str_eq(tag, CP_S("latest")) ||
		     cp_str_eq(tag, CP_S("labs"));
	f.known = f.floating;
	if (f.floating || !read_release(tag, &f.release, &has_patch) || f.release.major != 1)
		return f;
	f.release.major = 0;
	f.release.minor += FRONTEND_OFFSET;
	f.known = true;
	return f;
}

/* ---- profiles ---- */

static bool before(const struct release *r, unsigned minor, unsigned patch)
{
	return r->minor < minor || (r->minor == minor && r->patch < patch);
}

static uint64_t rules_of(const struct release *frontend, bool labs, const struct release *daemon)
{
	uint64_t rules = 0;

	for (size_t i = 0; i < CP_LEN(table); i++) {
		const struct release *r = table[i].program == DAEMON ? daemon : frontend;

		if (table[i].program == LABS && labs)
			continue;
		if (r->minor >= table[i].since && before(r, table[i].until, table[i].until_patch))
			rules |= table[i].rule;
	}
	return rules;
}

static bool has_rules(const struct release *r)
{
	return r->major == 0 && r->minor >= OLDEST_MINOR && r->minor <= NEWEST_MINOR;
}

/* "1.20" is "0.26". */
static struct release named_release(struct cp_str text)
{
	struct release r = {0, NEWEST_MINOR, 0};
	bool has_patch;

	if (text.n && read_release(text, &r, &has_patch) && r.major == 1)
		r = (struct release){0, r.minor + FRONTEND_OFFSET, 0};
	return r;
}

static struct cp_str release_text(struct cp_arena *a, const struct release *r)
{
	return r->patch ? cp_arena_printf(a, "%u.%u.%u", r->major, r->minor, r->patch)
			: cp_arena_printf(a, "%u.%u", r->major, r->minor);
}

static int find_frontend(struct cp_arena *a, const struct cp_builder *b, struct cp_str syntax,
			 struct cp_profile *p, struct release *ret)
{
	struct frontend f;

	if (b->frontend.n && (!syntax.n || b->frontend_wins)) {
		*ret = named_release(b->frontend);
		return 0;
	}
	if (!syntax.n) /* the daemon's own */
		return 0;
	f = frontend_of_image(syntax);
	*ret = f.release;
	p->labs = f.labs;
	if (f.known && !f.floating)
		return 0;
	p->assumed = cp_arena_printf(a, "the frontend %.*s builds what BuildKit " KNOWN " builds",
				     CP_STR(syntax));
	if (!f.known)
		p->unknown = cp_arena_printf(
			a,
			"what the frontend %.*s makes of a Dockerfile is not known: name its release with --builder frontend=1.NN",
			CP_STR(syntax));
	return !p->assumed.p || (!f.known && !p->unknown.p) ? CP_ENOMEM : 0;
}

int cp_profile_of(struct cp_arena *a, const struct cp_builder *builder, struct cp_str syntax,
		  struct cp_profile *ret_profile, struct cp_err *err)
{
	struct cp_profile p = {.unknown = CP_S("")};
	struct release daemon = named_release(builder->daemon), frontend = daemon;

	if (find_frontend(a, builder, syntax, &p, &frontend) < 0)
		return cp_err_nomem(err);
	p.frontend = release_text(a, &frontend);
	p.daemon = release_text(a, &daemon);
	if (!p.frontend.p || !p.daemon.p)
		return cp_err_nomem(err);
	if (!has_rules(&frontend) || !has_rules(&daemon)) {
		bool old_frontend = !has_rules(&frontend);

		p.unknown = cp_arena_printf(
			a,
			"the keys of BuildKit %.*s%s are not known, only those of 0.%d to " KNOWN,
			CP_STR(old_frontend ? p.frontend : p.daemon),
			old_frontend ? "'s frontend" : "", OLDEST_MINOR);
		p.assumed = p.unknown;
		*ret_profile = p;
		return p.unknown.p ? 0 : cp_err_nomem(err);
	}
	p.rules = rules_of(&frontend, p.labs, &daemon);
	*ret_profile = p;
	return 0;
}

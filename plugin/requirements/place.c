/* What a line names: a name, a URL, an archive or a folder (constructors.py, models/link.py, models/wheel.py). */
#include "requirements/requirements_int.h"

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* ---- URLs ---- */

/* "git+https", in lower case, into `scheme`: urlsplit(url).scheme. "" = none. */
static struct cp_str scheme_of(struct cp_str url, char scheme[16])
{
	size_t colon = cp_str_find(url, ':', 0), n = 0;

	if (colon >= url.n || !is_alnum(url.p[0]) || (url.p[0] >= '0' && url.p[0] <= '9'))
		return cp_str_n(NULL, 0);
	for (size_t i = 0; i < colon; i++) {
		char c = url.p[i];

		if (c == '\t') /* urlsplit takes them out */
			continue;
		if ((!is_alnum(c) && c != '+' && c != '-' && c != '.') || n == 16)
			return cp_str_n(NULL, 0);
		scheme[n++] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
	return cp_str_n(scheme, n);
}

/* vcs.all_schemes */
static bool is_vcs(struct cp_str scheme)
{
	static const char *const all[] = {
		"bzr+http", "bzr+https", "bzr+ssh",   "bzr+sftp", "bzr+ftp",        "bzr+lp",
		"bzr+file", "git+http",  "git+https", "git+ssh",  "git+git",        "git+file",
		"hg+file",  "hg+http",   "hg+https",  "hg+ssh",   "hg+static-http", "svn+ssh",
		"svn+http", "svn+https", "svn+svn",   "svn+file"};

	for (size_t i = 0; i < CP_LEN(all); i++)
		if (cp_str_eq(scheme, cp_str_c(all[i])))
			return true;
	return false;
}

static bool is_url(struct cp_str s)
{
	char buffer[16];
	struct cp_str scheme = scheme_of(s, buffer);

	return is_vcs(scheme) || cp_str_eq(scheme, CP_S("http")) ||
	       cp_str_eq(scheme, CP_S("https")) || cp_str_eq(scheme, CP_S("file")) ||
	       cp_str_eq(scheme, CP_S("ftp"));
}

/* "[#&]egg=([^&]*)" of a URL; p NULL: there is none. */
static struct cp_str egg(struct cp_str url)
{
	for (size_t at = cp_str_find_str(url, CP_S("egg="), 1); at < url.n;
	     at = cp_str_find_str(url, CP_S("egg="), at + 1))
		if (url.p[at - 1] == '#' || url.p[at - 1] == '&')
			return cp_str_sub(url, at + 4, cp_str_find(url, '&', at));
	return cp_str_n(NULL, 0);
}

static bool is_project(struct cp_str name)
{
	for (size_t i = 0; i < name.n; i++)
		if (!is_alnum(name.p[i]) && !strchr("._-", name.p[i]))
			return false;
	return name.n && is_alnum(name.p[0]) && is_alnum(name.p[name.n - 1]);
}

static const char bad_egg[] = "what follows egg= is no name of a project";

/* "egg=name==1.0", as pip took it for years: which package the line is about can still be told. */
static struct cp_str old_egg(struct cp_str url)
{
	struct cp_str name = egg(url);
	size_t n = 0;

	while (n < name.n && (is_alnum(name.p[n]) || strchr("._-", name.p[n])))
		n++;
	name.n = n;
	return is_project(name) ? name : cp_str_n(NULL, 0);
}

/* What Link, urlsplit or url_to_path refuse. */
static const char *check_url(struct cp_str url)
{
	char buffer[16];
	struct cp_str scheme = scheme_of(url, buffer), name = egg(url), host;

	host = cp_str_from(url, scheme.n ? cp_str_find(url, ':', 0) + 1 : 0);
	if (name.p && !is_project(name))
		return bad_egg;
	if (!cp_str_starts(host, CP_S("//")))
		return NULL;
	host = cp_str_from(host, 2);
	for (size_t i = 0; i < host.n; i++)
		if (strchr("/?#", host.p[i]))
			host = cp_str_sub(host, 0, i);
	if ((cp_str_find(host, '[', 0) < host.n) != (cp_str_find(host, ']', 0) < host.n))
		return "an address whose bracket is not closed";
	if (cp_str_eq(scheme, CP_S("file")) && host.n && !cp_str_eq(host, CP_S("localhost")))
		return "a file: URL of another host";
	return NULL;
}

/* ---- archives ---- */

/* is_archive_file */
static bool is_archive(struct cp_str path)
{
	static const char *const ends[] = {".zip",    ".whl", ".tar.bz2", ".tbz",
					   ".tar.gz", ".tgz", ".tar",     ".tar.xz",
					   ".txz",    ".tlz", ".tar.lz",  ".tar.lzma"};
	struct cp_str file = cp_str_from(
		path, cp_str_rfind(path, '/') < path.n ? cp_str_rfind(path, '/') + 1 : 0);

	for (size_t i = 0; i < CP_LEN(ends); i++) {
		struct cp_str end = cp_str_c(ends[i]);

		if (file.n > end.n && cp_str_eq_nocase(cp_str_from(file, file.n - end.n), end) &&
		    cp_str_trim_left(cp_str_sub(file, 0, file.n - end.n), ".").n)
			return true;
	}
	return false;
}

/* The file's name in a URL or path, "%2B" as "+". */
static struct cp_str file_of(struct cp_arena *a, struct cp_str url, bool is_path)
{
	size_t end = is_path ? url.n : cp_str_find(url, '#', 0), slash, n = 0;
	char *p;

	end = is_path || cp_str_find(url, '?', 0) > end ? end : cp_str_find(url, '?', 0);
	url = cp_str_sub(url, 0, end);
	if (!is_path && cp_str_find_str(url, CP_S("://"), 0) < url.n) /* a host is no file */
		url = cp_str_from(url,
				  cp_str_find(url, '/', cp_str_find_str(url, CP_S("://"), 0) + 3));
	url = cp_str_trim_right(url, "/");
	slash = cp_str_rfind(url, '/');
	url = cp_str_from(url, slash < url.n ? slash + 1 : 0);
	p = cp_arena_alloc(a, url.n + 1);
	for (size_t i = 0; p && i < url.n; i++) {
		int64_t c;

		if (!is_path && url.p[i] == '%' && i + 2 < url.n &&
		    strchr("0123456789abcdefABCDEF", url.p[i + 1]) &&
		    cp_str_to_int(cp_str_sub(url, i + 1, i + 3), 16, &c) && c) {
			p[n++] = (char)c;
			i += 2;
		} else {
			p[n++] = url.p[i];
		}
	}
	return cp_str_n(p, p ? n : 0);
}

static bool is_word(struct cp_str s, const char *more)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_alnum(s.p[i]) && !strchr(more, s.p[i]) && (unsigned char)s.p[i] < 0x80)
			return false;
	return s.n > 0;
}

/* "py3-none-any", of which each part is a list with dots */
static bool are_tags(struct cp_str tags)
{
	struct cp_str part, one;

	for (int i = 0; cp_str_split(&tags, '-', &part); i++)
		while (cp_str_split(&part, '.', &one))
			if (!one.n || (i == 0 && (!is_word(one, "_") ||
						  (one.p[0] >= '0' && one.p[0] <= '9'))))
				return false;
	return true;
}

/* parse_wheel_filename: name-version(-build)-python-abi-platform.whl */
static const char *wheel(struct cp_str file, struct cp_str *ret_name)
{
	static const char wrong[] = "the name of the wheel has not the parts of one";
	struct cp_str s = cp_str_sub(file, 0, file.n - 4), rest = s, name, version, build;
	size_t dashes = 0, parts;

	for (size_t i = 0; i < s.n; i++)
		dashes += s.p[i] == '-';
	if (dashes != 4 && dashes != 5)
		return wrong;
	cp_str_split(&rest, '-', &name);
	cp_str_split(&rest, '-', &version);
	version = cp_str_trim(version, " ");
	if (!is_project(name) || cp_str_find_str(name, CP_S("__"), 0) < name.n || !version.n ||
	    req_version(version, false, true, &parts) != version.n)
		return wrong;
	if (dashes == 5) {
		cp_str_split(&rest, '-', &build);
		if (!build.n || build.p[0] < '0' || build.p[0] > '9')
			return wrong;
	}
	*ret_name = name;
	return are_tags(rest) ? NULL : wrong;
}

/* The name in front of a source archive: "a-b-1.0.tar.gz". pip looks into it. */
static struct cp_str guessed_name(struct cp_str file)
{
	if (is_archive(file))
		for (size_t i = 0; i + 1 < file.n; i++)
			if (file.p[i] == '-' && file.p[i + 1] >= '0' && file.p[i + 1] <= '9')
				return cp_str_sub(file, 0, i);
	return cp_str_n(NULL, 0);
}

/* ---- what they are ---- */

/* "...@<commit>", in full. */
static bool is_commit_url(struct cp_str url)
{
	size_t at;

	url = cp_str_sub(url, 0, cp_str_find(url, '#', 0));
	at = cp_str_rfind(url, '@');
	return at < url.n && url.n - at == 41 && strspn(url.p + at + 1, "0123456789abcdef") >= 40;
}

/* A link: its name is that of the wheel, else that behind egg=, else a guess. */
static const char *link_to(struct cp_arena *a, struct cp_str url, struct cp_requirement *q,
			   struct req_spec *spec)
{
	bool is_path = q->kind == CP_REQ_PATH;
	struct cp_str file = file_of(a, url, is_path), name = cp_str_n(NULL, 0);
	const char *wrong = is_path ? NULL : check_url(url);

	if (wrong == bad_egg) {
		name = old_egg(url);
		q->rejected = name.n > 0;
	}
	if (!wrong && cp_str_ends(file, CP_S(".whl")) && !q->editable)
		wrong = wheel(file, &name);
	if (wrong && !q->rejected)
		return wrong;
	if (!name.n && !is_path)
		name = egg(url);
	q->guessed = !name.n;
	if (q->guessed)
		name = guessed_name(file);
	q->named = name.n > 0;
	q->key = q->named ? cp_req_normalise(a, name) : url;
	q->pinned = is_commit_url(url);
	spec->url = url;
	return wrong;
}

static const char *by_name(struct cp_arena *a, struct cp_str text, struct cp_requirement *q,
			   struct req_spec *spec, size_t *at)
{
	const char *wrong = req_pep508(a, text, spec, at);

	if (!wrong && spec->url.n)
		wrong = check_url(spec->url);
	if (wrong)
		return wrong;
	q->kind = spec->url.n ? CP_REQ_URL : CP_REQ_NAME;
	q->named = true;
	q->key = cp_req_normalise(a, spec->name);
	q->pinned = spec->url.n ? is_commit_url(spec->url)
				: spec->n_versions == 1 &&
					  cp_str_starts(spec->versions[0], CP_S("==")) &&
					  !cp_str_ends(spec->versions[0], CP_S(".*"));
	return NULL;
}

static bool looks_like_path(struct cp_str s)
{
	return cp_str_find(s, '/', 0) < s.n || (s.n && s.p[0] == '.');
}

/* A folder that pip would look for: whether it is there is not known here, so signs that names of folders seldom have count against it. */
static bool is_folder(struct cp_str s)
{
	size_t slash = cp_str_find(s, '/', 0);

	if (!looks_like_path(s))
		return false;
	return slash == 0 || is_word(cp_str_sub(s, 0, slash), "._-+~");
}

/* strip_extras: "./lib[a,b]" */
static const char *cut_extras(struct cp_arena *a, struct cp_str *path, struct req_spec *spec,
			      size_t *at)
{
	struct cp_str s = *path;
	size_t open = s.n > 2 && cp_str_ends(s, CP_S("]")) ? s.n - 3 : 0, behind;
	const char *wrong;

	while (open > 0 && s.p[open] != '[' && s.p[open + 1] != ']')
		open--;
	if (open == 0 || s.p[open] != '[' || s.p[open + 1] == ']')
		return NULL;
	wrong = req_extras(a, cp_str_from(s, open), spec, &behind);
	if (!wrong && open + behind < s.n)
		wrong = "a comma or ] was expected";
	*at = open + behind;
	*path = req_strip(cp_str_sub(s, 0, open));
	return wrong;
}

static const char *place(struct cp_arena *a, struct cp_str text, struct cp_requirement *q,
			 struct req_spec *spec, size_t *at)
{
	struct cp_str path = text;
	size_t name_end = cp_str_find(text, '@', 0);
	const char *wrong;

	if (is_url(text)) {
		q->kind = CP_REQ_URL;
		return link_to(a, text, q, spec);
	}
	wrong = cut_extras(a, &path, spec, at);
	if (wrong)
		return wrong;
	q->kind = CP_REQ_PATH;
	if (is_archive(path) &&
	    (name_end == text.n || looks_like_path(cp_str_sub(text, 0, name_end))))
		return link_to(a, path, q, spec);
	if (is_folder(text))
		return link_to(a, path, q, spec);
	spec->n_extras = 0;
	return by_name(a, text, q, spec, at);
}

const char *req_place(struct cp_arena *a, struct cp_str text, struct cp_requirement *q,
		      struct req_spec *spec, size_t *at)
{
	struct cp_str sep = is_url(text) ? CP_S("; ") : CP_S(";");
	size_t end = cp_str_find_str(text, sep, 0);
	struct cp_str marker = req_strip(cp_str_from(text, end + sep.n));
	const char *wrong = NULL;

	if (marker.n) {
		wrong = req_marker(a, marker, &spec->marker, at);
		*at += (size_t)(marker.p - text.p);
	}
	if (wrong)
		return wrong;
	return place(a, req_strip(cp_str_sub(text, 0, end)), q, spec, at);
}

const char *req_editable(struct cp_arena *a, struct cp_str text, struct cp_requirement *q,
			 struct req_spec *spec, size_t *at)
{
	static const char *const systems[] = {"git:", "hg:", "bzr:", "svn:"};
	char buffer[16];
	struct cp_str scheme, path = text;
	const char *wrong;

	q->editable = true;
	if (req_pep508(a, text, spec, at) == NULL && spec->url.n) {
		wrong = by_name(a, text, q, spec, at);
		scheme = scheme_of(spec->url, buffer);
		if (!wrong && !is_vcs(scheme) && !cp_str_eq(scheme, CP_S("file")))
			wrong = "only folders and version control can be editable";
		return wrong;
	}
	*spec = (struct req_spec){.n_extras = 0};
	for (size_t i = 0; i < CP_LEN(systems); i++)
		if (text.n >= strlen(systems[i]) &&
		    cp_str_eq_nocase(cp_str_sub(text, 0, strlen(systems[i])), cp_str_c(systems[i])))
			text = cp_arena_printf(a, "%.*s+%.*s", (int)strlen(systems[i]) - 1,
					       systems[i], CP_STR(text));
	wrong = cut_extras(a, &path, spec, at);
	if (wrong)
		return wrong;
	scheme = scheme_of(text, buffer);
	if (is_vcs(scheme))
		spec->n_extras = 0;
	q->kind = scheme.n ? CP_REQ_URL : CP_REQ_PATH;
	if (scheme.n && !is_vcs(scheme) && !cp_str_eq(scheme, CP_S("file")))
		return "only folders and version control can be editable";
	wrong = link_to(a, is_vcs(scheme) ? text : path, q, spec);
	if (!wrong && is_vcs(scheme) && !egg(text).n)
		wrong = "pip cannot tell its name: write NAME @ URL";
	return wrong;
}

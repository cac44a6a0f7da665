/* A log in pieces ─► its lines ─► vertexes. */
#include <stdlib.h>

#include "builds/builds_int.h"

int cp_log_kind_parse(struct cp_str word, enum cp_log_kind *ret_kind, struct cp_err *err)
{
	static const char *const words[] = {"", "rawjson", "plain", "metadata", "inspect"};

	for (size_t i = 0; i < CP_LEN(words); i++)
		if (cp_str_eq(word, cp_str_c(words[i]))) {
			*ret_kind = (enum cp_log_kind)i;
			return 0;
		}
	return cp_err_set(err, CP_EUSAGE,
			  "a log is rawjson, plain, metadata or inspect, not \"%.*s\"",
			  CP_STR(word));
}

struct cp_log_reader *cp_log_reader_new(struct cp_arena *a)
{
	struct cp_log_reader *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->a = a;
	r->line = (struct cp_buf)CP_BUF_INIT(CP_MAX_LOG_LINE_BYTES);
	r->document = (struct cp_buf)CP_BUF_INIT(CP_MAX_LOG_LINE_BYTES);
	r->built.ms = r->built.export_ms = -1;
	r->built.commit = r->built.digest = r->built.ref = r->built.kind = CP_S("");
	return r;
}

void cp_log_reader_free(struct cp_log_reader *r)
{
	if (!r)
		return;
	cp_buf_release(&r->line);
	cp_buf_release(&r->document);
	free(r);
}

void cp_log_reader_begin(struct cp_log_reader *r, enum cp_log_kind kind, struct cp_str name)
{
	r->kind = kind;
	r->name = name;
	cp_buf_clear(&r->line);
	cp_buf_clear(&r->document);
	r->is_long = r->is_document = false;
	r->blank = true;
	r->n_found = r->n_other = 0;
	r->other = NULL;
	r->numbers = r->digests = (struct cp_map){0};
}

/* ---- vertexes ---- */

struct cp_vertex *cp_log_vertex(struct cp_log_reader *r, struct cp_str key)
{
	struct cp_vertex *v = cp_map_get(&r->vertexes, key);

	if (v)
		return v;
	if (r->n_vertexes == CP_MAX_LOG_VERTEXES || key.n > 128) {
		r->cut = true;
		return NULL;
	}
	v = CP_NEW(r->a, struct cp_vertex);
	if (v)
		v->key = cp_arena_str(r->a, key);
	if (!v || !v->key.p || cp_map_put(r->a, &r->vertexes, v->key, v) < 0) {
		r->nomem = true;
		return NULL;
	}
	v->name = CP_S("");
	v->order = r->n_vertexes++;
	v->plain_ms = -1;
	return v;
}

void cp_log_name(struct cp_log_reader *r, struct cp_vertex *v, struct cp_str name)
{
	if (!name.n || cp_str_eq(v->name, name))
		return;
	if (name.n > CP_MAX_LOG_NAME_BYTES - r->name_bytes) {
		r->cut = true;
		return;
	}
	r->name_bytes += name.n;
	v->name = cp_arena_str(r->a, name);
	if (!v->name.p) {
		v->name = CP_S("");
		r->nomem = true;
	}
}

struct cp_transfer *cp_log_transfer(struct cp_log_reader *r, struct cp_vertex *v, struct cp_str id)
{
	struct cp_transfer *t = cp_map_get(&r->transfers, id);

	if (t)
		return t;
	if (r->n_transfers == CP_MAX_LOG_VERTEXES) {
		r->cut = true;
		return NULL;
	}
	t = CP_NEW(r->a, struct cp_transfer);
	if (t)
		t->id = cp_arena_str(r->a, id);
	if (!t || !t->id.p || cp_map_put(r->a, &r->transfers, t->id, t) < 0) {
		r->nomem = true;
		return NULL;
	}
	t->vertex = v;
	r->n_transfers++;
	return t;
}

/* ---- lines ---- */

/* "Step 3/9 : COPY . .", "STEP 3/9: COPY . .", "INFO[0001] COPY . ." */
static const char *other_builder(struct cp_str line)
{
	if (cp_str_starts(line, CP_S("Step ")) && cp_str_find_str(line, CP_S(" : "), 0) < line.n)
		return "docker's legacy builder: build with DOCKER_BUILDKIT=1";
	if (cp_str_starts(line, CP_S("STEP ")))
		return "buildah or podman";
	if (cp_str_starts(line, CP_S("INFO[")))
		return "kaniko";
	return NULL;
}

static void take_line(struct cp_log_reader *r)
{
	struct cp_str line = cp_str_trim_right(cp_buf_str(&r->line), "\r");
	bool found = false;

	if (r->is_long || cp_buf_error(&r->line)) {
		r->nomem = r->nomem || cp_buf_error(&r->line) == CP_ENOMEM;
		r->built.n_skipped++;
		r->cut = true;
		return;
	}
	if (r->kind == CP_LOG_ANY || r->kind == CP_LOG_RAWJSON)
		found = cp_log_raw_line(r, line);
	if (!found && (r->kind == CP_LOG_ANY || r->kind == CP_LOG_PLAIN))
		found = cp_log_plain_line(r, line);
	r->n_found += found;
	if (!found && other_builder(line)) {
		r->other = other_builder(line);
		r->n_other++;
	}
	r->blank = cp_str_trim(line, " \t").n == 0;
}

/* A file that begins with a brace may be one JSON document; it is kept as long as it is not a log. */
static void keep_document(struct cp_log_reader *r, struct cp_str bytes)
{
	struct cp_str text = r->document.n ? bytes : cp_str_trim_left(bytes, " \t\r\n\xef\xbb\xbf");

	if (r->kind == CP_LOG_RAWJSON || r->kind == CP_LOG_PLAIN || r->n_found)
		return;
	if (!r->is_document && text.n)
		r->is_document = text.p[0] == '{' || text.p[0] == '[';
	if (r->is_document)
		cp_buf_adds(&r->document, text);
}

void cp_log_reader_feed(struct cp_log_reader *r, struct cp_str bytes)
{
	struct cp_str rest = bytes;

	if (r->document.n || !r->n_found)
		keep_document(r, bytes);
	while (rest.n) {
		size_t end = cp_str_find(rest, '\n', 0);

		if (!r->is_long)
			cp_buf_adds(&r->line, cp_str_sub(rest, 0, end));
		r->is_long = r->is_long || cp_buf_error(&r->line) == CP_ELIMIT;
		if (end == rest.n)
			return;
		take_line(r);
		cp_buf_clear(&r->line);
		r->is_long = false;
		rest = cp_str_from(rest, end + 1);
	}
}

/* "rawjson+metadata" */
static int add_kind(struct cp_log_reader *r, struct cp_str kind)
{
	struct cp_str *all = &r->built.kind;

	if (cp_str_find_str(*all, kind, 0) < all->n)
		return 0;
	*all = all->n ? cp_arena_printf(r->a, "%.*s+%.*s", CP_STR(*all), CP_STR(kind)) : kind;
	return all->p ? 0 : CP_ENOMEM;
}

static int nothing_found(const struct cp_log_reader *r, struct cp_err *err)
{
	cp_err_set(err, CP_EINVAL, "%.*s: nothing of a BuildKit build is in it", CP_STR(r->name));
	if (r->other)
		cp_err_hint(err, "it looks like the output of %s", r->other);
	else
		cp_err_hint(err, "docker buildx build --progress=rawjson . 2>build.jsonl");
	return CP_EINVAL;
}

int cp_log_reader_end(struct cp_log_reader *r, struct cp_err *err)
{
	struct cp_str found = CP_S("");

	if (r->line.n || r->is_long) {
		size_t before = r->n_found;

		take_line(r);
		if (r->n_found == before && r->n_found) /* the last line is half a line */
			r->cut = true;
		cp_buf_clear(&r->line);
	}
	if (r->n_found)
		found = r->numbers.n ? CP_S("plain") : CP_S("rawjson");
	else if (r->is_document && !cp_buf_error(&r->document) &&
		 cp_log_document(r, cp_buf_str(&r->document)))
		found = r->built.n_total ? CP_S("inspect") : CP_S("metadata");
	if (r->nomem || cp_buf_error(&r->document) == CP_ENOMEM)
		return cp_err_nomem(err);
	if (!found.n)
		return nothing_found(r, err);
	return add_kind(r, found) < 0 ? cp_err_nomem(err) : 0;
}

/* ---- times ---- */

static bool digits(struct cp_str s, size_t at, size_t n, int *ret)
{
	*ret = 0;
	if (at + n > s.n)
		return false;
	for (size_t i = at; i < at + n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		*ret = *ret * 10 + (s.p[i] - '0');
	}
	return true;
}

/* Days since 1970 of a date of the Gregorian calendar. */
static int64_t days_of(int year, int month, int day)
{
	int64_t y = year - (month <= 2), era = (y >= 0 ? y : y - 399) / 400, of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

int64_t cp_log_time(struct cp_str t)
{
	int year, month, day, hour, minute, second, zone_h, zone_m;
	int64_t ns = 0, scale = 100000000, offset = 0;
	size_t at = 19;

	if (!digits(t, 0, 4, &year) || !digits(t, 5, 2, &month) || !digits(t, 8, 2, &day) ||
	    !digits(t, 11, 2, &hour) || !digits(t, 14, 2, &minute) || !digits(t, 17, 2, &second) ||
	    year < 1970 || year > 2200 || t.p[10] != 'T')
		return 0;
	if (at < t.n && t.p[at] == '.')
		for (at++; at < t.n && t.p[at] >= '0' && t.p[at] <= '9'; at++, scale /= 10)
			ns += (t.p[at] - '0') * scale;
	if (at < t.n && (t.p[at] == '+' || t.p[at] == '-') && digits(t, at + 1, 2, &zone_h) &&
	    digits(t, at + 4, 2, &zone_m))
		offset = (t.p[at] == '-' ? -1 : 1) * (zone_h * 3600 + zone_m * 60);
	return (days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset) *
		       1000000000 +
	       ns;
}

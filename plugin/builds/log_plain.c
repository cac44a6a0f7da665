/*
 * --progress=plain (util/progress/progressui/printer.go):
 *
 *   #7 [builder 3/4] RUN make      a vertex, each time that it is printed again after another
 *   #7 0.123 gcc -c x.c            what it writes, with the seconds since it began
 *   #7 sha256:... 1MB / 2MB 0.1s done, extracting ...        layers
 *   #7 DONE 1.2s | CACHED | ERROR: ... | CANCELED | ...
 */
#include "builds/builds_int.h"

/* Without colours. In place: the line is the reader's own. */
static struct cp_str without_escapes(struct cp_str line, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < line.n; i++) {
		if (line.p[i] != '\033') {
			out[n++] = line.p[i];
			continue;
		}
		if (i + 1 < line.n && line.p[i + 1] == '[')
			for (i += 2; i < line.n && (line.p[i] < '@' || line.p[i] > '~'); i++)
				;
	}
	return cp_str_n(out, n);
}

/* The time that a CI puts in front of every line. */
static struct cp_str without_time(struct cp_str line)
{
	struct cp_str text = cp_str_trim_left(line, " \t[");
	size_t end = cp_str_find_str(text, CP_S("#"), 0);

	if (!cp_log_time(text) || end > 64)
		return cp_str_trim_left(line, " \t");
	return cp_str_from(text, end);
}

/* "#12 rest" */
static bool split(struct cp_str line, struct cp_str *ret_number, struct cp_str *ret_rest)
{
	size_t n = 1;

	if (line.n < 4 || line.p[0] != '#')
		return false;
	while (n < line.n && line.p[n] >= '0' && line.p[n] <= '9')
		n++;
	if (n == 1 || n > 7 || n == line.n || line.p[n] != ' ')
		return false;
	*ret_number = cp_str_sub(line, 0, n);
	*ret_rest = cp_str_from(line, n + 1);
	return true;
}

/* "1.2s" in milliseconds, -1 = it is none. Go prints minutes only in its own durations, which are not used here. */
static int64_t seconds(struct cp_str s)
{
	size_t dot = cp_str_find(s, '.', 0);
	int64_t whole, part = 0;

	if (s.n < 2 || s.p[s.n - 1] != 's' || s.p[0] == '-' || s.n > 16)
		return -1;
	if (!cp_str_to_int(cp_str_sub(s, 0, dot < s.n ? dot : s.n - 1), 10, &whole))
		return -1;
	if (dot < s.n &&
	    (dot + 2 >= s.n || !cp_str_to_int(cp_str_sub(s, dot + 1, dot + 2), 10, &part)))
		return -1;
	return whole * 1000 + part * 100;
}

/* "0.123 text" */
static bool is_output(struct cp_str rest)
{
	size_t n = 0, dot;

	while (n < rest.n && rest.p[n] >= '0' && rest.p[n] <= '9')
		n++;
	dot = n;
	if (n == 0 || n == rest.n || rest.p[n] != '.')
		return false;
	for (n++; n < rest.n && rest.p[n] >= '0' && rest.p[n] <= '9';)
		n++;
	return n > dot + 1 && (n == rest.n || rest.p[n] == ' ');
}

/* units.Bytes prints "1.06MB": decimal units, which are exact enough for a speed. */
static uint64_t bytes_of(struct cp_str s)
{
	static const struct {
		const char *unit;
		double factor;
	} units[] = {{"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1}};
	double n = 0, scale = 1;
	size_t i = 0;

	for (; i < s.n && i < 16 && s.p[i] >= '0' && s.p[i] <= '9'; i++)
		n = n * 10 + (s.p[i] - '0');
	if (i < s.n && s.p[i] == '.')
		for (i++; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++) {
			scale /= 10;
			n += (s.p[i] - '0') * scale;
		}
	for (size_t k = 0; k < CP_LEN(units); k++)
		if (cp_str_eq(cp_str_from(s, i), cp_str_c(units[k].unit)))
			return (uint64_t)(n * units[k].factor);
	return 0;
}

/* "sha256:... 1.06MB / 1.06MB 0.1s done" */
static void layer(struct cp_log_reader *r, struct cp_vertex *v, struct cp_str rest)
{
	struct cp_str words[6] = {{0}}, left = rest, word;
	struct cp_transfer *t;
	int64_t ms = -1;
	size_t n = 0;

	while (n < CP_LEN(words) && cp_str_split(&left, ' ', &word))
		words[n++] = word;
	v->pulled = true;
	if (n < 5 || words[0].n != CP_DIGEST_TEXT || !cp_str_eq(words[2], CP_S("/")))
		return;
	ms = n > 5 ? seconds(words[4]) : -1;
	t = cp_log_transfer(r, v, words[0]);
	if (!t || !cp_str_eq(words[n - 1], CP_S("done")))
		return;
	t->bytes = bytes_of(words[3]);
	t->span = (struct cp_span){1, ms > 0 ? 1 + ms * 1000000 : 0};
}

/* A number that begins another build in the same log is another vertex. */
static struct cp_vertex *header(struct cp_log_reader *r, struct cp_str number, struct cp_str name)
{
	struct cp_vertex *v;
	struct cp_str key;

	if (!cp_utf8_valid(name))
		return NULL;
	key = cp_arena_printf(r->a, "%.*s.%zu", CP_STR(number), r->n_vertexes);
	v = key.p ? cp_log_vertex(r, key) : NULL;
	key = v ? cp_arena_str(r->a, number) : key;
	r->nomem = r->nomem || !key.p;
	if (!v || !key.p || cp_map_put(r->a, &r->numbers, key, v) < 0)
		return NULL;
	cp_log_name(r, v, name);
	v->has_inputs = v->plain = true;
	return v;
}

static void event(struct cp_log_reader *r, struct cp_vertex *v, struct cp_str rest)
{
	if (cp_str_eq(rest, CP_S("CACHED"))) {
		v->cached = true;
		v->logged = v->pulled = v->done = false; /* what counts is what comes later */
	} else if (cp_str_eq(rest, CP_S("DONE")) || cp_str_starts(rest, CP_S("DONE "))) {
		v->done = true;
		v->plain_ms = seconds(cp_str_from(rest, 5));
	} else if (cp_str_starts(rest, CP_S("ERROR"))) {
		v->failed = true;
	} else if (cp_str_eq(rest, CP_S("CANCELED"))) {
		v->cancelled = true;
	} else if (is_output(rest)) {
		v->logged = true;
	} else if (cp_str_starts(rest, CP_S("sha256:"))) {
		layer(r, v, rest);
	} else if (cp_str_starts(rest, CP_S("extracting sha256:"))) {
		v->pulled = true;
	}
	v->started = true;
}

/* Names of vertexes that every build has; a log that begins with anything else is another program's. */
static bool is_name(struct cp_str name)
{
	return name.n &&
	       (name.p[0] == '[' || cp_str_starts(name, CP_S("importing cache")) ||
		cp_str_starts(name, CP_S("exporting ")) || cp_str_starts(name, CP_S("resolve ")) ||
		cp_str_starts(name, CP_S("preparing ")) ||
		cp_str_starts(name, CP_S("building with ")) ||
		cp_str_starts(name, CP_S("merging ")) ||
		cp_str_starts(name, CP_S("docker-image://")) ||
		cp_str_starts(name, CP_S("local://")));
}

static bool take(struct cp_log_reader *r, struct cp_str line)
{
	struct cp_str number, rest;
	struct cp_vertex *v;

	if (!split(without_time(line), &number, &rest))
		return false;
	v = cp_map_get(&r->numbers, number);
	if (!v || (r->blank && rest.n && rest.p[0] == '[' && !cp_str_eq(v->name, rest)))
		return is_name(rest) && header(r, number, rest);
	event(r, v, rest);
	return true;
}

bool cp_log_plain_line(struct cp_log_reader *r, struct cp_str line)
{
	cp_auto_buf struct cp_buf copy = CP_BUF_INIT(CP_MAX_LOG_LINE_BYTES);
	char *room;

	if (cp_str_find(line, '#', 0) == line.n)
		return false;
	if (cp_str_find(line, '\033', 0) == line.n)
		return take(r, line);
	room = cp_buf_grow(&copy, line.n);
	r->nomem = r->nomem || !room;
	return room && take(r, without_escapes(line, room));
}

#include "base/path.h"

bool cp_path_next(struct cp_str *rest, struct cp_str *ret_component)
{
	size_t at;

	*rest = cp_str_trim_left(*rest, "/");
	if (rest->n == 0)
		return false;
	at = cp_str_find(*rest, '/', 0);
	*ret_component = cp_str_sub(*rest, 0, at);
	*rest = cp_str_from(*rest, at);
	return true;
}

/* Cut the last component off out[0..n). `floor`: bytes that must stay. */
static size_t pop(const char *out, size_t n, size_t floor)
{
	while (n > floor && out[n - 1] != '/')
		n--;
	return n > floor ? n - 1 : n;
}

struct cp_str cp_path_clean(struct cp_arena *a, struct cp_str path)
{
	bool rooted = cp_path_is_abs(path);
	struct cp_str rest = path, part;
	char *out = cp_arena_alloc(a, path.n + 2);
	size_t n = 0, floor; /* out[0..floor) cannot be backed out of: "/" or leading ".."s */

	if (!out)
		return (struct cp_str){NULL, 0};
	if (rooted)
		out[n++] = '/';
	floor = n;
	while (cp_path_next(&rest, &part)) {
		bool up = cp_str_eq(part, CP_S(".."));

		if (cp_str_eq(part, CP_S(".")) || (up && rooted && n == floor))
			continue;
		if (up && n > floor) {
			n = pop(out, n, floor);
			continue;
		}
		if (n > (size_t)rooted)
			out[n++] = '/';
		memcpy(out + n, part.p, part.n);
		n += part.n;
		if (up)
			floor = n;
	}
	if (n == 0)
		out[n++] = '.';
	out[n] = '\0';
	return cp_str_n(out, n);
}

struct cp_str cp_path_join(struct cp_arena *a, struct cp_str x, struct cp_str y)
{
	struct cp_str both;

	if (x.n == 0 && y.n == 0)
		return CP_S("");
	if (x.n == 0)
		return cp_path_clean(a, y);
	both = cp_arena_cat(a, x, CP_S("/"));
	if (both.p)
		both = cp_arena_cat(a, both, y);
	return both.p ? cp_path_clean(a, both) : both;
}

struct cp_str cp_path_base(struct cp_str path)
{
	size_t at;

	if (path.n == 0)
		return CP_S(".");
	path = cp_str_trim_right(path, "/");
	if (path.n == 0)
		return CP_S("/");
	at = cp_str_rfind(path, '/');
	return at < path.n ? cp_str_from(path, at + 1) : path;
}

struct cp_str cp_path_dir(struct cp_arena *a, struct cp_str path)
{
	size_t at = cp_str_rfind(path, '/');

	return cp_path_clean(a, at < path.n ? cp_str_sub(path, 0, at + 1) : CP_S(""));
}

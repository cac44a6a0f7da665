/* pip install: its words, and the names in requirement files. Only what rules need: names, includes, paths. */
#include "advise/advise_int.h"

#define MAX_INCLUDES 64u

/* Options of pip install that take a word. */
static bool takes_value(struct cp_str w)
{
	static const char *const names[] = {
		"-t", "--target", "--prefix", "--root", "--platform", "--python-version",
		"--implementation", "--abi", "--progress-bar", "--upgrade-strategy", "--src",
		"--cache-dir", "--timeout", "--retries", "--trusted-host", "--no-binary",
		"--only-binary", "--report", "--config-settings", "-C", "--cert", "--proxy",
		/* of uv pip install */
		"-p", "--python", "--index-strategy", "--torch-backend", "--prerelease",
		"--resolution", "--link-mode"};

	return cp_advise_is_one_of(w, names, CP_LEN(names));
}

/* "-r x", "-rx", "--requirement=x": the value, or p NULL when the word is another option. `next` is the word after it. */
static struct cp_str value_of(struct cp_str word, struct cp_str next, char letter, const char *name,
			      bool *ret_next)
{
	struct cp_str full = cp_str_c(name);

	*ret_next = false;
	if ((word.n == 2 && word.p[0] == '-' && word.p[1] == letter) || cp_str_eq(word, full)) {
		*ret_next = true;
		return next;
	}
	if (cp_str_starts(word, full) && word.n > full.n && word.p[full.n] == '=')
		return cp_str_from(word, full.n + 1);
	if (word.n > 2 && word.p[0] == '-' && word.p[1] == letter)
		return cp_str_from(word, 2);
	return (struct cp_str){NULL, 0};
}

static bool is_path(struct cp_str w)
{
	if (cp_str_find_str(w, CP_S("://"), 0) < w.n)
		return false;
	return cp_str_starts(w, CP_S(".")) || cp_str_find(w, '/', 0) < w.n ||
	       cp_str_ends(w, CP_S(".whl")) || cp_str_ends(w, CP_S(".tar.gz"));
}

static bool is_index(struct cp_str w)
{
	static const char *const names[] = {"-i", "--index-url",  "--extra-index-url",
					    "-f", "--find-links", "--no-index"};
	size_t eq = cp_str_find(w, '=', 0);

	return cp_advise_is_one_of(cp_str_sub(w, 0, eq), names, CP_LEN(names));
}

int cp_advise_pip(struct cp_arena *a, const struct cp_simple *s, struct cp_pip *ret_pip)
{
	struct cp_pip pip = {.local = false};
	size_t i = cp_simple_pip(s);
	int r = 0;

	for (; r == 0 && i && i < s->n; i++) {
		struct cp_str w = s->words[i], next = i + 1 < s->n ? s->words[i + 1] : CP_S("");
		bool skip, skip_c;
		struct cp_str file = value_of(w, next, 'r', "--requirement", &skip),
			      limit = value_of(w, next, 'c', "--constraint", &skip_c);

		if (file.p || limit.p) {
			r = cp_vec_push(a, &pip.files, file.p ? file : limit);
			i += skip || skip_c;
		} else if (is_index(w)) {
			pip.other_index = true;
			i += cp_str_find(w, '=', 0) == w.n && !cp_str_eq(w, CP_S("--no-index"));
		} else if (cp_str_eq(w, CP_S("-e")) || cp_str_starts(w, CP_S("--editable"))) {
			pip.local = true;
		} else if (takes_value(w)) {
			i++;
		} else if (!cp_str_starts(w, CP_S("-"))) {
			pip.local = pip.local || is_path(w);
			r = cp_vec_push(a, &pip.packages, w);
		}
	}
	*ret_pip = pip;
	return r < 0 ? CP_ENOMEM : 0;
}

/* ---- requirement files ---- */

/* PEP 503 without the runs: lower case, '_' and '.' as '-'. */
static bool same_name(struct cp_str name, const char *listed)
{
	if (name.n != strlen(listed))
		return false;
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];

		c = (char)(c >= 'A' && c <= 'Z' ? c | 32 : c == '_' || c == '.' ? '-' : c);
		if (c != listed[i])
			return false;
	}
	return true;
}

static struct cp_str name_of(struct cp_str line)
{
	size_t n = 0;

	while (n < line.n &&
	       (strchr("-_.", line.p[n]) || (line.p[n] >= '0' && line.p[n] <= '9') ||
		((line.p[n] | 32) >= 'a' && (line.p[n] | 32) <= 'z')) &&
	       line.p[n])
		n++;
	return cp_str_sub(line, 0, n);
}

static struct cp_str listed(struct cp_str line, const char *const *list, size_t n)
{
	struct cp_str name = name_of(line);

	for (size_t i = 0; i < n; i++)
		if (same_name(name, list[i]))
			return cp_str_c(list[i]);
	return CP_S("");
}

/* From one file on, for one list; kept, since a Dockerfile may name a file as often as it likes. */
struct walk {
	struct walk *next; /* of the same path */
	struct cp_adviser *ad;
	const char *const *list;
	size_t n;
	struct cp_str hit; /* of the list */
	cp_str_vec files;
	bool whole; /* every file was read, and no line is a path */
};

static void walk_line(struct walk *w, struct cp_str folder, struct cp_str line)
{
	struct cp_str file, next = cp_str_trim_space(cp_str_from(line, cp_str_find(line, ' ', 0)));
	bool skip;

	file = value_of(cp_str_sub(line, 0, cp_str_find(line, ' ', 0)), next, 'r', "--requirement",
			&skip);
	if (!file.p)
		file = value_of(cp_str_sub(line, 0, cp_str_find(line, ' ', 0)), next, 'c',
				"--constraint", &skip);
	if (file.p) {
		struct cp_str path = cp_path_join(w->ad->a, folder, file);

		for (size_t i = 0; i < w->files.n; i++)
			if (cp_str_eq(w->files.items[i], path))
				return;
		if (!path.p || w->files.n >= MAX_INCLUDES ||
		    cp_vec_push(w->ad->a, &w->files, path) < 0)
			w->whole = false;
		return;
	}
	if (cp_str_starts(line, CP_S("-e")) || cp_str_starts(line, CP_S("--editable")) ||
	    cp_str_starts(line, CP_S(".")) || cp_str_starts(line, CP_S("/")) ||
	    cp_str_find_str(line, CP_S("file:"), 0) < line.n || cp_str_starts(line, CP_S("-f")) ||
	    cp_str_starts(line, CP_S("--find-links")))
		w->whole = false;
	if (!w->hit.n)
		w->hit = listed(line, w->list, w->n);
}

static void walk_files(struct walk *w)
{
	for (size_t i = 0; i < w->files.n; i++) {
		cp_auto_buf struct cp_buf text = CP_BUF_INIT(1u << 20);
		struct cp_str rest, line, folder = cp_path_dir(w->ad->a, w->files.items[i]);

		if (!folder.p || !cp_advise_read(w->ad, w->files.items[i], &text)) {
			w->whole = false;
			continue;
		}
		rest = cp_buf_str(&text);
		while (cp_str_split(&rest, '\n', &line)) {
			line = cp_str_trim_space(line);
			if (line.n && line.p[0] != '#')
				walk_line(w, folder, line);
		}
	}
}

/* NULL: no memory, which the adviser remembers. */
static const struct walk *walk_from(struct cp_adviser *ad, struct cp_str path,
				    const char *const *list, size_t n)
{
	struct walk *first, *w;

	path = cp_path_clean(ad->a, path);
	first = path.p ? cp_map_get(&ad->walks, path) : NULL;
	for (w = first; w; w = w->next)
		if (w->list == list)
			return w;
	w = CP_NEW(ad->a, struct walk);
	if (!path.p || !w || cp_map_put(ad->a, &ad->walks, path, w) < 0) {
		ad->no_memory = true;
		return NULL;
	}
	*w = (struct walk){.next = first, .ad = ad, .list = list, .n = n};
	w->whole = cp_vec_push(ad->a, &w->files, path) == 0;
	walk_files(w);
	return w;
}

struct cp_str cp_advise_requires(struct cp_adviser *ad, struct cp_str path, const char *const *list,
				 size_t n)
{
	const struct walk *w = walk_from(ad, path, list, n);

	return w ? w->hit : CP_S("");
}

bool cp_advise_includes(struct cp_adviser *ad, struct cp_str path, cp_str_vec *ret_files)
{
	const struct walk *w = walk_from(ad, path, NULL, 0);

	for (size_t i = 0; w && i < w->files.n; i++)
		if (cp_vec_push(ad->a, ret_files, w->files.items[i]) < 0)
			return false;
	return w && w->whole;
}

static struct cp_str command_requires(struct cp_adviser *ad, const struct cp_simple *s,
				      const char *const *list, size_t n)
{
	struct cp_pip pip;
	struct cp_str hit = CP_S("");

	if (!cp_simple_pip(s) || cp_advise_pip(ad->a, s, &pip) < 0 || pip.other_index)
		return hit;
	for (size_t i = 0; !hit.n && i < pip.packages.n; i++)
		hit = listed(pip.packages.items[i], list, n);
	for (size_t i = 0; !hit.n && i < pip.files.n; i++)
		hit = cp_advise_requires(ad, pip.files.items[i], list, n);
	return hit;
}

struct cp_str cp_advise_stage_requires(struct cp_adviser *ad, const struct cp_stage_view *v,
				       const char *const *list, size_t n)
{
	struct cp_str hit = CP_S("");

	for (size_t i = 0; i < v->stage->n_commands; i++)
		for (size_t k = 0; !hit.n && k < v->scripts[i].n; k++)
			hit = command_requires(ad, &v->scripts[i].commands[k], list, n);
	return hit;
}

/* The hunks of one file, put where their context is (git apply.c apply_one_fragment, find_pos). */
#include "patch/patch.h"

typedef CP_VEC(struct cp_str) line_vec;

static int split_lines(struct cp_arena *a, struct cp_str text, line_vec *ret)
{
	while (text.n) {
		struct cp_str line = cp_str_sub(text, 0, cp_str_find(text, '\n', 0) + 1);

		if (cp_vec_push(a, ret, line) < 0)
			return CP_ENOMEM;
		text = cp_str_from(text, line.n);
	}
	return 0;
}

struct image {
	const struct cp_str *lines; /* of the old text */
	size_t n;
	size_t done; /* lines before this one are edited already, or passed */
};

static bool fits_at(const struct image *im, const struct cp_patch_hunk *h, size_t at)
{
	for (size_t i = 0; i < h->n_lines; i++) {
		if (h->lines[i].op == '+')
			continue;
		if (at >= im->n || !cp_str_eq(im->lines[at], h->lines[i].text))
			return false;
		at++;
	}
	return true;
}

static size_t n_old(const struct cp_patch_hunk *h)
{
	size_t n = 0;

	for (size_t i = 0; i < h->n_lines; i++)
		n += h->lines[i].op != '+';
	return n;
}

/* Where the head says, else the nearest place before or after it. */
static bool find_place(const struct image *im, const struct cp_patch_hunk *h, size_t *ret)
{
	size_t need = n_old(h), last = im->n - (need <= im->n ? need : im->n);
	bool at_start = h->old_first <= 1,
	     at_end = !h->n_lines || h->lines[h->n_lines - 1].op != ' ';
	size_t guess = h->old_first ? h->old_first - 1 : 0;

	if (need > im->n || last < im->done)
		return false;
	if (at_start || at_end) {
		*ret = at_start ? 0 : last;
		return *ret >= im->done && (!at_start || !at_end || need == im->n) &&
		       fits_at(im, h, *ret);
	}
	guess = guess < im->done ? im->done : guess > last ? last : guess;
	for (size_t away = 0; away <= im->n; away++) {
		if (guess + away <= last && fits_at(im, h, guess + away)) {
			*ret = guess + away;
			return true;
		}
		if (guess >= im->done + away && fits_at(im, h, guess - away)) {
			*ret = guess - away;
			return true;
		}
	}
	return false;
}

static void put_hunk(struct cp_buf *out, struct image *im, const struct cp_patch_hunk *h, size_t at)
{
	for (; im->done < at; im->done++)
		cp_buf_adds(out, im->lines[im->done]);
	for (size_t i = 0; i < h->n_lines; i++) {
		if (h->lines[i].op != '-')
			cp_buf_adds(out, h->lines[i].text);
		im->done += h->lines[i].op != '+';
	}
}

int cp_patch_apply(struct cp_arena *a, const struct cp_patch_file *file, struct cp_str text,
		   struct cp_str *ret_text, size_t *ret_hunk, struct cp_err *err)
{
	cp_auto_buf struct cp_buf out = CP_BUF_INIT(CP_MAX_BLOB_BYTES);
	struct image im = {NULL, 0, 0};
	line_vec lines = {0};

	if (split_lines(a, text, &lines) < 0)
		return cp_err_nomem(err);
	im.lines = lines.items;
	im.n = lines.n;
	for (size_t i = 0; i < file->n_hunks; i++) {
		size_t at;

		if (!find_place(&im, &file->hunks[i], &at)) {
			*ret_hunk = i;
			return cp_err_set(err, CP_ENOTFOUND,
					  "hunk %zu (line %d of the patch) does not fit %.*s",
					  i + 1, file->hunks[i].line, CP_STR(file->old_path));
		}
		put_hunk(&out, &im, &file->hunks[i], at);
	}
	for (; im.done < im.n; im.done++)
		cp_buf_adds(&out, im.lines[im.done]);
	if (cp_buf_error(&out))
		return cp_err_set(err, cp_buf_error(&out), "%.*s: too large",
				  CP_STR(file->new_path));
	*ret_text = cp_arena_str(a, cp_buf_str(&out));
	return ret_text->p ? 0 : cp_err_nomem(err);
}

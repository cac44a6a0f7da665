/* Whether it is worth writing a cache, and where to. */
#include "decide/decide_int.h"

static bool anything_new(const struct cp_decide_input *in)
{
	for (size_t i = 0; i < in->n_images; i++) {
		const struct cp_prediction *p = in->images[i].prediction;

		if (p && (p->n_miss || p->n_depends || p->n_unknown))
			return true;
	}
	return false;
}

/* Stages whose layers are not the image's own are kept with mode=max only. */
static bool has_other_stages(const struct cp_decide_image *im)
{
	return im->prediction && im->prediction->n_stages > 1;
}

/* What is said of reading only, and what nobody should print. */
static bool is_left_out(struct cp_str part)
{
	static const char *const keys[] = {"mode=",
					   "digest=",
					   "token=",
					   "access_key_id=",
					   "secret_access_key=",
					   "session_token=",
					   "secret_access=",
					   "account_key="};

	for (size_t i = 0; i < CP_LEN(keys); i++)
		if (cp_str_starts(part, cp_str_c(keys[i])))
			return true;
	return false;
}

/* "type=registry,ref=R,mode=max" for what is read as "type=registry,ref=R" or "R". */
static struct cp_str written(struct cp_arena *a, struct cp_str from, bool max)
{
	const char *mode = max ? "max" : "min";
	struct cp_str rest = from, part;
	cp_auto_buf struct cp_buf out = CP_BUF_INIT(CP_MAX_LINE_BYTES);

	if (!cp_str_starts(from, CP_S("type=")) && cp_str_find(from, '=', 0) == from.n)
		return cp_arena_printf(a, "type=registry,ref=%.*s,mode=%s", CP_STR(from), mode);
	while (rest.n && cp_str_split(&rest, ',', &part)) {
		if (is_left_out(part))
			continue;
		cp_buf_addz(&out, out.n ? "," : "");
		if (cp_str_starts(part, CP_S("src=")))
			cp_buf_printf(&out, "dest=%.*s", CP_STR(cp_str_from(part, 4)));
		else
			cp_buf_adds(&out, part);
	}
	cp_buf_printf(&out, ",mode=%s", mode);
	return cp_buf_error(&out) ? cp_str_n(NULL, 0) : cp_arena_str(a, cp_buf_str(&out));
}

typedef CP_VEC(struct cp_str) str_vec;

static int add(struct cp_arena *a, str_vec *all, struct cp_str value)
{
	if (!value.p)
		return CP_ENOMEM;
	for (size_t i = 0; i < all->n; i++)
		if (cp_str_eq(all->items[i], value))
			return 0;
	return cp_vec_push(a, all, value) < 0 ? CP_ENOMEM : 0;
}

/* As it was asked for; else beside the cache that is read first, which is the one that this build keeps alive. */
static int add_image(struct cp_arena *a, str_vec *all, const struct cp_decide_image *im)
{
	const struct cp_decide_cache *best = im->n_caches ? &im->caches[0] : NULL;

	for (size_t i = 0; i < im->n_cache_to; i++)
		if (add(a, all, im->cache_to[i]) < 0)
			return CP_ENOMEM;
	if (im->n_cache_to)
		return 0;
	if (best && best->is_inline)
		return add(a, all, CP_S("type=inline"));
	if (im->n_cache_from)
		return add(a, all, written(a, im->cache_from[0], has_other_stages(im)));
	return 0;
}

int cp_decide_cache_to(struct cp_arena *a, const struct cp_decide_input *in, struct cp_decision *d)
{
	str_vec all = {0};

	if (in->fork) {
		d->cache_to_why = CP_S("a fork does not write caches");
		return 0;
	}
	if (!anything_new(in)) {
		d->cache_to_why = CP_S("nothing new would be in it");
		return 0;
	}
	for (size_t i = 0; i < in->n_images; i++)
		if (in->images[i].prediction && add_image(a, &all, &in->images[i]) < 0)
			return CP_ENOMEM;
	d->cache_to = all.items;
	d->n_cache_to = all.n;
	d->cache_to_why = all.n ? CP_S("new steps are worth keeping")
				: CP_S("no cache was named that could be written");
	return 0;
}

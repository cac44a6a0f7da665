/* Which image a report is about, and where in it what it says belongs. */
#include <stdlib.h>

#include "scans/scans_int.h"

/* ---- subjects ---- */

static bool is_same_image(const struct cp_scan_image *x, const struct cp_scan_image *y)
{
	if (x->n_layers != y->n_layers || !x->n_layers)
		return false;
	for (size_t i = 0; i < x->n_layers; i++)
		if (!x->layers[i].diff_id.n ||
		    !cp_str_eq(x->layers[i].diff_id, y->layers[i].diff_id))
			return false;
	return true;
}

/* A report has unpacked sizes, a registry those of its blobs. */
static void learn(struct cp_scan_image *to, const struct cp_scan_image *from)
{
	for (size_t i = 0; i < to->n_layers; i++) {
		if (!to->layers[i].size)
			to->layers[i].size = from->layers[i].size;
		if (!to->layers[i].compressed)
			to->layers[i].compressed = from->layers[i].compressed;
	}
	if (!to->told && from->told) {
		to->told = true;
		for (size_t i = 0; i < to->n_layers; i++)
			to->layers[i].created_by = from->layers[i].created_by;
	}
	to->size = to->size ? to->size : from->size;
	to->compressed = to->compressed ? to->compressed : from->compressed;
}

struct gathering {
	struct cp_arena *a;
	CP_VEC(struct cp_scan_subject) subjects;
	size_t max, max_images; /* reports; images beside them */
};

static int new_subject(struct gathering *g, const struct cp_scan_image *image,
		       struct cp_scan_subject **ret)
{
	struct cp_scan_subject s = {.image = NULL};

	s.scans = cp_arena_array(g->a, g->max, sizeof(*s.scans));
	s.images = cp_arena_array(g->a, g->max_images, sizeof(*s.images));
	if (image) {
		s.image = CP_NEW(g->a, struct cp_scan_image);
		if (!s.image)
			return CP_ENOMEM;
		*s.image = *image;
		s.image->layers = cp_arena_array(g->a, image->n_layers, sizeof(*s.image->layers));
		if (!s.image->layers)
			return CP_ENOMEM;
		if (image->n_layers)
			memcpy(s.image->layers, image->layers,
			       image->n_layers * sizeof(*image->layers));
	}
	if (!s.scans || !s.images || cp_vec_push(g->a, &g->subjects, s) < 0)
		return CP_ENOMEM;
	*ret = &g->subjects.items[g->subjects.n - 1];
	return 0;
}

static int subject_of(struct gathering *g, const struct cp_scan_image *image,
		      struct cp_scan_subject **ret)
{
	for (size_t i = 0; image && i < g->subjects.n; i++)
		if (g->subjects.items[i].image &&
		    is_same_image(g->subjects.items[i].image, image)) {
			learn(g->subjects.items[i].image, image);
			*ret = &g->subjects.items[i];
			return 0;
		}
	if (!image && g->subjects.n == 1) {
		*ret = &g->subjects.items[0];
		return 0;
	}
	return new_subject(g, image, ret);
}

int cp_scan_subjects(struct cp_arena *a, const struct cp_scan *scans, size_t n_scans,
		     const struct cp_scan_image *images, size_t n_images,
		     struct cp_scan_subject **ret_subjects, size_t *ret_n)
{
	struct gathering g = {.a = a, .max = n_scans, .max_images = n_images};
	struct cp_scan_subject *s;

	for (size_t i = 0; i < n_images; i++) {
		if (subject_of(&g, &images[i], &s) < 0)
			return CP_ENOMEM;
		s->images[s->n_images++] = &images[i];
	}
	/* those that name their layers first: the others are told apart by them */
	for (size_t i = 0; i < 2 * n_scans; i++) {
		const struct cp_scan *scan = &scans[i % n_scans];

		if ((i < n_scans) != (scan->image != NULL))
			continue;
		if (subject_of(&g, scan->image, &s) < 0)
			return CP_ENOMEM;
		s->scans[s->n_scans++] = scan;
	}
	*ret_subjects = g.subjects.items;
	*ret_n = g.subjects.n;
	return 0;
}

/* ---- places ---- */

struct placing {
	struct cp_arena *a;
	const struct cp_scan_subject *subject;
	struct cp_map by_diff_id; /* ─► place + 1 */
	struct cp_map by_package; /* type, name and version ─► place + 1 */
	struct cp_map seen;       /* flaws that are placed */
	struct place {
		struct cp_scan_place p;
		CP_VEC(const struct cp_scan_layer *) layers;
		CP_VEC(const struct cp_scan_package *) packages;
		CP_VEC(const struct cp_scan_flaw *) flaws;
	} * items; /* the last one is UNKNOWN */
	size_t n;
};

static struct cp_str key_of(struct cp_arena *a, const struct cp_scan_package *p, struct cp_str id)
{
	return cp_arena_printf(a, "%.*s %.*s %.*s %.*s", CP_STR(p->type), CP_STR(p->name),
			       CP_STR(p->version), CP_STR(id));
}

/* Numbers as values: 0 is "absent". */
static int put_number(struct placing *s, struct cp_map *m, struct cp_str key, size_t at)
{
	if (!key.p)
		return CP_ENOMEM;
	return cp_map_get(m, key) ? 0 : cp_map_put(s->a, m, key, (void *)(uintptr_t)(at + 1));
}

static size_t number_of(const struct cp_map *m, struct cp_str key)
{
	return (size_t)(uintptr_t)cp_map_get(m, key);
}

/* The base image is one place; every other layer is one of its own. */
static int make_places(struct placing *s, const struct scan_match *m)
{
	const struct cp_scan_image *im = s->subject->image;
	size_t n_layers = im ? im->n_layers : 0;

	s->items = cp_arena_array(s->a, n_layers + 1, sizeof(*s->items));
	if (!s->items)
		return CP_ENOMEM;
	for (size_t i = 0; i < n_layers; i++) {
		const struct cp_scan_layer *layer = &im->layers[i];
		struct place *place;

		if (!i || i >= m->n_base)
			s->n++;
		place = &s->items[s->n - 1];
		place->p.kind = i < m->n_base ? CP_PLACE_BASE
				: m->steps[i] ? CP_PLACE_STEP
					      : CP_PLACE_LAYER;
		place->p.step = i < m->n_base ? NULL : m->steps[i];
		if (cp_vec_push(s->a, &place->layers, layer) < 0)
			return CP_ENOMEM;
		place->p.size += layer->size;
		place->p.compressed += layer->compressed;
		if (layer->diff_id.n && put_number(s, &s->by_diff_id, layer->diff_id, s->n - 1) < 0)
			return CP_ENOMEM;
	}
	s->items[s->n].p.kind = CP_PLACE_UNKNOWN;
	return 0;
}

static int place_packages(struct placing *s, const struct cp_scan *scan)
{
	for (size_t i = 0; i < scan->n_packages; i++) {
		const struct cp_scan_package *p = &scan->packages[i];
		size_t at = number_of(&s->by_diff_id, p->diff_id);
		struct cp_str key = key_of(s->a, p, CP_S(""));

		if (!key.p)
			return CP_ENOMEM;
		if (!at || number_of(&s->by_package, key))
			continue;
		if (put_number(s, &s->by_package, key, at - 1) < 0 ||
		    cp_vec_push(s->a, &s->items[at - 1].packages, p) < 0)
			return CP_ENOMEM;
	}
	return 0;
}

/* By the flaw's own layer; else by that of the package, as another report has it. */
static int place_flaws(struct placing *s, const struct cp_scan *scan, bool by_package)
{
	for (size_t i = 0; i < scan->n_flaws; i++) {
		const struct cp_scan_flaw *f = &scan->flaws[i];
		size_t at = number_of(&s->by_diff_id, f->package.diff_id);
		struct cp_str key, package, here;

		if ((at == 0) != by_package)
			continue;
		key = key_of(s->a, &f->package, f->id);
		package = key_of(s->a, &f->package, CP_S(""));
		here = cp_arena_printf(s->a, "%zu %.*s", at, CP_STR(key));
		if (!key.p || !package.p || !here.p)
			return CP_ENOMEM;
		if (number_of(&s->seen, at ? here : key))
			continue;
		if (!at)
			at = number_of(&s->by_package, package);
		if (!at)
			at = s->n + 1;
		if (put_number(s, &s->seen, here, 0) < 0 || put_number(s, &s->seen, key, 0) < 0 ||
		    cp_vec_push(s->a, &s->items[at - 1].flaws, f) < 0 ||
		    (at <= s->n && put_number(s, &s->by_package, package, at - 1) < 0))
			return CP_ENOMEM;
		s->items[at - 1].p.counts[f->severity]++;
	}
	return 0;
}

static int by_name(const void *x, const void *y)
{
	const struct cp_scan_package *a = *(const struct cp_scan_package *const *)x,
				     *b = *(const struct cp_scan_package *const *)y;
	int c = cp_str_cmp(a->name, b->name);

	return c ? c : cp_str_cmp(a->version, b->version);
}

static int by_severity(const void *x, const void *y)
{
	const struct cp_scan_flaw *a = *(const struct cp_scan_flaw *const *)x,
				  *b = *(const struct cp_scan_flaw *const *)y;
	int c;

	if (a->severity != b->severity)
		return a->severity > b->severity ? -1 : 1;
	c = cp_str_cmp(a->package.name, b->package.name);
	if (!c)
		c = cp_str_cmp(a->package.version, b->package.version);
	return c ? c : cp_str_cmp(a->id, b->id);
}

static void finish(struct place *place)
{
	struct cp_scan_place *p = &place->p;

	p->layers = place->layers.items;
	p->n_layers = place->layers.n;
	p->packages = place->packages.items;
	p->n_packages = place->packages.n;
	p->flaws = place->flaws.items;
	p->n_flaws = place->flaws.n;
	if (p->n_packages > 1)
		qsort(p->packages, p->n_packages, sizeof(*p->packages), by_name);
	if (p->n_flaws > 1)
		qsort(p->flaws, p->n_flaws, sizeof(*p->flaws), by_severity);
}

static struct cp_str why_not(const struct cp_scan_subject *subject, const struct scan_match *m)
{
	if (m->whole)
		return CP_S("");
	if (!subject->image)
		return CP_S("nothing says which layers the image has");
	if (!subject->image->told)
		return CP_S("the image's history does not say what made its layers");
	return CP_S("");
}

int cp_scan_is_whole(struct cp_arena *a, const struct cp_scan_subject *subject,
		     const struct cp_graph *graph, bool *ret_whole)
{
	struct scan_match m = {.n_base = 0};

	if (subject->image && scan_match(a, subject->image, graph, &m) < 0)
		return CP_ENOMEM;
	*ret_whole = m.whole;
	return 0;
}

int cp_scan_places(struct cp_arena *a, const struct cp_scan_subject *subject,
		   const struct cp_graph *graph, struct cp_scan_places *ret_places)
{
	struct placing s = {.a = a, .subject = subject};
	struct scan_match m = {.n_base = 0};
	struct cp_scan_places places = {.n = 0};

	if (subject->image && scan_match(a, subject->image, graph, &m) < 0)
		return CP_ENOMEM;
	if (make_places(&s, &m) < 0)
		return CP_ENOMEM;
	for (size_t i = 0; i < subject->n_scans; i++)
		if (place_packages(&s, subject->scans[i]) < 0 ||
		    place_flaws(&s, subject->scans[i], false) < 0)
			return CP_ENOMEM;
	for (size_t i = 0; i < subject->n_scans; i++)
		if (place_flaws(&s, subject->scans[i], true) < 0)
			return CP_ENOMEM;
	places.items = cp_arena_array(a, s.n + 1, sizeof(*places.items));
	if (!places.items)
		return CP_ENOMEM;
	for (size_t i = 0; i <= s.n; i++) {
		finish(&s.items[i]);
		if (i < s.n || s.items[i].flaws.n)
			places.items[places.n++] = s.items[i].p;
	}
	places.whole = m.whole;
	places.base_proved = m.base_proved;
	places.why = why_not(subject, &m);
	*ret_places = places;
	return 0;
}

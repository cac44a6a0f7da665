/*
 * Which instruction made which layer. What BuildKit writes into the history of a layer is known for every instruction
 * (cp_graph_layer_text), so a layer is an instruction's where the texts are equal, and
 *   1. all instructions have their layer, one above the other, up to the top; or
 *   2. they do from the last layer of the base image up (which the chain of diff ids proves); or
 *   3. they do from the top down to a text that stands only once on both sides; or
 *   4. the text is such a one itself.
 * A text that is made of an unknown image config counts as equal, from the top down, when an exact one follows below it.
 */
#include "scans/scans_int.h"

struct matching {
	struct cp_arena *a;
	const struct cp_scan_image *image;
	const struct cp_graph *graph;
	struct cp_str *texts; /* of the graph's layers */
	struct scan_match *m;
	bool *used;         /* the graph's layers */
	struct cp_map uses; /* text ─► struct text_use */
};

static bool is_same(const struct matching *s, size_t layer, size_t step)
{
	return cp_str_eq(s->image->layers[layer].created_by, s->texts[step]);
}

/* "RUN |2 A=1 …" and "RUN |2 A=2 …": the instruction's word is the same, which is all that is known of it. */
static bool may_be(const struct matching *s, size_t layer, size_t step)
{
	struct cp_str text = s->texts[step];

	return s->graph->layers[step].assumed &&
	       cp_str_starts(s->image->layers[layer].created_by,
			     cp_str_sub(text, 0, cp_str_find(text, ' ', 0) + 1));
}

static void take(struct matching *s, size_t layer, size_t step)
{
	s->m->steps[layer] = &s->graph->layers[step];
	s->used[step] = true;
}

struct text_use {
	size_t n_layers, n_steps, layer, step;
};

static int count_texts(struct matching *s)
{
	size_t n = s->image->n_layers + s->graph->n_layers;

	for (size_t i = 0; i < n; i++) {
		bool is_layer = i < s->image->n_layers;
		size_t k = is_layer ? i : i - s->image->n_layers;
		struct cp_str text = is_layer ? s->image->layers[k].created_by : s->texts[k];
		struct text_use *use = cp_map_get(&s->uses, text);

		if (!text.n)
			continue;
		if (!use) {
			use = CP_NEW(s->a, struct text_use);
			if (!use || cp_map_put(s->a, &s->uses, text, use) < 0)
				return CP_ENOMEM;
		}
		if (is_layer) {
			use->n_layers++;
			use->layer = k;
		} else {
			use->n_steps++;
			use->step = k;
		}
	}
	return 0;
}

static bool is_unique(const struct text_use *use)
{
	return use && use->n_layers == 1 && use->n_steps == 1;
}

/* From the top down without a gap; then back up to where it is certain. */
static void match_top(struct matching *s, size_t n_base)
{
	size_t i = s->image->n_layers, k = s->graph->n_layers, from = i, above = i;

	while (i && k && (is_same(s, i - 1, k - 1) || may_be(s, i - 1, k - 1))) {
		i--;
		k--;
		if (!is_same(s, i, k))
			continue;
		above = i;
		if (is_unique(cp_map_get(&s->uses, s->texts[k])))
			from = i;
	}
	if (!k && (n_base == SIZE_MAX || n_base == i))
		from = above;
	for (size_t at = s->image->n_layers; at > from; at--)
		take(s, at - 1, s->graph->n_layers - (s->image->n_layers - at) - 1);
}

/* Layers of the image that the target begins with: SIZE_MAX when it cannot be told. */
static int count_base(struct matching *s, size_t *ret_n)
{
	const struct cp_graph_stage *stage = cp_graph_bottom(s->graph);
	struct cp_str *ids = cp_arena_array(s->a, s->image->n_layers, sizeof(*ids));
	const struct cp_op *begin = stage->begin;

	*ret_n = SIZE_MAX;
	if (!ids)
		return CP_ENOMEM;
	if (!begin && cp_str_eq(stage->base, CP_S("scratch")))
		*ret_n = 0;
	if (!begin || begin->kind != CP_OP_SOURCE || !begin->source.chain.n)
		return 0;
	for (size_t i = 0; i < s->image->n_layers; i++) {
		struct cp_err ignored = {0};
		struct cp_str found;
		int r;

		ids[i] = s->image->layers[i].diff_id;
		r = cp_image_chain(s->a, ids, i + 1, &found, &ignored);
		if (r < 0)
			return r == CP_ENOMEM ? r : 0;
		if (cp_str_eq(found, begin->source.chain)) {
			*ret_n = i + 1;
			return 0;
		}
	}
	return 0;
}

static void match_bottom(struct matching *s, size_t n_base)
{
	for (size_t k = 0; k < s->graph->n_layers && n_base + k < s->image->n_layers &&
			   !s->m->steps[n_base + k] && !s->used[k] && is_same(s, n_base + k, k);
	     k++)
		take(s, n_base + k, k);
}

static void match_unique(struct matching *s, size_t n_base)
{
	for (size_t i = 0; i < s->uses.n; i++) {
		const struct text_use *use = s->uses.items[i].value;

		if (is_unique(use) && use->layer >= n_base && !s->m->steps[use->layer] &&
		    !s->used[use->step])
			take(s, use->layer, use->step);
	}
}

/* All instructions have their layer, one above the other: what is below is what the build began with. */
static bool is_whole(const struct matching *s)
{
	size_t n = s->graph->n_layers;

	if (n > s->image->n_layers)
		return false;
	for (size_t i = 0; i < n; i++)
		if (s->m->steps[s->image->n_layers - n + i] != &s->graph->layers[i])
			return false;
	return true;
}

/* Layers below that of the first instruction; 0: it has none, or one of another is there. */
static size_t below_first(const struct matching *s)
{
	for (size_t i = 0; i < s->image->n_layers; i++)
		if (s->m->steps[i])
			return s->m->steps[i] == &s->graph->layers[0] ? i : 0;
	return 0;
}

static int match(struct matching *s)
{
	size_t n_base, below = s->image->n_layers - s->graph->n_layers;

	if (count_texts(s) < 0 || count_base(s, &n_base) < 0)
		return CP_ENOMEM;
	match_top(s, n_base);
	s->m->whole = is_whole(s) && (n_base == SIZE_MAX || n_base == below);
	if (s->m->whole) {
		s->m->n_base = below;
		s->m->base_proved = n_base != SIZE_MAX;
		return 0;
	}
	if (n_base != SIZE_MAX && n_base <= s->image->n_layers) {
		s->m->n_base = n_base;
		s->m->base_proved = true;
		for (size_t i = 0; i < n_base; i++) /* the chain is proof, an equal text is none */
			s->m->steps[i] = NULL;
		match_bottom(s, n_base);
	}
	match_unique(s, s->m->n_base);
	if (n_base == SIZE_MAX)
		s->m->n_base = below_first(s);
	return 0;
}

int scan_match(struct cp_arena *a, const struct cp_scan_image *image, const struct cp_graph *graph,
	       struct scan_match *ret_match)
{
	struct matching s = {.a = a, .image = image, .graph = graph, .m = ret_match};
	/* more than an image can have: it is of something else, and the texts would have no end */
	bool compared = image->told && image->n_layers && graph->n_layers <= CP_MAX_SCAN_LAYERS;

	*ret_match = (struct scan_match){.n_base = 0};
	ret_match->steps = cp_arena_array(a, image->n_layers, sizeof(*ret_match->steps));
	s.texts = cp_arena_array(a, graph->n_layers, sizeof(*s.texts));
	s.used = cp_arena_array(a, graph->n_layers, sizeof(*s.used));
	if (!ret_match->steps || !s.texts || !s.used)
		return CP_ENOMEM;
	for (size_t i = 0; compared && i < graph->n_layers; i++) {
		s.texts[i] = cp_graph_layer_text(a, &graph->layers[i]);
		if (!s.texts[i].p)
			return CP_ENOMEM;
	}
	return compared ? match(&s) : 0;
}

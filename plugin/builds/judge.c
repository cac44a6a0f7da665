/* What was predicted beside what was done. */
#include "builds/builds_int.h"

static int add_image(struct cp_arena *a, const struct cp_json *image, struct cp_predicted *p)
{
	const struct cp_json *steps = cp_json_get(image, "steps");
	size_t n = cp_json_kind(steps) == CP_JSON_ARRAY ? cp_json_len(steps) : 0;
	struct cp_str name = cp_arena_str(a, cp_json_text(cp_json_get(image, "name"))),
		      platform = cp_arena_str(a, cp_json_text(cp_json_get(image, "platform")));

	if (!name.p || !platform.p)
		return CP_ENOMEM;
	p->images[p->n_images++] = name;
	for (size_t i = 0; i < n && p->n_steps < CP_MAX_LOG_VERTEXES; i++) {
		const struct cp_json *step = cp_json_at(steps, i);
		struct cp_predicted_step *s = &p->steps[p->n_steps++];

		s->image = name;
		s->platform = platform;
		s->name = cp_arena_str(a, cp_json_text(cp_json_get(step, "name")));
		s->outcome = cp_arena_str(a, cp_json_text(cp_json_get(step, "outcome")));
		if (!s->name.p || !s->outcome.p)
			return CP_ENOMEM;
	}
	return 0;
}

int cp_predicted_read(struct cp_arena *a, struct cp_str json, struct cp_str name,
		      struct cp_predicted *ret_predicted, struct cp_err *err)
{
	cp_auto_json struct cp_json_doc *doc = NULL;
	const struct cp_json *root, *images;
	struct cp_predicted p = {.n_steps = 0};
	int r = cp_json_parse(json, name, &doc, err);

	if (r < 0)
		return r;
	root = cp_json_root(doc);
	images = cp_json_get(root, "images");
	if (!cp_str_eq(cp_json_text(cp_json_get(root, "schema")),
		       CP_S("cachepredict/prediction/1")) ||
	    cp_json_kind(images) != CP_JSON_ARRAY || cp_json_len(images) > CP_MAX_IMAGES) {
		cp_err_set(err, CP_EINVAL, "%.*s is no prediction", CP_STR(name));
		cp_err_hint(err, "cachepredict --format json >prediction.json");
		return CP_EINVAL;
	}
	p.steps = cp_arena_array(a, CP_MAX_LOG_VERTEXES, sizeof(*p.steps));
	p.images = cp_arena_array(a, cp_json_len(images), sizeof(*p.images));
	p.commit = cp_arena_str(a, cp_json_text(cp_json_get(cp_json_get(root, "head"), "commit")));
	if (!p.steps || !p.images || !p.commit.p)
		return cp_err_nomem(err);
	for (size_t i = 0; i < cp_json_len(images); i++)
		if (add_image(a, cp_json_at(images, i), &p) < 0)
			return cp_err_nomem(err);
	*ret_predicted = p;
	return 0;
}

/* ---- joining ---- */

static bool is_platform(struct cp_str word)
{
	return cp_str_find(word, '/', 0) < word.n;
}

/* "[api linux/amd64 builder 3/4] TEXT" ─► "[builder 3/4] TEXT", with or without its platform. */
static void add_name(struct cp_buf *out, const struct cp_built_step *s, struct cp_str image,
		     bool platform)
{
	struct cp_str words, text, word, rest = CP_S("");
	uint32_t number;
	bool first = true;

	cp_buf_clear(out);
	if (!cp_step_name_split(s->name, &words, &number, &text)) {
		cp_buf_adds(out, s->name);
		return;
	}
	rest = cp_str_from(s->name, 1);
	while (words.n && cp_str_split(&words, ' ', &word)) {
		if (!word.n)
			continue;
		if ((first && image.n && cp_str_eq(word, image)) ||
		    (!platform && is_platform(word)))
			rest = cp_str_trim_left(
				cp_str_from(rest, cp_str_find_str(rest, word, 0) + word.n), " ");
		first = false;
	}
	cp_buf_addc(out, '[');
	cp_buf_adds(out, rest);
}

struct joiner {
	struct cp_arena *a;
	struct cp_built *b;
	struct cp_map by_name, by_plain; /* name ─► struct chain; without platform */
};
/* Steps of one name, in their order. */
struct chain {
	struct cp_built_step *step;
	struct chain *next, *last; /* last: of the first one */
	bool taken;
};

static int put(struct joiner *j, struct cp_map *map, const struct cp_buf *name,
	       struct cp_built_step *s)
{
	struct chain *c = CP_NEW(j->a, struct chain), *first;
	struct cp_str key = cp_arena_str(j->a, cp_buf_str(name));

	if (!c || !key.p)
		return CP_ENOMEM;
	c->step = s;
	first = cp_map_get(map, key);
	if (!first) {
		c->last = c;
		return cp_map_put(j->a, map, key, c);
	}
	first->last->next = c;
	first->last = c;
	return 0;
}

/* "image\nname": builds of several images have the image in front of every name. */
static void add_key(struct cp_buf *out, struct cp_str image, const struct cp_buf *name)
{
	cp_buf_clear(out);
	cp_buf_adds(out, image);
	cp_buf_addc(out, '\n');
	cp_buf_adds(out, cp_buf_str(name));
}

static int index_steps(struct joiner *j)
{
	cp_auto_buf struct cp_buf name = CP_BUF_INIT(CP_MAX_LOG_LINE_BYTES),
				  key = CP_BUF_INIT(CP_MAX_LOG_LINE_BYTES);

	for (size_t i = 0; i < j->b->n_steps; i++) {
		struct cp_built_step *s = &j->b->steps[i];

		for (int platform = 0; platform < 2; platform++) {
			add_name(&name, s, s->id.image, platform);
			add_key(&key, s->id.image, &name);
			if (cp_buf_error(&key) || cp_buf_error(&name) ||
			    put(j, platform ? &j->by_name : &j->by_plain, &key, s) < 0)
				return CP_ENOMEM;
		}
	}
	return 0;
}

/* The step that a prediction means; one that was taken is not taken again, but where platforms share it. */
static struct cp_built_step *find(struct joiner *j, const struct cp_predicted_step *p,
				  struct cp_str image)
{
	cp_auto_buf struct cp_buf name = CP_BUF_INIT(CP_MAX_LOG_LINE_BYTES),
				  key = CP_BUF_INIT(CP_MAX_LOG_LINE_BYTES);
	const struct cp_built_step as = {.name = p->name};
	struct chain *c;

	add_name(&name, &as, CP_S(""), true);
	add_key(&key, image, &name);
	for (c = cp_map_get(&j->by_name, cp_buf_str(&key)); c; c = c->next)
		if (!c->taken) {
			c->taken = true;
			return c->step;
		}
	c = image.n ? cp_map_get(&j->by_name, cp_buf_str(&key)) : NULL;
	if (c) /* merge_shared has made one of several */
		return c->step;
	add_name(&name, &as, CP_S(""), false);
	if (cp_str_eq(cp_buf_str(&name), p->name))
		return NULL;
	add_key(&key, image, &name);
	c = cp_map_get(&j->by_plain, cp_buf_str(&key));
	return c ? c->step : NULL;
}

static enum cp_judgement judge(struct cp_str outcome, const struct cp_built_step *s)
{
	enum cp_ran ran = s->ran;
	bool hit = cp_str_eq(outcome, CP_S("hit"));

	if (cp_str_eq(outcome, CP_S("depends")))
		return CP_JUDGED_DEPENDS;
	if (cp_str_eq(outcome, CP_S("unknown")))
		return CP_JUDGED_UNKNOWN;
	if (!hit && !cp_str_eq(outcome, CP_S("miss")))
		return CP_JUDGED_NOT;
	if (ran == CP_RAN_NOT_NEEDED)
		return CP_JUDGED_NOT_NEEDED;
	if (ran == CP_RAN_UNFINISHED || (s->grouped && ran != CP_RAN_CACHED))
		return CP_JUDGED_NOT;
	if (hit)
		return ran == CP_RAN_CACHED ? CP_JUDGED_RIGHT : CP_JUDGED_WRONG_HIT;
	return ran == CP_RAN_CACHED ? CP_JUDGED_WRONG_MISS : CP_JUDGED_RIGHT;
}

/* Steps of a --link copy are one in a plain log, or none when nothing needs it. */
static bool is_link(struct cp_str name)
{
	return cp_str_find_str(name, CP_S(" --link"), 0) < name.n;
}

/* Are several images in the log, each with its name in front? */
static bool has_images(const struct cp_built *b)
{
	for (size_t i = 0; i < b->n_steps; i++)
		if (b->steps[i].id.image.n)
			return true;
	return false;
}

int cp_built_judge(struct cp_arena *a, struct cp_built *b, const struct cp_predicted *p,
		   size_t *ret_missing, struct cp_err *err)
{
	struct joiner j = {.a = a, .b = b};
	bool images = has_images(b), plain = cp_str_find_str(b->kind, CP_S("plain"), 0) < b->kind.n;

	if (index_steps(&j) < 0)
		return cp_err_nomem(err);
	*ret_missing = 0;
	for (size_t i = 0; i < p->n_steps; i++) {
		const struct cp_predicted_step *s = &p->steps[i];
		struct cp_built_step *step = find(&j, s, images ? s->image : CP_S(""));

		if (!step) {
			*ret_missing += !(plain && is_link(s->name));
			continue;
		}
		if (step->predicted.n) /* of another platform or image that shares it */
			continue;
		step->predicted = s->outcome;
		step->judgement = judge(s->outcome, step);
		if (!step->id.image.n)
			step->id.image = s->image;
	}
	if (!b->commit.n)
		b->commit = p->commit;
	return 0;
}

void cp_accuracy_add(struct cp_accuracy *acc, const struct cp_built *b)
{
	bool any = false;

	for (size_t i = 0; i < b->n_steps; i++) {
		acc->counts[b->steps[i].judgement]++;
		any = any || b->steps[i].judgement != CP_JUDGED_NOT;
	}
	acc->n_builds += any;
}

/* `split`: what it costs to install packages, and what installs of the file took in recorded builds. */
#include "seen_int.h"
#include "splitter_int.h"

/* ---- packages ---- */

size_t cp_splitter_id(const struct cp_splitter *s, struct cp_str key)
{
	void *known = cp_map_get(&s->ids, key);

	return known ? (size_t)((uintptr_t)known - 1) : SIZE_MAX;
}

static int read_weights(struct cp_splitter *s, struct cp_err *err)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_JSON_BYTES);
	cp_auto_json struct cp_json_doc *doc = NULL;
	struct cp_str file = s->run->request.weights;
	const struct cp_json *root;
	int r = cp_run_read_disk(file.p, &text, err);

	s->weights = cp_arena_array(s->a, s->churn->n_names, sizeof(*s->weights));
	if (r == 0 && !s->weights)
		r = cp_err_nomem(err);
	if (r == 0)
		r = cp_json_parse(cp_buf_str(&text), file, &doc, err);
	if (r < 0)
		return r;
	root = cp_json_root(doc);
	for (size_t i = 0; i < s->churn->n_names; i++)
		s->weights[i] = 1;
	if (cp_json_kind(root) != CP_JSON_OBJECT)
		return cp_err_set(err, CP_EUSAGE,
				  "weights are a JSON object of names and whole numbers");
	for (void *it = cp_json_first(root); it; it = cp_json_next(root, it)) {
		struct cp_str key = cp_req_normalise(s->a, cp_json_it_key(it));
		size_t id = key.p ? cp_splitter_id(s, key) : SIZE_MAX;
		int64_t v = cp_json_number(cp_json_it_value(it), 0);

		if (v <= 0 || v > (int64_t)1 << 50)
			return cp_err_set(err, CP_EUSAGE,
					  "the weight of %.*s is no whole number above 0",
					  CP_STR(cp_json_it_key(it)));
		if (id == SIZE_MAX)
			continue;
		s->weights[id] = (double)v;
		s->report.n_weighed++;
	}
	s->report.weights = file;
	return 0;
}

/* A lock of the repository; NULL where there is none that can be read. */
static int read_lock(struct cp_splitter *s, struct cp_str path,
		     const struct cp_requirements **ret_lock, struct cp_err *err)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_REQUIREMENTS_BYTES);
	struct cp_err why = {0};
	struct cp_str copy;
	int r = path.p ? cp_tree_read_path(s->run->head, path, &text, &why) : CP_ENOMEM;

	*ret_lock = NULL;
	if (r == 0) {
		copy = cp_arena_str(s->a, cp_buf_str(&text));
		r = copy.p ? cp_requirements_parse_named(s->a, path, copy, ret_lock, &why)
			   : CP_ENOMEM;
	}
	if (r < 0)
		*ret_lock = NULL;
	return r == CP_ENOMEM ? cp_err_nomem(err) : 0;
}

/* Sizes of wheels; a package that the lock does not tell the size of gets their mean. */
static int weigh_by(struct cp_splitter *s, struct cp_str path, const struct cp_requirements *lock)
{
	double sum = 0;
	size_t n = 0;

	s->weights = cp_arena_array(s->a, s->churn->n_names, sizeof(*s->weights));
	if (!s->weights)
		return CP_ENOMEM;
	for (size_t i = 0; i < lock->n_items; i++) {
		size_t id = cp_splitter_id(s, lock->items[i].key);

		if (id == SIZE_MAX || !lock->items[i].size || s->weights[id] > 0)
			continue;
		s->weights[id] = (double)lock->items[i].size;
		sum += s->weights[id];
		n++;
	}
	for (size_t i = 0; i < s->churn->n_names && n; i++)
		s->weights[i] = s->weights[i] > 0 ? s->weights[i] : sum / (double)n;
	if (!n) {
		s->weights = NULL;
		return 0;
	}
	s->report.weights = path;
	s->report.n_weighed = n;
	return cp_splitter_note(
		s, cp_arena_printf(
			   s->a,
			   "costs are the sizes of wheels in %.*s, known for %zu of %zu packages",
			   CP_STR(path), n, s->churn->n_names));
}

/* The lock beside the file, else the one at the root of the repository. */
static int lock_weights(struct cp_splitter *s, struct cp_err *err)
{
	static const char *const names[] = {"uv.lock", "pylock.toml"};
	struct cp_str folders[] = {cp_path_dir(s->a, s->path), CP_S("")};

	for (size_t i = 0; !s->weights && i < CP_LEN(folders); i++)
		for (size_t k = 0; !s->weights && k < CP_LEN(names); k++) {
			struct cp_str path = cp_path_join(s->a, folders[i], cp_str_c(names[k]));
			const struct cp_requirements *lock;
			int r = read_lock(s, path, &lock, err);

			if (r == 0 && lock && weigh_by(s, path, lock) < 0)
				r = cp_err_nomem(err);
			if (r < 0)
				return r;
		}
	return 0;
}

int cp_splitter_weights(struct cp_splitter *s, struct cp_err *err)
{
	s->report.n_packages_ever = s->churn->n_names;
	return s->run->request.weights.n ? read_weights(s, err) : lock_weights(s, err);
}

/* ---- the install ---- */

static int read_costs(struct cp_splitter *s, const struct cp_costs **ret_costs, struct cp_err *err)
{
	struct cp_built *builds = NULL;
	struct cp_err why = {0};
	size_t n = 0;
	int r = cp_run_builds(s->run, &builds, &n, &why);

	*ret_costs = NULL;
	if (r == 0 && n)
		r = cp_costs_new(s->run->arena, builds, n, ret_costs, &why);
	return r == CP_ENOMEM ? cp_err_nomem(err) : 0;
}

/* A change of the file runs the install of every image that has one. */
static int cost_installs(struct cp_splitter *s, const struct cp_costs *costs)
{
	struct cp_report_split *r = &s->report;

	r->installs = cp_arena_array(s->a, s->target->users.n, sizeof(*r->installs));
	if (!r->installs)
		return CP_ENOMEM;
	for (size_t i = 0; i < s->target->users.n; i++) {
		const struct cp_split_user *u = &s->target->users.items[i];
		struct cp_report_install *to = &r->installs[r->n_installs];
		struct cp_step_id id;
		uint32_t number;

		to->image = s->run->images[u->image].request.name;
		to->step = u->step;
		r->n_installs++;
		if (!costs || !u->step.n || !cp_step_id_of(s->a, u->step, NULL, NULL, &id, &number))
			continue;
		if (!id.text.p)
			return CP_ENOMEM;
		id.image = to->image;
		to->cost = cp_cost_of(costs, &id);
	}
	return 0;
}

/* A Dockerfile that the patch leaves alone goes on as it is. */
static bool is_left(const struct cp_splitter *s, size_t user, const struct cp_map *edited)
{
	const struct cp_image_request *image =
		&s->run->images[s->target->users.items[user].image].request;

	return s->report.patch.n && !cp_map_get(edited, cp_split_dockerfile_of(s->a, image));
}

/* Share of what one file costs ─► time, over the changes that were scored. */
static void sum_saved(struct cp_splitter *s, const struct cp_map *edited)
{
	struct cp_report_split *r = &s->report;
	const struct cp_churn *c = s->churn;
	double changes = (double)s->split.n_test, saved = (1 - s->split.cost) * changes;
	double bound = s->split.cost_bound < 1 ? (1 - s->split.cost_bound) * changes : 0;

	for (size_t i = 0; i < r->n_installs; i++) {
		const struct cp_cost *cost = &r->installs[i].cost;

		if (cost->source == CP_COST_UNKNOWN || saved <= 0 || is_left(s, i, edited))
			continue;
		r->n_timed++;
		r->saved_ms += (int64_t)(saved * (double)cost->ms);
		r->saved_low += (int64_t)(saved * (double)cost->low);
		r->saved_high += (int64_t)(saved * (double)cost->high);
		r->saved_sure += (int64_t)(bound * (double)cost->ms);
	}
	if (s->split.n_train < c->n_events)
		r->saved_days = (c->events[c->n_events - 1].time -
				 c->events[s->split.n_train].time + 86399) /
				86400;
}

int cp_splitter_costs(struct cp_splitter *s, const struct cp_map *edited, struct cp_err *err)
{
	const struct cp_costs *costs;
	int r = read_costs(s, &costs, err);

	if (r == 0 && cost_installs(s, costs) < 0)
		r = cp_err_nomem(err);
	if (r == 0 && s->n_layers > 1)
		sum_saved(s, edited);
	return r;
}

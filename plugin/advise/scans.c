/* What is in the image that the build makes: vulnerable packages where they come from, and what makes it large. */
#include "advise/advise_int.h"
#include "requirements/requirements.h"

#define MAX_NAMED 3u           /* packages of one message; the rest is counted */
#define MAX_NAMED_BYTES 60     /* of a name or version in it */
#define SIZE_LIMIT 1000000000u /* "over 1 GB" */
#define MAX_DRIVERS 4u         /* layers that are named */

/* A text of the report in a message: the beginning of it, between characters. */
static struct cp_str cut(struct cp_str text)
{
	size_t n = text.n < MAX_NAMED_BYTES ? text.n : MAX_NAMED_BYTES;

	while (n && n < text.n && ((unsigned char)text.p[n] & 0xc0) == 0x80)
		n--;
	return cp_str_sub(text, 0, n);
}

/* ---- where ---- */

/* "python:3.12-slim" */
static struct cp_str short_name(struct cp_str ref)
{
	static const struct cp_str prefixes[] = {CP_S_INIT("docker.io/library/"),
						 CP_S_INIT("docker.io/")};

	for (size_t i = 0; i < CP_LEN(prefixes); i++)
		if (cp_str_starts(ref, prefixes[i]))
			return cp_str_from(ref, prefixes[i].n);
	return ref;
}

static void lines_of(const struct cp_adviser *ad, const struct cp_scan_place *p, int *ret_line,
		     int *ret_end)
{
	size_t stage = p->kind == CP_PLACE_BASE ? cp_graph_bottom(ad->in->graph)->index
		       : p->step                ? p->step->stage
						: 0;
	const struct cp_stage *s = ad->stages[stage].stage;

	*ret_line = *ret_end = 0;
	if (p->kind == CP_PLACE_STEP && p->step->command->line) {
		*ret_line = p->step->command->line;
		*ret_end = p->step->command->line_end;
	} else if (p->kind == CP_PLACE_STEP || p->kind == CP_PLACE_BASE) {
		*ret_line = s->line; /* of a trigger, too */
		*ret_end = s->line_end;
	}
}

/* What brings it, as the subject of a sentence. */
static struct cp_str who(struct cp_adviser *ad, const struct cp_scan_place *p)
{
	const struct cp_command *c = p->step ? p->step->command : NULL;
	struct cp_str text;

	switch (p->kind) {
	case CP_PLACE_BASE:
		return cp_arena_printf(ad->a, "the base image %.*s",
				       CP_STR(short_name(cp_graph_bottom(ad->in->graph)->base)));
	case CP_PLACE_STEP:
		if (c->from.n)
			return cp_arena_printf(ad->a, "what is copied from %.*s", CP_STR(c->from));
		return c->kind == CP_CMD_RUN       ? CP_S("this RUN")
		       : c->kind == CP_CMD_WORKDIR ? CP_S("this WORKDIR")
						   : CP_S("what is copied");
	case CP_PLACE_LAYER:
		text = cut(p->layers[0]->created_by);
		return text.n ? cp_arena_printf(ad->a,
						"a layer that is not of this Dockerfile (%.*s)",
						CP_STR(text))
			      : CP_S("a layer of which nothing says what made it");
	case CP_PLACE_UNKNOWN:
		break;
	}
	return CP_S("an unknown layer");
}

/* ---- vulnerable packages ---- */

static enum cp_severity severity_of(const struct cp_scan_place *place)
{
	if (place->counts[CP_FLAW_CRITICAL] || place->counts[CP_FLAW_HIGH])
		return CP_SEVERITY_ERROR;
	return place->counts[CP_FLAW_MEDIUM] ? CP_SEVERITY_WARNING : CP_SEVERITY_INFO;
}

/* "2 critical, 1 high" */
static void add_counts(struct cp_buf *out, const struct cp_scan_place *p)
{
	bool any = false;

	for (int s = CP_FLAW_N - 1; s >= 0; s--) {
		if (!p->counts[s])
			continue;
		cp_buf_printf(out, "%s%zu %s", any ? ", " : "", p->counts[s],
			      s == CP_FLAW_UNKNOWN
				      ? "of unknown severity"
				      : cp_flaw_severity_name((enum cp_flaw_severity)s));
		any = true;
	}
}

/* "openssl 3.0.11 → 3.0.13 (CVE-2024-1, critical)" */
static void add_package(struct cp_buf *out, const struct cp_scan_flaw *f)
{
	cp_buf_printf(out, "%.*s %.*s ", CP_STR(cut(f->package.name)),
		      CP_STR(cut(f->package.version)));
	if (f->fixed.n)
		cp_buf_printf(out, "→ %.*s ", CP_STR(cut(f->fixed)));
	cp_buf_printf(out, "(%.*s, %s%s)", CP_STR(cut(f->id)), cp_flaw_severity_name(f->severity),
		      f->fixed.n ? "" : ", not fixed yet");
}

/* Each package once, by the worst of its flaws. */
static int add_packages(struct cp_adviser *ad, struct cp_buf *out, const struct cp_scan_place *p)
{
	struct cp_map names = {0};

	for (size_t i = 0; i < p->n_flaws; i++) {
		if (cp_map_get(&names, p->flaws[i]->package.name))
			continue;
		if (cp_map_put(ad->a, &names, p->flaws[i]->package.name, ad) < 0)
			return CP_ENOMEM;
		if (names.n > MAX_NAMED)
			continue;
		cp_buf_addz(out, names.n == 1 ? ": " : ", ");
		add_package(out, p->flaws[i]);
	}
	if (names.n > MAX_NAMED)
		cp_buf_printf(out, " and %zu more package%s", names.n - MAX_NAMED,
			      names.n - MAX_NAMED == 1 ? "" : "s");
	return 0;
}

/* ---- what to do about it ---- */

/* A line of a requirements file that the build installs and that asks for one version and no other. */
struct pin {
	struct cp_str file;
	int line;
};

static struct cp_str pin_key(struct cp_adviser *ad, struct cp_str name, struct cp_str version)
{
	return cp_arena_printf(ad->a, "%.*s==%.*s", CP_STR(name), CP_STR(version));
}

static int read_pins(struct cp_adviser *ad, struct cp_str path, struct cp_map *pins)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_REQUIREMENTS_BYTES);
	struct cp_str copy, file = cp_path_join(ad->a, ad->in->context_path, path);
	const struct cp_requirements *all;
	struct cp_err ignored = {0};

	if (!cp_advise_read(ad, path, &text))
		return 0;
	copy = cp_arena_str(ad->a, cp_buf_str(&text));
	if (!copy.p || !file.p)
		return CP_ENOMEM;
	if (cp_advise_failed(ad, cp_requirements_parse(ad->a, copy, &all, &ignored)))
		return 0;
	for (size_t i = 0; i < all->n_items; i++) {
		struct cp_str key;
		struct pin *pin;

		if (!all->items[i].pinned)
			continue;
		key = pin_key(ad, all->items[i].key, all->items[i].version);
		pin = CP_NEW(ad->a, struct pin);
		if (!key.p || !pin || cp_map_put(ad->a, pins, key, pin) < 0)
			return CP_ENOMEM;
		*pin = (struct pin){file, all->items[i].line};
	}
	return 0;
}

/* Of all files that installs of the build name, each read once. */
static int find_pins(struct cp_adviser *ad, struct cp_map *pins)
{
	struct cp_map files = {0};
	struct cp_install_step step;

	for (size_t i = 0; i < ad->n_stages; i++) {
		const struct cp_stage_view *v = &ad->stages[i];

		for (size_t k = 0; v->graph->reachable && k < v->stage->n_commands; k++) {
			if (v->stage->commands[k]->kind != CP_CMD_RUN ||
			    !cp_advise_install_of(ad, v, k, &step))
				continue;
			for (size_t n = 0; n < step.n_files; n++)
				if (cp_map_put(ad->a, &files, step.files[n], ad) < 0)
					return CP_ENOMEM;
		}
	}
	for (size_t i = 0; i < files.n; i++)
		if (cp_requirements_format_of(files.items[i].key) == CP_REQ_FORMAT_PIP &&
		    read_pins(ad, files.items[i].key, pins) < 0)
			return CP_ENOMEM;
	return 0;
}

/* The worst that has a version to move to, and is pinned. p NULL: no memory. */
static struct cp_str pinned(struct cp_adviser *ad, const struct cp_scan_place *p,
			    const struct cp_map *pins)
{
	for (size_t i = 0; pins->n && i < p->n_flaws; i++) {
		const struct cp_scan_flaw *f = p->flaws[i];
		struct cp_str name, key;
		const struct pin *pin;

		if (!f->fixed.n || !cp_str_eq(f->package.type, CP_S("pypi")))
			continue;
		name = cp_req_normalise(ad->a, f->package.name);
		key = name.p ? pin_key(ad, name, f->package.version) : name;
		if (!key.p)
			return key;
		pin = cp_map_get(pins, key);
		if (pin)
			return cp_arena_printf(
				ad->a, "%.*s line %d pins %.*s %.*s; %.*s has the fix",
				CP_STR(pin->file), pin->line, CP_STR(cut(f->package.name)),
				CP_STR(cut(f->package.version)), CP_STR(cut(f->fixed)));
	}
	return CP_S("");
}

static bool has_fix(const struct cp_scan_place *p)
{
	for (size_t i = 0; i < p->n_flaws; i++)
		if (p->flaws[i]->fixed.n)
			return true;
	return false;
}

static struct cp_str remedy(struct cp_adviser *ad, const struct cp_scan_place *p,
			    const struct cp_map *pins)
{
	struct cp_str ref = cp_graph_bottom(ad->in->graph)->base, pin;

	if (!has_fix(p))
		return CP_S(
			"no version that has them no more is known to the scanner; what the image "
			"does not need can go");
	if (p->kind == CP_PLACE_BASE && cp_str_find(ref, '@', 0) < ref.n)
		return CP_S(
			"the base is pinned by its digest: a newer one may have the fixed packages");
	if (p->kind == CP_PLACE_BASE)
		return CP_S(
			"a newer image behind the tag, or a newer tag, may have the fixed packages: "
			"build with --pull");
	if (p->kind == CP_PLACE_LAYER)
		return CP_S(
			"the image was built of another version of the Dockerfile: scan one that is "
			"built of this one");
	pin = pinned(ad, p, pins);
	if (pin.n || !pin.p)
		return pin;
	if (p->kind == CP_PLACE_STEP && p->step->command->kind == CP_CMD_RUN)
		return cp_arena_printf(
			ad->a,
			"as long as the instruction stays the same its layer comes from the cache with "
			"the versions of that day: build once with --no-cache-filter %.*s, or ask for the "
			"fixed versions",
			CP_STR(ad->in->graph->stages[p->step->stage].name));
	return CP_S("move to the fixed versions where the packages are asked for");
}

static int vulnerable(struct cp_adviser *ad, const struct cp_scan_place *p,
		      const struct cp_map *pins)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_LINE_BYTES);
	struct cp_str subject = who(ad, p);
	struct cp_finding *f;
	int line, end;

	if (!subject.p)
		return cp_err_nomem(ad->err);
	cp_buf_adds(&text, subject);
	cp_buf_addz(&text, " has ");
	add_counts(&text, p);
	if (add_packages(ad, &text, p) < 0 || cp_buf_error(&text))
		return cp_err_nomem(ad->err);
	lines_of(ad, p, &line, &end);
	f = cp_advise_put(ad, CP_ADVISE_VULNERABLE_PACKAGES, ad->in->dockerfile_path, line, end,
			  cp_arena_str(ad->a, cp_buf_str(&text)), remedy(ad, p, pins));
	if (!f)
		return CP_ENOMEM;
	f->severity = severity_of(p);
	return 0;
}

/* ---- size ---- */

static bool has_weights(const struct cp_adviser *ad)
{
	for (size_t i = 0; i < ad->found.n; i++)
		if (ad->found.items[i].rule == CP_ADVISE_MODEL_WEIGHTS)
			return true;
	return false;
}

static uint64_t size_of(const struct cp_scan_place *p, bool compressed)
{
	return compressed ? p->compressed : p->size;
}

/* Packages that are often the reason come first. */
static bool is_often_large(struct cp_str name)
{
	static const char *const names[] = {"torch",        "tensorflow",    "triton",  "jaxlib",
					    "onnxruntime",  "opencv-python", "pyarrow", "scipy",
					    "transformers", "pandas",        "numpy",   "llvmlite",
					    "xgboost",      "pyspark"};

	return cp_str_starts(name, CP_S("nvidia-")) ||
	       cp_advise_is_one_of(name, names, CP_LEN(names));
}

static void add_contents(struct cp_buf *out, const struct cp_scan_place *p)
{
	size_t n = 0;

	if (!p->n_packages)
		return;
	cp_buf_printf(out, " (%zu package%s", p->n_packages, p->n_packages == 1 ? "" : "s");
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < p->n_packages && n < MAX_NAMED; i++) {
			struct cp_str name = p->packages[i]->name;

			if (is_often_large(name) == (pass == 1))
				continue;
			cp_buf_printf(out, "%s%.*s", n++ ? ", " : ": ", CP_STR(cut(name)));
		}
	cp_buf_addz(out, p->n_packages > n ? ", …)" : ")");
}

static void add_driver(struct cp_adviser *ad, struct cp_buf *out, const struct cp_scan_place *p,
		       bool compressed)
{
	uint64_t size = size_of(p, compressed);
	struct cp_str subject = who(ad, p);
	int line, end;

	lines_of(ad, p, &line, &end);
	if (p->kind == CP_PLACE_STEP && line)
		cp_buf_printf(out, "line %d", line);
	else
		cp_buf_adds(out, subject);
	cp_buf_addz(out, " with ");
	cp_scan_add_size(out, size);
	add_contents(out, p);
}

/* The largest places, down to a tenth of the whole. */
static void add_drivers(struct cp_adviser *ad, struct cp_buf *out, const struct cp_scan_places *all,
			bool compressed, uint64_t total)
{
	bool named[CP_MAX_SCAN_LAYERS + 2] = {false};

	for (size_t n = 0; n < MAX_DRIVERS; n++) {
		size_t best = all->n;

		for (size_t i = 0; i < all->n && i < CP_LEN(named); i++)
			if (!named[i] &&
			    (best == all->n || size_of(&all->items[i], compressed) >
						       size_of(&all->items[best], compressed)))
				best = i;
		if (best == all->n || size_of(&all->items[best], compressed) < total / 10)
			return;
		named[best] = true;
		cp_buf_addz(out, n ? ", " : ": ");
		add_driver(ad, out, &all->items[best], compressed);
	}
}

static int large(struct cp_adviser *ad, const struct cp_advise_scan *scan)
{
	static const struct cp_str why = CP_S_INIT(
		"without models 200 to 800 MB is the aim: a slim base, packages that are not needed, "
		"build tools and caches in a stage of their own");
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_LINE_BYTES);
	const struct cp_scan_image *im = scan->subject->image;
	bool compressed = im && im->size == 0;
	uint64_t total = !im ? 0 : compressed ? im->compressed : im->size;
	const struct cp_stage *s = ad->stages[ad->target].stage;

	if (total <= SIZE_LIMIT || has_weights(ad))
		return 0;
	cp_buf_addz(&text, "the image is ");
	cp_scan_add_size(&text, total);
	cp_buf_addz(&text, compressed ? " compressed, and larger on disk" : "");
	add_drivers(ad, &text, &scan->places, compressed, total);
	if (cp_buf_error(&text))
		return cp_err_nomem(ad->err);
	return cp_advise_add(ad, CP_ADVISE_IMAGE_SIZE, s->line, s->line_end,
			     cp_arena_str(ad->a, cp_buf_str(&text)), why);
}

/* After the other rules: an image with weights in it is large for a reason that has been said. */
int cp_advise_scans(struct cp_adviser *ad)
{
	struct cp_map pins = {0};
	int r = ad->in->n_scans && find_pins(ad, &pins) < 0 ? cp_err_nomem(ad->err) : 0;

	for (size_t i = 0; r == 0 && i < ad->in->n_scans; i++) {
		const struct cp_advise_scan *scan = &ad->in->scans[i];

		r = large(ad, scan);
		for (size_t k = 0; r == 0 && k < scan->places.n; k++)
			if (scan->places.items[k].n_flaws)
				r = vulnerable(ad, &scan->places.items[k], &pins);
	}
	return r;
}

/*
 * copy-order: what changes often is copied above a step that does not need it. A step moves up past COPY instructions only, and only past
 * those that it provably has nothing to do with: its result and theirs are the same in either order.
 */
#include "advise/advise_int.h"
#include "keys/keys.h"

#define FEW_CHANGES 3u        /* of what is copied: less is no habit */
#define LARGE_COPY (1u << 20) /* bytes of a COPY whose layer is worth keeping */
#define MAX_PREFIXES 64u      /* paths that a COPY writes to */
#define SHOWN_BYTES 60u       /* of an instruction in a message */

/* ---- where a COPY writes ---- */

/* Paths that it writes, each with all below it. */
struct places {
	struct cp_str items[MAX_PREFIXES];
	size_t n;
	bool unknown;
};

/* Where /bin and the like are links to /usr, both are one place. */
static struct cp_str merged(struct cp_str path)
{
	static const char *const linked[] = {"/usr/bin", "/usr/sbin", "/usr/lib"};

	for (size_t i = 0; i < CP_LEN(linked); i++)
		if (cp_str_starts(path, cp_str_c(linked[i])))
			return cp_str_from(path, 4);
	return path;
}

static struct places places_of(struct cp_adviser *ad, const struct cp_command *c,
			       const struct cp_op *op)
{
	struct places p = {.n = 0};

	p.unknown = op->kind != CP_OP_FILE || (op->assumes & CP_ASSUMES_FILE) || !op->n_actions;
	for (size_t i = 0; !p.unknown && i < op->n_actions; i++) {
		const struct cp_action *act = &op->actions[i];
		struct cp_str to = act->dest;

		if (act->kind != CP_ACTION_COPY || p.n >= MAX_PREFIXES) {
			p.unknown = true;
			break;
		}
		if (!c->from.p && cp_str_ends(to, CP_S("/")) && !cp_advise_is_wild(act->src) &&
		    cp_advise_is(ad, act->src, CP_NODE_FILE))
			to = cp_arena_cat(ad->a, to, cp_path_base(act->src));
		p.items[p.n] = merged(cp_str_trim_right(cp_path_clean(ad->a, to), "/"));
		p.unknown = !p.items[p.n++].p || !cp_path_is_abs(to);
	}
	return p;
}

static bool overlap(struct cp_str x, struct cp_str y)
{
	if (x.n > y.n)
		return overlap(y, x);
	return cp_str_starts(y, x) && (x.n == y.n || y.p[x.n] == '/');
}

static bool are_apart(const struct places *x, const struct places *y)
{
	for (size_t i = 0; i < x->n; i++)
		for (size_t k = 0; k < y->n; k++)
			if (overlap(x->items[i], y->items[k]))
				return false;
	return !x->unknown && !y->unknown;
}

/* Folders of an application: nothing that installs packages of the system reads or writes there. */
static bool is_of_application(struct cp_str path)
{
	static const char *const roots[] = {"/app",          "/src",     "/code",     "/workspace",
					    "/srv",          "/project", "/usr/src",  "/workdir",
					    "/work",         "/var/www", "/var/task", "/build",
					    "/home/node/app"};

	for (size_t i = 0; i < CP_LEN(roots); i++) {
		struct cp_str root = cp_str_c(roots[i]);

		if (cp_str_starts(path, root) && (path.n == root.n || path.p[root.n] == '/'))
			return true;
	}
	return false;
}

static bool all_of_application(const struct places *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (!is_of_application(p->items[i]))
			return false;
	return !p->unknown && p->n;
}

/* ---- a RUN that needs nothing which was copied ---- */

/* No path of the application, nothing that the shell makes of other things. */
static bool is_plain(struct cp_str w)
{
	if (cp_str_find_str(w, CP_S("://"), 0) < w.n)
		return true;
	for (size_t i = 0; i < w.n; i++)
		if (strchr("/<>`", w.p[i]) || (w.p[i] == '$' && i + 1 < w.n && w.p[i + 1] == '('))
			return false;
	return true;
}

static bool are_plain(const struct cp_simple *s)
{
	for (size_t i = 1; i < s->n; i++)
		if (!is_plain(s->words[i]))
			return false;
	for (size_t i = 0; i < s->n_assignments; i++)
		if (!is_plain(s->assignments[i]))
			return false;
	return true;
}

static bool clears_caches(const struct cp_simple *s)
{
	static const char *const folders[] = {"/var/lib/apt/", "/var/cache/", "/tmp/",
					      "/root/.cache"};
	bool all = cp_str_eq(s->program, CP_S("rm"));

	for (size_t i = 1; all && i < s->n; i++) {
		bool known = cp_str_starts(s->words[i], CP_S("-"));

		for (size_t k = 0; k < CP_LEN(folders); k++)
			known = known || cp_str_starts(s->words[i], cp_str_c(folders[k]));
		all = known && cp_str_find_str(s->words[i], CP_S(".."), 0) == s->words[i].n;
	}
	return all;
}

/* It installs packages that it names itself. */
static bool installs_named(struct cp_adviser *ad, const struct cp_simple *s)
{
	static const char *const managers[] = {"apt-get", "apt",      "dnf", "yum",
					       "apk",     "microdnf", "tdnf"};
	struct cp_pip pip;

	if (cp_simple_pip(s))
		return !cp_advise_failed(ad, cp_advise_pip(ad->a, s, &pip)) && !pip.local &&
		       !pip.files.n && pip.packages.n;
	return cp_advise_is_one_of(s->program, managers, CP_LEN(managers)) &&
	       (cp_simple_has(s, "install") || cp_simple_has(s, "add"));
}

static bool is_harmless(const struct cp_simple *s)
{
	static const char *const managers[] = {"apt-get",  "apt",  "apk", "dnf",  "yum",
					       "microdnf", "tdnf", "set", "true", ":"};

	return cp_advise_is_one_of(s->program, managers, CP_LEN(managers));
}

/* Only installs of packages that are named, and what clears up behind them. */
static bool needs_no_copy(struct cp_adviser *ad, const struct cp_command *c,
			  const struct cp_script *s)
{
	bool installs = false;

	if (c->kind != CP_CMD_RUN || c->n_heredocs || c->n_devices)
		return false;
	for (size_t i = 0; i < c->n_mounts; i++)
		if (!cp_advise_holds(c->mounts[i], "type=cache") ||
		    cp_advise_holds(c->mounts[i], "from="))
			return false;
	for (size_t i = 0; i < s->n; i++) {
		const struct cp_simple *one = &s->commands[i];
		bool named = installs_named(ad, one);

		if (clears_caches(one))
			continue;
		if ((!named && !is_harmless(one)) || !are_plain(one))
			return false;
		installs = installs || named;
	}
	return installs;
}

/* ---- a COPY that may change places ---- */

static bool is_movable(const struct cp_command *c)
{
	return c->kind == CP_CMD_COPY && !c->n_heredocs && !c->link && !c->parents && c->line > 0;
}

/* Folders that both make on the way get the owner and mode of the first. */
static bool same_flags(const struct cp_command *x, const struct cp_command *y)
{
	return cp_str_eq(x->chown, y->chown) && cp_str_eq(x->chmod, y->chmod);
}

struct weigher {
	struct cp_adviser *ad;
	struct cp_weight weight;
};

static int weigh(void *self, const struct cp_node *node, struct cp_str path)
{
	struct weigher *w = self;

	if (node->kind != CP_NODE_FILE)
		return 0;
	if (!w->ad->unseen)
		return CP_EUNSUPPORTED;
	w->ad->unseen--;
	cp_advise_weigh(w->ad, cp_str_trim_left(path, "/"), &w->weight);
	return 0;
}

/* ---- one step ---- */

struct mover {
	struct cp_adviser *ad;
	const struct cp_stage_view *v;
	const struct cp_op_key *keys;
	size_t at;   /* of the step */
	size_t to;   /* of the COPY above which it may stand */
	size_t over; /* the COPY between that changes most */
};

static struct cp_weight weight_of(const struct mover *m)
{
	const struct cp_op *op = m->v->steps[m->at]->op;
	struct weigher w = {.ad = m->ad};

	for (size_t i = 0; i < op->n_inputs; i++) {
		const struct cp_op *in = op->inputs[i];
		const struct cp_key_input *key = &m->keys[op->index].inputs[i];

		if (in->kind != CP_OP_SOURCE || in->source.kind != CP_SOURCE_LOCAL ||
		    !cp_str_eq(in->source.local_name, CP_S("context")))
			continue;
		for (size_t k = 0; k < key->n_sels; k++) {
			struct cp_err ignored = {0};

			if (cp_advise_failed(m->ad, cp_selection_visit(m->ad->a, m->ad->in->context,
								       &key->sels[k], weigh, &w,
								       &ignored)))
				break;
		}
	}
	return w.weight;
}

/* Instructions that nothing below them sees. */
static bool is_passed(const struct cp_command *c)
{
	return c->kind == CP_CMD_EXPOSE || c->kind == CP_CMD_LABEL || c->kind == CP_CMD_CMD ||
	       c->kind == CP_CMD_ENTRYPOINT || c->kind == CP_CMD_HEALTHCHECK ||
	       c->kind == CP_CMD_STOPSIGNAL;
}

/* How far up the step may go, and whether that is past something that changes more often. */
static bool find_place(struct mover *m)
{
	const struct cp_command *x = m->v->stage->commands[m->at];
	const struct cp_step_history *own = cp_advise_history(m->ad, m->v, m->at), *most = NULL;
	struct places places = {.n = 0};

	if (!own)
		return false;
	if (x->kind == CP_CMD_COPY)
		places = places_of(m->ad, x, m->v->steps[m->at]->op);
	for (size_t i = m->at; i-- > 0;) {
		const struct cp_command *c = m->v->stage->commands[i];
		const struct cp_step_history *h = cp_advise_history(m->ad, m->v, i);
		struct places other;

		if (is_passed(c))
			continue;
		if (!is_movable(c) || !h)
			break;
		other = places_of(m->ad, c, m->v->steps[i]->op);
		if (x->kind == CP_CMD_COPY ? !same_flags(x, c) || !are_apart(&places, &other)
					   : !all_of_application(&other))
			break;
		if (h->n_changed < FEW_CHANGES || h->n_changed <= 2 * own->n_changed)
			continue;
		m->to = i;
		if (!most || h->n_changed > most->n_changed)
			m->over = i;
		most = &m->ad->in->history[m->v->steps[m->over] - m->ad->in->graph->steps];
	}
	return most != NULL;
}

/* The first line of an instruction with the comments right above it. */
static int first_line(const struct cp_adviser *ad, const struct cp_command *c, int after)
{
	int line = c->line;

	while (line - 1 > after) {
		struct cp_str above = cp_str_trim_space(ad->lines[line - 2]);

		if (!above.n || above.p[0] != '#')
			break;
		line--;
	}
	return line;
}

static const struct cp_edit *moved(const struct mover *m)
{
	const struct cp_command *x = m->v->stage->commands[m->at];
	const struct cp_command *above = m->v->stage->commands[m->at - 1];
	const struct cp_command *to = m->v->stage->commands[m->to];
	int before = m->to ? m->v->stage->commands[m->to - 1]->line_end : m->v->stage->line_end;
	int own = first_line(m->ad, x, above->line_end), first = first_line(m->ad, to, before);
	struct cp_edit *e = CP_NEW(m->ad->a, struct cp_edit);

	if (!e || first < 1 || own <= first || (size_t)x->line_end > m->ad->n_lines)
		return NULL;
	e->line = first;
	e->line_end = x->line_end;
	e->text = cp_arena_cat(m->ad->a, cp_advise_lines(m->ad, own, x->line_end),
			       cp_advise_lines(m->ad, first, own - 1));
	return e->text.p ? e : NULL;
}

/* An instruction in one line of a message. */
static struct cp_str short_code(struct cp_adviser *ad, struct cp_str code)
{
	size_t end = cp_str_find(code, '\n', 0), slash = cp_str_find(code, '\\', 0);

	end = slash < end ? slash : end;
	end = end < SHOWN_BYTES ? end : SHOWN_BYTES;
	if (end >= code.n)
		return code;
	while (end && ((unsigned char)code.p[end] & 0xC0) == 0x80)
		end--;
	return cp_arena_printf(ad->a, "%.*s ...",
			       CP_STR(cp_str_trim_space(cp_str_sub(code, 0, end))));
}

static int report(const struct mover *m, const struct cp_weight *w)
{
	struct cp_adviser *ad = m->ad;
	const struct cp_command *x = m->v->stage->commands[m->at],
				*c = m->v->stage->commands[m->over];
	const struct cp_step_history *h = cp_advise_history(ad, m->v, m->over),
				     *own = cp_advise_history(ad, m->v, m->at);
	const struct cp_edit *edit = moved(m);
	struct cp_finding *f;

	if (!edit)
		return 0;
	f = cp_advise_put(
		ad, CP_ADVISE_COPY_ORDER, ad->in->dockerfile_path, x->line, x->line_end,
		cp_arena_printf(
			ad->a,
			"%.*s stands below %.*s (line %d), which changed %zu times in %zu builds; "
			"it changed itself %zu times",
			CP_STR(short_code(ad, x->code)), CP_STR(short_code(ad, c->code)), c->line,
			h->n_changed, h->n, own->n_changed),
		x->kind == CP_CMD_RUN
			? CP_S("it installs what it names and reads nothing of what is copied; above the "
			       "COPY it stays in the cache")
			: CP_S("neither writes where the other does; in the other order this layer stays in "
			       "the cache, and in the registry"));
	if (!f)
		return CP_ENOMEM;
	f->edit = edit;
	f->trial = CP_TRIAL_EDIT;
	f->only_if_proved = true;
	cp_advise_put_weight(f, w);
	return 0;
}

/* Does a RUN, or an image, stand behind what is copied from a stage? Nobody knows how large it is, but it is no handful of files. */
static bool is_made(const struct mover *m, const struct cp_op *copy)
{
	const struct cp_graph *g = m->ad->in->graph;
	bool *behind = cp_arena_array(m->ad->a, g->n_ops, sizeof(*behind));

	if (!behind)
		return false;
	for (size_t i = 0; i < copy->n_actions; i++) {
		int input = copy->actions[i].secondary_input;

		if (input >= 0 && (size_t)input < copy->n_inputs)
			behind[copy->inputs[input]->index] = true;
	}
	for (size_t i = g->n_ops; i-- > 0;) {
		const struct cp_op *op = g->ops[i];

		if (!behind[i])
			continue;
		if (op->kind == CP_OP_EXEC ||
		    (op->kind == CP_OP_SOURCE && op->source.kind == CP_SOURCE_IMAGE))
			return true;
		for (size_t k = 0; k < op->n_inputs; k++)
			behind[op->inputs[k]->index] = true;
	}
	return false;
}

static int look_at(struct mover *m)
{
	const struct cp_command *x = m->v->stage->commands[m->at];
	struct cp_weight w = {.n = 0};

	if (!m->v->steps[m->at] || !m->at ||
	    !(is_movable(x) || needs_no_copy(m->ad, x, &m->v->scripts[m->at])) || !find_place(m))
		return 0;
	/* a small COPY costs nothing, above or below */
	if (x->kind == CP_CMD_COPY && x->from.p && !is_made(m, m->v->steps[m->at]->op))
		return 0;
	if (x->kind == CP_CMD_COPY && !x->from.p) {
		w = weight_of(m);
		if (w.bytes < LARGE_COPY && !w.n_unsized)
			return 0;
	}
	return report(m, &w);
}

int cp_advise_order(struct cp_adviser *ad)
{
	struct cp_op_key *keys;
	int r = 0;

	if (!ad->in->history || !ad->in->context)
		return 0;
	r = cp_keys_compute(ad->a, ad->in->graph, &keys, ad->err);
	for (size_t i = 0; r == 0 && i < ad->n_stages; i++) {
		struct mover m = {.ad = ad, .v = &ad->stages[i], .keys = keys};

		for (size_t k = 0; r == 0 && m.v->graph->reachable && k < m.v->stage->n_commands;
		     k++) {
			m.at = k;
			r = look_at(&m);
		}
	}
	return r;
}

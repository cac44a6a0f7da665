/* First cause of every step that does not surely hit. */
#include "predict/match_int.h"

static struct cp_step_result *result_of(struct explainer *x, const struct cp_op *op)
{
	long at = x->step_of_op[op->index];

	return at < 0 ? NULL : &x->prediction->steps[at];
}

/*
 * The step where the trouble of `op` began. Operations without a step of their own (heredocs, folders of cache mounts, the
 * sources) lead to nothing. Steps are explained in order and a stage's steps come before those that are built on them.
 */
static long origin_of(struct explainer *x, const struct cp_op *op)
{
	const struct cp_step_result *r = result_of(x, op);

	if (!r)
		return -1;
	return r->cause.step >= 0 ? r->cause.step : x->step_of_op[op->index];
}

static int one_name(struct explainer *x, struct cp_cause *cause, struct cp_str name)
{
	struct cp_str *names = cp_arena_array(x->m->arena, cause->n_names + 1, sizeof(*names));

	if (!names)
		return cp_err_nomem(x->m->err);
	if (cause->n_names)
		memcpy(names, cause->names, cause->n_names * sizeof(*names));
	names[cause->n_names] = name;
	cause->names = names;
	cause->n_names++;
	return 0;
}

static struct cp_str step_label(const struct cp_step_result *r)
{
	struct cp_str name = r->step->name;
	size_t end = cp_str_find(name, ']', 0);

	return cp_str_sub(name, 0, end + 1);
}

static int set_message(struct explainer *x, struct cp_cause *cause, struct cp_str text)
{
	cause->message = text;
	return text.p ? 0 : cp_err_nomem(x->m->err);
}

/* ---- base images ---- */

/* The image that the old build used where the new one uses another: the base of the stage that this one was. */
static struct cp_str old_image(const struct explainer *x, const struct cp_step *step)
{
	const struct cp_graph *ga = x->m->a.build->graph;
	long stage = x->old_stage[step->stage];

	return stage >= 0 && ga->stages[stage].parent < 0 ? ga->stages[stage].base : CP_S("");
}

/* What the same reference resolved to in the old build, "" = it was not known or not used. */
static struct cp_str old_digest(const struct explainer *x, const struct cp_op *image)
{
	const struct cp_graph *ga = x->m->a.build->graph;

	for (size_t i = 0; i < ga->n_ops; i++) {
		const struct cp_op_source *s = &ga->ops[i]->source;

		if (ga->ops[i]->kind == CP_OP_SOURCE && s->kind == CP_SOURCE_IMAGE &&
		    cp_str_eq(s->ref, image->source.ref) &&
		    !cp_str_eq(s->digest, image->source.digest))
			return s->digest;
	}
	return CP_S("");
}

static int explain_digests(struct explainer *x, const struct cp_op *image, struct cp_str before,
			   struct cp_cause *cause)
{
	struct cp_str now = image->source.digest;
	int r = one_name(x, cause, image->source.ref);

	if (r < 0)
		return r;
	return set_message(x, cause,
			   cp_arena_printf(x->m->arena, "%.*s was %.*s and is %.*s",
					   CP_STR(image->source.ref), CP_STR(before), CP_STR(now)));
}

static int explain_image(struct explainer *x, const struct cp_step *step, const struct cp_op *image,
			 struct cp_cause *cause)
{
	struct cp_str now = image->source.ref, before = old_image(x, step);
	int r;

	cause->kind = CP_CAUSE_BASE_IMAGE_CHANGED;
	if (before.n && !cp_str_eq(before, now)) {
		r = one_name(x, cause, before);
		if (r == 0)
			r = one_name(x, cause, now);
		if (r < 0)
			return r;
		return set_message(x, cause,
				   cp_arena_printf(x->m->arena,
						   "the base image was %.*s and is %.*s",
						   CP_STR(before), CP_STR(now)));
	}
	before = old_digest(x, image);
	if (before.n && image->source.digest.n)
		return explain_digests(x, image, before, cause);
	r = one_name(x, cause, now);
	if (r < 0)
		return r;
	return set_message(
		x, cause,
		cp_arena_printf(x->m->arena, "the build before did not use %.*s", CP_STR(now)));
}

/* ---- what a step stands on ---- */

static int explain_follow(struct explainer *x, const struct cp_step *step,
			  const struct cp_op *parent, enum cp_cause_kind kind,
			  struct cp_cause *cause)
{
	const struct cp_step_result *first;
	long origin;

	if (parent->kind == CP_OP_SOURCE && parent->source.kind == CP_SOURCE_IMAGE)
		return explain_image(x, step, parent, cause);
	if (parent->kind == CP_OP_SOURCE) {
		struct cp_str why = x->m->b.keys[parent->index].unresolved;

		cause->kind = CP_CAUSE_UNRESOLVED;
		if (!why.n)
			why = CP_S(
				"it downloads something else, whose files are not known before the build");
		return set_message(x, cause, why);
	}
	cause->kind = kind;
	origin = origin_of(x, parent);
	cause->step = origin;
	if (origin < 0)
		return set_message(x, cause, CP_S("what it is built on has no step of its own"));
	first = &x->prediction->steps[origin];
	if (kind == CP_CAUSE_SOURCE_STAGE_REBUILDS)
		return set_message(x, cause,
				   cp_arena_printf(x->m->arena,
						   "it reads what %.*s of a rebuilt stage leaves",
						   CP_STR(step_label(first))));
	return set_message(
		x, cause,
		cp_arena_printf(x->m->arena, "it is built on %.*s", CP_STR(step_label(first))));
}

/* ---- files ---- */

/* Is a path of the context there, unchanged, on both sides when nothing is ignored? Then the ignore rules made the difference. */
static bool ignored_alone(struct explainer *x, const struct cp_path_change *change)
{
	struct cp_fs *a, *b;
	struct cp_node na, nb;
	struct cp_str real;

	if (!x->m->a.build->unfiltered || !x->m->b.build->unfiltered)
		return false;
	a = x->m->a.build->unfiltered;
	b = x->m->b.build->unfiltered;
	if (cp_fs_resolve(x->m->arena, a, change->path, false, &na, &real, NULL) < 0 ||
	    cp_fs_resolve(x->m->arena, b, change->path, false, &nb, &real, NULL) < 0)
		return false;
	return na.kind == nb.kind &&
	       (na.kind == CP_NODE_DIR || cp_digest_eq(&na.identity, &nb.identity));
}

static bool is_git_dir(struct cp_str path)
{
	return cp_str_eq(path, CP_S(".git")) || cp_str_starts(path, CP_S(".git/"));
}

static enum cp_cause_kind kind_of_changes(struct explainer *x, const struct cp_comparison *c)
{
	size_t moved = 0, modes = 0, ignored = 0, git = 0, n;

	if (c->git_dir)
		return CP_CAUSE_GIT_DIR_IN_CONTEXT;
	for (size_t i = 0; i < c->n_changes; i++) {
		enum cp_change change = c->changes[i].change;

		if (is_git_dir(c->changes[i].path)) {
			git++;
			continue;
		}
		moved += change == CP_CHANGE_ADDED || change == CP_CHANGE_REMOVED;
		modes += change == CP_CHANGE_MODE;
		if (x->m->b.build->ignore_differs &&
		    (change == CP_CHANGE_ADDED || change == CP_CHANGE_REMOVED))
			ignored += ignored_alone(x, &c->changes[i]);
	}
	n = c->n_changes - git;
	if (n && ignored == n)
		return CP_CAUSE_IGNORE_FILE_CHANGED;
	if (n && modes == n)
		return CP_CAUSE_MODE_CHANGED;
	return n && moved == n ? CP_CAUSE_PATH_SET_CHANGED : CP_CAUSE_CONTENT_CHANGED;
}

static int copy_changes(struct explainer *x, const struct cp_comparison *c, struct cp_cause *cause)
{
	struct cp_str prefix = x->m->b.build->context_prefix;

	cause->paths = cp_arena_array(x->m->arena, c->n_changes, sizeof(*cause->paths));
	if (!cause->paths)
		return cp_err_nomem(x->m->err);
	for (size_t i = 0; i < c->n_changes; i++) {
		struct cp_str path = c->changes[i].path;
		struct cp_path_change *to = &cause->paths[cause->n_paths];

		if (!c->git_dir &&
		    is_git_dir(
			    path)) /* what somebody changed is worth more than what always changes */
			continue;
		*to = c->changes[i];
		if (prefix.n)
			path = cp_arena_printf(x->m->arena, "%.*s/%.*s", CP_STR(prefix),
					       CP_STR(path));
		if (prefix.n && !path.p)
			return cp_err_nomem(x->m->err);
		to->path = path;
		cause->n_paths++;
	}
	cause->n_paths_total = c->n_changes_total > c->n_changes
				       ? c->n_changes_total - (c->n_changes - cause->n_paths)
				       : cause->n_paths;
	return 0;
}

static int changes_message(struct explainer *x, struct cp_cause *cause)
{
	static const char *const verbs[] = {"was added", "was removed", "changed",
					    "changed its mode"};
	struct cp_str more = CP_S("");

	if (cause->kind == CP_CAUSE_GIT_DIR_IN_CONTEXT)
		return set_message(
			x, cause,
			CP_S("it takes .git, which differs in every clone; an ignore rule would leave it out"));
	if (cause->n_paths == 0)
		return set_message(x, cause, CP_S("the files that it takes changed"));
	if (cause->n_paths_total > 1)
		more = cp_arena_printf(x->m->arena, ", and %zu more", cause->n_paths_total - 1);
	if (cause->kind == CP_CAUSE_IGNORE_FILE_CHANGED)
		return set_message(x, cause,
				   cp_arena_printf(x->m->arena, "%.*s now %s %.*s%.*s",
						   CP_STR(x->m->b.build->ignore_file),
						   cause->paths[0].change == CP_CHANGE_ADDED
							   ? "lets in"
							   : "leaves out",
						   CP_STR(cause->paths[0].path), CP_STR(more)));
	return set_message(x, cause,
			   cp_arena_printf(x->m->arena, "%.*s %s%.*s", CP_STR(cause->paths[0].path),
					   verbs[cause->paths[0].change], CP_STR(more)));
}

static int explain_files(struct explainer *x, const struct cp_comparison *c, struct cp_cause *cause)
{
	int r;

	cause->kind = kind_of_changes(x, c);
	r = copy_changes(x, c, cause);
	return r < 0 ? r : changes_message(x, cause);
}

static int explain_unsure(struct explainer *x, const struct cp_comparison *c,
			  struct cp_cause *cause)
{
	cause->kind = CP_CAUSE_UNRESOLVED;
	cause->hint = c->hint;
	return set_message(x, cause, c->why.n ? c->why : CP_S("a part of the files is not known"));
}

/* An input whose content decided: the context, or what another stage or image holds. */
static int explain_content(struct explainer *x, size_t step, const struct candidate *c,
			   struct cp_cause *cause)
{
	const struct cp_op *op = x->prediction->steps[step].step->op, *input = op->inputs[c->input];
	enum cp_outcome source = x->m->ops[input->index].outcome;

	if (c->comparison->equality == CP_UNSURE)
		return explain_unsure(x, c->comparison, cause);
	if (input->kind == CP_OP_SOURCE && input->source.local_name.n)
		return explain_files(x, c->comparison, cause);
	if (input->kind == CP_OP_FILE && input->n_inputs == 0 &&
	    !result_of(x, input)) { /* the helper that a heredoc makes */
		cause->kind = CP_CAUSE_INSTRUCTION_CHANGED;
		return set_message(x, cause, CP_S("the text of its heredoc changed"));
	}
	if (source == CP_OUTCOME_HIT) /* the same stage, but another path of it */
		return explain_instruction(x, step, cause);
	return explain_follow(x, x->prediction->steps[step].step, input,
			      CP_CAUSE_SOURCE_STAGE_REBUILDS, cause);
}

/* ---- one step ---- */

/* Nothing of the old build stands for it. */
static bool was_missed(const struct matched *k)
{
	return k->outcome == CP_OUTCOME_MISS || k->twin;
}

static bool surely_rebuilds(const struct explainer *x, const struct cp_op *op)
{
	return op && was_missed(&x->m->ops[op->index]) && !x->m->ops[op->index].sure.n;
}

/* The step itself is as it was, and so is what it stands on now, but it stood on something else. */
static int explain_moved(struct explainer *x, const struct candidate *c, struct cp_cause *cause)
{
	const struct cp_op *stood_on = c->record->inputs[c->input];
	const struct cp_graph *ga = x->m->a.build->graph;

	cause->kind = CP_CAUSE_INSTRUCTION_CHANGED;
	for (size_t i = 0; i < ga->n_steps; i++)
		if (ga->steps[i].op == stood_on && ga->steps[i].command)
			return set_message(x, cause,
					   cp_arena_printf(x->m->arena,
							   "the step before it was: %.*s",
							   CP_STR(ga->steps[i].command->code)));
	return set_message(x, cause, CP_S("it stood on another step"));
}

static int explain_candidate(struct explainer *x, size_t step, const struct candidate *c,
			     struct cp_cause *cause)
{
	const struct cp_step *s = x->prediction->steps[step].step;
	const struct cp_op *input;

	if (c->obstacle == OBSTACLE_CONTENT)
		return explain_content(x, step, c, cause);
	if (c->obstacle == OBSTACLE_UNRESOLVED) {
		cause->kind = CP_CAUSE_UNRESOLVED;
		return set_message(x, cause, c->why);
	}
	input = s->op->inputs[c->input];
	if (x->m->ops[input->index].outcome == CP_OUTCOME_HIT)
		return explain_moved(x, c, cause);
	return explain_follow(x, s, input, CP_CAUSE_PARENT_REBUILDS, cause);
}

static int explain_alone(struct explainer *x, size_t step)
{
	struct cp_step_result *r = &x->prediction->steps[step];
	const struct cp_op *op = r->step->op, *parent = match_parent(op);
	const struct matched *k = &x->m->ops[op->index];
	struct cp_cause *cause = &r->cause;

	if (op->kind == CP_OP_SOURCE && op->source.kind == CP_SOURCE_IMAGE)
		return explain_image(x, r->step, op, cause);
	if (op->kind == CP_OP_SOURCE) {
		cause->kind = CP_CAUSE_UNRESOLVED;
		return set_message(x, cause, CP_S("a download is never cached"));
	}
	if (op->ignore_cache) {
		cause->kind = CP_CAUSE_NO_CACHE_REQUESTED;
		return set_message(x, cause, CP_S("the build asks for no cache here"));
	}
	/* a broken parent is the first cause, whatever else changed */
	if (was_missed(k) && surely_rebuilds(x, parent))
		return explain_follow(x, r->step, parent, CP_CAUSE_PARENT_REBUILDS, cause);
	if (!k->best.record)
		return explain_instruction(x, step, cause);
	return explain_candidate(x, step, &k->best, cause);
}

struct cp_str twin_message(struct cp_arena *a, struct cp_str why, struct cp_str twin)
{
	return cp_arena_printf(a, "%.*s%s%.*s may make the same first", CP_STR(why),
			       why.n ? "; " : "", CP_STR(twin));
}

int explain_step(struct explainer *x, size_t step)
{
	struct cp_step_result *r = &x->prediction->steps[step];
	const struct cp_op *twin = x->m->ops[r->step->op->index].twin;
	int result = explain_alone(x, step);

	if (result < 0 || !twin || !result_of(x, twin))
		return result;
	return set_message(
		x, &r->cause,
		twin_message(x->m->arena, r->cause.message, step_label(result_of(x, twin))));
}

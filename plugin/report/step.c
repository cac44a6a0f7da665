#include "report/step_int.h"

#define PATHS_SHOWN 3

struct cp_step_label cp_step_label_of(const struct cp_step *step)
{
	struct cp_step_label l = {CP_S(""), CP_S(""), step->name};
	size_t end = cp_str_find(step->name, ']', 0), space;
	struct cp_str inner;

	if (step->name.n == 0 || step->name.p[0] != '[' || end == step->name.n)
		return l;
	inner = cp_str_sub(step->name, 1, end);
	space = cp_str_rfind(inner, ' ');
	l.text = cp_str_trim_left(cp_str_from(step->name, end + 1), " ");
	l.count = space < inner.n ? cp_str_from(inner, space + 1) : inner;
	l.stage = space < inner.n ? cp_str_trim_right(cp_str_sub(inner, 0, space), " ")
				  : CP_S(""); /* "[builder  3/10]" */
	return l;
}

size_t cp_step_count(const struct cp_report_image *im)
{
	const struct cp_prediction *p = &im->prediction;

	return p->n_hit + p->n_miss + p->n_depends + p->n_unknown;
}

void cp_quote_plain(struct cp_buf *out, struct cp_str s)
{
	cp_text_add(out, s);
}

const char *cp_change_name(enum cp_change c)
{
	static const char *const names[] = {"added", "removed", "modified", "mode"};

	return (unsigned)c < CP_LEN(names) ? names[c] : "modified";
}

/* "3/4", with the stage in front when it is another one. */
static void place_of(struct cp_buf *out, const struct cp_report_image *im,
		     const struct cp_step_result *s, long step)
{
	const struct cp_step *other;
	struct cp_step_label l;

	if (step < 0 || (size_t)step >= im->prediction.n_steps)
		return;
	other = im->prediction.steps[step].step;
	l = cp_step_label_of(other);
	if (other->stage != s->step->stage && l.stage.n) {
		cp_text_add(out, l.stage);
		cp_buf_addc(out, ' ');
	}
	cp_text_add(out, l.count);
}

static void names_of(struct cp_buf *out, const char *before, const struct cp_cause *c)
{
	cp_buf_addz(out, before);
	if (c->n_names) {
		cp_buf_addc(out, ' ');
		cp_text_add(out, c->names[0]);
	}
	if (c->n_names > 1)
		cp_buf_printf(out, " +%zu", c->n_names - 1);
}

static size_t n_paths(const struct cp_cause *c)
{
	return c->n_paths_total > c->n_paths ? c->n_paths_total : c->n_paths;
}

static void files_of(struct cp_buf *out, const char *verb, const struct cp_cause *c)
{
	if (n_paths(c) > 1)
		cp_buf_printf(out, "%zu files ", n_paths(c));
	cp_buf_addz(out, verb);
}

void cp_step_reason(struct cp_buf *out, const struct cp_report_image *im,
		    const struct cp_step_result *s)
{
	const struct cp_cause *c = &s->cause;

	switch (c->kind) {
	case CP_CAUSE_NONE:
		break;
	case CP_CAUSE_CONTENT_CHANGED:
		files_of(out, "changed", c);
		break;
	case CP_CAUSE_MODE_CHANGED:
		files_of(out, "mode changed", c);
		break;
	case CP_CAUSE_PATH_SET_CHANGED:
		files_of(out, "added or removed", c);
		break;
	case CP_CAUSE_IGNORE_FILE_CHANGED:
		cp_buf_addz(out, "ignore file");
		break;
	case CP_CAUSE_INSTRUCTION_CHANGED:
		cp_buf_addz(out, "instruction");
		break;
	case CP_CAUSE_ARGUMENT_CHANGED:
		names_of(out, "ARG", c);
		break;
	case CP_CAUSE_ENVIRONMENT_CHANGED:
		names_of(out, "ENV", c);
		break;
	case CP_CAUSE_BASE_IMAGE_CHANGED:
		cp_buf_addz(out, "base image");
		break;
	case CP_CAUSE_PARENT_REBUILDS:
		cp_buf_addz(out, c->step >= 0 ? "follows " : "follows its base");
		place_of(out, im, s, c->step);
		break;
	case CP_CAUSE_SOURCE_STAGE_REBUILDS:
		cp_buf_addz(out, c->step >= 0 ? "output of " : "output of a stage");
		place_of(out, im, s, c->step);
		break;
	case CP_CAUSE_GIT_DIR_IN_CONTEXT:
		cp_buf_addz(out, ".git in context");
		break;
	case CP_CAUSE_NOT_IN_CACHE:
		cp_buf_addz(out, "not in the cache");
		break;
	case CP_CAUSE_LAYERS_MISSING:
		cp_buf_addz(out, "layers missing");
		break;
	case CP_CAUSE_NO_CACHE_REQUESTED:
		cp_buf_addz(out, "--no-cache");
		break;
	case CP_CAUSE_UNRESOLVED:
		cp_buf_addz(out, "not known");
		break;
	}
}

const struct cp_report_packages *cp_step_packages(const struct cp_report_image *im,
						  const struct cp_path_change *p)
{
	for (size_t i = 0; im && p->change == CP_CHANGE_MODIFIED && i < im->n_packages; i++)
		if (cp_str_eq(im->packages[i].path, p->path))
			return &im->packages[i];
	return NULL;
}

void cp_step_package(struct cp_buf *out, const struct cp_req_change *c, cp_quote quote, bool ascii)
{
	quote(out, c->key);
	if (c->kind == CP_REQ_ADDED && c->version_after.n) {
		cp_buf_addc(out, ' ');
		quote(out, c->version_after);
	}
	if (c->kind != CP_REQ_CHANGED) {
		cp_buf_addz(out, c->kind == CP_REQ_ADDED ? " added" : " removed");
	} else if (cp_str_eq(c->version_before, c->version_after)) {
		cp_buf_addz(out, " in hashes or markers");
	} else {
		cp_buf_addc(out, ' ');
		quote(out, c->version_before.n ? c->version_before : CP_S("any"));
		cp_buf_printf(out, " %s ", cp_text_arrow(ascii));
		quote(out, c->version_after.n ? c->version_after : CP_S("any"));
	}
}

void cp_step_rest(struct cp_buf *out, const struct cp_report_packages *p)
{
	if (p->n == 0)
		cp_buf_addz(out, p->options ? "options, no package"
					    : "comments, order or white space only");
}

static void list_packages(struct cp_buf *out, const struct cp_report_packages *p, cp_quote quote,
			  bool ascii)
{
	size_t shown = p->n < PATHS_SHOWN ? p->n : PATHS_SHOWN;

	cp_buf_addz(out, ": ");
	for (size_t i = 0; i < shown; i++) {
		cp_buf_addz(out, i ? ", " : "");
		cp_step_package(out, &p->changes[i], quote, ascii);
	}
	if (p->n > shown)
		cp_buf_printf(out, " and %zu more packages", p->n - shown);
	cp_step_rest(out, p);
}

static void list_paths(struct cp_buf *out, const struct cp_report_image *im,
		       const struct cp_cause *c, cp_quote quote, bool ascii)
{
	static const char *const verbs[] = {" added", " removed", " changed", " mode changed"};
	size_t shown = c->n_paths < PATHS_SHOWN ? c->n_paths : PATHS_SHOWN;

	for (size_t i = 0; i < shown; i++) {
		const struct cp_report_packages *packages = cp_step_packages(im, &c->paths[i]);

		if (i)
			cp_buf_addz(out, packages ? "; " : ", ");
		quote(out, c->paths[i].path);
		if (packages)
			list_packages(out, packages, quote, ascii);
		else
			cp_buf_addz(out, verbs[c->paths[i].change]);
	}
	if (n_paths(c) > shown)
		cp_buf_printf(out, " and %zu more", n_paths(c) - shown);
}

static void list_names(struct cp_buf *out, const char *before, const struct cp_cause *c,
		       cp_quote quote)
{
	cp_buf_addz(out, before);
	for (size_t i = 0; i < c->n_names && i < PATHS_SHOWN; i++) {
		cp_buf_addz(out, i ? ", " : " ");
		quote(out, c->names[i]);
	}
	if (c->n_names > PATHS_SHOWN)
		cp_buf_printf(out, " and %zu more", c->n_names - PATHS_SHOWN);
}

static void say_image(struct cp_buf *out, const struct cp_cause *c, cp_quote quote)
{
	if (c->n_names == 2) {
		cp_buf_addz(out, "base image ");
		quote(out, c->names[0]);
		cp_buf_addz(out, " is now ");
		quote(out, c->names[1]);
	} else {
		list_names(out, "base image changed:", c, quote);
	}
}

void cp_step_why(struct cp_buf *out, const struct cp_report_image *im,
		 const struct cp_step_result *s, cp_quote quote, bool ascii)
{
	const struct cp_cause *c = &s->cause;
	bool own_words =
		c->kind == CP_CAUSE_GIT_DIR_IN_CONTEXT || c->kind == CP_CAUSE_NO_CACHE_REQUESTED;

	if (c->n_paths &&
	    (c->kind == CP_CAUSE_CONTENT_CHANGED || c->kind == CP_CAUSE_MODE_CHANGED ||
	     c->kind == CP_CAUSE_PATH_SET_CHANGED)) {
		list_paths(out, im, c, quote, ascii);
	} else if (c->n_paths && c->kind == CP_CAUSE_IGNORE_FILE_CHANGED) {
		quote(out, im->ignore_file.n ? im->ignore_file : CP_S(".dockerignore"));
		cp_buf_addz(out, " now lets through or keeps out: ");
		list_paths(out, im, c, quote, ascii);
	} else if (c->kind == CP_CAUSE_ARGUMENT_CHANGED && c->n_names) {
		list_names(out, "build argument changed:", c, quote);
	} else if (c->kind == CP_CAUSE_ENVIRONMENT_CHANGED && c->n_names) {
		list_names(out, "environment changed:", c, quote);
	} else if (c->kind == CP_CAUSE_BASE_IMAGE_CHANGED && c->n_names) {
		say_image(out, c, quote);
	} else if (c->message.n && !own_words) {
		quote(out, c->message);
	} else if (c->kind == CP_CAUSE_GIT_DIR_IN_CONTEXT) {
		cp_buf_addz(out, "the context includes .git, which differs in every clone");
	} else if (c->kind == CP_CAUSE_NO_CACHE_REQUESTED) {
		cp_buf_addz(out, "the build was asked not to use the cache");
	} else {
		cp_step_reason(out, im, s);
	}
}

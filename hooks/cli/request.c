#include "request.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* One object being written: commas come by themselves. */
struct object {
	struct text *out;
	bool any;
};

static void key(struct object *o, const char *name)
{
	if (o->any)
		text_addc(o->out, ',');
	o->any = true;
	text_json(o->out, name, strlen(name));
	text_addc(o->out, ':');
}

static void member(struct object *o, const char *name, const char *value)
{
	if (!value)
		return;
	key(o, name);
	text_json(o->out, value, strlen(value));
}

static void members_list(struct object *o, const char *name, const struct option_values *v)
{
	key(o, name);
	text_addc(o->out, '[');
	for (size_t i = 0; i < v->n; i++) {
		if (i)
			text_addc(o->out, ',');
		text_json(o->out, v->items[i], strlen(v->items[i]));
	}
	text_addc(o->out, ']');
}

static bool given_later(const struct option_values *v, size_t i, size_t n_key)
{
	for (size_t k = i + 1; k < v->n; k++)
		if (strcspn(v->items[k], "=") == n_key &&
		    memcmp(v->items[k], v->items[i], n_key) == 0)
			return true;
	return false;
}

/* KEY=VALUE; a KEY alone is null: the value comes from the environment. */
static void members_pairs(struct object *o, const char *name, const struct option_values *v)
{
	struct object pairs = {.out = o->out};

	key(o, name);
	text_addc(o->out, '{');
	for (size_t i = 0; i < v->n; i++) {
		const char *item = v->items[i];
		size_t n = strcspn(item, "=");

		if (n == 0 || given_later(v, i, n))
			continue;
		if (pairs.any)
			text_addc(o->out, ',');
		pairs.any = true;
		text_json(o->out, item, n);
		text_addc(o->out, ':');
		if (item[n])
			text_json(o->out, item + n + 1, strlen(item + n + 1));
		else
			text_addz(o->out, "null");
	}
	text_addc(o->out, '}');
}

static void add_flag(struct object *o, const struct flag *f, const struct option_values *v)
{
	switch (f->kind) {
	case FLAG_BOOL:
		key(o, f->member);
		text_addz(o->out, v->on ? "true" : "false");
		break;
	case FLAG_TEXT:
	case FLAG_NUMBER:
		member(o, f->member, v->items[v->n - 1]);
		break;
	case FLAG_LIST:
	case FLAG_WORDS:
		members_list(o, f->member, v);
		break;
	case FLAG_PAIRS:
		members_pairs(o, f->member, v);
		break;
	}
}

static void add_flags(struct object *o, const struct options *options, enum flag_place place)
{
	for (size_t i = 0; i < F_FIRST_DOCKER; i++)
		if (flags[i].place == place && options->values[i].set && i != F_TARGET &&
		    i != F_CONFIG && i != F_FILE && i != F_STATE)
			add_flag(o, &flags[i], &options->values[i]);
}

/* ---- where the repository is ---- */

static bool exists(const char *folder, const char *name)
{
	struct text path = {0};
	bool is;

	text_addf(&path, "%s/%s", folder, name);
	is = access(path.p, F_OK) == 0;
	text_release(&path);
	return is;
}

/* Is the current folder inside a work tree or a bare repository? */
static bool in_repository(void)
{
	char *at = getcwd(NULL, 0);
	bool found = false;

	while (at && !found) {
		char *slash = strrchr(at, '/');

		found = exists(at, ".git") ||
			(exists(at, "HEAD") && exists(at, "objects") && exists(at, "refs"));
		if (!slash || found)
			break;
		*slash = '\0';
	}
	free(at);
	return found;
}

/* An absolute path of a file that may be missing: its folder is what must be there. */
static char *absolute(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash ? must_copy(path, (size_t)(slash - path) + 1) : must_copy(".", 1);
	char *real = realpath(folder, NULL);
	struct text out = {0};

	if (real)
		text_addf(&out, "%s/%s", real, slash ? slash + 1 : path);
	else
		text_addz(&out, path);
	free(real);
	free(folder);
	return out.p;
}

/* Paths are where the user stands; started outside of any repository, the context's repository is
 * meant. */
static bool context_names_repository(const struct options *o)
{
	struct stat st;

	return o->context && !strstr(o->context, "://") && !in_repository() &&
	       stat(o->context, &st) == 0 && S_ISDIR(st.st_mode);
}

/* ---- all of it ---- */

static void add_image(struct object *top, const struct options *options, bool from_context)
{
	struct object image = {.out = top->out};
	const struct option_values *targets = &options->values[F_TARGET];
	const char *file = option_text(options, F_FILE);
	bool any = options->context || file || targets->n;

	for (size_t i = 0; i < F_FIRST_DOCKER; i++)
		any = any || (flags[i].place == IN_IMAGE && options->values[i].set);
	if (!any)
		return;
	if (targets->n > 1)
		members_list(top, "targets", targets);
	key(top, "image");
	text_addc(image.out, '{');
	if (options->context)
		member(&image, "context", from_context ? "." : options->context);
	if (file) {
		char *path = from_context ? absolute(file) : must_copy(file, strlen(file));

		member(&image, "dockerfile", path);
		free(path);
	}
	if (targets->n == 1)
		member(&image, "target", targets->items[0]);
	add_flags(&image, options, IN_IMAGE);
	text_addc(image.out, '}');
}

static const char *default_format(enum command c)
{
	switch (c) {
	case CMD_PATHS:
		return "list";
	case CMD_KEYS:
	case CMD_AFFECTED:
	case CMD_COMMENT:
		return "json";
	case CMD_GRAPH:
		return "mermaid";
	default:
		return "table";
	}
}

/* Standard input is a file of the helper's, so that a log of any size goes through in pieces. */
static void add_logs(struct object *top, const struct options *o)
{
	const struct option_values *v = &o->values[F_LOG];
	bool elsewhere =
		option_on(o, F_ACCURACY) || option_on(o, F_EXPORT) || option_text(o, F_IMPORT);

	if (elsewhere && !v->n)
		return;
	key(top, "logs");
	text_addc(top->out, '[');
	for (size_t i = 0; i < v->n || (i == 0 && !v->n); i++) {
		const char *path =
			v->n && strcmp(v->items[i], "-") != 0 ? v->items[i] : "/dev/stdin";
		struct object log = {.out = top->out};

		text_addz(top->out, i ? ",{" : "{");
		member(&log, "file", path);
		text_addc(top->out, '}');
	}
	text_addc(top->out, ']');
}

void request_build(const struct options *o, const struct request_style *style, struct text *out)
{
	struct object top = {.out = out};
	struct object in_style = {.out = out};
	bool from_context = context_names_repository(o);
	const char *config = option_text(o, F_CONFIG), *state = option_text(o, F_STATE);

	text_addc(out, '{');
	member(&top, "repository", from_context ? o->context : ".");
	member(&top, "base", o->base);
	member(&top, "head",
	       option_on(o, F_INDEX)       ? ":index"
	       : option_on(o, F_WORK_TREE) ? ":worktree"
					   : o->head);
	add_flags(&top, o, IN_REQUEST);
	if (config) {
		key(&top, "config");
		if (strcmp(config, "none") == 0)
			text_addz(out, "null");
		else
			text_json(out, config, strlen(config));
	}
	if (option_on(o, F_NO_STATE)) {
		key(&top, "state");
		text_addz(out, "null");
	} else {
		member(&top, "state", state);
	}
	if (!option_text(o, F_FORMAT))
		member(&top, "format", option_on(o, F_DIFF) ? "table" : default_format(o->command));
	if (o->command == CMD_EXPLAIN)
		member(&top, "explain", o->subject);
	if (o->command == CMD_SPLIT)
		member(&top, "split", o->subject);
	if (o->command == CMD_RECORD)
		add_logs(&top, o);
	add_image(&top, o, from_context);
	key(&top, "style");
	text_addc(out, '{');
	key(&in_style, "color");
	text_addz(out, style->color ? "true" : "false");
	key(&in_style, "width");
	text_addf(out, "%ld", style->width);
	if (style->pretty && !o->values[F_PRETTY].set) {
		key(&in_style, "pretty");
		text_addz(out, "true");
	}
	add_flags(&in_style, o, IN_STYLE);
	text_addz(out, "}}");
}

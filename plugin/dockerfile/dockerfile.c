/* The way in: text ─► nodes ─► stages of commands (instructions.Parse). */
#include "dockerfile/parse_int.h"

static int directives(struct cp_parser *p, struct cp_dockerfile *d)
{
	struct cp_directive *const found[] = {&d->syntax, &d->check};
	struct cp_str text = p->lines.text, first;
	int r = cp_directives_find(p->a, text, "syntax", true, &d->syntax, &first);

	if (r < 0)
		return cp_err_nomem(p->err);
	if (d->syntax.name.p)
		d->syntax.value = first; /* the image; options may follow it */
	r = cp_directives_find(p->a, text, "check", false, &d->check, &first);
	if (r < 0)
		return cp_err_nomem(p->err);
	for (size_t i = 0; i < CP_LEN(found); i++) {
		if (!found[i]->name.p)
			continue;
		found[i]->value = cp_arena_str(p->a, found[i]->value);
		if (!found[i]->value.p)
			return cp_err_nomem(p->err);
	}
	return 0;
}

static int new_stage(struct cp_parser *p, const struct cp_node *n, struct cp_dockerfile *d)
{
	int r;

	if (d->n_stages == CP_MAX_STAGES) {
		cp_err_set(p->err, CP_ELIMIT, "more than %u stages", CP_MAX_STAGES);
		return cp_parser_at(p, n, n->name.raw, CP_ELIMIT);
	}
	r = cp_stage_parse(p, n, &d->stages[d->n_stages]);
	if (r == 0)
		d->n_stages++;
	return r;
}

/*
 * A command goes to the last stage; before the first one only ARG is allowed. `room` has a place
 * for every command.
 */
static int new_command(struct cp_parser *p, const struct cp_node *n, struct cp_dockerfile *d,
		       struct cp_command **room)
{
	const struct cp_command *c;
	struct cp_stage *stage;
	int r = cp_command_parse(p, n, &c);

	if (r < 0)
		return r;
	*room = (struct cp_command *)c;
	if (d->n_stages == 0) {
		if (c->kind != CP_CMD_ARG)
			return cp_parser_fail(p, n, n->name.raw,
					      "no build stage in current context");
		if (!d->global_args)
			d->global_args = room;
		d->n_global_args++;
		return 0;
	}
	stage = &d->stages[d->n_stages - 1];
	if (!stage->commands)
		stage->commands = room;
	stage->n_commands++;
	return 0;
}

/* How many stages there will be at most. */
static size_t count_stages(const cp_node_vec *nodes)
{
	size_t n = 0;

	for (size_t i = 0; i < nodes->n; i++)
		n += nodes->items[i]->keyword == CP_KEYWORD_FROM;
	return n;
}

static int second_pass(struct cp_parser *p, const cp_node_vec *nodes, struct cp_dockerfile *d)
{
	struct cp_command **room = cp_arena_array(p->a, nodes->n, sizeof(*room));
	size_t n_commands = 0;
	int r = 0;

	d->stages = cp_arena_array(p->a, count_stages(nodes), sizeof(*d->stages));
	if (!room || !d->stages)
		return cp_err_nomem(p->err);
	for (size_t i = 0; r == 0 && i < nodes->n; i++) {
		const struct cp_node *n = nodes->items[i];

		if (n->keyword == CP_KEYWORD_FROM)
			r = new_stage(p, n, d);
		else
			r = new_command(p, n, d, &room[n_commands++]);
	}
	return r;
}

static struct cp_parser new_parser(struct cp_arena *a, struct cp_str text, struct cp_str name,
				   struct cp_err *err)
{
	return (struct cp_parser){
		.a = a,
		.err = err,
		.file = name,
		.lines = {.text = text},
		.directives = {.comment = CP_S("#")},
		.escape = '\\',
		.scratch = CP_BUF_INIT(CP_MAX_DOCKERFILE_BYTES),
		.line = CP_BUF_INIT(CP_MAX_LINE_BYTES),
	};
}

static void release_parser(struct cp_parser *p)
{
	cp_buf_release(&p->scratch);
	cp_buf_release(&p->line);
}

static int parse(struct cp_parser *p, struct cp_dockerfile *d)
{
	cp_node_vec nodes = {0};
	int r = directives(p, d);

	if (r == 0)
		r = cp_parser_nodes(p, &nodes);
	if (r == 0)
		r = second_pass(p, &nodes, d);
	d->escape = p->escape_directive;
	d->escape_char = p->escape;
	return r;
}

int cp_dockerfile_parse(struct cp_arena *a, struct cp_str text, struct cp_str name,
			const struct cp_dockerfile **ret_dockerfile, struct cp_err *err)
{
	struct cp_parser p = new_parser(a, text, name, err);
	struct cp_dockerfile *d;
	int r;

	if (text.n > CP_MAX_DOCKERFILE_BYTES) {
		cp_err_set(err, CP_ELIMIT, "file is larger than %u bytes", CP_MAX_DOCKERFILE_BYTES);
		cp_err_at(err, name, 1, 0, 0, (struct cp_str){NULL, 0});
		return CP_ELIMIT;
	}
	d = CP_NEW(a, struct cp_dockerfile);
	if (!d)
		return cp_err_nomem(err);
	r = parse(&p, d);
	release_parser(&p);
	if (r == 0)
		*ret_dockerfile = d;
	return r;
}

static int parse_trigger(struct cp_parser *p, const struct cp_command **ret_command)
{
	cp_node_vec nodes = {0};
	int r = cp_parser_nodes(p, &nodes);

	if (r < 0)
		return r;
	if (nodes.n != 1)
		return cp_err_set(p->err, CP_EINVAL,
				  "onbuild trigger should be a single expression");
	if (nodes.items[0]->keyword == CP_KEYWORD_FROM) {
		struct cp_stage ignored;

		r = cp_stage_parse(p, nodes.items[0], &ignored);
		return r < 0 ? r
			     : cp_err_set(p->err, CP_EINVAL,
					  "*instructions.Stage is not a command type");
	}
	return cp_command_parse(p, nodes.items[0], ret_command);
}

int cp_dockerfile_parse_trigger(struct cp_arena *a, struct cp_str text,
				const struct cp_command **ret_command, struct cp_err *err)
{
	struct cp_parser p = new_parser(a, text, (struct cp_str){NULL, 0}, err);
	int r;

	if (text.n > CP_MAX_DOCKERFILE_BYTES)
		return cp_err_set(err, CP_ELIMIT, "ONBUILD trigger is larger than %u bytes",
				  CP_MAX_DOCKERFILE_BYTES);
	p.no_position = true;
	r = parse_trigger(&p, ret_command);
	release_parser(&p);
	return r;
}

/*
 * RUN, CMD, ENTRYPOINT: frontend/dockerfile/instructions/parse.go parseShellDependentCommand,
 * commands_run*.go.
 */
#include "dockerfile/parse_int.h"
#include "dockerfile/text_int.h"

enum run_flag { DEVICE, MOUNT, NETWORK, SECURITY, N_RUN_FLAGS };

/* handleJSONArgs: an array as it is, anything else as one string for the shell. */
int cp_command_words(struct cp_parser *p, const struct cp_node *n, size_t first,
		     struct cp_command *c)
{
	size_t count = n->args.n - first;

	c->prepend_shell = !n->json;
	c->words = cp_arena_array(p->a, count, sizeof(*c->words));
	if (!c->words)
		return cp_err_nomem(p->err);
	for (size_t i = 0; i < count; i++)
		c->words[i] = n->args.items[first + i].value;
	c->n_words = count;
	return 0;
}

int cp_command_line(struct cp_parser *p, const struct cp_node *n, struct cp_command *c)
{
	int r = cp_flags_none(p, n);

	c->heredocs = n->heredocs;
	c->n_heredocs = n->n_heredocs;
	return r < 0 ? r : cp_command_words(p, n, 0, c);
}

static bool is_one_of(struct cp_str s, const char *const *names)
{
	while (*names && !cp_str_eq(s, cp_str_c(*names)))
		names++;
	return *names != NULL;
}

/* The hooks of BuildKit run in the order of their files: device, mount, network, security. */
static int check_values(struct cp_parser *p, const struct cp_node *n, const struct cp_flag *flags)
{
	static const char *const networks[] = {"default", "none", "host", NULL};
	static const char *const securities[] = {"insecure", "sandbox", NULL};
	const struct cp_flag *network = &flags[NETWORK], *security = &flags[SECURITY];
	char quoted[CP_DOCKERFILE_QUOTED];
	int r;

	for (int k = DEVICE; k <= MOUNT; k++) {
		for (size_t i = 0; i < flags[k].values.n; i++) {
			const struct cp_word *w = &flags[k].values.items[i];

			r = (k == DEVICE ? cp_device_check : cp_mount_check)(p->a, w->value,
									     p->err);
			if (r < 0)
				return cp_parser_at(p, n, w->raw, r);
		}
	}
	if (network->used && !is_one_of(network->values.items[0].value, networks))
		return cp_parser_fail(p, n, network->values.items[0].raw, "invalid network mode %s",
				      cp_dockerfile_quote(network->values.items[0].value, quoted));
	if (security->used && !is_one_of(security->values.items[0].value, securities))
		return cp_parser_fail(p, n, security->values.items[0].raw,
				      "security %s is not valid",
				      cp_dockerfile_quote(security->values.items[0].value, quoted));
	return 0;
}

int cp_command_run(struct cp_parser *p, const struct cp_node *n, struct cp_command *c)
{
	struct cp_flag flags[N_RUN_FLAGS] = {
		[DEVICE] = {.name = "device", .type = CP_FLAG_STRINGS},
		[MOUNT] = {.name = "mount", .type = CP_FLAG_STRINGS},
		[NETWORK] = {.name = "network", .type = CP_FLAG_STRING},
		[SECURITY] = {.name = "security", .type = CP_FLAG_STRING},
	};
	int r = cp_flags_parse(p, n, flags, N_RUN_FLAGS);

	if (r == 0)
		r = cp_command_words(p, n, 0, c);
	if (r == 0)
		r = check_values(p, n, flags);
	if (r == 0)
		r = cp_flag_values(p, &flags[MOUNT], &c->mounts, &c->n_mounts);
	if (r == 0)
		r = cp_flag_values(p, &flags[DEVICE], &c->devices, &c->n_devices);
	if (r < 0)
		return r;
	c->heredocs = n->heredocs;
	c->n_heredocs = n->n_heredocs;
	c->network = cp_flag_value(&flags[NETWORK], CP_S("default"));
	c->security = cp_flag_value(&flags[SECURITY], CP_S("sandbox"));
	return 0;
}

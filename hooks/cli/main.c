/* The helper binary: options ─► a request ─► the plugin ─► its answer on stdout, its verdict as the
 * exit code. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "comment.h"
#include "fail.h"
#include "help.h"
#include "load.h"
#include "parse.h"
#include "progress.h"
#include "request.h"
#include "rpc.h"
#include "save.h"

static int put(const struct text *out)
{
	if (fwrite(out->p, 1, out->n, stdout) != out->n || fflush(stdout) != 0)
		return fail(EXIT_BROKEN, NULL, "cannot write the answer: %s", strerror(errno));
	return EXIT_ANSWERED;
}

/* ---- style ---- */

static struct request_style find_style(const struct options *o)
{
	const char *when = option_text(o, F_COLOR), *width = option_text(o, F_WIDTH),
		   *no_color = getenv("NO_COLOR");
	bool terminal = isatty(STDOUT_FILENO);
	struct request_style style = {.pretty = terminal};
	struct winsize size;

	if (when && strcmp(when, "auto") != 0)
		style.color = strcmp(when, "always") == 0;
	else
		style.color = terminal && !(no_color && *no_color) &&
			      strcmp(getenv("TERM") ? getenv("TERM") : "", "dumb") != 0;
	if (width)
		style.width = strtol(width, NULL, 10);
	else if (terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		style.width = size.ws_col > 1000 ? 1000 : size.ws_col;
	return style;
}

/* ---- the methods of the plugin ---- */

/* Why the exit code is not 0, for the log of a CI: "3 steps miss, 1 depends". */
static void say_why(const struct cachepredict_plugin *p, const struct cachepredict_result *result,
		    int status)
{
	static const char *const names[] = {"hit", "miss", "depends", "unknown"};
	uint64_t counts[4] = {0}, n = p->result_step_count(result);
	struct cachepredict_step step = {.struct_size = sizeof(step)};
	struct text list = {0};

	for (uint64_t i = 0; i < n; i++)
		if (p->result_step(result, i, &step) == CACHEPREDICT_OK && step.outcome >= 0 &&
		    step.outcome < 4)
			counts[step.outcome]++;
	for (int i = CACHEPREDICT_MISS; i <= CACHEPREDICT_UNKNOWN; i++)
		if (counts[i] && (status == EXIT_GATE || i == CACHEPREDICT_UNKNOWN))
			text_addf(&list, "%s%llu %s", list.n ? ", " : "",
				  (unsigned long long)counts[i], names[i]);
	if (list.n && status == EXIT_GATE)
		fail(status, NULL, "a gate fired (--fail-on): of %llu steps %s",
		     (unsigned long long)n, list.p);
	else if (list.n && status == EXIT_UNDECIDED)
		fail(status, NULL, "undecided (--strict): of %llu steps %s", (unsigned long long)n,
		     list.p);
	text_release(&list);
}

static int call_plugin(struct loaded *l, const struct options *o)
{
	struct cachepredict_error error = {.struct_size = sizeof(error)};
	struct cachepredict_result *result = NULL;
	struct request_style style = find_style(o);
	struct text request = {0}, out = {0};
	uint64_t n;
	int status, interrupted;
	int32_t r;

	request_build(o, &style, &request);
	r = l->plugin->call(l->context, commands[o->command].name, request.p, request.n, &result,
			    &error);
	interrupted = progress_end();
	text_release(&request);
	if (r == CACHEPREDICT_ECANCELLED && interrupted)
		return fail(EXIT_INTERRUPTED, NULL, "cancelled");
	if (r != CACHEPREDICT_OK) {
		error.code = r;
		return fail_plugin(&error);
	}
	out.p = (char *)l->plugin->result_text(result, &n);
	out.n = n;
	status = interrupted ? EXIT_INTERRUPTED : l->plugin->result_status(result);
	r = o->command == CMD_COMMENT && !option_text(o, F_FORMAT) ? comment_show(o, &out)
								   : put(&out);
	if (r == EXIT_ANSWERED && o->command != CMD_PATHS && o->command != CMD_KEYS &&
	    o->command != CMD_ADVISE && o->command != CMD_CACHE && o->command != CMD_SPLIT &&
	    o->command != CMD_RECORD && o->command != CMD_BACKTEST && o->command != CMD_AFFECTED)
		say_why(l->plugin, result, status);
	if (r == EXIT_ANSWERED && option_text(o, F_SAVE_IMAGE_METADATA))
		r = save_image_metadata(l, result, option_text(o, F_SAVE_IMAGE_METADATA));
	l->plugin->result_free(result);
	return r == EXIT_ANSWERED ? status : r;
}

static int run_method(const struct options *o)
{
	const char *folder = option_text(o, F_DIRECTORY);
	struct loaded l = {0};
	int r;

	if (o->command == CMD_EXPLAIN && !o->subject)
		return fail(EXIT_USAGE, "cachepredict explain 3, cachepredict explain src/app.py",
			    "explain needs a step or a path");
	r = plugin_load(option_text(o, F_PLUGIN),
			o->command == CMD_BACKTEST || o->command == CMD_COMMENT ||
				option_text(o, F_HISTORY),
			&l);
	if (r)
		return r;
	if (folder && chdir(folder) != 0)
		r = fail(EXIT_NOTHING, NULL, "cannot go to %s: %s", folder, strerror(errno));
	else
		r = o->command == CMD_RPC ? rpc_serve(&l) : call_plugin(&l, o);
	plugin_unload(&l);
	return r;
}

/* ---- the rest ---- */

static int show_version(const struct options *o)
{
	struct loaded l = {0};
	struct text out = {0};
	int r = plugin_load(option_text(o, F_PLUGIN), false, &l);

	if (r)
		return r;
	text_addf(&out, "cachepredict " CP_VERSION "\nplugin %s %s, ABI %u.%u, ", l.plugin->name,
		  l.plugin->version, (unsigned)l.plugin->abi_major, (unsigned)l.plugin->abi_minor);
	text_plain(&out, l.path, strlen(l.path));
	text_addc(&out, '\n');
	r = put(&out);
	text_release(&out);
	plugin_unload(&l);
	return r;
}

static int show_help(const struct options *o)
{
	struct text out = {0};
	int c = o->subject ? command_find(o->subject) : -1, r;

	if (option_on(o, F_HELP) && o->command != CMD_HELP)
		c = o->command == CMD_PREDICT ? -1 : (int)o->command;
	else if (o->subject && strcmp(o->subject, "man") == 0)
		c = N_COMMANDS;
	else if (o->subject && c < 0)
		return fail(EXIT_USAGE, "cachepredict help lists the commands",
			    "there is no command %s", o->subject);
	if (c == N_COMMANDS)
		help_man(&out);
	else if (c >= 0)
		help_command(&out, (enum command)c);
	else
		help_overview(&out);
	r = put(&out);
	text_release(&out);
	return r;
}

static int show_completion(const struct options *o)
{
	struct text out = {0};
	int r;

	if (!o->subject || !complete_script(&out, o->subject))
		return fail(EXIT_USAGE, NULL, "completion is for bash, zsh or fish");
	r = put(&out);
	text_release(&out);
	return r;
}

static int run(const struct options *o)
{
	if (option_on(o, F_HELP) || o->command == CMD_HELP)
		return show_help(o);
	if (option_on(o, F_VERSION) || o->command == CMD_VERSION)
		return show_version(o);
	return o->command == CMD_COMPLETION ? show_completion(o) : run_method(o);
}

int main(int argc, char **argv)
{
	struct options o = {0};
	int r = options_parse(&o, argc, argv);

	if (r == 0)
		r = run(&o);
	options_release(&o);
	return r;
}

#include "parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "fail.h"
#include "text.h"

const char *option_text(const struct options *o, enum flag_id id)
{
	const struct option_values *v = &o->values[id];

	return v->n ? v->items[v->n - 1] : NULL;
}

static void clear(struct option_values *v)
{
	for (size_t i = 0; i < v->n; i++)
		free(v->items[i]);
	free(v->items);
	*v = (struct option_values){0};
}

void options_release(struct options *o)
{
	for (size_t i = 0; i < F_FIRST_DOCKER; i++)
		clear(&o->values[i]);
	free(o->subject);
	free(o->base);
	free(o->head);
	free(o->context);
}

/* ---- values ---- */

static int read_bool(const char *from, const char *value, bool *ret)
{
	static const char *const yes[] = {"1", "t", "true", "yes", "on"}, *const no[] = {
										  "",   "0",
										  "f",  "false",
										  "no", "off"};

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		if (strcasecmp(value, yes[i]) == 0) {
			*ret = true;
			return 0;
		}
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		if (strcasecmp(value, no[i]) == 0) {
			*ret = false;
			return 0;
		}
	return fail(EXIT_USAGE, NULL, "%s is true or false, not \"%s\"", from, value);
}

static void append(struct option_values *v, const char *p, size_t n)
{
	v->items = must_alloc(v->items, (v->n + 1) * sizeof(*v->items));
	v->items[v->n++] = must_copy(p, n);
}

/* Is the value one of "a|b|c"? */
static bool is_choice(const char *choices, const char *value)
{
	size_t n = strlen(value);

	for (const char *p = choices; *p;) {
		size_t len = strcspn(p, "|");

		if (len == n && memcmp(p, value, n) == 0)
			return true;
		p += len + (p[len] == '|');
	}
	return false;
}

static int check_value(const struct flag *f, const char *from, const char *value)
{
	char *end;

	if (f->kind == FLAG_NUMBER) {
		long n = strtol(value, &end, 10);

		if (!*value || *end || n < 0 || n > 10000)
			return fail(EXIT_USAGE, NULL, "%s is a number from 0 to 10000, not \"%s\"",
				    from, value);
	}
	/* the network of a build can be any word, the rest is a closed list */
	if (f->choices && f->choices[0] != '<' && f != &flags[F_NETWORK] &&
	    f != &flags[F_FAIL_ON] && !is_choice(f->choices, value)) {
		char hint[256];

		snprintf(hint, sizeof(hint), "one of %s", f->choices);
		return fail(EXIT_USAGE, hint, "%s cannot be \"%s\"", from, value);
	}
	return 0;
}

/* One value of a flag; WORDS are taken apart at commas. */
static int add_value(struct option_values *v, const struct flag *f, const char *from,
		     const char *value)
{
	v->set = true;
	if (f->kind == FLAG_BOOL)
		return read_bool(from, value, &v->on);
	for (const char *p = value;;) {
		size_t n = f->kind == FLAG_WORDS ? strcspn(p, ",") : strlen(p);

		if (n > 0 || f->kind != FLAG_WORDS) {
			append(v, p, n);
			if (check_value(f, from, v->items[v->n - 1]))
				return EXIT_USAGE;
		}
		if (!p[n])
			return 0;
		p += n + 1;
	}
}

/* ---- the environment ---- */

static int add_environment(struct option_values *v, const struct flag *f, const char *name,
			   const char *value)
{
	if (f->kind != FLAG_LIST && f->kind != FLAG_WORDS && f->kind != FLAG_PAIRS)
		return add_value(v, f, name, value);
	for (const char *p = value; *p;) {
		size_t n = strcspn(p, "\n");
		char *line = must_copy(p, n);
		int r = n ? add_value(v, f, name, line) : 0;

		free(line);
		if (r)
			return r;
		p += n + (p[n] == '\n');
	}
	return 0;
}

static int read_environment(struct options *o)
{
	for (size_t i = 0; i < F_FIRST_DOCKER; i++) {
		const char *value;
		char name[48];
		int r;

		flag_environment(&flags[i], name, sizeof(name));
		value = name[0] ? getenv(name) : NULL;
		if (!value || (!*value && flags[i].kind != FLAG_BOOL) || o->values[i].set ||
		    !(flags[i].commands >> o->command & 1))
			continue;
		r = add_environment(&o->values[i], &flags[i], name, value);
		if (r)
			return r;
	}
	return 0;
}

/* ---- words that are no flag ---- */

/* A..B or A...B: two dots that are not a path's "..". */
static const char *range_dots(const char *word)
{
	const char *dots = strstr(word, "..");
	struct stat st;

	if (!dots || word[0] == '/' || dots[2] == '/' || (dots > word && dots[-1] == '/') ||
	    (word[0] == '.' && (dots > word || !word[2])))
		return NULL;
	return stat(word, &st) == 0 ? NULL : dots;
}

/* The plugin takes "A...B" as a base: the merge base of both. */
static void set_range(struct options *o, const char *word, const char *dots)
{
	bool three = dots[2] == '.';
	const char *right = dots + (three ? 3 : 2);
	struct text base = {0};

	text_add(&base, word, (size_t)(dots - word));
	if (base.n == 0)
		text_addz(&base, "HEAD");
	o->head = must_copy(*right ? right : "HEAD", strlen(*right ? right : "HEAD"));
	if (three)
		text_addf(&base, "...%s", o->head);
	o->base = base.p;
}

static bool is_folder(const char *word)
{
	struct stat st;

	return stat(word, &st) == 0 && S_ISDIR(st.st_mode);
}

static int add_word(struct options *o, const char *word, bool *has_command)
{
	int c = *has_command ? -1 : command_find(word);
	char hint[512] = "";
	const char *dots;
	struct stat st;

	if (c >= 0) {
		*has_command = true;
		o->command = (enum command)c;
		return 0;
	}
	if (!*has_command && command_meant(word) && stat(word, &st) < 0) {
		snprintf(hint, sizeof(hint), "did you mean %s? (a folder of that name is ./%s)",
			 command_meant(word), word);
		return fail(EXIT_USAGE, hint, "unknown command %s", word);
	}
	*has_command = true; /* only the first word can be one */
	if (!o->subject &&
	    (o->command == CMD_EXPLAIN || o->command == CMD_HELP || o->command == CMD_COMPLETION ||
	     (o->command == CMD_SPLIT && !is_folder(word)))) {
		o->subject = must_copy(word, strlen(word));
		return 0;
	}
	if (o->command == CMD_RECORD)
		return add_value(&o->values[F_LOG], &flags[F_LOG], "LOG", word);
	if (o->command == CMD_CACHE && stat(word, &st) < 0) /* a folder is the context */
		return add_value(&o->values[F_CACHE_FROM], &flags[F_CACHE_FROM], "REF", word);
	dots = range_dots(word);
	if (dots && !o->head) {
		set_range(o, word, dots);
		return 0;
	}
	if (o->command == CMD_KEYS && option_on(o, F_DIFF) && !o->head) {
		*(o->base ? &o->head : &o->base) = must_copy(word, strlen(word));
		return 0;
	}
	if (!o->context && o->command <= CMD_CACHE) {
		o->context = must_copy(word, strlen(word));
		return 0;
	}
	if (o->context)
		return fail(EXIT_USAGE, NULL, "%s: there is a context already, %s", word,
			    o->context);
	return fail(EXIT_USAGE, NULL, "%s takes no %s", commands[o->command].name, word);
}

/* ---- flags ---- */

static int unknown_flag(const char *word, size_t n, enum command command, bool docker)
{
	const struct flag *meant = flag_meant(word + 2, n - 2, 1u << command);
	char hint[160] = "";

	if (!docker && flag_find(word + 2, n - 2, true))
		snprintf(
			hint, sizeof(hint),
			"it changes no step; give the whole command instead: cachepredict -- docker buildx build ...");
	else if (meant)
		snprintf(hint, sizeof(hint), "did you mean --%s?", meant->name);
	return fail(EXIT_USAGE, hint, "unknown flag %.*s", (int)n, word);
}

struct words {
	int argc, at;
	char **argv;
	bool docker;
};

static int take(struct options *o, const struct flag *f, const char *from, const char *value,
		bool docker)
{
	struct option_values *v;

	if (f->group == GROUP_DOCKER)
		return 0;
	v = &o->values[f - flags];
	if (docker && f == &flags[F_TARGET])
		clear(v); /* to docker the last one is the target */
	return add_value(v, f, from, value);
}

/* The value of a flag: after '=', the rest of the word, or the next word. */
static int value_of(struct words *w, const struct flag *f, const char *from, const char *inside,
		    const char **ret_value)
{
	if (inside) {
		*ret_value = inside;
		return 0;
	}
	if (f->kind == FLAG_BOOL) {
		*ret_value = "true";
		return 0;
	}
	if (w->at + 1 >= w->argc)
		return fail(EXIT_USAGE, NULL, "%s needs a value: %s", from, f->value);
	*ret_value = w->argv[++w->at];
	return 0;
}

static int long_flag(struct options *o, struct words *w, const char *word)
{
	size_t n = strcspn(word, "=");
	const struct flag *f = flag_find(word + 2, n - 2, w->docker);
	const char *value = NULL;
	char from[64];
	int r;

	if (!f)
		return unknown_flag(word, n, o->command, w->docker);
	snprintf(from, sizeof(from), "--%s", f->name);
	r = value_of(w, f, from, word[n] ? word + n + 1 : NULL, &value);
	return r ? r : take(o, f, from, value, w->docker);
}

/* -f PATH, -fPATH, -f=PATH, and several without values in one word. */
static int short_flags(struct options *o, struct words *w, const char *word)
{
	for (const char *p = word + 1; *p; p++) {
		const struct flag *f = flag_letter(*p, w->docker);
		const char *value = NULL, *inside = NULL;
		char from[3] = {'-', *p, '\0'};
		int r;

		if (!f)
			return fail(EXIT_USAGE, "cachepredict --help lists the flags",
				    "unknown flag -%c", *p);
		if (p[1] == '=')
			inside = p + 2;
		else if (f->kind != FLAG_BOOL && p[1])
			inside = p + 1;
		r = value_of(w, f, from, inside, &value);
		if (r == 0)
			r = take(o, f, from, value, w->docker);
		if (r || inside || f->kind != FLAG_BOOL)
			return r;
	}
	return 0;
}

/* `docker [flags] buildx [flags] build`, `docker build`, with variables set before: where the flags
 * of the build begin. */
static int find_build(int argc, char **argv, int at, int *ret_at)
{
	static const char *const with_value[] = {"--builder",   "--config",  "--context",   "-c",
						 "--host",      "-H",        "--log-level", "-l",
						 "--tlscacert", "--tlscert", "--tlskey"};

	for (int i = at; i < argc; i++) {
		bool value_follows = false;

		for (size_t k = 0; k < sizeof(with_value) / sizeof(with_value[0]); k++)
			value_follows = value_follows || strcmp(argv[i], with_value[k]) == 0;
		if (value_follows) {
			i++;
			continue;
		}
		if (strcmp(argv[i], "build") == 0 || (strcmp(argv[i], "b") == 0 && i > at)) {
			*ret_at = i + 1;
			return 0;
		}
		if (strcmp(argv[i], "bake") == 0)
			return fail(
				EXIT_USAGE,
				"docker buildx bake --print > bake.json && cachepredict --bake bake.json",
				"a bake command is not read from the command line");
		if (strcmp(argv[i], "compose") == 0 || strcmp(argv[i], "docker-compose") == 0)
			return fail(EXIT_USAGE, "cachepredict --compose compose.yaml",
				    "a compose command is not read from the command line");
	}
	return fail(EXIT_USAGE, "cachepredict A..B -- docker buildx build -f Dockerfile .",
		    "after -- comes a docker buildx build command");
}

static int docker_word(struct options *o, const char *word)
{
	if (o->context)
		return fail(EXIT_USAGE, NULL,
			    "%s: docker buildx build takes one context, and there is %s", word,
			    o->context);
	o->context = must_copy(word, strlen(word));
	return 0;
}

static int read_words(struct options *o, struct words *w)
{
	bool has_command = false;
	bool only_words = false;

	for (; w->at < w->argc; w->at++) {
		const char *word = w->argv[w->at];
		int r;

		if (!only_words && strcmp(word, "--") == 0) {
			if (!w->docker)
				return 0;
			only_words = true;
			continue;
		}
		if (only_words || word[0] != '-' || !word[1])
			r = w->docker ? docker_word(o, word) : add_word(o, word, &has_command);
		else
			r = word[1] == '-' ? long_flag(o, w, word) : short_flags(o, w, word);
		if (r)
			return r;
	}
	return 0;
}

static int read_docker(struct options *o, int argc, char **argv, int at)
{
	struct words w = {.argc = argc, .argv = argv, .docker = true};
	int r;

	free(o->context);
	o->context = NULL;
	r = find_build(argc, argv, at, &w.at);
	return r ? r : read_words(o, &w);
}

/* ---- all of it ---- */

/* Outcomes, but rules and severities, which the plugin knows, for `advise`. */
static int check_gates(const struct options *o)
{
	const struct option_values *v = &o->values[F_FAIL_ON];
	char hint[256];

	snprintf(hint, sizeof(hint), "one of %s", flags[F_FAIL_ON].choices);
	for (size_t i = 0; i < v->n && o->command != CMD_ADVISE; i++)
		if (!is_choice(flags[F_FAIL_ON].choices, v->items[i]))
			return fail(EXIT_USAGE, hint, "--fail-on cannot be \"%s\"", v->items[i]);
	return 0;
}

static int check_flags(const struct options *o)
{
	bool many = option_text(o, F_BAKE) || option_text(o, F_COMPOSE);

	for (size_t i = 0; i < F_FIRST_DOCKER; i++) {
		if (!o->values[i].set)
			continue;
		if (!(flags[i].commands >> o->command & 1))
			return fail(EXIT_USAGE, NULL, "%s does not take --%s",
				    commands[o->command].name, flags[i].name);
		if (many && flags[i].place == IN_IMAGE)
			return fail(EXIT_USAGE, "set it in the bake or compose file",
				    "--%s cannot change the images of --%s", flags[i].name,
				    option_text(o, F_BAKE) ? "bake" : "compose");
	}
	if (check_gates(o))
		return EXIT_USAGE;
	if (many && o->context)
		return fail(EXIT_USAGE, NULL, "a context (%s) cannot change the images of --%s",
			    o->context, option_text(o, F_BAKE) ? "bake" : "compose");
	if (o->command == CMD_KEYS && option_on(o, F_DIFF) && o->base && !o->head &&
	    !option_text(o, F_HEAD) && !option_text(o, F_REV))
		return fail(EXIT_USAGE, "cachepredict keys --diff A B [CONTEXT]",
			    "--diff wants two commits");
	if (option_on(o, F_INDEX) + option_on(o, F_WORK_TREE) + (option_text(o, F_HEAD) != NULL) +
		    (o->head != NULL) >
	    1)
		return fail(EXIT_USAGE, NULL, "only one of A..B, --head, --index and --work-tree");
	if (o->base && option_text(o, F_BASE))
		return fail(EXIT_USAGE, NULL, "only one of A..B and --base");
	if (o->context && strcmp(o->context, "-") == 0)
		return fail(
			EXIT_USAGE, NULL,
			"a context on standard input cannot be predicted: name a folder of the repository");
	if (option_text(o, F_FILE) && strcmp(option_text(o, F_FILE), "-") == 0)
		return fail(
			EXIT_USAGE, NULL,
			"a Dockerfile on standard input cannot be predicted: name a file of the repository");
	return 0;
}

int options_parse(struct options *o, int argc, char **argv)
{
	struct words w = {.argc = argc, .argv = argv, .at = 1};
	int r = read_words(o, &w);

	if (r == 0 && w.at < argc)
		r = read_docker(o, argc, argv, w.at + 1);
	if (r)
		return r;
	if (option_on(o, F_HELP) || option_on(o, F_VERSION))
		return 0;
	r = read_environment(o);
	return r ? r : check_flags(o);
}

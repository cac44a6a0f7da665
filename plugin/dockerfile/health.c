/* HEALTHCHECK: frontend/dockerfile/instructions/parse.go parseHealthcheck. */
#include "dockerfile/parse_int.h"
#include "dockerfile/text_int.h"

enum health_flag { INTERVAL, TIMEOUT, START_PERIOD, START_INTERVAL, RETRIES, N_HEALTH_FLAGS };

/* parseOptInterval */
static int check_interval(struct cp_parser *p, const struct cp_node *n, const struct cp_flag *f)
{
	struct cp_str value = cp_flag_value(f, (struct cp_str){"", 0});
	int64_t nanoseconds = 0;
	int r = value.n ? cp_dockerfile_duration(value, &nanoseconds, p->err) : 0;

	if (r < 0)
		return cp_parser_at(p, n, f->values.items[0].raw, r);
	if (nanoseconds != 0 && nanoseconds < 1000000)
		return cp_parser_fail(p, n, f->values.items[0].raw,
				      "Interval \"%s\" cannot be less than 1ms", f->name);
	return 0;
}

/* strconv.ParseInt(value, 10, 32), not negative */
static int check_retries(struct cp_parser *p, const struct cp_node *n, const struct cp_flag *f)
{
	struct cp_str value = cp_flag_value(f, (struct cp_str){"", 0});
	char quoted[CP_DOCKERFILE_QUOTED];
	const char *why = "invalid syntax";
	int64_t v = 0;
	size_t digits;

	if (value.n == 0)
		return 0;
	digits = value.p[0] == '-' || value.p[0] == '+';
	if (cp_str_to_int(value, 10, &v) && v >= INT32_MIN && v <= INT32_MAX) {
		if (v >= 0)
			return 0;
		return cp_parser_fail(p, n, f->values.items[0].raw,
				      "--retries cannot be negative (%d)", (int)v);
	}
	while (digits < value.n && value.p[digits] >= '0' && value.p[digits] <= '9')
		digits++;
	if (digits == value.n && value.p[digits - 1] >= '0' && value.p[digits - 1] <= '9')
		why = "value out of range";
	return cp_parser_fail(p, n, f->values.items[0].raw, "strconv.ParseInt: parsing %s: %s",
			      cp_dockerfile_quote(value, quoted), why);
}

static int check_options(struct cp_parser *p, const struct cp_node *n, const struct cp_flag *flags)
{
	int r = 0;

	for (int i = INTERVAL; r == 0 && i <= START_INTERVAL; i++)
		r = check_interval(p, n, &flags[i]);
	return r < 0 ? r : check_retries(p, n, &flags[RETRIES]);
}

int cp_command_health(struct cp_parser *p, const struct cp_node *n, struct cp_command *c)
{
	struct cp_flag flags[N_HEALTH_FLAGS] = {
		[INTERVAL] = {.name = "interval", .type = CP_FLAG_STRING},
		[TIMEOUT] = {.name = "timeout", .type = CP_FLAG_STRING},
		[START_PERIOD] = {.name = "start-period", .type = CP_FLAG_STRING},
		[START_INTERVAL] = {.name = "start-interval", .type = CP_FLAG_STRING},
		[RETRIES] = {.name = "retries", .type = CP_FLAG_STRING},
	};
	char quoted[CP_DOCKERFILE_QUOTED];
	struct cp_str type;
	int r;

	if (n->args.n == 0)
		return cp_parser_fail(p, n, n->name.raw,
				      "HEALTHCHECK requires at least one argument");
	type = cp_dockerfile_upper(p->a, n->args.items[0].value);
	if (!type.p)
		return cp_err_nomem(p->err);
	if (cp_str_eq(type, CP_S("NONE"))) {
		c->health_none = true;
		if (n->args.n > 1)
			return cp_parser_fail(p, n, n->args.items[1].raw,
					      "HEALTHCHECK NONE takes no arguments");
		return 0; /* flags are not looked at */
	}
	r = cp_flags_parse(p, n, flags, N_HEALTH_FLAGS);
	if (r < 0)
		return r;
	if (!cp_str_eq(type, CP_S("CMD")))
		return cp_parser_fail(p, n, n->args.items[0].raw,
				      "Unknown type %s in HEALTHCHECK (try CMD)",
				      cp_dockerfile_quote(type, quoted));
	if (n->args.n == 1)
		return cp_parser_fail(p, n, n->args.items[0].raw,
				      "Missing command after HEALTHCHECK CMD");
	r = cp_command_words(p, n, 1, c);
	return r < 0 ? r : check_options(p, n, flags);
}

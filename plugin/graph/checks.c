/*
 * Values that change no operation or are kept as text, but that the frontend refuses when they are
 * wrong.
 */
#include <arpa/inet.h>

#include "graph/build_int.h"

/* ---- EXPOSE (convert_expose.go) ---- */

static bool parse_port_number(struct cp_str s, int64_t *ret_port)
{
	return cp_str_to_int(s, 10, ret_port) && *ret_port >= 0 && *ret_port <= 65535;
}

static bool parse_port_range(struct cp_str s, int64_t *ret_start, int64_t *ret_end)
{
	size_t dash = cp_str_find(s, '-', 0);
	struct cp_str start = cp_str_sub(s, 0, dash),
		      end = cp_str_from(s, dash < s.n ? dash + 1 : dash);

	if (!parse_port_number(start, ret_start))
		return false;
	*ret_end = *ret_start;
	if (dash == s.n || cp_str_eq(start, end))
		return true;
	return parse_port_number(end, ret_end) && *ret_end >= *ret_start;
}

static bool is_proto(struct cp_str s)
{
	return s.n == 0 || cp_str_eq_nocase(s, CP_S("tcp")) || cp_str_eq_nocase(s, CP_S("udp")) ||
	       cp_str_eq_nocase(s, CP_S("sctp"));
}

/* [ip:]host:container, the ip with brackets or without. */
static bool is_host_ip(struct cp_arena *a, struct cp_str ip)
{
	unsigned char addr[16];
	struct cp_str text;

	if (ip.n == 0)
		return true;
	if (ip.p[0] == '[') {
		if (ip.p[ip.n - 1] != ']')
			return false;
		ip = cp_str_sub(ip, 1, ip.n - 1);
		if (ip.n == 0)
			return true;
	}
	text = cp_arena_str(a, ip);
	if (!text.p || cp_str_find(text, '\0', 0) < text.n)
		return false;
	return inet_pton(AF_INET, text.p, addr) == 1 || inet_pton(AF_INET6, text.p, addr) == 1;
}

static int check_port(struct graph_builder *b, struct cp_str raw)
{
	size_t last = cp_str_rfind(raw, ':'), before, slash;
	struct cp_str container = cp_str_from(raw, last < raw.n ? last + 1 : 0);
	struct cp_str head = cp_str_sub(raw, 0, last < raw.n ? last : 0), host, ip = CP_S("");
	int64_t start, end, host_start, host_end;

	before = cp_str_rfind(head, ':');
	host = cp_str_from(head, before < head.n ? before + 1 : 0);
	if (before < head.n)
		ip = cp_str_sub(head, 0, before);
	slash = cp_str_find(container, '/', 0);
	if (slash == 0)
		return graph_invalid(b, "invalid port: \"%.*s\": no port specified", CP_STR(raw));
	if (!is_proto(cp_str_from(container, slash < container.n ? slash + 1 : slash)))
		return graph_invalid(b, "invalid port: \"%.*s\": invalid proto: %.*s", CP_STR(raw),
				     CP_STR(cp_str_from(container, slash + 1)));
	container = cp_str_sub(container, 0, slash);
	if (!is_host_ip(b->a, ip))
		return graph_invalid(b, "invalid IP address: %.*s", CP_STR(ip));
	if (!parse_port_range(container, &start, &end))
		return graph_invalid(b, "invalid containerPort: %.*s", CP_STR(container));
	if (host.n == 0)
		return 0;
	if (!parse_port_range(host, &host_start, &host_end))
		return graph_invalid(b, "invalid hostPort: %.*s", CP_STR(host));
	if (end - start != host_end - host_start && end != start)
		return graph_invalid(
			b, "invalid ranges specified for container and host Ports: %.*s and %.*s",
			CP_STR(container), CP_STR(host));
	return 0;
}

int graph_check_ports(struct graph_builder *b, const struct graph_dispatch *d,
		      const struct cp_command *c)
{
	CP_VEC(struct cp_str) ports = {0};

	for (size_t i = 0; i < c->n_words; i++) {
		struct cp_str *words;
		size_t n;
		int r = graph_expand_words(b, d, c->words[i], &words, &n);

		if (r < 0)
			return r;
		for (size_t j = 0; j < n; j++)
			if (cp_vec_push(b->a, &ports, words[j]) < 0)
				return cp_err_nomem(b->err);
	}
	for (size_t i = 0; i < ports.n; i++) {
		int r = check_port(b, ports.items[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- STOPSIGNAL (github.com/moby/sys/signal ParseSignal) ---- */

/* RTMIN, RTMIN+1 ... RTMIN+15, RTMAX-14 ... RTMAX */
static bool is_real_time(struct cp_str s)
{
	bool min = cp_str_starts(s, CP_S("RTMIN"));
	struct cp_str number;
	int64_t n;

	if (!min && !cp_str_starts(s, CP_S("RTMAX")))
		return false;
	if (s.n == 5)
		return true;
	number = cp_str_from(s, 6);
	if (s.p[5] != (min ? '+' : '-') || number.n == 0 || number.n > 2 || number.p[0] < '1' ||
	    number.p[0] > '9')
		return false;
	return cp_str_to_int(number, 10, &n) && n <= (min ? 15 : 14);
}

int graph_check_signal(struct graph_builder *b, struct cp_str signal)
{
	static const char *const names[] = {
		"ABRT", "ALRM",   "BUS",  "CHLD",   "CLD",   "CONT", "FPE",  "HUP",  "ILL",
		"INT",  "IO",     "IOT",  "KILL",   "PIPE",  "POLL", "PROF", "PWR",  "QUIT",
		"SEGV", "STKFLT", "STOP", "SYS",    "TERM",  "TRAP", "TSTP", "TTIN", "TTOU",
		"URG",  "USR1",   "USR2", "VTALRM", "WINCH", "XCPU", "XFSZ",
	};
	struct cp_str name = cp_arena_str(b->a, signal);
	char *p = (char *)(uintptr_t)name.p;
	int64_t number;

	if (!p)
		return cp_err_nomem(b->err);
	if (cp_str_to_int(signal, 10, &number)) {
		if (number)
			return 0;
	} else {
		for (size_t i = 0; i < name.n; i++)
			if (p[i] >= 'a' && p[i] <= 'z')
				p[i] = (char)(p[i] - 32);
		if (cp_str_starts(name, CP_S("SIG")))
			name = cp_str_from(name, 3);
		for (size_t i = 0; i < CP_LEN(names); i++)
			if (cp_str_eq(name, cp_str_c(names[i])))
				return 0;
		if (is_real_time(name))
			return 0;
	}
	return graph_invalid(b, "invalid signal: %.*s", CP_STR(signal));
}

/* ---- --chmod and --chown ---- */

int graph_check_chmod(struct graph_builder *b, struct cp_str text, struct cp_action *action)
{
	int64_t mode;
	bool digits = text.n && text.p[0] >= '0' && text.p[0] <= '9';

	if (text.n == 0)
		return 0;
	if (digits && cp_str_to_int(text, 8, &mode) && mode <= 07777) {
		action->mode = (int)mode;
		return 0;
	}
	if (digits)
		return graph_invalid(b,
				     "invalid chmod parameter: '%.*s'. it should be octal string "
				     "and between 0 and 07777",
				     CP_STR(text));
	if (!graph_is_mode(text))
		return graph_invalid(b, "invalid syntax");
	action->mode = 0;
	action->mode_str = text;
	return 0;
}

/* client/llb/fileop.go parseUID */
static struct cp_op_user parse_user(struct cp_str text)
{
	struct cp_op_user user = {.kind = CP_USER_ID, .input = -1};
	int64_t id;

	if (text.n == 0 || cp_str_eq(text, CP_S("root")))
		return user;
	if (cp_str_to_int(text, 10, &id) && id >= INT32_MIN && id <= INT32_MAX) {
		user.id = (uint32_t)id;
		return user;
	}
	user.kind = CP_USER_NAME;
	user.name = text;
	return user;
}

struct cp_op_owner graph_owner(const struct graph_builder *b, struct cp_str text)
{
	size_t colon = cp_str_find(text, ':', 0);
	struct cp_str group = cp_str_from(text, colon < text.n ? colon + 1 : colon);
	struct cp_op_owner owner = {.user = parse_user(cp_str_sub(text, 0, colon)),
				    .group = {.input = -1}};

	if (group.n || (colon < text.n && graph_rule(b, CP_RULE_CHOWN_EMPTY_GROUP)))
		owner.group = parse_user(group);
	return owner;
}

bool graph_owner_has_name(const struct cp_op_owner *owner)
{
	return owner->user.kind == CP_USER_NAME || owner->group.kind == CP_USER_NAME;
}

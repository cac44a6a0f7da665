/*
 * What compose refuses in a service that is built: its schema (compose-go v2.9.1
 * schema/compose-spec.json), as far as a build goes, and loader/validate.go checkConsistency.
 */
#include "project/compose_int.h"

/* Kinds of values. */
#define STRING 1u
#define BOOL 2u
#define INTEGER 4u
#define NUMBER 8u
#define NONE 16u
#define LIST 32u /* of strings */
#define MAP 64u  /* of scalars, null among them */
#define OWN 128u /* has a check of its own */

static const struct field {
	const char *name;
	unsigned kinds;
} build_fields[] =
	{
		{"context", STRING},
		{"dockerfile", STRING},
		{"dockerfile_inline", STRING},
		{"entitlements", LIST},
		{"args", LIST | MAP},
		{"ssh", LIST | MAP},
		{"labels", LIST | MAP},
		{"cache_from", LIST},
		{"cache_to", LIST},
		{"no_cache", BOOL | STRING},
		{"additional_contexts", LIST | MAP},
		{"network", STRING},
		{"provenance", STRING | BOOL},
		{"sbom", STRING | BOOL},
		{"pull", BOOL | STRING},
		{"target", STRING},
		{"shm_size", INTEGER | STRING},
		{"extra_hosts", OWN},
		{"isolation", STRING},
		{"privileged", BOOL | STRING},
		{"secrets", OWN},
		{"tags", LIST},
		{"ulimits", OWN},
		{"platforms", LIST},
},
  service_fields[] = {
	  {"image", STRING},
	  {"platform", STRING},
	  {"profiles", LIST},
};

/* All fields of a service, and of a file. */
static const char *const all_fields[] = {"annotations",
					 "attach",
					 "blkio_config",
					 "build",
					 "cap_add",
					 "cap_drop",
					 "cgroup",
					 "cgroup_parent",
					 "command",
					 "configs",
					 "container_name",
					 "cpu_count",
					 "cpu_percent",
					 "cpu_period",
					 "cpu_quota",
					 "cpu_rt_period",
					 "cpu_rt_runtime",
					 "cpu_shares",
					 "cpus",
					 "cpuset",
					 "credential_spec",
					 "depends_on",
					 "deploy",
					 "develop",
					 "device_cgroup_rules",
					 "devices",
					 "dns",
					 "dns_opt",
					 "dns_search",
					 "domainname",
					 "entrypoint",
					 "env_file",
					 "environment",
					 "expose",
					 "extends",
					 "external_links",
					 "extra_hosts",
					 "gpus",
					 "group_add",
					 "healthcheck",
					 "hostname",
					 "image",
					 "init",
					 "ipc",
					 "isolation",
					 "label_file",
					 "labels",
					 "links",
					 "logging",
					 "mac_address",
					 "mem_limit",
					 "mem_reservation",
					 "mem_swappiness",
					 "memswap_limit",
					 "models",
					 "network_mode",
					 "networks",
					 "oom_kill_disable",
					 "oom_score_adj",
					 "pid",
					 "pids_limit",
					 "platform",
					 "ports",
					 "post_start",
					 "pre_stop",
					 "privileged",
					 "profiles",
					 "provider",
					 "pull_policy",
					 "pull_refresh_after",
					 "read_only",
					 "restart",
					 "runtime",
					 "scale",
					 "secrets",
					 "security_opt",
					 "shm_size",
					 "stdin_open",
					 "stop_grace_period",
					 "stop_signal",
					 "storage_opt",
					 "sysctls",
					 "tmpfs",
					 "tty",
					 "ulimits",
					 "use_api_socket",
					 "user",
					 "userns_mode",
					 "uts",
					 "volumes",
					 "volumes_from",
					 "working_dir"};
static const char *const file_fields[] = {"configs", "include",  "models",  "name",   "networks",
					  "secrets", "services", "version", "volumes"};

static int note_field(struct cp_compose *c, const struct cp_yaml *key, const char *where)
{
	return cp_compose_note(c, key,
			       "%s%.*s is no field that is known here, ignored; docker compose may "
			       "refuse it",
			       where, CP_STR(key->text));
}

static int note_fields(struct cp_compose *c, const struct cp_yaml *map, const char *const *known,
		       size_t n, const char *where)
{
	for (size_t i = 0; i < map->n; i++) {
		struct cp_str key = map->keys[i]->text;
		size_t k = 0;

		while (k < n && !cp_str_eq(key, cp_str_c(known[k])))
			k++;
		if (k == n && !cp_str_starts(key, CP_S("x-")) &&
		    note_field(c, map->keys[i], where) < 0)
			return CP_ENOMEM;
	}
	return 0;
}

int cp_compose_check_file(struct cp_compose *c, const struct cp_yaml *root)
{
	const struct cp_yaml *services = CP_YAML_GET(root, "services");
	int r = note_fields(c, root, file_fields, CP_LEN(file_fields), "");

	for (size_t i = 0; r == 0 && services && i < services->n; i++)
		if (services->kind == CP_YAML_MAP && services->items[i]->kind == CP_YAML_MAP)
			r = note_fields(c, services->items[i], all_fields, CP_LEN(all_fields), "");
	return r;
}

static unsigned kind_of(const struct cp_yaml *v)
{
	if (v->kind != CP_YAML_SCALAR)
		return v->kind == CP_YAML_SEQ ? LIST : MAP;
	switch (cp_yaml_type(v)) {
	case CP_YAML_NULL:
		return NONE;
	case CP_YAML_BOOL:
		return BOOL;
	case CP_YAML_INT:
		return INTEGER;
	case CP_YAML_STRING:
		return STRING;
	case CP_YAML_TIME:
		return 0;
	default:
		return NUMBER;
	}
}

static int refuse(struct cp_compose *c, const struct cp_yaml *at, const char *field, unsigned kinds)
{
	const char *what = kinds & LIST && kinds & MAP      ? "a map or a list of NAME=VALUE"
			   : kinds & LIST                   ? "a list of texts"
			   : kinds & BOOL                   ? "true or false"
			   : kinds & INTEGER && kinds & MAP ? "a number, or soft and hard"
			   : kinds & (INTEGER | NUMBER)     ? "a number or a text"
							    : "a text";

	return cp_yaml_fail(c->err, CP_EINVAL, at, "%s: expected %s", field, what);
}

/* A date among arguments becomes a text of Go's when another file is laid over it. */
static int refuse_time(struct cp_compose *c, const struct cp_yaml *at, const char *field)
{
	cp_yaml_fail(c->err, CP_EINVAL, at, "%s: a date is no text", field);
	cp_err_hint(c->err, "write it in quotes");
	return CP_EINVAL;
}

static int check_items(struct cp_compose *c, const struct cp_yaml *v, const char *field,
		       unsigned kinds)
{
	for (size_t i = 0; i < v->n; i++) {
		const struct cp_yaml *item = v->items[i];

		if (cp_compose_is_reset(item))
			continue;
		if (item->kind == CP_YAML_SCALAR && cp_yaml_type(item) == CP_YAML_TIME)
			return refuse_time(c, item, field);
		if (!(kind_of(item) & kinds))
			return refuse(c, item, field, kinds == STRING ? LIST : LIST | MAP);
	}
	return 0;
}

static int check_field(struct cp_compose *c, const struct cp_yaml *v, const struct field *f)
{
	unsigned kind = kind_of(v);

	if (f->kinds & OWN)
		return 0;
	if (!(kind & f->kinds))
		return refuse(c, v, f->name, f->kinds);
	if (kind == LIST)
		return check_items(c, v, f->name, STRING);
	return kind == MAP ? check_items(c, v, f->name, STRING | INTEGER | NUMBER | BOOL | NONE)
			   : 0;
}

/* Fields of `map` that are in the list; `all` of them should be. */
static int check_fields(struct cp_compose *c, const struct cp_yaml *map, const struct field *list,
			size_t n, bool all)
{
	for (size_t i = 0; i < map->n; i++) {
		struct cp_yaml *key = map->keys[i];
		size_t k = 0;
		int r = 0;

		if (cp_compose_is_reset(map->items[i]))
			continue;
		while (k < n && !cp_str_eq(key->text, cp_str_c(list[k].name)))
			k++;
		if (k < n)
			r = check_field(c, map->items[i], &list[k]);
		else if (all && !cp_str_starts(key->text, CP_S("x-")))
			r = note_field(c, key, "build: ");
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- fields with a check of their own ---- */

static int check_hosts(struct cp_compose *c, const struct cp_yaml *build)
{
	const struct cp_yaml *v = CP_COMPOSE_GET(build, "extra_hosts");

	if (!v)
		return 0;
	if (v->kind == CP_YAML_SCALAR)
		return refuse(c, v, "extra_hosts", LIST | MAP);
	if (v->kind == CP_YAML_SEQ)
		return check_items(c, v, "extra_hosts", STRING);
	for (size_t i = 0; i < v->n; i++) {
		int r = v->items[i]->kind == CP_YAML_SEQ
				? check_items(c, v->items[i], "extra_hosts", STRING)
				: 0;

		if (r < 0)
			return r;
		if (!cp_compose_is_reset(v->items[i]) && !(kind_of(v->items[i]) & (STRING | LIST)))
			return refuse(c, v->items[i], "extra_hosts", STRING);
	}
	return 0;
}

/* {} is what `docker compose config` writes for a limit of 0. */
static int check_limit(struct cp_compose *c, const struct cp_yaml *v)
{
	const struct cp_yaml *soft = CP_COMPOSE_GET(v, "soft"), *hard = CP_COMPOSE_GET(v, "hard");

	if (kind_of(v) == INTEGER || (v->kind == CP_YAML_MAP && v->n == 0))
		return 0;
	if (v->kind != CP_YAML_MAP || !soft || !hard || !(kind_of(soft) & (INTEGER | STRING)) ||
	    !(kind_of(hard) & (INTEGER | STRING)))
		return refuse(c, v, "ulimits", INTEGER | MAP);
	return 0;
}

static int check_limits(struct cp_compose *c, const struct cp_yaml *build)
{
	const struct cp_yaml *v = CP_COMPOSE_GET(build, "ulimits");
	int r = 0;

	if (v && v->kind != CP_YAML_MAP)
		return cp_yaml_fail(c->err, CP_EINVAL, v, "ulimits: expected a map");
	for (size_t i = 0; r == 0 && v && i < v->n; i++)
		if (!cp_compose_is_reset(v->items[i]))
			r = check_limit(c, v->items[i]);
	return r;
}

static const struct cp_yaml *secret_source(const struct cp_yaml *secret)
{
	return secret->kind == CP_YAML_MAP ? CP_COMPOSE_GET(secret, "source") : secret;
}

static int check_secrets(struct cp_compose *c, const struct cp_yaml *build)
{
	const struct cp_yaml *v = CP_COMPOSE_GET(build, "secrets");

	if (v && v->kind != CP_YAML_SEQ)
		return cp_yaml_fail(c->err, CP_EINVAL, v, "secrets: expected a list");
	for (size_t i = 0; v && i < v->n; i++) {
		const struct cp_yaml *source = secret_source(v->items[i]);

		if (!source || kind_of(source) != STRING)
			return cp_yaml_fail(c->err, CP_EINVAL, v->items[i],
					    "secrets: expected names or maps");
	}
	return 0;
}

static int check_secret_names(struct cp_compose *c, const struct cp_yaml *model,
			      const struct cp_yaml *build)
{
	const struct cp_yaml *v = CP_COMPOSE_GET(build, "secrets"),
			     *all = CP_COMPOSE_GET(model, "secrets");

	for (size_t i = 0; v && i < v->n; i++) {
		const struct cp_yaml *source = secret_source(v->items[i]);

		if (!cp_compose_get(all, source->text))
			return cp_yaml_fail(c->err, CP_EINVAL, source,
					    "no secret %.*s in the compose files",
					    CP_STR(source->text));
	}
	return 0;
}

static int check_ssh(struct cp_compose *c, const struct cp_yaml *build)
{
	const struct cp_yaml *v = CP_COMPOSE_GET(build, "ssh");

	for (size_t i = 0; v && v->kind == CP_YAML_SEQ && i < v->n; i++) {
		struct cp_str text = v->items[i]->text;

		if (cp_str_find(text, '=', 0) == text.n && !cp_str_eq(text, CP_S("default")))
			return cp_yaml_fail(c->err, CP_EINVAL, v->items[i],
					    "ssh: expected default or ID=PATH");
	}
	return 0;
}

/* ---- what fields say together ---- */

static bool in_platforms(const struct cp_yaml *list, struct cp_str platform)
{
	for (size_t i = 0; i < list->n; i++)
		if (cp_str_eq(list->items[i]->text, platform))
			return true;
	return false;
}

/*
 * cmd/compose/options.go applyPlatforms, pkg/api BuildOptions.Apply: the platform of the service, and
 * the default, must be of those that are built.
 */
static int check_platforms(struct cp_compose *c, const struct cp_yaml *service,
			   const struct cp_yaml *build, const struct cp_scope *scope)
{
	const struct cp_yaml *list = CP_COMPOSE_GET(build, "platforms"),
			     *own = CP_COMPOSE_GET(service, "platform");
	struct cp_str usual = CP_S("");

	cp_scope_get(scope, CP_S("DOCKER_DEFAULT_PLATFORM"), &usual);
	if (own && own->text.n && list && list->n && !in_platforms(list, own->text))
		return cp_yaml_fail(c->err, CP_EINVAL, list,
				    "platforms: %.*s, which the service runs on, is not among them",
				    CP_STR(own->text));
	if (usual.n && list && list->n && !in_platforms(list, usual))
		return cp_yaml_fail(
			c->err, CP_EINVAL, list,
			"platforms: %.*s, which is DOCKER_DEFAULT_PLATFORM, is not among "
			"them",
			CP_STR(usual));
	if (usual.n && own && own->text.n && (!list || !list->n) && !cp_str_eq(own->text, usual))
		return cp_yaml_fail(c->err, CP_EINVAL, own,
				    "platform: it is not %.*s, which is DOCKER_DEFAULT_PLATFORM",
				    CP_STR(usual));
	return 0;
}

static bool has_build(const struct cp_yaml *service)
{
	const struct cp_yaml *build = CP_COMPOSE_GET(service, "build");

	return build && !cp_yaml_is_null(build);
}

/* service:NAME is another service of the project that is built. */
static int check_contexts(struct cp_compose *c, const struct cp_yaml *model,
			  const struct cp_yaml *build)
{
	const struct cp_yaml *v = CP_COMPOSE_GET(build, "additional_contexts");

	for (size_t i = 0; v && v->kind == CP_YAML_MAP && i < v->n; i++) {
		struct cp_str name = v->items[i]->text;

		if (v->items[i]->kind != CP_YAML_SCALAR || !cp_str_starts(name, CP_S("service:")))
			continue;
		name = cp_str_from(name, sizeof("service:") - 1);
		if (!has_build(cp_compose_get(CP_COMPOSE_GET(model, "services"), name)))
			return cp_yaml_fail(c->err, CP_EINVAL, v->items[i],
					    "additional_contexts: no service %.*s that is built",
					    CP_STR(name));
	}
	return 0;
}

static int check_size(struct cp_compose *c, const struct cp_yaml *build)
{
	const struct cp_yaml *v = CP_COMPOSE_GET(build, "shm_size");
	int64_t ignored;

	if (!v || kind_of(v) != STRING || cp_request_size(v->text, &ignored))
		return 0;
	return cp_yaml_fail(c->err, CP_EINVAL, v, "shm_size: %.*s is no size", CP_STR(v->text));
}

static int check_dockerfile(struct cp_compose *c, const struct cp_yaml *build)
{
	const struct cp_yaml *file = CP_COMPOSE_GET(build, "dockerfile"),
			     *text = CP_COMPOSE_GET(build, "dockerfile_inline");

	if (!file || !text || !file->text.n || !text->text.n)
		return 0;
	return cp_yaml_fail(c->err, CP_EINVAL, text,
			    "dockerfile and dockerfile_inline exclude each other");
}

/* The words of loader/interpolate.go toBoolean, where the schema takes a text. */
static int check_booleans(struct cp_compose *c, const struct cp_yaml *build)
{
	static const char *const fields[] = {"no_cache", "pull", "privileged"};

	for (size_t i = 0; i < CP_LEN(fields); i++) {
		const struct cp_yaml *v = cp_compose_get(build, cp_str_c(fields[i]));
		bool ignored;

		if (v && !cp_compose_bool(v, &ignored))
			return refuse(c, v, fields[i], BOOL);
	}
	return 0;
}

int cp_compose_check(struct cp_compose *c, const struct cp_yaml *service)
{
	const struct cp_yaml *build = CP_COMPOSE_GET(service, "build");
	int r = check_fields(c, service, service_fields, CP_LEN(service_fields), false);

	if (r == 0 && build && build->kind != CP_YAML_MAP)
		return cp_yaml_fail(c->err, CP_EINVAL, build, "build: expected a path or a map");
	if (r < 0 || !build)
		return r;
	r = check_fields(c, build, build_fields, CP_LEN(build_fields), true);
	if (r == 0)
		r = check_hosts(c, build);
	if (r == 0)
		r = check_limits(c, build);
	if (r == 0)
		r = check_secrets(c, build);
	if (r == 0)
		r = check_ssh(c, build);
	if (r == 0)
		r = check_booleans(c, build);
	return r == 0 ? check_size(c, build) : r;
}

int cp_compose_check_built(struct cp_compose *c, const struct cp_yaml *model,
			   const struct cp_yaml *service, const struct cp_scope *scope)
{
	const struct cp_yaml *build = CP_COMPOSE_GET(service, "build");
	int r = build ? check_secret_names(c, model, build) : 0;

	if (r < 0 || !build)
		return r;
	r = check_platforms(c, service, build, scope);
	if (r == 0)
		r = check_contexts(c, model, build);
	return r == 0 ? check_dockerfile(c, build) : r;
}

int cp_compose_check_name(struct cp_compose *c, const struct cp_yaml *key)
{
	bool good = key->text.n > 0;

	for (size_t i = 0; good && i < key->text.n; i++) {
		char ch = key->text.p[i];

		good = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') ||
		       (ch >= '0' && ch <= '9') || ch == '.' || ch == '_' || ch == '-';
	}
	if (good && cp_yaml_is_string(key))
		return 0;
	return cp_yaml_fail(c->err, CP_EINVAL, key,
			    "%.*s is no name for a service: letters, digits, '.', '_' and '-' are",
			    CP_STR(key->text));
}

/*
 * Documents, variables, extends and include: compose-go v2.9.1 loader/{loader,extends,include}.go.
 */
#include "project/compose_int.h"

/*
 * The services of one file while their `extends` are resolved. Finished services take the place of
 * the written ones.
 */
struct service_set {
	struct cp_str file;
	struct cp_yaml *services; /* a map of our own */
};

/* A project, or one that an `include` makes part of it. */
struct unit {
	struct cp_compose *c;
	struct cp_scope *scope;
	struct cp_str folder; /* of the project, relative to the root: where its paths start */
	struct cp_map bases;  /* path ─► struct service_set: files that services extend from */
	unsigned depth;       /* of includes */
};

/* What a service is extended through, to find circles. */
struct chain {
	const struct service_set *set;
	struct cp_str name;
	const struct chain *up;
};

/* ---- files ---- */

static bool inside(struct cp_str path)
{
	return !cp_path_is_abs(path) && !cp_str_eq(path, CP_S("..")) &&
	       !cp_str_starts(path, CP_S("../"));
}

/* A file that another one names at `at`. CP_ENOTFOUND without a message. */
static int read_file(struct unit *u, const struct cp_yaml *at, struct cp_str path,
		     struct cp_str *ret_text)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_YAML_BYTES);
	struct cp_compose *c = u->c;
	int r = c->reader && inside(path) ? c->reader->read(c->reader->self, path, &text, c->err)
					  : CP_ENOTFOUND;

	if (r < 0)
		return r;
	if (++c->files > CP_MAX_IMAGES)
		return cp_yaml_fail(c->err, CP_ELIMIT, at,
				    "over %u files through extends and include", CP_MAX_IMAGES);
	*ret_text = cp_arena_str(c->a, cp_buf_str(&text));
	return ret_text->p ? 0 : cp_err_nomem(c->err);
}

static int parse_file(struct unit *u, struct cp_str name, struct cp_str text,
		      struct cp_yaml ***ret_docs, size_t *ret_n)
{
	struct cp_yaml_source *source = CP_NEW(u->c->a, struct cp_yaml_source);

	if (!source)
		return cp_err_nomem(u->c->err);
	source->name = name;
	source->text = text;
	return cp_yaml_parse(u->c->a, source, ret_docs, ret_n, u->c->err);
}

/* ---- one document, cut down to what matters ---- */

static int keep(struct unit *u, const struct cp_yaml *from, const char *const *keys, size_t n,
		struct cp_yaml **ret)
{
	struct cp_yaml *out = cp_yaml_new_map(u->c->a, from);

	if (!out)
		return cp_err_nomem(u->c->err);
	out->tag = from->tag;
	out->height = from->height;
	for (size_t i = 0; i < n; i++) {
		struct cp_yaml *value = cp_yaml_get(from, cp_str_c(keys[i])), *key;
		int r;

		if (!value)
			continue;
		r = cp_compose_expand(u->c, u->scope, value, &value);
		if (r < 0)
			return r;
		key = cp_yaml_new_text(u->c->a, value, cp_str_c(keys[i]));
		if (!key || cp_yaml_map_put(u->c->a, out, key, value) < 0)
			return cp_err_nomem(u->c->err);
	}
	*ret = out;
	return 0;
}

static int keep_service(struct unit *u, struct cp_yaml *service, struct cp_yaml **ret)
{
	static const char *const keys[] = {"build", "image", "platform", "profiles", "extends"};
	struct cp_yaml *build, *key;
	int r;

	*ret = service;
	if (cp_compose_is_reset(service))
		return 0;
	if (service->kind != CP_YAML_MAP)
		return cp_yaml_fail(u->c->err, CP_EINVAL, service, "a service must be a map");
	r = keep(u, service, keys, CP_LEN(keys), ret);
	if (r < 0)
		return r;
	build = CP_COMPOSE_GET(*ret, "build");
	if (!build || build->kind == CP_YAML_MAP || cp_yaml_is_null(build))
		return 0;
	r = cp_compose_to_build(u->c, build, &build);
	if (r < 0)
		return r;
	key = cp_yaml_new_text(u->c->a, build, CP_S("build"));
	return key && cp_yaml_map_put(u->c->a, *ret, key, build) == 0 ? 0 : cp_err_nomem(u->c->err);
}

static int keep_services(struct unit *u, struct cp_yaml *services, struct cp_yaml **ret)
{
	struct cp_yaml *out = cp_yaml_new_map(u->c->a, services);

	if (services->kind != CP_YAML_MAP)
		return cp_yaml_fail(u->c->err, CP_EINVAL, services, "services must be a map");
	if (!out)
		return cp_err_nomem(u->c->err);
	out->tag = services->tag;
	out->height = services->height;
	for (size_t i = 0; i < services->n; i++) {
		struct cp_yaml *service;
		int r = keep_service(u, services->items[i], &service);

		if (r < 0)
			return r;
		if (cp_yaml_map_put(u->c->a, out, services->keys[i], service) < 0)
			return cp_err_nomem(u->c->err);
	}
	*ret = out;
	return 0;
}

/* {services, secrets, include} of a document, all of a map of our own. */
static int keep_document(struct unit *u, struct cp_yaml *root, struct cp_yaml **ret)
{
	static const char *const keys[] = {"secrets", "include"};
	struct cp_yaml *services = CP_YAML_GET(root, "services"), *key;
	int r;

	if (root->kind != CP_YAML_MAP)
		return cp_yaml_fail(u->c->err, CP_EINVAL, root, "a compose file must be a map");
	r = keep(u, root, keys, CP_LEN(keys), ret);
	if (r == 0)
		r = cp_compose_check_file(u->c, root);
	if (r == 0)
		r = cp_compose_look(u->c, u->scope, root);
	if (r < 0 || !services)
		return r;
	r = keep_services(u, services, &services);
	if (r < 0)
		return r;
	key = cp_yaml_new_text(u->c->a, services, CP_S("services"));
	return key && cp_yaml_map_put(u->c->a, *ret, key, services) == 0 ? 0
									 : cp_err_nomem(u->c->err);
}

/* ---- paths ---- */

/* paths/home.go ExpandUser: `~` is the home of whoever builds. p is NULL when there is no memory. */
static struct cp_str resolve(const struct unit *u, struct cp_str folder, struct cp_str path)
{
	struct cp_str home;

	if (cp_str_starts(path, CP_S("~")) && cp_scope_get(u->scope, CP_S("HOME"), &home) &&
	    cp_path_is_abs(home))
		return cp_path_join(u->c->a, home, cp_str_trim_left(cp_str_from(path, 1), "/"));
	return cp_request_path(u->c->a, folder, path);
}

static int place(struct unit *u, struct cp_str folder, struct cp_yaml *map, struct cp_yaml *key,
		 struct cp_yaml *path)
{
	struct cp_yaml *out;

	if (path->kind != CP_YAML_SCALAR)
		return cp_yaml_fail(u->c->err, CP_EINVAL, path, "%.*s: expected a path",
				    CP_STR(key->text));
	if (path->placed || path->text.n == 0)
		return 0;
	out = cp_yaml_new_text(u->c->a, path, resolve(u, folder, path->text));
	if (!out || !out->text.p || cp_yaml_map_put(u->c->a, map, key, out) < 0)
		return cp_err_nomem(u->c->err);
	out->placed = true;
	return 0;
}

/* The values of a map, or of a list of NAME=PATH, which becomes one. */
static int place_all(struct unit *u, struct cp_str folder, struct cp_yaml *build, const char *field)
{
	struct cp_yaml *map = cp_compose_get(build, cp_str_c(field)), *key;
	int r = 0;

	if (!map || cp_yaml_is_null(map))
		return 0;
	if (map->kind == CP_YAML_SCALAR)
		return cp_yaml_fail(u->c->err, CP_EINVAL, map,
				    "%s: expected a map or a list of NAME=PATH", field);
	r = cp_compose_to_map(u->c, map, &map);
	if (r < 0)
		return r;
	map = cp_yaml_copy_map(u->c->a, map);
	key = map ? cp_yaml_new_text(u->c->a, map, cp_str_c(field)) : NULL;
	if (!key || cp_yaml_map_put(u->c->a, build, key, map) < 0)
		return cp_err_nomem(u->c->err);
	for (size_t i = 0; r == 0 && i < map->n; i++)
		if (!cp_compose_is_reset(map->items[i]) && !cp_yaml_is_null(map->items[i]))
			r = place(u, folder, map, map->keys[i], map->items[i]);
	return r;
}

/*
 * The context and the named contexts of a service, relative to the repository's root from now on. A
 * project's services get their context when they have none; those of a file that is extended from
 * do not, since the extending service may have one.
 */
static int place_build(struct unit *u, struct cp_str folder, bool complete, struct cp_yaml *build,
		       struct cp_yaml **ret)
{
	struct cp_yaml *out = cp_yaml_copy_map(u->c->a, build),
		       *context = CP_COMPOSE_GET(build, "context");
	struct cp_yaml *key;
	int r = 0;

	if (complete && (!context || cp_yaml_is_null(context)))
		context = cp_yaml_new_text(u->c->a, build, CP_S("."));
	if (!out || (complete && !context))
		return cp_err_nomem(u->c->err);
	if (context && !cp_yaml_is_null(context)) {
		key = cp_yaml_new_text(u->c->a, context, CP_S("context"));
		r = key ? place(u, folder, out, key, context) : cp_err_nomem(u->c->err);
	}
	*ret = out;
	if (r == 0)
		r = place_all(u, folder, out, "ssh");
	return r == 0 ? place_all(u, folder, out, "additional_contexts") : r;
}

static int place_services(struct unit *u, struct cp_str folder, bool complete,
			  struct cp_yaml *services)
{
	for (size_t i = 0; i < services->n; i++) {
		struct cp_yaml *service = services->items[i],
			       *build = CP_COMPOSE_GET(service, "build"), *key;
		int r;

		if (!build || build->kind != CP_YAML_MAP)
			continue;
		r = place_build(u, folder, complete, build, &build);
		if (r < 0)
			return r;
		service = cp_yaml_copy_map(u->c->a, service);
		key = cp_yaml_new_text(u->c->a, build, CP_S("build"));
		if (!service || !key || cp_yaml_map_put(u->c->a, service, key, build) < 0)
			return cp_err_nomem(u->c->err);
		services->items[i] = service;
	}
	return 0;
}

/* The files of secrets, from the folder of the project that has them. */
static int place_secrets(struct unit *u, struct cp_yaml *model)
{
	struct cp_yaml *secrets = CP_COMPOSE_GET(model, "secrets"), *key;
	int r = 0;

	if (!secrets || secrets->kind != CP_YAML_MAP)
		return 0;
	secrets = cp_yaml_copy_map(u->c->a, secrets);
	key = secrets ? cp_yaml_new_text(u->c->a, secrets, CP_S("secrets")) : NULL;
	if (!key || cp_yaml_map_put(u->c->a, model, key, secrets) < 0)
		return cp_err_nomem(u->c->err);
	for (size_t i = 0; r == 0 && i < secrets->n; i++) {
		struct cp_yaml *one = secrets->items[i], *file = CP_COMPOSE_GET(one, "file");

		if (!file || cp_yaml_is_null(file))
			continue;
		if (CP_COMPOSE_GET(one, "environment"))
			return cp_yaml_fail(u->c->err, CP_EINVAL, one,
					    "secret %.*s: file and environment exclude each other",
					    CP_STR(secrets->keys[i]->text));
		one = cp_yaml_copy_map(u->c->a, one);
		key = one ? cp_yaml_new_text(u->c->a, file, CP_S("file")) : NULL;
		r = key ? place(u, u->folder, one, key, file) : cp_err_nomem(u->c->err);
		secrets->items[i] = one;
	}
	return r;
}

/* `build:` with nothing behind it: compose looks at that before the next document comes. */
static int check_builds(struct unit *u, const struct cp_yaml *services)
{
	for (size_t i = 0; services && services->kind == CP_YAML_MAP && i < services->n; i++) {
		const struct cp_yaml *build = CP_COMPOSE_GET(services->items[i], "build");

		if (build && cp_yaml_is_null(build))
			return cp_yaml_fail(u->c->err, CP_EINVAL, build,
					    "build: expected a path or a map");
	}
	return 0;
}

/* ---- extends ---- */

/*
 * The services of a file that others extend from: variables in, paths resolved from its own folder,
 * its own extends open.
 */
static int base_file(struct unit *u, const struct cp_yaml *at, struct cp_str path,
		     struct service_set **ret)
{
	struct service_set *set = cp_map_get(&u->bases, path);
	struct cp_yaml **docs = NULL, *model, *services = NULL;
	struct cp_str text;
	size_t n = 0;
	int r;

	*ret = set;
	if (set)
		return 0;
	r = read_file(u, at, path, &text);
	if (r == CP_ENOTFOUND)
		return cp_yaml_fail(u->c->err, CP_EINVAL, at,
				    "extends: %.*s is not in the repository", CP_STR(path));
	if (r == 0)
		r = parse_file(u, path, text, &docs, &n);
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = keep_document(u, docs[i], &model);
		if (r == 0 && CP_YAML_GET(model, "services")) {
			struct cp_yaml *more = CP_YAML_GET(model, "services");

			r = services ? cp_compose_merge_model(u->c, services, more, &services) : 0;
			services = services ? services : more;
		}
	}
	if (r < 0)
		return r;
	if (!services)
		return cp_yaml_fail(u->c->err, CP_EINVAL, at, "extends: %.*s has no services",
				    CP_STR(path));
	r = check_builds(u, services);
	if (r == 0)
		r = place_services(u, cp_path_dir(u->c->a, path), false, services);
	set = CP_NEW(u->c->a, struct service_set);
	if (r == 0 && (!set || cp_map_put(u->c->a, &u->bases, path, set) < 0))
		return cp_err_nomem(u->c->err);
	if (r == 0) {
		*set = (struct service_set){path, services};
		*ret = set;
	}
	return r;
}

/* What `extends` says: the name, and the set that has it. */
static int find_base(struct unit *u, struct service_set *set, const struct cp_yaml *extends,
		     struct cp_str *ret_name, struct service_set **ret_set)
{
	const struct cp_yaml *service =
		extends->kind == CP_YAML_MAP ? CP_YAML_GET(extends, "service") : extends;
	const struct cp_yaml *file = CP_YAML_GET(extends, "file");
	struct cp_str folder, path;

	if (!service || service->kind != CP_YAML_SCALAR || !service->text.n)
		return cp_yaml_fail(u->c->err, CP_EINVAL, extends, "extends: expected a service");
	*ret_name = service->text;
	*ret_set = set;
	if (!file || cp_yaml_is_null(file))
		return 0;
	if (file->kind != CP_YAML_SCALAR)
		return cp_yaml_fail(u->c->err, CP_EINVAL, file, "extends: file must be a path");
	if (cp_request_is_remote(file->text))
		return cp_yaml_fail(u->c->err, CP_EUNSUPPORTED, file,
				    "extends: %.*s is not in the repository", CP_STR(file->text));
	/* the project's own files look from the project's folder, others from where they are */
	folder = set->file.n ? cp_path_dir(u->c->a, set->file) : u->folder;
	path = cp_request_path(u->c->a, folder, file->text);
	if (!folder.p || !path.p)
		return cp_err_nomem(u->c->err);
	return base_file(u, file, path, ret_set);
}

static int check_circle(struct unit *u, const struct cp_yaml *extends, const struct chain *here)
{
	unsigned depth = 0;

	for (const struct chain *up = here->up; up; up = up->up) {
		if (up->set == here->set && cp_str_eq(up->name, here->name))
			return cp_yaml_fail(u->c->err, CP_EINVAL, extends,
					    "service %.*s extends itself", CP_STR(here->name));
		if (++depth > CP_MAX_YAML_DEPTH)
			return cp_yaml_fail(u->c->err, CP_ELIMIT, extends,
					    "services extended over %u levels", CP_MAX_YAML_DEPTH);
	}
	return 0;
}

/* A copy without the tags that only count in the file that has them. */
static int drop_tags(struct cp_compose *c, struct cp_yaml *v, struct cp_yaml **ret)
{
	struct cp_yaml *out;
	int r = v->kind == CP_YAML_MAP ? cp_compose_count(c, v, v->n) : 0;

	*ret = v;
	if (r < 0 || v->kind != CP_YAML_MAP)
		return r;
	out = cp_yaml_new_map(c->a, v);
	if (!out)
		return cp_err_nomem(c->err);
	out->height = v->height;
	for (size_t i = 0; i < v->n; i++) {
		struct cp_yaml *value;

		if (cp_compose_is_reset(v->items[i]))
			continue;
		r = drop_tags(c, v->items[i], &value);
		if (r < 0)
			return r;
		if (cp_yaml_map_put(c->a, out, v->keys[i], value) < 0)
			return cp_err_nomem(c->err);
	}
	*ret = out;
	return 0;
}

static int extend(struct unit *u, struct service_set *set, struct cp_str name,
		  const struct chain *up, struct cp_yaml **ret);

/* The base laid under `service`; the result takes its place in the set. */
static int extend_with(struct unit *u, struct service_set *set, struct cp_yaml *service,
		       struct cp_yaml *extends, const struct chain *here, struct cp_yaml **ret)
{
	struct service_set *base_set = NULL;
	struct cp_yaml *base = NULL, *merged, *key, *done, *name;
	struct cp_str base_name = CP_S("");
	int r = find_base(u, set, extends, &base_name, &base_set);

	if (r < 0)
		return r;
	if (!cp_yaml_get(base_set->services, base_name))
		return cp_yaml_fail(
			u->c->err, CP_EINVAL, extends,
			"service %.*s extends %.*s, which is not in %.*s", CP_STR(here->name),
			CP_STR(base_name),
			CP_STR(base_set->file.n ? base_set->file : extends->source->name));
	r = extend(u, base_set, base_name, here, &base);
	if (r < 0)
		return r;
	merged = cp_yaml_copy_map(u->c->a, service);
	if (base->kind == CP_YAML_MAP) {
		r = drop_tags(u->c, base, &base);
		if (r == 0)
			r = cp_compose_merge_service(u->c, base, service, &merged);
	}
	if (r < 0)
		return r;
	/* an `extends` that says nothing: this one is done */
	key = cp_yaml_new_text(u->c->a, extends, CP_S("extends"));
	done = cp_yaml_new_text(u->c->a, extends, CP_S(""));
	name = cp_yaml_new_text(u->c->a, extends, here->name);
	if (!key || !done || !name || !merged)
		return cp_err_nomem(u->c->err);
	done->plain = true;
	if (cp_yaml_map_put(u->c->a, merged, key, done) < 0 ||
	    cp_yaml_map_put(u->c->a, set->services, name, merged) < 0)
		return cp_err_nomem(u->c->err);
	*ret = merged;
	return 0;
}

static int extend(struct unit *u, struct service_set *set, struct cp_str name,
		  const struct chain *up, struct cp_yaml **ret)
{
	struct cp_yaml *service = cp_yaml_get(set->services, name),
		       *extends = CP_COMPOSE_GET(service, "extends");
	struct chain here = {set, name, up};
	int r;

	*ret = service;
	if (!extends || cp_yaml_is_null(extends))
		return 0;
	r = check_circle(u, extends, &here);
	return r < 0 ? r : extend_with(u, set, service, extends, &here, ret);
}

static int extend_all(struct unit *u, struct cp_yaml *services)
{
	struct service_set set = {CP_S(""), services};

	for (size_t i = 0; i < services->n; i++) {
		struct cp_yaml *service;
		int r = extend(u, &set, services->keys[i]->text, NULL, &service);

		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- include ---- */

static int load_unit(struct unit *u, const struct cp_compose_file *files, size_t n_files,
		     struct cp_yaml **ret_model);

/* One path or a list of them. */
static int path_list(struct unit *u, struct cp_yaml *v, struct cp_yaml ***ret, size_t *ret_n)
{
	struct cp_yaml **one;

	*ret_n = 0;
	if (!v || cp_yaml_is_null(v))
		return 0;
	if (v->kind == CP_YAML_MAP)
		return cp_yaml_fail(u->c->err, CP_EINVAL, v, "expected a path or a list of paths");
	one = cp_arena_array(u->c->a, 1, sizeof(struct cp_yaml *));
	if (!one)
		return cp_err_nomem(u->c->err);
	one[0] = v;
	*ret = v->kind == CP_YAML_SEQ ? v->items : one;
	*ret_n = v->kind == CP_YAML_SEQ ? v->n : 1;
	for (size_t i = 0; i < *ret_n; i++)
		if ((*ret)[i]->kind != CP_YAML_SCALAR)
			return cp_yaml_fail(u->c->err, CP_EINVAL, v,
					    "expected a path or a list of paths");
	return 0;
}

/* The variables of an included project: its env_file, else the .env of its folder. */
static int include_scope(struct unit *u, struct cp_yaml *env_file, struct unit *sub)
{
	struct cp_yaml **files = NULL;
	struct cp_str path = cp_path_join(u->c->a, sub->folder, CP_S(".env")), text;
	size_t n = 0;
	int r = path_list(u, env_file, &files, &n);

	if (r < 0)
		return r;
	if (!path.p)
		return cp_err_nomem(u->c->err);
	if (n == 0) {
		r = read_file(u, NULL, path, &text);
		if (r == 0)
			r = cp_scope_read_env(sub->scope, text, path, u->c->err);
		return r == CP_ENOTFOUND ? 0 : r;
	}
	for (size_t i = 0; i < n; i++) {
		path = cp_request_path(u->c->a, u->folder, files[i]->text);
		if (!path.p)
			return cp_err_nomem(u->c->err);
		r = read_file(u, files[i], path, &text);
		if (r == CP_ENOTFOUND)
			return cp_yaml_fail(u->c->err, CP_EINVAL, files[i],
					    "include: %.*s is not in the repository", CP_STR(path));
		if (r == 0)
			r = cp_scope_read_env(sub->scope, text, path, u->c->err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Compose has put the value of a variable into the one that is included by then. */
static bool same(const struct cp_scope *scope, const struct cp_yaml *own,
		 const struct cp_yaml *included)
{
	const struct cp_yaml *variable = CP_COMPOSE_GET(included, "environment");
	struct cp_str value;

	return cp_yaml_equal(own, included) && !(variable && variable->kind == CP_YAML_SCALAR &&
						 cp_scope_get(scope, variable->text, &value));
}

/*
 * What is in `from` and not in `model`. Compose refuses a name that both have unless they are
 * equal.
 */
static int import(struct unit *u, struct cp_yaml *model, const struct cp_yaml *from,
		  const struct cp_scope *from_scope, const char *section)
{
	struct cp_yaml *source = cp_yaml_get(from, cp_str_c(section)),
		       *into = cp_yaml_get(model, cp_str_c(section)), *key;

	if (!source || source->kind != CP_YAML_MAP)
		return 0;
	into = into && into->kind == CP_YAML_MAP ? cp_yaml_copy_map(u->c->a, into)
						 : cp_yaml_new_map(u->c->a, source);
	key = cp_yaml_new_text(u->c->a, source, cp_str_c(section));
	if (!into || !key || cp_yaml_map_put(u->c->a, model, key, into) < 0)
		return cp_err_nomem(u->c->err);
	for (size_t i = 0; i < source->n; i++) {
		struct cp_yaml *name = source->keys[i];

		if (cp_yaml_get(into, name->text)) {
			if (same(from_scope, cp_yaml_get(into, name->text), source->items[i]))
				continue;
			return cp_yaml_fail(u->c->err, CP_EINVAL, name,
					    "%s %.*s is also defined by a file that includes this "
					    "one, or by another one that it includes",
					    section, CP_STR(name->text));
		}
		if (cp_yaml_map_put(u->c->a, into, name, source->items[i]) < 0)
			return cp_err_nomem(u->c->err);
	}
	return cp_compose_count(u->c, source, into->n);
}

static int include_files(struct unit *u, struct cp_yaml **paths, size_t n,
			 struct cp_compose_file *files)
{
	for (size_t i = 0; i < n; i++) {
		int r;

		files[i].name = cp_request_path(u->c->a, u->folder, paths[i]->text);
		if (!files[i].name.p)
			return cp_err_nomem(u->c->err);
		r = read_file(u, paths[i], files[i].name, &files[i].text);
		if (r == CP_ENOTFOUND)
			return cp_yaml_fail(u->c->err, CP_EINVAL, paths[i],
					    "include: %.*s is not in the repository",
					    CP_STR(files[i].name));
		if (r < 0)
			return r;
	}
	return 0;
}

static int include_one(struct unit *u, struct cp_yaml *entry, struct cp_yaml *model)
{
	struct cp_yaml *path = entry->kind == CP_YAML_MAP ? CP_YAML_GET(entry, "path") : entry,
		       **paths = NULL, *included;
	struct cp_yaml *folder = CP_YAML_GET(entry, "project_directory");
	struct cp_scope scope = {.a = u->c->a, .outer = u->scope};
	struct unit sub = {.c = u->c, .scope = &scope, .depth = u->depth + 1};
	struct cp_compose_file *files;
	size_t n = 0;
	int r = path_list(u, path, &paths, &n);

	if (r < 0 || n == 0)
		return r;
	if (sub.depth > CP_MAX_YAML_DEPTH)
		return cp_yaml_fail(u->c->err, CP_ELIMIT, entry,
				    "includes nested over %u levels: a file that includes itself?",
				    CP_MAX_YAML_DEPTH);
	if (cp_request_is_remote(paths[0]->text))
		return cp_compose_note(
			u->c, paths[0],
			"include of %.*s is not read: only files of the repository are",
			CP_STR(paths[0]->text));
	files = cp_arena_array(u->c->a, n, sizeof(*files));
	if (!files)
		return cp_err_nomem(u->c->err);
	r = include_files(u, paths, n, files);
	if (r < 0)
		return r;
	sub.folder = folder && folder->kind == CP_YAML_SCALAR && folder->text.n
			     ? cp_request_path(u->c->a, u->folder, folder->text)
			     : cp_path_dir(u->c->a, files[0].name);
	if (!sub.folder.p)
		return cp_err_nomem(u->c->err);
	r = include_scope(u, CP_YAML_GET(entry, "env_file"), &sub);
	if (r == 0)
		r = load_unit(&sub, files, n, &included);
	if (r == 0)
		r = import(u, model, included, &scope, "services");
	return r == 0 ? import(u, model, included, &scope, "secrets") : r;
}

static int include_all(struct unit *u, struct cp_yaml *model)
{
	struct cp_yaml *include = CP_COMPOSE_GET(model, "include");

	if (!include || cp_yaml_is_null(include))
		return 0;
	if (include->kind != CP_YAML_SEQ)
		return cp_yaml_fail(u->c->err, CP_EINVAL, include, "include: expected a list");
	for (size_t i = 0; i < include->n; i++) {
		int r = include_one(u, include->items[i], model);

		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- a project ---- */

/* One document over the model so far. */
static int load_document(struct unit *u, struct cp_yaml *root, struct cp_yaml **model)
{
	struct cp_yaml *own, *services;
	int r = keep_document(u, root, &own);

	if (r < 0)
		return r;
	services = CP_YAML_GET(own, "services");
	if (services && !cp_compose_is_reset(services))
		r = extend_all(u, services);
	if (r == 0)
		r = include_all(u, own);
	if (r == 0 && *model)
		r = cp_compose_merge_model(u->c, *model, own, &own);
	if (r == 0)
		r = check_builds(u, CP_COMPOSE_GET(own, "services"));
	if (r == 0)
		*model = own;
	return r;
}

/* `name:` of the last file that has one is the value of COMPOSE_PROJECT_NAME in all of them. */
static int set_project_name(struct unit *u, const struct cp_yaml *root)
{
	const struct cp_yaml *name = CP_YAML_GET(root, "name");
	struct cp_str value, current;

	if (u->depth || !name || !cp_yaml_is_string(name))
		return 0;
	if (cp_scope_expand(u->scope, name->text, &value, u->c->err) < 0)
		return cp_yaml_fail(u->c->err, CP_EINVAL, name, "name: invalid variable reference");
	if (!cp_map_get(&u->scope->vars, CP_S("COMPOSE_PROJECT_NAME")) &&
	    cp_scope_get(u->scope, CP_S("COMPOSE_PROJECT_NAME"), &current))
		return 0;
	return cp_scope_set(u->scope, CP_S("COMPOSE_PROJECT_NAME"), value) < 0
		       ? cp_err_nomem(u->c->err)
		       : 0;
}

static int load_unit(struct unit *u, const struct cp_compose_file *files, size_t n_files,
		     struct cp_yaml **ret_model)
{
	CP_VEC(struct cp_yaml *) documents = {0};
	struct cp_yaml *model = NULL, *services;
	int r = 0;

	for (size_t i = 0; i < n_files; i++) {
		struct cp_yaml **docs = NULL;
		size_t n = 0;

		r = parse_file(u, files[i].name, files[i].text, &docs, &n);
		for (size_t k = 0; r == 0 && k < n; k++) {
			r = set_project_name(u, docs[k]);
			if (r == 0 && cp_vec_push(u->c->a, &documents, docs[k]) < 0)
				r = cp_err_nomem(u->c->err);
		}
		if (r < 0)
			return r;
	}
	for (size_t i = 0; r == 0 && i < documents.n; i++)
		r = load_document(u, documents.items[i], &model);
	services = r == 0 ? CP_COMPOSE_GET(model, "services") : NULL;
	if (services)
		r = place_services(u, u->folder, true, services);
	if (r == 0 && model)
		r = place_secrets(u, model);
	if (r == 0)
		*ret_model = model;
	return r;
}

int cp_compose_load(struct cp_compose *c, const struct cp_compose_file *files, size_t n_files,
		    struct cp_scope *scope, struct cp_str folder, struct cp_yaml **ret_model)
{
	struct unit u = {.c = c, .scope = scope, .folder = folder};

	return load_unit(&u, files, n_files, ret_model);
}

#include "project/compose_int.h"

#include <stdarg.h>
#include <stdio.h>

struct project {
	struct cp_compose c;
	struct cp_scope scope;
	struct cp_str folder; /* of the first file: where paths start and .env lies */
	struct cp_yaml *model, *services;
};

int cp_compose_note(struct cp_compose *c, const struct cp_yaml *at, const char *format, ...)
{
	char text[512];
	struct cp_str note;
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (at)
		note = cp_arena_printf(c->a, "%.*s:%d: %s", CP_STR(at->source->name), at->line,
				       text);
	else
		note = cp_arena_str(c->a, cp_str_c(text));
	return note.p && cp_vec_push(c->a, &c->notes, note) == 0 ? 0 : cp_err_nomem(c->err);
}

/* ---- profiles ---- */

static bool in_list(struct cp_str list, struct cp_str name)
{
	struct cp_str rest = list, one;

	while (cp_str_split(&rest, ',', &one)) {
		one = cp_str_trim_space(one);
		if (cp_str_eq(one, name) || cp_str_eq(one, CP_S("*")))
			return true;
	}
	return false;
}

/* A service without profiles, or with one of COMPOSE_PROFILES. */
static bool is_active(const struct project *p, const struct cp_yaml *service)
{
	const struct cp_yaml *profiles = CP_COMPOSE_GET(service, "profiles");
	struct cp_str wanted = CP_S("");

	cp_scope_get(&p->scope, CP_S("COMPOSE_PROFILES"), &wanted);
	if (!profiles || profiles->kind != CP_YAML_SEQ || profiles->n == 0)
		return true;
	for (size_t i = 0; i < profiles->n; i++)
		if (in_list(wanted, profiles->items[i]->text))
			return true;
	return false;
}

/* ---- services ---- */

/* All of them, those that are left out for their profiles, too: compose reads them before that. */
static int check_services(struct project *p)
{
	for (size_t i = 0; p->services && i < p->services->n; i++) {
		struct cp_yaml *service = p->services->items[i];
		int r = cp_compose_check_name(&p->c, p->services->keys[i]);

		if (r == 0 && !cp_compose_is_reset(service))
			r = cp_compose_check(&p->c, service);
		if (r == 0 && !cp_compose_is_reset(service) && is_active(p, service))
			r = cp_compose_check_built(&p->c, p->model, service, &p->scope);
		if (r < 0)
			return r;
	}
	return 0;
}

static bool has_build(const struct cp_yaml *service)
{
	const struct cp_yaml *build = CP_COMPOSE_GET(service, "build");

	return build && !cp_yaml_is_null(build);
}

static int add_service(void *self, struct cp_str name, cp_image_vec *v, struct cp_err *err)
{
	struct project *p = self;
	struct cp_yaml *service = cp_compose_get(p->services, name);
	struct cp_image_request q = {0};
	int r;

	if (!service || !has_build(service))
		return CP_ENOTFOUND;
	if (v->n >= CP_MAX_IMAGES)
		return cp_err_set(err, CP_ELIMIT, "over %u services with a build", CP_MAX_IMAGES);
	r = cp_compose_request(&p->c, p->model, name, service, &p->scope, &q);
	if (r < 0)
		return r;
	return cp_vec_push(p->c.a, v, q) == 0 ? 0 : cp_err_nomem(err);
}

/* A service that another one's context names, which compose takes from those that are active. */
static int add_linked(void *self, struct cp_str name, cp_image_vec *v, struct cp_err *err)
{
	struct project *p = self;
	struct cp_yaml *service = cp_compose_get(p->services, name);

	if (!service || is_active(p, service))
		return add_service(p, name, v, err);
	cp_yaml_fail(err, CP_EINVAL, service,
		     "service %.*s is the context of another one, and none of its profiles is in "
		     "COMPOSE_PROFILES",
		     CP_STR(name));
	return CP_EINVAL;
}

static int add_named(struct project *p, struct cp_str name, cp_image_vec *v)
{
	struct cp_yaml *service = cp_compose_get(p->services, name);

	if (!service)
		return cp_err_set(p->c.err, CP_EINVAL, "no service %.*s in the compose files",
				  CP_STR(name));
	if (!has_build(service))
		return cp_compose_note(&p->c, service, "service %.*s has no build", CP_STR(name));
	for (size_t i = 0; i < v->n; i++)
		if (cp_str_eq(v->items[i].name, name))
			return 0;
	return add_service(p, cp_arena_str(p->c.a, name), v, p->c.err);
}

static int add_services(struct project *p, const struct cp_str *only, size_t n_only,
			cp_image_vec *v)
{
	struct cp_links links = {add_linked, p};
	int r = 0;

	for (size_t i = 0; r == 0 && i < n_only; i++)
		r = add_named(p, only[i], v);
	for (size_t i = 0; r == 0 && n_only == 0 && p->services && i < p->services->n; i++) {
		struct cp_yaml *service = p->services->items[i];
		struct cp_str name = p->services->keys[i]->text;

		if (cp_compose_is_reset(service) || !has_build(service))
			continue;
		if (is_active(p, service))
			r = add_service(p, name, v, p->c.err);
		else
			r = cp_compose_note(&p->c, service,
					    "service %.*s is left out: none of its profiles is in "
					    "COMPOSE_PROFILES",
					    CP_STR(name));
	}
	return r == 0 ? cp_requests_follow_links(v, &links, p->c.err) : r;
}

/* ---- the files ---- */

static int read_dotenv(struct project *p)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_YAML_BYTES);
	const struct cp_file_reader *reader = p->c.reader;
	struct cp_str path = cp_path_join(p->c.a, p->folder, CP_S(".env")), disabled;
	struct cp_err ignored = {0};
	int r;

	if (!path.p)
		return cp_err_nomem(p->c.err);
	if (!reader ||
	    (cp_scope_get(&p->scope, CP_S("COMPOSE_DISABLE_ENV_FILE"), &disabled) &&
	     (cp_str_eq(disabled, CP_S("1")) || cp_str_eq_nocase(disabled, CP_S("true")))))
		return 0;
	r = reader->read(reader->self, path, &text, &ignored);
	if (r == CP_ENOMEM)
		return cp_err_nomem(p->c.err);
	if (r < 0)
		return r == CP_ENOTFOUND ? 0
					 : cp_compose_note(&p->c, NULL, "%.*s is not read: %s",
							   CP_STR(path), ignored.message);
	return cp_scope_read_env(&p->scope, cp_buf_str(&text), path, p->c.err);
}

static int copy_files(struct cp_arena *a, const struct cp_compose_file *files, size_t n,
		      struct cp_compose_file **ret)
{
	struct cp_compose_file *copy = cp_arena_array(a, n, sizeof(*copy));

	if (!copy)
		return CP_ENOMEM;
	for (size_t i = 0; i < n; i++) {
		copy[i].name = cp_arena_str(a, files[i].name);
		copy[i].text = cp_arena_str(a, files[i].text);
		if (!copy[i].name.p || !copy[i].text.p)
			return CP_ENOMEM;
	}
	*ret = copy;
	return 0;
}

/* Variables that were used and are not set: compose warns and takes them as empty. */
static int note_unset(struct project *p)
{
	for (size_t i = 0; i < p->scope.unset.n; i++) {
		struct cp_str name = p->scope.unset.items[i].key;
		int r;

		if (cp_str_eq(name, CP_S("COMPOSE_PROJECT_NAME")))
			r = cp_compose_note(&p->c, NULL,
					    "variable COMPOSE_PROJECT_NAME is taken as empty: "
					    "docker compose has the name of the folder of the "
					    "checkout, where no `name:` is given");
		else
			r = cp_compose_note(&p->c, NULL,
					    "variable %.*s is not set and taken as empty",
					    CP_STR(name));
		if (r < 0)
			return r;
	}
	return 0;
}

int cp_compose_parse(struct cp_arena *a, const struct cp_compose_file *files, size_t n_files,
		     const struct cp_file_reader *reader, const struct cp_environment *env,
		     const struct cp_str *only, size_t n_only,
		     struct cp_image_requests *ret_requests, struct cp_err *err)
{
	struct project p = {.c = {.a = a, .reader = reader, .err = err},
			    .scope = {.a = a, .process = env}};
	struct cp_compose_file *own;
	cp_image_vec v = {0};
	int r;

	if (n_files == 0)
		return cp_err_set(err, CP_EUSAGE, "no compose file");
	if (copy_files(a, files, n_files, &own) < 0)
		return cp_err_nomem(err);
	p.folder = cp_path_dir(a, own[0].name);
	if (!p.folder.p)
		return cp_err_nomem(err);
	r = read_dotenv(&p);
	if (r == 0)
		r = cp_compose_load(&p.c, own, n_files, &p.scope, p.folder, &p.model);
	if (r < 0)
		return r;
	p.services = CP_COMPOSE_GET(p.model, "services");
	if (!p.services || p.services->kind != CP_YAML_MAP || p.services->n == 0)
		r = cp_compose_note(&p.c, NULL, "%.*s has no services", CP_STR(own[0].name));
	if (r == 0)
		r = check_services(&p);
	if (r == 0)
		r = add_services(&p, only, n_only, &v);
	if (r == 0)
		r = note_unset(&p);
	if (r == 0)
		*ret_requests =
			(struct cp_image_requests){v.items, v.n, p.c.notes.items, p.c.notes.n};
	return r;
}

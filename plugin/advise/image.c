/* Rules of bases and of what the image says about itself. */
#include "advise/advise_int.h"
#include "requirements/requirements.h"

/* ---- bases ---- */

/* Official images whose plain tags are made of buildpack-deps and that have -slim ones. */
static const char *const has_slim[] = {"python", "node", "ruby", "perl"};

/* "3.12", "22.11.0", "3.12-bookworm": a version, and no more than the release of Debian. */
static bool is_plain_tag(struct cp_str tag)
{
	static const char *const releases[] = {"", "-bullseye", "-bookworm", "-trixie"};
	size_t n = 0;

	if (cp_str_eq(tag, CP_S("latest")))
		return true;
	while (n < tag.n && ((tag.p[n] >= '0' && tag.p[n] <= '9') || tag.p[n] == '.'))
		n++;
	return n > 0 && cp_advise_is_one_of(cp_str_from(tag, n), releases, CP_LEN(releases));
}

static bool is_fat(struct cp_str ref, struct cp_str *ret_name, struct cp_str *ret_tag)
{
	return cp_advise_official(ref, ret_name, ret_tag) &&
	       cp_advise_is_one_of(*ret_name, has_slim, CP_LEN(has_slim)) && is_plain_tag(*ret_tag);
}

static int fat_base(struct cp_adviser *ad, const struct cp_stage_view *v)
{
	struct cp_str name, tag, message;

	if (!v->in_image || !is_fat(v->graph->base, &name, &tag))
		return 0;
	message = cp_arena_printf(
		ad->a, "%.*s:%.*s brings compilers and headers; %.*s:%.*s%sslim does not",
		CP_STR(name), CP_STR(tag), CP_STR(name),
		CP_STR(cp_str_eq(tag, CP_S("latest")) ? CP_S("") : tag),
		cp_str_eq(tag, CP_S("latest")) ? "" : "-");
	return cp_advise_add(ad, CP_ADVISE_FAT_BASE, v->stage->line, v->stage->line_end, message,
			     CP_S("the plain tag is made for building; what a package must compile "
				  "belongs in a stage before"));
}

static int unpinned_base(struct cp_adviser *ad, const struct cp_stage_view *v)
{
	struct cp_str ref = v->graph->base, name, tag;

	if (!cp_str_ends(ref, CP_S(":latest")) || cp_str_find(ref, '@', 0) < ref.n)
		return 0;
	return cp_advise_add(
		ad, CP_ADVISE_UNPINNED_BASE, v->stage->line, v->stage->line_end,
		cp_arena_printf(ad->a, "%.*s is whatever latest means on that day",
				CP_STR(cp_advise_official(ref, &name, &tag) ? name : ref)),
		CP_S("two builds of one commit can differ, and a new major version comes without a "
		     "change here; name a version"));
}

/* No wheel of these is published for musl (asked of PyPI for CPython 3.12 on x86-64, November 2026). */
static const char *const no_musl[] = {"torch",    "tensorflow", "onnxruntime", "xgboost",
				      "catboost", "triton",     "jaxlib",      "mediapipe"};

/* A lock of the context that lists wheels knows better: *ret is the first package that has wheels for Linux and none for musl. */
static bool locked_without_musl(struct cp_adviser *ad, struct cp_str *ret)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_REQUIREMENTS_BYTES);
	const struct cp_requirements *all;
	struct cp_err ignored = {0};
	bool wheels = false;
	struct cp_str copy;

	*ret = CP_S("");
	if (!cp_advise_read(ad, CP_S("uv.lock"), &text))
		return false;
	copy = cp_arena_str(ad->a, cp_buf_str(&text));
	if (!copy.p ||
	    cp_requirements_parse_named(ad->a, CP_S("uv.lock"), copy, &all, &ignored) < 0)
		return false;
	for (size_t i = 0; i < all->n_items; i++) {
		wheels = wheels || all->items[i].linux_wheels || all->items[i].musl_wheels;
		if (!ret->n && all->items[i].linux_wheels && !all->items[i].musl_wheels)
			*ret = all->items[i].key;
	}
	return wheels;
}

static int alpine(struct cp_adviser *ad, const struct cp_stage_view *v)
{
	struct cp_str base = cp_advise_base(ad, v), name, tag, package;

	if (!cp_advise_official(base, &name, &tag))
		return 0;
	if (!cp_str_eq(name, CP_S("alpine")) &&
	    !(cp_str_eq(name, CP_S("python")) && cp_advise_holds(tag, "alpine")))
		return 0;
	if (!locked_without_musl(ad, &package))
		package = cp_advise_stage_requires(ad, v, no_musl, CP_LEN(no_musl));
	if (!package.n)
		return 0;
	return cp_advise_add(
		ad, CP_ADVISE_ALPINE_WHEELS, v->stage->line, v->stage->line_end,
		cp_arena_printf(ad->a, "%.*s has no wheel for Alpine (musl)", CP_STR(package)),
		CP_S("pip would have to compile it, or finds nothing to install; a -slim base of Debian "
		     "takes the ready wheels"));
}

/* ---- build tools in the image ---- */

static const char *const tools[] = {"gcc",           "g++",      "build-essential", "build-base",
				    "clang",         "cmake",    "gfortran",        "rustc",
				    "cargo",         "musl-dev", "python3-dev",     "python-dev",
				    "libpython3-dev"};
/* They call a compiler when they run. */
static const char *const compiles_later[] = {"torch", "triton", "vllm", "jax", "cffi", "pythran"};

static const struct cp_simple *adds_tools(const struct cp_script *s, struct cp_str *ret_tool)
{
	const struct cp_simple *found = NULL;

	for (size_t i = 0; i < s->n; i++) {
		const struct cp_simple *c = &s->commands[i];

		if (cp_simple_is(c, "apt-get", "purge") || cp_simple_is(c, "apt-get", "remove") ||
		    cp_simple_is(c, "apt-get", "autoremove") || cp_simple_is(c, "apk", "del") ||
		    cp_simple_is(c, "apt", "purge") || cp_simple_is(c, "apt", "remove"))
			return NULL;
		if (found || !(cp_simple_is(c, "apt-get", "install") ||
			       cp_simple_is(c, "apt", "install") || cp_simple_is(c, "apk", "add")))
			continue;
		for (size_t k = 1; k < c->n && !found; k++)
			if (cp_advise_is_one_of(c->words[k], tools, CP_LEN(tools))) {
				*ret_tool = c->words[k];
				found = c;
			}
	}
	return found;
}

static bool installs_packages(const struct cp_stage_view *v)
{
	for (size_t i = 0; i < v->stage->n_commands; i++)
		for (size_t k = 0; k < v->scripts[i].n; k++) {
			const struct cp_simple *s = &v->scripts[i].commands[k];

			if (cp_simple_pip(s) || cp_simple_is(s, "npm", "ci") ||
			    cp_simple_is(s, "npm", "install"))
				return true;
		}
	return false;
}

static int multi_stage(struct cp_adviser *ad, const struct cp_stage_view *v, bool installs)
{
	static const struct cp_str why = CP_S_INIT(
		"compilers make the image larger and are of use to an attacker; install in a "
		"stage of its own and copy the result (pip install --prefix=/install, COPY "
		"--from)");
	struct cp_str tool = CP_S(""), name, tag;

	if (!v->in_image || !installs)
		return 0;
	for (size_t i = 0; i < v->stage->n_commands; i++) {
		const struct cp_command *c = v->stage->commands[i];

		if (c->kind != CP_CMD_RUN || !adds_tools(&v->scripts[i], &tool))
			continue;
		return cp_advise_add(
			ad, CP_ADVISE_NO_MULTI_STAGE, c->line, c->line_end,
			cp_arena_printf(ad->a, "%.*s stays in the runtime image", CP_STR(tool)),
			why);
	}
	if (!is_fat(v->graph->base, &name, &tag))
		return 0;
	return cp_advise_add(ad, CP_ADVISE_NO_MULTI_STAGE, v->stage->line, v->stage->line_end,
			     CP_S("packages are installed in the image that runs, beside the build "
				  "tools of its base"),
			     why);
}

/* ---- what the image says ---- */

/* Official images without USER in their config, by name. */
static const char *const run_as_root[] = {"python",         "node",       "debian",
					  "ubuntu",         "alpine",     "golang",
					  "ruby",           "rust",       "php",
					  "perl",           "fedora",     "busybox",
					  "nginx",          "httpd",      "eclipse-temurin",
					  "amazonlinux",    "rockylinux", "almalinux",
					  "buildpack-deps", "openjdk",    "elixir",
					  "erlang",         "julia"};
/* Programs that an entry point uses to become somebody else. */
static const char *const drops[] = {
	"gosu",         "su-exec",     "setpriv", "runuser",   "chroot --userspec",
	"s6-setuidgid", "supervisord", ".sh",     "entrypoint"};

/* The last command of a kind in what the image is made of. */
static const struct cp_command *last_of(const struct cp_adviser *ad, enum cp_command_kind kind)
{
	int at = (int)ad->target;

	for (size_t depth = 0; at >= 0 && depth <= ad->n_stages; depth++) {
		const struct cp_stage *s = ad->stages[at].stage;

		for (size_t i = s->n_commands; i > 0; i--)
			if (s->commands[i - 1]->kind == kind)
				return s->commands[i - 1];
		at = ad->stages[at].graph->parent;
	}
	return NULL;
}

static bool drops_root(const struct cp_adviser *ad)
{
	const struct cp_command *entry = last_of(ad, CP_CMD_ENTRYPOINT),
				*cmd = last_of(ad, CP_CMD_CMD);

	for (size_t i = 0; i < CP_LEN(drops); i++)
		if ((entry && cp_advise_holds(entry->code, drops[i])) ||
		    (cmd && cp_advise_holds(cmd->code, drops[i])))
			return true;
	return false;
}

static int no_user(struct cp_adviser *ad, const struct cp_stage_view *v)
{
	const struct cp_command *user = last_of(ad, CP_CMD_USER);
	struct cp_str base = cp_advise_base(ad, v), name, tag;
	int line = user ? user->line : v->stage->line;

	if (drops_root(ad) || (!last_of(ad, CP_CMD_CMD) && !last_of(ad, CP_CMD_ENTRYPOINT)))
		return 0;
	if (user) {
		name = cp_str_sub(user->text, 0, cp_str_find(user->text, ':', 0));
		if (!cp_str_eq(name, CP_S("root")) && !cp_str_eq(name, CP_S("0")))
			return 0;
	} else if (!cp_str_eq(base, CP_S("scratch")) &&
		   (!cp_advise_official(base, &name, &tag) ||
		    !cp_advise_is_one_of(name, run_as_root, CP_LEN(run_as_root)))) {
		return 0;
	}
	return cp_advise_add(ad, CP_ADVISE_NO_USER, line,
			     user ? user->line_end : v->stage->line_end,
			     user ? CP_S("the last USER is root")
				  : CP_S("there is no USER: the program runs as root"),
			     CP_S("who takes over the program owns the container; RUN useradd "
				  "--create-home agent, then USER agent"));
}

static const char *const servers[] = {"uvicorn",   "gunicorn", "hypercorn", "daphne",
				      "flask",     "fastapi",  "streamlit", "waitress-serve",
				      "runserver", "nginx",    "granian"};

static bool serves(const struct cp_adviser *ad)
{
	const struct cp_command *entry = last_of(ad, CP_CMD_ENTRYPOINT),
				*cmd = last_of(ad, CP_CMD_CMD);
	const struct cp_command *both[] = {entry, cmd};

	if (last_of(ad, CP_CMD_EXPOSE))
		return true;
	for (size_t i = 0; i < CP_LEN(both); i++)
		for (size_t k = 0; both[i] && k < both[i]->n_words; k++)
			for (size_t s = 0; s < CP_LEN(servers); s++)
				if (both[i]->prepend_shell
					    ? cp_str_starts(both[i]->words[k], cp_str_c(servers[s]))
					    : cp_str_eq(both[i]->words[k], cp_str_c(servers[s])))
					return true;
	return false;
}

static int no_healthcheck(struct cp_adviser *ad, const struct cp_stage_view *v)
{
	if (last_of(ad, CP_CMD_HEALTHCHECK) || !serves(ad))
		return 0;
	return cp_advise_add(
		ad, CP_ADVISE_NO_HEALTHCHECK, v->stage->line, v->stage->line_end,
		CP_S("a service without HEALTHCHECK"),
		CP_S("Docker and Compose see that the process is there, not that it answers "
		     "(Kubernetes has probes of its own and does not look at it)"));
}

int cp_advise_image(struct cp_adviser *ad)
{
	const struct cp_stage_view *target = &ad->stages[ad->target];
	bool installs = false, later = false;
	int r = 0;

	for (size_t i = 0; i < ad->n_stages; i++) {
		const struct cp_stage_view *v = &ad->stages[i];

		installs = installs || (v->in_image && installs_packages(v));
		later = later ||
			(v->in_image &&
			 cp_advise_stage_requires(ad, v, compiles_later, CP_LEN(compiles_later)).n);
	}
	for (size_t i = 0; r == 0 && i < ad->n_stages; i++) {
		const struct cp_stage_view *v = &ad->stages[i];

		if (!v->graph->reachable)
			continue;
		if (v->graph->parent < 0)
			r = fat_base(ad, v);
		if (r == 0 && v->graph->parent < 0)
			r = unpinned_base(ad, v);
		if (r == 0)
			r = alpine(ad, v);
		if (r == 0)
			r = multi_stage(ad, v, installs && !later);
	}
	if (r == 0)
		r = no_user(ad, target);
	return r < 0 ? r : no_healthcheck(ad, target);
}

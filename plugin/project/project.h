/*
 * project/: what is to be built ─► a list of image requests. Sources: flags (the request of the
 * host), `.cachepredict.json`, the output of `docker buildx bake --print`, compose files. The only
 * room that includes libyaml. It parses text it is given; files are read through struct
 * cp_file_reader, so that a pull request's settings can be read from the base commit. Nothing is
 * looked up in the environment except through struct cp_environment.
 */
#ifndef CP_PROJECT_PROJECT_H
#define CP_PROJECT_PROJECT_H

#include "base/base.h"
#include "repo/repo.h"

struct cp_setting {
	struct cp_str key, value;
	bool has_value; /* false: the value comes from the environment (KEY alone) */
};

/*
 * One image to predict, in the words of `docker buildx build`. Everything borrowed from one arena.
 */
struct cp_image_request {
	/* what people call it: bake target, compose service, or the Dockerfile's folder */
	struct cp_str name;
	struct cp_str context;    /* folder relative to the root, clean, "." = root; or a URL */
	struct cp_str dockerfile; /* relative to the root, clean; "" = <context>/Dockerfile */
	struct cp_str dockerfile_inline; /* compose, bake: the text itself; p NULL = none */
	struct cp_str target;
	struct cp_str *platforms;
	size_t n_platforms;
	/*
	 * contexts: named contexts NAME=VALUE; a folder is relative to the repository's root as
	 * `context` is, anything else (docker-image://, https://, target:NAME of another request)
	 * is as written. secrets: id, "src=PATH" or "env=NAME".
	 */
	struct cp_setting *build_args, *contexts, *labels, *secrets;
	size_t n_build_args, n_contexts, n_labels, n_secrets;
	/* caches: "type=registry,ref=..."; hosts: "host=ip", one each; limits: "nofile=1:2" */
	struct cp_str *cache_from, *cache_to, *tags, *no_cache_filter, *add_hosts, *ulimits, *ssh;
	size_t n_cache_from, n_cache_to, n_tags, n_no_cache_filter, n_add_hosts, n_ulimits, n_ssh;
	struct cp_str network, shm_size, cgroup_parent;
	bool no_cache, pull;
	struct cp_str origin; /* "compose.yaml:12", "bake.json", "" */
	bool from_commit; /* set by who reads the files: the text is that of the commit to be built */
};

struct cp_image_requests {
	struct cp_image_request *items;
	size_t n;
	struct cp_str *notes; /* what was left out, variables that were not set ... */
	size_t n_notes;
};

/*
 * How a file of the project is read. Path relative to the repository's root. CP_ENOTFOUND is
 * expected.
 */
struct cp_file_reader {
	int (*read)(void *self, struct cp_str path, struct cp_buf *out, struct cp_err *err);
	void *self;
};

/* "64m", "1.5 GiB", "1048576": bytes, as docker/go-units RAMInBytes has it. False for anything else. */
bool cp_request_size(struct cp_str text, int64_t *ret_bytes);

/*
 * `docker buildx bake --print` output (and that of `docker compose build --print`):
 * {"group":{...},"target":{NAME:{context, dockerfile, "dockerfile-inline", args, contexts, target,
 * platforms, "cache-from", "cache-to", tags, network, "no-cache", "no-cache-filter", "shm-size",
 * ulimits, "extra-hosts", secret, ssh, labels, pull, ...}}}. `only`: names of targets or groups,
 * none = group "default", else all. `folder`: where the paths of the file start, relative to the
 * repository's root. Paths that leave the repository stay as they are ("../x", "/x"). Targets that
 * others name as context target:NAME come along behind the others. CP_EINVAL with line and column.
 */
int cp_bake_parse(struct cp_arena *a, struct cp_str text, struct cp_str name, struct cp_str folder,
		  const struct cp_str *only, size_t n_only, struct cp_image_requests *ret_requests,
		  struct cp_err *err);

/*
 * A compose file (libyaml): services with `build:` in short and long form, ${VAR} interpolation
 * with all its operators (values: `.env` beside the first file, then the environment, which wins),
 * anchors and merge keys, `extends` and `include` of files of the repository, several files merged
 * in order by compose's rules. A service with profiles is left out, with a note, unless `only`
 * names it or COMPOSE_PROFILES has one of them. CP_EINVAL with line and column.
 */
struct cp_compose_file {
	struct cp_str name; /* path relative to the repository's root */
	struct cp_str text;
};
int cp_compose_parse(struct cp_arena *a, const struct cp_compose_file *files, size_t n_files,
		     const struct cp_file_reader *reader, const struct cp_environment *env,
		     const struct cp_str *only, size_t n_only,
		     struct cp_image_requests *ret_requests, struct cp_err *err);

/*
 * `.cachepredict.json` (schema: include/cachepredict/schema/config.json): {"images":[{...}],
 * "builder":..., "context_from":..., "bake":"FILE", "compose":["FILE"], "fail_on":[...]}. Unknown
 * members are ignored.
 */
struct cp_config {
	struct cp_image_requests images;
	struct cp_str bake;
	struct cp_str *compose, *fail_on;
	size_t n_compose, n_fail_on;
	struct cp_str context_from; /* "", "clone", "export" */
	struct cp_str base;
	struct cp_str image_metadata;
};
int cp_config_parse(struct cp_arena *a, struct cp_str text, struct cp_str name,
		    struct cp_config *ret_config, struct cp_err *err);

/* ---- workflow filters: `paths --check` ---- */

struct cp_path_filter {
	/*
	 * "on.push.paths", "build-api: rules[0].changes". GitLab rules of a job with the same `if`
	 * are one filter; a rule that starts the job whatever changed takes the filters of that
	 * `if` away. A path must get past every filter of a list.
	 */
	struct cp_str where;
	struct cp_str *patterns; /* as written, '!' kept */
	size_t n_patterns;
	bool ignore; /* paths-ignore; changes of except or of a rule with `when: never` */
	int line;
};
enum cp_ci_kind { CP_CI_GITHUB, CP_CI_GITLAB, CP_CI_GITEA };
/*
 * Path filters of a workflow (GitHub, Gitea: on.push / on.pull_request paths and paths-ignore;
 * GitLab: only/except/rules changes).
 */
int cp_filters_parse(struct cp_arena *a, struct cp_str text, struct cp_str name,
		     enum cp_ci_kind *ret_kind, struct cp_path_filter **ret_filters, size_t *ret_n,
		     struct cp_err *err);
/*
 * Would a change of this path start the workflow? The forge's own pattern rules. CP_EINVAL: a
 * pattern that the forge refuses; CP_EUNSUPPORTED: only a pattern with a variable of the pipeline
 * could match; CP_ELIMIT, CP_ENOMEM.
 */
int cp_filter_matches(const struct cp_path_filter *f, enum cp_ci_kind kind, struct cp_str path,
		      bool *ret_matches);

#endif

/*
 * Compose files ─► one model: services and secrets after interpolation, extends, include and merge,
 * cut down to what a build can see. The order of the stages is compose-go's (v2.9.1
 * loader/loader.go loadYamlFile):
 *
 *   document ─► variables ─► extends ─► include ─► merged over the documents before it
 *
 * Nodes of yaml_int.h are shared between stages and never changed once another node holds them.
 */
#ifndef CP_PROJECT_COMPOSE_INT_H
#define CP_PROJECT_COMPOSE_INT_H

#include "project/request_int.h"
#include "project/scope_int.h"
#include "project/yaml_int.h"

struct cp_compose {
	struct cp_arena *a;
	const struct cp_file_reader *reader; /* may be NULL */
	struct cp_err *err;
	cp_str_vec notes;
	size_t made;  /* nodes that merging made: at most CP_MAX_YAML_NODES */
	size_t files; /* read for extends and include: at most CP_MAX_IMAGES */
};

/* "file:line: what" into the notes. 0 or a code with err filled. */
int cp_compose_note(struct cp_compose *c, const struct cp_yaml *at, const char *format, ...)
	CP_PRINTF(3, 4);
/* Count nodes that merging makes. CP_ELIMIT when it goes too far. */
int cp_compose_count(struct cp_compose *c, const struct cp_yaml *at, size_t n);

/*
 * compose_merge.c, after override/merge.go. `over` wins. Results are new nodes. A value tagged
 * !reset stays in the result as a mark for the merges to come (cp_compose_reset), one tagged
 * !override replaces.
 */
int cp_compose_merge_service(struct cp_compose *c, struct cp_yaml *base, struct cp_yaml *over,
			     struct cp_yaml **ret);
int cp_compose_merge_model(struct cp_compose *c, struct cp_yaml *base, struct cp_yaml *over,
			   struct cp_yaml **ret);
/* `build: path` as {context: path}; a list KEY=VALUE as a map. Maps stay. */
int cp_compose_to_build(struct cp_compose *c, struct cp_yaml *v, struct cp_yaml **ret);
int cp_compose_to_map(struct cp_compose *c, struct cp_yaml *v, struct cp_yaml **ret);
bool cp_compose_is_reset(const struct cp_yaml *v);
/* A member that is there and not reset; NULL else. */
struct cp_yaml *cp_compose_get(const struct cp_yaml *v, struct cp_str key);
#define CP_COMPOSE_GET(v, literal) cp_compose_get((v), CP_S(literal))

/*
 * compose_expand.c: variables in values, not in keys, as deep as the document is, which is bounded.
 * CP_EINVAL with a position, CP_ELIMIT, CP_ENOMEM.
 */
int cp_compose_expand(struct cp_compose *c, struct cp_scope *scope, struct cp_yaml *v,
		      struct cp_yaml **ret);
/*
 * Compose looks at the variables of a whole file, of what no build sees, too. Where that is wrong,
 * it is noted, and the rest is read: a container's variables may not be there where its image is
 * built.
 */
int cp_compose_look(struct cp_compose *c, const struct cp_scope *scope, struct cp_yaml *root);

/*
 * compose_load.c: the model {services: {NAME: {build, image, platform, profiles}}, secrets: {...}},
 * `build` always a map, its context and local named contexts relative to the repository's root.
 */
int cp_compose_load(struct cp_compose *c, const struct cp_compose_file *files, size_t n_files,
		    struct cp_scope *scope, struct cp_str folder, struct cp_yaml **ret_model);

/*
 * compose_check.c: CP_EINVAL for what docker compose refuses, as far as a build goes: in any service,
 * in one that is built (of which not all are, by their profiles), in the name of a service.
 */
int cp_compose_check(struct cp_compose *c, const struct cp_yaml *service);
int cp_compose_check_built(struct cp_compose *c, const struct cp_yaml *model,
			   const struct cp_yaml *service, const struct cp_scope *scope);
/* Fields of a document and of its services that nobody knows are noted. 0 or CP_ENOMEM. */
int cp_compose_check_file(struct cp_compose *c, const struct cp_yaml *root);
int cp_compose_check_name(struct cp_compose *c, const struct cp_yaml *key);

/* compose_service.c: true, yes, on and their like; false for what is none of them. */
bool cp_compose_bool(const struct cp_yaml *v, bool *ret);
/* One service of a model ─► a request. */
int cp_compose_request(struct cp_compose *c, const struct cp_yaml *model, struct cp_str name,
		       const struct cp_yaml *service, struct cp_scope *scope,
		       struct cp_image_request *ret);

#endif

/* Private to graph/: what is fetched: git repositories, URLs, local folders, images. */
#ifndef CP_GRAPH_SOURCES_INT_H
#define CP_GRAPH_SOURCES_INT_H

#include "graph/build_int.h"

/* dfgitutil.GitRef */
struct graph_git {
	struct cp_str remote, host, path;
	struct cp_str ref, checksum, subdir, mtime;
	bool like_local; /* "github.com/x/y" may be a folder as well: only a build context takes it
			    as git */
	bool ssh;
	int keep_git_dir, submodules; /* -1 = not said */
	bool fetch_by_commit;
};

/*
 * dfgitutil.ParseGitRef. *ret_is_git tells whether the text is a git reference at all; CP_EINVAL
 * when it is one and its query is wrong.
 */
int graph_git_parse(struct graph_builder *b, struct cp_str text, struct graph_git *ret_git,
		    bool *ret_is_git);
static inline bool graph_is_http(struct cp_str text)
{
	return cp_str_starts(text, CP_S("http://")) || cp_str_starts(text, CP_S("https://"));
}
/* The base name of a URL's path, "__unnamed__" when there is none. */
int graph_http_filename(struct graph_builder *b, struct cp_str url, struct cp_str *ret_name);

int graph_source_git(struct graph_builder *b, const struct graph_git *git, struct cp_str name,
		     struct graph_place place, struct graph_vertex **ret_vertex);
int graph_source_http(struct graph_builder *b, struct cp_str url, struct cp_str filename,
		      struct cp_str checksum, struct cp_str name, struct graph_place place,
		      struct graph_vertex **ret_vertex);
/* `folder`: the name of the local; `local_name`: "context" or "context:NAME". */
int graph_source_local(struct graph_builder *b, struct cp_str folder, struct cp_str local_name,
		       struct cp_str name, struct graph_vertex **ret_vertex);
/* `ref` as it was asked for, `pinned` with the digest when that is part of the identifier. */
int graph_source_image(struct graph_builder *b, struct cp_str ref, struct cp_str pinned,
		       struct cp_str digest, const struct cp_platform *platform, struct cp_str name,
		       struct graph_place place, struct graph_vertex **ret_vertex);
int graph_source_other(struct graph_builder *b, struct cp_str identifier, struct cp_str name,
		       struct graph_vertex **ret_vertex);

#endif

/* WORKDIR, COPY, ADD and their helpers: solver/llbsolver/ops/file.go CacheMap; section 2.3. */
#include <stdlib.h>

#include "keys/keys_int.h"

static void put_user(struct cp_json_out *o, uint64_t rules, const char *key,
		     const struct cp_op_user *u)
{
	if (u->kind == CP_USER_NONE)
		return;
	cp_json_key(o, key);
	cp_json_open(o, '{');
	cp_json_key(o, "User");
	cp_json_open(o, '{');
	if (u->kind == CP_USER_NAME) {
		cp_json_key(o, "byName");
		cp_json_open(o, '{');
		keys_omitempty_str(o, "name", u->name);
		keys_index(o, rules, "input", u->input);
		cp_json_close(o, '}');
	} else {
		keys_omitempty_int(o, rules & CP_RULE_JSON_ZEROS ? "byID" : "byId", u->id);
	}
	cp_json_close(o, '}');
	cp_json_close(o, '}');
}

static void put_owner(struct cp_json_out *o, uint64_t rules, const struct cp_op_owner *owner)
{
	if (owner->user.kind == CP_USER_NONE && owner->group.kind == CP_USER_NONE)
		return;
	cp_json_key(o, "owner");
	cp_json_open(o, '{');
	put_user(o, rules, "user", &owner->user);
	put_user(o, rules, "group", &owner->group);
	cp_json_close(o, '}');
}

static bool from_input(const struct cp_op *op, const struct cp_action *c)
{
	return c->secondary_input != -1 && c->secondary_input < (long)op->n_inputs;
}

static void put_copy(struct cp_json_out *o, uint64_t rules, const struct cp_op *op,
		     const struct cp_action *c)
{
	keys_omitempty_str(o, "src", from_input(op, c) ? cp_path_base(c->src) : c->src);
	keys_omitempty_str(o, "dest", c->dest);
	put_owner(o, rules, &c->owner);
	keys_omitempty_int(o, "mode", c->mode_str.n ? 0 : c->mode);
	keys_omitempty_true(o, "followSymlink", c->follow_symlink);
	keys_omitempty_true(o, "dirCopyContents", c->dir_copy_contents);
	keys_omitempty_true(o, "attemptUnpackDockerCompatibility", c->attempt_unpack);
	keys_omitempty_true(o, "createDestPath", c->create_dest_path);
	keys_omitempty_true(o, "allowWildcard", c->allow_wildcard);
	keys_omitempty_true(o, "allowEmptyWildcard", c->allow_empty_wildcard);
	keys_omitempty_int(o, "timestamp", c->timestamp);
	keys_omitempty_list(o, "include_patterns", c->includes, c->n_includes);
	keys_omitempty_list(o, "exclude_patterns", c->excludes, c->n_excludes);
	keys_omitempty_true(o, "alwaysReplaceExistingDestPaths", c->always_replace);
	keys_omitempty_str(o, "modeStr", c->mode_str);
	keys_omitempty_list(o, "required_paths", c->required, c->n_required);
}

static void put_make(struct cp_json_out *o, uint64_t rules, const struct cp_action *m)
{
	keys_omitempty_str(o, "path", m->dest);
	keys_omitempty_int(o, "mode", m->mode);
	if (m->kind == CP_ACTION_MKDIR)
		keys_omitempty_true(o, "makeParents", m->make_parents);
	if (m->kind == CP_ACTION_MKFILE && m->data.n) {
		cp_json_key(o, "data");
		cp_json_base64(o, m->data);
	}
	put_owner(o, rules, &m->owner);
	keys_omitempty_int(o, "timestamp", m->timestamp);
}

/* Actions are JSON that is put into JSON as base64. */
static int put_action(struct cp_arena *a, struct cp_json_out *o, uint64_t rules,
		      const struct cp_op *op, const struct cp_action *action,
		      struct cp_str *ret_json)
{
	cp_auto_buf struct cp_buf json = CP_BUF_INIT(CP_MAX_OUTPUT_BYTES);
	struct cp_json_out inner = CP_JSON_OUT(&json);

	cp_json_open(&inner, '{');
	if (action->kind == CP_ACTION_COPY)
		put_copy(&inner, rules, op, action);
	else
		put_make(&inner, rules, action);
	cp_json_close(&inner, '}');
	cp_json_base64(o, cp_buf_str(&json));
	*ret_json = cp_arena_str(a, cp_buf_str(&json));
	return ret_json->p ? cp_buf_error(&json) : CP_ENOMEM;
}

/* isDefaultIndexes: the numbering of the first releases, which is left out so that their keys stay valid. */
static bool default_indexes(const struct cp_op *op)
{
	for (size_t i = 0; i < op->n_actions; i++) {
		const struct cp_action *c = &op->actions[i];
		bool last = i + 1 == op->n_actions;

		if (c->input != (i == 0 ? 0 : (long)(op->n_actions + i - 1)))
			return false;
		if (c->secondary_input != -1 && c->secondary_input != 1)
			return false;
		if (c->output != (last ? 0 : -1))
			return false;
	}
	return op->n_actions > 0;
}

static void put_indexes(struct cp_json_out *o, const struct cp_op *op)
{
	if (op->n_actions == 0 || default_indexes(op))
		return;
	cp_json_key(o, "indexes");
	cp_json_open(o, '[');
	for (size_t i = 0; i < op->n_actions; i++) {
		cp_json_open(o, '[');
		cp_json_int(o, op->actions[i].input);
		cp_json_int(o, op->actions[i].secondary_input);
		cp_json_int(o, op->actions[i].output);
		cp_json_close(o, ']');
	}
	cp_json_close(o, ']');
}

/* containsWildcards (ops/file.go): a backslash hides the byte after it. */
static bool has_wildcards(struct cp_str path)
{
	for (size_t i = 0; i < path.n; i++) {
		if (path.p[i] == '\\')
			i++;
		else if (strchr("*?[", path.p[i]) && path.p[i])
			return true;
	}
	return false;
}

typedef CP_VEC(struct cp_selector) selector_vec;

static int add_user_selector(struct cp_arena *a, selector_vec *v, const struct cp_op_user *u,
			     size_t input, struct cp_str file)
{
	if (u->kind != CP_USER_NAME || u->input != (long)input)
		return 0;
	return cp_vec_push(a, v, (struct cp_selector){.path = file, .follow_links = true});
}

/* Everything that the actions select of one input, in the order of the actions (addSelector, processOwner). */
static int collect(struct cp_arena *a, const struct cp_op *op, size_t input, selector_vec *v)
{
	for (size_t i = 0; i < op->n_actions; i++) {
		const struct cp_action *c = &op->actions[i];

		if (add_user_selector(a, v, &c->owner.user, input, CP_S("/etc/passwd")) < 0 ||
		    add_user_selector(a, v, &c->owner.group, input, CP_S("/etc/group")) < 0)
			return CP_ENOMEM;
		if (c->kind != CP_ACTION_COPY || c->secondary_input != (long)input)
			continue;
		if (cp_vec_push(a, v,
				(struct cp_selector){
					.path = c->src,
					.wildcard = c->allow_wildcard && has_wildcards(c->src),
					.follow_links = c->follow_symlink,
					.includes = c->includes,
					.n_includes = c->n_includes,
					.excludes = c->excludes,
					.n_excludes = c->n_excludes,
				}) < 0)
			return CP_ENOMEM;
	}
	return 0;
}

static bool is_filtered(const struct cp_selector *s)
{
	return s->wildcard || s->n_includes || s->n_excludes;
}

static int add_plain(struct cp_arena *a, const selector_vec *all, bool follow, selector_vec *out)
{
	CP_VEC(struct cp_str) paths = {0};
	struct cp_str *unique;
	size_t n_unique;
	int r;

	for (size_t i = 0; i < all->n; i++)
		if (!is_filtered(&all->items[i]) && all->items[i].follow_links == follow &&
		    cp_vec_push(a, &paths, all->items[i].path) < 0)
			return CP_ENOMEM;
	r = keys_dedupe_paths(a, paths.items, paths.n, &unique, &n_unique);
	for (size_t i = 0; r == 0 && i < n_unique; i++)
		r = cp_vec_push(a, out,
				(struct cp_selector){.path = unique[i], .follow_links = follow});
	return r;
}

/*
 * dedupeSelectors. Go sorts with an unstable sort; for at most twelve elements that is an insertion sort, which is stable,
 * and lists with equal paths beyond that do not occur in practice.
 */
static int dedupe_selectors(struct cp_arena *a, const selector_vec *all, selector_vec *out)
{
	int r = add_plain(a, all, false, out);

	if (r == 0)
		r = add_plain(a, all, true, out);
	for (size_t i = 0; r == 0 && i < all->n; i++)
		if (is_filtered(&all->items[i]))
			r = cp_vec_push(a, out, all->items[i]);
	for (size_t i = 1; r == 0 && i < out->n; i++) {
		struct cp_selector s = out->items[i];
		size_t k = i;

		for (; k > 0 && cp_str_cmp(out->items[k - 1].path, s.path) > 0; k--)
			out->items[k] = out->items[k - 1];
		out->items[k] = s;
	}
	return r;
}

static int compare_descending(const void *x, const void *y)
{
	return cp_str_cmp(*(const struct cp_str *)y, *(const struct cp_str *)x);
}

static int input_key(struct cp_arena *a, const struct cp_op *op, size_t input,
		     struct cp_key_input *in)
{
	selector_vec all = {0}, unique = {0};
	struct cp_str *paths;
	int r;

	for (size_t i = 0; i < op->n_actions; i++)
		if (op->actions[i].input == (long)input)
			return 0; /* the base is never selected from, not even for --chown=name */
	r = collect(a, op, input, &all);
	if (r < 0 || all.n == 0)
		return r;
	paths = cp_arena_array(a, all.n, sizeof(*paths));
	if (!paths)
		return CP_ENOMEM;
	for (size_t i = 0; i < all.n; i++)
		paths[i] = all.items[i].path;
	qsort(paths, all.n, sizeof(*paths), compare_descending);
	in->has_selector = true;
	in->selector = keys_join_digest(paths, all.n);
	r = dedupe_selectors(a, &all, &unique);
	in->by_content = true;
	in->sels = unique.items;
	in->n_sels = unique.n;
	return r;
}

int keys_file(struct cp_arena *a, uint64_t rules, const struct cp_op *op, struct cp_op_key *key,
	      struct cp_buf *out)
{
	struct cp_json_out o = CP_JSON_OUT(out);
	int r = 0;

	key->actions = cp_arena_array(a, op->n_actions, sizeof(*key->actions));
	if (!key->actions)
		return CP_ENOMEM;
	key->n_actions = op->n_actions;
	cp_json_open(&o, '{');
	cp_json_kstr(&o, "Type", CP_S("buildkit.file.v0"));
	cp_json_key(&o, "Actions");
	cp_json_open(&o, '[');
	for (size_t i = 0; i < op->n_actions && r == 0; i++)
		r = put_action(a, &o, rules, op, &op->actions[i], &key->actions[i]);
	cp_json_close(&o, ']');
	put_indexes(&o, op);
	cp_json_close(&o, '}');
	for (size_t i = 0; i < op->n_inputs && r == 0; i++)
		r = input_key(a, op, i, &key->inputs[i]);
	return r < 0 ? r : cp_buf_error(out);
}

#include "project/yaml_int.h"

#include <stdarg.h>
#include <stdio.h>
#include <yaml.h>

#define INDEX_FROM 16 /* maps with more keys get a hash index */

/* ---- positions ---- */

/* Line `line` (1-based) of a text, without its break. */
static struct cp_str line_of(struct cp_str text, int line)
{
	struct cp_str rest = text, piece = CP_S("");

	for (int i = 0; i < line; i++)
		if (!cp_str_split(&rest, '\n', &piece))
			return CP_S("");
	return cp_str_trim_right(piece, "\r");
}

static int mark_width(const struct cp_yaml *at)
{
	if (at->kind != CP_YAML_SCALAR || at->text.n == 0 ||
	    cp_str_find(at->text, '\n', 0) < at->text.n)
		return 1;
	return at->text.n > 200 ? 200 : (int)at->text.n;
}

int cp_yaml_fail(struct cp_err *err, int code, const struct cp_yaml *at, const char *format, ...)
{
	char message[1024];
	va_list ap;

	va_start(ap, format);
	vsnprintf(message, sizeof(message), format, ap);
	va_end(ap);
	cp_err_set(err, code, "%s", message);
	if (at && at->source)
		cp_err_at(err, at->source->name, at->line, at->column, mark_width(at),
			  line_of(at->source->text, at->line));
	return code;
}

/* ---- reading ---- */

struct reader {
	struct cp_arena *a;
	const struct cp_yaml_source *source;
	yaml_parser_t parser;
	struct cp_map anchors; /* of the document being read: name ─► struct anchor */
	size_t weight;         /* of all documents so far, aliases written out */
	struct cp_err *err;
	/*
	 * Where the last position was, so that a file, and a line of a megabyte, are walked once.
	 */
	int line; /* 0 = nowhere yet */
	struct cp_str line_text;
	size_t characters, bytes; /* into line_text */
};

struct anchor {
	struct cp_yaml *node;
	bool open; /* still being read: an alias here would contain itself */
};

/*
 * Events come in the order of the file, so the search for a line goes on where the last one ended.
 */
static void seek_line(struct reader *r, int line)
{
	struct cp_str text = r->source->text;
	size_t start;

	if (line == r->line)
		return;
	if (line < r->line)
		r->line = 0;
	start = r->line ? (size_t)(r->line_text.p - text.p) : 0;
	for (r->line = r->line ? r->line : 1; r->line < line && start < text.n; r->line++) {
		size_t end = cp_str_find(text, '\n', start);

		start = end < text.n ? end + 1 : end;
	}
	r->line = line;
	r->line_text = cp_str_sub(text, start, cp_str_find(text, '\n', start));
	r->characters = r->bytes = 0;
}

/* libyaml counts characters; editors and our messages count bytes. */
static int seek_column(struct reader *r, yaml_mark_t mark)
{
	size_t width;

	seek_line(r, (int)mark.line + 1);
	if (mark.column < r->characters)
		r->characters = r->bytes = 0;
	while (r->characters < mark.column && r->bytes < r->line_text.n) {
		cp_utf8_decode(cp_str_from(r->line_text, r->bytes), &width);
		r->bytes += width;
		r->characters++;
	}
	return (int)(r->bytes + (mark.column - r->characters)) + 1;
}

static int fail_at_mark(struct reader *r, int code, yaml_mark_t mark, const char *message)
{
	int column = seek_column(r, mark);

	cp_err_set(r->err, code, "%s", message);
	cp_err_at(r->err, r->source->name, r->line, column, 1,
		  cp_str_trim_right(r->line_text, "\r"));
	return code;
}

static int fail_parser(struct reader *r)
{
	const yaml_parser_t *p = &r->parser;
	char message[512];

	if (p->error == YAML_MEMORY_ERROR)
		return cp_err_nomem(r->err);
	if (p->error == YAML_READER_ERROR) {
		snprintf(message, sizeof(message), "not valid YAML text: %s",
			 p->problem ? p->problem : "broken encoding");
		return fail_at_mark(r, CP_EINVAL, p->mark, message);
	}
	if (p->context)
		snprintf(message, sizeof(message), "%s: %s", p->context,
			 p->problem ? p->problem : "syntax error");
	else
		snprintf(message, sizeof(message), "%s", p->problem ? p->problem : "syntax error");
	return fail_at_mark(r, CP_EINVAL, p->problem_mark, message);
}

/* The caller deletes the event. */
static int next_event(struct reader *r, yaml_event_t *event)
{
	if (yaml_parser_parse(&r->parser, event))
		return 0;
	return fail_parser(r);
}

static struct cp_yaml *new_node(struct reader *r, enum cp_yaml_kind kind, yaml_mark_t mark)
{
	struct cp_yaml *v = CP_NEW(r->a, struct cp_yaml);

	if (!v)
		return NULL;
	v->kind = kind;
	v->source = r->source;
	v->line = (int)mark.line + 1;
	v->column = seek_column(r, mark);
	v->weight = 1;
	return v;
}

static int count_nodes(struct reader *r, size_t n, yaml_mark_t mark)
{
	char message[128];

	r->weight += n;
	if (r->weight <= CP_MAX_YAML_NODES)
		return 0;
	snprintf(message, sizeof(message), "over %u YAML nodes, aliases written out",
		 CP_MAX_YAML_NODES);
	return fail_at_mark(r, CP_ELIMIT, mark, message);
}

static int fail_deep(struct reader *r, yaml_mark_t mark)
{
	char message[128];

	snprintf(message, sizeof(message), "YAML nested over %u levels", CP_MAX_YAML_DEPTH);
	return fail_at_mark(r, CP_ELIMIT, mark, message);
}

/* Remember the node under its anchor; a later anchor of the same name takes its place. */
static int put_anchor(struct reader *r, const yaml_char_t *name, struct cp_yaml *node,
		      struct anchor **ret_anchor)
{
	struct anchor *anchor;
	struct cp_str key;

	*ret_anchor = NULL;
	if (!name)
		return 0;
	anchor = CP_NEW(r->a, struct anchor);
	key = cp_arena_str(r->a, cp_str_c((const char *)name));
	if (!anchor || !key.p || cp_map_put(r->a, &r->anchors, key, anchor) < 0)
		return cp_err_nomem(r->err);
	anchor->node = node;
	anchor->open = true;
	*ret_anchor = anchor;
	return 0;
}

static int read_alias(struct reader *r, const yaml_event_t *event, unsigned depth,
		      struct cp_yaml **ret_node)
{
	const char *name = (const char *)event->data.alias.anchor;
	struct anchor *anchor = cp_map_get(&r->anchors, cp_str_c(name));
	char message[256];
	int rc;

	if (!anchor || anchor->open) {
		snprintf(message, sizeof(message),
			 anchor ? "anchor %s contains itself" : "unknown anchor %s", name);
		return fail_at_mark(r, CP_EINVAL, event->start_mark, message);
	}
	if (depth + anchor->node->height > CP_MAX_YAML_DEPTH)
		return fail_deep(r, event->start_mark);
	rc = count_nodes(r, anchor->node->weight, event->start_mark);
	if (rc < 0)
		return rc;
	*ret_node = anchor->node;
	return 0;
}

static int set_tag(struct reader *r, struct cp_yaml *v, const yaml_char_t *tag)
{
	if (!tag)
		return 0;
	v->tag = cp_arena_str(r->a, cp_str_c((const char *)tag));
	return v->tag.p ? 0 : cp_err_nomem(r->err);
}

static int read_scalar(struct reader *r, const yaml_event_t *event, struct cp_yaml **ret_node)
{
	struct cp_yaml *v = new_node(r, CP_YAML_SCALAR, event->start_mark);
	struct anchor *anchor;
	int rc;

	if (!v)
		return cp_err_nomem(r->err);
	v->text = cp_arena_str(
		r->a, cp_str_n((const char *)event->data.scalar.value, event->data.scalar.length));
	v->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	if (!v->text.p)
		return cp_err_nomem(r->err);
	rc = set_tag(r, v, event->data.scalar.tag);
	if (rc == 0)
		rc = put_anchor(r, event->data.scalar.anchor, v, &anchor);
	if (rc < 0)
		return rc;
	if (anchor)
		anchor->open = false;
	*ret_node = v;
	return 0;
}

static void adopt(struct cp_yaml *parent, const struct cp_yaml *child)
{
	parent->weight += child->weight;
	if (child->height + 1 > parent->height)
		parent->height = child->height + 1;
}

static int read_node(struct reader *r, const yaml_event_t *event, unsigned depth,
		     struct cp_yaml **ret_node);

static int read_sequence(struct reader *r, struct cp_yaml *v, unsigned depth)
{
	CP_VEC(struct cp_yaml *) items = {0};
	bool end = false;

	while (!end) {
		struct cp_yaml *item = NULL;
		yaml_event_t event;
		int rc = next_event(r, &event);

		if (rc < 0)
			return rc;
		end = event.type == YAML_SEQUENCE_END_EVENT;
		if (!end)
			rc = read_node(r, &event, depth + 1, &item);
		yaml_event_delete(&event);
		if (rc < 0)
			return rc;
		if (end)
			break;
		if (cp_vec_push(r->a, &items, item) < 0)
			return cp_err_nomem(r->err);
		adopt(v, item);
	}
	v->items = items.items;
	v->n = items.n;
	return 0;
}

static bool is_merge_key(const struct cp_yaml *key)
{
	if (cp_str_eq(key->tag, CP_S("tag:yaml.org,2002:merge")))
		return true;
	return key->plain && key->tag.n == 0 && cp_str_eq(key->text, CP_S("<<"));
}

/* Keys of `from` that `into` lacks. */
static int merge_map(struct reader *r, struct cp_yaml *into, const struct cp_yaml *from)
{
	for (size_t i = 0; i < from->n; i++) {
		if (cp_yaml_get(into, from->keys[i]->text))
			continue;
		if (cp_yaml_map_put(r->a, into, from->keys[i], from->items[i]) < 0)
			return cp_err_nomem(r->err);
	}
	return 0;
}

/* `<<: *map` or `<<: [*map, *map]`: what the map itself says wins, then the earlier of several. */
static int merge_value(struct reader *r, struct cp_yaml *into, const struct cp_yaml *value)
{
	if (value->kind == CP_YAML_MAP)
		return merge_map(r, into, value);
	if (value->kind == CP_YAML_SCALAR)
		return cp_yaml_fail(r->err, CP_EINVAL, value,
				    "a merge key (<<) needs a map or a list of maps");
	for (size_t i = 0; i < value->n; i++) {
		int rc;

		if (value->items[i]->kind != CP_YAML_MAP)
			return cp_yaml_fail(r->err, CP_EINVAL, value->items[i],
					    "a merge key (<<) needs a map or a list of maps");
		rc = merge_map(r, into, value->items[i]);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* One key and its value; `ret_end` when the map is over. Merge values are kept aside. */
static int read_pair(struct reader *r, struct cp_yaml *v, unsigned depth,
		     struct cp_yaml **ret_merge, bool *ret_end)
{
	struct cp_yaml *key = NULL, *value = NULL;
	yaml_event_t event;
	int rc = next_event(r, &event);

	if (rc < 0)
		return rc;
	*ret_end = event.type == YAML_MAPPING_END_EVENT;
	if (!*ret_end)
		rc = read_node(r, &event, depth + 1, &key);
	yaml_event_delete(&event);
	if (rc < 0 || *ret_end)
		return rc;
	if (key->kind != CP_YAML_SCALAR)
		return cp_yaml_fail(r->err, CP_EINVAL, key, "a key must be a plain value");
	rc = next_event(r, &event);
	if (rc < 0)
		return rc;
	rc = read_node(r, &event, depth + 1, &value);
	yaml_event_delete(&event);
	if (rc < 0)
		return rc;
	adopt(v, key);
	adopt(v, value);
	if (is_merge_key(key) && !*ret_merge) {
		*ret_merge = value;
		return 0;
	}
	if (is_merge_key(key) || cp_yaml_get(v, key->text))
		return cp_yaml_fail(r->err, CP_EINVAL, key, "key %.*s is already defined",
				    CP_STR(key->text));
	return cp_yaml_map_put(r->a, v, key, value) < 0 ? cp_err_nomem(r->err) : 0;
}

static int read_mapping(struct reader *r, struct cp_yaml *v, unsigned depth)
{
	struct cp_yaml *merge = NULL;
	bool end = false;

	while (!end) {
		int rc = read_pair(r, v, depth, &merge, &end);

		if (rc < 0)
			return rc;
	}
	return merge ? merge_value(r, v, merge) : 0;
}

static int read_collection(struct reader *r, const yaml_event_t *event, unsigned depth,
			   struct cp_yaml **ret_node)
{
	bool seq = event->type == YAML_SEQUENCE_START_EVENT;
	struct cp_yaml *v = new_node(r, seq ? CP_YAML_SEQ : CP_YAML_MAP, event->start_mark);
	struct anchor *anchor;
	int rc;

	if (!v)
		return cp_err_nomem(r->err);
	rc = set_tag(r, v, seq ? event->data.sequence_start.tag : event->data.mapping_start.tag);
	if (rc == 0)
		rc = put_anchor(r,
				seq ? event->data.sequence_start.anchor
				    : event->data.mapping_start.anchor,
				v, &anchor);
	if (rc == 0)
		rc = seq ? read_sequence(r, v, depth) : read_mapping(r, v, depth);
	if (rc < 0)
		return rc;
	if (anchor)
		anchor->open = false;
	*ret_node = v;
	return 0;
}

static int read_node(struct reader *r, const yaml_event_t *event, unsigned depth,
		     struct cp_yaml **ret_node)
{
	int rc;

	if (depth > CP_MAX_YAML_DEPTH)
		return fail_deep(r, event->start_mark);
	if (event->type == YAML_ALIAS_EVENT)
		return read_alias(r, event, depth, ret_node);
	rc = count_nodes(r, 1, event->start_mark);
	if (rc < 0)
		return rc;
	if (event->type == YAML_SCALAR_EVENT)
		return read_scalar(r, event, ret_node);
	return read_collection(r, event, depth, ret_node);
}

static int read_document(struct reader *r, struct cp_yaml **ret_root)
{
	yaml_event_t event;
	int rc = next_event(r, &event);

	if (rc < 0)
		return rc;
	r->anchors = (struct cp_map){0};
	rc = read_node(r, &event, 0, ret_root);
	yaml_event_delete(&event);
	if (rc < 0)
		return rc;
	rc = next_event(r, &event); /* the document's end */
	if (rc == 0)
		yaml_event_delete(&event);
	return rc;
}

static int read_stream(struct reader *r, struct cp_yaml ***ret_documents, size_t *ret_n)
{
	CP_VEC(struct cp_yaml *) documents = {0};
	yaml_event_type_t type = YAML_NO_EVENT;

	while (type != YAML_STREAM_END_EVENT) {
		struct cp_yaml *root = NULL;
		yaml_event_t event;
		int rc = next_event(r, &event);

		if (rc < 0)
			return rc;
		type = event.type;
		yaml_event_delete(&event);
		if (type != YAML_DOCUMENT_START_EVENT)
			continue;
		rc = read_document(r, &root);
		if (rc < 0)
			return rc;
		if (cp_vec_push(r->a, &documents, root) < 0)
			return cp_err_nomem(r->err);
	}
	*ret_documents = documents.items;
	*ret_n = documents.n;
	return 0;
}

int cp_yaml_parse(struct cp_arena *a, const struct cp_yaml_source *source,
		  struct cp_yaml ***ret_documents, size_t *ret_n, struct cp_err *err)
{
	struct reader r = {.a = a, .source = source, .err = err};
	int rc;

	if (source->text.n > CP_MAX_YAML_BYTES)
		return cp_err_set(err, CP_ELIMIT, "%.*s: over %u bytes of YAML",
				  CP_STR(source->name), CP_MAX_YAML_BYTES);
	if (!yaml_parser_initialize(&r.parser))
		return cp_err_nomem(err);
	yaml_parser_set_input_string(&r.parser,
				     (const unsigned char *)(source->text.p ? source->text.p : ""),
				     source->text.n);
	rc = read_stream(&r, ret_documents, ret_n);
	yaml_parser_delete(&r.parser);
	return rc;
}

/* ---- maps ---- */

/* The place of a key, n when it is not there. */
static size_t find_key(const struct cp_yaml *v, struct cp_str key)
{
	uintptr_t at;

	if (v->index) {
		at = (uintptr_t)cp_map_get(v->index, key);
		return at ? at - 1 : v->n;
	}
	for (size_t i = 0; i < v->n; i++)
		if (cp_str_eq(v->keys[i]->text, key))
			return i;
	return v->n;
}

struct cp_yaml *cp_yaml_get(const struct cp_yaml *v, struct cp_str key)
{
	size_t at;

	if (!v || v->kind != CP_YAML_MAP)
		return NULL;
	at = find_key(v, key);
	return at < v->n ? v->items[at] : NULL;
}

/* Arrays of a map grow by doubling: their room is a power of two from 8 on. */
static size_t room_of(size_t n)
{
	size_t room = 8;

	while (room < n)
		room *= 2;
	return room;
}

static int grow_map(struct cp_arena *a, struct cp_yaml *map, size_t room)
{
	struct cp_yaml **keys = cp_arena_array(a, room, sizeof(*keys)),
		       **items = cp_arena_array(a, room, sizeof(*items));

	if (!keys || !items)
		return CP_ENOMEM;
	if (map->n) {
		memcpy(keys, map->keys, map->n * sizeof(*keys));
		memcpy(items, map->items, map->n * sizeof(*items));
	}
	map->keys = keys;
	map->items = items;
	return 0;
}

static int index_map(struct cp_arena *a, struct cp_yaml *map)
{
	map->index = CP_NEW(a, struct cp_map);
	if (!map->index)
		return CP_ENOMEM;
	for (size_t i = 0; i < map->n; i++)
		if (cp_map_put(a, map->index, map->keys[i]->text, (void *)(i + 1)) < 0)
			return CP_ENOMEM;
	return 0;
}

int cp_yaml_map_put(struct cp_arena *a, struct cp_yaml *map, struct cp_yaml *key,
		    struct cp_yaml *value)
{
	size_t at = find_key(map, key->text);

	if (at < map->n) {
		map->items[at] = value;
		return 0;
	}
	if (map->n == 0 || map->n == room_of(map->n))
		if (grow_map(a, map, room_of(map->n + 1)) < 0)
			return CP_ENOMEM;
	map->keys[map->n] = key;
	map->items[map->n++] = value;
	if (map->index)
		return cp_map_put(a, map->index, key->text, (void *)map->n);
	return map->n > INDEX_FROM ? index_map(a, map) : 0;
}

struct cp_yaml *cp_yaml_new_map(struct cp_arena *a, const struct cp_yaml *at)
{
	struct cp_yaml *v = CP_NEW(a, struct cp_yaml);

	if (!v)
		return NULL;
	*v = (struct cp_yaml){.kind = CP_YAML_MAP,
			      .source = at->source,
			      .line = at->line,
			      .column = at->column,
			      .weight = 1};
	return v;
}

struct cp_yaml *cp_yaml_copy_map(struct cp_arena *a, const struct cp_yaml *map)
{
	struct cp_yaml *v = cp_yaml_new_map(a, map);

	if (!v)
		return NULL;
	v->tag = map->tag;
	v->height = map->height;
	v->weight = map->weight;
	v->n = map->n;
	v->keys = map->keys;
	v->items = map->items;
	if (map->n && grow_map(a, v, room_of(map->n)) < 0)
		return NULL;
	if (map->n > INDEX_FROM && index_map(a, v) < 0)
		return NULL;
	return v;
}

struct cp_yaml *cp_yaml_new_text(struct cp_arena *a, const struct cp_yaml *at, struct cp_str text)
{
	struct cp_yaml *v = CP_NEW(a, struct cp_yaml);

	if (!v)
		return NULL;
	*v = (struct cp_yaml){.kind = CP_YAML_SCALAR,
			      .source = at->source,
			      .line = at->line,
			      .column = at->column,
			      .weight = 1};
	v->text = text;
	return v;
}

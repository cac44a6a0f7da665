/*
 * forge/ and what report/ does to a comment. The first byte says what the rest is:
 *   g l t b   answers of GitHub, GitLab, Gitea, Bitbucket to a comment that is posted, one after the other: pieces between lines "%%%", each a
 *             status of three digits, a blank, a Link header, a line end, and the body
 *   m         a comment that may begin with our marker
 *   e         the event of a run
 *   s         Markdown to shorten, and to free of HTML
 */
#include <stdint.h>
#include <stdlib.h>

#include "forge/forge_int.h"
#include "report/markdown_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MEMORY ((size_t)64 << 20)
#define TOKEN "sekret"
#define COMMIT "0123456789abcdef0123456789abcdef01234567"

/* ---- in place of net/: the answers are in the input ---- */

static _Thread_local struct cp_str script;

int cp_net_request(struct cp_net *net, struct cp_arena *a, const struct cp_net_request *request,
		   struct cp_net_answer *ret_answer, struct cp_err *err)
{
	size_t cut = cp_str_find_str(script, CP_S("\n%%%\n"), 0);
	struct cp_str piece = cp_str_sub(script, 0, cut), first;
	struct cp_net_answer answer = {.status = 200};
	struct cp_net_url there;
	int64_t status;

	(void)net;
	if (!script.n)
		return cp_err_set(err, CP_ENET, "no more answers");
	script = cp_str_from(script, cut + 5);
	/* the token stays where it belongs, whatever was answered before */
	if (cp_net_url_parse(a, request->url, &there, NULL) < 0 ||
	    !cp_str_eq_nocase(there.host, CP_S("forge.example")) || !request->stay_home)
		abort();
	cp_str_split(&piece, '\n', &first);
	if (cp_str_to_int(cp_str_sub(first, 0, 3), 10, &status) && status >= 100 && status < 600)
		answer.status = (int)status;
	answer.link = cp_str_from(first, 4);
	answer.content_type = answer.etag = answer.content_digest = CP_S("");
	answer.url = request->url;
	answer.retry_after = answer.status == 429;
	answer.body = piece.p ? piece : CP_S("");
	*ret_answer = answer;
	return 0;
}

static int stop(void *self)
{
	(void)self;
	return 1; /* no pause */
}

static void post(struct cp_arena *a, char kind, struct cp_str text)
{
	const struct cp_forge_ops *ops = kind == 'g'   ? &forge_github
					 : kind == 'l' ? &forge_gitlab
					 : kind == 't' ? &forge_gitea
						       : &forge_bitbucket;
	struct cp_forge_place place = {.ops = ops,
				       .forge = cp_str_c(ops->name),
				       .url = CP_S("https://forge.example/api"),
				       .repository = CP_S("acme/api"),
				       .number = CP_S("5"),
				       .commit = CP_S(COMMIT),
				       .run_url = CP_S(""),
				       .token = CP_S(TOKEN)};
	struct cp_forge_post p = {.id = CP_S("api"), .body = CP_S("text"), .is_cancelled = stop};
	struct cp_forge_posted posted;
	struct cp_err err = {0};

	script = text;
	if (cp_forge_comment(NULL, a, &place, &p, &posted, &err) < 0 &&
	    (strstr(err.message, TOKEN) || strchr(err.message, '\n')))
		abort();
}

/* ---- the rest ---- */

static void read_marker(struct cp_str text)
{
	cp_auto_buf struct cp_buf out = CP_BUF_INIT(1u << 20);
	struct forge_version v, again;
	struct cp_str below;

	if (!forge_marker_read(text, CP_S("api"), &v, &below))
		return;
	forge_marker_write(&out, CP_S("api"), &v, true);
	if (out.n > CP_FORGE_MARKER_BYTES ||
	    !forge_marker_read(cp_buf_str(&out), CP_S("api"), &again, &below) ||
	    !cp_str_eq(v.commit, again.commit) || v.run != again.run || v.time != again.time)
		abort();
}

static const char *get(const void *self, const char *name)
{
	(void)self;
	return strcmp(name, "GITHUB_ACTIONS") == 0      ? "true"
	       : strcmp(name, "GITHUB_REPOSITORY") == 0 ? "acme/api"
							: NULL;
}

static void read_event(struct cp_arena *a, struct cp_str text)
{
	static const struct cp_forge_wish nothing;
	struct cp_environment env = {get, NULL};
	struct cp_forge_place place;
	struct cp_err err = {0};

	if (cp_forge_find(a, &env, &nothing, text, &place, &err) == 0)
		for (size_t i = 0; i < place.number.n; i++)
			if (place.number.p[i] < '0' || place.number.p[i] > '9')
				abort();
}

static size_t count(struct cp_str s, struct cp_str word)
{
	struct cp_str rest = s, line;
	size_t n = 0;

	while (rest.n && cp_str_split(&rest, '\n', &line))
		n += cp_str_starts(line, word);
	return n;
}

static void shorten(struct cp_str text)
{
	for (size_t max = 600; max < 4000; max += 317) {
		cp_auto_buf struct cp_buf out = CP_BUF_INIT(1u << 20);

		cp_markdown_shorten(text, CP_S("\nend\n"), max, &out);
		/* what folds in the text is not balanced here, but each takes its own end along */
		if (out.n > max + 15 * count(text, CP_S("<details>")) ||
		    !cp_str_ends(cp_buf_str(&out), CP_S("\nend\n")))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cp_auto_arena struct cp_arena *a = cp_arena_new(MEMORY);
	cp_auto_buf struct cp_buf plain = CP_BUF_INIT(16u << 20);
	cp_auto_free char *copy = malloc(size + 1);
	struct cp_str text;

	if (!size || !a || !copy)
		return 0;
	memcpy(copy, data, size); /* ends in NUL, as texts of the arena do */
	copy[size] = '\0';
	text = cp_str_n(copy + 1, size - 1);
	if (strchr("gltb", data[0]) && data[0])
		post(a, (char)data[0], text);
	else if (data[0] == 'm')
		read_marker(text);
	else if (data[0] == 'e')
		read_event(a, text);
	else if (data[0] == 's')
		shorten(text);
	if (data[0] == 's')
		cp_markdown_without_html(text, &plain);
	return 0;
}

/*
 * One comment, though several runs write at once and forges know no "if unchanged".
 *
 *   read ─► none: create          ─► read again, until there is one and it is not older than ours
 *           older: update
 *           newer, or the pull request went on: leave it
 *           several: the newest stays, by the same rule for every run; the others are deleted
 *
 * Before it writes, a run takes its turn (turn.c) and reads again: what it writes is decided on what nobody else can change meanwhile.
 *
 * Where a forge has no turns, runs agree afterwards: a deleted comment always has a newer one beside it, so the newest text is never lost,
 * and who finds that somebody else is at work reads once more after a pause: what the other one read before our write it has written by then.
 */
#include <time.h>

#include "forge/forge_int.h"

#define RECENT 60 /* seconds: a comment of that age is of a run that may still be at work */

struct work {
	struct forge f;
	const struct cp_forge_post *post;
	struct forge_version version;
	struct cp_str body; /* marker included */
	struct forge_turn turn;
	bool wrote, created, contended;
	size_t n_deleted, n_hidden;
	struct cp_str url;
	struct cp_err *err; /* never NULL: of a round, perhaps not the last one */
};

const char *cp_forge_result_name(enum cp_forge_result r)
{
	static const char *const names[] = {"created", "updated", "unchanged", "outdated", "quiet"};

	return names[r];
}

int cp_forge_behaviour_parse(struct cp_str name, enum cp_forge_behaviour *ret_behaviour,
			     struct cp_err *err)
{
	static const char *const names[] = {"update", "new", "hide-and-new", "delete-and-new"};

	if (!name.n)
		name = CP_S("update");
	for (size_t i = 0; i < CP_LEN(names); i++)
		if (cp_str_eq(name, cp_str_c(names[i]))) {
			*ret_behaviour = (enum cp_forge_behaviour)i;
			return 0;
		}
	return cp_err_set(err, CP_EUSAGE,
			  "behaviour is update, new, hide-and-new or delete-and-new, not %.*s",
			  CP_STR(name));
}

struct cp_forge_limits cp_forge_limits(const struct cp_forge_place *place)
{
	return place->ops->limits;
}

/* ---- which is newer ---- */

/* The same commit; Bitbucket says the first twelve digits. */
static bool is_commit(struct cp_str x, struct cp_str y)
{
	size_t n = x.n < y.n ? x.n : y.n;

	return n >= 12 && cp_str_eq(cp_str_sub(x, 0, n), cp_str_sub(y, 0, n));
}

static int ancestor(const struct work *w, struct cp_str x, struct cp_str y)
{
	return w->post->is_ancestor && x.n && y.n ? w->post->is_ancestor(w->post->self, x, y) : -1;
}

static int order(int64_t x, int64_t y)
{
	return x < y ? -1 : x > y;
}

/* <0: x is older than y. Of one commit the later run; of two the head of the pull request, then the descendant, then the later run. */
static int compare(const struct work *w, const struct forge_version *x,
		   const struct forge_version *y)
{
	if (x->commit.n && y->commit.n && !is_commit(x->commit, y->commit)) {
		bool x_is_head = is_commit(x->commit, w->f.head),
		     y_is_head = is_commit(y->commit, w->f.head);

		if (x_is_head != y_is_head)
			return x_is_head ? 1 : -1;
		if (ancestor(w, x->commit, y->commit) == 1)
			return -1;
		if (ancestor(w, y->commit, x->commit) == 1)
			return 1;
	}
	if (x->run && y->run && x->run != y->run)
		return x->run < y->run ? -1 : 1;
	return order(x->time, y->time);
}

/* The pull request has a head that this run has not seen. */
static bool is_left_behind(const struct work *w)
{
	struct cp_str ours = w->version.commit;

	if (!ours.n || !w->f.head.n || is_commit(ours, w->f.head))
		return false;
	return ancestor(w, ours, w->f.head) == 1 || ancestor(w, w->f.head, ours) == -1;
}

/* The newest of what is there; of equal ones the first. NULL: none is there. */
static const struct forge_note *newest(const struct work *w)
{
	const struct forge_note *best = NULL;

	for (size_t i = 0; i < w->f.notes.n; i++)
		if (!best || compare(w, &best->version, &w->f.notes.items[i].version) < 0)
			best = &w->f.notes.items[i];
	return best;
}

static bool is_ours(const struct work *w, const struct forge_note *n)
{
	return cp_str_eq(n->version.commit, w->version.commit) &&
	       n->version.run == w->version.run && n->version.time == w->version.time;
}

/* ---- steps ---- */

static int read_notes(struct work *w)
{
	w->f.notes.n = 0;
	return w->f.place->ops->read(&w->f, w->err);
}

/* Somebody else took it away: no failure. */
static int remove_one(struct work *w, const struct forge_note *note)
{
	struct cp_err err = {0};
	int r = w->f.place->ops->remove(&w->f, note, &err);

	if (r == CP_ENOTFOUND)
		return 0;
	if (r < 0)
		*w->err = err;
	w->n_deleted += r == 0;
	return r;
}

static int remove_others(struct work *w, const struct forge_note *keep)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < w->f.notes.n; i++)
		if (&w->f.notes.items[i] != keep)
			r = remove_one(w, &w->f.notes.items[i]);
	return r;
}

static int create(struct work *w)
{
	struct forge_note note;
	int r = w->f.place->ops->create(&w->f, w->body, &note, w->err);

	if (r < 0)
		return r;
	w->wrote = w->created = true;
	w->url = note.url;
	return 0;
}

static int update(struct work *w, const struct forge_note *note)
{
	struct cp_err err = {0};
	int r = w->f.place->ops->update(&w->f, note, w->body, &err);

	if (r == CP_ENOTFOUND) { /* deleted since: the next round makes it again */
		w->contended = true;
		return 0;
	}
	if (r < 0)
		*w->err = err;
	if (r == 0) {
		w->wrote = true;
		w->url = note->url;
	}
	return r;
}

/* In slices, so that cancelling is felt. */
static int rest(const struct work *w, int64_t ms)
{
	for (; ms > 0; ms -= 50) {
		struct timespec slice = {.tv_nsec = (ms < 50 ? ms : 50) * 1000000L};

		if (w->post->is_cancelled && w->post->is_cancelled(w->post->self))
			return cp_err_set(w->err, CP_ECANCELLED, "cancelled");
		nanosleep(&slice, NULL);
	}
	return 0;
}

/* ---- update ---- */

/* Our turn to write? 0: another round first. */
static int take_turn(struct work *w)
{
	return forge_turn_take(&w->f, &w->turn, w->err);
}

/* The pull request has a newer head, whose run may have looked before ours was there. */
static int leave(struct work *w, const struct forge_note *best)
{
	bool mine = best && w->created && is_ours(w, best);
	int r;

	if (!mine && w->f.notes.n <= 1)
		return 1;
	r = take_turn(w);
	return r == 1 ? remove_others(w, mine ? NULL : best) : r;
}

/* One round: 1 when there is nothing left to do. */
static int round_update(struct work *w, enum cp_forge_result *ret)
{
	const struct forge_note *best;
	int r = read_notes(w), newer;
	bool same;

	if (r < 0)
		return r;
	best = newest(w);
	w->contended = w->contended || w->f.notes.n > 1 ||
		       (best && !w->wrote && w->version.time - best->version.time < RECENT);
	if (is_left_behind(w) && (!best || compare(w, &best->version, &w->version) <= 0)) {
		*ret = CP_FORGE_OUTDATED;
		return leave(w, best);
	}
	if (!best) {
		*ret = CP_FORGE_QUIET;
		r = w->post->quiet ? 1 : take_turn(w);
		return r == 1 && !w->post->quiet ? create(w) : r;
	}
	w->url = best->url;
	newer = compare(w, &best->version, &w->version);
	*ret = newer > 0 ? CP_FORGE_OUTDATED : CP_FORGE_UNCHANGED;
	same = newer > 0 || forge_same_text(best->text, w->post->body);
	if (same && w->f.notes.n == 1)
		return 1;
	r = take_turn(w);
	if (r != 1)
		return r;
	r = same ? 0 : update(w, best);
	return r == 0 ? remove_others(w, best) : r;
}

/* ---- a new one for each run ---- */

static int put_away(struct work *w, const struct forge_note *keep)
{
	const struct cp_forge_ops *ops = w->f.place->ops;
	int r = 0;

	for (size_t i = 0; r == 0 && i < w->f.notes.n; i++) {
		const struct forge_note *n = &w->f.notes.items[i];

		if (n == keep)
			continue;
		if (w->post->behaviour == CP_FORGE_DELETE_AND_NEW) {
			r = remove_one(w, n);
		} else if (w->post->behaviour == CP_FORGE_HIDE_AND_NEW) {
			r = ops->hide(&w->f, n, w->err);
			w->n_hidden += r == 0;
		}
	}
	return r;
}

/* What was there is put away after the new one stands: a failure leaves two, not none. */
static int round_new(struct work *w, enum cp_forge_result *ret)
{
	const struct forge_note *best, *made = NULL;
	int r = read_notes(w);

	if (r < 0)
		return r;
	best = newest(w);
	*ret = CP_FORGE_OUTDATED;
	if (is_left_behind(w) || (best && compare(w, &best->version, &w->version) > 0))
		return 1;
	*ret = CP_FORGE_QUIET;
	if (!best && w->post->quiet)
		return 1;
	*ret = CP_FORGE_UNCHANGED;
	if (best && forge_same_text(best->text, w->post->body)) {
		w->url = best->url;
		if (!is_ours(w, best))
			return 1;
		made = best; /* the answer was lost */
	}
	r = take_turn(w);
	if (r != 1)
		return r;
	*ret = CP_FORGE_CREATED;
	r = made ? 0 : create(w);
	if (r == 0)
		r = put_away(w, made);
	return r < 0 ? r : 1;
}

/* ---- rounds, until one finds nothing to do ---- */

/* Does another run perhaps write at this moment, with no turns to keep it from it? */
static bool is_unsettled(const struct work *w)
{
	return w->wrote && w->turn.never && w->post->behaviour == CP_FORGE_UPDATE &&
	       (w->contended || w->created);
}

static int rounds(struct work *w, enum cp_forge_result *ret)
{
	int64_t waited = 0; /* seconds, because the forge asked for it */
	bool settled = false;
	int r = 0;

	for (unsigned i = 0; i < CP_MAX_FORGE_ROUNDS; i += !w->turn.pause_ms) {
		int64_t pause = 0;

		r = w->post->behaviour == CP_FORGE_UPDATE ? round_update(w, ret)
							  : round_new(w, ret);
		if (r != 0 || w->turn.used)
			forge_turn_end(&w->f, &w->turn);
		if (r == CP_ENET && w->f.again && waited + w->f.again <= w->post->patience) {
			waited += w->f.again;
			w->contended = true; /* time passes: it takes another look */
			pause = w->f.again * 1000;
		} else if (r < 0) {
			return r;
		} else if (r == 1) {
			if (settled || !is_unsettled(w))
				break;
			settled = true;
			pause = CP_FORGE_SETTLE_MS;
		} else {
			settled = false;
			pause = w->turn.pause_ms;
		}
		if (rest(w, pause) < 0)
			return CP_ECANCELLED;
	}
	return r < 0 ? r : 0;
}

/* ---- all of it ---- */

static int check(const struct work *w)
{
	const struct cp_forge_place *p = w->f.place;

	if (!p->token.n) {
		cp_err_set(w->err, CP_ENOTFOUND, "there is no token for %s", p->ops->title);
		cp_err_hint(w->err, "set CACHEPREDICT_TOKEN; it takes %s", p->ops->permission);
		return CP_ENOTFOUND;
	}
	if (!cp_forge_is_id(w->post->id))
		return cp_err_set(w->err, CP_EUSAGE,
				  "the id of a comment is letters, digits, \".\", \"_\" and \"-\"");
	if (w->post->behaviour == CP_FORGE_HIDE_AND_NEW && !p->ops->hide)
		return cp_err_set(w->err, CP_EUSAGE,
				  "%s cannot hide comments: delete-and-new does nearly the same",
				  p->ops->title);
	return 0;
}

/* A number that neither the request nor the event says. */
static int find_number(struct work *w, struct cp_forge_place *place)
{
	if (place->number.n)
		return 0;
	if (!place->ops->find)
		return cp_err_set(w->err, CP_EUSAGE, "%s takes the number of the pull request",
				  place->ops->title);
	return place->ops->find(&w->f, &place->number, w->err);
}

int cp_forge_comment(struct cp_net *net, struct cp_arena *a, const struct cp_forge_place *place,
		     const struct cp_forge_post *post, struct cp_forge_posted *ret_posted,
		     struct cp_err *err)
{
	cp_auto_buf struct cp_buf body = CP_BUF_INIT(CP_MAX_FORGE_BYTES);
	struct cp_forge_place there = *place;
	struct cp_err why = {0};
	struct work w = {
		.f = {.place = &there, .net = net, .a = a, .id = post->id},
		.post = post,
		.version = {place->commit, place->run, post->time},
		.url = CP_S(""),
		.err = &why,
	};
	enum cp_forge_result result = CP_FORGE_UNCHANGED;
	int r = check(&w);

	if (r == 0)
		r = find_number(&w, &there);
	if (r < 0 && err)
		*err = why;
	if (r < 0)
		return r;
	forge_marker_write(&body, post->id, &w.version, place->ops->limits.html);
	cp_buf_adds(&body, post->body);
	if (cp_buf_error(&body))
		return cp_err_nomem(err);
	w.body = cp_buf_str(&body);
	r = rounds(&w, &result);
	forge_turn_end(&w.f, &w.turn);
	if (r < 0 && err)
		*err = why;
	if (r < 0)
		return r;
	if (result == CP_FORGE_UNCHANGED && w.wrote)
		result = w.created ? CP_FORGE_CREATED : CP_FORGE_UPDATED;
	*ret_posted =
		(struct cp_forge_posted){result, there.number, w.url, w.n_deleted, w.n_hidden};
	return 0;
}

/* What is said of a commit takes a token and the commit. */
static int check_commit(const struct cp_forge_place *place, const char *what, struct cp_err *err)
{
	if (!place->token.n)
		return cp_err_set(err, CP_ENOTFOUND, "there is no token for %s", place->ops->title);
	if (!place->commit.n)
		return cp_err_set(err, CP_ENOTFOUND, "a %s needs the commit", what);
	return 0;
}

int cp_forge_status(struct cp_net *net, struct cp_arena *a, const struct cp_forge_place *place,
		    struct cp_str context, struct cp_str description, struct cp_err *err)
{
	struct forge f = {.place = place, .net = net, .a = a};
	int r = check_commit(place, "commit status", err);

	return r < 0 ? r : place->ops->status(&f, context, description, err);
}

int cp_forge_check_run(struct cp_net *net, struct cp_arena *a, const struct cp_forge_place *place,
		       const struct cp_forge_check *check, struct cp_err *err)
{
	struct forge f = {.place = place, .net = net, .a = a};
	int r = check_commit(place, "check run", err);

	if (r < 0)
		return r;
	if (!place->ops->check_run)
		return cp_err_set(err, CP_EUNSUPPORTED, "%s has no check runs", place->ops->title);
	return place->ops->check_run(&f, check, err);
}

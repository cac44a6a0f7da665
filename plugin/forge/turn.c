/*
 * Whose turn it is to write, among runs that know nothing of each other.
 *
 *   claim ─► made: ours; read again, write, drop it
 *            there already: wait, look, ask again
 *            there for longer than any run takes: its run has died; it is taken over
 *
 * Two waiters that take over at once could take away each other's new claim, where a forge tells claims by name only. So who takes over
 * holds a second claim meanwhile.
 */
#include <time.h>

#include "forge/forge_int.h"

static const char turn[] = "eyes", guard[] = "rocket";

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* A failed claim is no failure of the run, unless everything else would fail in the same way. */
int forge_claim_refused(struct forge *f, int r)
{
	bool limited = f->status == 429 || (f->status == 403 && f->again);

	if (r == CP_ENOMEM || r == CP_ECANCELLED || limited)
		return r;
	f->again = 0;
	if (f->status >= 500 || f->status == 409 ||
	    f->status < 400) /* two at once, in its tables */
		return FORGE_HELD;
	return CP_EUNSUPPORTED;
}

/* `n_failed` counts writes that may have been done; a claim is none of them. */
static int claim(struct forge *f, const char *name, struct forge_claim *ret_claim,
		 struct cp_err *err)
{
	unsigned n_failed = f->n_failed;
	int r;

	ret_claim->stamp = CP_S("");
	r = f->place->ops->claim(f, name, ret_claim, err);
	f->n_failed = n_failed;
	return r;
}

static void drop(struct forge *f, const char *name, const struct forge_claim *c)
{
	struct cp_err ignored = {0};
	struct forge kept = *f;

	f->place->ops->drop(f, name, c, &ignored);
	f->n_failed = kept.n_failed;
	f->again = kept.again;
}

/* FORGE_CLAIMED, FORGE_HELD or an error, as `claim`. */
static int take_over(struct forge *f, struct forge_turn *t, bool again, struct cp_err *err)
{
	struct forge_claim second;
	int r = claim(f, guard, &second, err);

	if (r == FORGE_HELD && again) /* who took it over before has died, too */
		drop(f, guard, &second);
	if (r != FORGE_CLAIMED)
		return r;
	r = claim(f, turn, &t->claim, err);
	if (r == FORGE_HELD && cp_str_eq(t->claim.stamp, t->stamp)) {
		drop(f, turn, &t->claim);
		r = claim(f, turn, &t->claim, err);
	}
	drop(f, guard, &second);
	return r;
}

/* Somebody else's turn: for how long already, and when to look again. */
static int wait_for(struct forge *f, struct forge_turn *t, int64_t now, struct cp_err *err)
{
	int64_t age;

	if (!t->waiting_ms)
		t->waiting_ms = now;
	if (!t->stamp_ms || !cp_str_eq(t->stamp, t->claim.stamp)) {
		t->stamp = t->claim.stamp;
		t->stamp_ms = now;
	}
	age = now - t->stamp_ms;
	if (now - t->waiting_ms >= CP_FORGE_TURN_MS ||
	    (!t->stamp.n && age >= CP_FORGE_LEASE_MS)) /* nobody: it does not work */
		return CP_EUNSUPPORTED;
	t->pause_ms = t->pause_ms < 50 ? 50 : t->pause_ms < 800 ? t->pause_ms * 2 : t->pause_ms;
	return age >= CP_FORGE_LEASE_MS
		       ? take_over(f, t, age >= 2 * (int64_t)CP_FORGE_LEASE_MS, err)
		       : FORGE_HELD;
}

int forge_turn_take(struct forge *f, struct forge_turn *t, struct cp_err *err)
{
	int64_t now = now_ms();
	int r;

	/* what began too late could be written when another run has taken over */
	if (t->ours && now - t->since_ms > CP_FORGE_LEASE_MS / 2)
		forge_turn_end(f, t);
	t->used = t->ours || t->never || !f->place->ops->claim;
	t->never = t->never || !f->place->ops->claim;
	if (t->used)
		return 1;
	t->since_ms = now;
	r = claim(f, turn, &t->claim, err);
	if (r == FORGE_HELD)
		r = wait_for(f, t, now_ms(), err);
	if (r == CP_EUNSUPPORTED) {
		t->never = t->used = true;
		t->pause_ms = 0;
		return 1;
	}
	if (r != FORGE_CLAIMED)
		return r < 0 ? r : 0;
	t->ours = true;
	t->waiting_ms = t->stamp_ms = t->pause_ms = 0;
	return 0;
}

void forge_turn_end(struct forge *f, struct forge_turn *t)
{
	if (t->ours)
		drop(f, turn, &t->claim);
	t->ours = t->used = false;
}

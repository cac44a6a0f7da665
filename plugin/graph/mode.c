/* The symbolic modes of chmod(1), as github.com/tonistiigi/dchapes-mode has them (Parse, Apply), with a umask of 0. */
#include <string.h>

#include "graph/build_int.h"

#define SET_UID 04000u
#define SET_GID 02000u
#define STICKY 01000u
#define ALL_X 0111u
#define STANDARD 06777u /* what "a" names: no sticky bit */

static size_t count_of(struct cp_str s, size_t at, const char *set)
{
	size_t n = 0;

	while (at + n < s.n && s.p[at + n] && strchr(set, s.p[at + n]))
		n++;
	return n;
}

bool graph_is_mode(struct cp_str s)
{
	size_t i = 0;

	for (;;) {
		i += count_of(s, i, "augo");
		do {
			if (count_of(s, i, "+-=") == 0)
				return false;
			i++;
			i += count_of(s, i, "rstwXxugo");
			if (i == s.n)
				return true;
		} while (s.p[i] != ',');
		i++;
	}
}

struct change {
	uint32_t before, mode; /* bits as they were at first, and now */
	bool is_dir;
	uint32_t who; /* bits that the clause is about, 0 = all */
	char op;
	bool cleared; /* "=" has cleared */
};

/* addcmd and Apply for '+', '-' and '='. */
static void set_bits(struct change *c, uint32_t bits)
{
	if (c->op == '=')
		c->mode &= ~(c->who ? c->who : STANDARD);
	if (c->who)
		bits &= c->who;
	c->mode = c->op == '-' ? c->mode & ~bits : c->mode | bits;
}

/* X: execution for everyone if anyone has it already, or it is a folder. */
static void set_x(struct change *c)
{
	if (c->is_dir || (c->before & ALL_X))
		c->mode |= c->who ? c->who & ALL_X : ALL_X;
}

/* The bits of one class to others ("g=u"). */
static void copy_class(struct change *c, char from)
{
	unsigned at = from == 'u' ? 6 : from == 'g' ? 3 : 0;
	uint32_t value = c->mode >> at & 7;

	for (unsigned to = 0; to <= 6; to += 3) {
		if (c->who && !(c->who & 4u << to))
			continue;
		if (c->op != '+')
			c->mode &= ~((c->op == '=' ? 7u : value) << to);
		if (c->op != '-')
			c->mode |= value << to;
	}
}

static uint32_t bits_of(struct change *c, char perm)
{
	bool others_only = c->who && !(c->who & ~0007u);

	switch (perm) {
	case 'r':
		return 0444;
	case 'w':
		return 0222;
	case 'x':
		return ALL_X;
	case 's':
		return others_only ? 0 : SET_UID | SET_GID;
	default: /* t */
		if (others_only)
			return 0;
		c->who |= STICKY;
		return STICKY;
	}
}

/* The permissions behind one operator; what is set together is set at once, but before a class is copied. */
static void apply_perms(struct change *c, struct cp_str perms)
{
	uint32_t bits = 0;
	bool x = false;

	c->who &= ~STICKY;
	for (size_t i = 0; i < perms.n; i++) {
		char p = perms.p[i];

		if (p == 'X' && c->op != '-') {
			x = true;
		} else if (p == 'u' || p == 'g' || p == 'o') {
			if (bits)
				set_bits(c, bits);
			c->cleared = c->cleared || c->op == '=';
			if (x)
				set_x(c);
			bits = 0;
			x = false;
			copy_class(c, p);
		} else {
			bits |= p == 'X' ? ALL_X : bits_of(c, p);
		}
	}
	if (bits || (c->op == '=' && !c->cleared)) {
		set_bits(c, bits);
		c->cleared = c->cleared || c->op == '=';
	}
	if (x)
		set_x(c);
}

uint32_t cp_mode_apply(struct cp_str text, uint32_t mode, bool is_dir)
{
	static const uint32_t classes[] = {
		['a'] = STANDARD, ['u'] = 04700, ['g'] = 02070, ['o'] = 0007};
	struct change c = {.before = mode, .mode = mode, .is_dir = is_dir};
	size_t i = 0;

	while (i < text.n) {
		size_t n = count_of(text, i, "augo");

		c.who = 0;
		for (size_t k = 0; k < n; k++)
			c.who |= classes[(unsigned char)text.p[i + k]];
		i += n;
		while (i < text.n && text.p[i] != ',') {
			c.op = text.p[i++];
			if (c.op == '=')
				c.cleared = false;
			n = count_of(text, i, "rstwXxugo");
			apply_perms(&c, cp_str_sub(text, i, i + n));
			i += n;
		}
		i++;
	}
	return c.mode;
}

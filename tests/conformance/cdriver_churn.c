/* Histories of requirement files in, their churn and the split that is found out: the C side of ./churn. A history is its versions, the oldest first, each with its length. */
#include "cdriver_int.h"
#include "requirements/requirements.h"

static void put_events(struct cp_buf *b, const struct cp_churn *c)
{
	cdriver_kstrs(b, "names", c->names, c->n_names);
	cdriver_key(b, "born");
	cp_buf_addc(b, '[');
	for (size_t i = 0; i < c->n_names; i++)
		cp_buf_printf(b, "%s%u", i ? "," : "", c->born[i]);
	cp_buf_addz(b, "],\"events\":[");
	for (size_t i = 0; i < c->n_events; i++) {
		cp_buf_addz(b, i ? ",[" : "[");
		for (size_t k = 0; k < c->events[i].n; k++)
			cp_buf_printf(b, "%s[%u,%d]", k ? "," : "",
				      c->touched[c->events[i].first + k],
				      c->there[c->events[i].first + k]);
		cp_buf_addc(b, ']');
	}
	cp_buf_addc(b, ']');
}

/* The partition: chosen by cost where `share` is 0, else with so large a last layer. */
static void put_split(struct cp_buf *b, struct cp_arena *a, const char *key,
		      const struct cp_churn *c, double share)
{
	struct cp_split_input in = {.churn = c, .max_layers = 3, .last_share = share};
	struct cp_split s;
	struct cp_err err = {0};

	if (cp_split_find(a, &in, &s, &err) < 0)
		exit(1);
	cdriver_key(b, key);
	cp_buf_printf(b, "{\"layers\":%zu,\"cost\":%.6f,\"bound\":%.6f,\"layer_of\":[", s.n_layers,
		      s.cost, s.cost_bound);
	for (size_t i = 0; i < c->n_names; i++)
		cp_buf_printf(b, "%s%u", i ? "," : "", s.layer_of[i]);
	cp_buf_addz(b, "]}");
}

int main(void)
{
	struct cp_buf in = CP_BUF_INIT(CDRIVER_MAX_INPUT), out = CP_BUF_INIT(CDRIVER_MAX_INPUT);

	while (cdriver_read(&in)) {
		struct cp_arena *a = cp_arena_new(CP_MAX_ARENA_BYTES);
		struct cp_churn_builder *churn = cp_churn_new(a);
		struct cp_str rest = cp_buf_str(&in), text;
		struct cp_err err = {0};

		while (cdriver_take(&rest, &text)) {
			struct cp_arena *one = cp_arena_new(CP_MAX_ARENA_BYTES);
			const struct cp_requirements *all;

			if (cp_requirements_parse(one, text, &all, &err) < 0 ||
			    cp_churn_add(churn, all, 0, &err) < 0)
				return 1;
			cp_arena_free(one);
		}
		cp_buf_clear(&out);
		cp_buf_addc(&out, '{');
		put_events(&out, cp_churn_get(churn));
		put_split(&out, a, "chosen", cp_churn_get(churn), 0);
		put_split(&out, a, "20", cp_churn_get(churn), 0.2);
		put_split(&out, a, "40", cp_churn_get(churn), 0.4);
		cp_buf_addc(&out, '}');
		cdriver_write(&out);
		cp_arena_free(a);
	}
	cp_buf_release(&in);
	cp_buf_release(&out);
	return 0;
}

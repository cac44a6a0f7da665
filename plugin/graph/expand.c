/* Expansion of words with the environment of a stage or with the global arguments. */
#include "graph/build_int.h"

int graph_expand(struct graph_builder *b, const struct graph_dispatch *d, struct cp_str word,
		 struct cp_str *ret_word, struct cp_str *assumes)
{
	struct graph_lookup lookup = {
		.env = &d->env, .env_assumes = d->assumes.env, .hit = assumes};
	struct cp_env_lookup env;

	graph_lookup_init(&env, &lookup);
	return cp_expand(b->a, &b->lexer, word, &env, ret_word, b->err);
}

int graph_expand_words(struct graph_builder *b, const struct graph_dispatch *d, struct cp_str word,
		       struct cp_str **ret_words, size_t *ret_n)
{
	struct graph_lookup lookup = {.env = &d->env};
	struct cp_env_lookup env;

	graph_lookup_init(&env, &lookup);
	return cp_expand_words(b->a, &b->lexer, word, &env, ret_words, ret_n, b->err);
}

int graph_expand_env(struct graph_builder *b, const struct graph_env *vars, struct cp_str word,
		     struct cp_str *ret_word)
{
	struct graph_lookup lookup = {.env = vars};
	struct cp_env_lookup env;

	graph_lookup_init(&env, &lookup);
	return cp_expand(b->a, &b->lexer, word, &env, ret_word, b->err);
}

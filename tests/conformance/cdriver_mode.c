/*
 * A symbolic mode applied to permission bits: the C side of ./diffmode. An input is two bytes of mode, one that is 1 for a folder, and the
 * text.
 */
#include "cdriver_int.h"
#include "graph/build_int.h"

static void answer(struct cp_buf *b, struct cp_str in)
{
	uint32_t mode = (uint32_t)(unsigned char)in.p[0] | (uint32_t)(unsigned char)in.p[1] << 8;
	struct cp_str text = cp_str_from(in, 3);

	if (graph_is_mode(text))
		cp_buf_printf(b, "%u", cp_mode_apply(text, mode, in.p[2]));
	else
		cp_buf_adds(b, CP_S("-1"));
}

int main(void)
{
	return cdriver_run(answer);
}

/* struct options ─► the plugin's JSON request (include/cachepredict/schema/request.json). */
#ifndef CLI_REQUEST_H
#define CLI_REQUEST_H

#include "parse.h"
#include "text.h"

/* Style of the output, found out by the caller. */
struct request_style {
	bool color;
	long width; /* 0 = the plugin's default */
	bool pretty;
};

void request_build(const struct options *o, const struct request_style *style, struct text *out);

#endif

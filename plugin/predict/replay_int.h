/* Private to predict/: what a build asks a cache for. */
#ifndef CP_PREDICT_REPLAY_INT_H
#define CP_PREDICT_REPLAY_INT_H

#include "predict/replay.h"

enum trace_content {
	CONTENT_NONE,   /* this input is not hashed by content */
	CONTENT_KNOWN,  /* equal digests are equal contents, other ones are other contents */
	CONTENT_OPEN,   /* the bytes of a RUN or an image decide */
	CONTENT_UNSURE, /* it cannot be known from here */
};

struct cp_trace_input {
	size_t op; /* index of the operation */
	bool has_selector;
	struct cp_digest selector;
	enum trace_content content;
	struct cp_digest digest; /* KNOWN */
};

#endif

/*
 * profile/: releases of BuildKit ─► the rules of theirs that were other ones before v0.34 (buildkit-cache-keys.md 8.2 and 8.3, read
 * again in BuildKit's history). Two programs decide about a key: the frontend makes the operations, the daemon hashes them.
 *
 *   --builder, "# syntax=" ─► cp_profile { rules } ─► graph/ (frontend), keys/ and context/ (daemon)
 *
 * A rule is a bit, and no bit is v0.34: whoever knows nothing of profiles follows the newest rules. A release that is older or newer
 * than what is known here is not guessed at: `unknown` says so, and exact keys are then unknown.
 */
#ifndef CP_PROFILE_PROFILE_H
#define CP_PROFILE_PROFILE_H

#include "base/base.h"

/* ---- what the frontend did before the release named ---- */

#define CP_RULE_SECRET_READS_ROOT (UINT64_C(1) << 0) /* 0.15: secret and ssh mounts have input 0 */
#define CP_RULE_JSON_WITH_TAIL (UINT64_C(1) << 1)    /* 0.15: text behind a JSON array is ignored */
#define CP_RULE_NO_SECRET_ENV (UINT64_C(1) << 2)     /* 0.16 */
#define CP_RULE_NO_TARGETSTAGE (UINT64_C(1) << 3)    /* 0.17 */
#define CP_RULE_ONBUILD_NO_SOURCES (UINT64_C(1) << 4) /* 0.17 */
#define CP_RULE_ONBUILD_UNORDERED (UINT64_C(1) << 5)  /* 0.17 only: in the order of a Go map */
#define CP_RULE_NO_OSVERSION (UINT64_C(1) << 6)       /* 0.19: no BUILDOSVERSION, TARGETOSVERSION */
#define CP_RULE_NO_SYMBOLIC_CHMOD (UINT64_C(1) << 7)  /* 0.20, labs 0.17 */
#define CP_RULE_NO_DEVICE (UINT64_C(1) << 8)          /* 0.20 */
#define CP_RULE_WINDOWS_PATH (UINT64_C(1) << 9)       /* 0.22: PATH is set for Windows, too */
#define CP_RULE_WORKDIR_NO_TIME (UINT64_C(1) << 10)   /* 0.22: no SOURCE_DATE_EPOCH for WORKDIR */
#define CP_RULE_HEREDOC_NO_BLANK (UINT64_C(1) << 11)  /* 0.22: "<< EOF" is no heredoc */
#define CP_RULE_NO_UNPACK (UINT64_C(1) << 12)         /* 0.23: no ADD --unpack */
#define CP_RULE_GIT_NO_QUERY (UINT64_C(1) << 13)      /* 0.24: no ADD https://x.git?ref=... */
#define CP_RULE_NO_EXCLUDE (UINT64_C(1) << 14)        /* 0.25, labs earlier */
#define CP_RULE_NO_PARENTS (UINT64_C(1) << 15)        /* 0.26, labs earlier */
#define CP_RULE_NO_REQUIRED_PATHS (UINT64_C(1) << 16) /* 0.26 */
#define CP_RULE_NO_SECURITY (UINT64_C(1) << 17)       /* 0.26, labs earlier */
#define CP_RULE_SHEBANG_NOT_CHOMPED (UINT64_C(1) << 18) /* 0.27: "#!" behind tabs is no script */
#define CP_RULE_EPOCH_BY_ARG_ONLY (UINT64_C(1) << 19) /* 0.29: ARG SOURCE_DATE_EPOCH is ordinary */
#define CP_RULE_EPOCH_NUMBER_ONLY (UINT64_C(1) << 20) /* 0.30 */
#define CP_RULE_CHOWN_EMPTY_GROUP (UINT64_C(1) << 21) /* 0.34: "U:" is group 0 */
#define CP_RULE_PATTERN_ESCAPES (UINT64_C(1) << 22)   /* 0.34: escapes in quoted ${v#..} patterns */
#define CP_RULE_DOT_WITHOUT_SLASH (UINT64_C(1) << 23) /* 0.14 only: COPY x . has no slash */
#define CP_RULE_DOT_DROPPED (UINT64_C(1) << 24)       /* 0.14: COPY x dir/. of a relative dir */
#define CP_RULE_CONTEXT_KEEPS_GIT (UINT64_C(1) << 25) /* 0.24: named git contexts with .git */

/* ---- what the daemon did before the release named ---- */

#define CP_RULE_LINKS_LEXICAL (UINT64_C(1) << 40)     /* 0.14: ".." of links is not resolved */
#define CP_RULE_SECRETS_ARE_READ (UINT64_C(1) << 41)  /* 0.15: a secret with an input selects it */
#define CP_RULE_LONG_ESCAPES (UINT64_C(1) << 42)      /* 0.15: Go 1.21 writes \b and \f as \u00.. */
#define CP_RULE_JSON_ZEROS (UINT64_C(1) << 43)        /* 0.17: "input":0 is written; byID */
#define CP_RULE_GIT_NO_REF (UINT64_C(1) << 44)        /* 0.17: ".git" has no "#ref" */
#define CP_RULE_NO_MODE_TEXT (UINT64_C(1) << 45)      /* 0.17: refuses a symbolic --chmod */
#define CP_RULE_NESTED_LINKS (UINT64_C(1) << 46)      /* 0.25: links in a list are followed */
#define CP_RULE_LIST_BASE_NAMES (UINT64_C(1) << 47)   /* 0.26: lists have base names, joined by 0 */
#define CP_RULE_REFUSES_REQUIRED (UINT64_C(1) << 48)  /* 0.26: refuses required_paths */
#define CP_RULE_GIT_COMMIT_NO_REF (UINT64_C(1) << 50) /* 0.22: ".git" of a commit has no "#ref" */
#define CP_RULE_IMAGE_CHAIN (UINT64_C(1) << 49) /* 0.33.1: images have the ChainID as second key */

/* As the user named them; all empty = not named. */
struct cp_builder {
	struct cp_str frontend, daemon; /* "0.26", "0.26.3", frontend also "1.20" */
	bool frontend_wins;             /* named by itself: also over "# syntax=" */
};

struct cp_profile {
	struct cp_str frontend, daemon; /* "0.34": BuildKit's release, as people know it */
	bool labs;                      /* a frontend with experiments */
	uint64_t rules;                 /* CP_RULE_* that hold */
	struct cp_str assumed; /* what was taken to be so, a sentence fragment; "" = nothing */
	struct cp_str unknown; /* why keys cannot be known; "" = they can */
};

/* "buildkit=0.26.3", "frontend=1.20,daemon=0.26"; "" is nothing named. Texts are borrowed. CP_EUSAGE. */
int cp_builder_parse(struct cp_str text, struct cp_builder *ret_builder, struct cp_err *err);

/*
 * The profile of a build. `syntax`: the image of "# syntax=" or BUILDKIT_SYNTAX, "" = the daemon's own frontend. A frontend that the
 * user named wins over it. CP_ENOMEM only.
 */
int cp_profile_of(struct cp_arena *a, const struct cp_builder *builder, struct cp_str syntax,
		  struct cp_profile *ret_profile, struct cp_err *err);

#endif

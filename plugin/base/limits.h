/* Every bound on what strangers can make us read or keep. Nothing outside this file invents one. */
#ifndef CP_BASE_LIMITS_H
#define CP_BASE_LIMITS_H

#define CP_MAX_DOCKERFILE_BYTES                                                                    \
	(16u                                                                                       \
	 << 20) /* BuildKit itself stops at 2 MiB for the transfer of a Dockerfile; we give an error with a position sooner than memory */
#define CP_MAX_IGNORE_BYTES (16u << 20)
#define CP_MAX_IGNORE_PATTERNS 100000u
#define CP_MAX_STAGES 2000u
#define CP_MAX_INSTRUCTIONS 50000u
#define CP_MAX_ONBUILD_DEPTH 16u
#define CP_MAX_LINE_BYTES (1u << 20)
#define CP_MAX_EXPANSION_BYTES (1u << 20)
#define CP_MAX_EXPANSION_DEPTH 64u
#define CP_MAX_EXPANSION_STEPS (1u << 26) /* bytes copied and compared by one expansion */
#define CP_MAX_SYMLINKS 255u              /* as BuildKit's contenthash */
#define CP_MAX_PATH_BYTES 4096u
#define CP_MAX_REMOTES 16u /* of a repository: URLs that are remembered */
#define CP_MAX_TREE_DEPTH 512u
#define CP_MAX_TREE_ENTRIES 5000000u
#define CP_MAX_BLOB_BYTES                                                                          \
	(64u << 20) /* for a blob that we must look into (links, attributes, conversions) */
#define CP_MAX_HASHED_BYTES ((size_t)1 << 30) /* one file of a context whose bytes are hashed */
#define CP_MAX_JSON_BYTES (64u << 20)
#define CP_MAX_JSON_DEPTH 128
#define CP_MAX_YAML_BYTES (4u << 20)
#define CP_MAX_YAML_NODES 200000u
#define CP_MAX_YAML_DEPTH 64u
#define CP_MAX_OUTPUT_BYTES (256u << 20)
#define CP_MAX_CAUSE_PATHS 20u /* listed; the rest is counted */
#define CP_MAX_IMAGES 1000u
#define CP_MAX_ARENA_BYTES ((size_t)1 << 30)
#define CP_MAX_STATE_BYTES (256u << 20)   /* of remembered digests, then the oldest half goes */
#define CP_MAX_STATE_ROWS 1000000u        /* put by one run */
#define CP_STATE_PATIENCE_MS 200          /* for another process that writes */
#define CP_STATE_RECORD_PATIENCE_MS 10000 /* the same, where it may not be given up */
/* the network: what a server may send, and how long it is waited for */
#define CP_MAX_NET_HEADER_BYTES (64u << 10)
#define CP_MAX_NET_LOG_BYTES (256u << 10)
#define CP_MAX_NET_TRIES 4u /* of one request */
#define CP_MAX_REDIRECTS 5u
#define CP_NET_PAUSE_MS 100     /* before the second try; doubles */
#define CP_NET_CONNECT_MS 5000L /* for a connection */
#define CP_NET_TIMEOUT_MS 10000 /* the whole network part, unless asked for */
#define CP_MAX_MANIFEST_BYTES (4u << 20)
#define CP_MAX_IMAGE_CONFIG_BYTES (8u << 20)
#define CP_MAX_TOKEN_BYTES (256u << 10)
#define CP_MAX_CACHE_CONFIG_BYTES (1u << 20) /* BuildKit's importer refuses larger ones */
#define CP_MAX_INDEX_DEPTH 4u
#define CP_MAX_INDEX_MANIFESTS 256u
#define CP_MAX_HELPER_BYTES (64u << 10)  /* output of a credential helper */
#define CP_MAX_SETTINGS_BYTES (4u << 20) /* docker's config.json, buildkitd.toml, certificates */

/* forges: comments of one pull request */
#define CP_MAX_FORGE_BYTES (32u << 20) /* of one answer */
#define CP_MAX_FORGE_PAGES 200u
#define CP_MAX_FORGE_NOTES 1000u      /* that are ours */
#define CP_MAX_FORGE_ROUNDS 8u        /* reads after writes, until nobody else writes */
#define CP_FORGE_SETTLE_MS 250        /* between two of them, when somebody else does */
#define CP_FORGE_LEASE_MS 5000        /* a run that holds the turn to write for longer has died */
#define CP_FORGE_TURN_MS 20000        /* for the turn; then it is done without */
#define CP_MAX_ANNOTATIONS 200u       /* of a check run */
#define CP_MAX_EVENT_BYTES (8u << 20) /* of the event that started a run */

/* requirement files and their history */
#define CP_MAX_REQUIREMENTS_BYTES (16u << 20)
#define CP_MAX_REQUIREMENT_LINES 200000u
#define CP_MAX_REQUIREMENT_PARTS 64u /* extras or versions of one line */
#define CP_MAX_REQUIREMENT_FILES 100u
#define CP_MAX_CAUSE_PACKAGE_FILES 16u /* of one image: read to tell which packages changed */
#define CP_MAX_CHURN_COMMITS 50000u    /* looked at */
#define CP_MAX_CHURN_EVENTS 10000u     /* versions of a file */
#define CP_MAX_CHURN_TOUCHED 2000000u
#define CP_MAX_CHURN_PACKAGES 5000u
#define CP_MAX_SPLIT_LAYERS 8u

/* reports of scanners */
#define CP_MAX_SCANS 64u /* read by one run, and images that it asks for */
#define CP_MAX_SCAN_FLAWS 100000u
#define CP_MAX_SCAN_PACKAGES 200000u
#define CP_MAX_SCAN_LAYERS 1000u
#define CP_MAX_SCAN_TEXT_BYTES 512u /* of a name, a version, an id */
#define CP_MAX_SCAN_SHOWN 1000u     /* vulnerabilities of one layer that a report lists */

/* logs of builds, and builds that are remembered */
#define CP_MAX_LOG_LINE_BYTES (16u << 20)
#define CP_MAX_LOG_VERTEXES 20000u
#define CP_MAX_LOG_NAME_BYTES ((size_t)64 << 20) /* of all vertexes of a build */
#define CP_MAX_LOG_RUNS 256u                     /* of one vertex */
#define CP_MAX_BUILD_BYTES (4u << 20)            /* of one build's line */
#define CP_MAX_BUILDS 5000u
#define CP_MAX_BUILDS_OF_PROJECT 500u
#define CP_MAX_BUILDS_BYTES (64u << 20) /* of all */
#define CP_MAX_BUILDS_USED 50u          /* of one project, the newest: what a prediction looks at */

/* A history of builds that is replayed. */
#define CP_MAX_BACKTEST_COMMITS 10000
#define CP_MAX_REPLAY_RECORDS 4000000u
#define CP_MAX_REPLAY_TRIES                                                                        \
	2000u /* records that are looked at for one that may match; then it is unknown */
#define CP_MAX_PATCH_BYTES (16u << 20)
#define CP_MAX_PATCH_FILES 1000u

/* Commits whose builds are held against a cache to find the one that left it. */
#define CP_MAX_HELD_COMMITS 100

#endif

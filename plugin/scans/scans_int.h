/* Private to scans/. */
#ifndef CP_SCANS_SCANS_INT_H
#define CP_SCANS_SCANS_INT_H

#include "scans/scans.h"

/* A report while it is read. */
struct scan_reader {
	struct cp_arena *a;
	struct cp_scan *scan;
	CP_VEC(struct cp_scan_package) packages;
	CP_VEC(struct cp_scan_flaw) flaws;
};

/* A text of the report, cut at CP_MAX_SCAN_TEXT_BYTES; p NULL: no memory. */
struct cp_str scan_text(struct cp_arena *a, struct cp_str text);
/* 0 or CP_ENOMEM; over the limit it is counted and left out. */
int scan_add_package(struct scan_reader *r, struct cp_scan_package package);
int scan_add_flaw(struct scan_reader *r, struct cp_scan_flaw flaw);
/* "CRITICAL", "high" ... */
enum cp_flaw_severity scan_severity(struct cp_str word);

/* "pkg:deb/debian/zlib1g@1:1.2.13?arch=amd64" ─► type, name (npm's scope and the like in front), version, in `a`. False: it is none. */
bool scan_purl(struct cp_arena *a, struct cp_str purl, struct cp_scan_package *ret_package);

/* The documents. Members of another type count as absent. CP_ENOMEM; CP_EUNSUPPORTED. */
int scan_trivy(struct scan_reader *r, const struct cp_json *root);
int scan_sarif(struct scan_reader *r, const struct cp_json *root, struct cp_err *err);

/* match.c: the instruction of every layer of the image, NULL = none is known. */
struct scan_match {
	const struct cp_graph_layer **steps;
	size_t n_base; /* so many layers at the bottom are the base image's */
	bool whole, base_proved;
};
int scan_match(struct cp_arena *a, const struct cp_scan_image *image, const struct cp_graph *graph,
	       struct scan_match *ret_match);

#endif

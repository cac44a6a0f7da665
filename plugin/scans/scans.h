/*
 * scans/: reports of image scanners, and what an image's config says of its layers ─► every layer with the instruction that made it, its
 * size, the packages in it and what is known against them. Pure.
 *
 *   Trivy's JSON, SARIF of Docker Scout and Trivy ─► cp_scan ──┐
 *   image config (of a report, of a registry) ─► cp_scan_image ┴─► cp_scan_subject (one image, all that is known of it)
 *   cp_scan_subject × cp_graph ─► cp_scan_places: base image | instruction | layer that is nobody's | not known where
 *
 * A report may come from a stranger: everything is bounded, and what has another type than it should is left out. A layer is an
 * instruction's only where the texts say so; nothing is guessed.
 */
#ifndef CP_SCANS_SCANS_H
#define CP_SCANS_SCANS_H

#include "base/base.h"
#include "graph/graph.h"

enum cp_flaw_severity {
	CP_FLAW_UNKNOWN,
	CP_FLAW_LOW,
	CP_FLAW_MEDIUM,
	CP_FLAW_HIGH,
	CP_FLAW_CRITICAL,
	CP_FLAW_N
};
/* "unknown", "low", "medium", "high", "critical". Static. */
const char *cp_flaw_severity_name(enum cp_flaw_severity s);

/* "1.42 GB", "12.3 MB", "4.1 kB": decimal, as docker shows sizes. */
void cp_scan_add_size(struct cp_buf *out, uint64_t bytes);

/* A package that is installed in the image. */
struct cp_scan_package {
	struct cp_str
		type; /* of package URLs: "deb", "apk", "pypi", "npm"; else the scanner's word */
	struct cp_str name, version;
	struct cp_str diff_id; /* of the layer that brought it, "" = not said */
};

/* One vulnerability of one package. */
struct cp_scan_flaw {
	struct cp_str id; /* "CVE-2024-1234" */
	enum cp_flaw_severity severity;
	struct cp_scan_package package;
	struct cp_str fixed; /* version or versions that have it no more, "" = none is known */
};

/* Sizes are in bytes; 0 = not known, or nothing. */
struct cp_scan_layer {
	struct cp_str diff_id, created_by;
	uint64_t size;       /* unpacked, as `docker history` has it */
	uint64_t compressed; /* as a registry has it */
};

struct cp_scan_image {
	struct cp_str name; /* as the report or the user calls it */
	struct cp_scan_layer *layers;
	size_t n_layers;
	bool told;                 /* the history has as many layers as there are */
	uint64_t size, compressed; /* of all layers together */
};

struct cp_scan {
	struct cp_str file;                /* of the report, as the user calls it */
	struct cp_str scanner;             /* "Trivy 0.74.0" */
	struct cp_str target;              /* what was scanned, "" = not said */
	const struct cp_scan_image *image; /* NULL: the report says nothing of layers */
	struct cp_scan_package *packages;
	size_t n_packages;
	struct cp_scan_flaw *flaws;
	size_t n_flaws;
	size_t n_left_out; /* over the limits */
};

/*
 * One report. Texts are copied into `a`. CP_EINVAL with a position for what is no JSON, CP_EUNSUPPORTED for what is no such report,
 * CP_ELIMIT, CP_ENOMEM.
 */
int cp_scan_read(struct cp_arena *a, struct cp_str text, struct cp_str file,
		 struct cp_scan *ret_scan, struct cp_err *err);

/* History and layers of an image config (OCI), without sizes. Any shape is fine. CP_ENOMEM. */
int cp_scan_image_config(struct cp_arena *a, const struct cp_json *config, struct cp_str name,
			 struct cp_scan_image *ret_image);

/* ---- one image, all that is known of it ---- */

struct cp_scan_subject {
	struct cp_scan_image *image; /* NULL: nothing says which layers there are */
	const struct cp_scan **scans;
	size_t n_scans;
	const struct cp_scan_image **images; /* of those given beside the reports */
	size_t n_images;
};
/*
 * Reports and images by the image that they are about: equal diff ids. A report that says nothing of layers is about the one image that
 * there is, else about one of its own. Images come first. CP_ENOMEM.
 */
int cp_scan_subjects(struct cp_arena *a, const struct cp_scan *scans, size_t n_scans,
		     const struct cp_scan_image *images, size_t n_images,
		     struct cp_scan_subject **ret_subjects, size_t *ret_n);

/* ---- where it comes from ---- */

enum cp_place_kind {
	CP_PLACE_BASE,   /* layers of the base image */
	CP_PLACE_STEP,   /* the layer of one instruction */
	CP_PLACE_LAYER,  /* a layer that no instruction of this Dockerfile is known to have made */
	CP_PLACE_UNKNOWN /* the reports do not say which layer */
};
struct cp_scan_place {
	enum cp_place_kind kind;
	const struct cp_graph_layer *step;   /* STEP */
	const struct cp_scan_layer **layers; /* none for UNKNOWN */
	size_t n_layers;
	uint64_t size, compressed;
	const struct cp_scan_package **packages; /* that the reports list here, by name */
	size_t n_packages;
	const struct cp_scan_flaw **flaws; /* each once, the worst first, by name within */
	size_t n_flaws;
	size_t counts[CP_FLAW_N];
};
struct cp_scan_places {
	struct cp_scan_place
		*items; /* in the order of the layers; UNKNOWN last, and only with flaws */
	size_t n;
	bool whole; /* every instruction of the Dockerfile has its layer in the image */
	bool base_proved; /* by the base image's config; else BASE is all that is below the first of them */
	struct cp_str why; /* not whole: why, "" = the image was built of something else */
};
/* cp_scan_places.whole, without the places. CP_ENOMEM. */
int cp_scan_is_whole(struct cp_arena *a, const struct cp_scan_subject *subject,
		     const struct cp_graph *graph, bool *ret_whole);
/* Values borrow from the subject and the graph. CP_ENOMEM. */
int cp_scan_places(struct cp_arena *a, const struct cp_scan_subject *subject,
		   const struct cp_graph *graph, struct cp_scan_places *ret_places);

#endif

/* scanned.c: reports of scanners that the request names, and the images that they are about. */
#ifndef CP_METHODS_SCANNED_INT_H
#define CP_METHODS_SCANNED_INT_H

#include "advise/advise.h"
#include "run/run.h"

/* What was read, in the run's arena. */
struct cp_scanned {
	struct cp_report_scan *reports; /* one for every file; also those that could not be read */
	size_t n_reports;
	struct cp_scan_subject *subjects;
	size_t n_subjects;
};
/* A report that cannot be read is said in its place, and the others are read all the same. CP_ENOMEM, CP_ECANCELLED. */
int cp_scanned_read(struct cp_run *run, struct cp_scanned *ret, struct cp_err *err);
/*
 * Those about the image that has this graph, in `a`. `alone`: the run has no other image, so all of them are; else those in which every
 * instruction of its Dockerfile is found. Their reports are then marked as used. CP_ENOMEM.
 */
int cp_scanned_of(const struct cp_scanned *all, struct cp_arena *a, const struct cp_graph *graph,
		  bool alone, struct cp_advise_scan **ret_scans, size_t *ret_n);

#endif

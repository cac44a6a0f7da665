/* no-scan: the CI builds an image, and nothing that is known scans it. */
#include "advise/advise_int.h"

static const char *const builds[] = {
	"docker build",         "docker buildx build", "docker buildx bake",
	"build-push-action",    "docker/bake-action",  "buildah bud",
	"buildah build",        "podman build",        "kaniko",
	"docker compose build", "docker-compose build"};
static const char *const scans[] = {"trivy",
				    "grype",
				    "docker scout",
				    "scout-action",
				    "anchore",
				    "snyk",
				    "clair",
				    "container-scanning",
				    "container_scanning",
				    "sysdig",
				    "wizcli",
				    "prisma",
				    "xray",
				    "aqua"};
/* Files of other repositories that may do it: nobody can tell. */
static const char *const elsewhere[] = {"/.github/workflows/", "include:", "@library",
					"extends:", "orbs:"};

static bool holds_one(struct cp_str text, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (cp_advise_holds(text, list[i]))
			return true;
	return false;
}

/* The first line of a text that builds; 0 = none does. Comments do not. */
static int building_line(struct cp_str text)
{
	struct cp_str line;

	for (int at = 1; cp_str_split(&text, '\n', &line); at++) {
		line = cp_str_sub(line, 0, cp_str_find(line, '#', 0));
		if (holds_one(line, builds, CP_LEN(builds)))
			return at;
	}
	return 0;
}

int cp_advise_ci(struct cp_adviser *ad)
{
	const struct cp_ci_file *first = NULL;
	int line = 0;

	for (size_t i = 0; i < ad->in->n_ci; i++) {
		const struct cp_ci_file *f = &ad->in->ci[i];
		int at = building_line(f->text);

		if (holds_one(f->text, scans, CP_LEN(scans)) ||
		    holds_one(f->text, elsewhere, CP_LEN(elsewhere)))
			return 0;
		if (at && !first) {
			first = f;
			line = at;
		}
	}
	if (!first)
		return 0;
	return cp_advise_put(
		       ad, CP_ADVISE_NO_SCAN, first->path, line, line,
		       CP_S("images are built here, and no step scans them for vulnerabilities"),
		       CP_S("a scan before the push (trivy image, docker scout cves, grype) finds "
			    "them before they are deployed"))
		       ? 0
		       : CP_ENOMEM;
}

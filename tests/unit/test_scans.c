/* scans/: what reports say, which instruction made which layer, where vulnerabilities belong. */
#include "graph_fixture.h"
#include "scans/scans.h"

#define ID(digit) "sha256:" digit "000000000000000000000000000000000000000000000000000000000000000"

static struct cp_scan scan_of(struct fixture *f, const char *text)
{
	struct cp_scan scan = {.file = CP_S("")};

	if (cp_scan_read(f->a, cp_str_c(text), CP_S("report.json"), &scan, &f->err) < 0)
		fail_msg("%s", f->err.message);
	return scan;
}

static void expect_text(const char *what, struct cp_str found, const char *expected)
{
	if (!cp_str_eq(found, cp_str_c(expected)))
		fail_msg("%s: \"%.*s\", not \"%s\"", what, CP_STR(found), expected);
}

/* ---- reading ---- */

static void test_scout(void **state)
{
	static const struct {
		const char *properties, *type, *name, *version, *fixed;
		enum cp_flaw_severity severity;
	} cases[] = {
		{"\"purls\":[\"pkg:deb/debian/zlib1g@1.2.13?arch=amd64&epoch=1\"],\"cvssV3_severity\":\"HIGH\","
		 "\"fixed_version\":\"not fixed\"",
		 "deb", "zlib1g", "1:1.2.13", "", CP_FLAW_HIGH},
		{"\"purl\":\"pkg:maven/com.thoughtworks.xstream/xstream@1.4.5\",\"security-severity\":\"3.1\"",
		 "maven", "com.thoughtworks.xstream/xstream", "1.4.5", "", CP_FLAW_LOW},
		{"\"purls\":[\"pkg:npm/%40scope/name@1.0.0#x\"],\"cvssV3_severity\":\"UNSPECIFIED\","
		 "\"security-severity\":\"9.8\",\"fixed_version\":\"1.0.1\"",
		 "npm", "@scope/name", "1.0.0", "1.0.1", CP_FLAW_UNKNOWN},
		{"\"purls\":[\"pkg:npm/@scope/name@2\"],\"security-severity\":\"10.0\"", "npm",
		 "@scope/name", "2", "", CP_FLAW_CRITICAL},
		{"\"purls\":[\"pkg:deb/debian/tar@1.35%2Bdfsg-3.1\"],\"security-severity\":\"7\"",
		 "deb", "tar", "1.35+dfsg-3.1", "", CP_FLAW_HIGH},
		{"\"purls\":[\"pkg:golang/stdlib\"],\"security-severity\":\"0.0\"", "golang",
		 "stdlib", "", "", CP_FLAW_UNKNOWN},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < CP_LEN(cases); i++) {
		struct cp_str text = cp_arena_printf(
			f->a,
			"{\"runs\":[{\"tool\":{\"driver\":{\"name\":\"docker scout\",\"version\":\"1.20\",\"rules\":"
			"[{\"id\":\"CVE-1\",\"properties\":{%s}}]}}}]}",
			cases[i].properties);
		struct cp_scan scan = scan_of(f, text.p);
		const struct cp_scan_flaw *flaw = scan.flaws;

		expect_text("scanner", scan.scanner, "Docker Scout 1.20");
		assert_int_equal(scan.n_flaws, 1);
		assert_null(scan.image);
		expect_text("type", flaw->package.type, cases[i].type);
		expect_text("name", flaw->package.name, cases[i].name);
		expect_text("version", flaw->package.version, cases[i].version);
		expect_text("fixed", flaw->fixed, cases[i].fixed);
		assert_int_equal(flaw->severity, cases[i].severity);
	}
}

static void test_trivy_sarif(void **state)
{
	struct cp_scan scan = scan_of(
		*state,
		"{\"runs\":[{\"tool\":{\"driver\":{\"name\":\"Trivy\",\"version\":\"0.74.0\"}},"
		"\"properties\":{\"imageName\":\"app:1\"},\"results\":["
		"{\"ruleId\":\"CVE-1\",\"message\":{\"text\":\"Package: libssl3\\nInstalled Version: 3.0\\n"
		"Vulnerability CVE-1\\nSeverity: MEDIUM\\nFixed Version: 3.1\\nLink: [x](y)\"}},"
		"{\"ruleId\":\"DS-0002\",\"message\":{\"text\":\"Artifact: Dockerfile\\nSeverity: HIGH\"}}]}]}");

	expect_text("target", scan.target, "app:1");
	assert_int_equal(scan.n_flaws, 1);
	expect_text("name", scan.flaws[0].package.name, "libssl3");
	expect_text("version", scan.flaws[0].package.version, "3.0");
	expect_text("fixed", scan.flaws[0].fixed, "3.1");
	assert_int_equal(scan.flaws[0].severity, CP_FLAW_MEDIUM);
}

/* The shape is Trivy's, the packages are not. */
static void test_trivy(void **state)
{
	struct cp_scan scan = scan_of(
		*state,
		"{\"SchemaVersion\":2,\"Trivy\":{\"Version\":\"0.74.0\"},\"ArtifactName\":\"app.tar\",\"Metadata\":{"
		"\"Size\":30,\"RepoTags\":[\"app:1\"],\"Layers\":[{\"DiffID\":\"" ID(
			"2") "\",\"Size\":20}],"
			     "\"ImageConfig\":{\"rootfs\":{\"diff_ids\":[\"" ID("1") "\",\"" ID(
				     "2") "\"]},\"history\":["
					  "{\"created_by\":\"a\"},{\"created_by\":\"b\",\"empty_layer\":true},{\"created_by\":\"c\"}]}},"
					  "\"Results\":[{\"Type\":\"debian\",\"Packages\":[{\"Name\":\"tar\",\"Version\":\"1.35\",\"Release\":\"3\","
					  "\"Identifier\":{\"PURL\":\"pkg:deb/debian/tar@1.35-3\"},\"Layer\":{\"DiffID\":\"" ID(
						  "1") "\"}}]},"
						       "{\"Type\":\"python-pkg\",\"Vulnerabilities\":[{\"VulnerabilityID\":\"CVE-1\",\"PkgName\":\"Flask\","
						       "\"InstalledVersion\":\"2.0\",\"FixedVersion\":\"2.1, 3.0\",\"Severity\":\"CRITICAL\","
						       "\"Layer\":{\"DiffID\":\"" ID(
							       "2") "\"}}]}]}");

	expect_text("scanner", scan.scanner, "Trivy 0.74.0");
	expect_text("image", scan.image->name, "app:1");
	assert_true(scan.image->told);
	assert_int_equal(scan.image->n_layers, 2);
	assert_int_equal(scan.image->size, 30);
	assert_int_equal(scan.image->layers[1].size, 20);
	expect_text("created by", scan.image->layers[1].created_by, "c");
	assert_int_equal(scan.n_packages, 1);
	expect_text("version", scan.packages[0].version, "1.35-3");
	expect_text("layer", scan.packages[0].diff_id, ID("1"));
	assert_int_equal(scan.n_flaws, 1);
	expect_text("type", scan.flaws[0].package.type, "pypi");
	expect_text("name", scan.flaws[0].package.name, "Flask");
	expect_text("fixed", scan.flaws[0].fixed, "2.1, 3.0");
}

/* What BuildKit adds for layers of a base image without history stands above the entries of instructions. */
static void test_filled_in(void **state)
{
#define OWN(text) "{\"created_by\":\"" text "\",\"comment\":\"buildkit.dockerfile.v0\"}"
#define ADDED(text) "{\"created_by\":\"" text "\",\"comment\":\"buildkit.exporter.image.v0\"}"
	static const struct {
		const char *name, *history, *expected;
		size_t n;
	} cases[] = {
		{"none", OWN("a") "," OWN("b"), "a b", 2},
		{"a base without history", OWN("a") "," OWN("b") "," ADDED("[2/2] b"), " a b", 3},
		{"of three layers", OWN("a") "," ADDED("x") "," ADDED("y") "," ADDED("z"), "   a",
		 4},
		{"a base that was made so", OWN("x") "," ADDED("[1] x") "," OWN("a"), "  a", 3},
		{"both", OWN("x") "," ADDED("[1] x") "," OWN("a") "," ADDED("[2] a"), "   a", 4},
		{"nothing else", ADDED("x") "," ADDED("y"), " ", 2},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < CP_LEN(cases); i++) {
		cp_auto_buf struct cp_buf ids = CP_BUF_INIT(4096), found = CP_BUF_INIT(4096);
		struct cp_str text;
		struct cp_scan scan;

		for (size_t k = 0; k < cases[i].n; k++)
			cp_buf_printf(&ids, "%s\"" ID("1") "\"", k ? "," : "");
		text = cp_arena_printf(
			f->a,
			"{\"SchemaVersion\":2,\"Metadata\":{\"ImageConfig\":{\"history\":[%s],"
			"\"rootfs\":{\"diff_ids\":[%.*s]}}}}",
			cases[i].history, CP_STR(cp_buf_str(&ids)));
		scan = scan_of(f, text.p);
		assert_true(scan.image->told);
		for (size_t k = 0; k < scan.image->n_layers; k++) {
			cp_buf_addz(&found, k ? " " : "");
			cp_buf_adds(&found, scan.image->layers[k].created_by);
		}
		expect_text(cases[i].name, cp_buf_str(&found), cases[i].expected);
	}
}

/* Wrong types count as absent; nothing of a report makes it fail but that it is none. */
static void test_wrong(void **state)
{
	static const struct {
		const char *text;
		int code;
	} cases[] = {
		{"", CP_EINVAL},
		{"{\"SchemaVersion\":2,", CP_EINVAL},
		{"[]", CP_EUNSUPPORTED},
		{"{\"SchemaVersion\":1}", CP_EUNSUPPORTED},
		{"{\"SchemaVersion\":\"2\"}", CP_EUNSUPPORTED},
		{"{\"runs\":[]}", CP_EUNSUPPORTED},
		{"{\"runs\":[{\"tool\":{\"driver\":{\"name\":\"eslint\"}}}]}", CP_EUNSUPPORTED},
		{"{\"runs\":[1,{\"tool\":{\"driver\":{\"name\":\"Trivy\",\"rules\":3}},\"results\":{}}]}",
		 0},
		{"{\"runs\":[{\"tool\":{\"driver\":{\"name\":\"docker scout\",\"rules\":[4,{\"id\":5},"
		 "{\"id\":\"x\",\"properties\":{\"purls\":[6,\"\",\"pkg:\",\"pkg:deb\",\"pkg:deb/\",\"pkg:deb/a/\",\"%\"]}}]}}}]}",
		 0},
		{"{\"SchemaVersion\":2,\"Results\":4,\"Metadata\":[]}", 0},
		{"{\"SchemaVersion\":2,\"Results\":[0,{\"Packages\":{},\"Vulnerabilities\":[1,{}]}],\"Metadata\":{"
		 "\"Size\":-1,\"RepoTags\":7,\"ImageConfig\":{\"history\":{},\"rootfs\":{\"diff_ids\":[1,{}]}}}}",
		 0},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < CP_LEN(cases); i++) {
		struct cp_err err = {0};
		struct cp_scan scan = {.file = CP_S("")};
		int r = cp_scan_read(f->a, cp_str_c(cases[i].text), CP_S("x"), &scan, &err);

		if (r != cases[i].code)
			fail_msg("%s: %d (%s)", cases[i].text, r, err.message);
		assert_int_equal(scan.n_flaws + scan.n_packages, 0);
		assert_true(!scan.image || !scan.image->told);
	}
}

static void test_limits(void **state)
{
	struct fixture *f = *state;
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_JSON_BYTES);
	struct cp_scan scan;

	cp_buf_addz(&text, "{\"SchemaVersion\":2,\"Results\":[{\"Vulnerabilities\":[");
	for (size_t i = 0; i < CP_MAX_SCAN_FLAWS + 5; i++)
		cp_buf_printf(&text, "%s{\"VulnerabilityID\":\"CVE-%zu\",\"PkgName\":\"p\"}",
			      i ? "," : "", i);
	cp_buf_addz(&text, ",{\"VulnerabilityID\":\"x\",\"PkgName\":\"");
	cp_buf_addz(&text, "p\"}]},{\"Packages\":[{\"Name\":\"");
	for (size_t i = 0; i < CP_MAX_SCAN_TEXT_BYTES; i++)
		cp_buf_addz(&text, "\xc3\xa4");
	cp_buf_addz(&text, "\"}]}]}");
	scan = scan_of(f, text.p);
	assert_int_equal(scan.n_flaws, CP_MAX_SCAN_FLAWS);
	assert_int_equal(scan.n_left_out, 6);
	assert_int_equal(scan.packages[0].name.n, CP_MAX_SCAN_TEXT_BYTES);
	assert_true(cp_utf8_valid(scan.packages[0].name));
}

/* ---- matching ---- */

/* An image with these layers, the diff ids 1, 2, 3 … */
static struct cp_scan_subject *subject_of(struct fixture *f, const char *const *created_by)
{
	struct cp_scan_subject *s = CP_NEW(f->a, struct cp_scan_subject);
	struct cp_scan_image *im = CP_NEW(f->a, struct cp_scan_image);

	while (created_by[im->n_layers])
		im->n_layers++;
	im->layers = cp_arena_array(f->a, im->n_layers, sizeof(*im->layers));
	im->told = true;
	im->name = CP_S("app:1");
	for (size_t i = 0; i < im->n_layers; i++) {
		im->layers[i].created_by = cp_str_c(created_by[i]);
		im->layers[i].diff_id = cp_arena_printf(f->a, "sha256:%064zx", i + 1);
	}
	s->image = im;
	return s;
}

/* "base 1-2, 3: 4, 4 not matched": layers of the image, lines of the Dockerfile. */
static const char *places_of(struct fixture *f, const char *dockerfile,
			     const char *const *created_by)
{
	cp_auto_buf struct cp_buf out = CP_BUF_INIT(4096);
	const struct cp_graph *g = build(f, dockerfile);
	struct cp_scan_places places;
	size_t at = 0;

	assert_int_equal(cp_scan_places(f->a, subject_of(f, created_by), g, &places), 0);
	for (size_t i = 0; i < places.n; i++) {
		const struct cp_scan_place *p = &places.items[i];

		if (p->kind == CP_PLACE_BASE)
			cp_buf_printf(&out, "base %zu", p->n_layers);
		else if (p->kind == CP_PLACE_STEP)
			cp_buf_printf(&out, ", %zu: line %d", at + 1, p->step->line);
		else
			cp_buf_printf(&out, ", %zu: ?", at + 1);
		at += p->n_layers;
	}
	cp_buf_addz(&out, places.whole ? ", whole" : "");
	return cp_arena_str(f->a, cp_buf_str(&out)).p;
}

#define SH "RUN /bin/sh -c "
#define BK " # buildkit"

static void test_places(void **state)
{
	static const char app[] =
		"FROM unknown AS b\nRUN make\nFROM unknown\nWORKDIR /app\nCOPY a b ./\n"
		"COPY --from=b /x /y\nRUN true\nRUN true\n";
	static const struct {
		const char *name, *dockerfile, *expected;
		const char *layers[10];
	} cases[] = {
		{"all of it",
		 app,
		 "base 2, 3: line 4, 4: line 5, 5: line 6, 6: line 7, 7: line 8, whole",
		 {"x", "y", "WORKDIR /app", "COPY a b ./" BK, "COPY /x /y" BK, SH "true" BK,
		  SH "true" BK}},
		{"an image before the last instruction",
		 app,
		 "base 1, 2: line 4, 3: line 5, 4: line 6, 5: ?",
		 {"x", "WORKDIR /app", "COPY a b ./" BK, "COPY /x /y" BK, SH "true" BK}},
		{"an instruction in between",
		 app,
		 "base 1, 2: line 4, 3: ?, 4: line 6, 5: line 7, 6: line 8",
		 {"x", "WORKDIR /app", "COPY a ./" BK, "COPY /x /y" BK, SH "true" BK,
		  SH "true" BK}},
		{"another builder",
		 app,
		 ", 1: ?, 2: ?, 3: ?, 4: ?",
		 {"x", "/bin/sh -c #(nop) WORKDIR /app", "/bin/sh -c #(nop) COPY multi:1 in ./ ",
		  "/bin/sh -c true"}},
		{"arguments",
		 "FROM unknown\nARG V=1\nARG W\nARG V=2\nENV W=3\nRUN make\n",
		 "base 1, 2: line 6, whole",
		 {"x", "RUN |2 V=2 W=3 /bin/sh -c make" BK}},
		{"an argument that was given another value",
		 "FROM unknown\nARG V=1\nCOPY a b\nRUN make\nRUN true\n",
		 "base 1, 2: line 3, 3: line 4, 4: line 5, whole",
		 {"x", "COPY a b" BK, "RUN |1 V=7 /bin/sh -c make" BK,
		  "RUN |1 V=1 /bin/sh -c true" BK}},
		{"stages that are FROM each other",
		 "FROM unknown AS a\nRUN a\nFROM a AS b\nRUN b\nFROM b\nRUN c\n",
		 "base 1, 2: line 2, 3: line 4, 4: line 6, whole",
		 {"x", SH "a" BK, SH "b" BK, SH "c" BK}},
		{"scratch", "FROM scratch\nCOPY a b\n", ", 1: line 2, whole", {"COPY a b" BK}},
		{"too much below scratch",
		 "FROM scratch\nCOPY a b\n",
		 ", 1: ?, 2: line 2",
		 {"x", "COPY a b" BK}},
		{"nothing of its own", "FROM unknown\nUSER a\n", "base 2, whole", {"x", "y"}},
		{"no image", "FROM unknown\nRUN a\n", "", {NULL}},
		{"heredocs and flags",
		 "FROM unknown\nCOPY --chown=1:2 --chmod=644 --link <<E /a\nx\nE\nADD https://h/f /\nRUN <<E\nb\nE\n",
		 "base 1, 2: line 2, 3: line 5, 4: line 6, whole",
		 {"x", "COPY --chown=1:2 --chmod=644 <<E /a" BK, "ADD https://h/f /" BK,
		  SH "b\n" BK}},
		{"exec form and SHELL",
		 "FROM unknown\nSHELL [\"bash\", \"-ec\"]\nRUN a\nRUN [\"b\", \"c d\"]\n",
		 "base 1, 2: line 3, 3: line 4, whole",
		 {"x", "RUN bash -ec a" BK, "RUN b c d" BK}},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < CP_LEN(cases); i++) {
		const char *found = places_of(f, cases[i].dockerfile, cases[i].layers);

		if (strcmp(found, cases[i].expected) != 0)
			fail_msg("%s: \"%s\", not \"%s\"", cases[i].name, found, cases[i].expected);
	}
}

/* The chain of the base image's layers says where it ends, whatever the texts are. */
static void test_known_base(void **state)
{
	static const char *const layers[] = {"x", SH "a" BK, SH "b" BK, SH "other" BK, NULL};
	static const char *const same[] = {"x", SH "b" BK, SH "a" BK, NULL};
	static const char *const twice[] = {"x", SH "a" BK, SH "a" BK, NULL};
	struct fixture *f = *state;
	struct cp_str ids[2];

	for (size_t i = 0; i < 2; i++)
		ids[i] = cp_arena_printf(f->a, "sha256:%064zx", i + 1);
	assert_int_equal(cp_image_chain(f->a, ids, 1, &f->config.chain, &f->err), 0);
	assert_string_equal(places_of(f, "FROM base\nRUN a\nRUN b\nRUN c\n", layers),
			    "base 1, 2: line 2, 3: line 3, 4: ?");
	assert_int_equal(cp_image_chain(f->a, ids, 2, &f->config.chain, &f->err), 0);
	assert_string_equal(places_of(f, "FROM base\nRUN a\nRUN b\n", same), "base 2, 3: line 2");
	/* the base has one layer: which of the two is that of the instruction cannot be told */
	assert_int_equal(cp_image_chain(f->a, ids, 1, &f->config.chain, &f->err), 0);
	assert_string_equal(places_of(f, "FROM base\nRUN a\n", twice), "base 1, 2: line 2, 3: ?");
}

/* ---- where vulnerabilities belong ---- */

static struct cp_scan_flaw flaw(const char *id, const char *name, const char *diff_id,
				enum cp_flaw_severity severity)
{
	return (struct cp_scan_flaw){.id = cp_str_c(id),
				     .severity = severity,
				     .fixed = CP_S(""),
				     .package = {.type = CP_S("deb"),
						 .name = cp_str_c(name),
						 .version = CP_S("1"),
						 .diff_id = cp_str_c(diff_id)}};
}

static void test_subjects(void **state)
{
	static const char *const layers[] = {"x", SH "a" BK, NULL};
	struct fixture *f = *state;
	struct cp_scan_subject *made = subject_of(f, layers), *subjects;
	const char *top = made->image->layers[1].diff_id.p;
	struct cp_scan_flaw known[] = {flaw("CVE-1", "p", top, CP_FLAW_LOW),
				       flaw("CVE-2", "q", "", CP_FLAW_HIGH),
				       flaw("CVE-1", "p", top, CP_FLAW_LOW)},
			    other[] = {flaw("CVE-1", "p", "", CP_FLAW_LOW),
				       flaw("CVE-3", "p", "", CP_FLAW_CRITICAL),
				       flaw("CVE-4", "r", "", CP_FLAW_MEDIUM)};
	struct cp_scan_package package = {CP_S("deb"), CP_S("q"), CP_S("1"),
					  made->image->layers[0].diff_id};
	struct cp_scan scans[] = {{.file = CP_S("scout"), .flaws = other, .n_flaws = CP_LEN(other)},
				  {.file = CP_S("trivy"),
				   .image = made->image,
				   .flaws = known,
				   .n_flaws = CP_LEN(known),
				   .packages = &package,
				   .n_packages = 1}};
	const struct cp_graph *g = build(f, "FROM unknown\nRUN a\n");
	struct cp_scan_places p;
	size_t n;

	assert_int_equal(cp_scan_subjects(f->a, scans, 2, NULL, 0, &subjects, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(subjects->n_scans, 2);
	assert_int_equal(cp_scan_places(f->a, subjects, g, &p), 0);
	assert_int_equal(p.n, 3);
	/* the base: q, whose layer the list of packages knows */
	assert_int_equal(p.items[0].kind, CP_PLACE_BASE);
	assert_int_equal(p.items[0].n_flaws, 1);
	expect_text("base", p.items[0].flaws[0]->id, "CVE-2");
	/* p: each vulnerability once, the worst first, that of the other report with it */
	assert_int_equal(p.items[1].kind, CP_PLACE_STEP);
	assert_int_equal(p.items[1].n_flaws, 2);
	expect_text("step", p.items[1].flaws[0]->id, "CVE-3");
	expect_text("step", p.items[1].flaws[1]->id, "CVE-1");
	assert_int_equal(p.items[1].counts[CP_FLAW_LOW], 1);
	/* r: nobody knows where it is */
	assert_int_equal(p.items[2].kind, CP_PLACE_UNKNOWN);
	expect_text("unknown", p.items[2].flaws[0]->id, "CVE-4");
}

/* Another image is another subject; what a registry says of the first belongs to it. */
static void test_two_images(void **state)
{
	static const char *const layers[] = {"x", SH "a" BK, NULL}, *const others[] = {"x", NULL};
	struct fixture *f = *state;
	struct cp_scan_image asked = *subject_of(f, layers)->image;
	struct cp_scan scans[] = {{.file = CP_S("1"), .image = subject_of(f, layers)->image},
				  {.file = CP_S("2"), .image = subject_of(f, others)->image},
				  {.file = CP_S("3")}};
	struct cp_scan_subject *subjects;
	size_t n;

	asked.layers[1].compressed = 7;
	scans[0].image->layers[1].size = 9;
	assert_int_equal(cp_scan_subjects(f->a, scans, 3, &asked, 1, &subjects, &n), 0);
	assert_int_equal(n, 3);
	assert_int_equal(subjects[0].n_scans, 1);
	assert_int_equal(subjects[0].image->layers[1].size, 9);
	assert_int_equal(subjects[0].image->layers[1].compressed, 7);
	assert_int_equal(subjects[1].n_scans, 1);
	assert_null(subjects[2].image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_scout, setup, teardown),
		cmocka_unit_test_setup_teardown(test_trivy_sarif, setup, teardown),
		cmocka_unit_test_setup_teardown(test_trivy, setup, teardown),
		cmocka_unit_test_setup_teardown(test_filled_in, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wrong, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_places, setup, teardown),
		cmocka_unit_test_setup_teardown(test_known_base, setup, teardown),
		cmocka_unit_test_setup_teardown(test_subjects, setup, teardown),
		cmocka_unit_test_setup_teardown(test_two_images, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

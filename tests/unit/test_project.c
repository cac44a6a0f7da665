/* project/: compose files ─► requests. Expected values: docker compose 2.40.3. */
#include "project_fixture.h"

/* ---- values ---- */

/* What becomes of a build argument's value: `docker compose build --print`. */
static void test_scalars(void **state)
{
	static const char *const cases[][2] = {
		{"3.10", "3.1"},
		{"\"3.10\"", "3.10"},
		{"'3.10'", "3.10"},
		{"010", "8"},
		{"0o17", "15"},
		{"0x1F", "31"},
		{"0b101", "5"},
		{"08", "8"},
		{"1_000", "1000"},
		{"+12", "12"},
		{"-0", "0"},
		{"-0.0", "-0"},
		{"1e3", "1000"},
		{"1e21", "1e+21"},
		{"100000.0", "100000"},
		{"1000000.0", "1e+06"},
		{"123456789.125", "1.23456789125e+08"},
		{"1e-5", "1e-05"},
		{"1e-4", "0.0001"},
		{"0.1", "0.1"},
		{".5", "0.5"},
		{"-.5", "-0.5"},
		{"5.", "5"},
		{".inf", "+Inf"},
		{"-.inf", "-Inf"},
		{".nan", "NaN"},
		{"123456789012345678901234567890", "1.2345678901234568e+29"},
		{"9223372036854775808", "9223372036854775808"},
		{"18446744073709551616", "1.8446744073709552e+19"},
		{"True", "true"},
		{"FALSE", "false"},
		{"yes", "yes"},
		{"on", "on"},
		{"1:30", "1:30"},
		{"1.2.3", "1.2.3"},
		{"0x", "0x"},
		{"-x", "-x"},
		{"1e400", "1e400"},
		{"1e", "1e"},
		{"!!str 3.10", "3.10"},
		{"| \n          3.10", "3.10\n"},
		{"2024-1", "2024-1"},
	};

	(void)state;
	for (size_t i = 0; i < CP_LEN(cases); i++) {
		cp_auto_buf struct cp_buf text = CP_BUF_INIT(4096), wanted = CP_BUF_INIT(4096);

		cp_buf_printf(&text, "services:\n  a:\n    build:\n      args:\n        X: %s\n",
			      cases[i][0]);
		cp_buf_printf(&wanted, "a context=. args[X=%s]", cases[i][1]);
		check_file(text.p, wanted.p);
	}
	check_file("services: {a: {build: {args: {X: null, Y: , Z: ~, SETV: }}}}",
		   "a context=. args[SETV=sv]");
}

static void test_variables(void **state)
{
	static const char *const cases[][2] = {
		{"$SETV", "sv"},
		{"${SETV}x", "svx"},
		{"$$SETV", "$SETV"},
		{"a$", "a$"},
		{"$1 $. $", "$1 $. $"},
		{"$$$SETV", "$sv"},
		{"${SETV:-d}", "sv"},
		{"${NO:-d}", "d"},
		{"${EMPTYV:-d}", "d"},
		{"${EMPTYV-d}", ""},
		{"${NO-d}", "d"},
		{"${SETV:+r}", "r"},
		{"${NO:+r}", ""},
		{"${EMPTYV:+r}", ""},
		{"${EMPTYV+r}", "r"},
		{"${NO+r}", ""},
		{"${SETV?e}", "sv"},
		{"${EMPTYV?e}", ""},
		{"${SETV:?e}", "sv"},
		{"${NO:-${SETV}}", "sv"},
		{"${NO:-${NO2:-z}}y", "zy"},
		{"${NO:-a}${NO:-b}", "ab"},
		{"${NO:-x-y:z}", "x-y:z"},
		{"${NO:-$SETV-${SETV}}", "sv-sv"},
		{"${NO:-{a}}", "{a}"},
		{"${NO:-{}}", "{}"},
		{"${NO:-}", ""},
		{"$SETV_x", ""},
		{"${_a1:-k}", "k"},
		{"${NO:--}", "-"},
		{"$$$$", "$$"},
	};
	static const char *const broken[][2] = {
		{"${}", "invalid variable reference: ${}"},
		{"${1A}", "invalid variable reference: ${1A}"},
		{"x ${SETV", "invalid variable reference: ${SETV"},
		{"${SETV!}", "invalid variable reference: ${SETV!}"},
		{"${NO?gone}", "required variable NO is missing a value: gone"},
		{"${NO?}", "required variable NO is missing a value"},
		{"${EMPTYV:?e $SETV}", "required variable EMPTYV is missing a value: e sv"},
		{"${SETV:-${NO?inner}}", "required variable NO is missing a value: inner"},
		{"${NO:-{}} ${SETV}", "invalid variable reference: ${SETV"},
	};

	(void)state;
	for (size_t i = 0; i < CP_LEN(cases); i++) {
		cp_auto_buf struct cp_buf text = CP_BUF_INIT(4096), wanted = CP_BUF_INIT(4096),
					  got = CP_BUF_INIT(4096);
		struct file repo[] = {{"c.yaml", NULL}, {NULL, NULL}};

		cp_buf_printf(&text, "services: {a: {build: {args: {X: '%s'}}}}", cases[i][0]);
		cp_buf_printf(&wanted, "a context=. args[X=%s]", cases[i][1]);
		repo[0].text = text.p;
		compose(&got, repo, 1, NULL, environment);
		if (strstr(got.p, "\nnote: "))
			*strstr(got.p, "\nnote: ") = '\0';
		expect(&got, wanted.p);
	}
	for (size_t i = 0; i < CP_LEN(broken); i++) {
		cp_auto_buf struct cp_buf text = CP_BUF_INIT(4096), wanted = CP_BUF_INIT(4096);

		cp_buf_printf(&text, "services: {a: {build: {args: {X: '%s'}}}}", broken[i][0]);
		cp_buf_printf(&wanted, "invalid compose.yaml:1:34: %s", broken[i][1]);
		check_file(text.p, wanted.p);
	}
	check_file("services: {a: {build: {args: {X: 'a$NO'}}}}",
		   "a context=. args[X=a]\nnote: variable NO is not set and taken as empty");
}

/* Values of .env as `docker compose` sees them in ${NAME}. */
static void test_env_file(void **state)
{
	static const char *const cases[][2] = {
		{"V=a", "a"},
		{"V = a b ", "a b"},
		{"V=a # c", "a"},
		{"V=a#c", "a#c"},
		{"V='a # $SETV'", "a # $SETV"},
		{"V=\"a # c\"", "a # c"},
		{"export V=a", "a"},
		{"export\tV=a", "a"},
		{"V: a", "a"},
		{"# c\n\n  V=a", "a"},
		{"V=\"a\\nb\"", "a\nb"},
		{"V='a\\nb'", "a\\nb"},
		{"V=\"a\nb\"", "a\nb"},
		{"V='a\nb'\nW=1", "a\nb"},
		{"V=\"a\\\"b\"", "a\"b"},
		{"V='a\\'b'", "a'b"},
		{"V=\"\\$SETV\"", "$SETV"},
		{"V=\"$SETV\"", "sv"},
		{"V=$SETV", "sv"},
		{"V=$$SETV", "$SETV"},
		{"W=w\nV=${W}x", "wx"},
		{"V=${NO:-d}", "d"},
		{"V=", ""},
		{"V=\"\"", ""},
		{"V=a\r\nW=b\r\n", "a"},
		{"\xef\xbb\xbfV=a", "a"},
		{"V=\"\\101\"", "\\101"},
		{"V=\"\\0101\"", "A"},
		{"V=\"\\012\"", "\\12"},
		{"V=\"\\t\\\\x\\q\"", "\t\\x\\q"},
		{"V=1\nV=2", "2"},
		{"V=\"a\" # c", "a"},
		{"SETV=file\nV=$SETV", "sv"},
		{"V=a\\", "a\\"},
		{"V.x=1\nV=2", "2"},
		{"V=first\n# V=second", "first"},
	};
	static const char *const broken[][2] = {
		{"A=1\nV='a\nb", "invalid .env:2:1: a quoted value has no end"},
		{"A B=1", "invalid .env:1:1: a variable name cannot hold a space"},
		{"A=1\n\n%=1", "invalid .env:3:1: unexpected character in a variable name"},
		{"A=${", "invalid .env:1:0: invalid variable reference: ${"},
	};

	(void)state;
	for (size_t i = 0; i < CP_LEN(cases); i++) {
		struct file repo[] = {{"c.yaml", "services: {a: {build: {args: {X: '${V}'}}}}"},
				      {".env", cases[i][0]},
				      {NULL, NULL}};
		cp_auto_buf struct cp_buf wanted = CP_BUF_INIT(4096);

		cp_buf_printf(&wanted, "a context=. args[X=%s]", cases[i][1]);
		check_compose(repo, 1, wanted.p);
	}
	for (size_t i = 0; i < CP_LEN(broken); i++) {
		struct file repo[] = {{"c.yaml", "services: {a: {build: .}}"},
				      {".env", broken[i][0]},
				      {NULL, NULL}};

		check_compose(repo, 1, broken[i][1]);
	}
	check_compose((struct file[]){{"c.yaml", "services: {a: {build: {args: [SETV, W]}}}"},
				      {".env", "SETV\nW\n"},
				      {NULL, NULL}},
		      1, "a context=. args[SETV=sv]");
}

/* ---- compose files ---- */

static void test_compose_fields(void **state)
{
	(void)state;
	check_file("services:\n  a:\n    build: ./app/\n  b: {image: x}\n  c: {build: app/../c}\n",
		   "a context=app\nc context=c");
	check_file(
		"services:\n"
		"  a:\n"
		"    image: acme/a:1\n"
		"    build:\n"
		"      context: app\n"
		"      dockerfile: ../docker/D\n"
		"      args: [A=1, \"B=x=y\", SETV, NO, A=2]\n"
		"      target: t\n"
		"      cache_from: [img:1, \"type=local,src=./c\"]\n"
		"      cache_to: [\"type=inline\"]\n"
		"      additional_contexts: {x: ./sub, y: docker-image://alpine, z: ../up}\n"
		"      network: host\n"
		"      shm_size: 128mb\n"
		"      extra_hosts: [\"b:1.2.3.4\", \"a=[::1]\", \"a=10.0.0.1\"]\n"
		"      no_cache: yes\n"
		"      pull: true\n"
		"      platforms: [linux/amd64, linux/arm64]\n"
		"      secrets: [s1, {source: s2, target: t2}]\n"
		"      ssh: [default, k=./key]\n"
		"      labels: {l: 1.50}\n"
		"      tags: [t:1]\n"
		"      ulimits: {nproc: 5, nofile: {soft: 1, hard: 2}}\n"
		"      isolation: default\n"
		"      privileged: true\n"
		"      entitlements: [network.host]\n"
		"      provenance: mode=max\n"
		"      sbom: true\n"
		"      x-mine: 1\n"
		"secrets:\n"
		"  s1: {file: ./f}\n"
		"  s2: {environment: SE}\n",
		"a context=app dockerfile=docker/D target=t platforms[linux/amd64,linux/arm64] args[A=2,B=x=y,SETV=sv]"
		" contexts[x=sub,y=docker-image://alpine,z=../up] labels[l=1.5] secrets[s1=src=f,t2=env=SE]"
		" from[type=registry,ref=img:1,type=local,src=./c] to[type=inline] tags[t:1,acme/a:1]"
		" hosts[a=::1,a=10.0.0.1,b=1.2.3.4] ulimits[nofile=1:2,nproc=5] ssh[default,k=key] network=host shm=128mb no-cache pull");
	check_file(
		"services:\n  a:\n    platform: linux/arm64\n    build: {dockerfile_inline: \"FROM x\\nRUN $$A\"}\n",
		"a context=. inline=FROM x\nRUN $A platforms[linux/arm64]");
	check_file(
		"services:\n  a:\n    build: https://github.com/a/b.git#main:sub\n  b:\n    build: {context: git@h:a.git, dockerfile: D}\n",
		"a context=https://github.com/a/b.git#main:sub\nb context=git@h:a.git dockerfile=D");
	check_file(
		"services: {a: {build: {contxt: x}}}",
		"a context=.\nnote: compose.yaml:1: build: contxt is no field that is known here, ignored; docker compose may refuse it");
	check_compose(
		(struct file[]){
			{"deploy/c.yaml",
			 "services: {a: {build: {context: ../app, additional_contexts: [l=lib]}}}"},
			{NULL, NULL}},
		1, "a context=app contexts[l=deploy/lib]");
	check_compose(
		(struct file[]){
			{"c.yaml",
			 "name: ${SETV}x\nservices: {a: {build: {args: {P: $COMPOSE_PROJECT_NAME}}}}"},
			{NULL, NULL}},
		1, "a context=. args[P=svx]");
}

static void test_compose_anchors(void **state)
{
	(void)state;
	check_file(
		"x-b: &b\n  args: {A: 1, B: 2}\n  target: t\nservices:\n  a:\n    build: {<<: *b, context: d, target: own}\n"
		"  b:\n    build: {<<: [{target: first}, *b]}\n  c:\n    build: *b\n",
		"a context=d target=own args[A=1,B=2]\nb context=. target=first args[A=1,B=2]\nc context=. target=t args[A=1,B=2]");
	check_file("services:\n  a:\n    build: &x\n      args: *x\n",
		   "invalid compose.yaml:4:13: anchor x contains itself");
	check_file("services:\n  a: *no\n", "invalid compose.yaml:2:6: unknown anchor no");
	check_file("services:\n  a: {build: {<<: 1}}\n",
		   "invalid compose.yaml:2:19: a merge key (<<) needs a map or a list of maps");
}

static void test_compose_merge(void **state)
{
	const struct file two[] = {
		{"a/c.yaml",
		 "services:\n  a:\n    image: i1\n    build:\n      context: x\n      args: {A: 1, B: 2}\n      tags: [t1, t2]\n"
		 "      cache_from: [c1]\n      extra_hosts: [\"h:1\"]\n      labels: [l=1]\n  b: {build: b}\n"},
		{"a/o.yaml",
		 "services:\n  a:\n    image: i2\n    build:\n      dockerfile: D\n      args: [B=3, C=4]\n      tags: [t1, t3]\n"
		 "      cache_from: [c2]\n      extra_hosts: [\"h:1\", \"h:2\"]\n      labels: {l: 2, m: }\n  c: {build: c}\n"},
		{"a/p.yaml",
		 "services:\n  a:\n    build:\n      args: !reset null\n      tags: !override [only]\n  b: !reset null\n"},
		{NULL, NULL},
	};

	(void)state;
	check_compose(
		two, 2,
		"a context=a/x dockerfile=a/x/D args[A=1,B=3,C=4] labels[l=2,m=] from[type=registry,ref=c1,type=registry,ref=c2]"
		" tags[t1,t2,t3,i2] hosts[h=1,h=2]\nb context=a/b\nc context=a/c");
	check_compose(
		two, 3,
		"a context=a/x dockerfile=a/x/D labels[l=2,m=] from[type=registry,ref=c1,type=registry,ref=c2] tags[only,i2]"
		" hosts[h=1,h=2]\nc context=a/c");
	check_file(
		"services: {a: {build: {target: x}}}\n---\nservices: {a: {build: {target: y}}}\n",
		"a context=. target=y");
	check_compose((struct file[]){{"1.yaml", "services: {a: {build: d}}"},
				      {"2.yaml", "services: {a: {build: {tags: {a: b}}}}"},
				      {NULL, NULL}},
		      2, "invalid 2.yaml:1:30: tags: expected a list of texts");
	check_compose(
		(struct file[]){{"1.yaml", "services: {a: {build: {tags: [x]}}}"},
				{"2.yaml", "services: {a: {build: {tags: {a: b}}}}"},
				{NULL, NULL}},
		2,
		"invalid 2.yaml:1:30: a map cannot be laid over the list of an earlier file or service");
}

static void test_compose_extends(void **state)
{
	static const char base[] =
		"services:\n  base:\n    build: {context: ., args: {A: base, Z: z}}\n    extends: root\n"
		"  root: {build: {target: r, dockerfile: Dr}, platform: linux/arm64}\n";

	(void)state;
	check_file(
		"services:\n  a: {extends: b, build: {args: {X: 1}}}\n  b: {extends: {service: c}, build: {args: {X: 0, Y: 2}}}\n"
		"  c: {build: {context: c, target: t}}\n",
		"a context=c target=t args[X=1,Y=2]\nb context=c target=t args[X=0,Y=2]\nc context=c target=t");
	check_compose(
		(struct file[]){
			{"c.yaml",
			 "services:\n  a:\n    extends: {service: base, file: sub/base.yaml}\n    build: {args: {A: mine}}\n"},
			{"sub/base.yaml", base},
			{NULL, NULL}},
		1,
		"a context=sub dockerfile=sub/Dr target=r platforms[linux/arm64] args[A=mine,Z=z]");
	check_file("services:\n  a: {extends: b}\n  b: {extends: a}\n",
		   "invalid compose.yaml:2:16: service a extends itself");
	check_file("services:\n  a: {extends: no}\n",
		   "invalid compose.yaml:2:16: service a extends no, which is not in compose.yaml");
	check_file("services:\n  a: {extends: {service: b, file: x.yaml}}\n",
		   "invalid compose.yaml:2:35: extends: x.yaml is not in the repository");
	check_file("services:\n  a: {extends: {service: b, file: ../x.yaml}}\n",
		   "invalid compose.yaml:2:35: extends: ../x.yaml is not in the repository");
	check_file(
		"services:\n  a: {extends: {service: b, file: https://x/y.yaml}}\n",
		"unsupported compose.yaml:2:35: extends: https://x/y.yaml is not in the repository");
}

static void test_compose_include(void **state)
{
	static const struct file repo[] = {
		{"c.yaml",
		 "include:\n  - inc/i.yaml\n  - {path: other.yaml, project_directory: dir, env_file: e.env}\nservices: {a: {build: a}}\n"},
		{"inc/i.yaml", "services:\n  i: {build: {args: {V: $V, S: $SETV, O: $O}}}\n"},
		{"inc/.env", "V=inc\nSETV=inc\nO=inc\n"},
		{"other.yaml", "services: {o: {build: {context: x, args: {V: $V}}}}"},
		{"e.env", "V=e\n"},
		{".env", "O=outer\n"},
		{NULL, NULL},
	};

	(void)state;
	check_compose(
		repo, 1,
		"a context=a\ni context=inc args[V=inc,S=sv,O=outer]\no context=dir/x args[V=e]");
	check_compose(
		(struct file[]){{"c.yaml", "include: [i.yaml]\nservices: {a: {build: a}}"},
				{"i.yaml", "services: {a: {build: other}}"},
				{NULL, NULL}},
		1,
		"invalid i.yaml:1:12: services a is also defined by a file that includes this one, or by another one that it includes");
	check_compose(
		(struct file[]){{"c.yaml", "include: [c.yaml]\nservices: {a: {build: a}}"},
				{NULL, NULL}},
		1,
		"limit c.yaml:1:11: includes nested over 64 levels: a file that includes itself?");
	check_file("include: [no.yaml]\nservices: {a: {build: a}}",
		   "invalid compose.yaml:1:11: include: no.yaml is not in the repository");
	check_file(
		"include: [oci://x/y]\nservices: {a: {build: a}}",
		"a context=a\nnote: compose.yaml:1: include of oci://x/y is not read: only files of the repository are");
}

static void test_compose_choice(void **state)
{
	static const char *const chosen[] = {"COMPOSE_PROFILES", "x, p", NULL, NULL},
				 *const any[] = {"COMPOSE_PROFILES", "*", NULL, NULL};
	static const struct file repo[] = {
		{"c.yaml",
		 "services:\n  a: {build: {additional_contexts: {l: \"service:lib\"}}}\n  lib: {build: lib, profiles: [p]}\n"
		 "  d: {build: d, profiles: [dev]}\n  e: {image: x}\n"},
		{NULL, NULL},
	};
	static const struct {
		const char *only;
		const char *const *env;
		const char *wanted;
	} cases[] = {
		{NULL, environment,
		 "invalid c.yaml:3:8: service lib is the context of another one, and none of its profiles is in COMPOSE_PROFILES"},
		{NULL, chosen,
		 "a context=. contexts[l=target:lib]\nlib context=lib\n"
		 "note: c.yaml:4: service d is left out: none of its profiles is in COMPOSE_PROFILES"},
		{NULL, any, "a context=. contexts[l=target:lib]\nlib context=lib\nd context=d"},
		{"d", environment, "d context=d"},
		{"e", environment, "nothing\nnote: c.yaml:5: service e has no build"},
		{"zz", environment, "invalid :0:0: no service zz in the compose files"},
	};

	(void)state;
	for (size_t i = 0; i < CP_LEN(cases); i++) {
		cp_auto_buf struct cp_buf b = CP_BUF_INIT(1 << 20);

		compose(&b, repo, 1, cases[i].only, cases[i].env);
		expect(&b, cases[i].wanted);
	}
	check_file("services: {a: {build: {additional_contexts: {l: \"service:no\"}}}}",
		   "invalid compose.yaml:1:49: additional_contexts: no service no that is built");
}

static void test_compose_errors(void **state)
{
	static const char *const cases[][2] = {
		{"- a\n", "invalid compose.yaml:1:1: a compose file must be a map"},
		{"services: 3\n", "invalid compose.yaml:1:11: services must be a map"},
		{"services:\n  a: x\n", "invalid compose.yaml:2:6: a service must be a map"},
		{"services:\n  a: {build: [x]}\n",
		 "invalid compose.yaml:2:14: build: expected a path or a map"},
		{"services:\n  \xc3\xa4: {build: [x]}\n",
		 "invalid compose.yaml:2:15: build: expected a path or a map"},
		{"services:\n  a:\n    build:\n      args: 1\n",
		 "invalid compose.yaml:4:13: args: expected a map or a list of NAME=VALUE"},
		{"services:\n  a:\n    build:\n      no_cache: maybe\n",
		 "invalid compose.yaml:4:17: no_cache: expected true or false"},
		{"services:\n  a:\n    build:\n      extra_hosts: [x]\n",
		 "invalid compose.yaml:4:21: extra_hosts: expected HOST=ADDRESS"},
		{"services:\n  a:\n    build: {context: [x]}\n",
		 "invalid compose.yaml:3:22: context: expected a path"},
		{"services:\n  a:\n    build: {dockerfile: x, dockerfile_inline: y}\n",
		 "invalid compose.yaml:3:47: dockerfile and dockerfile_inline exclude each other"},
		{"services:\n  a:\n   build: .\n  a: {}\n",
		 "invalid compose.yaml:4:3: key a is already defined"},
		{"services:\n\ta: {}\n",
		 "invalid compose.yaml:2:1: while scanning for the next token: found character that cannot start any token"},
		{"services: {a: \x01}\n",
		 "invalid compose.yaml:1:1: not valid YAML text: control characters are not allowed"},
		{"services: {a: \xff}\n",
		 "invalid compose.yaml:1:1: not valid YAML text: invalid leading UTF-8 octet"},
		{"? [a]\n: b\n", "invalid compose.yaml:1:3: a key must be a plain value"},
	};

	(void)state;
	for (size_t i = 0; i < CP_LEN(cases); i++)
		check_file(cases[i][0], cases[i][1]);
}

/* ---- bounds ---- */

static void test_yaml_bounds(void **state)
{
	cp_auto_buf struct cp_buf laughs = CP_BUF_INIT(1 << 20), deep = CP_BUF_INIT(1 << 20),
				  many = CP_BUF_INIT(8 << 20);
	cp_auto_buf struct cp_buf chain = CP_BUF_INIT(1 << 20), merge = CP_BUF_INIT(1 << 20),
				  vars = CP_BUF_INIT(1 << 20);

	(void)state;
	cp_buf_addz(&laughs, "a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
	for (int i = 1; i < 20; i++) {
		cp_buf_printf(&laughs, "a%d: &a%d [", i, i);
		for (int k = 0; k < 9; k++)
			cp_buf_printf(&laughs, "%s*a%d", k ? ", " : "", i - 1);
		cp_buf_addz(&laughs, "]\n");
	}
	check_file(laughs.p,
		   "limit compose.yaml:6:15: over 200000 YAML nodes, aliases written out");
	for (int i = 0; i < 100000; i++)
		cp_buf_addc(&deep, '[');
	check_file(deep.p, "limit compose.yaml:1:66: YAML nested over 64 levels");
	for (int i = 0; i < 210000; i++)
		cp_buf_printf(&many, "- %d\n", i);
	check_file(many.p,
		   "limit compose.yaml:200000:3: over 200000 YAML nodes, aliases written out");
	cp_buf_addz(&chain, "services:\n  s0: {build: x}\n");
	for (int i = 1; i < 100; i++)
		cp_buf_printf(&chain, "  s%d: {extends: s%d}\n", i, i + 1 < 100 ? i + 1 : 0);
	check_file(chain.p, "limit compose.yaml:68:18: services extended over 64 levels");
	cp_buf_addz(&merge, "x: &x {build: {args: {");
	for (int i = 0; i < 5000; i++)
		cp_buf_printf(&merge, "%sk%d: 1", i ? ", " : "", i);
	cp_buf_addz(&merge, "}}}\nservices:\n  s0: *x\n");
	for (int i = 1; i < 100; i++)
		cp_buf_printf(&merge, "  s%d: {extends: s0, build: {args: {z: 1}}}\n", i);
	check_file(
		merge.p,
		"limit compose.yaml:1:22: over 200000 nodes when extends and overrides are merged");
	cp_buf_addz(&vars, "services: {a: {build: {args: {X: '");
	for (int i = 0; i < 100; i++)
		cp_buf_addz(&vars, "${NO:-");
	for (int i = 0; i < 100; i++)
		cp_buf_addc(&vars, '}');
	cp_buf_addz(&vars, "'}}}}");
	check_file(vars.p, "limit compose.yaml:1:34: variables nested over 64 levels");
}

/* A value that grows by being used: 1 MiB is the end of it. */
static void test_expansion_is_bounded(void **state)
{
	cp_auto_buf struct cp_buf env = CP_BUF_INIT(1 << 20), got = CP_BUF_INIT(1 << 20);
	struct file repo[] = {{"c.yaml", "services: {a: {build: {args: {X: $V30}}}}"},
			      {".env", NULL},
			      {NULL, NULL}};

	(void)state;
	cp_buf_addz(&env, "V0=xxxxxxxx\n");
	for (int i = 1; i <= 30; i++)
		cp_buf_printf(&env, "V%d=$V%d$V%d\n", i, i - 1, i - 1);
	repo[1].text = env.p;
	compose(&got, repo, 1, NULL, environment);
	expect(&got, "limit .env:19:0: text over 1048576 bytes after its variables are filled in");
}

/* What Docker refuses, and what takes its place where it only may: tests/conformance/project has the rest. */
static void test_compose_refused(void **state)
{
	static const char *const cases[][2] = {
		{"3", "build: expected a path or a map"},
		{"", "build: expected a path or a map"},
		{"{target: 1}", "target: expected a text"},
		{"{tags: [1.10]}", "tags: expected a list of texts"},
		{"{tags: x}", "tags: expected a list of texts"},
		{"{args: {D: 2024-01-02}}", "args: a date is no text"},
		{"{args: {D: 2024-01-02t10:20:30Z}}", "args: a date is no text"},
		{"{args: 3}", "args: expected a map or a list of NAME=VALUE"},
		{"{no_cache: maybe}", "no_cache: expected true or false"},
		{"{privileged: \"${E}\"}", "privileged: expected true or false"},
		{"{shm_size: big}", "shm_size: big is no size"},
		{"{ulimits: {nofile: \"1\"}}", "ulimits: expected a number, or soft and hard"},
		{"{ulimits: {nofile: {soft: 1}}}", "ulimits: expected a number, or soft and hard"},
		{"{extra_hosts: {a: 1}}", "extra_hosts: expected a text"},
		{"{secrets: [none]}", "no secret none in the compose files"},
		{"{secrets: {a: b}}", "secrets: expected a list"},
		{"{ssh: [key]}", "expected NAME=VALUE"},
		{"{platforms: [linux/arm64]}\n    platform: linux/amd64",
		 "platforms: linux/amd64, which the service runs on, is not among them"},
		{"{additional_contexts: {x: \"service:b\"}}",
		 "additional_contexts: no service b that is built"},
		{"{dockerfile: D, dockerfile_inline: FROM x}",
		 "dockerfile and dockerfile_inline exclude each other"},
	};

	(void)state;
	for (size_t i = 0; i < CP_LEN(cases); i++) {
		cp_auto_buf struct cp_buf text = CP_BUF_INIT(4096), got = CP_BUF_INIT(1 << 20);
		struct file repo[2] = {{"c.yaml", NULL}, {NULL, NULL}};
		const char *message;

		cp_buf_printf(&text, "services:\n  b: {image: x}\n  a:\n    build: %s\n",
			      cases[i][0]);
		repo[0].text = text.p;
		compose(&got, repo, 1, NULL, environment);
		message = strstr(got.p, ": ");
		if (strncmp(got.p, "invalid c.yaml:", 15) != 0 ||
		    strcmp(message ? message + 2 : "", cases[i][1]) != 0)
			fail_msg("%s\nwanted: %s\n   got: %s", text.p, cases[i][1], got.p);
	}
}

/* Compose looks at more of a file than a build needs. */
static void test_compose_noted(void **state)
{
	(void)state;
	check_file(
		"services: {a: {build: ., environment: {X: \"${NO:?say}\"}}}",
		"a context=.\nnote: compose.yaml:1: required variable NO is missing a value: say: docker compose refuses this file");
	check_file(
		"services: {a: {build: ., buidl: x}}\nx-y: 1\nservice: {}",
		"a context=.\nnote: compose.yaml:3: service is no field that is known here, ignored; docker compose may refuse it\n"
		"note: compose.yaml:1: buidl is no field that is known here, ignored; docker compose may refuse it");
	check_file(
		"services: {a: {build: {args: {P: $COMPOSE_PROJECT_NAME}}}}",
		"a context=. args[P=]\nnote: variable COMPOSE_PROJECT_NAME is taken as empty: docker compose has the name of the folder of the "
		"checkout, where no `name:` is given");
	check_file("networks: {}", "nothing\nnote: compose.yaml has no services");
	check_file("services: {a: {build: {context: ~/x, ulimits: {n: -1, m: {}}}}}",
		   "a context=/home/x/x ulimits[m=0:0,n=0:0]");
}

/* !reset and !override of one argument take it away from the files before. */
static void test_compose_reset_of_a_member(void **state)
{
	static const struct file repo[] = {
		{"c.yaml",
		 "services: {a: {build: {args: {A: 1, B: 2}, labels: {l: 1}, extra_hosts: {h: a, i: b}}}}"},
		{"o.yaml",
		 "services: {a: {build: {args: {A: !reset null, B: !override 3}, labels: {l: !reset null}, extra_hosts: {h: !reset null}}}}"},
		{NULL, NULL},
	};

	(void)state;
	check_compose(repo, 2, "a context=. args[B=3] hosts[i=b]");
}

/* Every amount of memory up to the one that is enough: an error, no crash, nothing lost. */
static void test_out_of_memory(void **state)
{
	static const char text[] =
		"x: &x {args: [A=$SETV, B], tags: [t]}\nservices:\n  a: {extends: b, build: {<<: *x, context: c}}\n"
		"  b: {build: {args: {C: 1.5}, ulimits: {n: 1}, extra_hosts: {h: a}, ssh: [default]}}\n";
	static const char bake[] =
		"{\"target\":{\"a\":{\"args\":{\"A\":\"1\"},\"cache-from\":[{\"type\":\"registry\",\"ref\":\"x\"}]}}}";
	static const char workflow[] = "a:\n  rules:\n    - changes: [x, y]\n";
	struct cp_compose_file file = {CP_S("c.yaml"), CP_S(text)};
	struct cp_environment env = {get_env, environment};
	int enough = 0;

	(void)state;
	for (size_t max = 0; max < 200000 && enough < 3; max += 487) {
		struct cp_arena *a = cp_arena_new(max);
		struct cp_image_requests list = {0};
		struct cp_path_filter *filters;
		enum cp_ci_kind kind;
		struct cp_err err = {0};
		size_t n;
		int r1 = cp_compose_parse(a, &file, 1, NULL, &env, NULL, 0, &list, &err), r2, r3;

		cp_arena_free(a);
		a = cp_arena_new(max);
		r2 = cp_bake_parse(a, CP_S(bake), CP_S("b"), CP_S("."), NULL, 0, &list, &err);
		cp_arena_free(a);
		a = cp_arena_new(max);
		r3 = cp_filters_parse(a, CP_S(workflow), CP_S("w"), &kind, &filters, &n, &err);
		cp_arena_free(a);
		assert_true((r1 == 0 || r1 == CP_ENOMEM) && (r2 == 0 || r2 == CP_ENOMEM) &&
			    (r3 == 0 || r3 == CP_ENOMEM));
		enough = (r1 == 0) + (r2 == 0) + (r3 == 0);
	}
	assert_int_equal(enough, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scalars),
		cmocka_unit_test(test_variables),
		cmocka_unit_test(test_env_file),
		cmocka_unit_test(test_compose_fields),
		cmocka_unit_test(test_compose_anchors),
		cmocka_unit_test(test_compose_merge),
		cmocka_unit_test(test_compose_extends),
		cmocka_unit_test(test_compose_include),
		cmocka_unit_test(test_compose_choice),
		cmocka_unit_test(test_compose_errors),
		cmocka_unit_test(test_yaml_bounds),
		cmocka_unit_test(test_expansion_is_bounded),
		cmocka_unit_test(test_compose_refused),
		cmocka_unit_test(test_compose_noted),
		cmocka_unit_test(test_compose_reset_of_a_member),
		cmocka_unit_test(test_out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

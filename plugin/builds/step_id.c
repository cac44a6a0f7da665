/* Names of steps, and what makes two of them the same. */
#include "builds/builds_int.h"

#define MAX_TEXT 512 /* of an instruction; a longer one ends in its digest */

static bool read_number(struct cp_str s, uint32_t *ret)
{
	int64_t n;

	if (!s.n || s.n > 6 || s.p[0] == '-' || s.p[0] == '+' || !cp_str_to_int(s, 10, &n))
		return false;
	*ret = (uint32_t)n;
	return true;
}

bool cp_step_name_split(struct cp_str name, struct cp_str *ret_words, uint32_t *ret_number,
			struct cp_str *ret_text)
{
	size_t end = cp_str_find_str(name, CP_S("] "), 0), space, slash;
	struct cp_str inner, count;
	uint32_t total;

	if (!name.n || name.p[0] != '[' || end == name.n)
		return false;
	inner = cp_str_sub(name, 1, end);
	space = cp_str_rfind(inner, ' ');
	count = space < inner.n ? cp_str_from(inner, space + 1) : inner;
	slash = cp_str_find(count, '/', 0);
	if (slash == count.n || !read_number(cp_str_sub(count, 0, slash), ret_number) ||
	    !read_number(cp_str_from(count, slash + 1), &total))
		return false;
	*ret_words = space < inner.n ? cp_str_trim(cp_str_sub(inner, 0, space), " ") : CP_S("");
	*ret_text = cp_str_from(name, end + 2);
	return true;
}

/* dockerfile2llb/convert.go: a stage without a name is "stage-" and its place in the file. */
static bool is_number_of_stage(struct cp_str stage)
{
	uint32_t n;

	return cp_str_starts(stage, CP_S("stage-")) && read_number(cp_str_from(stage, 6), &n);
}

static struct cp_str cut(struct cp_arena *a, struct cp_str text)
{
	char digest[CP_DIGEST_TEXT + 1];
	struct cp_digest d;
	size_t n = MAX_TEXT;

	if (text.n <= MAX_TEXT)
		return text;
	while (n && ((unsigned char)text.p[n] & 0xc0) == 0x80)
		n--;
	d = cp_digest_of(text.p, text.n);
	cp_digest_text(&d, digest);
	return cp_arena_printf(a, "%.*s... %.23s", (int)n, text.p, digest);
}

bool cp_step_id_of(struct cp_arena *a, struct cp_str name,
		   bool (*is_image)(void *self, struct cp_str word), void *self,
		   struct cp_step_id *ret_id, uint32_t *ret_number)
{
	struct cp_step_id id = {.image = CP_S("")};
	struct cp_str words, text, word;

	if (!cp_step_name_split(name, &words, ret_number, &text) ||
	    cp_str_starts(text, CP_S("FROM ")))
		return false;
	id.platform = id.stage = CP_S("");
	while (words.n && cp_str_split(&words, ' ', &word)) {
		if (!word.n)
			continue;
		if (!id.image.n && !id.platform.n && !id.stage.n && is_image &&
		    is_image(self, word))
			id.image = word;
		else if (!id.stage.n && cp_str_find(word, '/', 0) < word.n)
			id.platform = word;
		else
			id.stage = word;
	}
	if (is_number_of_stage(id.stage))
		id.stage = CP_S("");
	id.text = cut(a, text);
	*ret_id = id;
	return true;
}

static uint64_t hash_of(const struct cp_step_id *id)
{
	uint64_t parts[4] = {
		cp_hash64(id->image.p, id->image.n), cp_hash64(id->platform.p, id->platform.n),
		cp_hash64(id->stage.p, id->stage.n), cp_hash64(id->text.p, id->text.n)};

	return cp_hash64(parts, sizeof(parts));
}

int cp_step_ids_count(struct cp_arena *a, struct cp_step_id *const *ids, size_t n)
{
	struct counter {
		uint64_t hash;
		uint32_t n;
	} *counters = cp_arena_array(a, n, sizeof(*counters));
	struct cp_map seen = {0};

	if (!counters)
		return CP_ENOMEM;
	for (size_t i = 0; i < n; i++) {
		struct cp_str key =
			cp_str_n((const char *)&counters[i].hash, sizeof(counters[i].hash));
		struct counter *c;

		counters[i].hash = hash_of(ids[i]);
		c = cp_map_get(&seen, key);
		if (!c) {
			c = &counters[i];
			if (cp_map_put(a, &seen, key, c) < 0)
				return CP_ENOMEM;
		}
		ids[i]->occurrence = c->n++;
	}
	return 0;
}

/* ---- kinds ---- */

/* What takes its time in a RUN; the first that is in it counts. */
static const char *const commands[] = {
	"pip install",
	"pip3 install",
	"uv sync",
	"uv pip install",
	"poetry install",
	"conda install",
	"conda env",
	"mamba install",
	"apt-get install",
	"apt install",
	"apk add",
	"dnf install",
	"yum install",
	"microdnf install",
	"zypper install",
	"npm ci",
	"npm install",
	"npm run build",
	"pnpm install",
	"yarn install",
	"go mod download",
	"go build",
	"cargo build",
	"cargo install",
	"bundle install",
	"composer install",
	"gem install",
	"dotnet restore",
	"dotnet publish",
	"dotnet build",
	"mvn",
	"gradle",
	"apt-get update",
	"go install",
	"cmake",
	"make",
	"python -m compileall",
};

static bool is_word_at(struct cp_str text, size_t at, size_t n)
{
	static const char ends[] = " \t\n;&|()'\"";
	bool before =
		at == 0 || memchr(ends, text.p[at - 1], sizeof(ends) - 1) || text.p[at - 1] == '/';
	bool after = at + n == text.n || memchr(ends, text.p[at + n], sizeof(ends) - 1);

	return before && after;
}

static bool has_command(struct cp_str text, struct cp_str command)
{
	for (size_t at = cp_str_find_str(text, command, 0); at < text.n;
	     at = cp_str_find_str(text, command, at + 1))
		if (is_word_at(text, at, command.n))
			return true;
	return false;
}

static const char *const run_kinds[CP_LEN(commands)] = {
	"RUN pip install",
	"RUN pip install",
	"RUN uv sync",
	"RUN uv pip install",
	"RUN poetry install",
	"RUN conda install",
	"RUN conda env",
	"RUN mamba install",
	"RUN apt-get install",
	"RUN apt-get install",
	"RUN apk add",
	"RUN dnf install",
	"RUN yum install",
	"RUN microdnf install",
	"RUN zypper install",
	"RUN npm ci",
	"RUN npm install",
	"RUN npm run build",
	"RUN pnpm install",
	"RUN yarn install",
	"RUN go mod download",
	"RUN go build",
	"RUN cargo build",
	"RUN cargo install",
	"RUN bundle install",
	"RUN composer install",
	"RUN gem install",
	"RUN dotnet restore",
	"RUN dotnet publish",
	"RUN dotnet build",
	"RUN mvn",
	"RUN gradle",
	"RUN apt-get update",
	"RUN go install",
	"RUN cmake",
	"RUN make",
	"RUN python -m compileall",
};

struct cp_str cp_step_kind(struct cp_str text)
{
	struct cp_str rest = cp_str_trim_left(text, " "), word;
	size_t end;

	if (cp_str_starts(rest, CP_S("ONBUILD ")))
		rest = cp_str_from(rest, 8);
	word = cp_str_sub(rest, 0, cp_str_find(rest, ' ', 0));
	if (cp_str_eq(word, CP_S("COPY")))
		return cp_str_find_str(rest, CP_S(" --from="), 0) < rest.n ? CP_S("COPY --from")
									   : CP_S("COPY");
	if (!cp_str_eq(word, CP_S("RUN")))
		return word;
	for (size_t i = 0; i < CP_LEN(commands); i++)
		if (has_command(rest, cp_str_c(commands[i])))
			return cp_str_c(run_kinds[i]);
	/* "RUN", its flags left out, and the first word */
	end = 4 < rest.n ? 4 : rest.n;
	while (end < rest.n && cp_str_starts(cp_str_from(rest, end), CP_S("--")))
		end = cp_str_find(rest, ' ', end) + 1;
	if (end > 4 || end >= rest.n) /* not one piece of the text: flags are between */
		return CP_S("RUN");
	return cp_str_sub(rest, 0, cp_str_find(rest, ' ', end));
}

/* ---- words ---- */

static const char *const ran_names[] = {"not-needed", "cached", "ran", "failed", "unfinished"};
static const char *const judgement_names[CP_N_JUDGEMENTS] = {
	"", "right", "wrong-hit", "wrong-miss", "depends", "unknown", "not-needed", "not-printed"};

const char *cp_ran_name(enum cp_ran ran)
{
	return (unsigned)ran < CP_LEN(ran_names) ? ran_names[ran] : "";
}

const char *cp_judgement_name(enum cp_judgement j)
{
	return (unsigned)j < CP_LEN(judgement_names) ? judgement_names[j] : "";
}

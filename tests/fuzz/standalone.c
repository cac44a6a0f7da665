/*
 * Replays corpora without libFuzzer: every file of the folders given goes through
 * LLVMFuzzerTestOneInput, and so do damaged copies of it (cut short, a byte changed, two files
 * joined), always the same ones. So `make check` runs the fuzz targets under any compiler and
 * sanitizer. Speaks TAP: a crash ends the program, which the runner counts as a failure. usage:
 * replay NAME FILE|FOLDER...
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DAMAGED 24 /* copies a file */
#define LARGE (64u << 10)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));

struct input {
	uint8_t *bytes;
	size_t n;
};
static struct input *inputs;
static size_t n_inputs, runs;

/* A copy that ends where its memory ends, so that a sanitizer sees a read past it. */
static void run(const uint8_t *bytes, size_t n)
{
	uint8_t *exact = malloc(n ? n : 1);

	if (!exact)
		exit(1);
	memcpy(exact, bytes, n);
	LLVMFuzzerTestOneInput(exact, n);
	free(exact);
	runs++;
}

static void read_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	struct input in = {0};
	size_t got;

	if (!f) {
		fprintf(stderr, "cannot open %s\n", path);
		exit(1);
	}
	do {
		in.bytes = realloc(in.bytes, in.n + 65536);
		if (!in.bytes)
			exit(1);
		got = fread(in.bytes + in.n, 1, 65536, f);
		in.n += got;
	} while (got > 0);
	fclose(f);
	inputs = realloc(inputs, (n_inputs + 1) * sizeof(*inputs));
	if (!inputs)
		exit(1);
	inputs[n_inputs++] = in;
}

static void read_path(const char *path)
{
	struct dirent **list = NULL;
	struct stat st;
	int n;

	if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)) {
		read_file(path);
		return;
	}
	n = scandir(path, &list, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		char *child = NULL;

		if (list[i]->d_name[0] != '.' &&
		    asprintf(&child, "%s/%s", path, list[i]->d_name) > 0)
			read_path(child);
		free(child);
		free(list[i]);
	}
	free(list);
}

/* xorshift, seeded by the input: the same damage in every run. */
static uint64_t next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void run_damaged(const struct input *in, const struct input *other)
{
	static const uint8_t bytes[] = {0,   '\n', '"', '\\', '$',  '{',  '}', '[',
					'*', '!',  '#', 0x80, 0xFF, 0xC3, ' ', '\t'};
	uint8_t *copy = malloc(in->n + other->n + 1);
	uint64_t state = 88172645463325252u + in->n;

	if (!copy)
		exit(1);
	for (int i = 0; i < DAMAGED && in->n > 0 && in->n < LARGE; i++) {
		size_t n = in->n, at = next(&state) % n;

		memcpy(copy, in->bytes, n);
		if (i % 3 == 0) {
			n = at;
		} else if (i % 3 == 1) {
			copy[at] = bytes[next(&state) % sizeof(bytes)];
		} else {
			size_t take = other->n < LARGE ? other->n : LARGE;

			memcpy(copy + at, other->bytes,
			       take < in->n + other->n - at ? take : in->n + other->n - at);
			n = at + take;
		}
		run(copy, n);
	}
	free(copy);
}

int main(int argc, char **argv)
{
	if (argc < 3) {
		fprintf(stderr, "usage: replay NAME FILE|FOLDER...\n");
		return 2;
	}
	if (LLVMFuzzerInitialize)
		LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 2; i < argc; i++)
		read_path(argv[i]);
	if (n_inputs == 0) {
		printf("not ok 1 - %s has a corpus\n1..1\n", argv[1]);
		return 1;
	}
	run((const uint8_t *)"", 0);
	for (size_t i = 0; i < n_inputs; i++)
		run(inputs[i].bytes, inputs[i].n);
	for (size_t i = 0; i < n_inputs; i++)
		run_damaged(&inputs[i], &inputs[(i + 1) % n_inputs]);
	printf("# %zu inputs of %zu files\nok 1 - %s takes its corpus and damaged copies of it\n1..1\n",
	       runs, n_inputs, argv[1]);
	for (size_t i = 0; i < n_inputs; i++)
		free(inputs[i].bytes);
	free(inputs);
	return 0;
}

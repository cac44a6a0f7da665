/* The shell of the conformance images: it runs nothing and always succeeds.
 *
 * Before it exits it writes every path that a later COPY --from or bind mount of the build reads, because a
 * RUN of a real image would have made them. /.stubshell/paths says which: its first line is "equal" (the same
 * bytes by every run) or "fresh" (other bytes by every run), each further line is "f PATH" or "d PATH".
 * A folder gets a file ".stub" inside. What cannot be written (a read-only mount) stays as it is.
 *
 * Freestanding, so that an image layer is a few kilobytes: system calls only, no C library. */
#include <stddef.h>

#if defined(__x86_64__)
enum { SYS_READ = 0, SYS_WRITE = 1, SYS_CLOSE = 3, SYS_EXIT_GROUP = 231, SYS_OPENAT = 257, SYS_MKDIRAT = 258,
       SYS_RENAMEAT = 264, SYS_FCHMOD = 91, SYS_GETRANDOM = 318 };

static long call(long n, long a, long b, long c, long d)
{
	register long r10 __asm__("r10") = d;
	long r;

	__asm__ volatile("syscall" : "=a"(r) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
	return r;
}

__asm__(".globl _start\n_start:\n\txor %ebp, %ebp\n\tand $-16, %rsp\n\tcall stub_main\n");
#elif defined(__aarch64__)
enum { SYS_READ = 63, SYS_WRITE = 64, SYS_CLOSE = 57, SYS_EXIT_GROUP = 94, SYS_OPENAT = 56, SYS_MKDIRAT = 34,
       SYS_RENAMEAT = 38, SYS_FCHMOD = 52, SYS_GETRANDOM = 278 };

static long call(long n, long a, long b, long c, long d)
{
	register long x8 __asm__("x8") = n, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c,
		      x3 __asm__("x3") = d;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
	return x0;
}

__asm__(".globl _start\n_start:\n\tmov x29, #0\n\tbl stub_main\n");
#else
#error "the stub shell knows x86_64 and aarch64"
#endif

enum { AT_CWD = -100, ENOTDIR_ = -20, ENOENT_ = -2 };
/* The same on both architectures. */
enum { RDONLY = 0, WRONLY = 1, CREAT = 0100, TRUNC = 01000 };

#define LIST_SIZE (256 * 1024)
#define PATH_SIZE 4096

static char list[LIST_SIZE];
static char path[PATH_SIZE + 16];
static char token[64] = "#!/bin/sh\n# equal\n";
static size_t n_token = 18;

/* The compiler may call these even for freestanding code. */
void *memcpy(void *to, const void *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((char *)to)[i] = ((const char *)from)[i];
	return to;
}

void *memset(void *to, int c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((char *)to)[i] = (char)c;
	return to;
}

static long open_file(const char *name, long flags)
{
	return call(SYS_OPENAT, AT_CWD, (long)name, flags, 0666);
}

static void write_token(long fd)
{
	call(SYS_WRITE, fd, (long)token, (long)n_token, 0);
	call(SYS_CLOSE, fd, 0, 0, 0);
}

/* The path in `path`, n bytes long, with a suffix; path itself ends at n again when `suffix` is "". */
static const char *with_suffix(size_t n, const char *suffix)
{
	size_t i = 0;

	for (; suffix[i]; i++)
		path[n + i] = suffix[i];
	path[n + i] = 0;
	return path;
}

/* A program may be running from this very file, so a new one takes its place: this shell and the token. */
static void replace_program(size_t n)
{
	static char old[PATH_SIZE + 16], buf[16384];
	long in = open_file("/.stubshell/sh", RDONLY), out, got;

	if (in < 0)
		return;
	memcpy(old, with_suffix(n, ""), n + 1);
	out = open_file(with_suffix(n, ".stub"), WRONLY | CREAT | TRUNC);
	if (out >= 0) {
		while ((got = call(SYS_READ, in, (long)buf, sizeof(buf), 0)) > 0)
			call(SYS_WRITE, out, (long)buf, got, 0);
		call(SYS_FCHMOD, out, 0777, 0, 0);
		write_token(out);
		call(SYS_RENAMEAT, AT_CWD, (long)path, AT_CWD, (long)old);
	}
	call(SYS_CLOSE, in, 0, 0, 0);
}

static int is_program(const char *name)
{
	char magic[4] = {0};
	long fd = open_file(name, RDONLY);

	if (fd < 0)
		return 0;
	call(SYS_READ, fd, (long)magic, sizeof(magic), 0);
	call(SYS_CLOSE, fd, 0, 0, 0);
	return magic[0] == 0x7f && magic[1] == 'E' && magic[2] == 'L' && magic[3] == 'F';
}

static void write_file(size_t n)
{
	long fd;

	if (is_program(with_suffix(n, ""))) {
		replace_program(n);
		return;
	}
	fd = open_file(with_suffix(n, ""), WRONLY | CREAT | TRUNC);
	if (fd >= 0)
		write_token(fd);
}

/* What is there decides between file and folder, and only where nothing is there, the list. */
static void touch(char kind, size_t n)
{
	long fd = open_file(with_suffix(n, "/.stub"), WRONLY | CREAT | TRUNC);

	if (fd == ENOENT_ && kind == 'd') {
		call(SYS_MKDIRAT, AT_CWD, (long)with_suffix(n, ""), 0777, 0);
		fd = open_file(with_suffix(n, "/.stub"), WRONLY | CREAT | TRUNC);
	}
	if (fd >= 0)
		write_token(fd);
	else if (fd == ENOTDIR_ || (fd == ENOENT_ && kind == 'f'))
		write_file(n);
}

static void make_token(void)
{
	unsigned char bytes[16];

	call(SYS_GETRANDOM, (long)bytes, sizeof(bytes), 0, 0);
	n_token = 12;
	for (size_t i = 0; i < sizeof(bytes); i++) {
		token[n_token++] = "0123456789abcdef"[bytes[i] >> 4];
		token[n_token++] = "0123456789abcdef"[bytes[i] & 15];
	}
	token[n_token++] = '\n';
}

static void write_all(size_t n)
{
	size_t at = 6; /* "equal\n" or "fresh\n" */

	while (at + 2 < n) {
		char kind = list[at];
		size_t len = 0;

		for (at += 2; at < n && list[at] != '\n'; at++)
			if (len < PATH_SIZE)
				path[len++] = list[at];
		at++;
		if (len > 0 && len < PATH_SIZE)
			touch(kind, len);
	}
}

__attribute__((used, noreturn)) void stub_main(void)
{
	long fd = open_file("/.stubshell/paths", RDONLY), got;
	size_t n = 0;

	if (fd >= 0) {
		while (n < sizeof(list) && (got = call(SYS_READ, fd, (long)(list + n), (long)(sizeof(list) - n), 0)) > 0)
			n += (size_t)got;
		call(SYS_CLOSE, fd, 0, 0, 0);
		if (n > 0 && list[0] == 'f')
			make_token();
		write_all(n);
	}
	call(SYS_EXIT_GROUP, 0, 0, 0, 0);
	__builtin_unreachable();
}

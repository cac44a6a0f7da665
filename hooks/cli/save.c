#include "save.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fail.h"
#include "text.h"

static int write_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t put = write(fd, p, n);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return -1;
		p += put;
		n -= (size_t)put;
	}
	return fsync(fd);
}

/* Beside the file, then in its place. */
static int replace(const char *path, const char *temporary, const char *p, size_t n)
{
	int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666), r;

	if (fd < 0)
		return -1;
	r = write_all(fd, p, n);
	if (close(fd) != 0 || r != 0 || rename(temporary, path) != 0) {
		int why = errno;

		unlink(temporary);
		errno = why;
		return -1;
	}
	return 0;
}

int save_image_metadata(const struct loaded *l, const struct cachepredict_result *result,
			const char *path)
{
	const struct cachepredict_image_metadata *extension =
		l->plugin->get_extension(CACHEPREDICT_EXT_IMAGE_METADATA);
	struct text temporary = {0};
	const char *p;
	uint64_t n = 0;
	int r;

	if (!extension)
		return fail(EXIT_BROKEN, NULL, "this plugin gives no image metadata");
	p = extension->text(result, &n);
	if (n == 0)
		return EXIT_ANSWERED;
	text_addf(&temporary, "%s.%ld.tmp", path, (long)getpid());
	r = replace(path, temporary.p, p, n);
	text_release(&temporary);
	return r == 0 ? EXIT_ANSWERED
		      : fail(EXIT_BROKEN, NULL, "cannot write %s: %s", path, strerror(errno));
}

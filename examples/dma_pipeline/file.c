/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* What is read, what is written, and a last look at it. */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pipeline.h"

/* Bytes at a time of the last look. */
#define FILE_CHECK_BYTES (1 << 18)

static int
open_in(struct files *files, const char *name, struct stat *status)
{
	/* A pipe is refused below, instead of waited for. */
	files->in = open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (files->in < 0 || fstat(files->in, status) < 0) {
		complain("%s: cannot be read: %s", name, strerror(errno));
		return EXIT_USAGE;
	}
	if (!S_ISREG(status->st_mode)) {
		complain("%s: not a regular file", name);
		return EXIT_USAGE;
	}
	files->size = status->st_size;
	return EXIT_DONE;
}

static int
open_out(struct files *files, const char *name, const struct stat *in)
{
	struct stat status;

	if (stat(name, &status) == 0) {
		if (status.st_dev == in->st_dev && status.st_ino == in->st_ino) {
			complain("%s: the file that is read; a copy needs a place of its own", name);
			return EXIT_USAGE;
		}
		if (!S_ISREG(status.st_mode)) {
			complain("%s: not a regular file, and not replaced", name);
			return EXIT_USAGE;
		}
	} else {
		files->created = true;
	}
	files->out = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (files->out < 0) {
		complain("%s: cannot be written: %s", name, strerror(errno));
		files->created = false;
		return EXIT_USAGE;
	}
	return EXIT_DONE;
}

int
files_open(struct files *files, const struct options *options)
{
	struct stat in;
	int ret;

	*files = (struct files){.in = -1, .out = -1};
	ret = open_in(files, options->in, &in);
	return ret == EXIT_DONE ? open_out(files, options->out, &in) : ret;
}

/* What was not completed is not left behind, unless it was somebody's before. */
void
files_close(struct files *files, const struct options *options, bool keep)
{
	if (files->in >= 0)
		close(files->in);
	if (files->out >= 0)
		close(files->out);
	if (files->created && !keep)
		unlink(options->out);
}

/* As many bytes as a block has; a file may have got shorter meanwhile. */
int
file_read(const struct pipeline *p, struct block *block, uint64_t offset)
{
	ssize_t n = 0;
	uint32_t done;

	block->bytes = RTE_MIN(p->options.block, p->files.size - offset);
	for (done = 0; done < block->bytes; done += n) {
		n = pread(p->files.in, block->source + done, block->bytes - done, offset + done);
		if (n == 0) {
			complain("%s: has become shorter: %" PRIu64 " bytes when it was opened, "
				 "%" PRIu64 " now",
				 p->options.in, p->files.size, offset + done);
			return EXIT_FAILED;
		}
		if (n < 0 && errno != EINTR) {
			complain("%s: byte %" PRIu64 " cannot be read: %s", p->options.in,
				 offset + done, strerror(errno));
			return EXIT_FAILED;
		}
		n = RTE_MAX(n, 0);
	}
	return EXIT_DONE;
}

/* It may have got longer, too; and of some, such as those of /proc, the system does not say how long
 * they are.
 */
int
file_ended(const struct pipeline *p)
{
	uint8_t more;
	ssize_t n = pread(p->files.in, &more, 1, p->files.size);

	if (n == 0)
		return EXIT_DONE;
	if (n < 0)
		complain("%s: byte %" PRIu64 " cannot be read: %s", p->options.in, p->files.size,
			 strerror(errno));
	else
		complain("%s: is longer than the %" PRIu64 " bytes that it had when it was opened",
			 p->options.in, p->files.size);
	return EXIT_FAILED;
}

int
file_write(const struct pipeline *p, const struct block *block, uint64_t offset)
{
	ssize_t n = 0;
	uint32_t done;

	for (done = 0; done < block->bytes; done += n) {
		n = pwrite(p->files.out, block->target + done, block->bytes - done, offset + done);
		if (n < 0 && errno != EINTR) {
			complain("%s: %s, after %" PRIu64 " of %" PRIu64 " bytes", p->options.out,
				 strerror(errno), offset + done, p->files.size);
			return EXIT_FAILED;
		}
		n = RTE_MAX(n, 0);
	}
	return EXIT_DONE;
}

/* The CRC of a whole file, and how long it is: 0, or a negative errno. */
static int
crc_of(int fd, uint32_t *crc, uint64_t *size)
{
	uint8_t *bytes = malloc(FILE_CHECK_BYTES);
	ssize_t n = 0;

	if (bytes == NULL)
		return -ENOMEM;
	for (*crc = 0, *size = 0; (n = read(fd, bytes, FILE_CHECK_BYTES)) > 0; *size += n)
		*crc = crc32c(*crc, bytes, n);
	n = n < 0 ? -errno : 0;
	free(bytes);
	return n;
}

/* Whoever opens OUT from now on finds what was read from IN. */
int
file_check(const struct pipeline *p)
{
	const char *name = p->options.out;
	uint64_t size;
	uint32_t crc;
	int fd, ret;

	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		complain("%s: was written, and is not there any more: %s", name, strerror(errno));
		return EXIT_FAILED;
	}
	ret = crc_of(fd, &crc, &size);
	close(fd);
	if (ret < 0) {
		complain("%s: cannot be read back: %s", name, strerror(-ret));
		return EXIT_FAILED;
	}
	if (size != p->files.size || crc != p->crc) {
		complain("%s: %" PRIu64 " bytes with CRC32C 0x%08x; copied were %" PRIu64
			 " with 0x%08x",
			 name, size, crc, p->files.size, p->crc);
		return EXIT_FAILED;
	}
	return EXIT_DONE;
}

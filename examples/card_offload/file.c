/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The file that is hashed. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/stat.h>

#include "offload.h"

#define FILE_MADE_BYTES (256u << 20)
#define FILE_PIECE      (1u << 20)

/* Numbers that do not repeat: a block in the wrong place does not go unnoticed. */
static void
piece_fill(uint64_t *words, uint64_t first)
{
	for (uint64_t i = 0; i < FILE_PIECE / 8; i++) {
		uint64_t x = (first + i) * UINT64_C(0x9e3779b97f4a7c15);

		words[i] = x ^ x >> 29;
	}
}

static int
piece_write(int fd, const uint8_t *bytes)
{
	size_t done = 0;
	ssize_t n;

	while (done < FILE_PIECE) {
		n = write(fd, bytes + done, FILE_PIECE - done);
		if (n < 0 && errno != EINTR)
			return -errno;
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static int
file_write(int fd)
{
	uint64_t *words = malloc(FILE_PIECE);
	int ret = words == NULL ? -ENOMEM : 0;

	for (uint64_t at = 0; ret == 0 && at < FILE_MADE_BYTES; at += FILE_PIECE) {
		piece_fill(words, at / 8);
		ret = piece_write(fd, (const uint8_t *)words);
	}
	free(words);
	return ret;
}

/** Write the file that --make asks for. One that did not get whole is not left behind. */
int
file_make(const struct options *options)
{
	int fd = open(options->file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666), ret;

	if (fd < 0) {
		complain("--make %s: %s", options->file,
			 errno == EEXIST ? "is there already: leave --make out, or name another" :
					   strerror(errno));
		return EXIT_USAGE;
	}
	ret = file_write(fd);
	if (close(fd) < 0 && ret == 0)
		ret = -errno;
	if (ret == 0)
		return EXIT_DONE;
	complain("--make %s: %s", options->file, strerror(-ret));
	unlink(options->file);
	return EXIT_FAILED;
}

/* Bytes of a mapped file that are no longer there. */
static void
on_sigbus(int signal)
{
	static const char words[] = "card_offload: the file got shorter while it was read\n";
	ssize_t ignored = write(STDERR_FILENO, words, sizeof(words) - 1);

	(void)signal;
	(void)ignored;
	_exit(EXIT_FAILED);
}

/** Map a file for reading. */
int
file_map(struct input *input, const char *name)
{
	struct stat status;

	input->fd = open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (input->fd < 0 || fstat(input->fd, &status) < 0) {
		complain("%s: cannot be read: %s", name, strerror(errno));
		return EXIT_USAGE;
	}
	if (!S_ISREG(status.st_mode) || status.st_size == 0) {
		complain("%s: %s", name, S_ISREG(status.st_mode) ? "is empty" :
								   "is no regular file");
		return EXIT_USAGE;
	}
	input->size = (uint64_t)status.st_size;
	input->bytes = mmap(NULL, input->size, PROT_READ, MAP_SHARED, input->fd, 0);
	if (input->bytes == MAP_FAILED) {
		input->bytes = NULL;
		complain("%s: cannot be mapped: %s", name, strerror(errno));
		return EXIT_FAILED;
	}
	signal(SIGBUS, on_sigbus);
	return EXIT_DONE;
}

void
file_unmap(struct input *input)
{
	if (input->bytes != NULL)
		munmap((void *)(uintptr_t)input->bytes, input->size);
	if (input->fd >= 0)
		close(input->fd);
}

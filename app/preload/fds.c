/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "fds.h"

#include <errno.h>

#include "sys.h"

/* Low numbers are scarce: select stops at 1024, shells redirect up to 9, and a test that opens a
 * file expects the next free number.
 */
#define HIDDEN_MIN 512

_Atomic uint16_t fds_table[FDS_MAX];

int
fds_copy(int fd)
{
	int copy = (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, HIDDEN_MIN);

	/* EINVAL: the limit on descriptors is lower than that. */
	if (copy < 0 && errno == EINVAL)
		copy = (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 0);
	if (copy < 0)
		return -errno;
	if (copy >= FDS_MAX) {
		sys_close(copy);
		return -EMFILE;
	}
	fds_set(copy, FD_HIDDEN, 0);
	return copy;
}

int
fds_hide(int fd)
{
	int copy = fds_copy(fd);

	if (copy >= 0)
		sys_close(fd);
	return copy;
}

void
fds_close(int fd)
{
	fds_set(fd, FD_FOREIGN, 0);
	sys_close(fd);
}

void
fds_forked(void)
{
	for (int fd = 0; fd < FDS_MAX; fd++) {
		enum fd_kind kind = fds_kind(fd);

		if (kind == FD_CONTAINER || kind == FD_GROUP || kind == FD_DEVICE)
			fds_set(fd, FD_GONE, 0);
		else if (kind == FD_WQ)
			fds_set(fd, FD_WQ_GONE, 0);
		else if (kind == FD_ATTRIBUTE)
			fds_set(fd, FD_FOREIGN, 0);
	}
}

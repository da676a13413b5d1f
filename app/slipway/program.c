/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Programs that a command becomes.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "slipway.h"

/* Beside this program, built or installed. */
int
program_beside(const char *command, const char *program, char *path, size_t len)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0) {
		complain("%s: /proc/self/exe: %s", command, strerror(errno));
		return -errno;
	}
	self[n] = '\0';
	*strrchr(self, '/') = '\0';
	if ((size_t)snprintf(path, len, "%s/%s", self, program) < len && access(path, X_OK) == 0)
		return 0;
	complain("%s: there is no %s in %s", command, program, self);
	return -ENOENT;
}

/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "scif_path.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scif_wire.h"

static int
fits(int n)
{
	return n < 0 || n >= SCIF_PATH_MAX ? -ENAMETOOLONG : 0;
}

/* Where everybody may create files it must be nobody else's: who serves a node is believed. */
static int
check_private(const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077) != 0)
		return -EACCES;
	return 0;
}

static int
base_path(char path[SCIF_PATH_MAX])
{
	const char *dir = getenv("SLIPWAY_DIR"), *xdg = getenv("XDG_RUNTIME_DIR");

	if (dir != NULL && dir[0] != '\0')
		return fits(snprintf(path, SCIF_PATH_MAX, "%s", dir));
	if (xdg != NULL && xdg[0] != '\0')
		return fits(snprintf(path, SCIF_PATH_MAX, "%s/slipway", xdg));
	if (geteuid() == 0)
		return fits(snprintf(path, SCIF_PATH_MAX, "/run/slipway"));
	snprintf(path, SCIF_PATH_MAX, "/tmp/slipway-%u", (unsigned int)geteuid());
	return check_private(path);
}

int
scif_path(char path[SCIF_PATH_MAX], unsigned int node, const char *suffix)
{
	char base[SCIF_PATH_MAX];
	int ret = base_path(base);

	if (ret < 0)
		return ret;
	return fits(snprintf(path, SCIF_PATH_MAX, "%s/scif/%u.%s", base, node, suffix));
}

int
scif_path_node(void)
{
	const char *text = getenv("SLIPWAY_SCIF_NODE");
	char *end;
	long node;

	if (text == NULL || text[0] == '\0')
		return 0;
	errno = 0;
	node = strtol(text, &end, 10);
	if (errno != 0 || *end != '\0' || node < 0 || node >= (long)SCIF_NODES_MAX)
		return -EINVAL;
	return (int)node;
}

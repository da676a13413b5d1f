/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <rte_eal.h>

#include "common.h"

/** A connection to DPDK's telemetry of this process, its greeting read; -1 where there is none. */
int
telemetry_connect(void)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	char greeting[16384];

	assert_true(fd >= 0);
	snprintf(at.sun_path, sizeof(at.sun_path), "%s/dpdk_telemetry.v2",
		 rte_eal_get_runtime_dir());
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0 &&
	    read(fd, greeting, sizeof(greeting)) > 0)
		return fd;
	close(fd);
	return -1;
}

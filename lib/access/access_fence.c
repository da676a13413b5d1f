/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "access_fence.h"

static int
membarrier(int command)
{
	return (int)syscall(SYS_membarrier, command, 0, 0);
}

int
access_fence_prepare(void)
{
	return membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) < 0 ? -errno : 0;
}

void
access_fence_all(void)
{
	membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
}

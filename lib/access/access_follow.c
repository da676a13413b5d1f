/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* A device in this process keeps addresses that it has looked up. DPDK may take memory away again,
 * so the device is told to look up anew before memory goes.
 */

#include <errno.h>
#include <stdio.h>

#include <rte_errno.h>
#include <rte_memory.h>

#include "access_priv.h"

/* DPDK tells those that follow its memory apart by their names. */
static void
name_follower(const struct access_dev *access, char name[32])
{
	snprintf(name, 32, "slipway_%p", (const void *)access);
}

/* Memory that comes was not to be had before, so nobody remembers it. */
static void
follow(enum rte_mem_event event, const void *addr, size_t len, void *arg)
{
	struct access_dev *access = arg;

	RTE_SET_USED(addr);
	RTE_SET_USED(len);
	if (event == RTE_MEM_EVENT_FREE)
		access->dev->ops->remap(access->dev);
}

/* Not there where memory never changes, as with --no-huge. */
int
access_follow_memory(struct access_dev *access)
{
	char name[32];
	int ret;

	name_follower(access, name);
	ret = rte_mem_event_callback_register(name, follow, access);
	return ret == 0 || rte_errno == ENOTSUP ? 0 : -rte_errno;
}

void
access_follow_end(struct access_dev *access)
{
	char name[32];

	name_follower(access, name);
	rte_mem_event_callback_unregister(name, access);
}

/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The socket reach: a device in another process, with a clock of its own. Lines go into the rings
 * that the server shares, so that to post costs no more than with a model in this process. Who has
 * nothing to do, or has posted to a server that sleeps, steps the near end, which wakes the server.
 */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>

#include <rte_common.h>
#include <rte_errno.h>
#include <rte_malloc.h>

#include "access_vfu_priv.h"

/* Where no program puts anything by itself, so that other processes have it free as well; and from
 * device to device.
 */
#define PLACE      UINT64_C(0x200000000000)
#define PLACE_STEP (UINT64_C(1) << 30)
/* The client is behind it. */
#define NEAR_ROOM (UINT64_C(1) << 20)

void
access_vfu_say(const struct access_vfu *vfu, const char *format, ...)
{
	char line[256];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	vfu->near->log(vfu->name, line);
}

void
access_vfu_client_says(void *arg, const char *line)
{
	const struct access_vfu *vfu = arg;

	vfu->near->log(vfu->name, line);
}

static void
vfu_close(struct access_dev *access)
{
	struct access_vfu *vfu = access_vfu_of(access);

	access_vfu_hide(vfu);
	access_vfu_memory_end(vfu);
	access_vfu_irqs_close(vfu);
	vfu_client_close(vfu->client);
	munmap(vfu->near, sizeof(*vfu->near));
	rte_free(access->irqs);
	rte_free(vfu);
}

/* The server counts them, for its owner. */
static uint64_t
vfu_stray(const struct access_dev *access)
{
	RTE_SET_USED(access);
	return 0;
}

static bool
vfu_is_lost(const struct access_dev *access)
{
	return vfu_client_lost(((const struct access_vfu *)access)->client);
}

static bool
vfu_is_stopped(const struct access_dev *access)
{
	return vfu_client_stopped(((const struct access_vfu *)access)->client);
}

/* A socket that is closed would be readable for ever. */
static int
vfu_wait_fd(const struct access_dev *access)
{
	struct vfu_client *client = ((const struct access_vfu *)access)->client;
	struct vfu_client_shared shared;

	vfu_client_shared(client, &shared);
	return vfu_client_lost(client) ? -1 : shared.socket;
}

/* A reset is done when the write that asks for it is answered. */
static const struct access_reach vfu_reach = {
	.close = vfu_close,
	.stray = vfu_stray,
	.config = access_call_config,
	.reset_ms = 0,
	.irqs_open = access_vfu_irqs_open,
	.irq_seen = access_vfu_irq_seen,
	.irq_sleep = access_vfu_irq_sleep,
	.memory = access_vfu_memory,
	.is_lost = vfu_is_lost,
	.is_stopped = vfu_is_stopped,
	.wait_fd = vfu_wait_fd,
	.irq_fds_open = access_irq_fds_vfu_open,
	.irq_fds_close = access_irq_fds_vfu_close,
};

static int
use_share(struct access_vfu *vfu, bool no_rings)
{
	int n;

	vfu_client_shared(vfu->client, &vfu->shared);
	if (no_rings) {
		/* A server that is sent messages has no bell. Who polls looks for its messages. */
		vfu->access.sleepers = &vfu->always;
		return 0;
	}
	if (vfu->shared.memory == NULL) {
		access_vfu_say(vfu, "the server shares no rings to post to; accepted: a server of "
				    "slipway that shares");
		return -ENOTSUP;
	}
	/* Who has posted looks here whether the device has to be called, which wakes it. */
	vfu->access.sleepers = vfu->shared.fences ? &vfu->always : vfu->shared.asleep;
	n = vfu->access.dev->ops->describe(vfu->access.dev, vfu->regions, ACCESS_DEVICE_REGIONS);
	vfu->nb_regions = (unsigned int)RTE_MIN(n, ACCESS_DEVICE_REGIONS);
	return 0;
}

static int
connect_to(struct access_vfu *vfu, const char *path, bool no_rings)
{
	struct vfu_client_config config = {
		.path = path,
		.share = !no_rings,
		.place = (uint8_t *)vfu->near + NEAR_ROOM,
		.log = access_vfu_client_says,
		.arg = vfu,
	};
	int ret = vfu_client_open(&config, &vfu->access.host, &vfu->client);

	if (ret < 0)
		return ret;
	vfu->access.dev = vfu_client_device(vfu->client);
	vfu->access.about = vfu_client_about(vfu->client);
	ret = use_share(vfu, no_rings);
	if (ret == 0)
		ret = access_vfu_memory_begin(vfu);
	if (ret < 0)
		vfu_client_close(vfu->client);
	return ret;
}

void
access_vfu_near_init(struct access_vfu_near *near, void (*log)(const char *name, const char *line))
{
	unsigned int i;

	near->reach = vfu_reach;
	near->log = log;
	for (i = 0; i < ACCESS_IRQS; i++)
		near->vectors[i] = -1;
}

static struct access_vfu_near *
near_make(void (*log)(const char *name, const char *line))
{
	static uint64_t place = PLACE;
	struct access_vfu_near *near = mmap((void *)place, sizeof(*near), PROT_READ | PROT_WRITE,
					    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (near == MAP_FAILED)
		return NULL;
	place += PLACE_STEP;
	access_vfu_near_init(near, log);
	return near;
}

static struct access_vfu *
vfu_make(const struct access_config *config)
{
	struct access_vfu *vfu = rte_zmalloc_socket(config->name, sizeof(*vfu),
						    RTE_CACHE_LINE_SIZE, config->numa_node);

	if (vfu == NULL)
		return NULL;
	vfu->near = near_make(config->log);
	if (vfu->near == NULL) {
		rte_free(vfu);
		return NULL;
	}
	access_init(&vfu->access, config, &vfu->near->reach);
	/* Who polls steps the near end. */
	vfu->access.step = ACCESS_STEP_IDLE;
	vfu->access.gives_way = true;
	vfu->always = 1;
	vfu->name = config->name;
	return vfu;
}

int
access_vfu_open(const struct access_config *config, const char *path, struct access_dev **out)
{
	struct access_vfu *vfu = vfu_make(config);
	int ret;

	if (vfu == NULL) {
		config->log(config->name, "no memory for it; give DPDK more (-m)");
		return -ENOMEM;
	}
	ret = connect_to(vfu, path, config->no_rings);
	if (ret < 0)
		goto free_vfu;
	ret = access_enable(&vfu->access);
	if (ret == 0)
		ret = access_vfu_show(vfu);
	if (ret < 0)
		goto disconnect;
	*out = &vfu->access;
	return 0;

disconnect:
	access_vfu_memory_end(vfu);
	vfu_client_close(vfu->client);
free_vfu:
	munmap(vfu->near, sizeof(*vfu->near));
	rte_free(vfu);
	return ret;
}

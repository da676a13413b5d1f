/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Interrupt vectors of a device that is served on a socket: an eventfd each, which the server
 * writes to. Who sleeps on one watches the socket, too: the server may want memory, or be gone.
 */

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <rte_common.h>

#include "access_vfu_priv.h"

#define NS_IN_S UINT64_C(1000000000)

void
access_vfu_vectors_close(struct access_vfu_near *near)
{
	unsigned int i;

	for (i = 0; i < ACCESS_IRQS; i++) {
		if (near->vectors[i] >= 0)
			close(near->vectors[i]);
		near->vectors[i] = -1;
	}
}

static int
open_all(struct access_vfu *vfu)
{
	unsigned int i;

	for (i = 0; i < ACCESS_IRQS; i++) {
		vfu->near->vectors[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		if (vfu->near->vectors[i] < 0)
			return -errno;
	}
	return vfu_client_set_irqs(vfu->client, 1, ACCESS_IRQS, vfu->near->vectors);
}

int
access_vfu_irqs_open(struct access_dev *access, struct access_irqs *irqs)
{
	struct access_vfu *vfu = access_vfu_of(access);
	int ret;

	if (vfu_client_vectors(vfu->client) <= ACCESS_IRQS)
		return -ENOTSUP;
	ret = open_all(vfu);
	if (ret == 0)
		ret = access_irqs_call_open(access, irqs);
	if (ret < 0)
		access_vfu_vectors_close(vfu->near);
	return ret;
}

void
access_vfu_irqs_close(struct access_vfu *vfu)
{
	if (vfu->access.irqs == NULL)
		return;
	vfu_client_disable_irqs(vfu->client);
	access_vfu_vectors_close(vfu->near);
}

/* What was raised before is read away; what is raised from now on makes it readable. */
uint32_t
access_vfu_irq_seen(struct access_dev *access, unsigned int vector)
{
	uint64_t count;

	(void)!read(access_vfu_of(access)->near->vectors[vector - 1], &count, sizeof(count));
	return 0;
}

void
access_vfu_irq_sleep(struct access_dev *access, unsigned int vector, uint32_t seen, uint64_t ns)
{
	struct access_vfu *vfu = access_vfu_of(access);
	struct vfu_client_shared shared;
	struct timespec ts = {
		.tv_sec = (time_t)(ns / NS_IN_S),
		.tv_nsec = (long)(ns % NS_IN_S),
	};
	struct pollfd fds[2] = {{.fd = vfu->near->vectors[vector - 1], .events = POLLIN}};

	RTE_SET_USED(seen);
	vfu_client_shared(vfu->client, &shared);
	/* A socket that is closed would be readable for ever. */
	fds[1] = (struct pollfd){.fd = vfu_client_lost(vfu->client) ? -1 : shared.socket,
				 .events = POLLIN};
	if (ppoll(fds, 2, &ts, NULL) > 0 && fds[1].revents != 0)
		vfu_client_look_now(vfu->client);
}

/* ---- Vectors as descriptors ---- */

/* The descriptors are ours, the server writes to them. Clients of ours know of MSI-X only. */
int
access_irq_fds_vfu_open(struct access_dev *access, enum access_irq_kind kind, unsigned int n)
{
	struct access_vfu *vfu = access_vfu_of(access);
	int ret;

	if (kind != ACCESS_IRQ_MSIX || vfu_client_vectors(vfu->client) < n)
		return -ENOTSUP;
	ret = access_irq_fds_call_open(access, kind, n);
	if (ret < 0)
		return ret;
	ret = vfu_client_set_irqs(vfu->client, 0, n, access->irq_fds);
	if (ret < 0)
		access_irq_fds_call_close(access, kind);
	return ret;
}

void
access_irq_fds_vfu_close(struct access_dev *access, enum access_irq_kind kind)
{
	vfu_client_disable_irqs(access_vfu_of(access)->client);
	access_irq_fds_call_close(access, kind);
}

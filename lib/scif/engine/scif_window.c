/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>

#include "scif_priv.h"

int
scif_window_request(struct scif_client *client, struct scif_endpoint *ep,
		    const struct scif_request *rq, int *fd, struct scif_reply *reply, int *fds)
{
	int ret = scif_endpoint_verify(ep);

	(void)client, (void)rq, (void)fd, (void)reply, (void)fds;
	return ret < 0 ? ret : -ENOMEM;
}

void
scif_window_message(struct scif_node *from, const struct scif_message *m)
{
	(void)m;
	from->engine->counters.bad_token++;
}

void
scif_window_disconnected(struct scif_endpoint *ep)
{
	(void)ep;
}

void
scif_window_closed(struct scif_endpoint *ep)
{
	(void)ep;
}

void
scif_window_client_gone(struct scif_client *client)
{
	(void)client;
}

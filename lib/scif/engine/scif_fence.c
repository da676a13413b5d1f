/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>

#include "scif_priv.h"

int
scif_fence_request(struct scif_client *client, struct scif_endpoint *ep,
		   const struct scif_request *rq, struct scif_reply *reply)
{
	int ret = scif_endpoint_verify(ep);

	(void)client, (void)rq, (void)reply;
	return ret < 0 ? ret : -ENOMEM;
}

void
scif_fence_message(struct scif_node *from, const struct scif_message *m)
{
	(void)m;
	from->engine->counters.bad_token++;
}

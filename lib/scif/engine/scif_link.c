/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>

#include "scif_priv.h"

int
scif_link_open(struct scif_node *node)
{
	(void)node;
	return -ENODEV;
}

void
scif_link_close(struct scif_node *node)
{
	(void)node;
}

int
scif_link_send(struct scif_node *node, const struct scif_message *m)
{
	(void)node, (void)m;
	return -ENODEV;
}

uint64_t
scif_link_step(struct scif_node *node)
{
	(void)node;
	return SCIF_NO_DEADLINE;
}

void
scif_node_message(struct scif_node *from, const struct scif_message *m)
{
	(void)m;
	from->engine->counters.bad_token++;
}

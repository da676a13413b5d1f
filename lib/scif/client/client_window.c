/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "client.h"

void
client_closed(struct client_endpoint *ep)
{
	(void)ep;
}

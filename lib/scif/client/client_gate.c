/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include "client.h"

/* A descriptor that shows events is one end of a socket pair; the engine has the other, and sets
 * what shows. Only what is no longer there to be read is taken back here, at once, so that who
 * polls next is not told of it.
 */

static int
replace(struct client_endpoint *ep, int fd)
{
	int name = atomic_load(&ep->name), flags = fcntl(name, F_GETFL), ret;

	/* What the program has set at its descriptor holds for the new one, too. */
	if (flags >= 0)
		fcntl(fd, F_SETFL, flags & O_NONBLOCK);
	ret = dup3(fd, name, O_CLOEXEC) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

int
client_gate(struct client_endpoint *ep)
{
	struct scif_request rq = {.op = SCIF_REQUEST_GATE, .endpoint = ep->index};
	int fds[SCIF_REQUEST_FDS], ret = 0;
	struct scif_reply reply;

	client_lock(&ep->state_lock);
	if (!ep->gated) {
		ret = client_ask(ep->client, &rq, -1, &reply, fds);
		if (ret == 0)
			ret = replace(ep, fds[0]);
		ep->gated = ret == 0;
	}
	client_unlock(&ep->state_lock);
	return ret;
}

void
client_gate_read(struct client_endpoint *ep)
{
	CLIENT_UNCANCELLED;
	int before = errno;
	ssize_t taken;
	char byte;

	if (scif_consumer_used(&ep->rx, 1) > 0)
		return;
	taken = recv(atomic_load(&ep->name), &byte, 1, MSG_DONTWAIT);
	errno = before;
	if (taken != 1)
		return;
	/* It was for something that came since. */
	if (scif_consumer_used(&ep->rx, 1) > 0)
		client_tell(ep);
}

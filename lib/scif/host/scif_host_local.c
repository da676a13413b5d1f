/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "scif_host_priv.h"

/* Clients of this process: a socket as others have, and a pipe that tells of nodes. */

struct host_local {
	struct host_local *next;
	int fd;
};

static bool
tell(const struct host_local *local, uint16_t node, bool online)
{
	const uint16_t said[2] = {node, online};

	return write(local->fd, said, sizeof(said)) == sizeof(said);
}

void
scif_host_local_tell(struct scif_host *host, uint16_t node, bool online)
{
	struct host_local *local;

	for (struct host_local **at = &host->locals; (local = *at) != NULL;) {
		if (tell(local, node, online)) {
			at = &local->next;
			continue;
		}
		/* Nobody reads it: the end of it says as much as is known. */
		*at = local->next;
		close(local->fd);
		free(local);
	}
}

void
scif_host_locals_close(struct scif_host *host)
{
	struct host_local *local;

	while ((local = host->locals) != NULL) {
		host->locals = local->next;
		close(local->fd);
		free(local);
	}
}

static void
tell_all(const struct scif_host *host, const struct host_local *local)
{
	for (uint16_t node = 0; node < SCIF_NODES_MAX; node++)
		if (scif_engine_node_online(host->engine, node))
			tell(local, node, true);
}

static int
client_socket(struct scif_host *host)
{
	const struct scif_credentials who = {
		.pid = getpid(), .uid = getuid(), .privileged = true};
	int fd[2], ret;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd) < 0)
		return -errno;
	ret = scif_host_client_add(host, fd[1], &who, NULL);
	if (ret < 0) {
		close(fd[0]);
		return ret;
	}
	return fd[0];
}

int
scif_host_local(struct scif_host *host, int fd[2])
{
	struct host_local *local = calloc(1, sizeof(*local));
	int pipes[2], ret = -ENOMEM;

	if (local == NULL)
		return ret;
	if (pipe2(pipes, O_CLOEXEC | O_NONBLOCK) < 0) {
		ret = -errno;
		goto free_local;
	}
	ret = client_socket(host);
	if (ret < 0)
		goto close_pipes;
	fd[0] = ret;
	fd[1] = pipes[0];
	local->fd = pipes[1];
	local->next = host->locals;
	host->locals = local;
	tell_all(host, local);
	return 0;

close_pipes:
	close(pipes[0]);
	close(pipes[1]);
free_local:
	free(local);
	return ret;
}

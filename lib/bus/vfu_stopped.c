/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "vfu_stopped.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Number, name and state of a process come first. */
#define STAT_BYTES 128

/* The letter behind the name, which may have any characters in it. */
static char
state_of(pid_t pid)
{
	char path[32], text[STAT_BYTES + 1], *end;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return '?';
	n = read(fd, text, STAT_BYTES);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	end = strrchr(text, ')');
	return end != NULL && end[1] == ' ' ? end[2] : '?';
}

pid_t
vfu_stopped_process(int socket)
{
	struct ucred peer = {.pid = 0};
	socklen_t len = sizeof(peer);

	/* 0 as well when it is in another namespace. */
	if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0 || peer.pid <= 0)
		return 0;
	return state_of(peer.pid) == 'T' ? peer.pid : 0;
}

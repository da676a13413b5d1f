/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "vfu_message.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Aligned as the kernel's macros want it. */
union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(VFU_MAX_FDS * sizeof(int))];
};

ssize_t
vfu_message_send(int socket, const struct iovec *parts, unsigned int n_parts, const int fds[],
		 unsigned int n_fds)
{
	union control control;
	struct msghdr msg = {.msg_iov = (struct iovec *)parts, .msg_iovlen = n_parts};
	struct cmsghdr *c;
	ssize_t n;

	if (n_fds > VFU_MAX_FDS)
		return -E2BIG;
	if (n_fds > 0) {
		memset(&control, 0, sizeof(control));
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, n_fds * sizeof(int));
	}
	do
		n = sendmsg(socket, &msg, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

void
vfu_message_close(const int fds[], unsigned int n_fds)
{
	for (unsigned int i = 0; i < n_fds; i++)
		close(fds[i]);
}

/* The descriptors of a message. What the control buffer had no room for, the kernel has closed. */
static unsigned int
take_fds(struct msghdr *msg, int fds[VFU_MAX_FDS])
{
	unsigned int n = 0, more;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		more = (unsigned int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		if (more > VFU_MAX_FDS - n)
			more = VFU_MAX_FDS - n;
		memcpy(&fds[n], CMSG_DATA(c), more * sizeof(int));
		n += more;
	}
	return n;
}

ssize_t
vfu_message_recv(int socket, void *bytes, size_t len, int flags, int fds[VFU_MAX_FDS],
		 unsigned int *n_fds)
{
	union control control;
	struct iovec part = {bytes, len};
	struct msghdr msg = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control};
	ssize_t n;

	*n_fds = 0;
	do {
		msg.msg_controllen = sizeof(control);
		n = recvmsg(socket, &msg, flags | MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	*n_fds = take_fds(&msg, fds);
	if (msg.msg_flags & MSG_CTRUNC) {
		vfu_message_close(fds, *n_fds);
		*n_fds = 0;
		return -E2BIG;
	}
	return n;
}

const char *
vfu_command_name(uint16_t command)
{
	static const char *const names[] = {
		[VFU_VERSION] = "VERSION",
		[VFU_DMA_MAP] = "DMA_MAP",
		[VFU_DMA_UNMAP] = "DMA_UNMAP",
		[VFU_DEVICE_GET_INFO] = "DEVICE_GET_INFO",
		[VFU_DEVICE_GET_REGION_INFO] = "DEVICE_GET_REGION_INFO",
		[VFU_DEVICE_GET_REGION_IO_FDS] = "DEVICE_GET_REGION_IO_FDS",
		[VFU_DEVICE_GET_IRQ_INFO] = "DEVICE_GET_IRQ_INFO",
		[VFU_DEVICE_SET_IRQS] = "DEVICE_SET_IRQS",
		[VFU_REGION_READ] = "REGION_READ",
		[VFU_REGION_WRITE] = "REGION_WRITE",
		[VFU_DMA_READ] = "DMA_READ",
		[VFU_DMA_WRITE] = "DMA_WRITE",
		[VFU_DEVICE_RESET] = "DEVICE_RESET",
		[VFU_DIRTY_PAGES] = "DIRTY_PAGES",
		[VFU_REGION_WRITE_MULTI] = "REGION_WRITE_MULTI",
		[VFU_DEVICE_FEATURE] = "DEVICE_FEATURE",
		[VFU_MIG_DATA_READ] = "MIG_DATA_READ",
		[VFU_MIG_DATA_WRITE] = "MIG_DATA_WRITE",
	};

	if (command == VFU_SHARE)
		return "SHARE";
	if (command >= sizeof(names) / sizeof(names[0]) || names[command] == NULL)
		return "command";
	return names[command];
}

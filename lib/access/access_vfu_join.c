/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The socket reach in secondary processes. An access lies in memory that all processes of an
 * application have at one address. What it points to and is a process's own lies at one address as
 * well, but in private memory: the client and, in `near`, functions and descriptors. Descriptors
 * come from the primary process, as many at a time as its messages carry.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_spinlock.h>
#include <rte_string_fns.h>

#include "access_vfu_priv.h"

#define ACTION "slipway_vfu_join"
/* For the primary process to answer. */
#define PATIENCE_S 5

/* What a secondary process asks for: in parts, the first of which is what the client needs. */
struct request {
	char name[RTE_DEV_NAME_MAX_LEN];
	uint32_t part;
};

#define CLIENT_FDS 4u
#define PARTS      (1 + (ACCESS_IRQS + RTE_MP_MAX_FD_NUM - 1) / RTE_MP_MAX_FD_NUM)

/* Of this process, as the primary one. */
static rte_spinlock_t lock = RTE_SPINLOCK_INITIALIZER;
static struct access_vfu *opened[ACCESS_VFU_MAX];
static bool answers;

/* ---- The primary process ---- */

static const struct access_vfu *
find(const char *name)
{
	unsigned int i;

	for (i = 0; i < ACCESS_VFU_MAX; i++) {
		if (opened[i] != NULL && strcmp(opened[i]->name, name) == 0)
			return opened[i];
	}
	return NULL;
}

static void
take_part(const struct access_vfu *vfu, uint32_t part, struct rte_mp_msg *reply)
{
	struct vfu_client_shared shared;
	unsigned int i, first = (part - 1) * RTE_MP_MAX_FD_NUM;

	if (part == 0) {
		vfu_client_shared(vfu->client, &shared);
		reply->fds[0] = shared.socket;
		reply->fds[1] = shared.memory_fd;
		reply->fds[2] = shared.bell_fd;
		reply->fds[3] = shared.kick_fd;
		reply->num_fds = CLIENT_FDS;
		return;
	}
	for (i = first; i < ACCESS_IRQS && i < first + RTE_MP_MAX_FD_NUM; i++) {
		if (vfu->near->vectors[i] >= 0)
			reply->fds[reply->num_fds++] = vfu->near->vectors[i];
	}
}

static int
answer(const struct rte_mp_msg *message, const void *peer)
{
	struct request request;
	struct rte_mp_msg reply = {.name = ACTION};
	const struct access_vfu *vfu;
	int ret;

	if (message->len_param != sizeof(request))
		return -EINVAL;
	memcpy(&request, message->param, sizeof(request));
	request.name[sizeof(request.name) - 1] = '\0';
	rte_spinlock_lock(&lock);
	vfu = find(request.name);
	if (vfu != NULL && request.part < PARTS)
		take_part(vfu, request.part, &reply);
	ret = rte_mp_reply(&reply, peer);
	rte_spinlock_unlock(&lock);
	return ret;
}

int
access_vfu_show(struct access_vfu *vfu)
{
	unsigned int i;

	rte_spinlock_lock(&lock);
	for (i = 0; i < ACCESS_VFU_MAX && opened[i] != NULL; i++)
		;
	if (i < ACCESS_VFU_MAX)
		opened[i] = vfu;
	/* Not where there cannot be other processes. */
	if (!answers)
		answers = rte_mp_action_register(ACTION, answer) == 0;
	rte_spinlock_unlock(&lock);
	return i < ACCESS_VFU_MAX ? 0 : -ENOSPC;
}

void
access_vfu_hide(const struct access_vfu *vfu)
{
	unsigned int i;

	rte_spinlock_lock(&lock);
	for (i = 0; i < ACCESS_VFU_MAX; i++) {
		if (opened[i] == vfu)
			opened[i] = NULL;
	}
	rte_spinlock_unlock(&lock);
}

/* ---- A secondary process ---- */

static int
ask(const struct access_vfu *vfu, uint32_t part, int fds[RTE_MP_MAX_FD_NUM])
{
	struct rte_mp_msg message = {.name = ACTION};
	struct timespec patience = {.tv_sec = PATIENCE_S};
	struct request request = {.part = part};
	struct rte_mp_reply reply;
	int n = -EIO;

	strlcpy(request.name, vfu->name, sizeof(request.name));
	message.len_param = sizeof(request);
	memcpy(message.param, &request, sizeof(request));
	if (rte_mp_request_sync(&message, &reply, &patience) < 0)
		return -EIO;
	if (reply.nb_received == 1) {
		n = reply.msgs[0].num_fds;
		memcpy(fds, reply.msgs[0].fds, (size_t)n * sizeof(fds[0]));
	}
	free(reply.msgs);
	return n;
}

/* Descriptors that came so far are closed by whoever asked for them. */
static int
get_vectors(const struct access_vfu *vfu, struct access_vfu_near *near)
{
	int fds[RTE_MP_MAX_FD_NUM], i, n, got = 0;
	uint32_t part;

	for (part = 1; part < PARTS; part++) {
		n = ask(vfu, part, fds);
		if (n < 0)
			return n;
		for (i = 0; i < n && got < ACCESS_IRQS; i++)
			near->vectors[got++] = fds[i];
	}
	return 0;
}

static int
get_client(struct access_vfu *vfu)
{
	struct vfu_client_config config = {.log = access_vfu_client_says, .arg = vfu};
	struct vfu_client_shared shared = vfu->shared;
	struct vfu_client *client;
	int fds[RTE_MP_MAX_FD_NUM], i, n, ret;

	n = ask(vfu, 0, fds);
	if (n < 0)
		return n;
	if (n != CLIENT_FDS) {
		ret = -ENOENT;
		goto close_all;
	}
	shared.socket = fds[0];
	shared.memory_fd = fds[1];
	shared.bell_fd = fds[2];
	shared.kick_fd = fds[3];
	ret = vfu_client_join(&config, &shared, vfu->regions, vfu->nb_regions, &client);
	if (ret == 0)
		return 0;

close_all:
	for (i = 0; i < n; i++)
		close(fds[i]);
	return ret;
}

static int
join(struct access_vfu *vfu, void (*log)(const char *name, const char *line))
{
	struct access_vfu_near *near = mmap(vfu->near, sizeof(*near), PROT_READ | PROT_WRITE,
					    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
					    0);
	int ret;

	if (near == MAP_FAILED)
		return -errno;
	access_vfu_near_init(near, log);
	ret = get_vectors(vfu, near);
	if (ret == 0)
		ret = get_client(vfu);
	if (ret < 0) {
		access_vfu_vectors_close(near);
		munmap(near, sizeof(*near));
	}
	return ret;
}

/* Of this process, as a secondary one: domains of one device join it together. */
static struct {
	struct access_vfu *vfu;
	unsigned int users;
} joined[ACCESS_VFU_MAX];

/* The place of one that has been joined, or a free one. */
static unsigned int
place_of(const struct access_vfu *vfu)
{
	unsigned int i, place = ACCESS_VFU_MAX;

	for (i = 0; i < ACCESS_VFU_MAX; i++) {
		if (joined[i].users != 0 && joined[i].vfu == vfu)
			return i;
		if (joined[i].users == 0)
			place = i;
	}
	return place;
}

int
access_vfu_join(struct access_dev *access, void (*log)(const char *name, const char *line))
{
	struct access_vfu *vfu = access_vfu_of(access);
	unsigned int i = place_of(vfu);
	int ret = i < ACCESS_VFU_MAX ? 0 : -ENOSPC;

	if (ret == 0 && joined[i].users == 0)
		ret = join(vfu, log);
	if (ret == 0) {
		joined[i].vfu = vfu;
		joined[i].users++;
	} else if (ret == -EEXIST) {
		log(vfu->name, "something else is in this process where the primary process has "
			       "the device's rings; start it again, or both with another "
			       "--base-virtaddr");
	} else {
		log(vfu->name, "the primary process does not hand the device on; is it well?");
	}
	return ret;
}

void
access_vfu_leave(struct access_dev *access)
{
	struct access_vfu *vfu = access_vfu_of(access);
	unsigned int i = place_of(vfu);

	if (i == ACCESS_VFU_MAX || joined[i].users == 0 || --joined[i].users != 0)
		return;
	vfu_client_close(vfu->client);
	access_vfu_vectors_close(vfu->near);
	munmap(vfu->near, sizeof(*vfu->near));
}

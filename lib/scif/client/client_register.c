/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <linux/capability.h>
#include <sys/resource.h>

#include "client_memory.h"
#include "scif.h"

/* ---- The limit on locked memory, section 5.7 ---- */

static _Atomic uint64_t locked;

static bool
is_privileged(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};

	return syscall(SYS_capget, &header, data) == 0 &&
	       (data[0].effective & (1u << CAP_IPC_LOCK)) != 0;
}

static int
account(uint64_t len)
{
	uint64_t all = atomic_fetch_add(&locked, len) + len;
	struct rlimit limit;

	if (getrlimit(RLIMIT_MEMLOCK, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY ||
	    all <= limit.rlim_cur || is_privileged())
		return 0;
	atomic_fetch_sub(&locked, len);
	return -ENOMEM;
}

static void
window_begins(struct client_endpoint *ep, uint64_t len)
{
	struct client_windows *w;

	client_lock(&ep->state_lock);
	w = client_windows_of(ep);
	if (w != NULL)
		w->locked += len;
	client_unlock(&ep->state_lock);
}

/* It may be one of another process, which shares the endpoint. */
static void
window_ends(struct client_endpoint *ep, uint64_t len)
{
	struct client_windows *w;

	client_lock(&ep->state_lock);
	w = client_windows_of(ep);
	if (w == NULL || len > w->locked)
		len = w == NULL ? 0 : w->locked;
	if (w != NULL)
		w->locked -= len;
	client_unlock(&ep->state_lock);
	atomic_fetch_sub(&locked, len);
}

/* ---- Register ---- */

static int
check_register(const void *address, size_t len, int64_t offset, int prot, int flags)
{
	if ((flags & ~SCIF_MAP_FIXED) != 0)
		return -EINVAL;
	if ((flags & SCIF_MAP_FIXED) != 0 &&
	    (offset < 0 || offset % CLIENT_PAGE != 0 ||
	     len > (uint64_t)INT64_MAX + 1 - (uint64_t)offset))
		return -EINVAL;
	if ((prot & ~(SCIF_PROT_READ | SCIF_PROT_WRITE)) != 0)
		return -EINVAL;
	return len == 0 || len % CLIENT_PAGE != 0 || (uintptr_t)address % CLIENT_PAGE != 0 ? -EINVAL
											   : 0;
}

/* Memory that stays the process's goes by a box. */
static int
send_box(struct client_endpoint *ep, struct scif_request *rq, const struct client_backing *backing,
	 struct client_copier **copiers, int64_t *value)
{
	int fd = client_copier_begin(ep, backing->offset, backing->length, (uint32_t)rq->arg[2],
				     copiers),
	    ret;

	if (fd < 0)
		return fd;
	rq->arg[5] = SCIF_REQUEST_BOX;
	ret = client_slot_call(ep, rq, fd, value);
	close(fd);
	return ret;
}

/* All pieces but the last come before; all name the same slot. `at` is where it ended. */
static int
send_all(struct client_endpoint *ep, struct scif_request *rq, const struct client_backing *list,
	 uint32_t count, uint32_t *at, struct client_copier **copiers, int64_t *value)
{
	uint32_t op = rq->op, i;
	int ret = 0;

	for (i = 0; i < count && ret == 0; i++) {
		rq->op = i + 1 < count ? SCIF_REQUEST_RUN : op;
		rq->arg[3] = list[i].offset;
		rq->arg[4] = list[i].length;
		rq->arg[5] = list[i].key;
		if (list[i].fd < 0 && list[i].key == 0)
			ret = send_box(ep, rq, &list[i], copiers, value);
		else
			ret = client_slot_call(ep, rq, list[i].fd, value);
		*at = i;
	}
	rq->op = op;
	return ret;
}

static int
send_pieces(struct client_endpoint *ep, struct scif_request *rq, const struct client_backing *list,
	    uint32_t count, uint32_t *at, int64_t *value)
{
	struct client_copier *copiers = NULL;
	int ret = send_all(ep, rq, list, count, at, &copiers, value);

	if (ret == 0)
		client_copier_keep(copiers, (uint64_t)*value);
	else
		client_copier_cancel(copiers);
	return ret;
}

/* What the engine turns out not to have is found, and all is sent again. */
static int
register_pieces(struct client_endpoint *ep, struct scif_request *rq, uintptr_t start,
		struct client_backing *list, uint32_t count, int64_t *value)
{
	uint32_t at = 0;
	int ret;

	while ((ret = send_pieces(ep, rq, list, count, &at, value)) == -ENOENT) {
		uintptr_t address = start;

		for (uint32_t i = 0; i < at; i++)
			address += list[i].length;
		if (list[at].fd >= 0)
			return -ENOMEM;
		ret = client_back_again(address, &list[at]);
		if (ret < 0)
			return ret;
	}
	return ret;
}

/* One at a time: what one moves, another must not just have found. */
struct client_lock client_register_lock;

void
client_register_forget(void)
{
	client_register_lock = (struct client_lock){0};
}

static int
register_memory(struct client_endpoint *ep, uintptr_t start, struct scif_request *rq,
		int64_t *value)
{
	struct client_backing *list;
	uint32_t count;
	int ret;

	client_lock(&client_register_lock);
	ret = client_back(start, rq->arg[1], (uint32_t)rq->arg[2], &list, &count);
	if (ret == 0) {
		client_slot_take(ep->client, rq);
		ret = register_pieces(ep, rq, start, list, count, value);
		client_slot_free(ep->client, rq->slot);
		client_back_free(list, count);
	}
	client_unlock(&client_register_lock);
	return ret;
}

/* Pieces that stay as they are, whatever is mapped there by now. */
static int
register_list(struct client_endpoint *ep, struct scif_request *rq,
	      const struct client_backing *list, uint32_t count, int64_t *value)
{
	uint32_t at;
	int ret;

	client_slot_take(ep->client, rq);
	ret = send_pieces(ep, rq, list, count, &at, value);
	client_slot_free(ep->client, rq->slot);
	return ret == -ENOENT ? -ENOMEM : ret;
}

/* Checks, and what is counted, around one of the two. */
static int64_t
register_counted(struct client_endpoint *ep, uintptr_t start, const struct client_backing *list,
		 uint32_t count, struct scif_request *rq)
{
	uint64_t len = rq->arg[1];
	int64_t value = 0;
	int ret = client_verify(ep);

	if (ret == 0)
		ret = account(len);
	if (ret < 0)
		return ret;
	ret = list != NULL ? register_list(ep, rq, list, count, &value)
			   : register_memory(ep, start, rq, &value);
	if (ret < 0) {
		atomic_fetch_sub(&locked, len);
		return ret;
	}
	window_begins(ep, len);
	return value;
}

static struct scif_request
request_of(size_t len, int64_t offset, int prot, int flags)
{
	return (struct scif_request){
		.op = SCIF_REQUEST_REGISTER,
		.arg = {(flags & SCIF_MAP_FIXED) != 0 ? (uint64_t)offset : UINT64_MAX, len,
			(uint64_t)prot},
	};
}

int64_t
client_register(struct client_endpoint *ep, void *address, size_t len, int64_t offset, int prot,
		int flags)
{
	struct scif_request rq = request_of(len, offset, prot, flags);
	int ret = check_register(address, len, offset, prot, flags);

	return ret < 0 ? ret : register_counted(ep, (uintptr_t)address, NULL, 0, &rq);
}

int64_t
client_register_backing(struct client_endpoint *ep, const struct client_backing *list,
			uint32_t count, size_t len, int64_t offset, int prot, int flags)
{
	struct scif_request rq = request_of(len, offset, prot, flags);
	int ret = check_register(NULL, len, offset, prot, flags);

	return ret < 0 ? ret : register_counted(ep, 0, list, count, &rq);
}

/* ---- Unregister ---- */

int
client_unregister(struct client_endpoint *ep, int64_t offset, size_t len)
{
	struct scif_request rq = {.op = SCIF_REQUEST_UNREGISTER, .arg = {(uint64_t)offset, len}};
	int64_t value;
	int ret;

	if (len == 0 || len % CLIENT_PAGE != 0 || offset < 0 || offset % CLIENT_PAGE != 0 ||
	    len > (uint64_t)INT64_MAX + 1 - (uint64_t)offset)
		return -EINVAL;
	ret = client_verify(ep);
	if (ret < 0)
		return ret;
	ret = client_call_wait(ep, &rq, &value);
	if (ret == 0) {
		window_ends(ep, len);
		client_copier_end(ep, (uint64_t)offset, len);
	}
	return ret;
}

void
client_register_closed(struct client_endpoint *ep)
{
	client_copier_closed(ep);
	if (ep->windows != NULL)
		atomic_fetch_sub(&locked, ep->windows->locked);
}

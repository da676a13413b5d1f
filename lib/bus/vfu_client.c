/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Connecting and leaving, memory for the device, and its vectors. */

#include "vfu_client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "vfu_client_priv.h"
#include "vfu_stopped.h"

/* Between the place of a client and that of what is shared. */
#define CLIENT_ROOM (1u << 20)

/* ---- Connecting ---- */

/* What to do next. */
static const char *
advice(int error)
{
	switch (error) {
	case ENOENT:
		return "no socket there; start the server, such as `slipway serve`, with that path";
	case ECONNREFUSED:
		return "nobody listens there any more; start the server again";
	case EACCES:
	case EPERM:
		return "not permitted; ask who started the server for access to the socket";
	case EAGAIN:
		return "others are waiting there already; start another server";
	case ENAMETOOLONG:
		return "accepted: a shorter path, of up to 107 bytes";
	default:
		return "is the path right?";
	}
}

static void
log_cannot_connect(const struct vfu_client *c, const char *path, int error)
{
	char line[512];

	if (c->log == NULL)
		return;
	snprintf(line, sizeof(line), "cannot connect to %.256s: %s: %s", path, strerror(error),
		 advice(error));
	c->log(c->arg, line);
}

static int
connect_to(const struct vfu_client *c, const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd, error;

	if (strlen(path) >= sizeof(addr.sun_path)) {
		log_cannot_connect(c, path, ENAMETOOLONG);
		return -ENAMETOOLONG;
	}
	strcpy(addr.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	error = errno;
	if (fd >= 0)
		close(fd);
	log_cannot_connect(c, path, error);
	return error == EAGAIN ? -EBUSY : -error;
}

static void
prepare(struct vfu_client *c, const struct vfu_client_config *config)
{
	c->dev.ops = &vfu_client_device_ops;
	c->timeout_ms = config->timeout_ms != 0 ? config->timeout_ms : VFU_CLIENT_TIMEOUT_MS;
	c->log = config->log;
	c->arg = config->arg;
	snprintf(c->name, sizeof(c->name), "the server at %s",
		 config->path != NULL ? config->path : "the other end");
}

static struct vfu_client *
allocate(const struct vfu_client_config *config, struct bus_host *host)
{
	/* At a place that other processes can have free, too; what is shared goes behind it. */
	struct vfu_client *c = mmap(config->place, sizeof(*c), PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (c == MAP_FAILED)
		return NULL;
	prepare(c, config);
	c->host = host;
	if (config->place != NULL)
		c->place = (uint8_t *)config->place + CLIENT_ROOM;
	c->share.told = (struct vfu_client_shared){
		.socket = -1, .memory_fd = -1, .bell_fd = -1, .kick_fd = -1,
		.client = c, .client_bytes = sizeof(*c)};
	return c;
}

/* Nothing is lost yet by not waiting until the server goes on. */
static int
check_stopped(const struct vfu_client *c, int fd)
{
	pid_t pid = vfu_stopped_process(fd);
	char why[128];

	if (pid == 0)
		return 0;
	snprintf(why, sizeof(why),
		 "does not answer: its process %d is stopped; kill -CONT %d lets it go on",
		 (int)pid, (int)pid);
	vfu_client_say(c, why);
	return -EHOSTDOWN;
}

/* With a socket that is connected. */
static int
begin(struct vfu_client *c, int fd, bool share)
{
	int ret;

	c->socket = fd;
	c->share.told.socket = fd;
	if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0)
		return -errno;
	ret = check_stopped(c, fd);
	if (ret < 0)
		return ret;
	ret = vfu_client_hello(c, share);
	if (ret == 0 && share && c->shares)
		vfu_client_share_begin(c);
	/* Whoever is lost before it is found has said why. */
	if (ret == 0 && vfu_client_lost(c))
		ret = -ENOTCONN;
	return ret == -ENOTCONN ? -EPROTO : ret;
}

int
vfu_client_open_fd(const struct vfu_client_config *config, int fd, struct bus_host *host,
		   struct vfu_client **client)
{
	struct vfu_client *c = allocate(config, host);
	int ret;

	if (c == NULL) {
		close(fd);
		return -ENOMEM;
	}
	ret = begin(c, fd, config->share);
	if (ret < 0)
		vfu_client_close(c);
	else
		*client = c;
	return ret;
}

int
vfu_client_open(const struct vfu_client_config *config, struct bus_host *host,
		struct vfu_client **client)
{
	const struct vfu_client words = {.log = config->log, .arg = config->arg};
	int fd = connect_to(&words, config->path);

	return fd < 0 ? fd : vfu_client_open_fd(config, fd, host, client);
}

void
vfu_client_close(struct vfu_client *c)
{
	if (c == NULL)
		return;
	vfu_client_share_end(c);
	close(c->socket);
	free(c->about);
	munmap(c, sizeof(*c));
}

/* ---- In another process ---- */

int
vfu_client_join(const struct vfu_client_config *config, const struct vfu_client_shared *shared,
		const struct bus_region regions[], unsigned int n, struct vfu_client **client)
{
	struct vfu_client *c;
	int ret;

	if (shared->client_bytes != sizeof(*c) || shared->memory == NULL)
		return -EINVAL;
	c = mmap(shared->client, sizeof(*c), PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (c == MAP_FAILED)
		return -errno;
	prepare(c, config);
	c->joined = true;
	c->socket = shared->socket;
	ret = vfu_client_share_join(c, shared, regions, n);
	if (ret < 0)
		munmap(c, sizeof(*c));
	else
		*client = c;
	return ret;
}

/* ---- What there is to know ---- */

bool
vfu_client_stopped(const struct vfu_client *c)
{
	return !vfu_client_lost(c) && vfu_stopped_process(c->socket) != 0;
}

struct bus_device *
vfu_client_device(struct vfu_client *c)
{
	return &c->dev;
}

const char *
vfu_client_about(const struct vfu_client *c)
{
	return c->about;
}

uint64_t
vfu_client_region_size(const struct vfu_client *c, unsigned int index)
{
	return index < VFU_REGIONS ? c->region_bytes[index] : 0;
}

unsigned int
vfu_client_vectors(const struct vfu_client *c)
{
	return c->vectors;
}

bool
vfu_client_lost(const struct vfu_client *c)
{
	/* Pairs with the release in vfu_client_give_up. */
	return atomic_load_explicit(&c->lost, memory_order_acquire);
}

bool
vfu_client_needs_step(const struct vfu_client *c)
{
	return atomic_load_explicit(&c->needs_step, memory_order_relaxed);
}

void
vfu_client_shared(const struct vfu_client *c, struct vfu_client_shared *shared)
{
	*shared = c->share.told;
}

/* ---- Memory ---- */

int
vfu_client_dma_map(struct vfu_client *c, uint64_t iova, uint64_t len, int fd, uint64_t fd_offset,
		   enum bus_prot prot)
{
	struct vfu_dma_map map = {
		.argsz = sizeof(map),
		.flags = (prot & BUS_PROT_READ ? VFU_DMA_MAP_READ : 0) |
			 (prot & BUS_PROT_WRITE ? VFU_DMA_MAP_WRITE : 0),
		.offset = fd >= 0 ? fd_offset : 0,
		.address = iova,
		.size = len,
	};
	struct vfu_call call = {
		.command = VFU_DMA_MAP,
		.parts = {{&map, sizeof(map)}},
		.fds = &fd,
		.n_fds = fd >= 0,
		.reply = {{&map, sizeof(map)}},
	};

	if (fd < 0)
		atomic_store_explicit(&c->needs_step, true, memory_order_relaxed);
	return vfu_client_call(c, &call);
}

int
vfu_client_dma_unmap(struct vfu_client *c, uint64_t iova, uint64_t len)
{
	struct vfu_dma_unmap unmap = {.argsz = sizeof(unmap), .address = iova, .size = len};
	struct vfu_call call = {
		.command = VFU_DMA_UNMAP,
		.parts = {{&unmap, sizeof(unmap)}},
		.reply = {{&unmap, sizeof(unmap)}},
	};

	return vfu_client_call(c, &call);
}

/* ---- Vectors ---- */

static int
set_irqs(struct vfu_client *c, uint32_t flags, unsigned int start, unsigned int n, const int *fds,
	 unsigned int n_fds)
{
	struct vfu_irq_set set = {
		.argsz = sizeof(set),
		.flags = flags | VFU_IRQ_ACTION_TRIGGER,
		.index = VFU_IRQ_MSIX,
		.start = start,
		.count = n,
	};
	struct vfu_call call = {
		.command = VFU_DEVICE_SET_IRQS,
		.parts = {{&set, sizeof(set)}},
		.fds = fds,
		.n_fds = n_fds,
		.reply = {{&set, sizeof(set)}},
	};

	return vfu_client_call(c, &call);
}

/* How many from the first on either all have descriptors or all have none. */
static unsigned int
run_length(const struct vfu_client *c, const int fds[], unsigned int n)
{
	unsigned int i;

	for (i = 1; i < n && i < c->max_fds && (fds[i] < 0) == (fds[0] < 0); i++)
		;
	return i;
}

int
vfu_client_set_irqs(struct vfu_client *c, unsigned int start, unsigned int n, const int fds[])
{
	int ret = 0;

	if (n > c->vectors || start > c->vectors - n)
		return -EINVAL;
	while (n != 0 && ret == 0) {
		unsigned int run = run_length(c, fds, n);

		ret = set_irqs(c, VFU_IRQ_DATA_EVENTFD, start, run, fds, fds[0] < 0 ? 0 : run);
		start += run;
		fds += run;
		n -= run;
	}
	return ret;
}

int
vfu_client_disable_irqs(struct vfu_client *c)
{
	return set_irqs(c, VFU_IRQ_DATA_NONE, 0, 0, NULL, 0);
}

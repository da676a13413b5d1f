/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "bus_trace.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000u

struct bus_trace {
	struct bus_host host;
	struct bus_device dev;
	struct bus_host *real_host;
	struct bus_device *real_dev;
	int fd;
	uint32_t pid;
	uint8_t index;
	/* Statistics and a switch: no other data hangs on either, so relaxed order will do. */
	_Atomic bool stopped;
	_Atomic uint64_t lost;
	char model[sizeof(((struct bus_trace_hello *)NULL)->model)];
	struct bus_host_ops host_ops;
	struct bus_device_ops dev_ops;
};

static struct bus_trace *
trace_of_host(struct bus_host *host)
{
	return (struct bus_trace *)host;
}

static struct bus_trace *
trace_of_device(struct bus_device *dev)
{
	return (struct bus_trace *)(void *)((char *)dev - offsetof(struct bus_trace, dev));
}

/* ---- Records ---- */

static uint64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

/* strerror may allocate, which a signal handler must not. */
static const char *
error_text(int error)
{
	switch (error) {
	case ENOSPC:
		return "no space left on device";
	case EFBIG:
		return "file too large";
	case EDQUOT:
		return "disk quota exceeded";
	case EBADF:
		return "the file was closed";
	case EPIPE:
		return "nobody reads it";
	default:
		return "write failed";
	}
}

static void
say(const char *text, int len)
{
	/* Nobody is left to tell when this fails, too. */
	ssize_t n = write(STDERR_FILENO, text, (size_t)len);

	(void)n;
}

/* Recording has failed: once, and for good, as half a record may be in the file. */
static void
stop(struct bus_trace *t, int error)
{
	char text[160];
	int len;

	if (atomic_exchange_explicit(&t->stopped, true, memory_order_relaxed))
		return;
	len = snprintf(
		text, sizeof(text),
		"slipway: trace of %s device %u ends here: %s (error %d); the device goes on\n",
		t->model, t->index, error_text(error), error);
	say(text, len);
}

static void
append(struct bus_trace *t, struct bus_trace_record *r, const void *payload, size_t len)
{
	struct iovec part[2];
	int saved = errno;
	ssize_t n;

	if (atomic_load_explicit(&t->stopped, memory_order_relaxed)) {
		atomic_fetch_add_explicit(&t->lost, 1, memory_order_relaxed);
		return;
	}
	r->mark = BUS_TRACE_MARK;
	r->bytes = (uint16_t)(len < BUS_TRACE_PAYLOAD_MAX ? len : BUS_TRACE_PAYLOAD_MAX);
	r->device = t->index;
	r->pid = t->pid;
	r->tid = (uint32_t)syscall(SYS_gettid);
	if (r->ns == 0)
		r->ns = now_ns();
	part[0] = (struct iovec){.iov_base = r, .iov_len = sizeof(*r)};
	part[1] = (struct iovec){.iov_base = (void *)(uintptr_t)payload, .iov_len = r->bytes};
	do {
		errno = ENOSPC; /* what a short write means: it reports no error of its own */
		n = writev(t->fd, part, r->bytes != 0 ? 2 : 1);
	} while (n < 0 && errno == EINTR);
	if (n != (ssize_t)(sizeof(*r) + r->bytes)) {
		atomic_fetch_add_explicit(&t->lost, 1, memory_order_relaxed);
		stop(t, errno);
	}
	errno = saved;
}

/* Append what has just been done, and began at r->ns. */
static void
append_done(struct bus_trace *t, struct bus_trace_record *r, const void *payload, size_t len)
{
	uint64_t took = now_ns() - r->ns;

	/* 0 would say that it was recorded first. */
	r->took = took == 0 ? 1 : (uint32_t)(took < UINT32_MAX ? took : UINT32_MAX);
	append(t, r, payload, len);
}

/* ---- What the host asks of the device ---- */

static int
trace_config(struct bus_device *dev, uint16_t off, void *bytes, size_t len, bool write)
{
	struct bus_trace *t = trace_of_device(dev);
	struct bus_trace_record r = {
		.op = write ? BUS_TRACE_CONFIG_WRITE : BUS_TRACE_CONFIG_READ,
		.ns = now_ns(),
		.pasid = BUS_NO_PASID,
		.off = off,
		.value = len,
	};

	r.result = t->real_dev->ops->config(t->real_dev, off, bytes, len, write);
	append_done(t, &r, bytes, r.result < 0 && !write ? 0 : len);
	return r.result;
}

/* Lines put into a ring would pass unseen: whoever asks is told to post instead. */
static int
trace_describe(struct bus_device *dev, struct bus_region regions[], unsigned int max)
{
	struct bus_trace *t = trace_of_device(dev);
	int n = t->real_dev->ops->describe(t->real_dev, regions, max);

	for (unsigned int i = 0; i < max && n >= 0 && i < (unsigned int)n; i++) {
		if (regions[i].kind != BUS_LINE_RING)
			continue;
		regions[i].kind = BUS_TRAPPED;
		regions[i].memory = NULL;
		regions[i].fd = -1;
		regions[i].fd_offset = 0;
	}
	return n;
}

static uint64_t
trace_read(struct bus_device *dev, unsigned int bar, uint64_t off, unsigned int size)
{
	struct bus_trace *t = trace_of_device(dev);
	struct bus_trace_record r = {
		.op = BUS_TRACE_READ,
		.ns = now_ns(),
		.pasid = BUS_NO_PASID,
		.bar = bar,
		.off = off,
		.size = (uint8_t)size,
	};

	r.value = t->real_dev->ops->read(t->real_dev, bar, off, size);
	append_done(t, &r, NULL, 0);
	return r.value;
}

static void
trace_write(struct bus_device *dev, unsigned int bar, uint64_t off, uint64_t value,
	    unsigned int size)
{
	struct bus_trace *t = trace_of_device(dev);
	struct bus_trace_record r = {
		.op = BUS_TRACE_WRITE,
		.pasid = BUS_NO_PASID,
		.bar = bar,
		.off = off,
		.size = (uint8_t)size,
		.value = value,
	};

	append(t, &r, NULL, 0);
	t->real_dev->ops->write(t->real_dev, bar, off, value, size);
}

static void
trace_post(struct bus_device *dev, unsigned int bar, uint64_t off, const void *line,
	   unsigned int len)
{
	struct bus_trace *t = trace_of_device(dev);
	struct bus_trace_record r = {
		.op = BUS_TRACE_POST,
		.pasid = BUS_NO_PASID,
		.bar = bar,
		.off = off,
		.value = len,
	};

	append(t, &r, line, len);
	t->real_dev->ops->post(t->real_dev, bar, off, line, len);
}

static int
trace_submit(struct bus_device *dev, unsigned int bar, uint64_t off, const void *line,
	     uint32_t pasid)
{
	struct bus_trace *t = trace_of_device(dev);
	struct bus_trace_record r = {
		.op = BUS_TRACE_SUBMIT,
		.ns = now_ns(),
		.pasid = pasid,
		.bar = bar,
		.off = off,
		.value = 64,
	};

	r.result = t->real_dev->ops->submit(t->real_dev, bar, off, line, pasid);
	append_done(t, &r, line, 64);
	return r.result;
}

/* Steps are too many to record, and all that comes of them passes through the host. */
static uint64_t
trace_step(struct bus_device *dev, uint64_t ns)
{
	struct bus_trace *t = trace_of_device(dev);

	return t->real_dev->ops->step(t->real_dev, ns);
}

static void
trace_reset(struct bus_device *dev, enum bus_reset kind)
{
	struct bus_trace *t = trace_of_device(dev);
	struct bus_trace_record r = {
		.op = BUS_TRACE_RESET,
		.ns = now_ns(),
		.pasid = BUS_NO_PASID,
		.value = kind,
	};

	t->real_dev->ops->reset(t->real_dev, kind);
	append_done(t, &r, NULL, 0);
}

static void
trace_remap(struct bus_device *dev)
{
	struct bus_trace *t = trace_of_device(dev);
	struct bus_trace_record r = {
		.op = BUS_TRACE_REMAP,
		.ns = now_ns(),
		.pasid = BUS_NO_PASID,
	};

	t->real_dev->ops->remap(t->real_dev);
	append_done(t, &r, NULL, 0);
}

/* ---- What the device asks of the host ---- */

static void *
trace_map(struct bus_host *host, uint32_t pasid, uint64_t iova, size_t *len, enum bus_prot prot,
	  struct bus_fault *fault)
{
	(void)host;
	*len = 0;
	*fault = (struct bus_fault){.iova = iova, .pasid = pasid, .prot = prot};
	return NULL;
}

static int
dma_read(struct bus_trace *t, struct bus_trace_record *r, void *bytes, size_t len)
{
	r->op = BUS_TRACE_DMA_READ;
	r->ns = now_ns();
	r->result = t->real_host->ops->dma(t->real_host, r->pasid, r->off, bytes, len, false);
	append_done(t, r, bytes, r->result < 0 ? 0 : len);
	return r->result;
}

/* Whoever waits for the bytes may act on them before this returns, so the record goes first. */
static int
dma_write(struct bus_trace *t, struct bus_trace_record *r, void *bytes, size_t len)
{
	int ret;

	r->op = BUS_TRACE_DMA_WRITE;
	append(t, r, bytes, len);
	ret = t->real_host->ops->dma(t->real_host, r->pasid, r->off, bytes, len, true);
	if (ret < 0) {
		r->op = BUS_TRACE_DMA_FAULT;
		r->result = ret;
		append_done(t, r, bytes, len);
	}
	return ret;
}

static int
trace_dma(struct bus_host *host, uint32_t pasid, uint64_t iova, void *bytes, size_t len, bool write)
{
	struct bus_trace_record r = {.pasid = pasid, .off = iova, .value = len};

	return write ? dma_write(trace_of_host(host), &r, bytes, len)
		     : dma_read(trace_of_host(host), &r, bytes, len);
}

static int
trace_page_request(struct bus_host *host, uint32_t pasid, uint64_t iova, enum bus_prot prot)
{
	struct bus_trace *t = trace_of_host(host);
	struct bus_trace_record r = {
		.op = BUS_TRACE_PAGE_REQUEST,
		.ns = now_ns(),
		.pasid = pasid,
		.off = iova,
		.value = prot,
	};

	r.result = t->real_host->ops->page_request(t->real_host, pasid, iova, prot);
	append_done(t, &r, NULL, 0);
	return r.result;
}

static void
trace_irq(struct bus_host *host, unsigned int vector)
{
	struct bus_trace *t = trace_of_host(host);
	struct bus_trace_record r = {
		.op = BUS_TRACE_IRQ,
		.pasid = BUS_NO_PASID,
		.value = vector,
	};

	append(t, &r, NULL, 0);
	t->real_host->ops->irq(t->real_host, vector);
}

/* ---- Life ---- */

static void
host_plug(struct bus_trace *t, struct bus_host *host)
{
	t->real_host = host;
	t->host.ops = &t->host_ops;
	t->host_ops = (struct bus_host_ops){
		.map = host->ops->map != NULL ? trace_map : NULL,
		.dma = trace_dma,
		.page_request = host->ops->page_request != NULL ? trace_page_request : NULL,
		.irq = host->ops->irq != NULL ? trace_irq : NULL,
	};
}

struct bus_trace *
bus_trace_create(int fd, unsigned int index, const char *model, unsigned int version,
		 struct bus_host *host)
{
	struct bus_trace_record r = {.op = BUS_TRACE_DEVICE, .pasid = BUS_NO_PASID};
	struct bus_trace_hello hello = {.format = BUS_TRACE_FORMAT, .version = version};
	struct bus_trace *t;

	if (index >= BUS_TRACE_DEVICES || strlen(model) >= sizeof(hello.model) ||
	    host->ops->dma == NULL) {
		errno = EINVAL;
		return NULL;
	}
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return NULL;
	t->fd = fd;
	t->pid = (uint32_t)getpid();
	t->index = (uint8_t)index;
	strcpy(t->model, model);
	host_plug(t, host);
	memcpy(hello.magic, BUS_TRACE_MAGIC, sizeof(hello.magic));
	strcpy(hello.model, model);
	append(t, &r, &hello, sizeof(hello));
	return t;
}

struct bus_host *
bus_trace_host(struct bus_trace *trace)
{
	return &trace->host;
}

struct bus_device *
bus_trace_device(struct bus_trace *trace, struct bus_device *dev)
{
	const struct bus_device_ops *ops = dev->ops;

	trace->real_dev = dev;
	trace->dev.ops = &trace->dev_ops;
	trace->dev_ops = (struct bus_device_ops){
		.config = ops->config != NULL ? trace_config : NULL,
		.describe = ops->describe != NULL ? trace_describe : NULL,
		.read = ops->read != NULL ? trace_read : NULL,
		.write = ops->write != NULL ? trace_write : NULL,
		.post = ops->post != NULL ? trace_post : NULL,
		.submit = ops->submit != NULL ? trace_submit : NULL,
		.step = ops->step != NULL ? trace_step : NULL,
		.reset = ops->reset != NULL ? trace_reset : NULL,
		.remap = ops->remap != NULL ? trace_remap : NULL,
	};
	return &trace->dev;
}

void
bus_trace_destroy(struct bus_trace *trace)
{
	char text[120];
	uint64_t lost;
	int len;

	if (trace == NULL)
		return;
	lost = atomic_load_explicit(&trace->lost, memory_order_relaxed);
	if (lost != 0) {
		len = snprintf(text, sizeof(text),
			       "slipway: trace of %s device %u: %" PRIu64 " records lost\n",
			       trace->model, trace->index, lost);
		say(text, len);
	}
	free(trace);
}

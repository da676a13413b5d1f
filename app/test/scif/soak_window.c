/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "soak_window.h"
#include "test.h"

const enum soak_op soak_op_of[NB_CALLS] = {SOAK_WRITETO, SOAK_READFROM, SOAK_VWRITETO,
					   SOAK_VREADFROM};

static uint8_t *
memory_new(enum kind kind, size_t len)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS, fd = -1;
	void *p = NULL;

	if (kind == HEAP)
		return posix_memalign(&p, SOAK_PAGE, len) == 0 ? p : NULL;
	if (kind == MEMFD || kind == COPIED) {
		fd = memfd_create("slipway-soak", MFD_CLOEXEC);
		if (fd < 0 || ftruncate(fd, (off_t)len) < 0)
			return NULL;
		flags = kind == MEMFD ? MAP_SHARED : MAP_PRIVATE;
	} else if (kind == SHARED) {
		flags = MAP_SHARED | MAP_ANONYMOUS;
	}
	p = mmap(NULL, len, PROT_READ | PROT_WRITE, flags, fd, 0);
	if (fd >= 0)
		close(fd);
	return p == MAP_FAILED ? NULL : p;
}

static void
memory_free(enum kind kind, uint8_t *memory, size_t len)
{
	if (kind == HEAP)
		free(memory);
	else
		munmap(memory, len);
}

void
soak_window_free(struct soak_window *w)
{
	if (w == NULL)
		return;
	if (w->memory != NULL)
		memory_free(w->kind, w->memory, w->len);
	free(w->shadow);
	free(w);
}

void
soak_fill(uint8_t *p, size_t len, uint64_t seed)
{
	memset(p, 0, len);
	soak_cover(p, len, seed, 0);
}

/* One of one's own, to be registered: what is asked for is as in SOAK_MAKE. */
struct soak_window *
soak_window_new(const int64_t a[SOAK_ARGS], bool with_memory)
{
	struct soak_window *w = calloc(1, sizeof(*w));

	if (w == NULL)
		soak_fail("no memory");
	w->len = (size_t)a[1] * SOAK_PAGE;
	w->prot = (int)a[2];
	w->kind = (enum kind)a[3];
	w->shadow = malloc(w->len);
	w->memory = with_memory ? memory_new(w->kind, w->len) : NULL;
	if (w->shadow == NULL || (with_memory && w->memory == NULL))
		soak_fail("no memory");
	soak_fill(w->shadow, w->len, (uint64_t)a[5]);
	if (with_memory)
		memcpy(w->memory, w->shadow, w->len);
	return w;
}

int64_t
soak_window_register(struct soak_session *s, struct soak_window *w, int64_t offset)
{
	return SOAK(REGISTER, scif_register(s->epd, w->memory, w->len, offset < 0 ? 0 : offset,
					    w->prot, offset < 0 ? 0 : SCIF_MAP_FIXED));
}

unsigned int
soak_window_pick(struct soak_window *const list[SOAK_WINDOWS], bool there)
{
	unsigned int at = (unsigned int)soak_pick(SOAK_WINDOWS);

	for (unsigned int i = 0; i < SOAK_WINDOWS; i++, at = (at + 1) % SOAK_WINDOWS)
		if ((list[at] != NULL) == there)
			return at;
	return SOAK_WINDOWS;
}

/* ---- Transfers, and what ends them ---- */

long
soak_transfer(struct soak_session *s, int64_t call, void *local, int64_t loffset, size_t len,
	      int64_t roffset, int flags)
{
	soak_begin(soak_op_of[call]);
	switch (call) {
	case WRITE_TO:
		return soak_done(soak_op_of[call],
				 scif_writeto(s->epd, loffset, len, roffset, flags));
	case READ_FROM:
		return soak_done(soak_op_of[call],
				 scif_readfrom(s->epd, loffset, len, roffset, flags));
	case VWRITE_TO:
		return soak_done(soak_op_of[call],
				 scif_vwriteto(s->epd, local, len, roffset, flags));
	default:
		return soak_done(soak_op_of[call],
				 scif_vreadfrom(s->epd, local, len, roffset, flags));
	}
}

void
soak_mark_and_wait(struct soak_session *s, int whose)
{
	int mark = 0;

	SOAK_OK(s, MARK, scif_fence_mark(s->epd, whose, &mark));
	SOAK_OK(s, WAIT, scif_fence_wait(s->epd, mark));
}

/* Some wait for a value that a fence is to write. */
void
soak_value_await(struct soak_session *s, const struct soak_window *w, uint64_t at, uint64_t value)
{
	uint64_t since = now_ns(), there;

	soak_begin(SOAK_SEEN);
	for (;;) {
		memcpy(&there, w->memory + at, sizeof(there));
		atomic_thread_fence(memory_order_acquire);
		if (there == value)
			break;
		if (soak_gone(s))
			soak_over(s);
		if (now_ns() - since > soak->deadline_ns)
			soak_fail("signal: %016" PRIx64 " does not come; %016" PRIx64 " is there",
				  value, there);
		pause_ms(0);
	}
	soak_done(SOAK_SEEN, 0);
}

/* ---- Comparing ---- */

void
soak_compare(const uint8_t *is, const uint8_t *should_be, size_t len, const char *what,
	     int64_t offset)
{
	for (size_t i = 0; i < len; i++)
		if (is[i] != should_be[i])
			soak_fail("%s: byte %zu of %zu, at offset %" PRIx64 ", is %02x and "
				  "should be %02x",
				  what, i, len, (uint64_t)offset + i, is[i], should_be[i]);
	soak_bytes(len);
}

/* Some of a window of the other side, as its owner sees it, with what is beside it. */
void
soak_compare_theirs(struct soak_session *s, unsigned int at, size_t from, size_t len,
		    const char *what)
{
	struct soak_window *w = s->theirs[at];
	uint8_t *bytes;

	from = from < 16 ? 0 : from - 16;
	len = len + 32 > w->len - from ? w->len - from : len + 32;
	bytes = malloc(len);
	if (bytes == NULL)
		soak_fail("no memory");
	free(s->pending);
	s->pending = bytes;
	soak_tell(s, SOAK_SHOW, at, (int64_t)from, (int64_t)len);
	soak_recv(s, bytes, len);
	soak_compare(bytes, w->shadow + from, len, what, w->offset + (int64_t)from);
}

void
soak_compare_own(const struct soak_window *w, const char *what)
{
	soak_compare(w->memory, w->shadow, w->len, what, w->offset);
}

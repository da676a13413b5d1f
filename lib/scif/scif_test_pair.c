/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "scif_test_pair.h"

static void *
connect_thread(void *arg)
{
	struct pair *p = arg;
	struct scif_portID to = {0, PAIR_PORT};

	assert_true(scif_connect(p->b, &to) > 0);
	return NULL;
}

scif_epd_t
pair_listen(void)
{
	scif_epd_t epd = scif_open();

	assert_true(epd >= 0);
	assert_int_equal(scif_bind(epd, PAIR_PORT), PAIR_PORT);
	assert_int_equal(scif_listen(epd, 4), 0);
	return epd;
}

short
pair_events(scif_epd_t epd, long timeout)
{
	struct scif_pollepd p = {.epd = epd, .events = POLLIN | POLLOUT};

	scif_poll(&p, 1, timeout);
	return p.revents;
}

void
pair_make(struct pair *p)
{
	struct scif_portID peer;
	pthread_t thread;

	p->listener = pair_listen();
	p->b = scif_open();
	assert_int_equal(pthread_create(&thread, NULL, connect_thread, p), 0);
	assert_int_equal(scif_accept(p->listener, &peer, &p->a, SCIF_ACCEPT_SYNC), 0);
	pthread_join(thread, NULL);
}

void
pair_close(struct pair *p)
{
	scif_close(p->a);
	scif_close(p->b);
	assert_int_equal(scif_close(p->listener), 0);
}

void
other_begin(struct other *o, int (*run)(scif_epd_t epd, void *arg), void *arg)
{
	struct scif_portID to = {0, PAIR_PORT}, peer;
	scif_epd_t listener, epd;

	fflush(NULL);
	listener = pair_listen();
	o->pid = fork();
	if (o->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		scif_close(listener);
		epd = scif_open();
		if (scif_connect(epd, &to) < 0)
			_exit(99);
		_exit(run(epd, arg));
	}
	assert_int_equal(scif_accept(listener, &peer, &o->epd, SCIF_ACCEPT_SYNC), 0);
	scif_close(listener);
}

void
other_end(struct other *o)
{
	int status;

	assert_int_equal(waitpid(o->pid, &status, 0), o->pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	scif_close(o->epd);
}

void
pair_say(scif_epd_t epd)
{
	pair_tell(epd, 0);
}

void
pair_hear(scif_epd_t epd)
{
	assert_int_equal(pair_told(epd), 0);
}

void
pair_tell(scif_epd_t epd, off_t offset)
{
	assert_int_equal(scif_send(epd, &offset, sizeof(offset), SCIF_SEND_BLOCK), sizeof(offset));
}

off_t
pair_told(scif_epd_t epd)
{
	off_t offset = -1;

	assert_int_equal(scif_recv(epd, &offset, sizeof(offset), SCIF_RECV_BLOCK), sizeof(offset));
	return offset;
}

char *
pair_pages(unsigned int count)
{
	char *at = mmap(NULL, count * PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(at, MAP_FAILED);
	return at;
}

char *
pair_shared(unsigned int count, int *fd)
{
	char *at;

	*fd = memfd_create("test", MFD_CLOEXEC);
	assert_true(*fd >= 0);
	assert_int_equal(ftruncate(*fd, count * PAGE), 0);
	at = mmap(NULL, count * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
	assert_ptr_not_equal(at, MAP_FAILED);
	return at;
}

off_t
pair_window(scif_epd_t epd, void *at, unsigned int pages, int prot)
{
	off_t offset = scif_register(epd, at, pages * PAGE, 0, prot, 0);

	assert_true(offset > 0);
	assert_int_equal(offset % PAGE, 0);
	return offset;
}

off_t
pair_window_at(scif_epd_t epd, void *at, unsigned int pages, off_t offset, int prot)
{
	assert_int_equal(scif_register(epd, at, pages * PAGE, offset, prot, SCIF_MAP_FIXED),
			 offset);
	return offset;
}

bool
pair_is_shared(const void *at)
{
	FILE *f = fopen("/proc/self/maps", "r");
	char line[512], flags[5];
	uintptr_t from, to;
	bool found = false, shared = false;

	while (!found && fgets(line, sizeof(line), f) != NULL) {
		assert_int_equal(sscanf(line, "%lx-%lx %4s", &from, &to, flags), 3);
		found = (uintptr_t)at >= from && (uintptr_t)at < to;
		shared = found && flags[3] == 's';
	}
	fclose(f);
	return shared;
}

/* ---- Memory of both sides ---- */

void
two_fill(char *at, size_t n, uint32_t seed)
{
	for (size_t i = 0; i < n; i++)
		at[i] = (char)((i + seed) * 2654435761u >> 23);
}

void
two_make(struct two *t, size_t size)
{
	pair_make(&t->pair);
	t->size = size;
	t->mine = pair_pages((unsigned int)(size / PAGE));
	t->theirs = pair_pages((unsigned int)(size / PAGE));
	pair_window_at(t->pair.b, t->mine, size / PAGE, 0, RW);
	pair_window_at(t->pair.a, t->theirs, size / PAGE, 0, RW);
}

void
two_close(struct two *t)
{
	pair_close(&t->pair);
	munmap(t->mine, t->size);
	munmap(t->theirs, t->size);
}

int
two_call(const struct two *t, int which, size_t mine, size_t theirs, size_t n, int flags)
{
	switch (which) {
	case WRITETO:
		return scif_writeto(t->pair.b, (off_t)mine, n, (off_t)theirs, flags);
	case READFROM:
		return scif_readfrom(t->pair.b, (off_t)mine, n, (off_t)theirs, flags);
	case VWRITETO:
		return scif_vwriteto(t->pair.b, t->mine + mine, n, (off_t)theirs, flags);
	default:
		return scif_vreadfrom(t->pair.b, t->mine + mine, n, (off_t)theirs, flags);
	}
}

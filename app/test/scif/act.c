/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test.h"

static void *
pointer(int64_t address)
{
	return (void *)(uintptr_t)address;
}

static int64_t
address(const void *p)
{
	return (int64_t)(uintptr_t)p;
}

/* A descriptor as cases know it: with the side of who opened it. */
static int64_t
endpoint(int64_t args0, int epd)
{
	return epd < 0 ? -1 : (args0 & ~(int64_t)((1 << SIDE_SHIFT) - 1)) | epd;
}

/* ---- Connections ---- */

int64_t
do_open(const int64_t *args)
{
	return endpoint(args[0], scif_open());
}

int64_t
do_close(const int64_t *args)
{
	return scif_close(FD(args[0]));
}

int64_t
do_bind(const int64_t *args)
{
	return scif_bind(FD(args[0]), (uint16_t)args[1]);
}

int64_t
do_listen(const int64_t *args)
{
	return scif_listen(FD(args[0]), (int)args[1]);
}

int64_t
do_connect(const int64_t *args)
{
	struct scif_portID to = {(uint16_t)args[1], (uint16_t)args[2]};

	return scif_connect(FD(args[0]), &to);
}

int64_t
do_connect_to(const int64_t *args)
{
	return scif_connect(FD(args[0]), pointer(args[1]));
}

int64_t
do_accept(const int64_t *args)
{
	struct scif_portID peer = {0};
	scif_epd_t epd;

	if (scif_accept(FD(args[0]), &peer, &epd, (int)args[1]) < 0)
		return -1;
	if (args[2] != 0)
		*(struct scif_portID *)pointer(args[2]) = peer;
	return endpoint(args[0], epd);
}

int64_t
do_accept_to(const int64_t *args)
{
	return scif_accept(FD(args[0]), pointer(args[1]), pointer(args[2]), (int)args[3]);
}

int64_t
do_nonblock(const int64_t *args)
{
	return fcntl(FD(args[0]), F_SETFL, O_NONBLOCK);
}

int64_t
do_send(const int64_t *args)
{
	return scif_send(FD(args[0]), pointer(args[1]), (int)args[2], (int)args[3]);
}

int64_t
do_recv(const int64_t *args)
{
	return scif_recv(FD(args[0]), pointer(args[1]), (int)args[2], (int)args[3]);
}

int64_t
do_recv_kept(const int64_t *args)
{
	errno = 77;
	return do_recv(args);
}

int64_t
do_poll(const int64_t *args)
{
	struct scif_pollepd record = {FD(args[0]), (short)args[1], 0};
	int ret = scif_poll(&record, 1, (long)args[2]);

	if (ret < 0)
		return -1;
	return ret == (record.revents != 0) ? record.revents : -2;
}

int64_t
do_poll_set(const int64_t *args)
{
	return scif_poll(pointer(args[1]), (unsigned int)args[2], (long)args[3]);
}

int64_t
do_get_fd(const int64_t *args)
{
	return scif_get_fd(FD(args[0]));
}

int64_t
do_fcntl(const int64_t *args)
{
	return fcntl(FD(args[0]), (int)args[1], (int)args[2]);
}

int64_t
do_poll_fd(const int64_t *args)
{
	struct pollfd record = {scif_get_fd(FD(args[0])), (short)args[1], 0};

	return poll(&record, 1, (int)args[2]) < 0 ? -1 : record.revents;
}

/* ---- Registered memory ---- */

int64_t
do_register(const int64_t *args)
{
	return scif_register(FD(args[0]), pointer(args[1]), (size_t)args[2], args[3],
			     (int)args[4], (int)args[5]);
}

int64_t
do_unregister(const int64_t *args)
{
	return scif_unregister(FD(args[0]), args[1], (size_t)args[2]);
}

int64_t
do_mmap(const int64_t *args)
{
	return address(scif_mmap(pointer(args[1]), (size_t)args[2], (int)args[3], (int)args[4],
				 FD(args[0]), args[5]));
}

int64_t
do_munmap(const int64_t *args)
{
	return scif_munmap(pointer(args[1]), (size_t)args[2]);
}

int64_t
do_readfrom(const int64_t *args)
{
	return scif_readfrom(FD(args[0]), args[1], (size_t)args[2], args[3], (int)args[4]);
}

int64_t
do_writeto(const int64_t *args)
{
	return scif_writeto(FD(args[0]), args[1], (size_t)args[2], args[3], (int)args[4]);
}

int64_t
do_vreadfrom(const int64_t *args)
{
	return scif_vreadfrom(FD(args[0]), pointer(args[1]), (size_t)args[2], args[3],
			      (int)args[4]);
}

int64_t
do_vwriteto(const int64_t *args)
{
	return scif_vwriteto(FD(args[0]), pointer(args[1]), (size_t)args[2], args[3],
			     (int)args[4]);
}

int64_t
do_mark(const int64_t *args)
{
	int mark = 0;

	if (scif_fence_mark(FD(args[0]), (int)args[1], &mark) < 0)
		return -1;
	return (uint32_t)mark;
}

int64_t
do_wait(const int64_t *args)
{
	return scif_fence_wait(FD(args[0]), (int)args[1]);
}

int64_t
do_signal(const int64_t *args)
{
	return scif_fence_signal(FD(args[0]), args[1], (uint64_t)args[2], args[3],
				 (uint64_t)args[4], (int)args[5]);
}

int64_t
do_node_ids(const int64_t *args)
{
	return scif_get_nodeIDs(pointer(args[1]), (int)args[2], pointer(args[3]));
}

int64_t
do_setuid(const int64_t *args)
{
	return setresuid((uid_t)args[1], (uid_t)args[1], (uid_t)args[1]);
}

int64_t
do_setenv(const int64_t *args)
{
	return setenv(pointer(args[1]), pointer(args[2]), 1);
}

int64_t
do_exit(const int64_t *args)
{
	_exit((int)args[1]);
}

/* ---- Memory ---- */

int64_t
do_alloc(const int64_t *args)
{
	return address(mmap(NULL, (size_t)args[1], PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

int64_t
do_map(const int64_t *args)
{
	return address(mmap(pointer(args[1]), (size_t)args[2], PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
}

int64_t
do_unmap(const int64_t *args)
{
	return munmap(pointer(args[1]), (size_t)args[2]);
}

int64_t
do_protect(const int64_t *args)
{
	return mprotect(pointer(args[1]), (size_t)args[2], (int)args[3]);
}

static uint8_t
pattern_byte(uint64_t i, uint64_t seed)
{
	uint64_t x = (i >> 3) * 0x9e3779b97f4a7c15 + seed * 0xd1342543de82ef95 + 1;

	x ^= x >> 31;
	x *= 0xbf58476d1ce4e5b9;
	return (uint8_t)(x >> (i & 7) * 8);
}

void
pattern(uint8_t *p, size_t len, uint64_t seed)
{
	size_t i;

	for (i = 0; i < len; i++)
		p[i] = pattern_byte(i, seed);
}

size_t
pattern_length(const uint8_t *p, size_t len, uint64_t seed)
{
	size_t i = 0;

	while (i < len && p[i] == pattern_byte(i, seed))
		i++;
	return i;
}

int64_t
do_fill(const int64_t *args)
{
	pattern(pointer(args[1]), (size_t)args[2], (uint64_t)args[3]);
	return 0;
}

int64_t
do_check(const int64_t *args)
{
	size_t len = (size_t)args[2], same = pattern_length(pointer(args[1]), len,
							     (uint64_t)args[3]);

	return same == len ? 0 : (int64_t)same + 1;
}

int64_t
do_peek(const int64_t *args)
{
	int64_t value;

	memcpy(&value, pointer(args[1]), sizeof(value));
	return value;
}

int64_t
do_poke(const int64_t *args)
{
	memcpy(pointer(args[1]), &args[2], sizeof(args[2]));
	return 0;
}

int64_t
do_await(const int64_t *args)
{
	const int64_t *word = pointer(args[1]);
	uint64_t end = now_ns() + (uint64_t)args[3] * 1000000;

	return word_becomes(word, args[2], end) ? 0 : -1;
}

static __thread sigjmp_buf touched;

static void
fault_seen(int sig)
{
	(void)sig;
	siglongjmp(touched, 1);
}

int64_t
do_touch(const int64_t *args)
{
	const struct sigaction action = {.sa_handler = fault_seen, .sa_flags = SA_NODEFER};
	volatile uint8_t *p = pointer(args[1]);
	struct sigaction segv, bus;
	volatile int64_t faults = 1;

	sigaction(SIGSEGV, &action, &segv);
	sigaction(SIGBUS, &action, &bus);
	if (sigsetjmp(touched, 1) == 0) {
		if (args[2] != 0)
			*p = (uint8_t)args[2];
		else
			(void)*p;
		faults = 0;
	}
	sigaction(SIGSEGV, &segv, NULL);
	sigaction(SIGBUS, &bus, NULL);
	return faults;
}

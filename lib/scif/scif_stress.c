/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "scif.h"
#include "scif_host.h"
#include "scif_local.h"

/* For ThreadSanitizer: a node's engine in one thread, and in others the two sides of connections
 * that come and go, on one client: rings, bells, the board, requests, windows, closing.
 *
 *   scif_stress [ROUNDS]
 */

#define PAIRS 3
#define PORT  2070
#define PAGE  4096u
#define MOST  3000u /* bytes of a message: less than a ring */

static struct scif_host *host;
static _Atomic bool ended;
static scif_epd_t listener;
static unsigned int rounds = 400;

static _Noreturn void
fail(const char *what)
{
	fprintf(stderr, "%s: errno %d\n", what, errno);
	exit(1);
}

static void *
serve(void *arg)
{
	while (!atomic_load(&ended))
		scif_host_serve(host, 10);
	return arg;
}

static bool
receive(scif_epd_t epd, void *bytes, int len)
{
	struct scif_pollepd p = {epd, SCIF_POLLIN, 0};

	/* Both ways of waiting. */
	if (len % 2 != 0 && scif_poll(&p, 1, 10000) != 1)
		fail("poll");
	return scif_recv(epd, bytes, len, SCIF_RECV_BLOCK) == len;
}

/* ---- The side that accepts: what comes goes back, through a window of the other side, too ---- */

struct say {
	int64_t offset; /* of the window */
	uint32_t len;
};

static void
echo(scif_epd_t epd)
{
	uint8_t bytes[MOST];
	struct say say;
	int mark;

	while (receive(epd, &say, sizeof(say))) {
		if (say.len > MOST || !receive(epd, bytes, (int)say.len))
			fail("recv");
		if (scif_vwriteto(epd, bytes, say.len, say.offset, SCIF_RMA_ORDERED) < 0 ||
		    scif_fence_mark(epd, SCIF_FENCE_INIT_SELF, &mark) < 0 ||
		    scif_fence_wait(epd, mark) < 0)
			fail("vwriteto");
		if (scif_send(epd, bytes, (int)say.len, SCIF_SEND_BLOCK) != (int)say.len)
			fail("send");
	}
	if (errno != ECONNRESET)
		fail("recv");
}

static void *
accept_run(void *arg)
{
	struct scif_portID peer;
	scif_epd_t epd;

	while (scif_accept(listener, &peer, &epd, SCIF_ACCEPT_SYNC) == 0) {
		echo(epd);
		scif_close(epd);
	}
	return arg;
}

/* ---- Who looks at an endpoint while it is being connected ---- */

enum { NOBODY = -1, OVER = -2 };

/* Which one is to be looked at, and which one is. */
static struct {
	_Atomic scif_epd_t wanted, looked_at;
} look[PAIRS];

static void *
look_run(void *arg)
{
	unsigned int i = *(unsigned int *)arg;
	struct scif_pollepd p;
	scif_epd_t epd;
	char byte;

	while ((epd = atomic_load(&look[i].wanted)) != OVER) {
		atomic_store(&look[i].looked_at, epd);
		if (epd == NOBODY) {
			sched_yield();
			continue;
		}
		if (scif_recv(epd, &byte, 1, 0) > 0)
			fail("a byte that nobody sent");
		p = (struct scif_pollepd){epd, SCIF_POLLIN, 0};
		if (scif_poll(&p, 1, 0) == 1 && p.revents != SCIF_POLLERR)
			fail("a poll");
	}
	return NULL;
}

static int
connect_looked_at(scif_epd_t epd, unsigned int i)
{
	struct scif_portID to = {0, PORT};
	int ret;

	atomic_store(&look[i].wanted, epd);
	ret = scif_connect(epd, &to);
	atomic_store(&look[i].wanted, NOBODY);
	while (atomic_load(&look[i].looked_at) != NOBODY)
		sched_yield();
	return ret;
}

/* ---- The side that connects ---- */

static void
talk_once(scif_epd_t epd, uint8_t *window, int64_t offset, unsigned int seed)
{
	struct say say = {offset, 1 + seed * 7919u % MOST};
	uint8_t sent[MOST], got[MOST];

	for (uint32_t i = 0; i < say.len; i++)
		sent[i] = (uint8_t)(seed + i * 31);
	if (scif_send(epd, &say, sizeof(say), SCIF_SEND_BLOCK) != sizeof(say) ||
	    scif_send(epd, sent, (int)say.len, SCIF_SEND_BLOCK) != (int)say.len)
		fail("send");
	if (!receive(epd, got, (int)say.len))
		fail("recv");
	if (memcmp(sent, got, say.len) != 0 || memcmp(sent, window, say.len) != 0)
		fail("what came is not what was sent");
}

static void
talk(uint8_t *window, unsigned int seed)
{
	scif_epd_t epd = scif_open();
	off_t offset;

	if (epd < 0 || connect_looked_at(epd, seed % PAIRS) < 0)
		fail("connect");
	offset = scif_register(epd, window, PAGE, 0, SCIF_PROT_READ | SCIF_PROT_WRITE, 0);
	if (offset == SCIF_REGISTER_FAILED)
		fail("register");
	for (unsigned int i = 0; i < 4; i++)
		talk_once(epd, window, offset, seed + i);
	if (seed % 2 == 0 && scif_unregister(epd, offset, PAGE) < 0)
		fail("unregister");
	if (scif_close(epd) < 0)
		fail("close");
}

static void *
connect_run(void *arg)
{
	int fd = memfd_create("scif_stress", MFD_CLOEXEC);
	uint8_t *window;

	if (fd < 0 || ftruncate(fd, PAGE) < 0)
		fail("memfd");
	window = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (window == MAP_FAILED)
		fail("mmap");
	for (unsigned int i = 0; i < rounds; i++)
		talk(window, i * PAIRS + *(unsigned int *)arg);
	return arg;
}

/* ---- The test ---- */

static void
begin(pthread_t *server)
{
	const struct scif_host_config config = {0};
	int fd[2];

	if (scif_host_create(&config, &host) < 0 || scif_host_local(host, fd) < 0)
		fail("the node does not begin");
	if (pthread_create(server, NULL, serve, NULL) != 0)
		fail("thread");
	if (scif_local_begin(fd) < 0)
		fail("scif_local_begin");
}

static void
run(void)
{
	pthread_t acceptor[PAIRS], connector[PAIRS], looker[PAIRS];
	unsigned int number[PAIRS];

	listener = scif_open();
	if (listener < 0 || scif_bind(listener, PORT) < 0 || scif_listen(listener, PAIRS) < 0)
		fail("listen");
	for (unsigned int i = 0; i < PAIRS; i++) {
		number[i] = i;
		atomic_store(&look[i].wanted, NOBODY);
		if (pthread_create(&looker[i], NULL, look_run, &number[i]) != 0 ||
		    pthread_create(&acceptor[i], NULL, accept_run, NULL) != 0 ||
		    pthread_create(&connector[i], NULL, connect_run, &number[i]) != 0)
			fail("thread");
	}
	for (unsigned int i = 0; i < PAIRS; i++) {
		pthread_join(connector[i], NULL);
		atomic_store(&look[i].wanted, OVER);
		pthread_join(looker[i], NULL);
	}
	/* Who waits there returns. */
	scif_close(listener);
	for (unsigned int i = 0; i < PAIRS; i++)
		pthread_join(acceptor[i], NULL);
}

int
main(int argc, char **argv)
{
	char dir[] = "/tmp/slipway-scif-XXXXXX", path[sizeof(dir) + 8];
	pthread_t server;

	if (argc > 1)
		rounds = (unsigned int)strtoul(argv[1], NULL, 10);
	if (mkdtemp(dir) == NULL)
		fail("mkdtemp");
	setenv("SLIPWAY_DIR", dir, 1);
	begin(&server);
	run();
	scif_local_end();
	atomic_store(&ended, true);
	pthread_join(server, NULL);
	scif_host_destroy(host);
	snprintf(path, sizeof(path), "%s/scif", dir);
	rmdir(path);
	rmdir(dir);
	printf("%u rounds of %u pairs\n", rounds, PAIRS);
	return 0;
}

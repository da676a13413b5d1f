/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Registered memory over SCIF, between a server and a client: windows, transfers of both kinds
 * both ways, mappings, fences. Nothing but scif.h and -lscif.
 *
 *   client                                   server
 *     |-- connect ------------------------->  |
 *     |<------------- offset of its window -- |   registered
 *     | readfrom, vreadfrom                   |   its bytes
 *     | writeto, vwriteto                     |
 *     | fence_signal ----------------------> word of the window
 *     |                                       |   sees the word, compares, answers by a mapping
 *     | <--------------------- word of ours - |
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <scif.h>

#define PORT    2049
#define PAGE    4096
#define PAGES   256
#define HALF    (PAGES * PAGE / 2) /* the server's bytes, then room for the client's */
#define SIZE    (2 * HALF + PAGE)  /* and a page for words */
#define WORD_AT (2 * HALF)
#define DONE    UINT64_C(0x646f6e65)

static const char help[] =
	"NAME\n"
	"    scif_rma - registered memory over SCIF\n"
	"\n"
	"SYNOPSIS\n"
	"    scif_rma server [PORT]\n"
	"    scif_rma client NODE [PORT]\n"
	"\n"
	"DESCRIPTION\n"
	"    server  registers a window of 1 MB and a page, waits for one client, says where the\n"
	"            window is, and sees what the client has done with it.\n"
	"    client  connects to a node, without waiting in scif_connect; registers a window of\n"
	"            its own; reads the server's bytes with scif_readfrom and scif_vreadfrom, and\n"
	"            through a mapping; writes with scif_writeto and scif_vwriteto; waits for what\n"
	"            it began with scif_fence_mark and scif_fence_wait; and tells the server with\n"
	"            scif_fence_signal. Both compare every byte. The port is 2049 if not said.\n"
	"\n"
	"    The node of this process is $SLIPWAY_SCIF_NODE, 0 if not set; slipway scifd serves it.\n"
	"\n"
	"EXIT STATUS\n"
	"    0  done, every byte right\n"
	"    1  a call failed, or a byte was wrong\n"
	"    2  an argument is not accepted\n"
	"\n"
	"EXAMPLE\n"
	"    slipway scifd & scif_rma server & scif_rma client 0\n";

/** One end. */
struct end {
	scif_epd_t epd;
	uint8_t *memory;       /* SIZE bytes, registered */
	off_t offset, remote;  /* of the own window and the peer's */
};

static int
fail(const char *call)
{
	fprintf(stderr, "scif_rma: %s: %s%s\n", call, strerror(errno),
		errno == ENOENT ? "; slipway scifd serves a node" : "");
	return 1;
}

static void
fill(uint8_t *bytes, size_t n, unsigned int seed)
{
	for (size_t i = 0; i < n; i++)
		bytes[i] = (uint8_t)((i ^ seed) * 167 + (i >> 8));
}

static int
compare(const char *what, const uint8_t *bytes, size_t n, unsigned int seed)
{
	for (size_t i = 0; i < n; i++) {
		if (bytes[i] != (uint8_t)((i ^ seed) * 167 + (i >> 8))) {
			fprintf(stderr, "scif_rma: %s: byte %zu is wrong\n", what, i);
			return 1;
		}
	}
	printf("%s: %zu bytes right\n", what, n);
	return 0;
}

/* ---- Both ends ---- */

/* Memory of any program: what is registered keeps its bytes. */
static int
open_window(struct end *e, unsigned int seed)
{
	if (posix_memalign((void **)&e->memory, PAGE, SIZE) != 0)
		return fail("posix_memalign");
	memset(e->memory, 0, SIZE);
	fill(e->memory, HALF, seed);
	e->offset = scif_register(e->epd, e->memory, SIZE, 0, SCIF_PROT_READ | SCIF_PROT_WRITE, 0);
	if (e->offset == SCIF_REGISTER_FAILED)
		return fail("scif_register");
	return compare("own window", e->memory, HALF, seed);
}

static int
tell_offsets(struct end *e)
{
	if (scif_send(e->epd, &e->offset, sizeof(e->offset), SCIF_SEND_BLOCK) !=
	    (int)sizeof(e->offset))
		return fail("scif_send");
	if (scif_recv(e->epd, &e->remote, sizeof(e->remote), SCIF_RECV_BLOCK) !=
	    (int)sizeof(e->remote))
		return fail("scif_recv");
	return 0;
}

static int
close_window(struct end *e)
{
	if (scif_unregister(e->epd, e->offset, SIZE) < 0)
		return fail("scif_unregister");
	if (scif_close(e->epd) < 0)
		return fail("scif_close");
	free(e->memory);
	return 0;
}

/* A word in own memory that the other side writes. */
static int
wait_for_word(const struct end *e)
{
	const uint64_t *word = (const uint64_t *)(const void *)(e->memory + WORD_AT);
	const struct timespec pause = {.tv_nsec = 1000000};

	for (int i = 0; i < 10000; i++) {
		if (__atomic_load_n(word, __ATOMIC_ACQUIRE) == DONE)
			return 0;
		nanosleep(&pause, NULL);
	}
	fprintf(stderr, "scif_rma: no word from the other side\n");
	return 1;
}

/* ---- Client ---- */

/* scif_connect says EINPROGRESS, scif_poll when it is over, scif_connect again how it went. */
static int
connect_meanwhile(scif_epd_t epd, struct scif_portID *to)
{
	struct scif_pollepd over = {.epd = epd, .events = SCIF_POLLOUT};
	int fd_flags = fcntl(epd, F_GETFL);

	if (fcntl(epd, F_SETFL, fd_flags | O_NONBLOCK) < 0)
		return fail("fcntl");
	if (scif_connect(epd, to) < 0) {
		if (errno != EINPROGRESS)
			return fail("scif_connect");
		if (scif_poll(&over, 1, 10000) != 1)
			return fail("scif_poll");
		if (scif_connect(epd, to) < 0)
			return fail("scif_connect, outcome");
	}
	return fcntl(epd, F_SETFL, fd_flags) < 0 ? fail("fcntl") : 0;
}

/* Until what was begun is complete. */
static int
wait_for_transfers(const struct end *e)
{
	int mark;

	if (scif_fence_mark(e->epd, SCIF_FENCE_INIT_SELF, &mark) < 0)
		return fail("scif_fence_mark");
	return scif_fence_wait(e->epd, mark) < 0 ? fail("scif_fence_wait") : 0;
}

static int
read_all(struct end *e)
{
	uint8_t *plain = malloc(HALF);
	int ret = 1;

	if (plain == NULL)
		return fail("malloc");
	if (scif_readfrom(e->epd, e->offset + HALF, HALF, e->remote, 0) < 0)
		fail("scif_readfrom");
	else if (scif_vreadfrom(e->epd, plain, HALF, e->remote, SCIF_RMA_SYNC) < 0)
		fail("scif_vreadfrom");
	else if (wait_for_transfers(e) == 0)
		ret = compare("readfrom", e->memory + HALF, HALF, 's') +
		      compare("vreadfrom", plain, HALF, 's');
	free(plain);
	return ret != 0;
}

static int
read_mapped(struct end *e)
{
	uint8_t *mapped = scif_mmap(NULL, HALF, SCIF_PROT_READ, 0, e->epd, e->remote);
	int ret;

	if (mapped == SCIF_MMAP_FAILED)
		return fail("scif_mmap");
	ret = compare("mapping", mapped, HALF, 's');
	return scif_munmap(mapped, HALF) < 0 ? fail("scif_munmap") : ret;
}

/* One half of the room from the own window, one from memory that nobody registered. */
static int
write_all(struct end *e)
{
	uint8_t *plain = malloc(HALF / 2);
	int ret = 0;

	if (plain == NULL)
		return fail("malloc");
	memcpy(plain, e->memory + HALF / 2, HALF / 2);
	if (scif_writeto(e->epd, e->offset, HALF / 2, e->remote + HALF, 0) < 0)
		ret = fail("scif_writeto");
	else if (scif_vwriteto(e->epd, plain, HALF / 2, e->remote + HALF + HALF / 2, 0) < 0)
		ret = fail("scif_vwriteto");
	else if (scif_fence_signal(e->epd, 0, 0, e->remote + WORD_AT, DONE,
				   SCIF_FENCE_INIT_SELF | SCIF_SIGNAL_REMOTE) < 0)
		ret = fail("scif_fence_signal");
	/* Until then it is read. */
	ret |= wait_for_transfers(e);
	free(plain);
	return ret;
}

static int
client(uint16_t node, uint16_t port)
{
	struct scif_portID to = {.node = node, .port = port};
	struct end e = {.epd = scif_open()};

	if (e.epd == SCIF_OPEN_FAILED)
		return fail("scif_open");
	if (connect_meanwhile(e.epd, &to) != 0 || open_window(&e, 'c') != 0 ||
	    tell_offsets(&e) != 0 || read_all(&e) != 0 || read_mapped(&e) != 0 ||
	    write_all(&e) != 0 || wait_for_word(&e) != 0)
		return 1;
	return close_window(&e);
}

/* ---- Server ---- */

/* The client's word, by a store. */
static int
answer(const struct end *e)
{
	uint64_t *word = scif_mmap(NULL, PAGE, SCIF_PROT_READ | SCIF_PROT_WRITE, 0, e->epd,
				   e->remote + WORD_AT);

	if (word == SCIF_MMAP_FAILED)
		return fail("scif_mmap");
	__atomic_store_n(word, DONE, __ATOMIC_RELEASE);
	return scif_munmap(word, PAGE) < 0 ? fail("scif_munmap") : 0;
}

/* Until the client has closed. */
static int
wait_for_end(const struct end *e)
{
	struct scif_pollepd over = {.epd = e->epd};

	if (scif_poll(&over, 1, 10000) != 1 || (over.revents & SCIF_POLLHUP) == 0)
		return fail("scif_poll");
	return 0;
}

static int
serve(struct end *e)
{
	if (open_window(e, 's') != 0 || tell_offsets(e) != 0 || wait_for_word(e) != 0 ||
	    compare("writeto, vwriteto", e->memory + HALF, HALF, 'c') != 0 || answer(e) != 0 ||
	    wait_for_end(e) != 0)
		return 1;
	/* The peer is gone, and its windows with the connection. */
	if (scif_close(e->epd) < 0)
		return fail("scif_close");
	free(e->memory);
	return 0;
}

static int
server(uint16_t port)
{
	scif_epd_t listener = scif_open();
	struct scif_portID peer;
	struct end e = {0};
	int ret;

	if (listener == SCIF_OPEN_FAILED)
		return fail("scif_open");
	if (scif_bind(listener, port) < 0)
		return fail("scif_bind");
	if (scif_listen(listener, 1) < 0)
		return fail("scif_listen");
	printf("listening on port %u\n", port);
	fflush(stdout);
	if (scif_accept(listener, &peer, &e.epd, SCIF_ACCEPT_SYNC) < 0)
		return fail("scif_accept");
	ret = serve(&e);
	scif_close(listener);
	return ret;
}

/* ---- Arguments ---- */

static bool
number(const char *text, long min, long max, long *value)
{
	char *end;

	if (text == NULL)
		return true;
	*value = strtol(text, &end, 10);
	if (end != text && *end == '\0' && *value >= min && *value <= max)
		return true;
	fprintf(stderr, "scif_rma: '%s': accepted are %ld to %ld\n", text, min, max);
	return false;
}

int
main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	long node = 0, port = PORT;

	if (strcmp(what, "--help") == 0) {
		fputs(help, stdout);
		return 0;
	}
	if (strcmp(what, "server") == 0 && argc <= 3)
		return number(argc > 2 ? argv[2] : NULL, 1, 65535, &port) ? server((uint16_t)port)
									  : 2;
	if (strcmp(what, "client") == 0 && (argc == 3 || argc == 4))
		return number(argv[2], 0, 128, &node) &&
				       number(argc > 3 ? argv[3] : NULL, 1, 65535, &port)
			       ? client((uint16_t)node, (uint16_t)port)
			       : 2;
	fprintf(stderr,
		"scif_rma: '%s' with %d more: accepted are server [PORT] and client NODE [PORT]; "
		"see --help\n",
		what, argc > 2 ? argc - 2 : 0);
	return 2;
}

/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Echo over SCIF: a server that serves each client in a process of its own, and a client that
 * sends lines and compares what comes back. Nothing but scif.h and -lscif.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <scif.h>

#define PORT    2048
#define BACKLOG 16
#define CHUNK   1024

static const char help[] =
	"NAME\n"
	"    scif_echo - send text over SCIF and have it back\n"
	"\n"
	"SYNOPSIS\n"
	"    scif_echo server [PORT [CLIENTS]]\n"
	"    scif_echo client NODE [PORT [BYTES]]\n"
	"    scif_echo nodes\n"
	"\n"
	"DESCRIPTION\n"
	"    server  listens on a port, 2048 if not said, and serves each client in a process of\n"
	"            its own: whatever comes goes back. Ends after CLIENTS of them, or never.\n"
	"    client  connects to a node and sends BYTES bytes, 1000000 if not said, in pieces of\n"
	"            up to 1024, and compares every byte that comes back.\n"
	"    nodes   says which nodes are online.\n"
	"\n"
	"    The node of this process is $SLIPWAY_SCIF_NODE, 0 if not set; slipway scifd serves it.\n"
	"\n"
	"EXIT STATUS\n"
	"    0  done, every byte right\n"
	"    1  a call failed, or a byte was wrong\n"
	"    2  an argument is not accepted\n"
	"\n"
	"EXAMPLE\n"
	"    slipway scifd & scif_echo server & scif_echo client 0\n";

static int
fail(const char *call)
{
	fprintf(stderr, "scif_echo: %s: %s%s\n", call, strerror(errno),
		errno == ENOENT ? "; slipway scifd serves a node" : "");
	return 1;
}

/* ---- Server ---- */

/* Until the client is gone: what it sent last comes before the error. */
static int
echo(scif_epd_t epd)
{
	char piece[CHUNK];
	int n = 0;

	while (n >= 0) {
		/* One byte at least, then what else is there. */
		n = scif_recv(epd, piece, 1, SCIF_RECV_BLOCK);
		if (n != 1)
			break;
		n = scif_recv(epd, piece + 1, sizeof(piece) - 1, 0);
		if (n >= 0)
			n = scif_send(epd, piece, n + 1, SCIF_SEND_BLOCK);
	}
	return errno == ECONNRESET ? 0 : fail("echo");
}

static int
serve_in_child(scif_epd_t listener, scif_epd_t epd)
{
	pid_t pid = fork();

	if (pid == 0) {
		scif_close(listener);
		exit(echo(epd));
	}
	/* The child has it. */
	scif_close(epd);
	return pid < 0 ? fail("fork") : 0;
}

/* Requests are looked for without waiting; scif_poll waits, for as long as it takes. */
static int
take_client(scif_epd_t listener)
{
	struct scif_pollepd ready = {.epd = listener, .events = SCIF_POLLIN};
	struct scif_portID peer;
	scif_epd_t epd;

	while (scif_accept(listener, &peer, &epd, 0) < 0) {
		if (errno != EAGAIN)
			return fail("scif_accept");
		if (scif_poll(&ready, 1, -1) < 0 && errno != EINTR)
			return fail("scif_poll");
	}
	printf("client %u:%u\n", peer.node, peer.port);
	fflush(stdout);
	return serve_in_child(listener, epd);
}

/* Of the children that have ended, or of all: 1 when something went wrong in one. */
static int
children(int options)
{
	int status, ret = 0;

	while (waitpid(-1, &status, options) > 0)
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
			ret = 1;
	return ret;
}

static int
server(uint16_t port, long clients)
{
	scif_epd_t listener = scif_open();
	int ret = 0, wrong = 0;

	if (listener == SCIF_OPEN_FAILED)
		return fail("scif_open");
	if (scif_bind(listener, port) < 0)
		return fail("scif_bind");
	if (scif_listen(listener, BACKLOG) < 0)
		return fail("scif_listen");
	printf("listening on port %u\n", port);
	fflush(stdout);
	for (long i = 0; ret == 0 && (clients == 0 || i < clients); i++) {
		ret = take_client(listener);
		wrong |= children(WNOHANG);
	}
	scif_close(listener);
	wrong |= children(0);
	return wrong != 0 ? 1 : ret;
}

/* ---- Client ---- */

static void
fill(char *piece, int n, long first)
{
	for (int i = 0; i < n; i++)
		piece[i] = (char)((first + i) * 31 + ((first + i) >> 8));
}

static int
exchange(scif_epd_t epd, long bytes)
{
	char sent[CHUNK], back[CHUNK];

	for (long done = 0; done < bytes;) {
		/* Of all lengths. */
		int n = (int)(done % CHUNK) + 1;

		if (n > bytes - done)
			n = (int)(bytes - done);
		fill(sent, n, done);
		if (scif_send(epd, sent, n, SCIF_SEND_BLOCK) != n)
			return fail("scif_send");
		if (scif_recv(epd, back, n, SCIF_RECV_BLOCK) != n)
			return fail("scif_recv");
		if (memcmp(sent, back, (size_t)n) != 0) {
			fprintf(stderr, "scif_echo: wrong bytes at %ld\n", done);
			return 1;
		}
		done += n;
	}
	printf("%ld bytes there and back\n", bytes);
	return 0;
}

static int
client(uint16_t node, uint16_t port, long bytes)
{
	struct scif_portID to = {.node = node, .port = port};
	scif_epd_t epd = scif_open();
	int own, ret;

	if (epd == SCIF_OPEN_FAILED)
		return fail("scif_open");
	own = scif_connect(epd, &to);
	if (own < 0)
		return fail("scif_connect");
	printf("port %d to %u:%u\n", own, node, port);
	ret = exchange(epd, bytes);
	if (scif_close(epd) < 0)
		return fail("scif_close");
	return ret;
}

/* ---- Arguments ---- */

static int
nodes(void)
{
	uint16_t node[32], self;
	int n = scif_get_nodeIDs(node, 32, &self);

	if (n < 0)
		return fail("scif_get_nodeIDs");
	for (int i = 0; i < n && i < 32; i++)
		printf("%u%s\n", node[i], node[i] == self ? " (this one)" : "");
	return 0;
}

static bool
number(const char *text, long min, long max, long *value)
{
	char *end;

	if (text == NULL)
		return true;
	errno = 0;
	*value = strtol(text, &end, 10);
	if (errno == 0 && end != text && *end == '\0' && *value >= min && *value <= max)
		return true;
	fprintf(stderr, "scif_echo: '%s': accepted are %ld to %ld\n", text, min, max);
	return false;
}

int
main(int argc, char **argv)
{
	long node = 0, port = PORT, clients = 0, bytes = 1000000;
	const char *what = argc > 1 ? argv[1] : "";

	if (strcmp(what, "--help") == 0) {
		fputs(help, stdout);
		return 0;
	}
	if (strcmp(what, "nodes") == 0 && argc == 2)
		return nodes();
	if (strcmp(what, "server") == 0 && argc <= 4) {
		if (!number(argc > 2 ? argv[2] : NULL, 1, 65535, &port) ||
		    !number(argc > 3 ? argv[3] : NULL, 1, 1000000, &clients))
			return 2;
		return server((uint16_t)port, clients);
	}
	if (strcmp(what, "client") == 0 && argc >= 3 && argc <= 5) {
		if (!number(argv[2], 0, 128, &node) ||
		    !number(argc > 3 ? argv[3] : NULL, 1, 65535, &port) ||
		    !number(argc > 4 ? argv[4] : NULL, 1, 1000000000, &bytes))
			return 2;
		return client((uint16_t)node, (uint16_t)port, bytes);
	}
	fprintf(stderr,
		"scif_echo: '%s' with %d more: accepted are server [PORT [CLIENTS]], client NODE "
		"[PORT [BYTES]] and nodes; see --help\n",
		what, argc > 2 ? argc - 2 : 0);
	return 2;
}

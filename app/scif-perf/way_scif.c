/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * SCIF, by its public interface only.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "perf.h"

#define PAGE    4096
#define BACKLOG 1024

/* Until the other side listens. */
#define TRIES    500
#define PAUSE_NS 10000000

static int
connect_once(uint16_t node, uint16_t port, scif_epd_t *epd)
{
	struct scif_portID to = {node, port};

	*epd = scif_open();
	if (*epd == SCIF_OPEN_FAILED)
		return -errno;
	if (scif_connect(*epd, &to) > 0)
		return 0;
	int ret = -errno;

	scif_close(*epd);
	return ret;
}

static int
connect_patiently(const struct perf_side *s)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};
	scif_epd_t epd;
	int ret = -ECONNREFUSED;

	for (unsigned int i = 0; i < TRIES && (ret == -ECONNREFUSED || ret == -ENODEV); i++) {
		ret = connect_once(s->peer_node, PERF_PORT, &epd);
		if (ret < 0)
			nanosleep(&pause, NULL);
	}
	return ret < 0 ? ret : epd;
}

static int
accept_one(scif_epd_t listener)
{
	struct scif_portID peer;
	scif_epd_t epd;

	return scif_accept(listener, &peer, &epd, SCIF_ACCEPT_SYNC) < 0 ? -errno : epd;
}

static int
listen_at(uint16_t port)
{
	scif_epd_t epd = scif_open();

	if (epd == SCIF_OPEN_FAILED)
		return -errno;
	return scif_bind(epd, port) < 0 || scif_listen(epd, BACKLOG) < 0 ? -errno : epd;
}

/* A page for round trips, then what is read, then where is written. */
static int
exchange_windows(struct perf_side *s)
{
	size_t size = PAGE + 2 * s->size;
	const int prot = SCIF_PROT_READ | SCIF_PROT_WRITE;

	memset(s->window, 0, size);
	perf_fill(s->window + PAGE, s->size, s->side);
	s->window_at = scif_register(s->epd, s->window, size, 0, prot, 0);
	if (s->window_at == SCIF_REGISTER_FAILED)
		return -errno;
	if (scif_send(s->epd, &s->window_at, sizeof(s->window_at), SCIF_SEND_BLOCK) < 0 ||
	    scif_recv(s->epd, &s->remote_at, sizeof(s->remote_at), SCIF_RECV_BLOCK) < 0)
		return -errno;
	s->remote = scif_mmap(NULL, size, prot, 0, s->epd, s->remote_at);
	return s->remote == SCIF_MMAP_FAILED ? -errno : 0;
}

/** The connection of a pair, with windows both ways: 0, or a negative errno. */
int
perf_scif_connect(struct perf_side *s)
{
	s->scif_listener = s->side == 1 ? listen_at(PERF_PORT) : 0;
	if (s->scif_listener < 0)
		return s->scif_listener;
	s->epd = s->side == 1 ? accept_one(s->scif_listener) : connect_patiently(s);
	return s->epd < 0 ? s->epd : exchange_windows(s);
}

static int
copy(const struct perf_side *s, const struct perf_job *job)
{
	off_t source = PAGE, landing = PAGE + (off_t)s->size;

	switch (job->way) {
	case PERF_READFROM:
		return scif_readfrom(s->epd, s->window_at + landing, job->size,
				     s->remote_at + source, SCIF_RMA_SYNC);
	case PERF_WRITETO:
		return scif_writeto(s->epd, s->window_at + source, job->size,
				    s->remote_at + landing, SCIF_RMA_SYNC);
	case PERF_VREADFROM:
		return scif_vreadfrom(s->epd, s->landing, job->size, s->remote_at + source,
				      SCIF_RMA_SYNC);
	default:
		return scif_vwriteto(s->epd, s->source, job->size, s->remote_at + landing,
				     SCIF_RMA_SYNC);
	}
}

/** RMA by the first side. */
int
perf_scif_copies(const struct perf_side *s, const struct perf_job *job)
{
	for (uint64_t i = 0; i < job->count; i++)
		if (copy(s, job) < 0)
			return -errno;
	return 0;
}

/** Where a copy of a way ends. */
uint8_t *
perf_landing(const struct perf_side *s, enum perf_way way)
{
	switch (way) {
	case PERF_MEMCPY:
		return s->room;
	case PERF_READFROM:
		return s->window + PAGE + s->size;
	case PERF_WRITETO:
	case PERF_VWRITETO:
		return s->remote + PAGE + s->size;
	default:
		return s->landing;
	}
}

/** Open, connect and close, or accept and close. */
int
perf_scif_connections(struct perf_side *s, const struct perf_job *job)
{
	for (uint64_t i = 0; i < job->count; i++) {
		scif_epd_t epd = -1;
		int ret = s->side == 0 ? connect_once(s->peer_node, PERF_PORT, &epd)
				       : (epd = accept_one(s->scif_listener));

		if (ret < 0)
			return ret;
		scif_close(epd);
	}
	return 0;
}

/* ---- Many at once ---- */

static int
connect_all(struct perf_side *s, scif_epd_t epd[], uint64_t count)
{
	int ret = 0;

	for (uint64_t i = 0; ret >= 0 && i < count; i++)
		ret = s->side == 0 ? connect_once(s->peer_node, PERF_PORT, &epd[i])
				   : (epd[i] = accept_one(s->scif_listener));
	return ret < 0 ? ret : 0;
}

/* Each says its number, and is answered with it. */
static int
number_all(const struct perf_side *s, scif_epd_t epd[], uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		uint64_t number = i;

		if (s->side == 0 &&
		    scif_send(epd[i], &number, sizeof(number), SCIF_SEND_BLOCK) < 0)
			return -errno;
		if (scif_recv(epd[i], &number, sizeof(number), SCIF_RECV_BLOCK) < 0)
			return -errno;
		if (number != i)
			return -EBADMSG;
		if (s->side == 1 &&
		    scif_send(epd[i], &number, sizeof(number), SCIF_SEND_BLOCK) < 0)
			return -errno;
	}
	return 0;
}

/** As many connections as are wanted, one after the other; then a message on each. */
int
perf_scif_endpoints(struct perf_side *s, const struct perf_job *job, struct perf_done *done)
{
	scif_epd_t *epd = calloc(job->count, sizeof(*epd));
	double begin = perf_now();
	int ret;

	if (epd == NULL)
		return -ENOMEM;
	ret = connect_all(s, epd, job->count);
	done->part[0] = perf_now() - begin;
	begin = perf_now();
	if (ret == 0)
		ret = number_all(s, epd, job->count);
	done->part[1] = perf_now() - begin;
	begin = perf_now();
	for (uint64_t i = 0; ret == 0 && i < job->count; i++)
		if (scif_close(epd[i]) < 0)
			ret = -errno;
	done->part[2] = perf_now() - begin;
	free(epd);
	return ret;
}

/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Messages, there and back or one way only: the same loops over SCIF and over sockets.
 */
#include <errno.h>
#include <string.h>

#include "perf.h"

static int
send_all(const struct perf_side *s, enum perf_way way, uint8_t *bytes, size_t size)
{
	if (way != PERF_SCIF)
		return perf_socket_send(s, s->fd[way], bytes, size);
	return scif_send(s->epd, bytes, (int)size, SCIF_SEND_BLOCK) < 0 ? -errno : 0;
}

static int
recv_all(const struct perf_side *s, enum perf_way way, uint8_t *bytes, size_t size)
{
	if (way != PERF_SCIF)
		return perf_socket_recv(s, s->fd[way], bytes, size);
	return scif_recv(s->epd, bytes, (int)size, SCIF_RECV_BLOCK) < 0 ? -errno : 0;
}

static int
trips(const struct perf_side *s, const struct perf_job *job)
{
	int ret = 0;

	for (uint64_t i = 0; ret == 0 && i < job->count; i++) {
		if (s->side == 0)
			ret = send_all(s, job->way, s->source, job->size);
		if (ret == 0)
			ret = recv_all(s, job->way, s->landing, job->size);
		if (ret == 0 && s->side == 1)
			ret = send_all(s, job->way, s->landing, job->size);
	}
	return ret;
}

/* The last byte is answered: what is measured has arrived. */
static int
stream(const struct perf_side *s, const struct perf_job *job)
{
	uint8_t end[8] = {0};
	int ret = 0;

	for (uint64_t i = 0; ret == 0 && i < job->count; i++)
		ret = s->side == 0 ? send_all(s, job->way, s->source, job->size)
				   : recv_all(s, job->way, s->landing, job->size);
	if (ret < 0)
		return ret;
	return s->side == 0 ? recv_all(s, job->way, end, sizeof(end))
			    : send_all(s, job->way, end, sizeof(end));
}

int
perf_messages(struct perf_side *s, const struct perf_job *job)
{
	return job->part == PERF_TRIPS ? trips(s, job) : stream(s, job);
}

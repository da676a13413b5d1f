/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "vfu_server_priv.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

/* Messages in one go, before the owner gets to step the device: some 100 us of posted lines. */
#define BATCH 1024u

#define LINE_BYTES 256

uint64_t
vfu_server_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec;
}

/* ---- The log ---- */

static void
log_line(struct vfu_server *s, const char *line)
{
	if (s->config.events.log == NULL || s->log_lines > VFU_LOG_LINES)
		return;
	if (s->log_lines++ == VFU_LOG_LINES)
		line = "no more lines about this client: the rest is only counted";
	s->config.events.log(s->config.arg, line);
}

void
vfu_server_log(struct vfu_server *s, const char *format, ...)
{
	char line[LINE_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	log_line(s, line);
}

int
vfu_server_refuse(struct vfu_server *s, const struct vfu_message *m, int error, const char *format,
		  ...)
{
	char why[LINE_BYTES], line[2 * LINE_BYTES];
	va_list args;

	if (s->config.events.log == NULL || s->log_lines > VFU_LOG_LINES)
		return error;
	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	snprintf(line, sizeof(line), "%s (%u), id %u: refused with %s: %s",
		 vfu_command_name(m->header.command), m->header.command, m->header.id,
		 strerrorname_np(-error), why);
	log_line(s, line);
	return error;
}

/* ---- Replies ---- */

static int
reply(struct vfu_server *s, const struct vfu_message *m, int error, const struct iovec parts[],
      unsigned int n_parts, const int fds[], unsigned int n_fds)
{
	struct vfu_header h = {
		.id = m->header.id,
		.command = m->header.command,
		.size = sizeof(h),
		.flags = VFU_TYPE_REPLY | (error != 0 ? VFU_ERROR : 0),
		.error = (uint32_t)-error,
	};
	struct iovec all[4] = {{&h, sizeof(h)}};
	int ret;

	if (vfu_is_posted(m))
		return 0;
	for (unsigned int i = 0; i < n_parts; i++) {
		all[1 + i] = parts[i];
		h.size += (uint32_t)parts[i].iov_len;
	}
	ret = vfu_conn_send(&s->conn, all, 1 + n_parts, fds, n_fds);
	if (ret < 0)
		s->broken = ret;
	return 0;
}

int
vfu_server_reply(struct vfu_server *s, const struct vfu_message *m, const struct iovec parts[],
		 unsigned int n_parts)
{
	return reply(s, m, 0, parts, n_parts, NULL, 0);
}

int
vfu_server_reply_fds(struct vfu_server *s, const struct vfu_message *m, const struct iovec parts[],
		     unsigned int n_parts, const int fds[], unsigned int n_fds)
{
	return reply(s, m, 0, parts, n_parts, fds, n_fds);
}

/* ---- Commands ---- */

/* What a command has to be like before its handler sees it. */
static const struct command {
	int (*handle)(struct vfu_server *s, const struct vfu_message *m);
	uint32_t least, most; /* bytes of payload */
	unsigned int fds;     /* at most */
} commands[] = {
	[VFU_VERSION] = {vfu_server_version, sizeof(struct vfu_version),
			 sizeof(struct vfu_version) + VFU_VERSION_JSON_MAX, 0},
	[VFU_DMA_MAP] = {vfu_server_dma_map, sizeof(struct vfu_dma_map), sizeof(struct vfu_dma_map),
			 1},
	[VFU_DMA_UNMAP] = {vfu_server_dma_unmap, sizeof(struct vfu_dma_unmap),
			   sizeof(struct vfu_dma_unmap), 0},
	[VFU_DEVICE_GET_INFO] = {vfu_server_info, sizeof(struct vfu_device_info), UINT32_MAX, 0},
	[VFU_DEVICE_GET_REGION_INFO] = {vfu_server_region_info, sizeof(struct vfu_region_info),
					UINT32_MAX, 0},
	[VFU_DEVICE_GET_IRQ_INFO] = {vfu_server_irq_info, sizeof(struct vfu_irq_info), UINT32_MAX,
				     0},
	[VFU_DEVICE_SET_IRQS] = {vfu_server_set_irqs, sizeof(struct vfu_irq_set), UINT32_MAX,
				 VFU_MAX_FDS},
	[VFU_REGION_READ] = {vfu_server_read, sizeof(struct vfu_region_access),
			     sizeof(struct vfu_region_access), 0},
	[VFU_REGION_WRITE] = {vfu_server_write, sizeof(struct vfu_region_access), UINT32_MAX, 0},
	[VFU_DEVICE_RESET] = {vfu_server_reset, 0, 0, 0},
	[VFU_REGION_WRITE_MULTI] = {vfu_server_write_multi, sizeof(struct vfu_write_multi),
				    UINT32_MAX, 0},
};
static const struct command share_command = {vfu_server_share, 0, 0, 0};

static const struct command *
command_of(uint16_t number)
{
	if (number == VFU_SHARE)
		return &share_command;
	if (number >= sizeof(commands) / sizeof(commands[0]) || commands[number].handle == NULL)
		return NULL;
	return &commands[number];
}

static int
handle_command(struct vfu_server *s, const struct vfu_message *m)
{
	const struct command *c = command_of(m->header.command);

	if (!s->agreed && m->header.command != VFU_VERSION) {
		s->broken = -EPROTO;
		return vfu_server_refuse(s, m, -EPROTO, "VERSION has to come first");
	}
	if (c == NULL)
		return vfu_server_refuse(s, m, -ENOTSUP, "not known here");
	if (m->len < c->least || m->len > c->most)
		return vfu_server_refuse(s, m, -EINVAL, "%u bytes behind the header: %u to %u fit",
					 m->len, c->least,
					 c->most < VFU_MAX_DATA ? c->most : VFU_MAX_DATA);
	if (m->n_fds > c->fds)
		return vfu_server_refuse(s, m, -EINVAL, "%u descriptors: at most %u fit", m->n_fds,
					 c->fds);
	return c->handle(s, m);
}

static void
handle(struct vfu_server *s, const struct vfu_message *m)
{
	int ret = 0;

	s->stats.messages++;
	switch (m->header.flags & VFU_TYPE) {
	case VFU_TYPE_COMMAND:
		ret = handle_command(s, m);
		if (ret < 0) {
			s->stats.refused++;
			reply(s, m, ret, NULL, 0, NULL, 0);
		}
		break;
	case VFU_TYPE_REPLY:
		vfu_server_dma_reply(s, m);
		break;
	default:
		ret = vfu_server_refuse(s, m, -EPROTO, "type %u: neither command nor reply",
					m->header.flags & VFU_TYPE);
		s->broken = -EPROTO;
	}
	if (s->config.events.message != NULL)
		s->config.events.message(s->config.arg, m->header.id,
					 vfu_command_name(m->header.command), m->header.size, ret);
}

/* A size that no message has: what follows cannot be told apart any more. */
static void
bad_size(struct vfu_server *s, const struct vfu_message *m)
{
	s->stats.refused++;
	reply(s, m, -EINVAL, NULL, 0, NULL, 0);
	s->broken = vfu_server_refuse(s, m, -EMSGSIZE, "size %u: %zu to %u are possible",
				      m->header.size, sizeof(struct vfu_header),
				      VFU_MAX_DATA + VFU_MAX_HEAD);
}

/* All that are whole. Replies have to go out before the next command is looked at: what waits to be
 * sent is bounded that way.
 */
static unsigned int
handle_all(struct vfu_server *s)
{
	struct vfu_message m;
	unsigned int n = 0;
	int ret = 0;

	while (s->broken == 0 && !vfu_conn_is_stuck(&s->conn) &&
	       (ret = vfu_conn_next(&s->conn, &m)) > 0) {
		handle(s, &m);
		vfu_conn_done(&s->conn, &m);
		n++;
	}
	if (ret < 0)
		bad_size(s, &m);
	return n;
}

/* ---- Work ---- */

void
vfu_server_count_bytes(struct vfu_server *s)
{
	s->stats.bytes_in += s->conn.bytes_in;
	s->stats.bytes_out += s->conn.bytes_out;
	s->conn.bytes_in = s->conn.bytes_out = 0;
}

/* Wait for room to send, or for more to read; not for the latter while the former is missing. */
static void
poll_update(struct vfu_server *s)
{
	uint32_t want = vfu_conn_is_stuck(&s->conn) ? EPOLLOUT : EPOLLIN;
	struct epoll_event event = {.events = want, .data.fd = s->conn.socket};

	if (want == s->polled)
		return;
	s->polled = want;
	epoll_ctl(s->epoll, EPOLL_CTL_MOD, s->conn.socket, &event);
}

static void
note_error(struct vfu_server *s, ssize_t ret)
{
	if (ret >= 0 || ret == -EAGAIN || s->broken != 0)
		return;
	if (ret == -ENOTCONN || ret == -ECONNRESET || ret == -EPIPE)
		s->hung_up = true;
	s->broken = (int)ret;
}

/* Who breaks the protocol is let go; so is who has gone. */
static void
look_after_client(struct vfu_server *s)
{
	char why[LINE_BYTES];

	if (s->broken == -EPIPE || s->broken == -ECONNRESET)
		s->hung_up = true;
	if (s->broken == 0) {
		poll_update(s);
		vfu_server_count_bytes(s);
		return;
	}
	if (!s->hung_up) {
		s->stats.dropped++;
		snprintf(why, sizeof(why), "dropped, %s", strerrorname_np(-s->broken));
	}
	vfu_server_let_go(s, s->hung_up ? "it hung up" : why);
}

static unsigned int
serve(struct vfu_server *s)
{
	unsigned int n = 0;
	ssize_t got;

	do {
		n += handle_all(s);
		if (s->broken != 0 || vfu_conn_is_stuck(&s->conn))
			break;
		got = vfu_conn_fill(&s->conn);
		note_error(s, got);
	} while (got > 0 && n < BATCH);
	return n + handle_all(s);
}

unsigned int
vfu_server_work(struct vfu_server *s)
{
	unsigned int n = 0;

	if (s->dev == NULL || !vfu_server_meet(s))
		return 0;
	if (s->gather.quarters > 0)
		vfu_gather_idle(&s->gather, vfu_server_now());
	if (s->dma.n > 0 && vfu_server_now() >= vfu_server_dma_deadline(s))
		vfu_server_dma_give_up(s);
	if (s->unmask_fd >= 0)
		vfu_server_irq_poll(s);
	note_error(s, vfu_conn_flush(&s->conn));
	if (s->broken == 0)
		n = serve(s);
	look_after_client(s);
	return n;
}

uint64_t
vfu_server_deadline(const struct vfu_server *s)
{
	/* Messages that came while a reply was waited for: the socket does not tell of them. */
	bool waits = vfu_conn_has_message(&s->conn) && !vfu_conn_is_stuck(&s->conn);
	uint64_t gather = vfu_gather_deadline(&s->gather), dma = vfu_server_dma_deadline(s);

	if (s->has_client && (s->broken != 0 || !s->announced || waits))
		return 0;
	return gather < dma ? gather : dma;
}

/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "vfu_server_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <unistd.h>

/* Interrupts: eventfds of the client, by which the device's vectors reach it.
 *
 * The device's MSI-X table belongs to whoever owns the eventfds: clients never write to it, as a
 * driver behind an IOMMU driver never does. So a vector is unmasked in the table while it has an
 * eventfd, and masked while it has none; the device then keeps what is pending, and shows it in its
 * pending bits. Devices without a mask have it kept here.
 */

#define COMMAND        0x04
#define COMMAND_MEMORY 0x2u
#define PM_CSR         4
#define DEVICE_CONTROL 8
#define MSIX_CONTROL   2
#define MSIX_ENABLE    0x8000u
#define ENTRY_BYTES    16u
#define ENTRY_CONTROL  12u
#define ENTRY_MASKED   1u

/* ---- Eventfds that the client holds as well ---- */

/* Whether such a descriptor blocks is a flag of its file, which the client can change. */

static bool
is_ready(int fd, short events)
{
	struct pollfd p = {.fd = fd, .events = events};

	return poll(&p, 1, 0) > 0 && (p.revents & events) != 0;
}

bool
vfu_server_eventfd_take(int fd)
{
	uint64_t count;
	const struct iovec part = {&count, sizeof(count)};
	ssize_t n = preadv2(fd, &part, 1, -1, RWF_NOWAIT);

	/* Kernels before 5.8 cannot be told not to wait. */
	if (n < 0 && errno == EOPNOTSUPP && is_ready(fd, POLLIN))
		n = read(fd, &count, sizeof(count));
	return n == sizeof(count);
}

/* A full counter is as good as one more. No kernel can be told not to wait here: a client that
 * fills it between the look and the write has us wait until a signal comes, and is let go.
 */
static void
signal_client(struct vfu_server *s, int fd)
{
	const uint64_t one = 1;

	if (!is_ready(fd, POLLOUT) || write(fd, &one, sizeof(one)) >= 0 || errno != EINTR)
		return;
	vfu_server_log(s, "an eventfd of the client's was full, and made to block");
	s->broken = -EPROTO;
}

/* ---- Where vectors go ---- */

void
vfu_server_irq_route(struct vfu_server *s)
{
	s->route = s->irqs[VFU_IRQ_MSIX].count > 0  ? VFU_IRQ_MSIX
		   : s->irqs[VFU_IRQ_MSI].count > 0 ? VFU_IRQ_MSI
						    : VFU_IRQ_INTX;
}

/* A client has one type of interrupts at a time: the one it gave an eventfd last. What waits for
 * one goes with it.
 */
static void
route_change(struct vfu_server *s, enum vfu_irq_index type)
{
	struct vfu_irqs *from = &s->irqs[s->route], *to = &s->irqs[type];

	if (type == s->route || type > VFU_IRQ_MSIX)
		return;
	for (uint32_t i = 0; i < from->count; i++) {
		if (i < to->count)
			to->vector[i].pending |= from->vector[i].pending;
		from->vector[i].pending = false;
	}
	s->route = type;
}

/* ---- Raising ---- */

static void
fire(struct vfu_server *s, enum vfu_irq_index type, struct vfu_vector *v)
{
	v->pending = v->fd < 0 || v->masked || s->dma.n > 0 || s->broken != 0;
	if (s->dma.n > 0)
		s->irqs_held = true;
	if (v->pending)
		return;
	s->stats.irqs++;
	v->masked = (s->irqs[type].flags & VFU_IRQ_AUTOMASKED) != 0;
	signal_client(s, v->fd);
}

static void
fire_pending(struct vfu_server *s, enum vfu_irq_index type, struct vfu_vector *v)
{
	if (v->pending)
		fire(s, type, v);
}

void
vfu_server_irq(struct bus_host *host, unsigned int vector)
{
	struct vfu_server *s = (struct vfu_server *)host;

	if (s->has_client && vector < s->irqs[s->route].count)
		fire(s, s->route, &s->irqs[s->route].vector[vector]);
}

void
vfu_server_irq_held(struct vfu_server *s)
{
	if (!s->irqs_held)
		return;
	s->irqs_held = false;
	for (unsigned int t = 0; t < VFU_IRQS; t++)
		for (uint32_t i = 0; i < s->irqs[t].count; i++)
			fire_pending(s, t, &s->irqs[t].vector[i]);
}

uint64_t
vfu_server_irq_pending(const struct vfu_server *s, unsigned int bar, uint64_t off,
		       unsigned int size)
{
	const struct vfu_irqs *irqs = &s->irqs[VFU_IRQ_MSIX];
	uint64_t bits = 0, first = (off - s->msix.pba) * 8;

	if (s->msix.at == 0 || bar != s->msix.pba_bar || off < s->msix.pba)
		return 0;
	for (unsigned int i = 0; i < size * 8 && first + i < irqs->count; i++)
		bits |= (uint64_t)irqs->vector[first + i].pending << i;
	return bits;
}

/* ---- The device's table ---- */

static bool
has_table(const struct vfu_server *s)
{
	return s->msix.at != 0;
}

static void
table_write(struct vfu_server *s, uint32_t vector, bool masked)
{
	uint64_t at = s->msix.table + vector * (uint64_t)ENTRY_BYTES + ENTRY_CONTROL;

	s->in_access = true;
	s->dev->ops->write(s->dev, s->msix.table_bar, at, masked ? ENTRY_MASKED : 0, 4);
	s->in_access = false;
}

/* The table lies in a BAR, which the client may have switched off. */
static void
table_program(struct vfu_server *s, uint32_t start, uint32_t n)
{
	uint32_t command = vfu_server_config_get(s, COMMAND, 2);
	bool off = (command & COMMAND_MEMORY) == 0;

	if (off)
		vfu_server_config_set(s, COMMAND, 2, command | COMMAND_MEMORY);
	for (uint32_t i = start; i < start + n; i++)
		table_write(s, i, s->irqs[VFU_IRQ_MSIX].vector[i].fd < 0);
	if (off)
		vfu_server_config_set(s, COMMAND, 2, command);
}

/* Switch MSI-X on with its first vector, off with all of them, for clients that leave it to us. */
static void
msix_enable(struct vfu_server *s, bool on)
{
	uint32_t control = vfu_server_config_get(s, s->msix.at + MSIX_CONTROL, 2);
	uint32_t want = on ? control | MSIX_ENABLE : control & ~MSIX_ENABLE;

	if (want != control)
		vfu_server_config_set(s, s->msix.at + MSIX_CONTROL, 2, want);
}

/* After a reset: entries are masked, eventfds are still there. */
static void
table_restore(struct vfu_server *s)
{
	const struct vfu_irqs *irqs = &s->irqs[VFU_IRQ_MSIX];

	for (uint32_t i = 0; has_table(s) && i < irqs->count; i++)
		if (irqs->vector[i].fd >= 0)
			table_write(s, i, false);
}

static bool
touches(uint64_t off, size_t len, uint64_t at)
{
	return off < at + 2 && at < off + len;
}

void
vfu_server_irq_config(struct vfu_server *s, uint64_t off, size_t len)
{
	if (!has_table(s))
		return;
	if (touches(off, len, COMMAND) || touches(off, len, s->msix.at + MSIX_CONTROL) ||
	    (s->pcie != 0 && touches(off, len, s->pcie + DEVICE_CONTROL)) ||
	    (s->pm != 0 && touches(off, len, s->pm + PM_CSR)))
		if (vfu_server_config_get(s, COMMAND, 2) & COMMAND_MEMORY)
			table_restore(s);
}

void
vfu_server_irq_reset(struct vfu_server *s)
{
	for (unsigned int t = 0; t < VFU_IRQS; t++)
		for (uint32_t i = 0; i < s->irqs[t].count; i++)
			s->irqs[t].vector[i].pending = s->irqs[t].vector[i].masked = false;
}

/* ---- Eventfds ---- */

/* Is it what writing to does not kill? Not to wait is set on the client's file, too, which clients
 * set themselves.
 */
static bool
is_eventfd(int fd)
{
	char link[64], name[32];
	int flags = fcntl(fd, F_GETFL);
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, name, sizeof(name) - 1);
	if (n < 0 || flags < 0)
		return false;
	name[n] = '\0';
	return strcmp(name, "anon_inode:[eventfd]") == 0 &&
	       fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

static void
vector_set(struct vfu_server *s, enum vfu_irq_index type, struct vfu_vector *v, int fd)
{
	if (v->fd >= 0)
		close(v->fd);
	v->fd = fd;
	v->masked = false;
	fire_pending(s, type, v);
}

static void
unmask_fd_set(struct vfu_server *s, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	if (s->unmask_fd >= 0) {
		/* The client has it, too, so closing it does not take it out. */
		epoll_ctl(s->epoll, EPOLL_CTL_DEL, s->unmask_fd, NULL);
		close(s->unmask_fd);
	}
	s->unmask_fd = fd;
	if (fd >= 0)
		epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &event);
}

/* Was there an eventfd? */
static bool
type_forget(struct vfu_server *s, enum vfu_irq_index type)
{
	struct vfu_irqs *irqs = &s->irqs[type];
	bool had_any = false;

	for (uint32_t i = 0; i < irqs->count; i++) {
		had_any |= irqs->vector[i].fd >= 0;
		irqs->vector[i].pending = false;
		vector_set(s, type, &irqs->vector[i], -1);
	}
	if (type == VFU_IRQ_INTX)
		unmask_fd_set(s, -1);
	return had_any;
}

static void
msix_off(struct vfu_server *s)
{
	msix_enable(s, false);
	table_program(s, 0, s->irqs[VFU_IRQ_MSIX].count);
}

void
vfu_server_irq_forget(struct vfu_server *s)
{
	s->irqs_held = false;
	for (unsigned int t = 0; t < VFU_IRQS; t++)
		if (type_forget(s, t) && t == VFU_IRQ_MSIX && has_table(s))
			msix_off(s);
	vfu_server_irq_route(s);
}

static void
unmask(struct vfu_server *s, enum vfu_irq_index type, struct vfu_vector *v)
{
	v->masked = false;
	fire_pending(s, type, v);
}

void
vfu_server_irq_poll(struct vfu_server *s)
{
	if (vfu_server_eventfd_take(s->unmask_fd))
		unmask(s, VFU_IRQ_INTX, &s->irqs[VFU_IRQ_INTX].vector[0]);
}

/* ---- DEVICE_SET_IRQS ---- */

static bool
is_one_bit(uint32_t bits)
{
	return bits != 0 && (bits & (bits - 1)) == 0;
}

static int
set_check(struct vfu_server *s, const struct vfu_message *m, const struct vfu_irq_set *set)
{
	bool fds = (set->flags & VFU_IRQ_DATA) == VFU_IRQ_DATA_EVENTFD;
	uint32_t bytes = (set->flags & VFU_IRQ_DATA) == VFU_IRQ_DATA_BOOL ? set->count : 0;

	if (!is_one_bit(set->flags & VFU_IRQ_DATA) || !is_one_bit(set->flags & VFU_IRQ_ACTION) ||
	    (set->flags & ~(VFU_IRQ_DATA | VFU_IRQ_ACTION)) != 0)
		return vfu_server_refuse(s, m, -EINVAL,
					 "flags 0x%x: one of 1, 2, 4, and one of 8, 0x10, 0x20",
					 set->flags);
	if (set->index >= VFU_IRQS)
		return vfu_server_refuse(s, m, -EINVAL, "interrupt type %u: 0 to %u", set->index,
					 VFU_IRQS - 1);
	if (set->start > s->irqs[set->index].count ||
	    set->count > s->irqs[set->index].count - set->start)
		return vfu_server_refuse(
			s, m, -EINVAL, "interrupt type %u, %u vectors from %u: it has %u",
			set->index, set->count, set->start, s->irqs[set->index].count);
	if (set->argsz < sizeof(*set) || m->len != sizeof(*set) + bytes)
		return vfu_server_refuse(s, m, -EINVAL, "argsz %u, %u bytes: %zu belong there",
					 set->argsz, m->len, sizeof(*set) + bytes);
	if (m->n_fds != 0 && (!fds || m->n_fds != set->count))
		return vfu_server_refuse(s, m, -EINVAL, "%u descriptors for %u vectors%s", m->n_fds,
					 set->count, fds ? "" : " that take none");
	for (unsigned int i = 0; i < m->n_fds; i++)
		if (!is_eventfd(m->fds[i]))
			return vfu_server_refuse(s, m, -EINVAL, "descriptor %u is no eventfd", i);
	return 0;
}

static int
take_fd(const struct vfu_message *m, unsigned int i)
{
	int fd = -1;

	if (i < m->n_fds) {
		fd = m->fds[i];
		m->fds[i] = -1;
	}
	return fd;
}

static int
set_eventfds(struct vfu_server *s, const struct vfu_message *m, const struct vfu_irq_set *set)
{
	struct vfu_irqs *irqs = &s->irqs[set->index];
	bool table = set->index == VFU_IRQ_MSIX && has_table(s);

	if ((set->flags & VFU_IRQ_ACTION) != VFU_IRQ_ACTION_TRIGGER) {
		if ((set->flags & VFU_IRQ_ACTION) == VFU_IRQ_ACTION_MASK ||
		    set->index != VFU_IRQ_INTX)
			return vfu_server_refuse(s, m, -ENOTSUP,
						 "only INTx is unmasked by an eventfd");
		unmask_fd_set(s, take_fd(m, 0));
		return 0;
	}
	if (m->n_fds > 0)
		route_change(s, (enum vfu_irq_index)set->index);
	for (uint32_t i = 0; i < set->count; i++)
		vector_set(s, set->index, &irqs->vector[set->start + i], take_fd(m, i));
	if (table && m->n_fds > 0)
		msix_enable(s, true);
	if (table)
		table_program(s, set->start, set->count);
	return 0;
}

static void
act(struct vfu_server *s, enum vfu_irq_index type, struct vfu_vector *v, uint32_t action)
{
	switch (action) {
	case VFU_IRQ_ACTION_TRIGGER:
		fire(s, type, v);
		break;
	case VFU_IRQ_ACTION_MASK:
		v->masked = true;
		break;
	case VFU_IRQ_ACTION_UNMASK:
		unmask(s, type, v);
		break;
	}
}

static int
set_vectors(struct vfu_server *s, const struct vfu_message *m, const struct vfu_irq_set *set)
{
	uint32_t action = set->flags & VFU_IRQ_ACTION;
	bool all = (set->flags & VFU_IRQ_DATA) == VFU_IRQ_DATA_NONE;
	struct vfu_irqs *irqs = &s->irqs[set->index];

	if (action != VFU_IRQ_ACTION_TRIGGER && !(irqs->flags & VFU_IRQ_MASKABLE))
		return vfu_server_refuse(s, m, -ENOTSUP, "interrupt type %u cannot be masked",
					 set->index);
	if (action == VFU_IRQ_ACTION_TRIGGER && all && set->count == 0) {
		type_forget(s, set->index);
		if (set->index == VFU_IRQ_MSIX && has_table(s))
			msix_off(s);
	}
	for (uint32_t i = 0; i < set->count; i++)
		if (all || m->payload[sizeof(*set) + i] != 0)
			act(s, set->index, &irqs->vector[set->start + i], action);
	return 0;
}

int
vfu_server_set_irqs(struct vfu_server *s, const struct vfu_message *m)
{
	struct vfu_irq_set set;
	int ret;

	memcpy(&set, m->payload, sizeof(set));
	ret = set_check(s, m, &set);
	if (ret < 0)
		return ret;
	if ((set.flags & VFU_IRQ_DATA) == VFU_IRQ_DATA_EVENTFD)
		ret = set_eventfds(s, m, &set);
	else
		ret = set_vectors(s, m, &set);
	return ret < 0 ? ret : vfu_server_reply(s, m, NULL, 0);
}

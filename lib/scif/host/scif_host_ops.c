/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/futex.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "scif_copy_box.h"
#include "scif_host_priv.h"

/* ---- Lines ---- */

/* Of each kind one for each second, and so many at once as come where all nodes of a machine join
 * and leave: somebody who is refused again and again does not fill a disk, nor hides what else is
 * said.
 */
#define LINES_MAX 1024u
#define LINE_MS   1000u

/* What differs in its numbers is of one kind: whoever is refused has a say in those only. */
static struct host_lines *
lines_like(struct scif_host *host, const char *line)
{
	uint32_t hash = 0;

	for (; *line != '\0'; line++)
		if (!isxdigit((unsigned char)*line))
			hash = hash * 31 + (unsigned char)*line;
	return &host->lines[hash % HOST_LINE_KINDS];
}

static void
log_left_out(struct scif_host *host)
{
	char line[64];

	if (host->lines_left_out == 0)
		return;
	snprintf(line, sizeof(line), "%" PRIu64 " lines were left out", host->lines_left_out);
	host->lines_left_out = 0;
	host->config.log(host->config.arg, line);
}

static bool
may_log(struct scif_host *host, const char *line)
{
	struct host_lines *like = lines_like(host, line);
	uint64_t now = ctl_now_ms(), earned = (now - like->at) / LINE_MS;

	like->count -= earned < like->count ? (uint32_t)earned : like->count;
	if (earned > 0)
		like->at = now;
	if (like->count == LINES_MAX) {
		host->lines_left_out++;
		return false;
	}
	like->count++;
	return true;
}

static void
log_line(struct scif_host *host, const char *line)
{
	/* Whoever wants each message has asked for all of it. */
	if (!host->config.engine.log_messages) {
		if (!may_log(host, line))
			return;
		log_left_out(host);
	}
	host->config.log(host->config.arg, line);
}

void
scif_host_log(struct scif_host *host, const char *format, ...)
{
	char line[256];
	va_list args;

	if (host->config.log == NULL)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	log_line(host, line);
}

static void
host_log(void *arg, const char *line)
{
	struct scif_host *host = arg;

	if (host->config.log != NULL)
		log_line(host, line);
}

/* ---- Memory ---- */

static int
memory_map(struct scif_memory *memory)
{
	/* Sealed, so that no client can have an access fault by making it smaller. */
	if (ftruncate(memory->fd, (off_t)memory->size) < 0 ||
	    fcntl(memory->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return -errno;
	memory->base = mmap(NULL, memory->size, PROT_READ | PROT_WRITE, MAP_SHARED, memory->fd, 0);
	return memory->base == MAP_FAILED ? -errno : 0;
}

static int
host_memory(void *arg, size_t size, struct scif_memory *memory)
{
	int ret;

	(void)arg;
	memory->size = (size + SCIF_PAGE - 1) & ~(SCIF_PAGE - 1);
	memory->fd = memfd_create("slipway-scif", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (memory->fd < 0)
		return -errno;
	ret = scif_host_is_reserved(memory->fd) ? -EMFILE : memory_map(memory);
	if (ret < 0)
		close(memory->fd);
	return ret;
}

static void
host_wake(void *arg, _Atomic uint32_t *word)
{
	(void)arg;
	syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static struct scif_box *
box_map(const struct scif_memory *memory)
{
	return mmap(NULL, SCIF_BOX_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, memory->fd,
		    (off_t)(memory->size - SCIF_BOX_BYTES));
}

/* Who copies for this memory may not know that nobody has it any more: a child was the last. */
static void
box_close(const struct scif_memory *memory)
{
	struct scif_box *box = box_map(memory);

	if (box == MAP_FAILED)
		return;
	atomic_store(&box->closed, 1);
	atomic_fetch_add(&box->bell, 1);
	host_wake(NULL, &box->bell);
	munmap(box, SCIF_BOX_BYTES);
}

static void
host_memory_free(void *arg, struct scif_memory *memory)
{
	(void)arg;
	if (memory->copies)
		box_close(memory);
	if (memory->base != NULL)
		munmap(memory->base, memory->size);
	close(memory->fd);
}

/* Of huge pages there may be none left when they are touched again, whatever the size is. */
bool
scif_host_is_steady(int fd, uint64_t size)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct statfs fs;
	struct stat st;

	return seals >= 0 && (seals & F_SEAL_SHRINK) != 0 && fstatfs(fd, &fs) == 0 &&
	       fs.f_type == TMPFS_MAGIC && fstat(fd, &st) == 0 && (uint64_t)st.st_size >= size;
}

/* Whoever may only write it, or only knows that it is there, does not get to read it by way of this
 * process, which opens it again for who may not write.
 */
static bool
may_be_read(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && (flags & O_PATH) == 0 && (flags & O_ACCMODE) != O_WRONLY;
}

static int
host_memory_check(void *arg, int fd, uint64_t size)
{
	struct stat st;

	(void)arg;
	if (!may_be_read(fd))
		return -EACCES;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size < size)
		return -EINVAL;
	return scif_host_is_steady(fd, size);
}

static int
unreserved(int fd)
{
	if (!scif_host_is_reserved(fd))
		return fd;
	close(fd);
	return -EMFILE;
}

static int
host_memory_reader(void *arg, int fd)
{
	char path[64];
	int flags = fcntl(fd, F_GETFL);

	(void)arg;
	if (flags >= 0 && (flags & O_ACCMODE) == O_RDONLY) {
		fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		return fd < 0 ? -errno : unreserved(fd);
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	/* Its owner may hold a lease, which would be waited for. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	return fd < 0 ? -errno : unreserved(fd);
}

/* Left in the box of memory that cannot be shared: its process stores it, and nobody waits. */
static int
store_by_box(const struct scif_memory *memory, uint64_t offset, const void *bytes, size_t len)
{
	struct scif_box *box = box_map(memory);
	int slot;

	if (box == MAP_FAILED)
		return -errno;
	slot = scif_box_take(box, getpid());
	if (slot >= 0) {
		memcpy(box->room[slot], bytes, len);
		scif_box_ask(box, slot, 1, offset, (uint32_t)len, SCIF_BOX_LEFT);
		host_wake(NULL, &box->bell);
	}
	munmap(box, SCIF_BOX_BYTES);
	return slot < 0 ? -EBUSY : 0;
}

static int
host_store(void *arg, const struct scif_memory *memory, uint64_t offset, const void *bytes,
	   size_t len)
{
	ssize_t n;

	(void)arg;
	if (memory->copies)
		return store_by_box(memory, offset, bytes, len);
	n = pwrite(memory->fd, bytes, len, (off_t)offset);
	if (n < 0)
		return -errno;
	return n == (ssize_t)len ? 0 : -EIO;
}

/* ---- Gates ---- */

/* A gate is a pair of stream sockets, of which a client has one end: a byte to read there is IN,
 * a full send queue is no OUT, and the other end shut down is HUP. Both ends are kept, to take back
 * what was said.
 */

#define FILL 4096

/* Two sockets; the second has the higher number. */
static int
pair(int type, int fd[2])
{
	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fd) < 0)
		return -errno;
	if (!scif_host_is_reserved(fd[1]))
		return 0;
	close(fd[0]);
	close(fd[1]);
	return -EMFILE;
}

static int
host_gate(void *arg, struct scif_gate *gate)
{
	int small = 1, ret = pair(SOCK_STREAM, gate->fd);

	(void)arg;
	if (ret < 0)
		return ret;
	/* The smallest there is: it has to be filled. */
	setsockopt(gate->fd[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	gate->shown = POLLOUT;
	return 0;
}

/* Some bytes, with what a client may have sent beside them: as it may linger, it is not left to the
 * kernel.
 */
static ssize_t
take(int fd)
{
	char bytes[FILL];
	int sent = -1;
	ssize_t n = scif_host_receive(fd, bytes, sizeof(bytes), &sent, NULL);

	if (n > 0 && sent >= 0)
		scif_host_drop(sent);
	return n;
}

/* What is there now: who has the other end may write for ever. */
static void
drain(int fd)
{
	int there = 0;
	ssize_t n;

	for (ioctl(fd, FIONREAD, &there); there > 0; there -= (int)n) {
		n = take(fd);
		if (n <= 0)
			return;
	}
}

static void
fill(int fd)
{
	static const char bytes[FILL];

	while (send(fd, bytes, sizeof(bytes), MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
		;
}

static void
show_in(struct scif_gate *gate, bool in)
{
	int there = 0;

	/* The client takes it back, too, when it has read all there is. */
	ioctl(gate->fd[0], FIONREAD, &there);
	if (in && there == 0)
		send(gate->fd[1], "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	else if (!in && there > 0)
		drain(gate->fd[0]);
}

static void
host_gate_show(void *arg, struct scif_gate *gate, short events)
{
	short changed = gate->shown ^ events;

	(void)arg;
	if ((gate->shown & POLLHUP) != 0)
		return;
	if ((events & POLLHUP) != 0)
		shutdown(gate->fd[1], SHUT_RDWR);
	else
		show_in(gate, (events & POLLIN) != 0);
	if ((changed & POLLOUT) != 0 && (events & POLLOUT) != 0)
		drain(gate->fd[1]);
	else if ((changed & POLLOUT) != 0)
		fill(gate->fd[0]);
	gate->shown = events;
}

static void
host_gate_free(void *arg, struct scif_gate *gate)
{
	(void)arg;
	/* Nothing is written any more, and what was comes to an end. */
	shutdown(gate->fd[1], SHUT_RDWR);
	while (take(gate->fd[1]) > 0)
		;
	close(gate->fd[0]);
	close(gate->fd[1]);
}

/* ---- A process that is about to be ---- */

static int
host_fork(void *arg, struct scif_client *client)
{
	struct scif_host *host = arg;
	int fd[2], ret = pair(SOCK_SEQPACKET, fd);

	if (ret < 0)
		return ret;
	ret = scif_host_client_add(host, fd[1], scif_engine_client_who(client), client);
	if (ret < 0) {
		close(fd[0]);
		return ret;
	}
	return fd[0];
}

static void
host_node(void *arg, uint16_t node, bool online)
{
	struct scif_host *host = arg;

	if (online)
		scif_host_link_met(host, node);
	if (host->config.node != NULL)
		host->config.node(host->config.arg, node, online);
	scif_host_local_tell(host, node, online);
}

const struct scif_host_ops scif_host_ops = {
	.memory = host_memory,
	.memory_free = host_memory_free,
	.memory_check = host_memory_check,
	.memory_reader = host_memory_reader,
	.store = host_store,
	.wake = host_wake,
	.gate = host_gate,
	.gate_show = host_gate_show,
	.gate_free = host_gate_free,
	.fork = host_fork,
	.node = host_node,
	.peer = scif_host_peer,
	.log = host_log,
};

/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "vfu_fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "dlb_model.h"

#define HEADER   16u
#define PAGE     4096u
#define RAM      (160u * 0x10000u)
#define FDS_MOST 32u
/* Inputs between two looks at /proc/self/maps. */
#define MAPS_EVERY 4096u
/* And between two that are followed by another client. */
#define NEXT_EVERY 16u

static struct vfu_fuzz servers[2];
static int files[VFU_FUZZ_FILES];
static const size_t sizes[VFU_FUZZ_EVENT] = {0, PAGE, 16 * PAGE, RAM};
static bool truncated;

/* ---- Files ---- */

static void
files_open(void)
{
	uint64_t most = UINT64_MAX - 1;
	int pipes[2];

	for (unsigned int i = 0; i < VFU_FUZZ_EVENT; i++) {
		files[i] = memfd_create("vfu-fuzz", MFD_CLOEXEC);
		if (files[i] < 0 || ftruncate(files[i], (off_t)sizes[i]) < 0)
			vfu_fuzz_broken("no memory files");
	}
	files[VFU_FUZZ_EVENT] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	files[VFU_FUZZ_EVENT_FULL] = eventfd(0, EFD_CLOEXEC);
	if (write(files[VFU_FUZZ_EVENT_FULL], &most, sizeof(most)) < 0 || pipe(pipes) < 0)
		vfu_fuzz_broken("no eventfd or pipe");
	close(pipes[0]);
	files[VFU_FUZZ_PIPE] = pipes[1];
	files[VFU_FUZZ_DIRECTORY] = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int
vfu_fuzz_file(unsigned int n)
{
	return files[n % VFU_FUZZ_FILES];
}

void
vfu_fuzz_truncate(unsigned int n, unsigned int pages)
{
	truncated = true;
	if (ftruncate(files[n % VFU_FUZZ_EVENT], (off_t)pages * PAGE) < 0)
		vfu_fuzz_broken("ftruncate");
}

static void
files_restore(void)
{
	for (unsigned int i = 0; truncated && i < VFU_FUZZ_EVENT; i++)
		if (ftruncate(files[i], (off_t)sizes[i]) < 0)
			vfu_fuzz_broken("ftruncate");
	truncated = false;
}

/* ---- The server ---- */

/* A file has been truncated below the device: as `slipway serve` does. */
static void
on_bus_error(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	for (unsigned int i = 0; i < 2; i++)
		if (servers[i].server != NULL &&
		    vfu_server_repair(servers[i].server, info->si_addr))
			return;
	abort();
}

static void
on_log(void *arg, const char *line)
{
	(void)arg;
	if (strlen(line) > 1024 || strchr(line, '\n') != NULL)
		vfu_fuzz_broken("a log line that is no line");
}

/* A device that nobody wrote to is as it was: resetting it takes longer than most inputs. */
static void
on_gone(void *arg)
{
	struct vfu_fuzz *f = arg;
	const struct vfu_server_stats *s = vfu_server_stats(f->server);
	uint64_t touched = s->writes + s->posted + s->lines + s->submits + f->pokes;

	if (touched != f->touched && f->dev != NULL)
		f->dev->ops->reset(f->dev, BUS_RESET_POWER);
	f->touched = touched;
}

static void
remove_sockets(void)
{
	for (unsigned int i = 0; i < 2; i++)
		if (servers[i].path[0] != '\0')
			unlink(servers[i].path);
}

static void
watch(void)
{
	static bool watching;
	struct sigaction action = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO};

	if (watching)
		return;
	watching = true;
	sigaction(SIGBUS, &action, NULL);
	files_open();
	atexit(remove_sockets);
}

static int
lowest_fd(void)
{
	int fd = fcntl(files[0], F_DUPFD_CLOEXEC, 0);

	close(fd);
	return fd;
}

static void
server_open(struct vfu_fuzz *f, enum dlb_version version)
{
	struct vfu_server_config config = {
		.path = f->path,
		.mode = 0600,
		.share = true,
		.about = "{\"device\":\"dlb\"}",
		.events = {.log = on_log, .gone = on_gone},
		.arg = f,
		/* Time is not what is looked into here. */
		.gather_idle_ns = UINT64_MAX,
		.dma_timeout_ms = 1,
	};
	struct dlb_model_config model = {.version = version};

	snprintf(f->path, sizeof(f->path), "/tmp/vfu-fuzz-%d-%u", (int)getpid(), version);
	f->ring_bytes = (dlb_model_ring_bytes() + PAGE - 1) / PAGE * PAGE;
	model.ring_fd = memfd_create("vfu-fuzz-rings", MFD_CLOEXEC);
	if (model.ring_fd < 0 || ftruncate(model.ring_fd, (off_t)f->ring_bytes) < 0)
		vfu_fuzz_broken("no memory for the rings");
	f->rings = mmap(NULL, f->ring_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, model.ring_fd, 0);
	model.ring_memory = f->rings;
	if (f->rings == MAP_FAILED || vfu_server_open(&config, &f->server) < 0 ||
	    dlb_model_create(&model, vfu_server_host(f->server), &f->dev) < 0)
		vfu_fuzz_broken("no server, or no device");
	vfu_server_plug(f->server, f->dev);
	f->fd = -1;
	/* What the first client brings into being may stay. */
	vfu_fuzz_connect(f);
	vfu_fuzz_hello(f, true);
	vfu_fuzz_pump(f);
	close(f->fd);
	f->fd = -1;
	vfu_fuzz_pump(f);
}

struct vfu_fuzz *
vfu_fuzz_get(enum dlb_version version)
{
	struct vfu_fuzz *f = &servers[version == DLB_V25];

	watch();
	if (f->server == NULL)
		server_open(f, version);
	files_restore();
	return f;
}

/* ---- The client ---- */

void
vfu_fuzz_connect(struct vfu_fuzz *f)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	memcpy(address.sun_path, f->path, sizeof(f->path));
	/* Between inputs, a fuzzer may open something of its own. */
	f->lowest_fd = lowest_fd();
	f->pending = f->held = f->skip = 0;
	f->asked = 0;
	f->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (f->fd < 0 || connect(f->fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		vfu_fuzz_broken("nobody listens any more");
}

static unsigned int
mappings(void)
{
	FILE *file = fopen("/proc/self/maps", "r");
	unsigned int n = 0;
	char line[512];

	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		n += strstr(line, "memfd:vfu-fuzz (") != NULL;
	if (file != NULL)
		fclose(file);
	return n;
}

void
vfu_fuzz_hang_up(struct vfu_fuzz *f)
{
	static unsigned int times;

	vfu_fuzz_pump(f);
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
	vfu_fuzz_pump(f);
	if (vfu_server_has_client(f->server))
		vfu_fuzz_broken("a client that has gone is still there");
	if (lowest_fd() != f->lowest_fd)
		vfu_fuzz_broken("a descriptor is left");
	if (times++ % MAPS_EVERY == 0 && mappings() != 0)
		vfu_fuzz_broken("a mapping is left");
}

/* A full socket: the server reads, and goes on reading once its replies are taken. */
static bool
make_room(struct vfu_fuzz *f, unsigned int tries)
{
	if (tries > 64)
		return false;
	while (vfu_server_work(f->server) > 0)
		;
	vfu_fuzz_drain(f);
	return true;
}

static void
send_now(struct vfu_fuzz *f, const unsigned char *at, size_t len, const int fd[], unsigned int fds)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(FDS_MOST * sizeof(int))] = {0};
	struct iovec iov = {.iov_base = (void *)(uintptr_t)at, .iov_len = len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *c;
	ssize_t n;

	if (fds > 0) {
		msg.msg_control = control;
		msg.msg_controllen = CMSG_SPACE(fds * sizeof(int));
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(fds * sizeof(int));
		memcpy(CMSG_DATA(c), fd, fds * sizeof(int));
	}
	for (unsigned int tries = 0; iov.iov_len > 0; tries++) {
		n = sendmsg(f->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && (errno != EAGAIN || !make_room(f, tries)))
			return;
		if (n < 0)
			continue;
		iov.iov_base = (char *)iov.iov_base + n;
		iov.iov_len -= (size_t)n;
		msg.msg_control = NULL;
		msg.msg_controllen = 0;
	}
}

static void
send_pending(struct vfu_fuzz *f)
{
	size_t len = f->pending;

	f->pending = 0;
	if (len > 0 && f->fd >= 0)
		send_now(f, f->out, len, NULL, 0);
}

void
vfu_fuzz_send(struct vfu_fuzz *f, const void *bytes, size_t len, const int fd[], unsigned int fds)
{
	if (f->fd < 0 || len == 0)
		return;
	if (fds > 0 || len > sizeof(f->out) - f->pending)
		send_pending(f);
	if (fds > 0 || len > sizeof(f->out)) {
		send_now(f, bytes, len, fd, fds < FDS_MOST ? fds : FDS_MOST);
		return;
	}
	memcpy(f->out + f->pending, bytes, len);
	f->pending += len;
}

void
vfu_fuzz_message(struct vfu_fuzz *f, uint16_t command, uint32_t flags, const void *bytes,
		 size_t len, const int fd[], unsigned int fds)
{
	static uint16_t id;
	unsigned char m[0x1000];
	uint32_t size = (uint32_t)(HEADER + len), none = 0;

	if (size > sizeof(m))
		return;
	id++;
	memcpy(m, &id, 2);
	memcpy(m + 2, &command, 2);
	memcpy(m + 4, &size, 4);
	memcpy(m + 8, &flags, 4);
	memcpy(m + 12, &none, 4);
	if (len > 0)
		memcpy(m + HEADER, bytes, len);
	vfu_fuzz_send(f, m, size, fd, fds);
}

void
vfu_fuzz_hello(struct vfu_fuzz *f, bool share)
{
	static const char plain[] = "\0\0\0\0{\"capabilities\":{\"max_msg_fds\":16,"
				    "\"write_multiple\":true}}";
	static const char shares[] = "\0\0\0\0{\"capabilities\":{\"write_multiple\":true,"
				     "\"slipway\":{\"share\":true}}}";

	if (share)
		vfu_fuzz_message(f, 1, 0, shares, sizeof(shares), NULL, 0);
	else
		vfu_fuzz_message(f, 1, 0, plain, sizeof(plain), NULL, 0);
}

void
vfu_fuzz_pump(struct vfu_fuzz *f)
{
	struct pollfd p = {.fd = vfu_server_fd(f->server), .events = POLLIN};

	send_pending(f);
	for (unsigned int i = 0; i < 1000; i++) {
		while (vfu_server_work(f->server) > 0)
			;
		if (poll(&p, 1, 0) <= 0)
			return;
	}
	vfu_fuzz_broken("the server has always something to do");
}

void
vfu_fuzz_step(struct vfu_fuzz *f, uint64_t ns)
{
	vfu_fuzz_pump(f);
	f->now += ns;
	if (f->dev->ops->step(f->dev, f->now) <= f->now)
		vfu_fuzz_broken("a deadline that has passed already");
}

/* ---- What the server says ---- */

static uint32_t
word(const unsigned char *at)
{
	uint32_t value;

	memcpy(&value, at, 4);
	return value;
}

static void
check_message(struct vfu_fuzz *f, const unsigned char *m, uint32_t size)
{
	uint32_t flags = word(m + 8), command = word(m) >> 16;

	if ((flags & 15) == 1) {
		if ((flags & ~0x21u) != 0)
			vfu_fuzz_broken("a reply with flags there are not");
		if ((flags & 0x20) != 0 && size != HEADER)
			vfu_fuzz_broken("an error reply with a payload");
		if ((flags & 0x20) == 0 && word(m + 12) != 0)
			vfu_fuzz_broken("an error without its flag");
	} else if (flags == 0 && (command == 11 || command == 12)) {
		f->asked++;
		memcpy(f->ask, m, sizeof(f->ask));
	} else {
		vfu_fuzz_broken("a message that servers do not send");
	}
}

/* Whole messages out of what is held; of those that are larger, the header. */
static void
check_held(struct vfu_fuzz *f)
{
	size_t at = f->skip < f->held ? f->skip : f->held;

	f->skip -= at;
	while (f->held - at >= HEADER) {
		uint32_t size = word(f->in + at + 4);
		size_t here = f->held - at;

		if (size < HEADER || size > 0x100000 + 64)
			vfu_fuzz_broken("a size that no message has");
		if (size > here && size <= sizeof(f->in))
			break;
		check_message(f, f->in + at, size);
		f->skip = size > here ? size - here : 0;
		at += size > here ? here : size;
	}
	memmove(f->in, f->in + at, f->held - at);
	f->held -= at;
}

static void
close_fds(struct msghdr *msg)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
			close(fd);
		}
	}
}

void
vfu_fuzz_drain(struct vfu_fuzz *f)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(FDS_MOST * sizeof(int))];
	struct iovec iov;
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	ssize_t n;

	while (f->fd >= 0) {
		iov = (struct iovec){f->in + f->held, sizeof(f->in) - f->held};
		msg.msg_control = control;
		msg.msg_controllen = sizeof(control);
		n = recvmsg(f->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
		if (n <= 0)
			return;
		close_fds(&msg);
		f->held += (size_t)n;
		check_held(f);
		while (vfu_server_work(f->server) > 0)
			;
	}
}

void
vfu_fuzz_next_client(struct vfu_fuzz *f)
{
	static unsigned int times;
	/* Configuration space, 4 bytes at 0. */
	static const unsigned char ask[16] = {[8] = 7, [12] = 4};
	unsigned char in[512];
	ssize_t n;

	/* Not each time, for speed; but when there is one input only. */
	if (times++ % NEXT_EVERY != 0)
		return;
	vfu_fuzz_connect(f);
	vfu_fuzz_hello(f, false);
	vfu_fuzz_message(f, 9, 0, ask, sizeof(ask), NULL, 0);
	vfu_fuzz_pump(f);
	n = recv(f->fd, in, sizeof(in), MSG_DONTWAIT);
	if (n < 36 || word(in + n - 4) >> 16 == 0xffff || (word(in + n - 4) & 0xffff) != 0x8086)
		vfu_fuzz_broken("the next client is not served");
	vfu_fuzz_hang_up(f);
}

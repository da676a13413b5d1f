/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "client_memory.h"
#include "scif_path.h"

/* The engine is another process, behind a socket of packets. */
struct socket_link {
	struct client_link link;
	int fd;
	dev_t device; /* what is behind it */
	ino_t inode;
	struct client_lock lock;
	int child_fd; /* around a fork: the child's */
};

static struct client_lock current_lock;
static struct client *current; /* of this process; NULL: none yet */

/* ---- The descriptor ---- */

static void
take_socket(struct socket_link *sl, int fd)
{
	struct stat st = {0};

	fstat(fd, &st);
	sl->fd = fd;
	sl->device = st.st_dev;
	sl->inode = st.st_ino;
}

/* A program may close what it did not open, and have something else by that number. */
static bool
is_ours(const struct socket_link *sl)
{
	struct stat st;

	return fstat(sl->fd, &st) == 0 && st.st_ino == sl->inode && st.st_dev == sl->device;
}

/* ---- Packets ---- */

static int
send_packet(int to, const struct scif_request *rq, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec iov = {(void *)(uintptr_t)rq, sizeof(*rq)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *c;
	ssize_t n;

	if (fd >= 0) {
		msg.msg_control = control;
		msg.msg_controllen = sizeof(control);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	do
		n = sendmsg(to, &msg, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n == sizeof(*rq) ? 0 : -ENODEV;
}

static void
take_fds(struct msghdr *msg, struct scif_reply *reply, int fds[SCIF_REQUEST_FDS])
{
	const struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	uint32_t sent = reply->fds, came = 0;

	if (c != NULL && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
		came = (uint32_t)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
	if (came > 0)
		memcpy(fds, CMSG_DATA(c), came * sizeof(int));
	reply->fds = came;
	/* The process has no descriptors left for all of them; those that came are closed. */
	if (came < sent && reply->error == 0)
		reply->error = EMFILE;
}

static int
receive_packet(int from, struct scif_reply *reply, int fds[SCIF_REQUEST_FDS])
{
	char control[CMSG_SPACE(SCIF_REQUEST_FDS * sizeof(int))];
	struct iovec iov = {reply, sizeof(*reply)};
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n;

	do
		n = recvmsg(from, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n != sizeof(*reply))
		return -ENODEV;
	take_fds(&msg, reply, fds);
	return 0;
}

static int
link_call(struct client_link *link, const struct scif_request *rq, int fd, struct scif_reply *reply,
	  int fds[SCIF_REQUEST_FDS])
{
	CLIENT_UNCANCELLED;
	struct socket_link *sl = (struct socket_link *)link;
	int ret;

	client_lock(&sl->lock);
	ret = is_ours(sl) ? send_packet(sl->fd, rq, fd) : -ENODEV;
	if (ret == 0)
		ret = receive_packet(sl->fd, reply, fds);
	client_unlock(&sl->lock);
	return ret;
}

/* A full socket says as much. */
static void
link_tell(struct client_link *link)
{
	struct socket_link *sl = (struct socket_link *)link;
	const struct scif_request rq = {.op = SCIF_REQUEST_TELL};
	CLIENT_UNCANCELLED;

	if (is_ours(sl))
		send(sl->fd, &rq, sizeof(rq), MSG_DONTWAIT | MSG_NOSIGNAL);
}

static bool
link_alive(struct client_link *link)
{
	struct socket_link *sl = (struct socket_link *)link;
	struct pollfd p = {.fd = sl->fd, .events = POLLRDHUP};
	CLIENT_UNCANCELLED;
	int before = errno;
	bool is_there = is_ours(sl);

	/* Not by what there is to read: an answer to another thread may be the last of it. */
	if (is_there && poll(&p, 1, 0) > 0)
		is_there = (p.revents & (POLLRDHUP | POLLHUP | POLLERR)) == 0;
	/* Who finds nothing to receive finds errno as it was. */
	errno = before;
	return is_there;
}

/* ---- The client of this process ---- */

static int
connect_engine(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int node = scif_path_node(), ret = client_worker_check(), fd;

	/* What the environment asks for is done, or refused. */
	if (node < 0 || ret < 0)
		return node < 0 ? node : ret;
	ret = scif_path(address.sun_path, (unsigned int)node, "sock");
	if (ret < 0)
		return ret;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	/* A socket that nobody serves any more is no engine. */
	ret = errno == ECONNREFUSED ? -ENOENT : -errno;
	close(fd);
	return ret;
}

/* Under the lock: nobody uses it, nor can anybody find it. */
static void
client_free(struct client *c)
{
	struct socket_link *sl = (struct socket_link *)c->link;

	munmap(c->board, sizeof(*c->board));
	if (is_ours(sl))
		close(sl->fd);
	free(c->memory);
	free(sl);
	free(c);
}

static void
client_replace(struct client *c)
{
	struct client *old = c->before;

	if (old == NULL || atomic_load(&old->users) > 0)
		return;
	c->before = old->before;
	client_free(old);
}

/* Takes the socket, which may be the errno of not having one. */
static int
client_new(int fd, struct client **made)
{
	struct socket_link *sl = calloc(1, sizeof(*sl));
	struct client *c = calloc(1, sizeof(*c));
	int ret = fd < 0 ? fd : -ENOMEM;

	if (fd < 0 || sl == NULL || c == NULL)
		goto close_fd;
	sl->link = (struct client_link){link_call, link_tell, link_alive};
	take_socket(sl, fd);
	ret = client_begin(c, &sl->link);
	if (ret < 0)
		goto close_fd;
	c->before = *made;
	*made = c;
	client_replace(c);
	return 0;

close_fd:
	if (fd >= 0)
		close(fd);
	free(c);
	free(sl);
	return ret;
}

void
client_put(struct client *c)
{
	if (atomic_fetch_sub(&c->users, 1) > 1)
		return;
	client_lock(&current_lock);
	/* It may have been freed by who made another, and is in no list then. */
	for (struct client *after = current; after != NULL; after = after->before) {
		if (after->before != c)
			continue;
		if (atomic_load(&c->users) == 0) {
			after->before = c->before;
			client_free(c);
		}
		break;
	}
	client_unlock(&current_lock);
}

/* ---- Fork ----
 *
 * The child has what the parent holds, and is another client of the engine, which the parent asks
 * for before there is a child. Should there be none, its socket closes, and the engine knows.
 */

static void
fork_prepare(void)
{
	struct scif_request rq = {.op = SCIF_REQUEST_FORK};
	int fds[SCIF_REQUEST_FDS];
	struct scif_reply reply;
	struct socket_link *sl;

	client_lock(&current_lock);
	client_fork_prepare();
	if (current == NULL)
		return;
	sl = (struct socket_link *)current->link;
	sl->child_fd = -1;
	if (client_ask(current, &rq, -1, &reply, fds) == 0)
		sl->child_fd = fds[0];
	client_lock(&sl->lock);
	client_lock(&current->lock);
}

static void
fork_parent(void)
{
	struct socket_link *sl;

	if (current != NULL) {
		sl = (struct socket_link *)current->link;
		client_unlock(&current->lock);
		client_unlock(&sl->lock);
		if (sl->child_fd >= 0)
			close(sl->child_fd);
	}
	client_fork_parent();
	client_unlock(&current_lock);
}

static void
fork_child(void)
{
	struct socket_link *sl;

	current_lock = (struct client_lock){0};
	client_fork_child();
	if (current == NULL)
		return;
	sl = (struct socket_link *)current->link;
	sl->lock = (struct client_lock){0};
	current->lock = (struct client_lock){0};
	if (is_ours(sl))
		close(sl->fd);
	take_socket(sl, sl->child_fd);
	memset(current->slot, 0, sizeof(current->slot));
	if (client_begin(current, current->link) < 0)
		atomic_store(&current->dead, true);
	client_fork_release(current);
}

/* Under the lock, before there is a client. Memory that was moved comes first: in a child it is its
 * own before anything else is done there, and before a fork nothing is written to it after it was
 * copied.
 */
static void
watch_forks(void)
{
	static bool watched;

	client_convert_watch_forks();
	if (!watched)
		watched = pthread_atfork(fork_prepare, fork_parent, fork_child) == 0;
}

int
client_socket_get(struct client **c)
{
	int ret = 0;

	client_lock(&current_lock);
	watch_forks();
	/* One whose engine has gone stays for its endpoints. */
	if (current == NULL || client_is_dead(current))
		ret = client_new(connect_engine(), &current);
	if (ret == 0)
		atomic_fetch_add(&current->users, 1);
	*c = current;
	client_unlock(&current_lock);
	return ret;
}

int
client_socket_use(int fd)
{
	int ret = -EBUSY;

	client_lock(&current_lock);
	watch_forks();
	if (current == NULL || client_is_dead(current))
		ret = client_new(fd, &current);
	else
		close(fd);
	client_unlock(&current_lock);
	return ret;
}

void
client_socket_drop(void)
{
	client_lock(&current_lock);
	if (current != NULL && !atomic_exchange(&current->dead, true) &&
	    is_ours((struct socket_link *)current->link))
		shutdown(((struct socket_link *)current->link)->fd, SHUT_RDWR);
	client_unlock(&current_lock);
}

/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "scif.h"
#include "scif_path.h"
#include "scif_request.h"
#include "scif_test_pair.h"
#include "scif_test_rig.h"

/* Descriptors: of programs that have none left, or close what they did not open; of a node that has
 * none left; of files that are not what they seem.
 */

#define FDS_MAX 64

/* Run it in a process of its own, which may do to itself what it likes. */
static void
apart(void (*run)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(RIG_PATIENCE_S);
		run();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* As cmocka's, in such a process. */
#define must(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			print_error("%s:%d: %s\n", __FILE__, __LINE__, #condition);                \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

static void
limit_to(rlim_t count, bool hard)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = count;
	if (hard)
		limit.rlim_max = count;
	must(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

/* ---- A program ---- */

static void
use_all_descriptors(int *last)
{
	int fd;

	limit_to(FDS_MAX, false);
	while ((fd = open("/dev/null", O_RDONLY)) >= 0)
		*last = fd;
}

static bool
all_are_open(void)
{
	bool open = true;

	for (int fd = 0; fd < FDS_MAX; fd++)
		open = open && fcntl(fd, F_GETFD) >= 0;
	return open;
}

static void
a_program_without_descriptors_keeps_those_it_has(void **state)
{
	struct rlimit limit;
	struct pair p;
	char *at, byte;
	off_t offset = 16 * PAGE;
	void *mapped;
	int last = -1;

	(void)state;
	getrlimit(RLIMIT_NOFILE, &limit);
	pair_make(&p);
	at = pair_pages(2);
	assert_int_equal(scif_register(p.b, at, 2 * PAGE, offset, RW, SCIF_MAP_FIXED), offset);
	use_all_descriptors(&last);

	assert_failed(scif_open(), EMFILE);
	assert_failed(scif_get_fd(p.a), EMFILE);
	assert_failed(scif_vreadfrom(p.a, &byte, 1, offset, 0), ENOMEM);
	errno = 0;
	assert_ptr_equal(scif_mmap(NULL, PAGE, RW, 0, p.a, offset), SCIF_MMAP_FAILED);
	assert_int_equal(errno, ENOMEM);
	/* None of the program's was taken for one that had come. */
	assert_true(all_are_open());

	/* With one all of that goes on. */
	close(last);
	assert_int_equal(scif_get_fd(p.a), p.a);
	assert_int_equal(scif_vreadfrom(p.a, &byte, 1, offset, 0), 0);
	mapped = scif_mmap(NULL, PAGE, RW, 0, p.a, offset);
	assert_ptr_not_equal(mapped, SCIF_MMAP_FAILED);
	assert_int_equal(scif_munmap(mapped, PAGE), 0);
	/* And nothing of the first attempt is held. */
	assert_int_equal(scif_unregister(p.b, offset, 2 * PAGE), 0);
	assert_int_equal(scif_register(p.b, at, 2 * PAGE, offset, RW, SCIF_MAP_FIXED), offset);

	for (int fd = 3; fd < FDS_MAX; fd++)
		if (fd != p.a && fd != p.b && fd != p.listener && fcntl(fd, F_GETFD) == 0)
			close(fd);
	setrlimit(RLIMIT_NOFILE, &limit);
	pair_close(&p);
	munmap(at, 2 * PAGE);
}

static pid_t
connect_in_child(void)
{
	struct scif_portID to = {0, PAIR_PORT};
	pid_t pid = fork();
	scif_epd_t epd;
	char byte;

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	epd = scif_open();
	must(scif_connect(epd, &to) > 0);
	must(scif_recv(epd, &byte, 1, SCIF_RECV_BLOCK) == 1);
	_exit(0);
}

static bool
accept_fails(scif_epd_t listener, int flags)
{
	struct scif_portID peer;
	scif_epd_t epd;

	errno = 0;
	return scif_accept(listener, &peer, &epd, flags) == -1 && errno == EMFILE;
}

/* One is the endpoint's; its connection comes with more. */
static void
accept_with_one_descriptor(void)
{
	scif_epd_t listener = pair_listen(), epd;
	struct scif_portID peer;
	int last = -1, status;
	pid_t pid = connect_in_child();

	use_all_descriptors(&last);
	close(last);
	must(pair_events(listener, 10000) == SCIF_POLLIN);
	must(accept_fails(listener, 0));
	must(accept_fails(listener, SCIF_ACCEPT_SYNC));
	close(last - 1);
	must(accept_fails(listener, 0));
	/* The request is still there. */
	close(last - 2);
	must(scif_accept(listener, &peer, &epd, 0) == 0);
	must(scif_send(epd, "x", 1, SCIF_SEND_BLOCK) == 1);
	must(waitpid(pid, &status, 0) == pid && status == 0);
}

static void
who_has_too_few_descriptors_accepts_nobody(void **state)
{
	(void)state;
	apart(accept_with_one_descriptor);
}

static pid_t
accept_in_child(const int ready[2])
{
	struct scif_portID peer;
	pid_t pid = fork();
	scif_epd_t listener, epd;
	char byte = 0;

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	listener = pair_listen();
	must(write(ready[1], &byte, 1) == 1);
	must(scif_accept(listener, &peer, &epd, SCIF_ACCEPT_SYNC) == 0);
	must(scif_recv(epd, &byte, 1, SCIF_RECV_BLOCK) == 1);
	_exit(0);
}

/* To one who accepts in a child; begun in the background, and made, or not begun yet. */
static scif_epd_t
begin_connection(struct scif_portID *to, bool background, pid_t *pid)
{
	char *at = pair_pages(1), byte;
	scif_epd_t epd;
	int ready[2];

	must(pipe(ready) == 0);
	*pid = accept_in_child(ready);
	must(read(ready[0], &byte, 1) == 1);
	epd = scif_open();
	if (!background)
		return epd;
	must(fcntl(epd, F_SETFL, O_NONBLOCK) == 0);
	must(scif_connect(epd, to) == -1 && errno == EINPROGRESS);
	while (scif_register(epd, at, PAGE, 0, RW, 0) < 0)
		usleep(1000);
	return epd;
}

/* There are three descriptors again, the last of which was `last`. */
static void
use_it_after_all(scif_epd_t epd, int last, pid_t pid)
{
	int status;

	for (int i = 0; i < 3; i++)
		close(last - i);
	must(scif_send(epd, "x", 1, SCIF_SEND_BLOCK) == 1);
	must(waitpid(pid, &status, 0) == pid && status == 0);
}

/* A connection whose memory nobody here has needed yet. */
static void
use_what_cannot_be_mapped(void)
{
	struct scif_portID to = {0, PAIR_PORT};
	int last = -1, mark;
	pid_t pid;
	scif_epd_t epd = begin_connection(&to, true, &pid);
	char byte;

	use_all_descriptors(&last);
	must(scif_send(epd, "x", 1, SCIF_SEND_BLOCK) == -1 && errno == ENOMEM);
	must(scif_recv(epd, &byte, 1, 0) == -1 && errno == ENOMEM);
	must(scif_fence_mark(epd, SCIF_FENCE_INIT_SELF, &mark) == -1 && errno == ENOMEM);
	use_it_after_all(epd, last, pid);
}

static void
what_cannot_be_mapped_is_connected_all_the_same(void **state)
{
	(void)state;
	apart(use_what_cannot_be_mapped);
}

/* Whoever is told of an error has no connection; one that is there is told of once. */
static void
connect_what_cannot_be_mapped(bool background)
{
	struct scif_portID to = {0, PAIR_PORT};
	int last = -1;
	pid_t pid;
	scif_epd_t epd = begin_connection(&to, background, &pid);

	use_all_descriptors(&last);
	must(scif_connect(epd, &to) > 0);
	must(scif_connect(epd, &to) == -1 && errno == EISCONN);
	must(scif_send(epd, "x", 1, SCIF_SEND_BLOCK) == -1 && errno == ENOMEM);
	use_it_after_all(epd, last, pid);
}

static void
connect_and_wait(void)
{
	connect_what_cannot_be_mapped(false);
}

static void
connect_and_come_back(void)
{
	connect_what_cannot_be_mapped(true);
}

static void
what_is_connected_says_so_without_descriptors(void **state)
{
	(void)state;
	apart(connect_and_wait);
	apart(connect_and_come_back);
}

/* The first that this process registers: it has not looked at what is mapped yet. */
static void
register_without_descriptors(void)
{
	char *at = pair_pages(1);
	int last = -1;
	struct pair p;
	off_t offset;

	pair_make(&p);
	use_all_descriptors(&last);
	errno = 0;
	must(scif_register(p.a, at, PAGE, 0, RW, 0) == SCIF_REGISTER_FAILED && errno == EMFILE);
	must(all_are_open());
	/* With some of them it can. */
	for (int i = 0; i < 8; i++)
		close(last - i);
	offset = scif_register(p.a, at, PAGE, 0, RW, 0);
	must(offset > 0 && scif_unregister(p.a, offset, PAGE) == 0);
}

static void
what_cannot_be_looked_at_for_lack_of_descriptors_is_no_bad_address(void **state)
{
	(void)state;
	apart(register_without_descriptors);
}

/* As daemons do, before they open what is theirs. */
static void
close_all(void)
{
	for (int fd = 3; fd < FDS_MAX; fd++)
		close(fd);
}

static void
close_and_open(void)
{
	int pairs[8][2], status;
	uint16_t self;
	char byte;
	pid_t pid;

	must(scif_get_nodeIDs(NULL, 0, &self) == 1);
	close_all();
	for (int i = 0; i < 8; i++)
		must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pairs[i]) == 0);
	must(scif_open() >= 0);
	must(scif_get_nodeIDs(NULL, 0, &self) == 1);
	/* Nor is any of them closed for a child. */
	pid = fork();
	if (pid == 0) {
		for (int i = 0; i < 16; i++)
			must(fcntl(pairs[i / 2][i % 2], F_GETFD) >= 0);
		_exit(0);
	}
	must(waitpid(pid, &status, 0) == pid && status == 0);
	for (int i = 0; i < 16; i++)
		must(recv(pairs[i / 2][i % 2], &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN);
}

static void
what_a_program_opens_in_the_place_of_what_it_closed_is_left_alone(void **state)
{
	(void)state;
	apart(close_and_open);
}

static void
close_and_fork(void)
{
	char *at = pair_pages(1);
	int pairs[8][2], status;
	struct pair p;
	pid_t pid;

	/* This one has looked at what is mapped, too. */
	pair_make(&p);
	must(scif_register(p.a, at, PAGE, 0, RW, 0) > 0);
	close_all();
	for (int i = 0; i < 8; i++)
		must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pairs[i]) == 0);
	pid = fork();
	if (pid == 0) {
		for (int i = 0; i < 16; i++)
			must(fcntl(pairs[i / 2][i % 2], F_GETFD) >= 0);
		_exit(0);
	}
	must(waitpid(pid, &status, 0) == pid && status == 0);
}

static void
a_child_keeps_what_its_parent_opened(void **state)
{
	(void)state;
	apart(close_and_fork);
}

/* ---- Somebody else's directory ---- */

/* A user that nobody is, and where programs look for that user's nodes. */
static uid_t stranger;
static char strangers_dir[64], strangers_scif[80];
static struct sockaddr_un strangers_socket = {.sun_family = AF_UNIX};

static int
clear_away(void **state)
{
	(void)state;
	unlink(strangers_socket.sun_path);
	rmdir(strangers_scif);
	rmdir(strangers_dir);
	return 0;
}

static void
open_as_stranger(void)
{
	unsetenv("SLIPWAY_DIR");
	unsetenv("XDG_RUNTIME_DIR");
	must(setresuid(stranger, stranger, stranger) == 0);
	must(scif_open() == -1 && errno == EACCES);
}

static void
nobody_serves_a_node_for_others_where_everybody_may(void **state)
{
	int fd;

	(void)state;
	if (geteuid() != 0)
		skip();
	stranger = 50000 + (uid_t)getpid() % 10000;
	snprintf(strangers_dir, sizeof(strangers_dir), "/tmp/slipway-%u", stranger);
	snprintf(strangers_scif, sizeof(strangers_scif), "%s/scif", strangers_dir);
	snprintf(strangers_socket.sun_path, sizeof(strangers_socket.sun_path), "%s/0.sock",
		 strangers_scif);
	/* One may have been left. */
	clear_away(NULL);
	assert_int_equal(mkdir(strangers_dir, 0755), 0);
	assert_int_equal(mkdir(strangers_scif, 0755), 0);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&strangers_socket, sizeof(strangers_socket)),
			 0);
	assert_int_equal(chmod(strangers_socket.sun_path, 0666), 0);
	assert_int_equal(listen(fd, 1), 0);
	apart(open_as_stranger);
	close(fd);
}

/* ---- A node ---- */

/* One more client: is it taken? It is told either way. */
static bool
say_hello(int *fd)
{
	const struct scif_request rq = {.op = SCIF_REQUEST_HELLO, .arg = {SCIF_REQUEST_VERSION}};
	const struct timeval patience = {.tv_sec = 5};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct scif_reply reply;
	ssize_t n;

	*fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	must(scif_path(address.sun_path, 0, "sock") == 0);
	must(connect(*fd, (struct sockaddr *)&address, sizeof(address)) == 0);
	setsockopt(*fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (send(*fd, &rq, sizeof(rq), MSG_NOSIGNAL) < 0)
		return false;
	n = recv(*fd, &reply, sizeof(reply), 0);
	must(n == sizeof(reply) || n == 0 || errno == ECONNRESET);
	return n == sizeof(reply);
}

/* Registers until that is refused: until then all of it can be read. */
static void
register_many(const struct pair *p)
{
	off_t offset;
	char *at, byte;
	int fd;

	for (char i = 1; i < 8; i++) {
		at = pair_shared(1, &fd);
		*at = i;
		offset = scif_register(p->b, at, PAGE, 0, RW, 0);
		close(fd);
		if (offset < 0)
			break;
		must(scif_vreadfrom(p->a, &byte, 1, offset, 0) == 0 && byte == i);
	}
	must(offset == -1 && errno == ENOMEM);
}

static void
fill_a_node(void)
{
	int fd[FDS_MAX], last = -1, refused = 0;
	struct rig full;
	struct pair p;

	limit_to(FDS_MAX, true);
	must(rig_begin(&full, NULL) == 0);
	pair_make(&p);
	for (int i = 0; i < FDS_MAX / 2; i++) {
		if (say_hello(&fd[++last]))
			continue;
		close(fd[last--]);
		refused++;
	}
	must(refused > 0);
	register_many(&p);
	/* And when they have gone there is room again. */
	while (last >= 0)
		close(fd[last--]);
	must(say_hello(&fd[0]));
	pair_close(&p);
	must(rig_end(&full) == 0);
}

static void
a_node_without_descriptors_refuses(void **state)
{
	(void)state;
	apart(fill_a_node);
	setenv("SLIPWAY_DIR", rig_node.dir, 1);
}

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

static void
a_lease_keeps_nobody(void **state)
{
	int64_t before;
	struct pair p;
	off_t offset;
	char *at, byte;
	int fd;

	(void)state;
	signal(SIGIO, SIG_IGN);
	pair_make(&p);
	at = pair_shared(1, &fd);
	offset = scif_register(p.b, at, PAGE, 0, SCIF_PROT_READ, 0);
	assert_true(offset > 0);
	if (fcntl(fd, F_SETLEASE, F_WRLCK) < 0) {
		print_message("no leases here\n");
	} else {
		before = now_ms();
		assert_failed(scif_vreadfrom(p.a, &byte, 1, offset, 0), ENXIO);
		assert_true(now_ms() - before < 5000);
		assert_int_equal(fcntl(fd, F_SETLEASE, F_UNLCK), 0);
	}
	assert_int_equal(scif_vreadfrom(p.a, &byte, 1, offset, 0), 0);
	pair_close(&p);
	munmap(at, PAGE);
	close(fd);
}

/* ---- Two for one number ---- */

static char lock_path[SCIF_PATH_MAX];
static int others_fd = -1;

/* Just before a file is locked who had it removes it, and another takes the place. */
int
flock(int fd, int operation)
{
	if (lock_path[0] != '\0' && others_fd < 0) {
		unlink(lock_path);
		others_fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		syscall(SYS_flock, others_fd, LOCK_EX | LOCK_NB);
	}
	return (int)syscall(SYS_flock, fd, operation);
}

static void
a_lock_that_was_removed_is_none(void **state)
{
	const struct scif_host_config config = {.engine.node = 9};
	struct scif_host *host;

	(void)state;
	assert_int_equal(scif_path(lock_path, 9, "lock"), 0);
	assert_int_equal(scif_host_create(&config, &host), -EBUSY);
	close(others_fd);
	/* The other one is gone. */
	assert_int_equal(scif_host_create(&config, &host), 0);
	scif_host_destroy(host);
	lock_path[0] = '\0';
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		/* First: this process is no client yet, and so its child is one of another node. */
		cmocka_unit_test_setup_teardown(
			nobody_serves_a_node_for_others_where_everybody_may, rig_hurry, clear_away),
		rig_unit_test(a_node_without_descriptors_refuses),
		rig_unit_test(a_program_without_descriptors_keeps_those_it_has),
		rig_unit_test(who_has_too_few_descriptors_accepts_nobody),
		rig_unit_test(what_cannot_be_mapped_is_connected_all_the_same),
		rig_unit_test(what_is_connected_says_so_without_descriptors),
		rig_unit_test(what_cannot_be_looked_at_for_lack_of_descriptors_is_no_bad_address),
		rig_unit_test(what_a_program_opens_in_the_place_of_what_it_closed_is_left_alone),
		rig_unit_test(a_child_keeps_what_its_parent_opened),
		rig_unit_test(a_lease_keeps_nobody),
		rig_unit_test(a_lock_that_was_removed_is_none),
	};

	return cmocka_run_group_tests_name("scif_descriptor", tests, rig_setup, rig_teardown);
}

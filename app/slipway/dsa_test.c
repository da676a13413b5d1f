/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * slipway dsa test: a few operations by a work queue, each byte looked at. The queue is behind a
 * socket that slipway serve has, or a character device of the kernel's; descriptors go to a portal
 * either way.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "dirs.h"
#include "dsa.h"
#include "dsa_desc.h"
#include "slipway.h"
#include "slipway_portal.h"
#include "vfu_client.h"

#define MEMORY  0x20000u
#define RECORD  0x0000u
#define LIST    0x1000u
#define FROM    0x4000u
#define TO      0x8000u
#define BYTES   4096u
#define WAIT_NS UINT64_C(2000000000)
#define BAR     2

struct queue {
	struct bus_host host;
	uint8_t *memory;
	int fd; /* of the memory, or of the character device */
	bool dedicated;
	unsigned int wq;
	struct vfu_client *client; /* NULL: the kernel's */
	struct bus_device *dev;
	void *page; /* of the kernel's */
};

static uint64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec;
}

static uint64_t
address(const struct queue *q, unsigned int off)
{
	return (uintptr_t)q->memory + off;
}

/* ---- A served one ---- */

static void
log_line(void *arg, const char *line)
{
	(void)arg;
	complain("dsa test: %s", line);
}

static void *
host_map(struct bus_host *host, uint32_t pasid, uint64_t iova, size_t *len, enum bus_prot prot,
	 struct bus_fault *fault)
{
	(void)host;
	(void)len;
	*fault = (struct bus_fault){.iova = iova, .pasid = pasid, .prot = prot};
	return NULL;
}

static int
about_read(struct queue *q, const char *target)
{
	const char *about = vfu_client_about(q->client), *mode;
	json_t *root = about == NULL ? NULL : json_loads(about, 0, NULL);
	int wq, ret = json_unpack(root, "{s:i, s:s}", "wq", &wq, "mode", &mode);

	if (ret < 0) {
		complain("dsa test: %s: this is no work queue's socket; accepted is one that "
			 "slipway serve dsa --wq has, SOCKET.wqK",
			 target);
	} else {
		q->wq = (unsigned int)wq;
		q->dedicated = strcmp(mode, "dedicated") == 0;
	}
	json_decref(root);
	return ret < 0 ? -EINVAL : 0;
}

static int
open_served(struct queue *q, const char *path)
{
	static const struct bus_host_ops ops = {.map = host_map};
	const struct vfu_client_config config = {.path = path, .log = log_line};
	int ret;

	q->host.ops = &ops;
	ret = vfu_client_open(&config, &q->host, &q->client);
	if (ret < 0)
		return ret;
	ret = about_read(q, path);
	if (ret < 0)
		return ret;
	q->dev = vfu_client_device(q->client);
	q->fd = memfd_create("slipway dsa test", MFD_CLOEXEC);
	if (q->fd < 0 || ftruncate(q->fd, MEMORY) < 0)
		return -errno;
	q->memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED, q->fd, 0);
	if (q->memory == MAP_FAILED)
		return -errno;
	return vfu_client_dma_map(q->client, (uintptr_t)q->memory, MEMORY, q->fd, 0,
				  BUS_PROT_READ | BUS_PROT_WRITE);
}

/* ---- The kernel's ---- */

/* Its mode, from the directory of the same name. */
static bool
is_dedicated(const char *path)
{
	char attribute[PATH_MAX], text[32] = "";
	FILE *file;

	snprintf(attribute, sizeof(attribute), DSA_BUS "/devices/%s/mode",
		 strrchr(path, '/') + 1);
	file = fopen(attribute, "re");
	if (file != NULL) {
		(void)!fgets(text, sizeof(text), file);
		fclose(file);
	}
	return strncmp(text, "dedicated", 9) == 0;
}

static int
open_kernel(struct queue *q, const char *path)
{
	q->dedicated = is_dedicated(path);
	q->fd = open(path, O_RDWR | O_CLOEXEC);
	if (q->fd < 0) {
		complain("dsa test: %s: %s; slipway dsa list shows its state", path,
			 strerror(errno));
		return -errno;
	}
	q->memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (q->memory == MAP_FAILED)
		return -ENOMEM;
	/* Where the kernel refuses this, it takes descriptors by write(). */
	q->page = mmap(NULL, PORTAL_PAGE, PROT_WRITE, MAP_SHARED | MAP_POPULATE, q->fd, 0);
	if (q->page == MAP_FAILED)
		q->page = NULL;
	return 0;
}

/* ---- Descriptors ---- */

static int
send_kernel(struct queue *q, const struct dsa_desc *desc)
{
	bool can = q->dedicated ? portal_query() == PORTAL_MOVDIR64B
				: (portal_features() & PORTAL_CPU_ENQCMD) != 0;

	/* Narrower stores would go unheard. */
	if (q->page == NULL || !can)
		return write(q->fd, desc, sizeof(*desc)) == (ssize_t)sizeof(*desc) ? 0 : -EAGAIN;
	if (!q->dedicated)
		return portal_submit(q->page, desc);
	portal_post(portal_query(), q->page, desc);
	return 0;
}

static int
send_once(struct queue *q, const struct dsa_desc *desc)
{
	uint64_t portal = DSA_PORTAL_OFFSET(q->wq, DSA_PORTAL_LIMITED);

	portal_order_stores();
	if (q->dev == NULL)
		return send_kernel(q, desc);
	if (!q->dedicated)
		return q->dev->ops->submit(q->dev, BAR, portal, desc, BUS_NO_PASID);
	q->dev->ops->post(q->dev, BAR, portal, desc, sizeof(*desc));
	return 0;
}

/* Until it is taken and its record is there: the status, 0 when that takes too long. */
static uint8_t
run(struct queue *q, struct dsa_desc *desc, uint32_t flags, unsigned int opcode)
{
	_Alignas(64) struct dsa_desc line = *desc;
	_Atomic uint8_t *status = (_Atomic uint8_t *)(void *)(q->memory + RECORD);
	uint64_t end = now_ns() + WAIT_NS;

	memset(q->memory + RECORD, 0, DSA_CR_BYTES);
	line.op_flags = DSA_OP_FLAGS(opcode, DSA_FLAG_CRAV | DSA_FLAG_RCR | flags);
	line.cr = address(q, RECORD);
	while (send_once(q, &line) != 0)
		if (now_ns() > end)
			return 0;
	/* Acquire: what the device wrote before is seen with it. */
	while (atomic_load_explicit(status, memory_order_acquire) == 0 && now_ns() < end)
		if (q->dev != NULL)
			q->dev->ops->step(q->dev, now_ns());
	return atomic_load_explicit(status, memory_order_acquire);
}

/* ---- Tests: each says what was wrong, or NULL ---- */

static void
fill_pattern(struct queue *q)
{
	for (unsigned int i = 0; i < BYTES; i++)
		q->memory[FROM + i] = (uint8_t)(i * 7 + i / 256);
	memset(q->memory + TO, 0, BYTES + 64);
}

static const char *
test_noop(struct queue *q)
{
	struct dsa_desc desc = {0};

	return run(q, &desc, 0, DSA_OP_NOOP) == DSA_STATUS_SUCCESS ? NULL : "status";
}

static const char *
test_move(struct queue *q)
{
	struct dsa_desc desc = {.src = address(q, FROM), .dst = address(q, TO), .size = BYTES};

	fill_pattern(q);
	if (run(q, &desc, 0, DSA_OP_MOVE) != DSA_STATUS_SUCCESS)
		return "status";
	return memcmp(q->memory + FROM, q->memory + TO, BYTES) == 0 && q->memory[TO + BYTES] == 0
		       ? NULL
		       : "bytes";
}

static const char *
test_fill(struct queue *q)
{
	struct dsa_desc desc = {
		.pattern = UINT64_C(0x8877665544332211), .dst = address(q, TO), .size = 1003};

	memset(q->memory + TO, 0, BYTES);
	if (run(q, &desc, 0, DSA_OP_FILL) != DSA_STATUS_SUCCESS)
		return "status";
	for (unsigned int i = 0; i < 1004; i++)
		if (q->memory[TO + i] != (i < 1003 ? 0x11 * (i % 8 + 1) : 0))
			return "bytes";
	return NULL;
}

static const char *
test_compare(struct queue *q)
{
	struct dsa_desc desc = {.src = address(q, FROM), .src2 = address(q, TO), .size = BYTES};
	struct dsa_cr cr;

	fill_pattern(q);
	memcpy(q->memory + TO, q->memory + FROM, BYTES);
	q->memory[TO + 777] ^= 1;
	if (run(q, &desc, 0, DSA_OP_COMPARE) != DSA_STATUS_SUCCESS)
		return "status";
	memcpy(&cr, q->memory + RECORD, sizeof(cr));
	return cr.result == 1 && cr.bytes_completed == 777 ? NULL : "where they differ";
}

static const char *
test_crc(struct queue *q)
{
	struct dsa_desc desc = {.src = address(q, FROM), .size = 9};
	struct dsa_cr cr;

	memcpy(q->memory + FROM, "123456789", 9);
	if (run(q, &desc, 0, DSA_OP_CRC) != DSA_STATUS_SUCCESS)
		return "status";
	memcpy(&cr, q->memory + RECORD, sizeof(cr));
	return (uint32_t)cr.crc == 0xe3069283 ? NULL : "the checksum";
}

static const char *
test_batch(struct queue *q)
{
	struct dsa_desc desc = {.list = address(q, LIST), .count = 8}, *member;

	fill_pattern(q);
	for (unsigned int i = 0; i < 8; i++) {
		member = (struct dsa_desc *)(void *)(q->memory + LIST) + i;
		*member = (struct dsa_desc){
			.op_flags = DSA_OP_FLAGS(DSA_OP_MOVE, 0),
			.src = address(q, FROM + i * 512),
			.dst = address(q, TO + i * 512),
			.size = 512,
		};
	}
	if (run(q, &desc, 0, DSA_OP_BATCH) != DSA_STATUS_SUCCESS)
		return "status";
	return memcmp(q->memory + FROM, q->memory + TO, BYTES) == 0 ? NULL : "bytes";
}

static const char *
test_fault(struct queue *q)
{
	struct dsa_desc desc = {.src = 0, .dst = address(q, TO), .size = 64};
	struct dsa_cr cr;
	uint8_t status = run(q, &desc, 0, DSA_OP_MOVE);

	memcpy(&cr, q->memory + RECORD, sizeof(cr));
	return DSA_STATUS_CODE(status) == DSA_STATUS_PAGE_FAULT && cr.bytes_completed == 0
		       ? NULL
		       : "status";
}

static const struct {
	const char *name;
	const char *(*test)(struct queue *q);
} tests[] = {
	{"no-op", test_noop},
	{"move of 4096 bytes", test_move},
	{"fill of 1003 bytes", test_fill},
	{"compare", test_compare},
	{"CRC32C", test_crc},
	{"batch of 8", test_batch},
	{"move from nowhere: page fault", test_fault},
};

static int
run_all(struct queue *q)
{
	int status = EXIT_DONE;
	bool stuck = false;

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		const char *wrong;

		if (stuck) {
			printf("%-32s not tried\n", tests[i].name);
			continue;
		}
		wrong = tests[i].test(q);
		if (wrong == NULL) {
			printf("%-32s right\n", tests[i].name);
			continue;
		}
		printf("%-32s wrong: %s; the record says status 0x%02x\n", tests[i].name, wrong,
		       q->memory[RECORD]);
		status = EXIT_FAILED;
		/* A queue that has not ended one of them would keep each of the others, too. */
		stuck = q->memory[RECORD] == 0;
	}
	return status;
}

/* ---- The command ---- */

static int
open_target(struct queue *q, const char *target)
{
	char path[PATH_MAX];
	struct dirs dirs;
	struct stat st;

	snprintf(path, sizeof(path), "%s", target);
	if (strchr(target, '/') == NULL && dirs_find(&dirs) == 0)
		snprintf(path, sizeof(path), "%s/%s", dirs.base, target);
	if (strncmp(path, "/dev/", 5) == 0)
		return open_kernel(q, path);
	if (stat(path, &st) < 0 || !S_ISSOCK(st.st_mode)) {
		complain("dsa test: %s: no such work queue; accepted are SOCKET.wqK of slipway "
			 "serve dsa --wq, and /dev/dsa/wqD.Q",
			 target);
		return -ENOENT;
	}
	return open_served(q, path);
}

int
dsa_test(int argc, char **argv)
{
	static const struct option names[] = {{0}};
	struct queue q = {.fd = -1, .memory = MAP_FAILED};
	int ret, opt = getopt_long(argc, argv, ":", names, NULL);

	if (opt != -1)
		return refuse_option("dsa", argv, opt);
	if (argc - optind != 1) {
		complain("dsa test: accepted is one work queue; see slipway dsa --help");
		return EXIT_USAGE;
	}
	ret = open_target(&q, argv[optind]);
	ret = ret < 0 ? EXIT_FAILED : run_all(&q);
	if (q.client != NULL)
		vfu_client_close(q.client);
	if (q.page != NULL)
		munmap(q.page, PORTAL_PAGE);
	if (q.memory != MAP_FAILED)
		munmap(q.memory, MEMORY);
	if (q.fd >= 0)
		close(q.fd);
	return ret;
}

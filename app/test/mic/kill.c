/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * A card whose process is killed with -9 while DMA runs, again and again: that is noticed within
 * 100 ms, what was under way ends with an error, the next boot works, and nothing is left behind.
 *
 *   slipway-kill-card EAL-ARGUMENT... -- SLIPWAY CARD COUNT SEED
 *
 * Starts the card by `SLIPWAY card start CARD`; SLIPWAY_DIR and SLIPWAY_CONFIG_DIR are set.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <rte_dev.h>
#include <rte_dmadev.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_malloc.h>
#include <rte_rawdev.h>

#include "rte_pmd_mic.h"

#define RAW "raw_mic_kill"
#define DMA "dma_mic_kill"

#define NOTICE_MS   100u
#define LIMIT_NS    UINT64_C(5000000000)
#define ONLINE_MS   20000u
#define MOMENT_MS   60u /* DMA runs at most so long before the kill */
#define BLOCK       524288u
#define BLOCKS      8u
#define DESCRIPTORS 1024u
#define BURST       32u
/* Where copies go: behind the image and its command line. */
#define CARD_OFFSET UINT64_C(0x8000000)
/* What the first rounds bring into being stays. */
#define WARM_UP 2u
/* Memory that an allocator may keep, kB. */
#define SLACK_KB 4096

static const char *slipway, *card;
static unsigned int round_number;
static int16_t dma_id = -1;
static uint16_t raw_id;
static _Atomic uint64_t lost_ns;

static uint64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void __attribute__((format(printf, 1, 2), noreturn)) fail(const char *format, ...)
{
	va_list args;

	printf("kill-card: round %u: ", round_number);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	exit(1);
}

/* ---- What a process has ---- */

struct holdings {
	unsigned int fds, maps;
	long anonymous_kb;
	unsigned int files; /* in the card's directory */
};

static unsigned int
count_entries(const char *path)
{
	DIR *dir = opendir(path);
	unsigned int n = 0;

	while (dir != NULL && readdir(dir) != NULL)
		n++;
	if (dir != NULL)
		closedir(dir);
	return n;
}

static unsigned int
count_lines(const char *path, const char *word)
{
	FILE *file = fopen(path, "r");
	unsigned int n = 0;
	char line[512];

	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		n += strstr(line, word) != NULL;
	if (file != NULL)
		fclose(file);
	return n;
}

static long
resident_kb(void)
{
	FILE *file = fopen("/proc/self/status", "r");
	char line[256];
	long kb = -1;

	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		sscanf(line, "RssAnon: %ld", &kb);
	if (file != NULL)
		fclose(file);
	return kb;
}

static struct holdings
holdings(void)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/cards/%s", getenv("SLIPWAY_DIR"), card);
	return (struct holdings){
		.fds = count_entries("/proc/self/fd"),
		.maps = count_lines("/proc/self/maps", "memfd:"),
		.anonymous_kb = resident_kb(),
		.files = count_entries(path),
	};
}

/* ---- The card ---- */

static void
card_start(void)
{
	pid_t child = fork();
	int status = -1;

	if (child == 0) {
		execl(slipway, slipway, "card", "start", card, NULL);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
		fail("slipway card start %s: status %d", card, status);
}

static pid_t
card_pid(void)
{
	char path[256];
	FILE *file;
	int pid = 0;

	snprintf(path, sizeof(path), "%s/cards/%s/pid", getenv("SLIPWAY_DIR"), card);
	file = fopen(path, "r");
	if (file == NULL || fscanf(file, "%d", &pid) != 1 || pid <= 1)
		fail("%s: names no process", path);
	fclose(file);
	return pid;
}

/* ---- Its driver ---- */

static void
event(uint16_t dev_id, enum rte_pmd_mic_state state, enum rte_pmd_mic_shutdown shutdown, void *arg)
{
	(void)dev_id;
	(void)shutdown;
	(void)arg;
	if (state == RTE_PMD_MIC_LOST)
		lost_ns = now_ns();
}

static void
must(const char *what, int ret)
{
	if (ret < 0)
		fail("%s: %s", what, strerror(-ret));
}

static void
driver_open(void)
{
	struct rte_pmd_mic_info mic = {0};
	struct rte_rawdev_info info = {.dev_private = &mic};
	char arguments[64], image[256];

	snprintf(arguments, sizeof(arguments), "card=%s", card);
	snprintf(image, sizeof(image), "%s/cards/%s.img", getenv("SLIPWAY_CONFIG_DIR"), card);
	must("probe", rte_eal_hotplug_add("vdev", RAW, arguments));
	raw_id = rte_rawdev_get_dev_id(RAW);
	must("info", rte_rawdev_info_get(raw_id, &info, sizeof(mic)));
	must("configure", rte_rawdev_configure(raw_id, &info, sizeof(mic)));
	must("event", rte_pmd_mic_event_register(raw_id, event, NULL));
	must("load", rte_pmd_mic_load_files(raw_id, image, NULL, NULL, RTE_PMD_MIC_BOOT_LINUX));
	must("start", rte_rawdev_start(raw_id));
	must("online", rte_pmd_mic_wait(raw_id, RTE_PMD_MIC_ONLINE, ONLINE_MS));
}

static void
dma_open(void)
{
	const struct rte_dma_conf conf = {.nb_vchans = 1};
	const struct rte_dma_vchan_conf vchan = {
		.direction = RTE_DMA_DIR_MEM_TO_DEV,
		.nb_desc = DESCRIPTORS,
		.dst_port = {.port_type = RTE_DMA_PORT_PCIE},
	};

	dma_id = rte_dma_get_dev_id_by_name(DMA);
	must("there is no " DMA, dma_id);
	must("DMA configure", rte_dma_configure(dma_id, &conf));
	must("DMA channel", rte_dma_vchan_setup(dma_id, 0, &vchan));
	must("DMA start", rte_dma_start(dma_id));
}

static void
driver_close(void)
{
	must("DMA stop", rte_dma_stop(dma_id));
	rte_pmd_mic_event_unregister(raw_id, event, NULL);
	rte_rawdev_stop(raw_id);
	must("remove", rte_eal_hotplug_remove("vdev", RAW));
}

/* ---- Copies ---- */

struct flow {
	rte_iova_t iova; /* of BLOCKS blocks */
	uint64_t submitted, completed, errors;
};

/* A burst of copies: how many there was room for. */
static unsigned int
feed(struct flow *f)
{
	unsigned int n;

	for (n = 0; n < BURST; n++) {
		uint64_t block = f->submitted % BLOCKS * BLOCK;
		int ret = rte_dma_copy(dma_id, 0, f->iova + block, CARD_OFFSET + block, BLOCK, 0);

		if (ret < 0)
			break;
		f->submitted++;
	}
	if (n > 0)
		rte_dma_submit(dma_id, 0);
	return n;
}

static void
drain(struct flow *f)
{
	enum rte_dma_status_code status[BURST];
	uint16_t last, n = rte_dma_completed_status(dma_id, 0, BURST, &last, status);

	for (uint16_t i = 0; i < n; i++)
		f->errors += status[i] != RTE_DMA_STATUS_SUCCESSFUL;
	f->completed += n;
}

static void
run_until(struct flow *f, uint64_t end)
{
	while (now_ns() < end || (f->completed == 0 && now_ns() < end + LIMIT_NS)) {
		feed(f);
		drain(f);
	}
	if (f->errors != 0 || f->completed == 0)
		fail("%" PRIu64 " copies done, %" PRIu64 " with errors, before the kill",
		     f->completed, f->errors);
}

/* ---- A round ---- */

struct worst {
	uint64_t lost_ms, drained_ms;
	unsigned int rounds_with_errors;
};

/* The longest that a thread of ours was ready to run and had no CPU, since it began. The machine
 * may have more to do than it has time.
 */
static uint64_t
starved_ns(void)
{
	DIR *dir = opendir("/proc/self/task");
	unsigned long long ran, waited, most = 0;
	struct dirent *entry;
	char path[300];
	FILE *file;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		snprintf(path, sizeof(path), "/proc/self/task/%s/schedstat", entry->d_name);
		file = entry->d_name[0] == '.' ? NULL : fopen(path, "r");
		if (file == NULL)
			continue;
		if (fscanf(file, "%llu %llu", &ran, &waited) == 2 && waited > most)
			most = waited;
		fclose(file);
	}
	if (dir != NULL)
		closedir(dir);
	return most;
}

/* When it is dead, which may take it a while. */
static bool
is_dead(int pidfd)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};

	return poll(&p, 1, 0) > 0;
}

/* From its death until the loss was told, and until the last copy ended. */
static void
measure(struct flow *f, int pidfd, uint64_t *lost, uint64_t *drained)
{
	uint64_t dead = 0, limit = now_ns() + LIMIT_NS;

	*drained = 0;
	while ((dead == 0 || lost_ns == 0 || *drained == 0) && now_ns() < limit) {
		if (dead == 0 && is_dead(pidfd))
			dead = now_ns();
		drain(f);
		if (*drained == 0 && f->completed == f->submitted)
			*drained = now_ns();
	}
	if (dead == 0 || lost_ns == 0)
		fail("%s within 5 s", dead == 0 ? "not dead" : "not noticed");
	if (*drained == 0)
		fail("%" PRIu64 " of %" PRIu64 " copies do not end", f->submitted - f->completed,
		     f->submitted);
	*lost = lost_ns > dead ? lost_ns - dead : 0;
	*drained = *drained > dead ? *drained - dead : 0;
}

static void
judge(uint64_t lost, uint64_t drained, uint64_t starved, struct worst *worst)
{
	uint64_t accepted = NOTICE_MS * UINT64_C(1000000) + starved;

	if (lost > accepted || drained > accepted)
		fail("noticed after %.1f ms, all copies ended after %.1f ms, %.1f ms without CPU",
		     (double)lost / 1e6, (double)drained / 1e6, (double)starved / 1e6);
	worst->lost_ms = RTE_MAX(worst->lost_ms, lost / 1000000);
	worst->drained_ms = RTE_MAX(worst->drained_ms, drained / 1000000);
}

/* A card that is gone takes no copy, or ends it with an error. */
static void
copy_in_vain(struct flow *f)
{
	uint64_t errors = f->errors, limit = now_ns() + LIMIT_NS;

	if (rte_dma_copy(dma_id, 0, f->iova, CARD_OFFSET, 64, RTE_DMA_OP_FLAG_SUBMIT) < 0)
		return;
	f->submitted++;
	while (f->completed < f->submitted && now_ns() < limit)
		drain(f);
	if (f->errors == errors)
		fail("a copy to a card that is gone %s",
		     f->completed < f->submitted ? "does not end" : "ends well");
}

static void
kill_card(struct flow *f, struct worst *worst)
{
	uint64_t lost, drained, starved;
	pid_t pid = card_pid();
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

	/* Half a gigabyte is under way: as a rule more than it gets done before it dies. */
	while (feed(f) == BURST)
		;
	starved = starved_ns();
	lost_ns = 0;
	if (pidfd < 0 || kill(pid, SIGKILL) < 0)
		fail("process %d: %s", (int)pid, strerror(errno));
	measure(f, pidfd, &lost, &drained);
	close(pidfd);
	judge(lost, drained, starved_ns() - starved, worst);
	worst->rounds_with_errors += f->errors > 0;
	copy_in_vain(f);
}

static void
one_round(const uint8_t *buffer, struct worst *worst)
{
	struct flow flow = {.iova = rte_malloc_virt2iova(buffer)};

	card_start();
	driver_open();
	dma_open();
	run_until(&flow, now_ns() + (uint64_t)(1 + rand() % MOMENT_MS) * 1000000);
	kill_card(&flow, worst);
	driver_close();
}

static void
compare(const struct holdings *before)
{
	struct holdings now = holdings();

	if (now.fds != before->fds || now.maps != before->maps || now.files != before->files)
		fail("%u descriptors, %u mapped files, %u files of the card; there were %u, %u, %u",
		     now.fds, now.maps, now.files, before->fds, before->maps, before->files);
	if (now.anonymous_kb > before->anonymous_kb + SLACK_KB)
		fail("grown from %ld kB to %ld kB", before->anonymous_kb, now.anonymous_kb);
}

int
main(int argc, char **argv)
{
	struct worst worst = {0};
	struct holdings before = {0};
	unsigned int rounds;
	uint8_t *buffer;
	int n;

	/* Lines of ours and of those we start in their order. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	n = rte_eal_init(argc, argv);
	if (n < 0 || argc - n != 5)
		fail("usage: slipway-kill-card EAL-ARGUMENT... -- SLIPWAY CARD COUNT SEED");
	slipway = argv[n + 1];
	card = argv[n + 2];
	rounds = (unsigned int)atoi(argv[n + 3]);
	srand((unsigned int)atoi(argv[n + 4]));
	buffer = rte_malloc(NULL, BLOCKS * BLOCK, 4096);
	if (buffer == NULL)
		fail("no memory");
	for (round_number = 1; round_number <= rounds + WARM_UP; round_number++) {
		one_round(buffer, &worst);
		if (round_number == WARM_UP)
			before = holdings();
		else if (round_number > WARM_UP)
			compare(&before);
	}
	if (worst.rounds_with_errors * 2 < rounds)
		fail("copies ended with errors in %u rounds only", worst.rounds_with_errors);
	printf("%u cards killed, %u with copies under way: noticed after %" PRIu64
	       " ms at most, all "
	       "copies ended after %" PRIu64 " ms; %u descriptors, %u mapped files, %ld kB\n",
	       rounds + WARM_UP, worst.rounds_with_errors, worst.lost_ms, worst.drained_ms,
	       before.fds, before.maps, resident_kb());
	rte_free(buffer);
	rte_eal_cleanup();
	return 0;
}

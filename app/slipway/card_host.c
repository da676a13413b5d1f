/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * A host for a card's process, without DPDK: what card_process_test.sh plugs in, kills, and asks
 * how long a call takes.
 *
 *   slipway-card-host SOCKET IMAGE boot [message]   boot, call each function, shut it down
 *   slipway-card-host SOCKET IMAGE stay             boot, and call echo until it is killed
 *   slipway-card-host SOCKET IMAGE rtt CPU          boot; a call's round trip, and that of a line
 *                                                   between here and that CPU, which is the card's
 *
 * With `message` nothing is mapped: the card is reached, and reaches us, by messages.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "mic_boot.h"
#include "mic_mailbox.h"
#include "mic_page.h"
#include "vfu_client.h"

#define RAM_BYTES  (1u << 20)
#define RAM_IOVA   UINT64_C(0x123400000)
#define PATIENCE_S 20
#define TRIPS      20000u
#define BATCHES    20u
#define CMDLINE    " mem=256M host=slipway-card-host"
#define COMMAND_AT 4u
#define TEXT_BYTES 4096u

static struct vfu_client *client;
static struct bus_device *dev;
static uint8_t *ram, *aperture; /* NULL: not mapped */

static void
die(const char *what)
{
	fprintf(stderr, "card_host: %s\n", what);
	exit(1);
}

static uint64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* ---- Reaching it ---- */

static void *
host_map(struct bus_host *host, uint32_t pasid, uint64_t iova, size_t *len, enum bus_prot prot,
	 struct bus_fault *fault)
{
	(void)host;
	(void)pasid;
	(void)prot;
	(void)fault;
	if (iova < RAM_IOVA || iova - RAM_IOVA >= RAM_BYTES)
		return NULL;
	*len = *len < RAM_BYTES - (iova - RAM_IOVA) ? *len : RAM_BYTES - (iova - RAM_IOVA);
	return ram + (iova - RAM_IOVA);
}

static void
say(void *arg, const char *line)
{
	(void)arg;
	fprintf(stderr, "card_host: %s\n", line);
}

static void
find_aperture(void)
{
	struct bus_region regions[8];
	int n = dev->ops->describe(dev, regions, 8);

	for (int i = 0; i < n && i < 8; i++)
		if (regions[i].bar == MIC_BAR_APERTURE && regions[i].kind == BUS_MEMORY)
			aperture = regions[i].memory;
}

static void
reach(const char *path, bool share)
{
	static const struct bus_host_ops ops = {.map = host_map};
	static struct bus_host host = {&ops};
	const struct vfu_client_config config = {
		.path = path, .share = share, .timeout_ms = PATIENCE_S * 1000, .log = say};
	uint16_t command = 6;
	int fd = memfd_create("card-host", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, RAM_BYTES) < 0)
		die("no memory");
	ram = mmap(NULL, RAM_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (ram == MAP_FAILED || vfu_client_open(&config, &host, &client) < 0 ||
	    vfu_client_dma_map(client, RAM_IOVA, RAM_BYTES, share ? fd : -1, 0,
			       BUS_PROT_READ | BUS_PROT_WRITE) < 0)
		die("cannot be plugged in");
	dev = vfu_client_device(client);
	dev->ops->config(dev, COMMAND_AT, &command, sizeof(command), true);
	find_aperture();
	if (share != (aperture != NULL))
		die(share ? "the aperture cannot be mapped" : "the aperture is mapped unasked");
}

static uint32_t
get(uint32_t off)
{
	return (uint32_t)dev->ops->read(dev, MIC_BAR_MMIO, off, 4);
}

static void
put(uint32_t off, uint32_t value)
{
	dev->ops->write(dev, MIC_BAR_MMIO, off, value, 4);
}

static void
wait_a_little(void)
{
	if (vfu_client_lost(client))
		die("the card is gone");
	dev->ops->step(dev, now_ns());
	sched_yield();
}

/* ---- Card memory ---- */

static void
store(uint64_t off, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	uint64_t word;

	if (aperture != NULL) {
		memcpy(aperture + off, bytes, len);
		return;
	}
	for (; len > 0; p += 8, off += 8, len -= len < 8 ? len : 8) {
		word = 0;
		memcpy(&word, p, len < 8 ? len : 8);
		dev->ops->write(dev, MIC_BAR_APERTURE, off, word, 8);
	}
}

static void
load(uint64_t off, void *bytes, size_t len)
{
	uint8_t *p = bytes;
	uint64_t word;

	if (aperture != NULL) {
		memcpy(bytes, aperture + off, len);
		return;
	}
	for (; len > 0; p += 8, off += 8, len -= len < 8 ? len : 8) {
		word = dev->ops->read(dev, MIC_BAR_APERTURE, off, 8);
		memcpy(p, &word, len < 8 ? len : 8);
	}
}

/* ---- Boot ---- */

static void
wait_ready(void)
{
	time_t end = time(NULL) + PATIENCE_S;

	while (!mic_spad2_is_ready(get(MIC_SPAD2_AT))) {
		if (time(NULL) > end)
			die("does not get ready");
		wait_a_little();
	}
}

static void
load_image(const char *path)
{
	uint64_t at = mic_spad2_load_address(get(MIC_SPAD2_AT));
	static uint8_t bytes[1 << 20];
	FILE *file = fopen(path, "rb");
	size_t len = file == NULL ? 0 : fread(bytes, 1, sizeof(bytes), file);

	if (len == 0)
		die("no image");
	fclose(file);
	store(at, bytes, len);
	store(at + len, CMDLINE, sizeof(CMDLINE));
	put(MIC_SPAD5_AT, (uint32_t)len);
}

static volatile struct mic_boot_params_a *
page(void)
{
	return (volatile struct mic_boot_params_a *)(void *)ram;
}

static void
boot(const char *image)
{
	const struct mic_boot_params_a fresh = {
		.magic = MIC_PAGE_MAGIC, .h2c_shutdown_db = 0xff, .h2c_config_db = 0xff};
	uint64_t address = mic_smpt_address(0, RAM_IOVA);
	time_t end = time(NULL) + PATIENCE_S;

	wait_ready();
	memcpy(ram, &fresh, sizeof(fresh));
	put(MIC_AT(SMPT, 0), mic_smpt_value(RAM_IOVA));
	put(MIC_SPAD14_AT, (uint32_t)address);
	put(MIC_SPAD15_AT, (uint32_t)(address >> 32));
	load_image(image);
	put(MIC_AT(APICICR_HI, MIC_BOOT_DOORBELL),
	    (uint32_t)REG_GET(MIC_SPAD2_APIC_ID, get(MIC_SPAD2_AT)));
	put(MIC_AT(APICICR_LO, MIC_BOOT_DOORBELL), MIC_BOOT_ICR);
	while (page()->h2c_config_db == 0xff) {
		if (time(NULL) > end)
			die("does not come up");
		wait_a_little();
	}
}

static void
ring(unsigned int db)
{
	put(mic_h2c_at(db), mic_h2c_value(db, get(mic_h2c_at(db))));
}

static void
shut_down(void)
{
	time_t end = time(NULL) + PATIENCE_S;

	page()->shutdown_card = 1;
	atomic_thread_fence(memory_order_seq_cst);
	ring(page()->h2c_shutdown_db);
	while (page()->shutdown_status != MIC_SHUTDOWN_POWER_OFF) {
		if (time(NULL) > end)
			die("does not shut down");
		wait_a_little();
	}
}

/* ---- Calls ---- */

struct function {
	struct mic_mailbox_function entry;
	uint64_t at, sequence;
};

static struct function
find_function(const char *name)
{
	uint64_t directory = get(MIC_SPAD_AT(MIC_MAILBOX_SPAD));
	struct mic_mailbox all;

	load(directory, &all, sizeof(all));
	if (directory == 0 || all.magic != MIC_MAILBOX_MAGIC)
		die("no directory of functions");
	for (uint32_t i = 0; i < all.count && i < MIC_MAILBOX_FUNCTIONS; i++)
		if (strcmp(all.function[i].name, name) == 0)
			return (struct function){
				all.function[i],
				directory + offsetof(struct mic_mailbox, function[i].awake), 0};
	die("no such function");
	abort();
}

/* Say that a request is there, before a look whether the card is awake. */
static inline void
set_turn(_Atomic uint64_t *at, uint64_t turn)
{
	/* Pairs with the acquire of the card. */
	atomic_store_explicit(at, turn, memory_order_release);
	/* Pairs with its fence between saying that it sleeps and its last look at the turn. */
	atomic_thread_fence(memory_order_seq_cst);
}

static void
post_call(struct function *fn, const uint64_t arg[MIC_MAILBOX_ARGS])
{
	uint64_t n = ++fn->sequence, turn = MIC_MAILBOX_REQUEST(n), at;
	uint32_t awake;

	at = fn->entry.slots + (n - 1) % MIC_MAILBOX_SLOTS * sizeof(struct mic_mailbox_slot);
	store(at, arg, MIC_MAILBOX_ARGS * sizeof(arg[0]));
	if (aperture != NULL)
		set_turn((_Atomic uint64_t *)(void *)(aperture + at +
				     offsetof(struct mic_mailbox_slot, turn)), turn);
	else
		store(at + offsetof(struct mic_mailbox_slot, turn), &turn, sizeof(turn));
	load(fn->at, &awake, sizeof(awake));
	if (awake == 0)
		ring(fn->entry.h2c_db);
}

static int64_t
wait_answer(struct function *fn, struct mic_mailbox_slot *line)
{
	uint64_t n = fn->sequence, turn = MIC_MAILBOX_ANSWER(n), seen = 0, at;
	time_t end = time(NULL) + PATIENCE_S;

	at = fn->entry.slots + (n - 1) % MIC_MAILBOX_SLOTS * sizeof(struct mic_mailbox_slot);
	while (seen != turn) {
		load(at + offsetof(struct mic_mailbox_slot, turn), &seen, sizeof(seen));
		atomic_thread_fence(memory_order_acquire);
		if (seen == turn)
			break;
		if (time(NULL) > end)
			die("a call is not answered");
		wait_a_little();
	}
	load(at, line, sizeof(*line));
	return line->result;
}

static struct mic_mailbox_slot
call(struct function *fn, uint64_t a, uint64_t b, uint64_t c)
{
	const uint64_t arg[MIC_MAILBOX_ARGS] = {a, b, c};
	struct mic_mailbox_slot line;

	post_call(fn, arg);
	if (wait_answer(fn, &line) != 0)
		die("a call was refused");
	return line;
}

static void
call_all(void)
{
	struct function echo = find_function("echo"), hash = find_function("hash");
	struct function copy = find_function("copy"), info = find_function("info");
	struct mic_mailbox_slot line;
	uint64_t text = RAM_IOVA + 2 * TEXT_BYTES, back = text + TEXT_BYTES;

	for (uint64_t i = 0; i < 3 * MIC_MAILBOX_SLOTS; i++) {
		line = call(&echo, i, ~i, 7);
		if (line.arg[0] != i || line.arg[1] != ~i || line.arg[2] != 7)
			die("echo answers something else");
	}
	memset(ram + (text - RAM_IOVA), 'a', TEXT_BYTES);
	call(&copy, hash.entry.memory, mic_smpt_address(0, text), TEXT_BYTES);
	line = call(&hash, hash.entry.memory, TEXT_BYTES, 0);
	printf("hash %08x %016llx\n", (unsigned int)line.arg[0], (unsigned long long)line.arg[1]);
	call(&copy, mic_smpt_address(0, back), hash.entry.memory, TEXT_BYTES);
	if (memcmp(ram + (back - RAM_IOVA), ram + (text - RAM_IOVA), TEXT_BYTES) != 0)
		die("a copy differs");
	/* It sleeps meanwhile. */
	usleep(100000);
	line = call(&info, 0, 0, 0);
	printf("memory %llu, boots %llu\n", (unsigned long long)line.arg[0],
	       (unsigned long long)line.arg[2]);
}

/* ---- Round trips ---- */

struct ball {
	_Alignas(128) _Atomic uint64_t there;
	_Alignas(128) _Atomic uint64_t back;
	atomic_bool over;
	int cpu;
};

static void
pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		die("no such CPU");
}

static void *
throw_back(void *arg)
{
	struct ball *ball = arg;
	uint64_t n = 1;

	pin(ball->cpu);
	while (!atomic_load_explicit(&ball->over, memory_order_relaxed)) {
		if (atomic_load_explicit(&ball->there, memory_order_acquire) != n)
			continue;
		atomic_store_explicit(&ball->back, n++, memory_order_release);
	}
	return NULL;
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Another thread where the card is; the card sleeps, as nobody calls it. */
static double
line_trip(int cpu)
{
	static struct ball ball;
	double ns[BATCHES];
	pthread_t thread;
	uint64_t n = 1, start;

	ball.cpu = cpu;
	if (pthread_create(&thread, NULL, throw_back, &ball) != 0)
		die("no thread");
	for (unsigned int b = 0; b < BATCHES; b++) {
		start = now_ns();
		for (unsigned int i = 0; i < TRIPS / BATCHES; i++, n++) {
			atomic_store_explicit(&ball.there, n, memory_order_release);
			while (atomic_load_explicit(&ball.back, memory_order_acquire) != n)
				;
		}
		ns[b] = (double)(now_ns() - start) / (TRIPS / BATCHES);
	}
	atomic_store(&ball.over, true);
	pthread_join(thread, NULL);
	qsort(ns, BATCHES, sizeof(ns[0]), by_size);
	return ns[BATCHES / 2];
}

/* As a driver does it: a line goes there and comes back, nothing else. */
static void
trip(struct function *fn, volatile uint32_t *awake)
{
	struct mic_mailbox_slot *slot = (struct mic_mailbox_slot *)(aperture + fn->entry.slots) +
					fn->sequence % MIC_MAILBOX_SLOTS;
	uint64_t n = ++fn->sequence;

	slot->arg[0] = n;
	set_turn((_Atomic uint64_t *)&slot->turn, MIC_MAILBOX_REQUEST(n));
	if (*awake == 0)
		ring(fn->entry.h2c_db);
	while (atomic_load_explicit((_Atomic uint64_t *)&slot->turn, memory_order_acquire) !=
	       MIC_MAILBOX_ANSWER(n))
		;
}

static double
call_trip(void)
{
	struct function echo = find_function("echo");
	volatile uint32_t *awake = (volatile uint32_t *)(void *)(aperture + echo.at);
	double ns[BATCHES];
	uint64_t start;

	for (unsigned int b = 0; b < BATCHES; b++) {
		start = now_ns();
		for (unsigned int i = 0; i < TRIPS / BATCHES; i++)
			trip(&echo, awake);
		ns[b] = (double)(now_ns() - start) / (TRIPS / BATCHES);
	}
	qsort(ns, BATCHES, sizeof(ns[0]), by_size);
	return ns[BATCHES / 2];
}

static void
round_trips(int cpu)
{
	double line, echo;

	usleep(10000);
	line = line_trip(cpu);
	echo = call_trip();
	printf("line %.0f ns, echo %.0f ns\n", line, echo);
}

int
main(int argc, char **argv)
{
	bool messages = argc > 4 && strcmp(argv[4], "message") == 0;
	struct function echo;

	if (argc < 4)
		die("usage: slipway-card-host SOCKET IMAGE boot|stay|rtt");
	reach(argv[1], !messages);
	boot(argv[2]);
	if (strcmp(argv[3], "rtt") == 0) {
		round_trips(argc > 4 ? atoi(argv[4]) : 1);
	} else if (strcmp(argv[3], "stay") == 0) {
		echo = find_function("echo");
		puts("up");
		fflush(stdout);
		for (uint64_t i = 0;; i++)
			call(&echo, i, 0, 0);
	} else {
		call_all();
		shut_down();
	}
	vfu_client_close(client);
	puts("ok");
	return 0;
}

/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_PORTAL_H
#define SLIPWAY_PORTAL_H

/**
 * @file
 * Commands of 64 bytes to a mapped page of a device. What a hot path does is inline here; finding
 * out what there is, and mapping it, is in portal_*.c. Instructions are written as bytes, because
 * an assembler may be older than they are.
 *
 *   portal_post               posted, MOVDIR64B: always taken, no answer
 *   portal_submit             not posted, ENQCMD: taken, or to be tried again
 *   portal_submit_supervisor  the same by ENQCMDS: PASID and privilege are the command's own
 *
 * These three need nothing but the address of a page. struct portal adds what a submitter may want
 * beside that: the next place in the page, retries, counters, and a model in place of the page.
 */

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/** Bytes of a command. */
#define PORTAL_LINE 64
/** Bytes of a portal: access is given out by pages. */
#define PORTAL_PAGE 4096

/* ---- The CPU ---- */

/** What a CPU has for portals, by bit. */
enum portal_feature {
	PORTAL_CPU_MOVDIRI = 1 << 0,
	PORTAL_CPU_MOVDIR64B = 1 << 1,
	PORTAL_CPU_ENQCMD = 1 << 2, /**< ENQCMDS comes with it, for ring 0 */
	PORTAL_CPU_WAITPKG = 1 << 3,
	PORTAL_CPU_CLDEMOTE = 1 << 4,
};

/**
 * What this CPU has: a set of enum portal_feature, by CPUID. The environment may take features away
 * or add what is emulated, for the life of the process: SLIPWAY_CPU=-movdir64b,+enqcmd. Any thread.
 */
unsigned int portal_features(void);

/**
 * For tests: take features away, add emulated ones, on top of what CPUID says and in place of what
 * the environment says.
 */
void portal_features_override(unsigned int hidden, unsigned int emulated);

/** How this CPU gets a command to a page. */
enum portal_how {
	PORTAL_NONE,      /**< in no way that is known to work */
	PORTAL_STORES,    /**< quarter by quarter, by four stores kept apart */
	PORTAL_MOVDIR64B, /**< by one store of 64 bytes */
};

/** Ask the CPU. Takes a while: ask once, when a device is opened. Any thread. */
enum portal_how portal_query(void);

/* ---- Posting and submitting ---- */

#if defined(__x86_64__)
/* A quarter of a command, whatever its owner calls it. */
typedef uint64_t portal_quarter __attribute__((vector_size(16), may_alias));

static inline void
portal_movdir64b(void *page, const void *line)
{
	/* movdir64b (%rdx), %rax. Both in registers: relative to the instruction pointer, as for a
	 * line that is a constant, the instruction could not be run from elsewhere.
	 */
	__asm__ volatile(".byte 0x66, 0x0f, 0x38, 0xf8, 0x02"
			 :
			 : "a"(page), "d"(line), "m"(*(const char(*)[PORTAL_LINE])line)
			 : "memory");
}

static inline void
portal_stores(void *page, const void *line)
{
	const portal_quarter *quarter = (const portal_quarter *)line;
	unsigned int i;

	/* Each to the same address. A fence after each, or the CPU could merge it with the next
	 * one. The displacement of 0 makes the store 5 bytes long at least, so that a jump fits in
	 * its place.
	 */
	for (i = 0; i < PORTAL_LINE / sizeof(*quarter); i++)
		__asm__ volatile("%{disp8%} movntdq %1, (%0)\n\t"
				 "sfence"
				 :
				 : "r"(page), "x"(quarter[i])
				 : "memory");
}

/* The zero flag: not taken. */
static inline bool
portal_enqcmd(void *page, const void *line)
{
	bool retry;

	/* enqcmd (%rdx), %rax */
	__asm__ volatile(".byte 0xf2, 0x0f, 0x38, 0xf8, 0x02"
			 : "=@ccz"(retry)
			 : "a"(page), "d"(line), "m"(*(const char(*)[PORTAL_LINE])line)
			 : "memory");
	return retry;
}

static inline bool
portal_enqcmds(void *page, const void *line)
{
	bool retry;

	/* enqcmds (%rdx), %rax */
	__asm__ volatile(".byte 0xf3, 0x0f, 0x38, 0xf8, 0x02"
			 : "=@ccz"(retry)
			 : "a"(page), "d"(line), "m"(*(const char(*)[PORTAL_LINE])line)
			 : "memory");
	return retry;
}

/* Privilege level of whoever runs this, 0 to 3. */
static inline unsigned int
portal_ring(void)
{
	unsigned int cs;

	__asm__("movl %%cs, %0" : "=r"(cs));
	return cs & 3;
}
#endif

/**
 * Post a command: it is on its way when this returns, and always taken. Commands that one thread
 * posts to one page arrive in that order. They may overtake older stores to ordinary memory: who
 * posts what others are to find in memory orders the two before (portal_order_stores). The line may
 * be reused at once, what it points to may not. One thread at a time per page.
 *
 * @param how what portal_query returned; under PORTAL_NONE nothing is posted
 * @param page in the device, 64-byte aligned
 * @param line the command, 64-byte aligned
 */
static inline void
portal_post(enum portal_how how, void *page, const void *line)
{
#if defined(__x86_64__)
	if (__builtin_expect(how == PORTAL_MOVDIR64B, true))
		portal_movdir64b(page, line);
	else if (how == PORTAL_STORES)
		portal_stores(page, line);
#else
	(void)how;
	(void)page;
	(void)line;
#endif
}

/**
 * Submit a command, and wait for the device's answer. The CPU puts the PASID of the process into it
 * and takes its privilege away, so bits 31:0 of the line are 0, or the CPU faults. It may overtake
 * older stores to ordinary memory: order them before (portal_order_stores); what comes after it in
 * the program comes after the answer. Once it is taken, the line may be reused. Any number of
 * threads and processes per page.
 *
 * @param page a portal of a device that answers (portal_is_command_memory), 64-byte aligned; never
 *             ordinary memory. The CPU has PORTAL_CPU_ENQCMD.
 * @param line the command, 64-byte aligned
 * @return 0 when taken; -EAGAIN when the queue is full, disabled or dedicated, so bound the
 *         retries; -EOPNOTSUPP on another kind of CPU
 */
static inline int
portal_submit(void *page, const void *line)
{
#if defined(__x86_64__)
	return portal_enqcmd(page, line) ? -EAGAIN : 0;
#else
	(void)page;
	(void)line;
	return -EOPNOTSUPP;
#endif
}

/**
 * The same with the PASID and privilege that the command has, bits 19:0 and 31; bits 30:20 are 0.
 * The CPU does this for kernels only; a program is refused here, before it faults. Order as above.
 *
 * @return 0, -EAGAIN, -EPERM outside ring 0, -EOPNOTSUPP on another kind of CPU
 */
static inline int
portal_submit_supervisor(void *page, const void *line)
{
#if defined(__x86_64__)
	if (portal_ring() != 0)
		return -EPERM;
	return portal_enqcmds(page, line) ? -EAGAIN : 0;
#else
	(void)page;
	(void)line;
	return -EOPNOTSUPP;
#endif
}

/**
 * Before: descriptors, batch arrays and completion records with their status cleared, stored by
 * this thread. After: the command that lets the device look at them. Both ways to a portal are
 * weakly ordered, so a compiler's barrier is not enough.
 */
static inline void
portal_order_stores(void)
{
#if defined(__x86_64__)
	__asm__ volatile("sfence" ::: "memory");
#else
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

/* ---- Trying again ---- */

/** Pauses before the first retry, and the most there are before any. */
#define PORTAL_PAUSES_FIRST 4
#define PORTAL_PAUSES_MOST  1024

/** How often, and how long from one time to the next. Of one thread. */
struct portal_backoff {
	uint32_t left;   /**< retries */
	uint32_t pauses; /**< the next wait is half of this to all of it */
	uint32_t seed;   /**< of the jitter; never 0 */
};

/** Begin: `retries` more tries after the first; `seed` differs from submitter to submitter. */
static inline void
portal_backoff_begin(struct portal_backoff *b, uint32_t retries, uint32_t seed)
{
	b->left = retries;
	b->pauses = PORTAL_PAUSES_FIRST;
	b->seed = seed | 1;
}

/** Pauses of the next wait: twice as many each time, up to a bound, with jitter below. */
static inline uint32_t
portal_backoff_next(struct portal_backoff *b)
{
	uint32_t most = b->pauses, half = most >> 1;

	/* An xorshift; submitters that were refused together are not to come back together. */
	b->seed ^= b->seed << 13;
	b->seed ^= b->seed >> 17;
	b->seed ^= b->seed << 5;
	if (most < PORTAL_PAUSES_MOST)
		b->pauses = most << 1;
	return half + (b->seed & (half - 1)) + 1;
}

static inline void
portal_pause(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

/** Refused: wait, and say whether to try once more. */
static inline bool
portal_backoff_wait(struct portal_backoff *b)
{
	uint32_t n;

	if (b->left == 0)
		return false;
	b->left--;
	for (n = portal_backoff_next(b); n > 0; n--)
		portal_pause();
	return true;
}

/* ---- Devices: do they answer? ---- */

/** A device on whatever bus, as far as portals are concerned. Zeroed but for what is known. */
struct portal_device {
	/** Read its PCI configuration space: 0, or a negative errno. NULL where there is none. */
	int (*config)(void *ctx, uint16_t off, void *bytes, size_t len);
	void *ctx;
	/** Where there is no configuration space: whoever made the device says that it answers. */
	bool answers;
	struct portal_map *maps; /**< those that go with it; portal_device_release */
};

/**
 * Does this device have pages that answer non-posted writes ("command memory")? So says bit 28 of
 * the PCI Express Device Capabilities 2, or, for parts older than that bit, vendor and device; the
 * maker of the device where it has no configuration space. Any thread.
 */
bool portal_is_command_memory(const struct portal_device *dev);

/** The mapping of a portal. Nothing else is mapped by these, and no portal by anything else. */
struct portal_map {
	void *page; /**< write-only; NULL: not mapped */
	bool answers;
	struct portal_map *next; /**< of those that go with a device */
};

/**
 * Map one portal of a device: a page that can be written only, and that a child process does not
 * get. Unmapped by portal_unmap.
 *
 * @param fd what portals are mapped from, the kernel's char device or a PCI resource
 * @param off of the portal in it, a multiple of PORTAL_PAGE
 * @return 0, -EINVAL for an offset within a page, or what mmap refused it with
 */
int portal_map(const struct portal_device *dev, int fd, off_t off, struct portal_map *map);
/** Allowed for one that is not mapped. */
void portal_unmap(struct portal_map *map);

/** The same as long as the device lives: portal_device_release unmaps it; `map` is the caller's. */
int portal_map_managed(struct portal_device *dev, int fd, off_t off, struct portal_map *map);
/** Unmap all portals that were mapped to go with the device. */
void portal_device_release(struct portal_device *dev);

/* ---- What can be done here ---- */

/** What a submitter has. */
struct portal_setting {
	unsigned int features; /**< of the CPU, portal_features() */
	bool model;            /**< the device is called: no CPU is asked */
	bool mapped;           /**< a portal is mapped */
	bool pasid;            /**< the system gives processes a PASID: sysfs pasid_enabled */
	bool dedicated;        /**< mode of the work queue; else shared */
	bool writable;         /**< the kernel takes commands by write() */
};

/** The ways to a queue, each a level of its own. */
enum portal_level {
	PORTAL_LEVEL_NONE,
	PORTAL_LEVEL_DEDICATED,     /**< posted, to a dedicated queue */
	PORTAL_LEVEL_SHARED_USER,   /**< ENQCMD, to a shared one */
	PORTAL_LEVEL_KERNEL_WRITE,  /**< by write() to the kernel, which does either */
};

/** What may be missing for one, by bit. */
enum portal_missing {
	PORTAL_MISSING_MOVDIR64B = 1 << 0,
	PORTAL_MISSING_ENQCMD = 1 << 1,
	PORTAL_MISSING_PASID = 1 << 2,
	PORTAL_MISSING_MAPPING = 1 << 3,
	PORTAL_MISSING_DEDICATED = 1 << 4, /**< the queue is shared */
	PORTAL_MISSING_SHARED = 1 << 5,    /**< the queue is dedicated */
	PORTAL_MISSING_WRITE = 1 << 6,
};

/** The best way that has all it needs. */
enum portal_level portal_level(const struct portal_setting *s);

/** What that way lacks: a set of enum portal_missing, each reported whatever else is missing. */
unsigned int portal_missing(const struct portal_setting *s, enum portal_level level);

/** One of them, as a message has it: what is not there, and who could change that. */
const char *portal_missing_text(enum portal_missing missing);

/* ---- A submitter's portal ---- */

/** A device that is called in place of a page. The contracts are those of the three functions. */
struct portal_calls {
	void (*post)(void *ctx, const void *line);
	int (*submit)(void *ctx, const void *line);
	/** NULL: refused with -EPERM. */
	int (*submit_supervisor)(void *ctx, const void *line);
};

/** What a submitter has sent. */
struct portal_counters {
	uint64_t posted;
	uint64_t accepted; /**< submitted and taken */
	uint64_t retried;  /**< answered by "try again" */
	uint64_t given_up; /**< retries exhausted */
};

/** A portal as one thread uses it; other threads, and processes, have others for the same queue. */
struct portal {
	uint8_t *page; /**< NULL: the device is called */
	uint32_t slot; /**< offset of the next post in it */
	enum portal_how how;
	bool submits; /**< page and CPU can */
	uint32_t seed;
	const struct portal_calls *calls;
	void *ctx;
	struct portal_counters counters;
};

/**
 * Use a mapped portal.
 *
 * @param map outlives it
 * @param nth of the threads that post to one queue: each begins at another place in the page
 */
void portal_use_map(struct portal *p, const struct portal_map *map, unsigned int nth);

/** Use a device by calls; `calls` and `ctx` outlive it. */
void portal_use_calls(struct portal *p, const struct portal_calls *calls, void *ctx,
		      unsigned int nth);

/**
 * The place of the next post. The 64 places of a page are as good as each other, but a CPU stores
 * to the same one again only when the last store is done. ENQCMD waits for its answer anyway.
 */
static inline void *
portal_next_place(struct portal *p)
{
	void *place = p->page + p->slot;

	p->slot = (p->slot + PORTAL_LINE) & (PORTAL_PAGE - 1);
	return place;
}

/**
 * portal_post to the next place; its rules of order are the same. On a device that takes whole
 * lines only, which those with portals do.
 *
 * @return 0, or -EOPNOTSUPP when the CPU cannot
 */
static inline int
portal_put(struct portal *p, const void *line)
{
	if (__builtin_expect(p->page == NULL, false))
		p->calls->post(p->ctx, line);
	else if (p->how == PORTAL_MOVDIR64B)
		portal_post(PORTAL_MOVDIR64B, portal_next_place(p), line);
	else
		return -EOPNOTSUPP;
	p->counters.posted++;
	return 0;
}

/** portal_submit, once; its rules of order are the same. -EOPNOTSUPP when CPU or page cannot. */
static inline int
portal_try(struct portal *p, const void *line)
{
	int ret = -EOPNOTSUPP;

	if (__builtin_expect(p->page == NULL, false))
		ret = p->calls->submit(p->ctx, line);
	else if (p->submits)
		ret = portal_submit(p->page, line);
	p->counters.accepted += ret == 0;
	p->counters.retried += ret == -EAGAIN;
	return ret;
}

/**
 * The same until it is taken: up to `retries` more tries, with longer and longer pauses between
 * them. -EAGAIN when that was not enough: then look at the queue's state before trying on.
 */
static inline int
portal_try_on(struct portal *p, const void *line, uint32_t retries)
{
	struct portal_backoff b;
	int ret = portal_try(p, line);

	if (__builtin_expect(ret != -EAGAIN, true))
		return ret;
	portal_backoff_begin(&b, retries, p->seed);
	while (ret == -EAGAIN && portal_backoff_wait(&b))
		ret = portal_try(p, line);
	p->seed = b.seed;
	p->counters.given_up += ret == -EAGAIN;
	return ret;
}

/** portal_submit_supervisor, once: -EPERM for a page, but in a kernel; a model may take it. */
static inline int
portal_try_supervisor(struct portal *p, const void *line)
{
	int ret = -EPERM;

	if (p->page != NULL)
		ret = p->submits ? portal_submit_supervisor(p->page, line) : -EOPNOTSUPP;
	else if (p->calls->submit_supervisor != NULL)
		ret = p->calls->submit_supervisor(p->ctx, line);
	p->counters.accepted += ret == 0;
	p->counters.retried += ret == -EAGAIN;
	return ret;
}

#endif /* SLIPWAY_PORTAL_H */

/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dlb_pool.h"

#include <string.h>

/* What a resource is called when there is too little of it. */
static const enum dlb_status unavailable[DLB_RES_KINDS] = {
	[DLB_RES_LDB_QUEUES] = DLB_ST_LDB_QUEUES_UNAVAILABLE,
	[DLB_RES_LDB_PORTS] = DLB_ST_LDB_PORTS_UNAVAILABLE,
	[DLB_RES_DIR_PORTS] = DLB_ST_DIR_PORTS_UNAVAILABLE,
	[DLB_RES_CREDITS] = DLB_ST_CREDITS_UNAVAILABLE,
	[DLB_RES_DIR_CREDITS] = DLB_ST_DIR_CREDITS_UNAVAILABLE,
	[DLB_RES_HISTORY] = DLB_ST_HIST_LIST_ENTRIES_UNAVAILABLE,
	[DLB_RES_ATOMIC] = DLB_ST_ATOMIC_INFLIGHTS_UNAVAILABLE,
};

static enum dlb_status
too_few(const struct dlb_pool *pool, enum dlb_res res)
{
	if (res == DLB_RES_CREDITS && pool->version == DLB_V20)
		return DLB_ST_LDB_CREDITS_UNAVAILABLE;
	return unavailable[res];
}

static uint32_t
min_of(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* What a device of that version has. */
static uint32_t
all_of(enum dlb_version version, enum dlb_res res)
{
	static const uint32_t totals[2][DLB_RES_KINDS] = {
		[DLB_V20] = {DLB_LDB_QUEUES, DLB_LDB_PORTS, DLB_DIR_PORTS_V20, DLB_LDB_CREDITS,
			     DLB_DIR_CREDITS, DLB_HIST_ENTRIES, DLB_AQED_ENTRIES},
		[DLB_V25] = {DLB_LDB_QUEUES, DLB_LDB_PORTS, DLB_DIR_PORTS_V25, DLB_CREDITS, 0,
			     DLB_HIST_ENTRIES, DLB_AQED_ENTRIES},
	};

	return totals[version][res];
}

uint32_t
dlb_pool_total(const struct dlb_pool *pool, enum dlb_res res)
{
	return pool->total[res];
}

void
dlb_pool_init(struct dlb_pool *pool, enum dlb_version version)
{
	int res;

	*pool = (struct dlb_pool){.version = version, .domains_there = UINT32_MAX};
	for (res = 0; res < DLB_RES_KINDS; res++)
		pool->total[res] = all_of(version, res);
	memset(pool->ldb_queues, DLB_NOBODY, sizeof(pool->ldb_queues));
	memset(pool->ldb_ports, DLB_NOBODY, sizeof(pool->ldb_ports));
	memset(pool->dir_ports, DLB_NOBODY, sizeof(pool->dir_ports));
	memset(pool->history, DLB_NOBODY, sizeof(pool->history));
	memset(pool->windows, DLB_NOBODY, sizeof(pool->windows));
}

static void
keep_granted(uint8_t owners[], const bool granted[], unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (!granted[i])
			owners[i] = DLB_ELSEWHERE;
	}
}

void
dlb_pool_restrict(struct dlb_pool *pool, const struct dlb_part *part)
{
	unsigned int i;

	pool->domains_there = UINT32_C(1) << part->domain;
	memcpy(pool->total, part->amount, sizeof(pool->total));
	keep_granted(pool->ldb_queues, part->ldb_queues, DLB_LDB_QUEUES);
	keep_granted(pool->ldb_ports, part->ldb_ports, DLB_LDB_PORTS);
	keep_granted(pool->dir_ports, part->dir_ports, DLB_DIR_PORTS_MAX);
	keep_granted(pool->history, part->history, DLB_HIST_ENTRIES);
	for (i = 0; i < DLB_SN_GROUPS; i++) {
		keep_granted(pool->windows[i], part->windows[i], DLB_SN_SLOTS);
		pool->sn_mode[i] = part->sn_mode[i];
	}
	pool->sn_fixed = true;
}

/* ---- What is held, and by whom ---- */

/* The owners of a resource that has numbers, or NULL. */
static uint8_t *
owners_of(struct dlb_pool *pool, enum dlb_res res)
{
	switch (res) {
	case DLB_RES_LDB_QUEUES:
		return pool->ldb_queues;
	case DLB_RES_LDB_PORTS:
		return pool->ldb_ports;
	case DLB_RES_DIR_PORTS:
		return pool->dir_ports;
	case DLB_RES_HISTORY:
		return pool->history;
	default:
		return NULL;
	}
}

static bool
is_reserved(const struct dlb_pool *pool, unsigned int domain, enum dlb_res res)
{
	return pool->domains[domain].reserved.amount[res] != DLB_UNSAID;
}

uint32_t
dlb_pool_held(const struct dlb_pool *pool, unsigned int domain, enum dlb_res res)
{
	const struct dlb_pool_domain *d = &pool->domains[domain];

	if (!d->exists)
		return 0;
	return is_reserved(pool, domain, res) ? d->reserved.amount[res] : d->taken[res];
}

uint32_t
dlb_pool_free(const struct dlb_pool *pool, enum dlb_res res)
{
	uint32_t left = dlb_pool_total(pool, res);
	unsigned int i;

	for (i = 0; i < DLB_DOMAINS; i++)
		left -= dlb_pool_held(pool, i, res);
	return left;
}

/* The longest run of history entries that are free, or the domain's; its first one. */
static uint32_t
longest_run(const struct dlb_pool *pool, unsigned int domain, uint32_t *base)
{
	uint32_t i, run = 0, longest = 0;

	*base = 0;
	for (i = 0; i < DLB_HIST_ENTRIES; i++) {
		bool usable = pool->history[i] == DLB_NOBODY || pool->history[i] == domain;

		run = usable ? run + 1 : 0;
		if (run > longest) {
			longest = run;
			*base = i + 1 - run;
		}
	}
	return longest;
}

/* An even part of what nobody reserved, among those who reserved nothing of it. */
static uint32_t
share(const struct dlb_pool *pool, enum dlb_res res)
{
	uint32_t left = dlb_pool_total(pool, res), n = 0;
	unsigned int i;

	for (i = 0; i < DLB_DOMAINS; i++) {
		if (!pool->domains[i].exists)
			continue;
		if (is_reserved(pool, i, res))
			left -= pool->domains[i].reserved.amount[res];
		else
			n++;
	}
	return n != 0 ? left / n : 0;
}

uint32_t
dlb_pool_limit(const struct dlb_pool *pool, unsigned int domain, enum dlb_res res)
{
	uint32_t available, base;

	if (is_reserved(pool, domain, res))
		return pool->domains[domain].reserved.amount[res];
	if (res == DLB_RES_HISTORY)
		available = longest_run(pool, domain, &base);
	else
		available = dlb_pool_free(pool, res) + pool->domains[domain].taken[res];
	return min_of(share(pool, res), available);
}

unsigned int
dlb_pool_class_ports(const struct dlb_pool *pool, unsigned int owner, unsigned int cos)
{
	unsigned int i, n = 0;

	for (i = cos * DLB_COS_PORTS; i < (cos + 1) * DLB_COS_PORTS; i++)
		n += pool->ldb_ports[i] == owner;
	return n;
}

/* ---- Numbers ---- */

/* Give n numbers from first to last to a domain that are nobody's; lowest first. */
static void
claim(uint8_t owners[], unsigned int first, unsigned int end, unsigned int n, unsigned int domain)
{
	unsigned int i;

	for (i = first; i < end && n != 0; i++) {
		if (owners[i] != DLB_NOBODY)
			continue;
		owners[i] = (uint8_t)domain;
		n--;
	}
}

/* Ports by class first, so that those of any class do not take them away. */
static void
claim_ports(struct dlb_pool *pool, unsigned int domain, const struct dlb_request *request)
{
	unsigned int cos, left = request->amount[DLB_RES_LDB_PORTS];

	for (cos = 0; cos < DLB_COS_CLASSES; cos++) {
		claim(pool->ldb_ports, cos * DLB_COS_PORTS, (cos + 1) * DLB_COS_PORTS,
		      request->class_ports[cos], domain);
		left -= request->class_ports[cos];
	}
	claim(pool->ldb_ports, 0, DLB_LDB_PORTS, left, domain);
}

/* The shortest run that is long enough, so that long ones last. */
static void
claim_history(struct dlb_pool *pool, unsigned int domain, uint32_t n)
{
	uint32_t i, run = 0, best = DLB_HIST_ENTRIES + 1, base = 0;

	for (i = 0; i <= DLB_HIST_ENTRIES; i++) {
		if (i < DLB_HIST_ENTRIES && pool->history[i] == DLB_NOBODY) {
			run++;
			continue;
		}
		if (run >= n && run < best) {
			best = run;
			base = i - run;
		}
		run = 0;
	}
	claim(pool->history, base, base + n, n, domain);
}

static void
claim_numbers(struct dlb_pool *pool, unsigned int domain, enum dlb_res res, uint32_t n)
{
	uint8_t *owners = owners_of(pool, res);

	if (res == DLB_RES_HISTORY)
		claim_history(pool, domain, n);
	else if (owners != NULL)
		claim(owners, 0, all_of(pool->version, res), n, domain);
}

static void
disown(uint8_t owners[], unsigned int n, unsigned int domain)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (owners[i] == domain)
			owners[i] = DLB_NOBODY;
	}
}

static void
disown_numbers(struct dlb_pool *pool, unsigned int domain, enum dlb_res res)
{
	uint8_t *owners = owners_of(pool, res);

	if (owners != NULL)
		disown(owners, all_of(pool->version, res), domain);
}

/* ---- Domains ---- */

static enum dlb_status
check_ports(const struct dlb_pool *pool, const struct dlb_request *request)
{
	unsigned int cos;

	for (cos = 0; cos < DLB_COS_CLASSES; cos++) {
		if (request->class_ports[cos] > dlb_pool_class_ports(pool, DLB_NOBODY, cos))
			return DLB_ST_LDB_PORTS_UNAVAILABLE;
	}
	if (request->amount[DLB_RES_LDB_PORTS] == 0 && request->amount[DLB_RES_LDB_QUEUES] != 0 &&
	    request->amount[DLB_RES_LDB_QUEUES] != DLB_UNSAID)
		return DLB_ST_LDB_PORT_REQUIRED_FOR_LDB_QUEUES;
	return DLB_ST_SUCCESS;
}

static enum dlb_status
check_request(const struct dlb_pool *pool, const struct dlb_request *request,
	      enum dlb_res *short_of)
{
	uint32_t base;
	int res;

	for (res = 0; res < DLB_RES_KINDS; res++) {
		uint32_t left = res == DLB_RES_HISTORY ? longest_run(pool, DLB_NOBODY, &base)
						       : dlb_pool_free(pool, res);

		*short_of = res;
		if (request->amount[res] != DLB_UNSAID && request->amount[res] > left)
			return too_few(pool, res);
	}
	*short_of = DLB_RES_LDB_PORTS;
	return check_ports(pool, request);
}

/* Ports that are asked for by class alone are all there are. */
static struct dlb_request
complete(const struct dlb_request *request)
{
	struct dlb_request full = *request;
	uint32_t sum = 0;
	unsigned int cos;

	if (!full.by_class)
		return full;
	for (cos = 0; cos < DLB_COS_CLASSES; cos++)
		sum += full.class_ports[cos];
	if (full.amount[DLB_RES_LDB_PORTS] == DLB_UNSAID || full.amount[DLB_RES_LDB_PORTS] < sum)
		full.amount[DLB_RES_LDB_PORTS] = sum;
	return full;
}

enum dlb_status
dlb_pool_create(struct dlb_pool *pool, const struct dlb_request *request, unsigned int *domain,
		enum dlb_res *short_of)
{
	struct dlb_request full = complete(request);
	enum dlb_status status;
	unsigned int d = 0;
	int res;

	while (d < DLB_DOMAINS &&
	       (pool->domains[d].exists || !(pool->domains_there >> d & 1)))
		d++;
	if (d == DLB_DOMAINS)
		return DLB_ST_DOMAIN_UNAVAILABLE;
	status = check_request(pool, &full, short_of);
	if (status != DLB_ST_SUCCESS)
		return status;

	for (res = 0; res < DLB_RES_KINDS; res++) {
		if (full.amount[res] == DLB_UNSAID)
			continue;
		if (res == DLB_RES_LDB_PORTS)
			claim_ports(pool, d, &full);
		else
			claim_numbers(pool, d, res, full.amount[res]);
	}
	pool->domains[d] = (struct dlb_pool_domain){.exists = true, .reserved = full};
	pool->nb_domains++;
	*domain = d;
	return DLB_ST_SUCCESS;
}

void
dlb_pool_destroy(struct dlb_pool *pool, unsigned int domain)
{
	int res;

	dlb_pool_give_back(pool, domain);
	for (res = 0; res < DLB_RES_KINDS; res++)
		disown_numbers(pool, domain, res);
	pool->domains[domain].exists = false;
	pool->nb_domains--;
}

/* ---- Start and stop ---- */

/* The numbers of a domain, lowest first. */
static void
list(const uint8_t owners[], unsigned int total, unsigned int domain, uint8_t numbers[],
     unsigned int n)
{
	unsigned int i, k = 0;

	for (i = 0; i < total && k < n; i++) {
		if (owners[i] == domain)
			numbers[k++] = (uint8_t)i;
	}
}

static uint16_t
first_entry(const struct dlb_pool *pool, unsigned int domain)
{
	const uint8_t *at = memchr(pool->history, (int)domain, sizeof(pool->history));

	return at != NULL ? (uint16_t)(at - pool->history) : 0;
}

enum dlb_status
dlb_pool_take(struct dlb_pool *pool, unsigned int domain, const uint32_t need[DLB_RES_KINDS],
	      struct dlb_grant *grant, enum dlb_res *short_of)
{
	int res;

	for (res = 0; res < DLB_RES_KINDS; res++) {
		*short_of = res;
		if (need[res] > dlb_pool_limit(pool, domain, res))
			return too_few(pool, res);
	}
	for (res = 0; res < DLB_RES_KINDS; res++) {
		pool->domains[domain].taken[res] = need[res];
		if (!is_reserved(pool, domain, res))
			claim_numbers(pool, domain, res, need[res]);
	}
	list(pool->ldb_queues, DLB_LDB_QUEUES, domain, grant->ldb_queues, need[DLB_RES_LDB_QUEUES]);
	list(pool->ldb_ports, DLB_LDB_PORTS, domain, grant->ldb_ports, need[DLB_RES_LDB_PORTS]);
	list(pool->dir_ports, DLB_DIR_PORTS_MAX, domain, grant->dir_ports, need[DLB_RES_DIR_PORTS]);
	grant->history_base = first_entry(pool, domain);
	return DLB_ST_SUCCESS;
}

void
dlb_pool_give_back(struct dlb_pool *pool, unsigned int domain)
{
	int res;

	for (res = 0; res < DLB_RES_KINDS; res++) {
		if (!is_reserved(pool, domain, res))
			disown_numbers(pool, domain, res);
		pool->domains[domain].taken[res] = 0;
	}
	disown(pool->windows[0], DLB_SN_GROUPS * DLB_SN_SLOTS, domain);
}

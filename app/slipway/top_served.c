/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * A served device for slipway top: what its registers count, from the device's side.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ask.h"
#include "top.h"

/* Lines that are neither of a queue nor of a port: up to four of the head, two titles, two that
 * count what is left out, and the last one, which stays empty.
 */
#define OTHER_ROWS 9

int
top_served_take(const char *control, struct top_sample *sample)
{
	int ret;

	*sample = (struct top_sample){0};
	sample->device = ask(control, "stats\n", false, &ret);
	if (sample->device == NULL)
		return ret;
	sample->at = json_number_value(json_object_get(sample->device, "ns")) / 1e9;
	/* A card counts its seconds. */
	if (sample->at == 0)
		sample->at = json_number_value(json_object_get(sample->device, "uptime"));
	return 0;
}

/* ---- From one sample to the next ---- */

static json_int_t
level(json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

static json_int_t
rate(json_t *before, json_t *now, const char *name, double seconds)
{
	json_int_t more = level(now, name) - level(before, name);

	/* Counters can be reset. */
	return more > 0 && seconds > 0 ? (json_int_t)((double)more / seconds + 0.5) : 0;
}

/* Ports count the lines that were posted modulo 2^32; those of domains, anew for each client. */
static json_int_t
line_rate(json_t *before, json_t *now, double seconds)
{
	uint32_t more = (uint32_t)level(now, "lines") - (uint32_t)level(before, "lines");

	return before != NULL && more <= INT32_MAX && seconds > 0
		       ? (json_int_t)(more / seconds + 0.5)
		       : 0;
}

/* The one of the same name earlier, or NULL. */
static json_t *
find(json_t *list, const char *key, json_t *wanted)
{
	json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
	{
		if (json_equal(json_object_get(one, key), json_object_get(wanted, key)))
			return one;
	}
	return NULL;
}

/* A list with rates in place of what is counted. */
static json_t *
each_frame(json_t *before, json_t *now, const char *list, const char *key, const char *counter,
	   double seconds)
{
	json_t *all = json_array(), *one, *frame, *earlier;
	size_t i;

	json_array_foreach(json_object_get(now, list), i, one)
	{
		earlier = find(json_object_get(before, list), key, one);
		frame = json_copy(one);
		json_object_set_new(
			frame, counter,
			json_integer(earlier == NULL ? 0 : rate(earlier, one, counter, seconds)));
		if (json_object_get(one, "lines") != NULL)
			json_object_set_new(frame, "lines",
					    json_integer(line_rate(earlier, one, seconds)));
		json_array_append_new(all, frame);
	}
	return all;
}

/* Of all sockets together. */
static json_int_t
sum(json_t *sample, const char *name)
{
	json_t *socket;
	json_int_t n = 0;
	size_t i;

	json_array_foreach(json_object_get(sample, "sockets"), i, socket)
	{
		n += level(socket, name);
	}
	return n;
}

static json_int_t
sum_rate(json_t *before, json_t *now, const char *name, double seconds)
{
	json_int_t more = sum(now, name) - sum(before, name);

	return more > 0 && seconds > 0 ? (json_int_t)((double)more / seconds + 0.5) : 0;
}

static json_t *
events_frame(json_t *b, json_t *n, double seconds)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "in", rate(b, n, "in", seconds),
			 "out", rate(b, n, "out", seconds), "messages",
			 sum_rate(b, n, "messages", seconds), "interrupts",
			 sum_rate(b, n, "irqs", seconds), "refused", sum(n, "refused"), "lost",
			 level(n, "lost"), "stray", level(n, "stray"));
}

json_t *
top_served_frame(const char *name, const struct top_sample *before, const struct top_sample *now)
{
	static const char *const kept[] = {"device", "version", "silent", "traced",
					   "faults", "sockets", "domains"};
	json_t *b = before->device, *n = now->device, *frame = json_object();
	double seconds = now->at - before->at;

	json_object_set_new(frame, "name", json_string(name));
	json_object_set_new(frame, "seconds", json_real(seconds));
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (json_object_get(n, kept[i]) != NULL)
			json_object_set(frame, kept[i], json_object_get(n, kept[i]));
	json_object_set_new(frame, "events", events_frame(b, n, seconds));
	json_object_set_new(frame, "queues",
			    each_frame(b, n, "queues", "queue", "enqueued", seconds));
	json_object_set_new(frame, "ports",
			    each_frame(b, n, "ports", "port", "delivered", seconds));
	return frame;
}

/* ---- For people ---- */

static const char *
text(json_t *object, const char *name)
{
	const char *value = json_string_value(json_object_get(object, name));

	return value != NULL ? value : "?";
}

static void
print_clients(json_t *sockets)
{
	json_t *socket;
	unsigned int there = 0;
	size_t i;

	json_array_foreach(sockets, i, socket)
	{
		if (level(socket, "client") == 0)
			continue;
		printf("%s%lld%s", there++ == 0 ? "client " : ", ",
		       (long long)level(socket, "client"),
		       json_is_true(json_object_get(socket, "shares")) ? "" : " (by messages)");
	}
	if (there == 0)
		printf("no client");
}

static void
print_domains(json_t *domains)
{
	json_t *domain;
	size_t i;

	json_array_foreach(domains, i, domain)
	{
		printf("%s%lld has ", i == 0 ? "credits free: domain " : ", ",
		       (long long)level(domain, "domain"));
		if (json_object_get(domain, "credits") != NULL)
			printf("%lld", (long long)level(domain, "credits"));
		else
			printf("%lld and %lld directed", (long long)level(domain, "ldb_credits"),
			       (long long)level(domain, "dir_credits"));
	}
	if (i > 0)
		putchar('\n');
}

static void
print_faults(json_t *faults)
{
	json_t *fault;
	size_t i;

	json_array_foreach(faults, i, fault)
	{
		printf("%s%s", i == 0 ? "faults: " : ", ", json_string_value(fault));
	}
	if (i > 0)
		putchar('\n');
}

static void
print_head(json_t *frame)
{
	json_t *events = json_object_get(frame, "events");
	char buf[4][TOP_RATE_LEN];

	printf("%s: DLB %s, ", text(frame, "name"), text(frame, "version"));
	print_clients(json_object_get(frame, "sockets"));
	printf("%s%s; rates per second over %.1f s\n",
	       json_is_true(json_object_get(frame, "traced")) ? ", recorded" : "",
	       json_is_true(json_object_get(frame, "silent")) ? ", switched off" : "",
	       json_number_value(json_object_get(frame, "seconds")));
	printf("events: %s in, %s out; %s messages, %lld refused so far; %s interrupts\n",
	       top_rate(buf[0], level(events, "in")), top_rate(buf[1], level(events, "out")),
	       top_rate(buf[2], level(events, "messages")), (long long)level(events, "refused"),
	       top_rate(buf[3], level(events, "interrupts")));
	print_domains(json_object_get(frame, "domains"));
	print_faults(json_object_get(frame, "faults"));
}

static void
print_queue(json_t *queue)
{
	char buf[TOP_RATE_LEN];

	printf("%-7s %6lld %6lld %8lld", text(queue, "queue"), (long long)level(queue, "domain"),
	       (long long)level(queue, "links"), (long long)level(queue, "waiting"));
	if (json_object_get(queue, "limit") != NULL)
		printf(" %5lld of %-5lld", (long long)level(queue, "inflight"),
		       (long long)level(queue, "limit"));
	else
		printf(" %14s", "");
	printf(" %9s\n", top_rate(buf, level(queue, "enqueued")));
}

/* Full, when the consumer does not keep up: all tokens are in use. */
static const char *
port_state(json_t *port)
{
	if (json_is_false(json_object_get(port, "enabled")))
		return "  disabled";
	if (level(port, "depth") > 0 && level(port, "tokens") >= level(port, "depth"))
		return "  full";
	return "";
}

static void
print_port(json_t *port)
{
	char buf[2][TOP_RATE_LEN];

	printf("%-7s %6lld %8lld of %-5lld", text(port, "port"), (long long)level(port, "domain"),
	       (long long)level(port, "tokens"), (long long)level(port, "depth"));
	if (json_object_get(port, "holds") != NULL)
		printf(" %6lld", (long long)level(port, "holds"));
	else
		printf(" %6s", "");
	printf(" %9s %9s%s\n", top_rate(buf[0], level(port, "lines")),
	       top_rate(buf[1], level(port, "delivered")), port_state(port));
}

void
top_served_print(json_t *frame, unsigned int rows)
{
	json_t *queues = json_object_get(frame, "queues"), *ports = json_object_get(frame, "ports");
	size_t nq = json_array_size(queues), np = json_array_size(ports);
	size_t room = rows > OTHER_ROWS + 2 ? rows - OTHER_ROWS : 2;
	size_t for_queues = nq < room / 2 ? nq : np < room / 2 ? room - np : room / 2;

	if (rows == 0) {
		for_queues = nq;
		room = nq + np;
	}
	print_head(frame);
	printf("%-7s %6s %6s %8s %14s %9s\n", "QUEUE", "DOMAIN", "LINKS", "WAITING", "IN FLIGHT",
	       "ENQUEUED");
	top_print_each(queues, for_queues, print_queue, "queues");
	printf("%-7s %6s %17s %6s %9s %9s\n", "PORT", "DOMAIN", "IN ITS CQ", "HOLDS", "LINES",
	       "DELIVERED");
	top_print_each(ports, room - for_queues, print_port, "ports");
}

/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <stdio.h>

#include "top.h"

/* Lines that are neither of a queue nor of a port: three of the head, two titles, two that count
 * what is left out, and the last one, which stays empty.
 */
#define OTHER_ROWS 8

static json_int_t
number(json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

static const char *
text(json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

const char *
top_rate(char buf[TOP_RATE_LEN], json_int_t n)
{
	if (n < 10000)
		snprintf(buf, TOP_RATE_LEN, "%lld", (long long)n);
	else if (n < 1000000)
		snprintf(buf, TOP_RATE_LEN, "%.1fk", (double)n / 1e3);
	else
		snprintf(buf, TOP_RATE_LEN, "%.2fM", (double)n / 1e6);
	return buf;
}

static void
print_rate(json_t *object, const char *name)
{
	char buf[TOP_RATE_LEN];

	printf(" %9s", top_rate(buf, number(object, name)));
}

static void
print_head(json_t *frame)
{
	json_t *events = json_object_get(frame, "events");
	char buf[4][TOP_RATE_LEN];

	printf("%s: domain %lld of %s, DLB %s, %s; rates per second over %.1f s\n",
	       text(frame, "name"), (long long)number(frame, "domain"), text(frame, "device"),
	       text(frame, "version"), text(frame, "state"),
	       json_number_value(json_object_get(frame, "seconds")));
	printf("events: %lld of %lld inside, %lld credits in the pool\n",
	       (long long)number(events, "inside"), (long long)number(events, "limit"),
	       (long long)number(events, "pool"));
	printf("        %s new, %s forwarded, %s released, %s polls, %lld %% of them empty\n",
	       top_rate(buf[0], number(events, "new")),
	       top_rate(buf[1], number(events, "forwarded")),
	       top_rate(buf[2], number(events, "released")),
	       top_rate(buf[3], number(events, "polls")),
	       (long long)number(events, "empty_percent"));
}

static void
print_queue(json_t *queue)
{
	printf("%5lld  %-13s %6lld %6lld %8lld", (long long)number(queue, "queue"),
	       text(queue, "kind"), (long long)number(queue, "number"),
	       (long long)number(queue, "links"), (long long)number(queue, "waiting"));
	print_rate(queue, "enqueued");
	putchar('\n');
}

static void
print_port(json_t *port)
{
	printf("%5lld  %-13s %6lld %6lld %8lld", (long long)number(port, "port"),
	       text(port, "kind"), (long long)number(port, "number"),
	       (long long)number(port, "holds"), (long long)number(port, "credits"));
	print_rate(port, "dequeued");
	print_rate(port, "new");
	print_rate(port, "forwarded");
	print_rate(port, "released");
	print_rate(port, "polls");
	printf(" %4lld %%\n", (long long)number(port, "empty_percent"));
}

void
top_print_each(json_t *all, size_t room, void (*print)(json_t *one), const char *what)
{
	size_t i, n = json_array_size(all);

	for (i = 0; i < n && i < room; i++)
		print(json_array_get(all, i));
	if (i < n)
		printf("       and %zu more %s\n", n - i, what);
}

void
top_print(json_t *frame, unsigned int rows)
{
	json_t *queues = json_object_get(frame, "queues"), *ports = json_object_get(frame, "ports");
	size_t room = rows > OTHER_ROWS + 2 ? rows - OTHER_ROWS : 2;
	size_t nq = json_array_size(queues), np = json_array_size(ports);
	size_t for_queues = nq < room / 2 ? nq : np < room / 2 ? room - np : room / 2;

	if (rows == 0) {
		for_queues = nq;
		room = nq + np;
	}
	print_head(frame);
	printf("%5s  %-13s %6s %6s %8s %9s\n", "QUEUE", "KIND", "NUMBER", "LINKS", "WAITING",
	       "ENQUEUED");
	top_print_each(queues, for_queues, print_queue, "queues");
	printf("%5s  %-13s %6s %6s %8s %9s %9s %9s %9s %9s %6s\n", "PORT", "KIND", "NUMBER",
	       "HOLDS", "CREDITS", "DEQUEUED", "NEW", "FORWARDED", "RELEASED", "POLLS", "EMPTY");
	top_print_each(ports, room - for_queues, print_port, "ports");
}

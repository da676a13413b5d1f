/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mic_boot.h"
#include "serve.h"

/* An image that the card OS refused is as one that the bootstrap did. */
static const char *
power_name(const struct serve *s, const struct card_status *status)
{
	static const char *const names[] = {
		[MIC_POWER_BOOTSTRAP] = "bootstrap",
		[MIC_POWER_READY] = "ready",
		[MIC_POWER_RUNNING] = "running",
		[MIC_POWER_REFUSED] = "refused",
	};

	return status->image_error != NULL ? "refused" : names[mic_model_power(s->model, NULL)];
}

static void
add_boot(const struct serve *s, const struct card_status *status, struct ctl_text *t)
{
	uint32_t post = mic_model_card_read(s->model, MIC_POSTCODE_AT);
	const char code[2] = {(char)post, (char)(post >> 8)};
	const char *error = mic_model_boot_error(s->model);
	char text[128];

	if (status->image_error != NULL)
		snprintf(text, sizeof(text), "image %s", status->image_error);
	else
		snprintf(text, sizeof(text), "%s", error);
	/* Quotes would be shown as what they are not. */
	for (char *c = text; *c != '\0'; c++)
		*c = *c == '"' ? '\'' : *c;
	ctl_text_add(t, "\"power\":\"%s\",\"post_code\":", power_name(s, status));
	ctl_text_quote(t, code, sizeof(code));
	ctl_text_add(t, ",\"boot_error\":");
	ctl_text_quote(t, text, strlen(text));
	ctl_text_add(t, ",\"image\":");
	ctl_text_quote(t, status->version, strlen(status->version));
	ctl_text_add(t, ",\"cmdline\":");
	ctl_text_quote(t, status->cmdline, strlen(status->cmdline));
}

static void
add_os(const struct card_status *status, struct ctl_text *t)
{
	ctl_text_add(t, ",\"os\":\"%s\",\"era\":\"%s\",\"boots\":%u,\"crashes\":%u,",
		     card_state_name(status->state), card_era_name(status->era), status->boots,
		     status->crashes);
	ctl_text_add(t, "\"page\":%" PRIu64 ",\"page_retries\":%u,\"node_id\":%u,\"blocks\":%u,",
		     status->page, status->page_retries, status->node_id, status->blocks);
	ctl_text_add(t, "\"doorbells_held\":%u,\"memory\":%" PRIu64 ",\"memory_used\":%" PRIu64 ",",
		     status->doorbells, status->memory_size, status->memory_used);
	ctl_text_add(t, "\"dma_copies\":%" PRIu64 ",\"dma_bytes\":%" PRIu64, status->dma_copies,
		     status->dma_bytes);
	ctl_text_add(t, ",\"dma_errors\":%" PRIu64, status->dma_errors);
	ctl_text_add(t, ",\"log_lines\":%" PRIu64 ",\"log_bytes\":%" PRIu64, status->log_lines,
		     status->log_bytes);
}

static void
add_counts(struct ctl_text *t, const char *name, const uint64_t counts[], unsigned int n)
{
	ctl_text_add(t, "\"%s\":[", name);
	for (unsigned int i = 0; i < n; i++)
		ctl_text_add(t, "%s%" PRIu64, i > 0 ? "," : "", counts[i]);
	ctl_text_add(t, "]");
}

static void
add_functions(const struct card_status *status, struct ctl_text *t)
{
	ctl_text_add(t, ",\"functions\":[");
	for (unsigned int i = 0; i < CARD_STATUS_FUNCTIONS && status->function[i].name[0] != '\0';
	     i++)
		ctl_text_add(t,
			     "%s{\"name\":\"%s\",\"calls\":%" PRIu64 ",\"refused\":%" PRIu64 "}",
			     i > 0 ? "," : "", status->function[i].name, status->function[i].calls,
			     status->function[i].refused);
	ctl_text_add(t, "]");
}

static void
add_channels(const struct serve *s, struct ctl_text *t)
{
	struct mic_model_channel_stats n;

	ctl_text_add(t, ",\"channels\":[");
	for (unsigned int ch = 0; mic_model_channel_stats(s->model, ch, &n); ch++) {
		ctl_text_add(t, "%s{\"channel\":%u,\"owner\":\"%s\",\"enabled\":%s,",
			     ch > 0 ? "," : "", ch, n.host_owned ? "host" : "card",
			     n.enabled ? "true" : "false");
		ctl_text_add(t, "\"head\":%u,\"tail\":%u,\"size\":%u,\"error\":%u,", n.head, n.tail,
			     n.size, n.error);
		ctl_text_add(t, "\"descriptors\":%" PRIu64 ",\"bytes\":%" PRIu64 ",", n.descriptors,
			     n.bytes);
		ctl_text_add(t, "\"interrupts\":%" PRIu64 ",\"errors\":%" PRIu64 "}", n.interrupts,
			     n.errors);
	}
	ctl_text_add(t, "]");
}

void
serve_mic_stats(struct serve *s, struct ctl_text *t)
{
	unsigned long long ms = ctl_now_ms() - s->began;
	struct card_status status;

	card_status_read(s->dev, &status);
	ctl_text_add(t, "{\"device\":\"mic\",\"version\":\"x100\",\"ns\":%" PRIu64 ",\"pid\":%d,",
		     serve_now_ns(), (int)getpid());
	ctl_text_add(t, "\"uptime\":%llu.%03llu,\"time_scale\":%u,\"stepping\":\"%s\",", ms / 1000,
		     ms % 1000, s->options.mic.time_scale,
		     mic_stepping_name(s->options.mic.revision));
	ctl_text_add(t, "\"stray\":%" PRIu64 ",", mic_model_stray(s->model));
	add_boot(s, &status, t);
	add_os(&status, t);
	ctl_text_add(t, ",\"doorbells\":{");
	add_counts(t, "h2c", status.h2c, MIC_H2C_DOORBELLS);
	ctl_text_add(t, ",");
	add_counts(t, "c2h", status.c2h, MIC_C2H_DOORBELLS);
	ctl_text_add(t, "}");
	add_functions(&status, t);
	add_channels(s, t);
	ctl_text_add(t, ",\"faults\":[%s],\"sockets\":[", s->mic->link_lost ? "\"lost-link\"" : "");
	serve_stats_socket(&s->socket[0], t);
	ctl_text_add(t, "]}");
}

void
serve_mic_print(struct serve *s)
{
	struct card_status status;

	card_status_read(s->dev, &status);
	printf("mic x100, served for %.1f s\n", (double)(ctl_now_ms() - s->began) / 1e3);
	serve_stats_row("boots", status.boots);
	serve_stats_row("crashes", status.crashes);
	serve_stats_row("copies by the card", status.dma_copies);
	serve_stats_row("accesses of nothing", mic_model_stray(s->model));
	serve_stats_row("faults injected", s->mic->injected);
	serve_stats_row("control requests", s->ctl_requests);
	for (unsigned int i = 0; i < CARD_STATUS_FUNCTIONS && status.function[i].calls > 0; i++)
		printf("  calls of %-25s %14" PRIu64 "\n", status.function[i].name,
		       status.function[i].calls);
	serve_stats_print_socket(&s->socket[0]);
}

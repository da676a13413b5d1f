/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "trace_config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* PCI Local Bus 3.0, chapter 6, and PCI Express Base, chapter 7. */
#define PCI_CAPABILITIES 0x34
#define PCI_EXTENDED     0x100
#define DEVCTL_FLR_BYTE  0x80 /* bit 15, in the upper byte */
/* No more capabilities than fit, 4 bytes each, so that a list that is a ring has an end. */
#define CAPS_MAX ((TRACE_CONFIG_BYTES - PCI_EXTENDED) / 4)

/* What lies where: in the header (id 0), in a capability, in an extended one. */
static const struct place {
	uint16_t id;
	uint16_t off;
	const char *name;
} header[] =
	{
		{0, 0x00, "VENDOR_ID"},
		{0, 0x02, "DEVICE_ID"},
		{0, 0x04, "COMMAND"},
		{0, 0x06, "STATUS"},
		{0, 0x08, "REVISION_ID"},
		{0, 0x09, "CLASS_CODE"},
		{0, 0x0c, "CACHE_LINE_SIZE"},
		{0, 0x0d, "LATENCY_TIMER"},
		{0, 0x0e, "HEADER_TYPE"},
		{0, 0x0f, "BIST"},
		{0, 0x10, "BAR0"},
		{0, 0x14, "BAR1"},
		{0, 0x18, "BAR2"},
		{0, 0x1c, "BAR3"},
		{0, 0x20, "BAR4"},
		{0, 0x24, "BAR5"},
		{0, 0x28, "CARDBUS_CIS"},
		{0, 0x2c, "SUBSYSTEM_VENDOR_ID"},
		{0, 0x2e, "SUBSYSTEM_ID"},
		{0, 0x30, "ROM_ADDRESS"},
		{0, 0x34, "CAPABILITIES"},
		{0, 0x3c, "INTERRUPT_LINE"},
		{0, 0x3d, "INTERRUPT_PIN"},
},
  standard[] =
	  {
		  {0x01, 0x00, "PM_CAP_ID"},    {0x01, 0x02, "PM_CAP"},
		  {0x01, 0x04, "PMCSR"},        {0x10, 0x00, "PCIE_CAP_ID"},
		  {0x10, 0x02, "PCIE_CAP"},     {0x10, 0x04, "DevCap"},
		  {0x10, 0x08, "DevCtl"},       {0x10, 0x0a, "DevSta"},
		  {0x10, 0x0c, "LnkCap"},       {0x10, 0x10, "LnkCtl"},
		  {0x10, 0x12, "LnkSta"},       {0x10, 0x14, "SltCap"},
		  {0x10, 0x18, "SltCtl"},       {0x10, 0x1a, "SltSta"},
		  {0x10, 0x1c, "RtCtl"},        {0x10, 0x20, "RtSta"},
		  {0x10, 0x24, "DevCap2"},      {0x10, 0x28, "DevCtl2"},
		  {0x10, 0x2c, "LnkCap2"},      {0x10, 0x30, "LnkCtl2"},
		  {0x10, 0x38, "SltCtl2"},      {0x11, 0x00, "MSIX_CAP_ID"},
		  {0x11, 0x02, "MSIX_CONTROL"}, {0x11, 0x04, "MSIX_TABLE"},
		  {0x11, 0x08, "MSIX_PBA"},
},
  extended[] = {
	  {0x01, 0x00, "AER_CAP_ID"},     {0x01, 0x04, "AER_UNCOR_STATUS"},
	  {0x01, 0x08, "AER_UNCOR_MASK"}, {0x01, 0x0c, "AER_UNCOR_SEVERITY"},
	  {0x01, 0x10, "AER_COR_STATUS"}, {0x01, 0x14, "AER_COR_MASK"},
	  {0x01, 0x18, "AER_CONTROL"},    {0x01, 0x30, "AER_ROOT_STATUS"},
	  {0x0d, 0x00, "ACS_CAP_ID"},     {0x0d, 0x04, "ACS_CAP"},
	  {0x0d, 0x06, "ACS_CONTROL"},    {0x13, 0x00, "PRI_CAP_ID"},
	  {0x13, 0x04, "PRI_CONTROL"},    {0x13, 0x06, "PRI_STATUS"},
	  {0x13, 0x08, "PRI_CAPACITY"},   {0x13, 0x0c, "PRI_ALLOCATION"},
	  {0x1b, 0x00, "PASID_CAP_ID"},   {0x1b, 0x04, "PASID_CAP"},
	  {0x1b, 0x06, "PASID_CONTROL"},
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

void
trace_config_see(struct trace_config *c, uint64_t off, const unsigned char *bytes, size_t len)
{
	for (size_t i = 0; i < len && off + i < TRACE_CONFIG_BYTES; i++) {
		c->byte[off + i] = bytes[i];
		c->seen[off + i] = true;
	}
}

/* A list's next entry; 0 is its end, or where the program has not looked. */
static uint32_t
entry_word(const struct trace_config *c, uint32_t at)
{
	return (uint32_t)c->byte[at] | (uint32_t)c->byte[at + 1] << 8 |
	       (uint32_t)c->byte[at + 2] << 16 | (uint32_t)c->byte[at + 3] << 24;
}

static const char *
place_find(const struct place *places, size_t count, uint32_t id, uint64_t rel)
{
	for (size_t i = 0; i < count; i++)
		if (places[i].id == id && places[i].off == rel)
			return places[i].name;
	return NULL;
}

static const char *
standard_find(const struct trace_config *c, uint64_t off)
{
	uint32_t at = c->byte[PCI_CAPABILITIES] & 0xfc;
	const char *name;

	for (unsigned int n = 0; n < CAPS_MAX && at != 0; n++) {
		uint32_t word = entry_word(c, at);

		name = off >= at ? place_find(standard, COUNT(standard), word & 0xff, off - at)
				 : NULL;
		if (name != NULL)
			return name;
		at = word >> 8 & 0xfc;
	}
	return NULL;
}

static const char *
extended_find(const struct trace_config *c, uint64_t off)
{
	uint32_t at = PCI_EXTENDED;
	const char *name;

	for (unsigned int n = 0; n < CAPS_MAX && at >= PCI_EXTENDED; n++) {
		uint32_t word = entry_word(c, at);

		name = off >= at ? place_find(extended, COUNT(extended), word & 0xffff, off - at)
				 : NULL;
		if (name != NULL)
			return name;
		at = word >> 20 & 0xffc;
	}
	return NULL;
}

void
trace_config_name(const struct trace_config *c, uint64_t off, char *buf, size_t len)
{
	const char *name = place_find(header, COUNT(header), 0, off);

	if (name == NULL)
		name = off < PCI_EXTENDED ? standard_find(c, off) : extended_find(c, off);
	if (name != NULL)
		snprintf(buf, len, "%s", name);
	else
		snprintf(buf, len, "0x%" PRIx64, off);
}

bool
trace_config_resets(const struct trace_config *c, uint64_t off, const unsigned char *bytes,
		    size_t len)
{
	for (size_t i = 0; i < len; i++) {
		const char *name = off + i != 0 ? standard_find(c, off + i - 1) : NULL;

		if (name != NULL && strcmp(name, "DevCtl") == 0 && bytes[i] & DEVCTL_FLR_BYTE)
			return true;
	}
	return false;
}

/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_MIC_BOOT_H
#define SLIPWAY_MIC_BOOT_H

/**
 * @file
 * How a MIC X100 is reached, reset and booted: its address space, the SMPT, doorbells, places of an
 * image, POST codes, mandatory times. Datasheet sections 4, 6, 7, 9 to 11. No state, no allocation.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mic_regs.h"

/* ---- Card addresses, section 4.1 ---- */

#define MIC_ADDRESS_BITS 40u
/** BAR4 as the card's processors see it. */
#define MIC_CARD_MMIO UINT64_C(0x0807c0000)
/** Host memory begins here. */
#define MIC_SYSTEM_MEMORY UINT64_C(0x8000000000)
#define MIC_ADDRESS_END   (UINT64_C(1) << MIC_ADDRESS_BITS)

/* ---- SMPT, section 7 ---- */

#define MIC_SMPT_ENTRIES 32u
#define MIC_SMPT_SHIFT   34u /**< a window is 16 GiB */
#define MIC_SMPT_WINDOW  (UINT64_C(1) << MIC_SMPT_SHIFT)
#define MIC_SMPT_REACH   (MIC_SMPT_ENTRIES * MIC_SMPT_WINDOW)

/** Does a card address lead to host memory? */
static inline bool
mic_is_system(uint64_t address)
{
	return address >= MIC_SYSTEM_MEMORY && address < MIC_ADDRESS_END;
}

/** What an entry holds for the window that a bus address of the host lies in; coherent. */
static inline uint32_t
mic_smpt_value(uint64_t iova)
{
	return (uint32_t)REG_PUT(MIC_SMPT_HOST_PAGE, iova >> MIC_SMPT_SHIFT);
}

/** The entry that translates a card address. */
static inline unsigned int
mic_smpt_index(uint64_t address)
{
	return (unsigned int)(address >> MIC_SMPT_SHIFT) % MIC_SMPT_ENTRIES;
}

/** The card address of a bus address behind an entry. */
static inline uint64_t
mic_smpt_address(unsigned int entry, uint64_t iova)
{
	return MIC_SYSTEM_MEMORY + entry * MIC_SMPT_WINDOW + (iova & (MIC_SMPT_WINDOW - 1));
}

/** The bus address that an entry of this value makes of a card address. */
static inline uint64_t
mic_smpt_translate(uint32_t value, uint64_t address)
{
	return REG_GET(MIC_SMPT_HOST_PAGE, value) << MIC_SMPT_SHIFT |
	       (address & (MIC_SMPT_WINDOW - 1));
}

/** Windows that `len` bytes from a bus address on touch; at least 1 byte. */
static inline uint64_t
mic_smpt_span(uint64_t iova, uint64_t len)
{
	return ((iova + (len - 1)) >> MIC_SMPT_SHIFT) - (iova >> MIC_SMPT_SHIFT) + 1;
}

/* ---- Doorbells, section 9 ---- */

#define MIC_H2C_DOORBELLS 16u
/** Those that are an APICICR; the others are an RDMASR. */
#define MIC_H2C_APICICR   8u
/** What a register of the device page says where there is no doorbell. */
#define MIC_DOORBELL_NONE 0xffu

/** Where doorbell `db` to the card is rung. */
static inline uint32_t
mic_h2c_at(unsigned int db)
{
	return db < MIC_H2C_APICICR ? MIC_AT(APICICR_LO, db)
				    : MIC_AT(RDMASR, db - MIC_H2C_APICICR);
}

/** What is written there, from what it reads. */
static inline uint32_t
mic_h2c_value(unsigned int db, uint32_t before)
{
	return db < MIC_H2C_APICICR ? before | (uint32_t)REG_MASK(MIC_APICICR_LO_SEND) : 0;
}

/** What the card writes to SDBIC. */
#define MIC_C2H_VALUE 0x80000000u

/** Numbers of interrupts on the card, section 9.2. */
#define MIC_CARD_IRQ_DMA(ch) (ch)
static inline unsigned int
mic_card_irq(unsigned int db)
{
	return db < MIC_H2C_APICICR ? 26 + db : 17 + (db - MIC_H2C_APICICR);
}

/* ---- Boot, sections 6, 10 and 11 ---- */

/** The boot interrupt: doorbell 7 with this vector, to the processor that SPAD2 names. */
#define MIC_BOOT_DOORBELL 7u
#define MIC_BOOT_VECTOR   229u
#define MIC_BOOT_ICR      (MIC_BOOT_VECTOR | (uint32_t)REG_MASK(MIC_APICICR_LO_SEND))
#define MIC_APIC_IDS      512u

/** SPAD2 of a card that waits for an image. */
static inline uint32_t
mic_spad2_ready(uint32_t load_address, unsigned int apic_id)
{
	return (load_address & (uint32_t)REG_MASK(MIC_SPAD2_LOAD_ADDR)) |
	       (uint32_t)REG_PUT(MIC_SPAD2_APIC_ID, apic_id) | (uint32_t)REG_MASK(MIC_SPAD2_READY);
}

/** Is it ready? All ones say that nobody is there. */
static inline bool
mic_spad2_is_ready(uint32_t spad2)
{
	return spad2 != UINT32_MAX && REG_GET(MIC_SPAD2_READY, spad2);
}

static inline uint32_t
mic_spad2_load_address(uint32_t spad2)
{
	return spad2 & (uint32_t)REG_MASK(MIC_SPAD2_LOAD_ADDR);
}

#define MIC_LOAD_ADDRESS_MOST    0x80000000u
#define MIC_LOAD_ADDRESS_USUAL   0x04000000u
#define MIC_CMDLINE_BYTES        2048u /**< with its 0 */
#define MIC_CMDLINE_START        " mem="
/** Places in an image of the Linux boot protocol, from its first byte. */
#define MIC_HDRS_AT              0x202u
#define MIC_HDRS_MAGIC           "HdrS"
#define MIC_HDRS_RAMDISK_IMAGE   0x218u /**< le32 */
#define MIC_HDRS_RAMDISK_SIZE    0x21cu /**< le32 */
#define MIC_HDRS_END             0x220u
#define MIC_ELF_MAGIC            "\177ELF"

/** The ramdisk's place. */
static inline uint64_t
mic_ramdisk_at(uint32_t load_address)
{
	return 2 * (uint64_t)load_address;
}

/* ---- Times, section 22 ---- */

#define MIC_RESET_QUIET_MS 1000u /**< after RGCR is written, nobody touches the card */
#define MIC_READY_POLL_MS  1000u
#define MIC_READY_POLLS    45u

/* ---- POST codes, section 10.4 ---- */

/** The register's value of a code: first character in the low byte. */
#define MIC_POST(a, b) ((uint32_t)(uint8_t)(a) | (uint32_t)(uint8_t)(b) << 8)
/** Codes that mean that a reset will not succeed. */
static inline bool
mic_post_is_fatal(uint32_t post)
{
	return post == 0 || post == UINT32_MAX || post == MIC_POST('F', '2') ||
	       post == MIC_POST('F', '4');
}

/**
 * The two characters of a code, "" where there is none (0, or nobody answers). The card writes what
 * it likes, and a terminal may be what reads it: what is no visible character is a '?'.
 */
static inline void
mic_post_chars(uint32_t post, char chars[3])
{
	chars[0] = chars[1] = chars[2] = '\0';
	if (post == 0 || post == UINT32_MAX)
		return;
	for (unsigned int i = 0; i < 2; i++) {
		char c = (char)(post >> 8 * i & 0xff);

		chars[i] = c > ' ' && c <= '~' ? c : '?';
	}
}

/** What a code says, or NULL for one that is not known. */
static inline const char *
mic_post_name(uint32_t post)
{
	static const struct {
		char code[3];
		const char *name;
	} names[] = {
		{"01", "interrupt table"},
		{"02", "SBOX"},
		{"03", "top of the memory"},
		{"04", "memory test"},
		{"05", "memory map"},
		{"06", "DBOX"},
		{"09", "caches"},
		{"0b", "parameters for other processors"},
		{"0c", "code into the cache"},
		{"0E", "multiprocessor table"},
		{"0F", "other processors are woken"},
		{"10", "other processors are waited for"},
		{"11", "asks the host for an OS"},
		{"12", "waits for the OS"},
		{"13", "boot interrupt received"},
		{"15", "platform information"},
		{"17", "page table"},
		{"30", "memory training"},
		{"31", "training: modules"},
		{"32", "training: parameters from flash"},
		{"33", "training: MMIO"},
		{"34", "training: RCOMP"},
		{"35", "training: DCC"},
		{"36", "training: HCK"},
		{"37", "training: microcode"},
		{"38", "training: vendor's"},
		{"39", "training: addresses"},
		{"3A", "training: modules identified"},
		{"3b", "training: WCK"},
		{"3C", "training: reads, CDR on"},
		{"3d", "training: reads, CDR off"},
		{"3E", "training: writes"},
		{"3F", "training finished"},
		{"40", "OS is authenticated"},
		{"50", "OS is loaded, step 0"},
		{"51", "OS is loaded, step 1"},
		{"52", "OS is loaded, step 2"},
		{"53", "OS is loaded, step 3"},
		{"54", "OS is loaded, step 4"},
		{"55", "OS is loaded, step 5"},
		{"56", "OS is loaded, step 6"},
		{"57", "OS is loaded, step 7"},
		{"58", "OS is loaded, step 8"},
		{"59", "OS is loaded, step 9"},
		{"5A", "OS is loaded, step A"},
		{"5B", "OS is loaded, step B"},
		{"5C", "OS is loaded, step C"},
		{"5D", "OS is loaded, step D"},
		{"5E", "OS is loaded, step E"},
		{"5F", "OS is loaded, step F"},
		{"6P", "general protection fault"},
		{"75", "invalid TSS"},
		{"87", "FPU error"},
		{"AC", "alignment check"},
		{"CC", "machine check"},
		{"EE", "memory test failed"},
		{"F0", "no memory parameters in flash"},
		{"F1", "PLL of the memory did not lock"},
		{"F2", "memory training failed"},
		{"F3", "memory modules could not be queried"},
		{"F4", "memory was not preserved"},
		{"F5", "stack fault"},
		{"FF", "bootstrap finished"},
		{"H0", "unknown error, halted"},
		{"Ld", "access is locked down"},
		{"PF", "page fault"},
		{"bP", "breakpoint"},
		{"br", "bound range"},
		{"co", "coprocessor segment overrun"},
		{"dE", "divide error"},
		{"dF", "double fault"},
		{"db", "debug exception"},
		{"nA", "OS was refused"},
		{"nP", "segment not present"},
		{"nd", "device not available"},
		{"no", "NMI"},
		{"oF", "overflow"},
		{"r5", "reserved"},
		{"ud", "invalid opcode"},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (post == MIC_POST(names[i].code[0], names[i].code[1]))
			return names[i].name;
	return NULL;
}

/** Name of a stepping by the revision of the PCI function. */
static inline const char *
mic_stepping_name(uint8_t revision)
{
	switch (revision) {
	case MIC_STEPPING_A0: return "A0";
	case MIC_STEPPING_B0: return "B0";
	case MIC_STEPPING_B1: return "B1";
	case MIC_STEPPING_C0: return "C0";
	default: return "??";
	}
}

/** Name of a family by the id of the PCI function. */
static inline const char *
mic_family_name(uint16_t device)
{
	return device >= MIC_PCI_DEVICE_FIRST && device <= MIC_PCI_DEVICE_LAST ? "x100" : "Unknown";
}

#endif /* SLIPWAY_MIC_BOOT_H */

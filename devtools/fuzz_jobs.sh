# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
#
# Hostile drivers, hosts, clients, sessions and servers by libFuzzer. Sourced after checks.sh.
#
# In batches of FUZZ_BATCH inputs, so that there is something to see meanwhile.
FUZZ_BATCH=1000000

# fuzz TARGET INPUTS LENGTH CORPUS: one batch. What it learns stays for the next; an input that breaks
# something is left beside the logs.
fuzz()
{
	local target=$1 learned=$CACHE/fuzz/${1##*/}
	mkdir -p "$learned" || return
	timeout 3600 "$ROOT/build-fuzz/lib/$target" -runs="$2" -max_len="$3" -verbosity=0 \
		-print_final_stats=1 -artifact_prefix="$LOGS/" "$learned" "$ROOT/lib/$4"
}

# fuzz_batches TARGET INPUTS LENGTH CORPUS: FUZZ_BATCHES of them
fuzz_batches()
{
	local batch
	for ((batch = 1; batch <= FUZZ_BATCHES; batch++)); do
		check "${1##*/}, $((batch * $2)) inputs" fuzz "$@"
	done
}

run_fuzz()
{
	heading "Model, hostile driver and host by libFuzzer"
	fuzz_batches dlb_fuzz $FUZZ_BATCH 2048 model/dlb/corpus
	fuzz_batches dsa_fuzz $FUZZ_BATCH 1024 model/dsa/corpus
	fuzz_batches mic_fuzz $FUZZ_BATCH 1024 model/mic/corpus
	# Each boots a card, twice: fewer of them.
	fuzz_batches card_fuzz $((FUZZ_BATCH / 20)) 512 card/corpus
	# Each maps a client's board, which is large: fewer of them.
	fuzz_batches scif/scif_fuzz $((FUZZ_BATCH / 50)) 1024 scif/engine/corpus
	# Each serves a node, with its sockets.
	fuzz_batches scif/scif_link_fuzz $((FUZZ_BATCH / 50)) 512 scif/host/corpus
	heading "Sockets, hostile clients, sessions and servers by libFuzzer"
	fuzz_batches vfu_message_fuzz $((FUZZ_BATCH * 8 / 10)) 2048 fuzz/corpus/message
	fuzz_batches vfu_session_fuzz $((FUZZ_BATCH * 2 / 10)) 2048 fuzz/corpus/session
	fuzz_batches vfu_client_fuzz $((FUZZ_BATCH * 5 / 10)) 2048 fuzz/corpus/client
}

# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
#
# Jobs on our DMA device, and the checks that run them. Sourced after jobs.sh and checks.sh.
#
# DEV is a DMA device as --vdev names it, such as dma_dsa0,version=2.0.

DSA_DRIVER=librte_dma_dsa.so
DSA_VERSIONS=(1.0 2.0)
DSA_MODES=(dedicated shared)

# dsa_arguments MEGABYTES LCORES: set EAL to what a program gets that uses our DMA driver
dsa_arguments()
{
	eal_arguments "$1" "$2"
	EAL=("${EAL[@]/%$DRIVER/$DSA_DRIVER}" --iova-mode=va)
}

# dsa_section NAME LOG: what dmadev_autotest said of the device of that name. It looks at a
# dma_skeleton as well, which has no errors to handle, and counts its work on one line each time.
dsa_section()
{
	sed 's/.*\r//' "$2" | awk -v name="[$1]" '
		/^### Test dmadev instance/ { ours = $NF == name }
		ours'
}

# dsa_accept NAME LOG: has dmadev_autotest left out nothing of that device?
dsa_accept()
{
	local section test bad=0
	section=$(dsa_section "$1" "$2")
	if grep -iE "$BAD_WORDS" <<<"$section"; then
		echo "refused: the program's words above"
		bad=1
	fi
	for test in 'copy' 'burst capacity' 'error handling' 'fill'; do
		grep -q ": Running $test Tests" <<<"$section" && continue
		echo "refused: no $test tests of $1"
		bad=1
	done
	return $bad
}

# dsa_autotest DEV: dmadev_autotest of dpdk-test, errors included
dsa_autotest()
{
	local log status
	log=$(mktemp)
	dsa_arguments 512 2
	# Its words are judged here, by device.
	BAD_WORDS='deadlock|insecure' DPDK_TEST=dmadev_autotest \
		stock 45 'Test OK' dpdk-test "${EAL[@]}" --vdev="$1" >"$log"
	status=$?
	sed 's/.*\r//' "$log"
	dsa_accept "${1%%,*}" "$log" || status=1
	rm -f "$log"
	return $status
}

# dsa_pipeline MEGABYTES DEV device|CPU: a file of that size and smaller ones through dma_pipeline
dsa_pipeline()
{
	dsa_arguments 256 1
	with_eal timeout -k 5 600 "$ROOT/examples/dma_pipeline/pipeline_test.sh" \
		"$BUILD/examples/dma_pipeline" "$1" "$3" "${EAL[@]}" --log-level 4 --vdev="$2"
}

# dsa_share COPIES PROGRAM: one of two programs at the work queue socket DIR/dsa.wq0
dsa_share()
{
	dsa_arguments 128 1
	PREFIX=$PREFIX-$2
	with_eal timeout -k 5 $(($1 / 2000 + 60)) "$BUILD/app/slipway-share-dma" "${EAL[@]}" \
		--file-prefix "$PREFIX" --log-level 4 \
		--vdev="dma_dsa0,at=vfu:$DIR/dsa.wq0,batch=1" -- "$1" "$2"
}

# dsa_processes COPIES: two programs on one shared work queue of a served device, so many copies by
# each, which go there one by one; the queue is small, so that it refuses some
dsa_processes()
{
	local server one two status=0
	DIR=$(mktemp -d)
	"$BUILD/app/slipway" serve dsa "$DIR/dsa" --wq 0:mode=shared,size=16,threshold=8 \
		--threads 1 --stats </dev/null >"$DIR/served" 2>&1 &
	server=$!
	soon test -S "$DIR/dsa.wq0"
	dsa_share "$1" 1 >"$DIR/one" 2>&1 &
	one=$!
	dsa_share "$1" 2 >"$DIR/two" 2>&1 &
	two=$!
	wait $one || status=1
	wait $two || status=1
	kill $server
	wait $server || status=1
	cat "$DIR/one" "$DIR/two" "$DIR/served"
	[ "$(cat "$DIR/one" "$DIR/two" | grep -c "^$1 copies, every byte right")" -eq 2 ] || status=1
	rm -rf "$DIR"
	return $status
}

# dsa_server_lost killed|halted shared|dedicated: the program is told, soon, and ends
dsa_server_lost()
{
	local server client status=0
	DIR=$(mktemp -d)
	"$BUILD/app/slipway" serve dsa "$DIR/dsa" --wq "0:mode=$2,size=16" --threads 1 \
		</dev/null >"$DIR/served" 2>&1 &
	server=$!
	soon test -S "$DIR/dsa.wq0"
	dsa_share 100000000 1 >"$DIR/one" 2>&1 &
	client=$!
	soon grep -q 'client came' "$DIR/served"
	sleep 1
	[ "$1" = killed ] || "$BUILD/app/slipway" inject "$DIR/dsa" halt || status=1
	[ "$1" = halted ] || { kill -9 $server; wait $server; } 2>/dev/null
	# It gives up by itself when nothing comes for 20 s, with other words.
	wait $client && status=1
	cat "$DIR/one"
	grep -Eq '(is not enabled|takes nothing) any more' "$DIR/one" || status=1
	grep -q 'a copy failed' "$DIR/one" || status=1
	[ "$1" = killed ] || { kill $server; wait $server || status=1; }
	rm -rf "$DIR"
	return $status
}

# dsa_bench LIMIT LCORES ARGUMENT...: our devices beside the CPU and dma_skeleton
dsa_bench()
{
	local limit=$1 lcores=$2
	shift 2
	dsa_arguments 512 "$lcores"
	with_eal timeout -k 5 "$limit" "$BUILD/app/bench-dma" "${EAL[@]}" -- "$@"
}

# dsa_bench_all: everything it can do for a moment, for what it checks and not for its figures
dsa_bench_all()
{
	dsa_bench 90 2 --layouts copy --sizes 64,4K,1M --batch 1,32 --threads 1,2 \
		--copies rte_memcpy,memcpy,nt --seconds 0.002 --repeats 1 \
		--json "$LOGS/bench_dma.json" &&
		dsa_bench 60 1 --layouts parts --heat hot --sizes 64 --batch 1,32 \
			--copies rte_memcpy --seconds 0.002 --repeats 1 &&
		"$ROOT/app/bench-dma/plot_bench.py" "$LOGS/bench_dma.json" "$LOGS"
}

# dsa_tests DEV [ARGUMENT...]: app/test/dma on that device
dsa_tests()
{
	dsa_arguments 512 3
	with_eal timeout -k 5 120 "$BUILD/app/slipway-test-dma" "${EAL[@]}" --vdev="$1" -- "${@:2}"
}

# dsa_tests_served SOCKET-SUFFIX DEVARGS SERVE-ARGUMENT...: the same on a device, or one work queue
# of it, that another process has
dsa_tests_served()
{
	local suffix=$1 devargs=$2 dir server status
	shift 2
	dir=$(mktemp -d)
	"$BUILD/app/slipway" serve dsa "$dir/dsa" --quiet "$@" &
	server=$!
	soon test -S "$dir/dsa$suffix"
	dsa_tests "dma_dsa0,at=vfu:$dir/dsa$suffix$devargs"
	status=$?
	kill "$server"
	wait "$server"
	rm -rf "$dir"
	return $status
}

# dsa_tests_pci VERSION: the same on a device that is found on the PCI bus
dsa_tests_pci()
{
	dsa_arguments 512 3
	with_eal timeout -k 5 120 "$BUILD/app/slipway" run --device "dsa,version=$1" -- \
		"$BUILD/app/slipway-test-dma" "${EAL[@]/--no-pci/--no-telemetry}" \
		-a 0000:7e:00.0
}

# What a person who looks for a driver of a PCI device is told.
dsa_pmdinfo_shows_ids()
{
	local id shown
	shown=$(dpdk-pmdinfo.py "$BUILD/drivers/$DSA_DRIVER" | tee /dev/stderr | tr -d ' \n')
	for id in 0b25 11fb 1212; do
		[[ $shown == *"\"vendor\":\"8086\",\"device\":\"$id\""* ]] || return
	done
}

run_dma_tests()
{
	local version mode
	heading "Driver of DMA devices"
	check "dpdk-pmdinfo.py shows the PCI ids of the DSA" dsa_pmdinfo_shows_ids
	for version in "${DSA_VERSIONS[@]}"; do
		for mode in "${DSA_MODES[@]}"; do
			check "slipway-test-dma version=$version,mode=$mode" \
				dsa_tests "dma_dsa0,version=$version,mode=$mode"
			check "slipway-test-dma version=$version,mode=$mode,step=manual" \
				dsa_tests "dma_dsa0,version=$version,mode=$mode,step=manual"
		done
	done
	check "slipway-test-dma mode=shared, four threads on one queue" \
		dsa_tests dma_dsa0,mode=shared,wqs=1,size=32,threshold=8 "${DSA_LENGTHY[@]}"
	check "slipway-test-dma sva=1" dsa_tests dma_dsa0,sva=1
	check "slipway-test-dma sva=1,mode=shared" dsa_tests dma_dsa0,sva=1,mode=shared
	check "slipway-test-dma at=vfu, served, 1.0" dsa_tests_served "" "" --version 1.0
	check "slipway-test-dma at=vfu, served, 2.0, shared" dsa_tests_served "" ,mode=shared \
		--version 2.0
	check "slipway-test-dma at=vfu, a shared work queue" dsa_tests_served .wq0 "" \
		--wq 0:mode=shared,size=16,threshold=8
	check "slipway-test-dma at=vfu, a dedicated work queue" dsa_tests_served .wq2 "" \
		--wq 2:mode=dedicated,size=16
	for version in "${DSA_VERSIONS[@]}"; do
		check "slipway-test-dma on the PCI bus, $version" dsa_tests_pci "$version"
	done
}

run_dsa_stock_suites()
{
	local version mode
	heading "DPDK's test of DMA devices, on dma_dsa"
	for version in "${DSA_VERSIONS[@]}"; do
		for mode in "${DSA_MODES[@]}"; do
			check "dmadev_autotest dma_dsa $mode $version" \
				dsa_autotest "dma_dsa0,version=$version,mode=$mode"
		done
	done
	check "dmadev_autotest dma_dsa sva=1" dsa_autotest dma_dsa0,sva=1
}

run_dsa_processes()
{
	local mode
	heading "Two programs, one shared work queue"
	check "slipway-share-dma, two processes, $DSA_COPIES copies each" \
		dsa_processes "$DSA_COPIES"
	for mode in "${DSA_MODES[@]}"; do
		check "slipway-share-dma, the server is killed, $mode" dsa_server_lost killed "$mode"
		check "slipway-share-dma, the device halts, $mode" dsa_server_lost halted "$mode"
	done
}

run_dsa_examples()
{
	heading "A file through a DMA device"
	check "dma_pipeline dma_dsa dedicated" dsa_pipeline "$DSA_MEGABYTES" dma_dsa0 device
	check "dma_pipeline dma_dsa shared" dsa_pipeline 16 dma_dsa0,mode=shared device
	check "dma_pipeline dma_skeleton" dsa_pipeline 16 dma_skeleton CPU
}

run_dsa_bench()
{
	heading "Benchmark of DMA devices"
	check "bench-dma, every layout" dsa_bench_all
}

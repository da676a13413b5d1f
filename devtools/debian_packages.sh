# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
#
# Debian packages that are unpacked and not installed, of other suites or architectures than this
# machine's: they come from where it gets its own. Root is not needed, and the machine's own
# configuration stays as it is. Sourced after common.sh.
#
# All of it happens in $WORK; PACKAGES_FOR says what it is for, in words.

KEYS=/usr/share/keyrings/debian-archive-keyring.gpg

# fetch_options ARGUMENT...: set FORCE to yes or no
fetch_options()
{
	FORCE=no
	while [ $# -gt 0 ]; do
		case $1 in
		--force) FORCE=yes ;;
		--help) usage; exit 0 ;;
		*) usage >&2; die "unknown argument '$1'" ;;
		esac
		shift
	done
}

# no_packages WHY: the machine's network, not a fault of ours
no_packages()
{
	say "skipped: no packages for $PACKAGES_FOR: $*"
	exit 77
}

# try TEXT LOG COMMAND...: as task does, but a failure is lack of packages
try()
{
	local text=$1 log=$2
	(task "$@" 2>/dev/null) || no_packages "$text: $(grep -a '^E: ' "$log" | tail -n 1)"
}

# Where this machine gets RELEASE of Debian from, as apt has it configured; nothing if from nowhere.
# A name such as stable is known for what it is when apt has its lists.
release_uri()
{
	{
		apt-get indextargets --no-release-info --format '$(REPO_URI)' \
			'Created-By: Packages' "Release: $1"
		apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Codename: $1"
	} 2>/dev/null | head -n 1
}

# packages_at_hand: set OWN_SUITE; or there is nothing to unpack here
packages_at_hand()
{
	command -v apt-get >/dev/null || no_packages "no apt-get here"
	OWN_SUITE=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	[ -n "$(release_uri "$OWN_SUITE")" ] ||
		no_packages "apt names no repository of '$OWN_SUITE'"
	[ -f "$KEYS" ] || no_packages "no $KEYS: apt-get install debian-archive-keyring"
}

# sources SUITE...: a line each for apt. What this machine does not name comes from where its own
# Debian comes from.
sources()
{
	local suite uri archive
	archive=$(release_uri "$OWN_SUITE")
	for suite in "$@"; do
		uri=$(release_uri "$suite")
		# Security updates have a repository of their own, which may have no mirror.
		case $suite in *-security) [ -n "$uri" ] || continue ;; esac
		echo "deb [signed-by=$KEYS] ${uri:-$archive} $suite main"
	done
}

# apt_area NAME ARCHITECTURE SUITE...: a place for apt of its own, where no package is installed: the
# closure then does not depend on this machine
apt_area()
{
	local dir=$WORK/$1 architecture=$2
	shift 2
	mkdir -p "$dir/lists/partial" "$dir/debs/partial" || return
	: >"$dir/status"
	sources "$@" >"$dir/sources.list"
	cat >"$dir/apt.conf" <<-END
	APT::Architecture "$architecture";
	APT::Architectures { "$architecture"; };
	APT::Install-Recommends "false";
	APT::Sandbox::User "";
	Acquire::Languages "none";
	Acquire::Retries "3";
	Debug::NoLocking "true";
	Dir::Cache "$dir";
	Dir::Cache::archives "$dir/debs";
	Dir::Etc::preferences "/dev/null";
	Dir::Etc::preferencesparts "/dev/null";
	Dir::Etc::sourcelist "$dir/sources.list";
	Dir::Etc::sourceparts "/dev/null";
	Dir::State "$dir";
	Dir::State::lists "$dir/lists";
	Dir::State::status "$dir/status";
	END
	# Without this, apt would go on with what another run left here.
	APT_CONFIG=$dir/apt.conf apt-get -q -o APT::Update::Error-Mode=any update
}

# download NAME APT-ARGUMENT...: packages and what they need. A download that was cut off goes on
# where it ended, and apt checks each file against the signed index.
download()
{
	local dir=$WORK/$1
	shift
	APT_CONFIG=$dir/apt.conf apt-get -q -y --download-only install "$@"
}

# fetch NAME ARCHITECTURE PACKAGE... -- SUITE...
fetch()
{
	local name=$1 architecture=$2 packages=()
	shift 2
	while [ "$1" != -- ]; do
		packages+=("$1")
		shift
	done
	shift
	apt_area "$name" "$architecture" "$@" && download "$name" "${packages[@]}"
}

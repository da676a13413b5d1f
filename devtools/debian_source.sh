# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
#
# Debian source packages, from wherever this machine gets its binary ones. Sourced after common.sh.
# All of it happens in $CACHE/apt: the machine's own configuration stays as it is, and root is not
# needed.

APT_DIR=$CACHE/apt

# The repositories that offer PACKAGE in VERSION, as apt read them from either form of sources file:
# lines of "URI suite component". All there are, when no package list is at hand.
repositories()
{
	local found
	found=$(apt-cache madison "$1" | awk -F ' *[|] *' -v version="$2" '
		$2 == version {
			split($3, part, " ")
			slash = match(part[2], "/[^/]*$")
			print part[1], substr(part[2], 1, slash - 1), substr(part[2], slash + 1)
		}')
	[ -n "$found" ] || found=$(apt-get indextargets --no-release-info \
		--format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages')
	sort -u <<<"$found"
}

# source_index PACKAGE VERSION: fetch the index of the source packages that come from where PACKAGE
# came from
source_index()
{
	mkdir -p "$APT_DIR/state/lists/partial" "$APT_DIR/cache/archives/partial" || return
	repositories "$1" "$2" | sed 's/^/deb-src /' >"$APT_DIR/sources.list"
	cat >"$APT_DIR/apt.conf" <<-END
	Dir::Etc::sourcelist "$APT_DIR/sources.list";
	Dir::Etc::sourceparts "/dev/null";
	Dir::State "$APT_DIR/state";
	Dir::Cache "$APT_DIR/cache";
	APT::Sandbox::User "";
	Acquire::Retries "3";
	END
	# Where all repositories are asked, some have no source packages.
	APT_CONFIG=$APT_DIR/apt.conf apt-get -q update || true
}

# source_package NAME[=VERSION] DIRECTORY: download it, unpack nothing. apt checks what it fetches
# against the signed index.
source_package()
(
	mkdir -p "$2" && cd "$2" &&
		APT_CONFIG=$APT_DIR/apt.conf apt-get -q source --download-only "$1"
)

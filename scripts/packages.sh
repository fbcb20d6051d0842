# shellcheck shell=bash disable=SC2034,SC2154
# What fairlead needs from Debian 12, in one place; sourced by ./quickstart and ./check.

build_packages=(clang-19 lld-19 libclang-rt-19-dev cmake ninja-build pkg-config ccache git
  libboost1.81-dev libboost-json1.81-dev libfmt-dev libcli11-dev libmnl-dev libnftables-dev libbpf-dev libelf-dev
  libsqlite3-dev libarchive-dev zlib1g-dev libzstd-dev liblzma-dev libbz2-dev nettle-dev libcurl4-openssl-dev)
run_packages=(runc conmon skopeo tini golang-github-containers-common busybox-static ca-certificates)
try_packages=(iproute2 nftables jq python3 procps util-linux curl)
test_packages=(libgtest-dev libgmock-dev python3-pytest iputils-ping docker-registry bind9-dnsutils iptables tcpdump)
vm_packages=(qemu-system-x86 crun kmod busybox-static)  # for tests/vm/run, beside the kernel that it unpacks itself

# Prints those of "$@" that are not installed.
missing_packages() {
  local package missing=()
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  echo "${missing[*]}"
}

# Installs those of "$@" that are missing, quietly; says so first. Does nothing, and needs no network, when all are there.
install_missing() {
  local missing
  read -ra missing <<<"$(missing_packages "$@")"
  [ ${#missing[@]} -gt 0 ] || return 0
  echo "installing: ${missing[*]}"
  DEBIAN_FRONTEND=noninteractive apt-get -qq update
  DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null
}

# Prints the stock docker client: the one on PATH, else the program out of Debian's docker.io package, not installed.
docker_client() {
  local folder=$1
  if command -v docker >/dev/null; then
    command -v docker
    return
  fi
  if [ ! -x "$folder/usr/bin/docker" ]; then
    mkdir -p "$folder"
    (cd "$folder" && { apt-get -qq download docker.io || { apt-get -qq update && apt-get -qq download docker.io; }; }) >&2
    dpkg-deb -x "$folder"/docker.io_*.deb "$folder"
    rm "$folder"/docker.io_*.deb
  fi
  echo "$folder/usr/bin/docker"
}

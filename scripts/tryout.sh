# shellcheck shell=bash disable=SC2034,SC2154
# The try-out's stage: a namespace that plays the host, one that plays the outside world, and the daemon; sourced by
# ./quickstart. FAIRLEAD_TRYOUT names it, so that several can stand side by side.

tryout=${FAIRLEAD_TRYOUT:-fairlead}
host_ns=$tryout-host
outside_ns=$tryout-outside
host_address=10.99.0.2
outside_address=10.99.0.1
run_dir=/run/$tryout-tryout
data_dir=/var/lib/$tryout-tryout
socket=$run_dir/docker.sock
bin=$PWD/build/release/bin

say() { printf '\n== %s\n' "$1"; }

# Runs a command where the daemon's "host" is. Not `ip netns exec`, which hides cgroups from what it starts.
on_host() {
  if [ -e "/run/netns/$host_ns" ]; then nsenter --net="/run/netns/$host_ns" "$@"; else "$@"; fi
}
on_outside() { nsenter --net="/run/netns/$outside_ns" "$@"; }

stage() {
  ip netns add "$host_ns"
  ip netns add "$outside_ns"
  ip -n "$host_ns" link set lo up
  ip -n "$outside_ns" link set lo up
  ip -n "$host_ns" link add uplink type veth peer name downlink netns "$outside_ns"
  ip -n "$host_ns" addr add $host_address/24 dev uplink
  ip -n "$outside_ns" addr add $outside_address/24 dev downlink
  ip -n "$host_ns" link set uplink up
  ip -n "$outside_ns" link set downlink up
  ip -n "$host_ns" route add default via $outside_address
}

launch() {
  mkdir -p "$run_dir" "$data_dir"
  local command=("$bin/fairleadd" -H "unix://$socket" --data-root "$data_dir" --exec-root "$run_dir/exec" -p "$run_dir/pid"
    --config-file "$run_dir/daemon.json")
  echo '{}' >"$run_dir/daemon.json"
  # A plain command, no function: the shell that forks for it is replaced, and does not stay behind as its parent.
  [ ! -e "/run/netns/$host_ns" ] || command=(nsenter --net="/run/netns/$host_ns" "${command[@]}")
  setsid "${command[@]}" </dev/null >>"$run_dir/log" 2>&1 &
  local launched=$!
  for _ in $(seq 100); do
    answers && return 0
    [ -d "/proc/$launched" ] || break
    sleep 0.1
  done
  echo "the daemon does not answer; its log:" >&2
  tail -20 "$run_dir/log" >&2
  return 1
}

answers() { DOCKER_HOST=unix://$socket "$client" version >/dev/null 2>&1; }

start_up() {
  mkdir -p "$run_dir"
  if [ "$mode" = host ]; then touch "$run_dir/on-this-machine"; else stage; fi
  launch
  echo "fairleadd $("$bin/fairlead" version | cut -d' ' -f2) is up at unix://$socket"
  "$bin/fairlead" image bootstrap -H "unix://$socket"
}

daemon_pid() {
  local pid
  pid=$(cat "$run_dir/pid" 2>/dev/null) || return 1
  [ "$(readlink "/proc/$pid/exe" 2>/dev/null | sed 's/ (deleted)$//')" = "$bin/fairleadd" ] && echo "$pid"
}

# Removes containers in order, which takes their namespaces, mounts and cgroups along. A daemon that died is started once
# more for that: it knows what it made.
remove_containers() {
  local ids
  [ -n "${client:-}" ] || client=$(docker_client "$PWD/build/docker-client")
  daemon_pid >/dev/null || launch || return 0
  ids=$(DOCKER_HOST=unix://$socket "$client" ps -aq 2>/dev/null) || return 0
  # shellcheck disable=SC2086
  [ -z "$ids" ] || DOCKER_HOST=unix://$socket timeout 60 "$client" rm -f -v $ids >/dev/null 2>&1 || true
}

stop_daemon() {
  local pid
  pid=$(daemon_pid) || return 0
  kill "$pid" 2>/dev/null || return 0
  for _ in $(seq 100); do
    [ -d "/proc/$pid" ] || return 0
    sleep 0.1
  done
  kill -9 "$pid" 2>/dev/null || true
}

# What a crash left behind: monitors, runtimes and daemons that name the try-out's folders, with what they watch over.
# Notes the network namespaces of the ended, so that their pins can go as well.
end_leftovers() {
  local folder pid child
  orphaned=
  for folder in /proc/[0-9]*; do
    pid=${folder#/proc/}
    case $(basename "$(readlink "$folder/exe" 2>/dev/null)") in conmon | runc | crun | skopeo | fairleadd) ;; *) continue ;; esac
    { tr '\0' '\n' <"$folder/cmdline"; } 2>/dev/null | grep -q -F -e "$run_dir/" -e "$data_dir/" || continue
    for child in $(pgrep -P "$pid"); do
      orphaned+=" $(readlink "/proc/$child/ns/net")"
      kill -9 "$child" 2>/dev/null
    done
    kill -9 "$pid" 2>/dev/null
  done
}

# Pins of sandboxes whose host ends are in our namespace, or whose processes were just ended: only these are ours, other
# daemons pin theirs in the same place.
remove_pins() {
  local pin
  for pin in $(ip -n "$host_ns" -j link 2>/dev/null | jq -r '.[].link_netns // empty' | sort -u); do
    [ "$pin" = "$outside_ns" ] || ip netns del "$pin" 2>/dev/null
  done
  for pin in /run/netns/fl-*; do
    [ -e "$pin" ] || continue
    case $orphaned in *"net:[$(stat -L -c %i "$pin")]"*) ip netns del "${pin##*/}" ;; esac
  done
}

take_down() {
  set +e
  if [ -e "$run_dir/daemon.json" ]; then
    [ -x "$bin/fairleadd" ] && remove_containers
    stop_daemon
  fi
  end_leftovers
  remove_pins
  findmnt -rno TARGET | grep -E "^($run_dir|$data_dir)/" | sort -r | while read -r point; do umount -l "$point"; done
  local ns pid
  for ns in "$outside_ns" "$host_ns"; do
    [ -e "/run/netns/$ns" ] || continue
    for pid in $(ip netns pids "$ns"); do kill -9 "$pid" 2>/dev/null; done
    ip netns del "$ns"
  done
  [ ! -e "$run_dir/on-this-machine" ] || remove_from_machine
  rm -rf "$run_dir" "$data_dir"
  set -e
}

# After --host: the bridge and the rules that carry our mark go from the machine too; forwarding stays as it is.
remove_from_machine() {
  nft delete table inet fairlead 2>/dev/null
  # The administrator's table goes only while there are no rules in it.
  if nft -j list table inet fairlead-user 2>/dev/null | jq -e 'all(.nftables[]; has("rule") | not)' >/dev/null; then nft delete table inet fairlead-user; fi
  if ip -j -d link show docker0 2>/dev/null | jq -e '.[0].ifalias // "" | startswith("fairlead:")' >/dev/null; then ip link del docker0; fi
}

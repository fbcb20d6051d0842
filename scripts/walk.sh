# shellcheck shell=bash disable=SC2034,SC2154
# The walk-through W01–W08: each command as a person types it, its real output, and a tick or a cross that comes from
# looking at the live kernel; sourced by ./quickstart.

ticks=0
crosses=0

# Shows a command and its output; runs it where the daemon's host is. $docker is the client inside of it.
play() {
  printf '\n$ %s\n' "$1"
  shown=$(on_host bash -c "$1" 2>&1)
  shown_code=$?
  printf '%s\n' "$shown" | sed 's/^/  /'
}

# Shows an interactive session: `session COMMAND LINE…` types the lines, and leaves by the detach keys.
session() {
  local command=$1
  shift
  printf '\n$ %s\n' "$command"
  # shellcheck disable=SC2086
  shown=$(python3 scripts/terminal.py --detach "$@" -- $command 2>&1)
  shown_code=$?
  printf '%s\n' "$shown" | sed 's/^/  /'
}

# A claim and the check that decides it.
holds() {
  local claim=$1
  shift
  if "$@" >/dev/null 2>&1; then
    printf '  \033[32m✓\033[0m %s\n' "$claim"
    ticks=$((ticks + 1))
  else
    printf '  \033[31m✗\033[0m %s\n' "$claim"
    crosses=$((crosses + 1))
  fi
}

pid_of() { docker inspect -f '{{.State.Pid}}' "$1"; }
netns_of() { readlink "/proc/$1/ns/net"; }
inside() { nsenter -t "$(pid_of "$1")" -n "${@:2}"; }

# jq over the links and addresses that are up in a container, or that the host has. Some kernels put tunnel devices into
# every namespace; they are down.
links_in() { inside "$1" ip -j addr | jq 'map(select(.flags | index("UP")))' | jq -e "${@:2}"; }
links_on_host() { on_host ip -j -d addr | jq -e "$@"; }

default_route_in() { [ "$(inside "$1" ip -j route show default | jq -r '.[0].gateway')" = "$gateway" ]; }
link_route_in() { inside "$1" ip -j route | jq -e --arg s "$subnet" 'any(.[]; .dst == $s and .dev == "eth0" and .scope == "link")'; }

# The host end is the bridge's port whose number the container's eth0 names as its other end.
veth_matches() {
  local peer
  peer=$(inside "$1" ip -j link show eth0 | jq '.[0].link_index')
  links_on_host --argjson n "$peer" 'any(.[]; .ifindex == $n and .master == "docker0" and (.ifname | test("^veth[0-9a-f]{7}$")))'
}

masquerades() {
  on_host nft -j list table inet fairlead |
    jq -e 'any(.nftables[].chain // empty; .hook == "postrouting" and .type == "nat") and any(.nftables[].rule // empty; any(.expr[]; has("masquerade")))'
}
drops_by_default() { on_host nft -j list table inet fairlead | jq -e 'any(.nftables[].chain // empty; .hook == "forward" and .policy == "drop")'; }

# The outside gets a route to the containers for one moment, and yet nothing of its own may come through.
visit_is_dropped() {
  on_outside ip route add "$subnet" via $host_address || return 1
  on_outside busybox ping -c 1 -W 1 "$1"
  local code=$?
  on_outside ip route del "$subnet" via $host_address
  [ $code -ne 0 ]
}

walk_networks() {
  say "W01  the three networks of a first start"
  play 'docker network ls'
  holds "bridge, host and none, with their drivers, and nothing else" test "$(docker network ls --format '{{.Name}}/{{.Driver}}/{{.Scope}}' | sort | tr '\n' ' ')" = "bridge/bridge/local host/host/local none/null/local "
  holds "identifiers have 64 hex digits" test "$(docker network ls -q --no-trunc | grep -cE '^[0-9a-f]{64}$')" = 3

  say "W02  what the host looks like"
  play 'ip addr show docker0'
  play 'cat /proc/sys/net/ipv4/ip_forward'
  play 'nft list chain inet fairlead postrouting; nft list chain inet fairlead forward'
  gateway=$(on_host ip -j addr show docker0 | jq -r '[.[0].addr_info[] | select(.family == "inet")][0].local')
  subnet=$(docker network inspect -f '{{(index .IPAM.Config 0).Subnet}}' bridge)
  holds "docker0 is a bridge and has the first address of a private /16" links_on_host 'any(.[]; .ifname == "docker0" and .linkinfo.info_kind == "bridge" and any(.addr_info[]; .prefixlen == 16 and (.local | test("^(172|192|10)\\..*\\.0\\.1$"))))'
  holds "forwarding is on" test "$(on_host cat /proc/sys/net/ipv4/ip_forward)" = 1
  holds "containers are masqueraded when they leave" masquerades
  [ "$mode" = host ] || holds "what no rule accepts is dropped on the way through" drops_by_default
}

walk_bridge() {
  say "W03  a container on the default bridge"
  session 'docker run -it --name bbox01 busybox' 'ip addr' 'ifconfig' 'route -n'
  holds "its shell answers on the terminal" test $shown_code = 0
  holds "lo and eth0, and no more" links_in bbox01 '[.[].ifname] == ["lo", "eth0"]'
  address=$(docker inspect -f '{{.NetworkSettings.IPAddress}}' bbox01)
  holds "the address after the gateway's: $address/16" links_in bbox01 --arg a "${gateway%.1}.2" 'any(.[1].addr_info[]; .local == $a and .prefixlen == 16)'
  holds "a hardware address made from it" links_in bbox01 --arg m "$(printf '02:42:%02x:%02x:%02x:%02x' ${address//./ })" '.[1].address == $m'
  holds "the default route goes to $gateway" default_route_in bbox01
  holds "$subnet is on the link" link_route_in bbox01
  holds "its other end is a vethXXXXXXX in docker0" veth_matches bbox01
  play "docker exec bbox01 ping -c 1 $gateway"
  holds "it reaches its gateway" test $shown_code = 0
  [ "$mode" != host ] || return 0
  play "docker exec bbox01 ping -c 1 $outside_address"
  holds "it reaches the outside world, which has no route back to it" test $shown_code = 0
  holds "a visit from outside straight at $address is dropped" visit_is_dropped "$address"
}

same_output() { [ "$(docker exec "$1" ip addr)" = "$(on_host busybox ip addr)" ]; }
host_serves() { [ "$(on_outside curl -s -m 3 --noproxy "*" "http://$host_address:8099/hostname")" = "$(docker exec bbox02 cat /etc/hostname)" ]; }

walk_host() {
  say "W04  a container on the host's own network"
  play 'docker run -itd --name bbox02 --net host busybox'
  play 'docker exec bbox02 ip addr'
  holds "ip addr says the same in it and on the host" same_output bbox02
  holds "it lives in the host's namespace" test "$(netns_of "$(pid_of bbox02)")" = "$(on_host readlink /proc/self/ns/net)"
  play 'docker exec bbox02 httpd -p 8099 -h /etc'
  holds "it takes the host's port 8099 directly" on_host bash -c 'ss -Hltn sport = :8099 | grep -q .'
  [ "$mode" != host ] || return 0
  holds "a visitor from outside is served at $host_address:8099" host_serves
}

walk_none() {
  say "W05  a container without a network"
  play 'docker run -itd --name bbox03 --net none busybox'
  play 'docker exec bbox03 ip addr'
  holds "only lo" links_in bbox03 '[.[].ifname] == ["lo"]'
  holds "no route" test -z "$(inside bbox03 ip route)"
  play 'ip netns list'
  holds "its namespace is there by name, to be wired by hand" bash -c "ip netns list | grep -q '^$(basename "$(docker inspect -f '{{.NetworkSettings.SandboxKey}}' bbox03)")'"
}

same_stack() { [ "$(netns_of "$(pid_of "$1")")" = "$(netns_of "$(pid_of "$2")")" ]; }
files_apart() { docker exec bbox01 touch /only-here && ! docker exec bbox04 test -e /only-here; }
processes_apart() { docker exec bbox01 ps | grep -q '[h]ttpd' && ! docker exec bbox04 ps | grep -q '[h]ttpd'; }
reaches_across() { [ "$(docker exec bbox04 wget -q -O - 127.0.0.1/hostname)" = "$(docker exec bbox01 cat /etc/hostname)" ]; }

walk_joined() {
  say "W06  a container on another one's network"
  play 'docker run -itd --name bbox04 --net container:bbox01 busybox'
  play 'docker exec bbox04 ip addr'
  holds "the same stack as bbox01: interfaces, addresses, ports" same_stack bbox01 bbox04
  holds "the same address" links_in bbox04 --arg a "$address" 'any(.[].addr_info[]; .local == $a)'
  holds "files stay apart" files_apart
  play 'docker exec bbox01 httpd -h /etc'
  holds "processes stay apart" processes_apart
  play 'docker exec bbox04 wget -q -O - 127.0.0.1/hostname'
  holds "127.0.0.1 reaches across" reaches_across

  say "W07  the other one stops, and comes back"
  play 'docker stop -t 1 bbox01'
  play 'docker exec bbox04 ip addr'
  holds "only lo is left in bbox04" links_in bbox04 '[.[].ifname] == ["lo"]'
  play 'docker start bbox01'
  play 'docker restart -t 1 bbox04'
  play 'docker exec bbox04 ip addr show eth0'
  holds "the address is back" links_in bbox04 --arg a "$(docker inspect -f '{{.NetworkSettings.IPAddress}}' bbox01)" 'any(.[].addr_info[]; .local == $a)'
  holds "and the stack is shared again" same_stack bbox01 bbox04
}

inspect_is_full() {
  docker inspect bbox01 | jq -e --arg g "$gateway" '.[0].NetworkSettings | .IPAddress != "" and .Gateway == $g and .IPPrefixLen == 16
    and (.MacAddress | test("^02:42:")) and (.SandboxKey | startswith("/")) and (.SandboxID | test("^[0-9a-f]{64}$")) and has("Ports")
    and .Networks.bridge.IPAddress == .IPAddress and .Networks.bridge.EndpointID == .EndpointID and (.Networks.bridge.NetworkID | test("^[0-9a-f]{64}$"))'
}
network_lists_it() {
  local id
  id=$(docker inspect -f '{{.Id}}' bbox01)
  docker network inspect bridge | jq -e --arg id "$id" '.[0] | .Containers[$id].Name == "bbox01" and (.Containers[$id].IPv4Address | endswith("/16")) and (.Containers | length) == 1'
}

walk_inspect() {
  say "W08  what docker inspect knows"
  play "docker inspect -f '{{json .NetworkSettings}}' bbox01"
  holds "address, gateway, hardware address, sandbox and networks are filled in" inspect_is_full
  play 'docker network inspect bridge'
  holds "the bridge lists bbox01 alone, with its address" network_lists_it
  play "docker network inspect -f '{{.Name}} {{.Driver}} {{len .Containers}}' host none"
  holds "host and none list one container each" test "$shown" = $'host host 1\nnone null 1'
}

play_walk_through() {
  export DOCKER_HOST=unix://$socket DOCKER_CLI_HINTS=false
  mkdir -p "$run_dir/client"
  ln -sf "$client" "$run_dir/client/docker"
  export PATH=$run_dir/client:$PATH
  walk_networks
  walk_bridge
  walk_host
  walk_none
  walk_joined
  walk_inspect
}

summary() {
  printf '\n%d ticks, %d crosses\n\n' "$ticks" "$crosses"
  echo "The daemon stays up. To go on by yourself:"
  echo "  export DOCKER_HOST=unix://$socket"
  [ "$mode" = host ] || echo "  its host: nsenter --net=/run/netns/$host_ns bash     the outside: nsenter --net=/run/netns/$outside_ns bash"
  echo "  its log: $run_dir/log"
  echo "To remove every trace: sudo ./quickstart --down"
  [ "$crosses" = 0 ] || exit 1
}

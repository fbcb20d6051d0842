"""Is a container wired as `inspect` says: interfaces, addresses, routes, bridges?"""
import ipaddress

from . import kernel


def bridge_name(network):
    return network["Options"].get("com.docker.network.bridge.name") or "br-" + network["Id"][:12]


def routes(ns):
    """(default gateways, subnets on a link) of IPv4."""
    listed = kernel.ip(ns, "-4", "route")
    return [r.get("gateway") for r in listed if r["dst"] == "default"], sorted(r["dst"] for r in listed if r["dst"] != "default")


def check(world, name, internal=()):
    """Every network of the container has one interface on that network's bridge, under its address and MAC, and there is no
    other; exactly one default route, through the network whose name comes first among those that reach out. Gives the
    endpoints {network: settings}."""
    seen = world.inspect(name)
    endpoints, pid = seen["NetworkSettings"]["Networks"], seen["State"]["Pid"]
    inside = {l["ifname"]: l for l in kernel.ip(pid, "addr") if l["ifname"] != "lo"}
    outside = {l["ifindex"]: l for l in kernel.ip(world.host.ns, "link")}
    bridges = {n: bridge_name(world.network(n)) for n in endpoints}
    live = {}
    for link in inside.values():
        assert "UP" in link["flags"], link
        address = [f"{a['local']}/{a['prefixlen']}" for a in link["addr_info"] if a["family"] == "inet"]
        port = outside[link["link_index"]]
        assert "UP" in port["flags"], port
        live[port["master"]] = (address, link["address"])
    assert len(live) == len(inside), "two interfaces on one bridge"
    said = {bridges[n]: ([f"{e['IPAddress']}/{e['IPPrefixLen']}"], e["MacAddress"]) for n, e in endpoints.items()}
    assert live == said
    gateways, subnets = routes(pid)
    assert subnets == sorted(str(ipaddress.ip_interface(a[0]).network) for a, _ in said.values())
    reaching = sorted(n for n in endpoints if n not in internal)
    if not world.ours:  # 20.10 gives a default route to nowhere where every network is internal
        reaching = reaching or sorted(endpoints)
    assert gateways == ([endpoints[reaching[0]]["Gateway"]] if reaching else []), (gateways, sorted(endpoints))
    return endpoints


def interfaces(world, name):
    """Names of a running container's interfaces but lo."""
    return sorted(l["ifname"] for l in kernel.ip(world.pid(name), "link") if l["ifname"] != "lo")

#include "engine/files.h"

#include <gtest/gtest.h>

#include "support/engine_world.h"

namespace fairlead::testing {
namespace {

constexpr char kLocal[] =
    "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::\tip6-localnet\nff00::\tip6-mcastprefix\n"
    "ff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n";

TEST(HostsFile, OwnAddressExtraHostsAndLinks) {
  World world;
  world.boot();
  const auto db = world.run("db");
  ports::ContainerSpec spec;
  spec.hostname = "web";
  spec.domainname = "lan";
  spec.extra_hosts = {"gw:host-gateway", "six=[2001:db8::1]", "two:10.0.0.1"};
  spec.links = {"db:store"};
  const auto id = world.create("web1", spec);
  world.start(id);
  EXPECT_EQ(hosts_file(world.state, world.container(id)),
            std::string(kLocal) + "172.17.0.1\tgw\n2001:db8::1\tsix\n10.0.0.1\ttwo\n172.17.0.2\tstore " +
                db.short_text() + " db\n172.17.0.3\tweb.lan web\n");
  const auto host = world.create_in("hh", "host");
  EXPECT_EQ(hosts_file(world.state, world.container(host), "127.0.0.1 here"), "127.0.0.1 here\n");
}

TEST(HostsFile, HostGatewayAsTheAdministratorHasIt) {
  Settings settings;
  settings.host_gateway = {ip("10.9.9.9"), ip("fd00::9")};
  World world(settings);
  world.boot();
  ports::ContainerSpec spec;
  spec.extra_hosts = {"gw:host-gateway"};
  const auto id = world.create("web", spec);
  EXPECT_EQ(hosts_file(world.state, world.container(id)), std::string(kLocal) + "10.9.9.9\tgw\nfd00::9\tgw\n");
}

TEST(Hostname, GivenOrShortIdOrTheHosts) {
  World world;
  world.boot();
  const auto plain = world.create("c1"), host = world.create_in("c2", "host");
  EXPECT_EQ(hostname(world.container(plain), "box"), plain.short_text());
  EXPECT_EQ(hostname(world.container(host), "box"), "box");
}

TEST(ResolvConf, HostServersWithoutLoopback) {
  World world;
  world.boot();
  const auto bridge = world.container(world.create("c1"));
  constexpr char kHost[] =
      "# of the host\nnameserver 127.0.0.53\nnameserver ::1\nnameserver 10.0.0.2 # office\nnameserver fe80::1%eth0\n"
      "domain old\nsearch lan corp\noptions edns0\noptions trust-ad\n";
  EXPECT_EQ(resolv_conf(world.state, bridge, kHost), "nameserver 10.0.0.2\nsearch lan corp\noptions edns0 trust-ad\n");
  EXPECT_EQ(resolv_conf(world.state, bridge, "nameserver 127.0.0.1\n"), "nameserver 8.8.8.8\nnameserver 8.8.4.4\n");
  EXPECT_EQ(resolv_conf(world.state, world.container(world.create_in("c2", "host")), kHost), kHost);
}

TEST(ResolvConf, NameServerOfItsOwnOnUserDefinedNetworks) {
  World world;
  world.boot();
  world.make_network("net1");
  const auto id = world.run("c1", "net1");
  EXPECT_EQ(resolv_conf(world.state, world.container(id), "nameserver 10.0.0.2\nsearch lan\noptions edns0\n"),
            "nameserver 127.0.0.11\nsearch lan\noptions edns0 ndots:0\n");
  EXPECT_EQ(resolv_conf(world.state, world.container(id), ""), "nameserver 127.0.0.11\noptions ndots:0\n");
  ports::ContainerSpec spec;
  spec.network_mode = "net1";
  spec.dns = {"9.9.9.9"};
  spec.dns_options = {"ndots:2"};
  EXPECT_EQ(resolv_conf(world.state, world.container(world.create("c2", spec)), ""),
            "nameserver 127.0.0.11\noptions ndots:2\n");
}

TEST(ResolvConf, OwnSettingsBeforeTheDaemonsBeforeTheHosts) {
  Settings settings;
  settings.dns = {"9.9.9.9"};
  settings.dns_search = {"daemon"};
  World world(settings);
  world.boot();
  ports::ContainerSpec spec;
  spec.dns = {"1.1.1.1"};
  spec.dns_search = {"."};
  spec.dns_options = {"ndots:2"};
  EXPECT_EQ(resolv_conf(world.state, world.container(world.create("c1", spec)), "nameserver 10.0.0.2\n"),
            "nameserver 1.1.1.1\noptions ndots:2\n");
  EXPECT_EQ(resolv_conf(world.state, world.container(world.create("c2")), "nameserver 10.0.0.2\n"),
            "nameserver 9.9.9.9\nsearch daemon\n");
}

}  // namespace
}  // namespace fairlead::testing

#include "engine/codec.h"

#include <gtest/gtest.h>

#include <random>

#include "engine/codec_json.h"
#include "support/engine_world.h"

namespace fairlead::testing {

/// Becomes whatever a member wants; only ever named, never made.
struct Anything {
  template <class T>
  operator T() const;
};

namespace {

/// Fills every field that the codec knows with something made up: what differs after the round trip was not carried.
class Filler {
 public:
  explicit Filler(unsigned seed) : random_(seed) {}

  void fill(bool& out) { out = random_() % 2 == 0; }
  void fill(std::string& out) {
    out.clear();
    for (auto n = random_() % 12; n > 0; --n) out += kLetters[random_() % kLetters.size()];
  }
  template <std::integral T>
  void fill(T& out) {
    out =
        static_cast<T>(std::uniform_int_distribution<std::int64_t>(std::numeric_limits<std::int64_t>::min())(random_));
  }
  void fill(Time& out) { out = Time(std::chrono::nanoseconds(static_cast<std::int64_t>(random_()) * 1'000'003)); }
  void fill(base::Ip& out) {
    std::array<std::uint8_t, 16> bytes;
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random_());
    out = random_() % 2 == 0 ? base::Ip::v6(bytes) : base::Ip::v4(static_cast<std::uint32_t>(random_()));
  }
  void fill(base::Prefix& out) {
    base::Ip address;
    fill(address);
    out = base::Prefix(address, static_cast<int>(random_() % static_cast<unsigned>(address.bits() + 1)));
  }
  void fill(base::Mac& out) {
    std::array<std::uint8_t, 6> bytes;
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random_());
    out = base::Mac(bytes);
  }
  template <class Tag>
  void fill(base::Id<Tag>& out) {
    base::Entropy bytes;
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random_());
    out = base::Id<Tag>::from(bytes);
  }
  template <codec::Named T>
  void fill(T& out) {
    out = static_cast<T>(random_() % codec::words_of(T{}).size());
  }
  template <class T>
  void fill(std::optional<T>& out) {
    out.reset();
    if (random_() % 3 != 0) fill(out.emplace());
  }
  template <class T>
  void fill(std::vector<T>& out) {
    out.resize(random_() % 3);
    for (auto& one : out) fill(one);
  }
  template <class T>
  void fill(std::set<T>& out) {
    std::vector<T> values;
    fill(values);
    out = {values.begin(), values.end()};
  }
  template <class T>
  void fill(std::map<std::string, T>& out) {
    out.clear();
    for (auto n = random_() % 3; n > 0; --n) {
      std::string key;
      fill(key);
      fill(out[key]);
    }
  }
  template <codec::Record T>
  void fill(T& out) {
    codec::each_field(out, [&](const char*, auto& field) { fill(field); });
  }

 private:
  static inline const std::vector<std::string> kLetters = {"a",  "Z", "0",  " ", "\"", "\\",
                                                           "\n", "ä", "字", "/", "=",  std::string(1, '\x01')};
  std::mt19937_64 random_;
};

template <class T>
void round_trip(unsigned seed) {
  T value;
  Filler(seed).fill(value);
  const auto records = encode({Change(value)});
  ASSERT_EQ(records.size(), 1u);
  const auto back = decode({records[0].kind, records[0].key, records[0].body.value()});
  ASSERT_TRUE(back.has_value()) << back.error().text;
  EXPECT_EQ(std::get<T>(*back), value) << *records[0].body;
}

TEST(Codec, EveryFieldComesBack) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    round_trip<Network>(seed);
    round_trip<Container>(seed);
    round_trip<Sandbox>(seed);
    round_trip<HostRecord>(seed);
  }
}

/// The list of fields is written by hand: a field that is missing in it would fall under the table at a restart. Two
/// records that differ in any byte of their struct differ in a field, so a fill must change every one of them.
template <class T>
constexpr std::size_t fields() {
  std::size_t count = 0;
  T value;
  codec::each_field(value, [&](const char*, auto&) { ++count; });
  return count;
}

template <class T, class... Args>
constexpr std::size_t members() {
  if constexpr (requires { T{Args{}..., std::declval<Anything>()}; })
    return members<T, Args..., Anything>();
  else
    return sizeof...(Args);
}

TEST(Codec, AHostRecordOfAnOlderVersionHasNoBoot) {
  const auto read = decode({"host", "host", R"({"forwarding_switched_on":true,"ula":null})"});
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_TRUE(std::get<HostRecord>(*read).forwarding_switched_on);
  EXPECT_EQ(std::get<HostRecord>(*read).boot_id, "");
}

TEST(Codec, NoFieldIsForgotten) {
  EXPECT_EQ(fields<Subnet>(), members<Subnet>());
  EXPECT_EQ(fields<Network>(), members<Network>());
  EXPECT_EQ(fields<Endpoint>(), members<Endpoint>());
  EXPECT_EQ(fields<Attachment>(), members<Attachment>());
  EXPECT_EQ(fields<Container>(), members<Container>());
  EXPECT_EQ(fields<Sandbox>(), members<Sandbox>());
  EXPECT_EQ(fields<HostRecord>(), members<HostRecord>());
  EXPECT_EQ(fields<ports::ContainerSpec>(), members<ports::ContainerSpec>());
  EXPECT_EQ(fields<ports::ProcessSpec>(), members<ports::ProcessSpec>());
  EXPECT_EQ(fields<ports::ResourceLimits>(), members<ports::ResourceLimits>());
  EXPECT_EQ(fields<ports::EndpointRequest>(), members<ports::EndpointRequest>());
  EXPECT_EQ(fields<ports::PortBinding>(), members<ports::PortBinding>());
  EXPECT_EQ(fields<ports::MountRequest>(), members<ports::MountRequest>());
  EXPECT_EQ(fields<ports::RestartPolicy>(), members<ports::RestartPolicy>());
  EXPECT_EQ(fields<ports::Ulimit>(), members<ports::Ulimit>());
  EXPECT_EQ(fields<ports::DeviceRequest>(), members<ports::DeviceRequest>());
}

TEST(Codec, BytesThatAreNotUtf8DoNotCostTheRecord) {
  World world;
  world.boot();
  const auto id = world.create("c1");
  world.must(StartContainer{id});
  world.must(StartFailed{id, "runc: \xff\xfe failed", 128});
  const auto records = encode({Change(world.container(id))});
  const auto back = decode({"container", id.text(), *records[0].body});
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(std::get<Container>(*back), world.container(id));
}

TEST(Codec, ErasureHasNoBody) {
  const auto id = ContainerId::from(base::Entropy{});
  EXPECT_EQ(encode({Erase{id}}).at(0), (ports::RecordChange{"container", id.text(), std::nullopt}));
}

TEST(Codec, MissingFieldsKeepDefaultsAndUnknownOnesAreIgnored) {
  const auto id = ContainerId::from(base::Entropy{});
  const auto back =
      decode({"container", id.text(), R"({"id":")" + id.text() + R"(","later":[1],"spec":{"image":"x"}})"});
  ASSERT_TRUE(back.has_value()) << back.error().text;
  EXPECT_EQ(std::get<Container>(*back).spec.log_driver, "json-file");
  EXPECT_EQ(std::get<Container>(*back).spec.image, "x");
}

TEST(Codec, RefusesWhatItCannotRead) {
  const auto id = ContainerId::from(base::Entropy{}).text();
  for (const auto& [kind, body] :
       std::vector<std::pair<std::string, std::string>>{{"container", ""},
                                                        {"container", "{"},
                                                        {"container", "[]"},
                                                        {"container", "{}"},
                                                        {"what", "{}"},
                                                        {"container", R"({"id":"abc"})"},
                                                        {"container", R"({"id":")" + id + R"(","pid":"x"})"},
                                                        {"container", R"({"id":")" + id + R"(","phase":"flying"})"},
                                                        {"network", R"({"id":")" + id + R"(","mtu":-1})"},
                                                        {"container", std::string(100'000, '[')}}) {
    const auto back = decode({kind, id, body});
    EXPECT_FALSE(back.has_value()) << kind << " " << body.substr(0, 80);
  }
}

}  // namespace
}  // namespace fairlead::testing

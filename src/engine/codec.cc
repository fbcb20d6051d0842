#include "engine/codec.h"

#include <fmt/format.h>

#include "engine/codec_json.h"

namespace fairlead::engine {
namespace {

constexpr char kNetwork[] = "network", kContainer[] = "container", kSandbox[] = "sandbox", kHost[] = "host";

std::string body_of(const auto& record) {
  return boost::json::serialize(codec::to_json(record));
}

ports::RecordChange encode_one(const Change& change) {
  if (const auto* network = std::get_if<Network>(&change)) return {kNetwork, network->id.text(), body_of(*network)};
  if (const auto* container = std::get_if<Container>(&change))
    return {kContainer, container->id.text(), body_of(*container)};
  if (const auto* sandbox = std::get_if<Sandbox>(&change)) return {kSandbox, sandbox->id.text(), body_of(*sandbox)};
  if (const auto* host = std::get_if<HostRecord>(&change)) return {kHost, kHost, body_of(*host)};
  const auto& key = std::get<Erase>(change).key;
  if (const auto* id = std::get_if<NetworkId>(&key)) return {kNetwork, id->text(), std::nullopt};
  if (const auto* id = std::get_if<ContainerId>(&key)) return {kContainer, id->text(), std::nullopt};
  return {kSandbox, std::get<SandboxId>(key).text(), std::nullopt};
}

std::unexpected<base::Error> unreadable(const ports::Record& record, std::string_view why) {
  return base::fail(base::ErrorKind::internal,
                    fmt::format("the stored {} {} cannot be read: {}", record.kind, record.key, why));
}

template <class T>
base::Result<Change> decode_one(const ports::Record& record, const boost::json::value& body) {
  T value;
  if (!codec::from_json(body, value)) return unreadable(record, "a field is of the wrong type");
  if constexpr (requires { value.id; }) {
    if (value.id.empty() || value.id.text() != record.key) return unreadable(record, "its id is not its key");
  }
  return Change(std::move(value));
}

}  // namespace

std::vector<ports::RecordChange> encode(const std::vector<Change>& changes) {
  std::vector<ports::RecordChange> records;
  records.reserve(changes.size());
  for (const auto& change : changes) records.push_back(encode_one(change));
  return records;
}

base::Result<Change> decode(const ports::Record& record) {
  boost::json::parse_options options;
  // What a runtime said of a failure, or a file name in an image, need not be UTF-8, and must not cost us the record.
  options.allow_invalid_utf8 = true;
  boost::system::error_code wrong;
  const auto body = boost::json::parse(record.body, wrong, {}, options);
  if (wrong) return unreadable(record, wrong.message());
  if (record.kind == kNetwork) return decode_one<Network>(record, body);
  if (record.kind == kContainer) return decode_one<Container>(record, body);
  if (record.kind == kSandbox) return decode_one<Sandbox>(record, body);
  if (record.kind == kHost) return decode_one<HostRecord>(record, body);
  return unreadable(record, "its kind is not known");
}

}  // namespace fairlead::engine

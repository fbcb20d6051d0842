#include "adapters/oci/volumes.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cctype>
#include <mutex>

#include "adapters/oci/image_files.h"

namespace fairlead::oci {
namespace {

namespace json = boost::json;
namespace fs = std::filesystem;
using base::ErrorKind;

constexpr std::size_t kMaxRecord = 1 << 20;
constexpr std::size_t kMaxName = 255;

bool is_name(const std::string& name) {
  const auto plain = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '.' || c == '-'; };
  return name.size() > 1 && name.size() <= kMaxName && std::isalnum(static_cast<unsigned char>(name.front())) != 0 &&
         std::ranges::all_of(name, plain);
}

json::object to_json(const std::map<std::string, std::string>& map) {
  json::object object;
  for (const auto& [key, value] : map) object[key] = value;
  return object;
}

std::map<std::string, std::string> to_map(const json::object& record, std::string_view field) {
  std::map<std::string, std::string> map;
  const auto* value = record.if_contains(field);
  if (value == nullptr || !value->is_object()) return map;
  for (const auto& entry : value->get_object())
    if (entry.value().is_string()) map.emplace(entry.key(), entry.value().get_string());
  return map;
}

class LocalVolumes final : public ports::Volumes {
 public:
  LocalVolumes(fs::path root, ports::Clock& clock) : root_(std::move(root)), clock_(clock) {}

  std::vector<ports::Volume> list() override {
    const std::lock_guard lock(mutex_);
    std::vector<ports::Volume> all;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(root_, error))
      if (auto volume = read(entry.path().filename().string())) all.push_back(std::move(*volume));
    std::ranges::sort(all, {}, &ports::Volume::name);
    return all;
  }

  base::Result<ports::Volume> find(const std::string& name) override {
    const std::lock_guard lock(mutex_);
    if (auto volume = read(name)) return *volume;
    return base::fail(ErrorKind::not_found, fmt::format("get {}: no such volume", name));
  }

  base::Result<ports::Volume> create(const ports::Volume& wanted) override {
    if (!is_name(wanted.name))
      return base::fail(
          ErrorKind::invalid,
          fmt::format(
              "create {}: \"{}\" includes invalid characters for a local volume name, only "
              "\"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host directory, use absolute path",
              wanted.name, wanted.name));
    if (!wanted.driver.empty() && wanted.driver != "local")
      return base::fail(ErrorKind::not_found,
                        fmt::format("create {}: error looking up volume plugin {}: plugin \"{}\" not found",
                                    wanted.name, wanted.driver, wanted.driver));
    if (!wanted.options.empty())
      return base::fail(
          ErrorKind::not_implemented,
          fmt::format("create {}: options of the local driver (\"{}\") are not served: bind-mount a directory instead",
                      wanted.name, wanted.options.begin()->first));
    const std::lock_guard lock(mutex_);
    if (auto there = read(wanted.name)) return *there;
    return make(wanted);
  }

  base::Result<void> remove(const std::string& name) override {
    const std::lock_guard lock(mutex_);
    if (!read(name)) return base::fail(ErrorKind::not_found, fmt::format("get {}: no such volume", name));
    remove_tree(root_ / name);
    std::error_code ignored;
    if (fs::exists(root_ / name, ignored))
      return base::fail(ErrorKind::internal, fmt::format("remove {}: not all of it could be removed", name));
    return {};
  }

 private:
  std::optional<ports::Volume> read(const std::string& name) const {
    if (!is_name(name)) return std::nullopt;
    const auto text = read_small_file(root_ / name / "volume.json", kMaxRecord);
    if (!text) return std::nullopt;
    boost::system::error_code error;
    const auto value = json::parse(*text, error);
    if (error || !value.is_object()) return std::nullopt;
    ports::Volume volume{.name = name, .mountpoint = (root_ / name / "_data").string()};
    volume.labels = to_map(value.get_object(), "labels");
    if (const auto* created = value.get_object().if_contains("created"); created != nullptr && created->is_string())
      volume.created = ports::parse_rfc3339(created->get_string()).value_or(ports::Time{});
    return volume;
  }

  base::Result<ports::Volume> make(const ports::Volume& wanted) {
    ports::Volume volume = wanted;
    volume.driver = "local";
    volume.created = clock_.now();
    volume.mountpoint = (root_ / wanted.name / "_data").string();
    std::error_code error;
    fs::create_directories(volume.mountpoint, error);
    if (error) return base::fail_errno(error.value(), "cannot make " + volume.mountpoint);
    // The data is reached by whoever may enter the container's own path; the levels above are root's.
    ::chmod(root_.c_str(), 0711);
    ::chmod((root_ / wanted.name).c_str(), 0711);
    // The record comes last: a directory without one is not a volume, and is taken over by the next create.
    const json::object record{{"created", ports::rfc3339(volume.created)}, {"labels", to_json(volume.labels)}};
    if (auto written = write_file_atomically(root_ / wanted.name / "volume.json", json::serialize(record)); !written)
      return std::unexpected(written.error());
    return volume;
  }

  fs::path root_;
  ports::Clock& clock_;
  std::mutex mutex_;
};

}  // namespace

std::unique_ptr<ports::Volumes> open_volumes(const fs::path& data_root, ports::Clock& clock) {
  return std::make_unique<LocalVolumes>(data_root / "volumes", clock);
}

}  // namespace fairlead::oci

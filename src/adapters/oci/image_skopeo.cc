#include "adapters/oci/image_skopeo.h"

#include <fmt/format.h>
#include <nettle/base64.h>

#include <boost/json.hpp>

#include "adapters/oci/image_child.h"
#include "base/ip.h"
#include "wire/image_json.h"

namespace fairlead::oci {

namespace {

constexpr std::size_t kMaxOutput = 8u << 20;

/// skopeo takes a tag or a digest, not both; the digest says more.
std::string source_of(const wire::ImageReference& reference) {
  return "docker://" + reference.full_name() +
         (reference.digest.empty() ? ":" + reference.tag : "@" + reference.digest);
}

/// The host of `host:port`, without the brackets of an IPv6 address.
std::string_view host_of(std::string_view domain) {
  if (domain.starts_with('[')) return domain.substr(1, domain.find(']') - 1);
  return domain.substr(0, domain.find(':'));
}

base::Result<ChildResult> run_skopeo(const wire::ImageReference& reference, const std::vector<std::string>& words,
                                     const OnSkopeoLine& on_line) {
  auto ran = run_child(words, kMaxOutput, on_line);
  if (!ran && ran.error().kind == base::ErrorKind::not_found) {
    return base::fail(base::ErrorKind::unavailable,
                      "images are pulled by skopeo, which is not installed here: apt install skopeo");
  }
  if (!ran) return ran;
  if (ran->exit_code != 0) return std::unexpected(skopeo_error(reference, ran->err));
  return ran;
}

std::string base64(std::string_view text) {
  std::string out(BASE64_ENCODE_RAW_LENGTH(text.size()), '\0');
  base64_encode_raw(out.data(), text.size(), reinterpret_cast<const std::uint8_t*>(text.data()));
  return out;
}

/// The last `msg="…"` of logrus's text lines, unquoted; the whole text where there is none.
std::string last_message(std::string_view output) {
  const auto start = output.rfind("msg=\"");
  if (start == std::string_view::npos) {
    while (output.ends_with('\n')) output.remove_suffix(1);
    return std::string(output.substr(output.rfind('\n') + 1));
  }
  std::string out;
  for (auto at = start + 5; at < output.size() && output[at] != '"'; ++at) {
    if (output[at] == '\\' && at + 1 < output.size()) ++at;
    out += output[at];
  }
  return out;
}

}  // namespace

base::Error skopeo_error(const wire::ImageReference& reference, std::string_view output) {
  auto said = last_message(output);
  // "Error parsing image name "docker://…": " stands before everything, whatever went wrong.
  if (const auto rest = said.find("\": "); said.starts_with("Error parsing image name") && rest != std::string::npos) {
    said.erase(0, rest + 3);
  }
  const auto has = [&](std::string_view words) { return said.find(words) != std::string::npos; };
  if (has("manifest unknown")) {
    return {base::ErrorKind::not_found,
            fmt::format("manifest for {} not found: manifest unknown: manifest unknown", reference.familiar()), said};
  }
  if (has("unauthorized") || has("access to the resource is denied") || has("authentication required") ||
      has("name unknown") || has("repository name not known")) {
    return {base::ErrorKind::not_found,
            fmt::format("pull access denied for {}, repository does not exist or may require 'docker login': denied: "
                        "requested access to the resource is denied",
                        reference.familiar_name()),
            said};
  }
  return {base::ErrorKind::internal, said.empty() ? "skopeo failed" : said, "pull " + reference.familiar()};
}

base::Result<std::string> skopeo_manifest(const wire::ImageReference& reference, const SkopeoAccess& access) {
  auto ran = run_skopeo(reference,
                        {"skopeo", "--tmpdir", access.temp_dir, "inspect", "--raw", "--authfile", access.auth_file,
                         fmt::format("--tls-verify={}", access.verify_tls), source_of(reference)},
                        {});
  if (!ran) return std::unexpected(ran.error());
  return std::move(ran->out);
}

base::Result<void> skopeo_copy(const wire::ImageReference& reference, const SkopeoAccess& access,
                               const std::filesystem::path& target, const OnSkopeoLine& on_line) {
  auto ran = run_skopeo(
      reference,
      {"skopeo", "--tmpdir", access.temp_dir, "copy", "--authfile", access.auth_file,
       fmt::format("--src-tls-verify={}", access.verify_tls), source_of(reference), "dir:" + target.string()},
      on_line);
  if (!ran) return std::unexpected(ran.error());
  return {};
}

bool is_insecure_registry(std::string_view domain, const std::vector<std::string>& listed) {
  const auto host = host_of(domain);
  const auto address = base::Ip::parse(host);
  if (host == "localhost" || (address && address->is_loopback())) return true;
  for (const auto& entry : listed) {
    if (entry == domain || entry == host) return true;
    const auto subnet = base::Prefix::parse(entry);
    if (subnet && address && subnet->contains(*address)) return true;
  }
  return false;
}

base::Result<std::string> auth_file_json(std::string_view domain, std::string_view auth_json) {
  boost::json::object auths;
  if (!auth_json.empty() && auth_json != "null") {
    auto value = wire::parse_image_json(auth_json, "registry credentials");
    if (!value) return std::unexpected(value.error());
    std::string user, password, token;
    wire::ImageFields fields(*value, "registry credentials");
    fields.text("username", user);
    fields.text("password", password);
    fields.text("identitytoken", token);
    if (!fields.ok()) return std::unexpected(fields.result().error());
    boost::json::object login;
    if (!user.empty()) login["auth"] = base64(user + ":" + password);
    if (!token.empty()) login["identitytoken"] = token;
    if (!login.empty()) auths[std::string(domain)] = std::move(login);
  }
  return boost::json::serialize(boost::json::object{{"auths", std::move(auths)}});
}

}  // namespace fairlead::oci

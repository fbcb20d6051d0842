#include "adapters/oci/log_stream.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "wire/oci_log.h"

namespace fairlead::oci {
namespace {

constexpr std::size_t kBlock = 64 << 10;
constexpr std::size_t kMost = 1 << 20;

class FileLog final : public ports::LogStream {
 public:
  FileLog(std::string path, base::Fd file, base::Fd watch, ports::LogQuery query, std::int64_t offset)
      : path_(std::move(path)), file_(std::move(file)), watch_(std::move(watch)), query_(query), offset_(offset) {}

  base::Result<std::vector<ports::LogRecord>> read() override {
    drain();
    std::vector<ports::LogRecord> records;
    std::size_t taken = 0;
    // An empty answer means that there is nothing new: what `since` passes over does not end the reading.
    while (taken < kMost || records.empty()) {
      const auto count = fill();
      if (!count) return std::unexpected(count.error());
      if (*count == 0 && !follow_replacement()) break;
      taken += *count;
      parse(records);
    }
    return records;
  }

  int changed_fd() const override { return watch_.get(); }

 private:
  void drain() {
    char buffer[4096];
    while (::read(watch_.get(), buffer, sizeof buffer) > 0) {
    }
  }

  base::Result<std::size_t> fill() {
    const auto before = pending_.size();
    pending_.resize(before + kBlock);
    ssize_t count = 0;
    do {
      count = ::pread(file_.get(), pending_.data() + before, kBlock, offset_);
    } while (count < 0 && errno == EINTR);
    pending_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    if (count < 0) return base::fail_errno(errno, "cannot read " + path_);
    offset_ += count;
    return static_cast<std::size_t>(count);
  }

  /// The monitor replaces a log that has reached its size.
  bool follow_replacement() {
    struct stat ours{}, now{};
    if (::fstat(file_.get(), &ours) != 0 || ::stat(path_.c_str(), &now) != 0) return false;
    if (ours.st_ino == now.st_ino && ours.st_dev == now.st_dev) {
      if (now.st_size >= offset_) return false;
      offset_ = 0;
      pending_.clear();
      return now.st_size > 0;
    }
    base::Fd fresh(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fresh) return false;
    ::inotify_add_watch(watch_.get(), path_.c_str(), IN_MODIFY | IN_MOVE_SELF | IN_ATTRIB);
    file_ = std::move(fresh);
    offset_ = 0;
    pending_.clear();
    return true;
  }

  void parse(std::vector<ports::LogRecord>& records) {
    std::size_t begin = 0;
    for (auto end = pending_.find('\n'); end != std::string::npos; end = pending_.find('\n', begin)) {
      const auto line = wire::parse_log_line(std::string_view(pending_).substr(begin, end - begin));
      begin = end + 1;
      if (!line || (query_.since && line->at < *query_.since) || (query_.until && line->at > *query_.until)) continue;
      ports::LogRecord record{line->at, line->is_stderr, std::string(line->text)};
      if (!line->partial) record.bytes += '\n';
      if (!record.bytes.empty()) records.push_back(std::move(record));
    }
    pending_.erase(0, begin);
  }

  std::string path_;
  base::Fd file_, watch_;
  ports::LogQuery query_;
  std::int64_t offset_;
  std::string pending_;
};

/// Counts lines from the end; knows when the one asked for has begun.
class TailCounter {
 public:
  explicit TailCounter(std::int64_t wanted) : wanted_(wanted) {}
  /// Takes the record before those seen. False: it belongs to a line that is not wanted any more.
  bool take(const wire::LogLine& line) {
    bool& seen = seen_[line.is_stderr ? 1 : 0];
    if (line.partial && seen) return true;
    if (count_ == wanted_) return false;
    seen = true;
    ++count_;
    return true;
  }

 private:
  std::int64_t wanted_, count_ = 0;
  bool seen_[2] = {false, false};
};

}  // namespace

std::int64_t tail_offset(int fd, std::int64_t size, std::int64_t lines) {
  if (lines <= 0) return size;
  TailCounter counter(lines);
  std::string block;
  std::int64_t begin = size;  // of `block` in the file
  std::int64_t wanted_from = size;
  while (begin > 0) {
    const auto length = std::min<std::int64_t>(begin, kBlock);
    std::string before(static_cast<std::size_t>(length), '\0');
    if (::pread(fd, before.data(), before.size(), begin - length) != length) return wanted_from;
    begin -= length;
    block.insert(0, before);
    // Every line that lies wholly in the block; a first one that began earlier waits for the next block.
    while (!block.empty()) {
      const auto newline = block.size() < 2 ? std::string::npos : block.rfind('\n', block.size() - 2);
      if (newline == std::string::npos && begin > 0) break;
      const auto start = newline == std::string::npos ? 0 : newline + 1;
      auto text = std::string_view(block).substr(start);
      if (text.ends_with('\n')) text.remove_suffix(1);
      if (const auto line = wire::parse_log_line(text); line && !counter.take(*line)) return wanted_from;
      wanted_from = begin + static_cast<std::int64_t>(start);
      block.resize(start);
    }
  }
  return wanted_from;
}

base::Result<std::unique_ptr<ports::LogStream>> open_log(const std::string& path, const ports::LogQuery& query) {
  base::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return base::fail_errno(errno, "cannot open the container's log");
  base::Fd watch(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!watch || ::inotify_add_watch(watch.get(), path.c_str(), IN_MODIFY | IN_MOVE_SELF | IN_ATTRIB) < 0)
    return base::fail_errno(errno, "cannot watch the container's log");
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return base::fail_errno(errno, "cannot read the container's log");
  const auto offset = query.tail && *query.tail >= 0 ? tail_offset(file.get(), status.st_size, *query.tail) : 0;
  return std::make_unique<FileLog>(path, std::move(file), std::move(watch), query, offset);
}

}  // namespace fairlead::oci

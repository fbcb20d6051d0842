#include "doors/docker/worker_stream.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "doors/docker/stream_io.h"

namespace fairlead::docker {

namespace {
constexpr std::size_t kPiece = 64 << 10;  // what a pipe holds by default
}

base::Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return base::fail_errno(errno, "cannot make a pipe");
  return Pipe{base::Fd(ends[0]), base::Fd(ends[1])};
}

Task<bool> send_stream(Exchange& exchange, base::Fd reading, std::string content_type) {
  using Stream = boost::asio::posix::stream_descriptor;
  Stream stream(co_await boost::asio::this_coro::executor, reading.release());
  boost::system::error_code failure;
  stream.non_blocking(true, failure);
  std::string piece(kPiece, '\0');
  bool begun = false;
  while (true) {
    const std::size_t size = co_await stream.async_read_some(
        boost::asio::buffer(piece), boost::asio::redirect_error(boost::asio::use_awaitable, failure));
    if (failure || size == 0) co_return begun;
    if (!begun) co_await exchange.begin_stream(200, content_type);
    begun = true;
    if (!co_await exchange.write(std::string_view(piece).substr(0, size))) co_return begun;
  }
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace fairlead::docker

#include "wire/stream_frame.h"

namespace fairlead::wire {

void put_frame_header(char* at, StreamKind kind, std::uint32_t length) {
  at[0] = static_cast<char>(kind);
  at[1] = at[2] = at[3] = 0;
  for (int i = 0; i < 4; ++i) at[4 + i] = static_cast<char>(length >> (24 - 8 * i));
}

void append_frame(std::string& out, StreamKind kind, std::string_view payload) {
  char header[frame_header_size];
  put_frame_header(header, kind, static_cast<std::uint32_t>(payload.size()));
  out.append(header, sizeof header);
  out += payload;
}

std::string_view stream_content_type(bool tty, int api_minor) {
  return tty || api_minor < 42 ? "application/vnd.docker.raw-stream" : "application/vnd.docker.multiplexed-stream";
}

}  // namespace fairlead::wire

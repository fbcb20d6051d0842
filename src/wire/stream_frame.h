#pragma once
/// Docker's framing of two output streams in one connection (Engine API, "Stream format" of attach).
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fairlead::wire {

enum class StreamKind : std::uint8_t { output = 1, error = 2 };

inline constexpr std::size_t frame_header_size = 8;

/// Writes `{kind,0,0,0, length as big-endian u32}` to the eight bytes at `at`.
void put_frame_header(char* at, StreamKind kind, std::uint32_t length);
/// Appends a whole frame.
void append_frame(std::string& out, StreamKind kind, std::string_view payload);

/// Content type of attach, exec and logs: raw for a terminal and for API versions before 1.42, else multiplexed.
std::string_view stream_content_type(bool tty, int api_minor);

}  // namespace fairlead::wire

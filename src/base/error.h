#pragma once
#include <expected>
#include <string>
#include <utility>

namespace fairlead::base {

/// What kind of failure it is; the doors map it to their protocol (HTTP status, exit code).
enum class ErrorKind {
  invalid,          ///< the request itself is wrong (HTTP 400)
  forbidden,        ///< understood and not allowed (403)
  not_found,        ///< names nothing that exists (404)
  conflict,         ///< clashes with what exists now (409)
  not_modified,     ///< is already so (304)
  not_implemented,  ///< a part that does not exist here (501)
  unavailable,      ///< needs something that is not there now (503)
  internal,         ///< the machine or this program failed (500)
};

/// One failure, with words for the person who caused or must mend it.
struct Error {
  ErrorKind kind = ErrorKind::internal;
  std::string text;     ///< what is told to the user, Docker's words where Docker has words
  std::string context;  ///< what was being done, for the log; may be empty

  bool operator==(const Error&) const = default;
};

/// A value, or why there is none. Functions that can fail return it; nothing of ours throws across a layer.
template <class T = void>
using Result = std::expected<T, Error>;

/// Shorthand to return a failure from a function that gives a `Result`.
inline std::unexpected<Error> fail(ErrorKind kind, std::string text, std::string context = {}) {
  return std::unexpected(Error{kind, std::move(text), std::move(context)});
}

/// An `internal` error that carries `what` and the meaning of `errno_value` (errno(3)).
std::unexpected<Error> fail_errno(int errno_value, std::string what);

}  // namespace fairlead::base

#include "adapters/sqlite/database.h"

#include <fmt/format.h>

namespace fairlead::sqlite {

base::Error explain(sqlite3* db, const std::string& file, std::string_view doing) {
  const int code = db != nullptr ? sqlite3_errcode(db) & 0xff : SQLITE_NOMEM;
  const char* words = db != nullptr ? sqlite3_errmsg(db) : "out of memory";
  std::string text;
  switch (code) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      text = fmt::format(
          "the records file {0} is damaged ({1}): restore it from a backup, or move {0}, {0}-wal and {0}-shm away and "
          "start "
          "again with no containers and networks known",
          file, words);
      break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      text = fmt::format("the records file {} is held by another program ({}): stop that program", file, words);
      break;
    case SQLITE_FULL:
      text = fmt::format("no room left for the records file {} ({}): free some disk space", file, words);
      break;
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
      text = fmt::format("the records file {} cannot be opened for writing ({}): check its directory and permissions",
                         file, words);
      break;
    default:
      text = fmt::format("the records file {}: {}", file, words);
  }
  return {base::ErrorKind::internal, std::move(text), std::string(doing)};
}

base::Result<void> run(sqlite3* db, const std::string& file, const char* sql) {
  if (sqlite3_exec(db, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return std::unexpected(explain(db, file, sql));
  return {};
}

base::Result<Statement> prepare(sqlite3* db, const std::string& file, std::string_view sql) {
  sqlite3_stmt* raw = nullptr;
  if (sqlite3_prepare_v3(db, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &raw, nullptr) !=
      SQLITE_OK) {
    return std::unexpected(explain(db, file, sql));
  }
  return Statement(raw);
}

}  // namespace fairlead::sqlite

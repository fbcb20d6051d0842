#pragma once
#include <sqlite3.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

namespace fairlead::sqlite {

struct CloseDatabase {
  void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
};
struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;
using Statement = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

/// What SQLite's last failure on `db` means for the person who runs the daemon; `file` is named in it.
base::Error explain(sqlite3* db, const std::string& file, std::string_view doing);
/// Runs SQL that gives no rows.
base::Result<void> run(sqlite3* db, const std::string& file, const char* sql);
/// Compiles one statement that lives as long as the database.
base::Result<Statement> prepare(sqlite3* db, const std::string& file, std::string_view sql);

}  // namespace fairlead::sqlite

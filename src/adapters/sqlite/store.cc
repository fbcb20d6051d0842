#include "adapters/sqlite/store.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <system_error>

#include "adapters/sqlite/database.h"

namespace fairlead::sqlite {
namespace {

constexpr int kSchema = 1;

// NORMAL in WAL mode syncs only at checkpoints. A crash of the daemon (kill -9) loses nothing: what was written sits in
// the kernel's page cache. A power cut may lose the last commits since a checkpoint, never tear one: containers do not
// survive a power cut either, and what is then lost is the newest of their records.
constexpr const char* kPragmas =
    "PRAGMA journal_mode=WAL;"
    "PRAGMA synchronous=NORMAL;"
    "PRAGMA locking_mode=EXCLUSIVE;"  // one daemon per data-root; spares the shared-memory file and lock calls
    "PRAGMA cache_size=-256;"         // KiB: records are read once, at start
    "PRAGMA journal_size_limit=1048576;"
    "PRAGMA temp_store=MEMORY;";

class SqliteStore final : public ports::Store {
 public:
  SqliteStore(Database db, std::string file) : db_(std::move(db)), file_(std::move(file)) {}

  base::Result<void> prepare_all() {
    const std::pair<Statement*, std::string_view> wanted[] = {
        {&begin_, "BEGIN IMMEDIATE"},
        {&commit_, "COMMIT"},
        {&rollback_, "ROLLBACK"},
        {&put_,
         "INSERT INTO record(kind,key,body) VALUES(?1,?2,?3) ON CONFLICT(kind,key) DO UPDATE SET body=excluded.body"},
        {&erase_, "DELETE FROM record WHERE kind=?1 AND key=?2"},
        {&load_, "SELECT kind,key,body FROM record ORDER BY kind,key"},
    };
    for (auto& [slot, sql] : wanted) {
      auto made = prepare(db_.get(), file_, sql);
      if (!made) return std::unexpected(made.error());
      *slot = std::move(*made);
    }
    return {};
  }

  base::Result<std::vector<ports::Record>> load() override {
    std::vector<ports::Record> records;
    int code = SQLITE_ROW;
    while ((code = sqlite3_step(load_.get())) == SQLITE_ROW) {
      records.push_back({column(0), column(1), column(2)});
    }
    const auto failure = code == SQLITE_DONE ? std::nullopt : std::optional(explain(db_.get(), file_, "load records"));
    sqlite3_reset(load_.get());
    if (failure) return std::unexpected(*failure);
    return records;
  }

  base::Result<void> commit(const std::vector<ports::RecordChange>& changes) override {
    if (changes.empty()) return {};
    if (auto begun = step(begin_); !begun) return begun;
    for (const auto& change : changes) {
      Statement& statement = change.body ? put_ : erase_;
      bind(statement, 1, change.kind);
      bind(statement, 2, change.key);
      if (change.body) bind(statement, 3, *change.body);
      if (auto done = step(statement); !done) return give_up(done.error());
    }
    if (auto done = step(commit_); !done) return give_up(done.error());
    return {};
  }

 private:
  std::string column(int index) const {
    const auto* text = static_cast<const char*>(sqlite3_column_blob(load_.get(), index));
    return text == nullptr ? std::string() : std::string(text, sqlite3_column_bytes(load_.get(), index));
  }
  // The caller's strings live until the statement has run, so they are not copied.
  static void bind(Statement& statement, int index, const std::string& text) {
    sqlite3_bind_text64(statement.get(), index, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
  }
  base::Result<void> step(Statement& statement) {
    base::Result<void> result;
    if (sqlite3_step(statement.get()) != SQLITE_DONE)
      result = std::unexpected(explain(db_.get(), file_, sqlite3_sql(statement.get())));
    sqlite3_reset(statement.get());
    sqlite3_clear_bindings(statement.get());
    return result;
  }
  base::Result<void> give_up(base::Error error) {
    // Some failures (disk full, I/O) have already rolled back by themselves.
    if (sqlite3_get_autocommit(db_.get()) == 0) (void)step(rollback_);
    return std::unexpected(std::move(error));
  }

  Database db_;
  std::string file_;
  Statement begin_, commit_, rollback_, put_, erase_, load_;  // declared after the database: finalized before it closes
};

base::Result<int> schema_of(sqlite3* db, const std::string& file) {
  auto statement = prepare(db, file, "PRAGMA user_version");
  if (!statement) return std::unexpected(statement.error());
  if (sqlite3_step(statement->get()) != SQLITE_ROW)
    return std::unexpected(explain(db, file, "read the schema version"));
  return sqlite3_column_int(statement->get(), 0);
}

base::Result<void> bring_up_to_date(sqlite3* db, const std::string& file) {
  const auto version = schema_of(db, file);
  if (!version) return std::unexpected(version.error());
  if (*version > kSchema) {
    return base::fail(
        base::ErrorKind::internal,
        fmt::format(
            "the records file {} was written by a newer fairlead (schema {}, this one knows {}): run that version",
            file, *version, kSchema));
  }
  if (*version == kSchema) return {};
  return run(db, file,
             "BEGIN IMMEDIATE;"
             "CREATE TABLE record(kind TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY(kind,key)) "
             "WITHOUT ROWID;"
             "PRAGMA user_version=1;"
             "COMMIT;");
}

// A damaged page would otherwise surface in the middle of a command; at start it can still be told plainly.
base::Result<void> verify(sqlite3* db, const std::string& file) {
  auto statement = prepare(db, file, "PRAGMA quick_check(1)");
  if (!statement) return std::unexpected(statement.error());
  if (sqlite3_step(statement->get()) != SQLITE_ROW) return std::unexpected(explain(db, file, "check the records file"));
  const std::string word(reinterpret_cast<const char*>(sqlite3_column_text(statement->get(), 0)));
  if (word == "ok") return {};
  return base::fail(
      base::ErrorKind::internal,
      fmt::format(
          "the records file {0} is damaged ({1}): restore it from a backup, or move {0}, {0}-wal and {0}-shm away "
          "and start again with no containers and networks known",
          file, word));
}

}  // namespace

base::Result<std::unique_ptr<ports::Store>> open_store(const std::filesystem::path& file) {
  std::error_code wrong;
  if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path(), wrong);
  if (wrong)
    return base::fail(base::ErrorKind::internal,
                      fmt::format("cannot make {}: {}", file.parent_path().string(), wrong.message()));

  sqlite3* raw = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  const int opened = sqlite3_open_v2(std::filesystem::absolute(file, wrong).c_str(), &raw, flags, nullptr);
  Database db(raw);
  if (opened != SQLITE_OK) return std::unexpected(explain(raw, file.string(), "open the records file"));
  // Container environments hold secrets: nobody but root reads the records.
  if (::chmod(file.c_str(), 0600) != 0) return base::fail_errno(errno, "chmod " + file.string());
  sqlite3_busy_timeout(raw, 250);

  if (auto done = run(raw, file.string(), kPragmas); !done) return std::unexpected(done.error());
  if (auto done = verify(raw, file.string()); !done) return std::unexpected(done.error());
  if (auto done = bring_up_to_date(raw, file.string()); !done) return std::unexpected(done.error());
  auto store = std::make_unique<SqliteStore>(std::move(db), file.string());
  if (auto done = store->prepare_all(); !done) return std::unexpected(done.error());
  return store;
}

}  // namespace fairlead::sqlite

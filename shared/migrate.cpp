#include "migrate.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <thread>

namespace smartflow {
namespace {

/// "smartflo" in ASCII: the session's advisory lock (of one database), held through the whole run.
constexpr const char *lock_key = "8317411231030209647";

constexpr int attempts = 10;
constexpr auto pause = std::chrono::milliseconds(200); ///< before the second attempt; then growing

struct Migration {
    int version;
    std::string name;
    const SqlFile *file;
    std::string checksum;
};

std::string padded(int version)
{
    const std::string digits = std::to_string(version);
    return std::string(digits.size() < 4 ? 4 - digits.size() : 0, '0') + digits;
}

/// The tree's migrations in their order.
/// \throws MigrationError for a name of another form and for a gap
std::vector<Migration> numbered(const SqlTree &tree)
{
    std::vector<Migration> migrations;
    for (const SqlFile &file : tree.migrations) {
        const std::string &name = file.name;
        const bool form = name.size() > 9 && name.find_first_not_of("0123456789") == 4 &&
                          name[4] == '_' && name.substr(name.size() - 4) == ".sql";
        if (!form) {
            throw MigrationError(name + ": a migration's file is named like 0001_name.sql");
        }
        migrations.push_back(
            {std::stoi(name.substr(0, 4)), name.substr(5, name.size() - 9), &file, ""});
    }
    std::sort(migrations.begin(), migrations.end(),
              [](const Migration &a, const Migration &b) { return a.version < b.version; });
    int expected = 1;
    for (const Migration &migration : migrations) {
        if (migration.version < expected) {
            throw MigrationError("there are two migrations " + padded(migration.version));
        }
        if (migration.version > expected) {
            throw MigrationError("migration " + padded(expected) + " is missing");
        }
        ++expected;
    }
    return migrations;
}

/// Makes sure of the server and settles what its configuration could have otherwise.
void prepare_session(AdminConnection &database)
{
    const auto version = database.value("select current_setting('server_version_num')");
    if (std::stoi(version.value_or("0")) < 150000) {
        throw MigrationError("the server must be PostgreSQL 15 or newer");
    }
    if (database.value("select current_setting('server_encoding')") != "UTF8") {
        throw MigrationError("the database's encoding must be UTF8");
    }
    // The server's own limits would end the wait for the lock or a long migration halfway.
    database.run("set statement_timeout = 0; set lock_timeout = 0;"
                 "set idle_in_transaction_session_timeout = 0; set idle_session_timeout = 0;"
                 "set default_transaction_read_only = off; set standard_conforming_strings = on;"
                 "set synchronous_commit = on; set timezone = 'UTC'; set row_security = off;"
                 "set default_transaction_isolation = 'read committed'");
}

void take_lock(AdminConnection &database, const LineSink &log)
{
    const std::string key = lock_key;
    if (database.value("select pg_try_advisory_lock(" + key + ")") != "t") {
        log("another migration is running: waiting for it");
        database.rows("select pg_advisory_lock(" + key + ")");
    }
}

void make_history(AdminConnection &database)
{
    if (database.value("select to_regclass('smartflow.migrations')")) {
        return;
    }
    database.run(R"(begin;
create schema if not exists smartflow;
create table smartflow.migrations (
    id          bigint generated always as identity primary key,
    version     integer not null check (version > 0),
    name        text not null,
    checksum    text not null check (checksum ~ '^[0-9a-f]{64}$'),
    status      text not null check (status in ('applied', 'failed')),
    started_at  timestamptz(3) not null,
    duration_ms bigint not null,
    error       text,
    check ((status = 'failed') = (error is not null))
);
create unique index migrations_applied on smartflow.migrations (version) where status = 'applied';
comment on table smartflow.migrations is
    'Every attempt of a numbered migration; written by the migrator itself.';
commit;)");
}

/// Whether a later migration says that it makes up for an earlier text of one, by a line of its
/// own:
/// `-- completes 0001 CHECKSUM`.
bool completes(const std::vector<Migration> &migrations, int version, const std::string &checksum)
{
    const std::string line = "-- completes " + padded(version) + " " + checksum + "\n";
    return std::any_of(migrations.begin(), migrations.end(), [&](const Migration &later) {
        return later.version > version && later.file->text.find(line) != std::string::npos;
    });
}

/// Sets checksums and drops what the database has already.
/// \throws MigrationError when the two don't belong together
std::vector<Migration> pending(AdminConnection &database, std::vector<Migration> migrations)
{
    for (Migration &migration : migrations) {
        migration.checksum = database
                                 .value("select encode(sha256(convert_to($1, 'UTF8')), 'hex')",
                                        {migration.file->text})
                                 .value_or("");
    }
    const auto applied = database.rows("select version, name, checksum from smartflow.migrations "
                                       "where status = 'applied' order by version");
    const int newest = migrations.empty() ? 0 : migrations.back().version;
    std::string wrong;
    int expected = 1;
    for (const auto &row : applied) {
        const int version = std::stoi(*row[0]);
        const std::string title = padded(version) + "_" + *row[1];
        if (version > newest) {
            wrong += "\nthe database is newer than this program: it has " + title +
                     ", the program's last is " + padded(newest);
        } else if (migrations[static_cast<std::size_t>(version) - 1].checksum != *row[2] &&
                   !completes(migrations, version, *row[2])) {
            wrong += "\n" + title + " was changed after it had been applied";
        }
        for (; expected < version; ++expected) {
            wrong += "\n" + padded(expected) + " isn't applied, though " + title + " is";
        }
        expected = version + 1;
    }
    if (!wrong.empty()) {
        throw MigrationError("nothing was migrated:" + wrong);
    }
    migrations.erase(migrations.begin(), migrations.begin() + (expected - 1));
    return migrations;
}

/// Whether the same may succeed a moment later: a lock not got in time, a deadlock, two migrators
/// of two databases that change the same role at once.
bool is_passing(const AdminError &error)
{
    const std::string &state = error.sqlstate();
    return state == "55P03" || state == "40P01" || state == "40001" ||
           (state == "XX000" &&
            std::string(error.what()).find("concurrently") != std::string::npos);
}

/// Runs the work as one transaction, again where that may help.
/// \throws what the work throws; the transaction is undone then
template <typename Work>
void in_transaction(AdminConnection &database, const Work &work)
{
    for (int attempt = 1;; ++attempt) {
        try {
            database.run("begin; set local lock_timeout = '2s'");
            work();
            database.run("commit");
            return;
        } catch (const AdminError &error) {
            database.run("rollback");
            if (attempt == attempts || !is_passing(error)) {
                throw;
            }
        } catch (...) {
            database.run("rollback");
            throw;
        }
        std::this_thread::sleep_for(pause * attempt); // nothing is locked meanwhile
    }
}

/// Runs a file inside the transaction that is open.
/// \throws MigrationError when the file ended it
void run_text(AdminConnection &database, const std::string &text)
{
    database.run(text);
    if (!database.in_transaction()) {
        throw MigrationError("the file must not begin or end a transaction itself");
    }
}

void write_history(AdminConnection &database, const Migration &migration,
                   const std::string &started, std::chrono::steady_clock::time_point since,
                   const AdminConnection::Value &error)
{
    const auto spent = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - since);
    database.rows("insert into smartflow.migrations "
                  "(version, name, checksum, status, started_at, duration_ms, error) "
                  "values ($1, $2, $3, $4, $5, $6, $7)",
                  {std::to_string(migration.version), migration.name, migration.checksum,
                   error ? "failed" : "applied", started, std::to_string(spent.count()), error});
}

void apply(AdminConnection &database, const Migration &migration, const LineSink &log)
{
    const auto since = std::chrono::steady_clock::now();
    const std::string started = database.value("select clock_timestamp()").value_or("");
    const std::string &file = migration.file->name;
    try {
        in_transaction(database, [&] {
            database.run("set local search_path = smartflow, public");
            run_text(database, migration.file->text);
            write_history(database, migration, started, since, std::nullopt);
        });
    } catch (const std::runtime_error &error) {
        write_history(database, migration, started, since, error.what());
        throw MigrationError(file + " failed: " + error.what());
    }
    log(file + " applied");
}

/// What a table could lose when an object that it uses is dropped with CASCADE: columns, defaults,
/// constraints, indexes.
std::set<std::string> parts_of_tables(AdminConnection &database)
{
    const auto rows = database.rows(R"(
        select format('column %s.%s', attrelid::regclass, attname)
          from pg_attribute join pg_class on pg_class.oid = attrelid
         where relnamespace = 'smartflow'::regnamespace and relkind in ('r', 'p')
           and attnum > 0 and not attisdropped
        union all
        select format('default of %s.%s', attrelid::regclass, attname)
          from pg_attribute join pg_class on pg_class.oid = attrelid
         where relnamespace = 'smartflow'::regnamespace and relkind in ('r', 'p') and atthasdef
        union all
        select format('constraint %s of %s', conname, conrelid::regclass)
          from pg_constraint where connamespace = 'smartflow'::regnamespace
        union all
        select format('%s %s', case relkind when 'i' then 'index' else 'relation' end,
                      pg_class.oid::regclass)
          from pg_class where relnamespace = 'smartflow'::regnamespace)");
    std::set<std::string> parts;
    for (const auto &row : rows) {
        parts.insert(row.front().value_or(""));
    }
    return parts;
}

void drop_functions(AdminConnection &database)
{
    const auto before = parts_of_tables(database);
    database.run("drop schema if exists smartflow_api cascade; create schema smartflow_api");
    const auto after = parts_of_tables(database);
    std::string lost;
    for (const std::string &part : before) {
        lost += after.count(part) == 0 ? "\n" + part : "";
    }
    if (!lost.empty()) {
        throw MigrationError("nothing was reloaded, since these of schema smartflow use the schema "
                             "smartflow_api and would have been dropped with it:" +
                             lost);
    }
}

/// roles.sql with the families in place of `:families`.
std::string roles_text(const SqlTree &tree)
{
    static const std::string placeholder = ":families";
    std::string list;
    for (const std::string &family : tree.families) {
        if (family.empty() || family.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") !=
                                  std::string::npos) {
            throw MigrationError("\"" + family + "\" can't be a family's name");
        }
        list += (list.empty() ? "'" : ", '") + family + "'";
    }
    list = "array[" + list + "]::text[]";
    std::string text = tree.roles.text;
    for (std::size_t at = 0; (at = text.find(placeholder, at)) != std::string::npos;
         at += list.size()) {
        text.replace(at, placeholder.size(), list);
    }
    return text;
}

void run_file(AdminConnection &database, const std::string &name, const std::string &text)
{
    database.run("set local search_path = smartflow_api, smartflow, public");
    try {
        run_text(database, text);
    } catch (const AdminError &error) {
        throw AdminError(name + ": " + error.what(), error.sqlstate());
    }
}

/// The schema smartflow_api and the roles, anew, in one transaction.
void reload(AdminConnection &database, const SqlTree &tree)
{
    std::vector<const SqlFile *> files;
    files.reserve(tree.functions.size());
    for (const SqlFile &file : tree.functions) {
        files.push_back(&file);
    }
    std::sort(files.begin(), files.end(),
              [](const SqlFile *a, const SqlFile *b) { return a->name < b->name; });
    const std::string roles = roles_text(tree);
    in_transaction(database, [&] {
        // "drop cascades to 90 other objects" is no news for anybody.
        database.run("set local client_min_messages = warning");
        drop_functions(database);
        for (const SqlFile *file : files) {
            run_file(database, file->name, file->text);
        }
        run_file(database, tree.roles.name, roles);
    });
}

} // namespace

void migrate(const std::string &url, const SqlTree &tree, const LineSink &log)
{
    const std::vector<Migration> migrations = numbered(tree);
    AdminConnection database(url, log);
    prepare_session(database);
    take_lock(database, log);
    make_history(database);
    const std::vector<Migration> missing = pending(database, migrations);
    for (const Migration &migration : missing) {
        apply(database, migration, log);
    }
    reload(database, tree);
    log("the database is at version " + std::to_string(migrations.size()) +
        (missing.empty() ? ", as before" : "") + "; its functions are reloaded");
}

} // namespace smartflow

#include "backup.hpp"

#include "backup_export.hpp"
#include "backup_file.hpp"
#include "backup_stage.hpp"
#include "error.hpp"
#include "housekeeping.hpp"
#include "long_work.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <regex>
#include <sys/file.h>
#include <unistd.h>
#include <vector>

namespace smartflow {

namespace {

namespace fs = std::filesystem;

constexpr auto a_day = std::chrono::hours(24);

/// The owner's connection finds the functions, and takes as long as it takes.
void prepare(AdminConnection &database)
{
    database.run("set search_path = smartflow_api, smartflow, pg_temp; set statement_timeout = 0;"
                 "set idle_in_transaction_session_timeout = 0; set synchronous_commit = on;"
                 "set timezone = 'UTC'; set datestyle = 'ISO'");
}

/// Whoever holds it is the only one who makes backups in the folder.
class FolderLock
{
public:
    explicit FolderLock(const fs::path &folder)
        : descriptor_(::open((folder / ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600))
    {
        if (descriptor_ < 0) {
            throw FileError((folder / ".lock").string() + ": " + std::strerror(errno));
        }
        if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
            ::close(descriptor_);
            throw BackupFailure("another backup is being made in " + folder.string());
        }
    }
    ~FolderLock() { ::close(descriptor_); }
    FolderLock(const FolderLock &) = delete;
    FolderLock &operator=(const FolderLock &) = delete;

private:
    int descriptor_;
};

/// The backups of a folder, oldest first: their names begin with their time.
/// \param suffix what stands behind a proven one's name: ".part", ".unproven", or nothing
std::vector<fs::path> backups_in(const fs::path &folder, const std::string &suffix = "")
{
    static const std::regex proven(R"(smartflow-\d{4}-\d\d-\d\dT\d{6}Z\.json\.gz)");
    std::vector<fs::path> found;
    for (const auto &entry : fs::directory_iterator(folder)) {
        std::string name = entry.path().filename().string();
        if (name.size() < suffix.size() ||
            name.compare(name.size() - suffix.size(), suffix.size(), suffix) != 0) {
            continue;
        }
        name.resize(name.size() - suffix.size());
        if (std::regex_match(name, proven)) {
            found.push_back(entry.path());
        }
    }
    std::sort(found.begin(), found.end());
    return found;
}

bool is_due(const fs::path &folder)
{
    const auto found = backups_in(folder);
    return found.empty() ||
           fs::file_time_type::clock::now() - fs::last_write_time(found.back()) > a_day;
}

/// smartflow-2025-11-28T103000Z.json.gz
std::string file_name(const std::string &exported_at)
{
    std::string at = exported_at.substr(0, 19);
    at.erase(16, 1).erase(13, 1);
    return "smartflow-" + at + "Z.json.gz";
}

std::string lines(const std::vector<std::string> &all)
{
    std::string text;
    for (const std::string &line : all) {
        text += "\n  " + line;
    }
    return text;
}

/// Reads the file into temporary tables of the transaction that is open.
Staged stage_file(AdminConnection &database, const std::string &path, std::int64_t newest_schema,
                  const std::function<void(int)> &progress)
{
    InputFile file(path);
    database.run("select stage_open(current_user)");
    try {
        return stage_backup(
            database, [&](char *into, std::size_t size) { return file.read(into, size); },
            newest_schema,
            [&](bool secrets) {
                database.run(std::string("select stage_reopen(") + (secrets ? "true" : "false") +
                             ")");
            },
            [&](std::uint64_t) {
                if (progress) {
                    progress(file.percent());
                }
            });
    } catch (const BackupError &error) {
        throw BackupFailure(path + ": " + error.what());
    }
}

/// \returns the problems, which are on record then
std::vector<std::string> verify_file(AdminConnection &database, const std::string &path,
                                     std::int64_t newest_schema,
                                     const std::function<void(int)> &progress)
{
    database.run("begin");
    const Staged staged = stage_file(database, path, newest_schema, progress);
    if (!staged.in_tables) {
        database.run("rollback; begin");
    }
    std::vector<std::string> problems;
    for (const auto &row : database.rows("select unnest(verified($1))", {staged_json(staged)})) {
        problems.push_back(row[0].value_or(""));
    }
    database.run("commit");
    return problems;
}

Exported export_file(AdminConnection &database, OutputFile &file, const std::string &opened)
{
    Exported exported = write_backup(database, opened, [&](std::string_view part) {
        file.write(part);
        return true;
    });
    file.close();
    return exported;
}

/// Removes the oldest of `found`, down to so many.
void rotate(std::vector<fs::path> found, std::size_t keep, const LineSink &log)
{
    while (found.size() > keep) {
        fs::remove(found.front());
        log("removed " + found.front().string());
        found.erase(found.begin());
    }
}

} // namespace

std::string make_backup(const std::string &url, const BackupPlan &plan, std::int64_t newest_schema,
                        const LineSink &log)
{
    const fs::path folder = plan.folder;
    if (fs::create_directories(folder)) {
        fs::permissions(folder, fs::perms::owner_all);
    }
    const FolderLock lock(folder);
    rotate(backups_in(folder, ".part"), 0, log); // of runs that were killed
    if (plan.daily && !is_due(folder)) {
        return "";
    }
    AdminConnection database(url);
    prepare(database);
    database.rows("select audit('export', 'backup', null, differences(null, $1))",
                  {std::string(R"({"by":"smartflow backup","secrets":)") +
                   (plan.secrets ? "true}" : "false}")});
    seal_audit_trail(database);
    database.run("begin isolation level repeatable read read only");
    const std::string opened =
        database.value(std::string("select open_backup(") + (plan.secrets ? "true)" : "false)"))
            .value_or("");
    std::string path = (folder / file_name(parse_json(opened).find("exportedAt")->text)).string();
    OutputFile file(path);
    const Exported exported = export_file(database, file, opened);
    database.run("commit");
    database.rows("select keep_backup($1)", {exported_json(exported)});
    log("exported " + exported.counts);
    const auto problems = verify_file(database, file.part(), newest_schema, {});
    if (!problems.empty()) {
        file.keep(".unproven");
        rotate(backups_in(folder, ".unproven"), 1, log); // tried every hour, they'd fill the disk
        throw BackupFailure(path + ".unproven can't be restored as it is:" + lines(problems));
    }
    file.keep();
    log("proven: " + path);
    if (plan.keep > 0) {
        rotate(backups_in(folder), static_cast<std::size_t>(plan.keep), log);
    }
    return path;
}

void restore_backup(const std::string &url, const std::string &file, bool replace,
                    std::int64_t newest_schema, const LineSink &log,
                    const std::function<void(int percent)> &progress)
{
    AdminConnection database(url);
    prepare(database);
    if (!replace && database.value("select shop_is_empty()") != "t") {
        throw BackupFailure("there are products or orders already; --replace replaces them");
    }
    database.run("begin");
    const Staged staged = stage_file(database, file, newest_schema, progress);
    if (!staged.problems.empty()) {
        throw BackupFailure(file + " can't be restored:" + lines(staged.problems));
    }
    log("the file is whole; checking and moving what it holds");
    try {
        database.rows("select restore_staged($1, $2)",
                      {staged_json(staged), replace ? "true" : "false"});
        database.run("commit");
    } catch (const AdminError &failure) {
        const Error error = error_of(failure);
        if (error.code() != Code::validation_error && error.code() != Code::invalid_operation) {
            throw;
        }
        std::vector<std::string> reasons;
        for (const auto &[name, reason] : error.details()) {
            reasons.push_back(reason);
        }
        throw BackupFailure(std::string(error.what()) + lines(reasons));
    }
    std::string counts;
    append_json(counts, staged.facts.counts);
    log("restored " + counts + " as of " + staged.facts.exported_at);
}

void verify_backup(const std::string &url, const std::string &file, std::int64_t newest_schema,
                   const LineSink &log, const std::function<void(int percent)> &progress)
{
    AdminConnection database(url);
    prepare(database);
    const auto problems = verify_file(database, file, newest_schema, progress);
    if (!problems.empty()) {
        throw BackupFailure(file + " can't be restored as it is:" + lines(problems));
    }
    log(file + " can be restored");
}

} // namespace smartflow

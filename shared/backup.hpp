#ifndef SMARTFLOW_BACKUP_HPP
#define SMARTFLOW_BACKUP_HPP

#include "admin_connection.hpp"

#include <cstdint>
#include <stdexcept>
#include <string>

namespace smartflow {

/// A backup that can't be made, proven or restored: the message says why, in several lines where
/// there are several reasons.
class BackupFailure : public std::runtime_error
{
public:
    using std::runtime_error::runtime_error;
};

/// How backups are made.
struct BackupPlan {
    std::string folder;
    int keep = 0;         ///< so many proven ones at most, the newest; 0: all
    bool daily = false;   ///< nothing is done while the newest one is younger than a day
    bool secrets = false; ///< with the users' password hashes
};

/// Exports into a new file of the folder, proves that it restores, and removes those that are
/// beyond the number to keep; of what couldn't be proven the newest is kept beside them under
/// another name, and no proven one is removed then. What a killed run left halfway goes. One at a
/// time in a folder. \param newest_schema the version of the database that this program knows
/// \param log gets a line for each step
/// \returns the file's name; empty where it isn't time yet
/// \throws BackupFailure, FileError, AdminError
std::string make_backup(const std::string &url, const BackupPlan &plan, std::int64_t newest_schema,
                        const LineSink &log);

/// Restores a file, compressed or not, all or nothing; `progress` gets the percentage now and then.
/// \throws BackupFailure, FileError, AdminError
void restore_backup(const std::string &url, const std::string &file, bool replace,
                    std::int64_t newest_schema, const LineSink &log,
                    const std::function<void(int percent)> &progress);

/// Proves that a file restores; nothing is changed but that it is on record.
/// \throws BackupFailure where it doesn't, FileError, AdminError
void verify_backup(const std::string &url, const std::string &file, std::int64_t newest_schema,
                   const LineSink &log, const std::function<void(int percent)> &progress);

} // namespace smartflow

#endif

#ifndef SMARTFLOW_BACKUP_STAGE_HPP
#define SMARTFLOW_BACKUP_STAGE_HPP

#include "admin_connection.hpp"
#include "backup_read.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace smartflow {

/// An export that was read into the temporary tables of a transaction
/// (sql/functions/10_stage.sql).
struct Staged {
    BackupFacts facts;
    std::vector<std::string> problems; ///< why it can't be restored; empty: nothing was found yet
    bool in_tables = false;            ///< all of it is in the temporary tables
};

/// Has smartflow_api.stage_reopen called, by whoever may. \param secrets as the file has them
using Reopen = std::function<void(bool secrets)>;

/// Told now and then how far the file was read, in bytes.
using Progress = std::function<void(std::uint64_t bytes)>;

/// Reads an export into the temporary tables, by COPY, and compares what is in them with the file,
/// byte for byte. What is wrong with the file is in the result; its audit trail is held against the
/// head that it states.
/// \param connection in a transaction in which smartflow_api.stage_open was called; it is lost
/// where
///        the result isn't in_tables
/// \throws BackupError for what is no JSON at all
/// \throws AdminError  when the database fails
Staged stage_backup(AdminConnection &connection, const ByteSource &source,
                    std::int64_t newest_schema, const Reopen &reopen,
                    const Progress &progress = {});

/// What smartflow_api.restore_staged takes of an export.
std::string staged_json(const Staged &staged);

} // namespace smartflow

#endif

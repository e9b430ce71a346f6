#ifndef SMARTFLOW_BACKUP_EXPORT_HPP
#define SMARTFLOW_BACKUP_EXPORT_HPP

#include "admin_connection.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace smartflow {

/// Takes a part of a file. \returns false when nothing more is wanted
using ByteSink = std::function<bool(std::string_view bytes)>;

/// What an export came to.
struct Exported {
    bool whole = false;      ///< every byte was taken
    std::uint64_t bytes = 0; ///< of the whole file
    std::string sha256;      ///< over every byte before the file's own key of it, hex
    std::string counts;      ///< rows by section, as a JSON object
    std::string at;          ///< exportedAt, RFC 3339
};

/// The newest form of the file that is written and read.
inline constexpr int backup_version = 1;

/// How an export ends: after its digest's key.
inline constexpr std::string_view backup_digest_key = "\"sha256\":\"";

/// Writes an export (contract, section 8, export-json) in constant memory.
/// \param connection in a transaction in which smartflow_api.open_backup has opened the sections
/// \param opened     what open_backup gave
/// \throws AdminError, Error
Exported write_backup(AdminConnection &connection, std::string_view opened, const ByteSink &sink);

/// What smartflow_api.keep_backup takes of an export.
std::string exported_json(const Exported &exported);

} // namespace smartflow

#endif

#ifndef SMARTFLOW_AUDIT_TRAIL_HPP
#define SMARTFLOW_AUDIT_TRAIL_HPP

#include "admin_connection.hpp"
#include "audit_chain.hpp"

#include <string>

namespace smartflow {

/// Seals what can be sealed and gives the end of every chain, as exports carry it (`auditHead`).
/// \throws AdminError
std::string audit_head_json(AdminConnection &database);

/// The same for people, a line a chain: `1234 rows through 1240: HEX, sealed 2025-11-28T…Z`.
/// \throws AdminError
std::string audit_head_text(AdminConnection &database);

/// Checks a file without any database: an export, by the head it carries, or a JSON array of the
/// whole trail, as `action=audit-logs` gives it, by the one that was kept; compressed or not.
/// \param kept          a head that was kept elsewhere, in hex; empty for none
/// \param newest_schema the version of the database that this program knows
/// \throws std::runtime_error for a file that can't be read or is no whole export, UsageError for a
///         list without a head
AuditReport check_audit_file(const std::string &path, const std::string &kept,
                             std::int64_t newest_schema);

} // namespace smartflow

#endif

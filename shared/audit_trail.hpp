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

/// Checks a file without any database: a JSON array of the whole trail, as `action=audit-logs`
/// gives it.
/// \param kept a head that was kept elsewhere, in hex; empty for none
/// \throws std::runtime_error for a file that can't be read, UsageError for a list without a head
AuditReport check_audit_file(const std::string &path, const std::string &kept);

} // namespace smartflow

#endif

#include "answers.hpp"
#include "families.hpp"
#include "long_work.hpp"
#include "pages.hpp"
#include "sql_version.hpp"

namespace smartflow::handlers {

namespace {

/// 503 when unhealthy, with the same body: it is no error of the request.
Response health(Inquiry &inquiry)
{
    inquiry.arguments.input = "{\"schemaVersion\":" + std::to_string(schema_version) + "}";
    const Reply reply = inquiry.call(inquiry.route.function, inquiry.arguments, {});
    return {reply.status, {{"Content-Type", "application/json"}}, *reply.body};
}

/// Every check in one snapshot, for as long as it takes.
Response integrity(Inquiry &inquiry)
{
    LongWork work(inquiry.settings, inquiry.family);
    work.run("begin isolation level repeatable read");
    const Reply reply = work.call(inquiry.route.function, inquiry.arguments);
    work.run("commit");
    return to_response(reply);
}

// clang-format off
constexpr const char *audit_actions[] = {"create", "update", "delete", "login", "login_failed",
                                         "logout", "export", "import", "verify", "restore"};
constexpr const char *audit_entities[] = {"product", "order", "workflow", "user", "token", "session", "backup"};

constexpr const char *formats[] = {"json", "csv"};

constexpr Rule audit_filters[] = {
    {"user", Type::id, optional, 0, 0, {}, {}, "Whose doing it was."},
    {"entity", Type::choice, optional, 0, 0, audit_entities},
    {"entityId", Type::id},
    {"actionType", Type::choice, optional, 0, 0, audit_actions},
    {"from", Type::moment, optional, 0, 0, {}, {}, "At or after; a date is its midnight in TIMEZONE."},
    {"to", Type::moment, optional, 0, 0, {}, {}, "Before."},
    {"format", Type::choice, optional, 0, 0, formats, {}, "`csv`: for a spreadsheet."},
    {"origin", Type::integer, optional, 0, INT64_MAX, {}, {}, "0: what was written here; else a segment that a restore brought."},
};
constexpr auto audit_query = with_paging(audit_filters);

constexpr Route routes[] = {
    {"GET", "/api/admin/database", "admin_database_health", 200, "Health", "Check database health", {}, {},
     Access::admin, health, "health"},
    {"GET", "/api/admin/database", "admin_database_summary", 200, "Summary", "Get data summary", {}, {},
     Access::admin, nullptr, "summary"},
    {"GET", "/api/admin/database", "admin_database_integrity", 200, "Integrity", "Validate data integrity", {}, {},
     Access::admin, integrity, "integrity"},
    {"GET", "/api/admin/database", "admin_database_audit_list", 200, "AuditLog", "View the audit trail", {}, audit_query,
     Access::admin, nullptr, "audit-logs"},
};
// clang-format on

} // namespace

const Family admin_database{"admin_database", routes};

} // namespace smartflow::handlers

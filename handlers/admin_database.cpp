#include "families.hpp"
#include "long_work.hpp"
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
constexpr Route routes[] = {
    {"GET", "/api/admin/database", "admin_database_health", 200, "Health", "Check database health", {}, {},
     Access::admin, health, "health"},
    {"GET", "/api/admin/database", "admin_database_summary", 200, "Summary", "Get data summary", {}, {},
     Access::admin, nullptr, "summary"},
    {"GET", "/api/admin/database", "admin_database_integrity", 200, "Integrity", "Validate data integrity", {}, {},
     Access::admin, integrity, "integrity"},
};
// clang-format on

} // namespace

const Family admin_database{"admin_database", routes};

} // namespace smartflow::handlers

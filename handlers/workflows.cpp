#include "families.hpp"
#include "pages.hpp"

namespace smartflow::handlers {

namespace {

// clang-format off
constexpr const char *triggers[] = {"New Order", "Low Stock", "Order Completed"};
constexpr const char *actions[] = {"Send Notification", "Reduce Stock", "Assign Staff"};
constexpr const char *outcomes[] = {"done", "skipped", "failed"};
constexpr const char *states[] = {"pending", "delivered", "failed"};
constexpr const char *sorts[] = {"id", "-id"};

// What conditions and config hold depends on trigger, action and users: SQL checks it whole.
constexpr Rule workflow[] = {
    {"name", Type::text, not_null, 1, 200},
    {"trigger", Type::choice, required, 0, 0, triggers},
    {"action", Type::choice, required, 0, 0, actions},
    {"enabled", Type::boolean, not_null},
    {"conditions", Type::any, not_null, 0, 0, {}, {}, "All of them must hold.", "Conditions"},
    {"config", Type::any, not_null, 0, 0, {}, {}, "Of Assign Staff: userId. Of Send Notification: channels, to, url, message.", "Config"},
    {"id", Type::id, read_only},
    {"warnings", Type::any, read_only},
    {"createdAt", Type::instant, read_only},
    {"updatedAt", Type::instant, read_only},
};

constexpr Rule run_filters[] = {
    {"ruleId", Type::id},
    {"trigger", Type::choice, optional, 0, 0, triggers},
    {"outcome", Type::choice, optional, 0, 0, outcomes},
    {"orderId", Type::id},
    {"productId", Type::id},
    {"from", Type::moment, optional, 0, 0, {}, {}, "At or after; a date is its midnight in TIMEZONE."},
    {"to", Type::moment, optional, 0, 0, {}, {}, "Before."},
    {"sort", Type::choice, optional, 0, 0, sorts, {}, "`-id`: the newest first."},
};
constexpr auto runs = with_paging(run_filters);

constexpr Rule delivery_filters[] = {
    {"runId", Type::id},
    {"state", Type::choice, optional, 0, 0, states},
    {"sort", Type::choice, optional, 0, 0, sorts, {}, "`-id`: the newest first."},
};
constexpr auto deliveries = with_paging(delivery_filters);

constexpr Rule preview_query[] = {
    {"days", Type::integer, optional, 1, 366, {}, {}, "How far to look back; 30 by default."},
};

constexpr Route routes[] = {
    {"GET", "/api/workflows", "workflows_list", 200, "Workflow", "List rules", {}, paging_rules},
    {"POST", "/api/workflows", "workflows_create", 201, "SavedWorkflow", "Create a rule", workflow},
    {"GET", "/api/workflows/{id}", "workflows_read", 200, "SavedWorkflow", "Read a rule"},
    {"PATCH", "/api/workflows/{id}", "workflows_update", 200, "SavedWorkflow", "Change a rule", workflow},
    {"DELETE", "/api/workflows/{id}", "workflows_delete", 204, "", "Delete a rule"},
    {"GET", "/api/workflows/runs", "workflows_runs_list", 200, "Run", "List what rules did, and why", {}, runs},
    {"POST", "/api/workflows/preview", "workflows_preview", 200, "Preview",
     "Ask what a rule would have done", workflow, preview_query},
    {"GET", "/api/workflows/deliveries", "workflows_deliveries_list", 200, "Delivery",
     "List mails and webhooks with their attempts", {}, deliveries},
    {"POST", "/api/workflows/deliveries/{id}/retry", "workflows_deliveries_retry", 202, "Delivery",
     "Send a mail or webhook again"},
};
// clang-format on

} // namespace

const Family workflows{"workflows", routes};

} // namespace smartflow::handlers

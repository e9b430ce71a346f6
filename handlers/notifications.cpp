#include "families.hpp"
#include "pages.hpp"

namespace smartflow::handlers {

namespace {

// clang-format off
constexpr const char *sorts[] = {"id", "-id"};

constexpr Rule filters[] = {
    {"unread", Type::boolean, optional, 0, 0, {}, {}, "`true`: only unread ones; with count, how many."},
    {"sort", Type::choice, optional, 0, 0, sorts, {}, "`-id`: the newest first."},
};
constexpr auto listing = with_paging(filters);

constexpr Rule notification[] = {
    {"read", Type::boolean, not_null},
    {"id", Type::id, read_only},
    {"message", Type::text, read_only},
    {"orderId", Type::id, read_only},
    {"productId", Type::id, read_only},
    {"ruleId", Type::id, read_only},
    {"createdAt", Type::instant, read_only},
};

constexpr Route routes[] = {
    {"GET", "/api/notifications", "notifications_list", 200, "Notification", "List one's own notifications", {}, listing},
    {"GET", "/api/notifications/{id}", "notifications_read", 200, "Notification", "Read one"},
    {"PATCH", "/api/notifications/{id}", "notifications_update", 200, "Notification", "Mark as read or unread", notification},
};
// clang-format on

} // namespace

const Family notifications{"notifications", routes};

} // namespace smartflow::handlers

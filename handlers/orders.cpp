#include "families.hpp"
#include "pages.hpp"

namespace smartflow::handlers {

namespace {

// clang-format off
constexpr const char *statuses[] = {"Pending", "Processing", "Completed"};

constexpr Rule item[] = {
    {"productId", Type::id, required},
    {"quantity", Type::positive, required},
    {"price", Type::money, not_null, 0, 0, {}, {}, "Of one; the product's when left out."},
    {"productName", Type::text, read_only},
    {"lineTotal", Type::money, read_only},
};

constexpr Rule order[] = {
    {"customerName", Type::text, required, 1, 200},
    {"customerEmail", Type::email, optional, 1, 320},
    {"items", Type::list, required, 1, 500, {}, item},
    {"status", Type::choice, not_null, 0, 0, statuses, {}, "Completed is final."},
    {"notes", Type::long_text, optional, 1, 10000},
    {"assignedTo", Type::id, optional, 0, 0, {}, {}, "An active user's id."},
    {"id", Type::id, read_only},
    {"total", Type::money, read_only},
    {"stockReduced", Type::boolean, read_only},
    {"createdAt", Type::instant, read_only},
    {"updatedAt", Type::instant, read_only},
    {"completedAt", Type::instant, read_only},
};

constexpr const char *sorts[] = {"id",    "-id",    "createdAt",    "-createdAt",
                                 "total", "-total", "customerName", "-customerName"};

constexpr Rule filters[] = {
    {"status", Type::choice, optional, 0, 0, statuses},
    {"search", Type::text, optional, 1, 200, {}, {}, "Part of the customer's name, in any case."},
    {"productId", Type::id},
    {"assignedTo", Type::id},
    {"from", Type::moment, optional, 0, 0, {}, {}, "Created at or after; a date is its midnight in TIMEZONE."},
    {"to", Type::moment, optional, 0, 0, {}, {}, "Created before."},
    {"sort", Type::choice, optional, 0, 0, sorts},
};
constexpr auto listing = with_paging(filters);

constexpr Route routes[] = {
    {"GET", "/api/orders", "orders_list", 200, "Order", "List orders", {}, listing},
    {"POST", "/api/orders", "orders_create", 201, "Order", "Create an order", order, {}, Access::staff, nullptr, "",
     "application/json", "", true, true},
    {"GET", "/api/orders/{id}", "orders_read", 200, "Order", "Read an order", {}, {}, Access::staff, nullptr, "",
     "application/json", "", true},
    {"PATCH", "/api/orders/{id}", "orders_update", 200, "Order", "Change an order", order},
    {"DELETE", "/api/orders/{id}", "orders_delete", 204, "", "Delete an open order"},
};
// clang-format on

} // namespace

const Family orders{"orders", routes};

} // namespace smartflow::handlers

#include "backup_shapes.hpp"

#include <algorithm>

namespace smartflow {

namespace {

// A row is a section, not a line for each of its members.
// clang-format off
const std::vector<Shape> &shapes()
{
    static const std::vector<Shape> all = {
        {"users", "users", "id, username, name, email, role, active, deleted, created_at, updated_at, last_login_at",
         {{"id", Into::number}, {"username", Into::text}, {"name", Into::text}, {"email", Into::text},
          {"role", Into::text}, {"active", Into::boolean}, {"deleted", Into::boolean}, {"createdAt", Into::text},
          {"updatedAt", Into::text}, {"lastLoginAt", Into::text}}},
        {"products", "product_rows", "id, name, sku, category, description, stock, reserved, available, min_stock, "
                                     "price, low_stock, archived, ordered, created_at, updated_at",
         {{"id", Into::number}, {"name", Into::text}, {"sku", Into::text}, {"category", Into::text},
          {"description", Into::text}, {"stock", Into::number}, {"reserved", Into::number},
          {"available", Into::number}, {"minStock", Into::number}, {"price", Into::number},
          {"lowStock", Into::boolean}, {"archived", Into::boolean}, {"ordered", Into::boolean},
          {"createdAt", Into::text}, {"updatedAt", Into::text}}},
        {"orders", "orders", "id, customer_name, customer_email, items, status, total, notes, assigned_to, "
                             "stock_reduced, created_at, updated_at, completed_at",
         {{"id", Into::number}, {"customerName", Into::text}, {"customerEmail", Into::text}, {"items", Into::json},
          {"status", Into::text}, {"total", Into::number}, {"notes", Into::text}, {"assignedTo", Into::number},
          {"stockReduced", Into::boolean}, {"createdAt", Into::text}, {"updatedAt", Into::text},
          {"completedAt", Into::text}}},
        {"workflows", "workflows", "id, name, trigger, action, enabled, conditions, config, created_at, updated_at",
         {{"id", Into::number}, {"name", Into::text}, {"trigger", Into::text}, {"action", Into::text},
          {"enabled", Into::boolean}, {"conditions", Into::json}, {"config", Into::json}, {"createdAt", Into::text},
          {"updatedAt", Into::text}}},
        {"runs", "workflow_runs", "id, rule_id, rule_name, trigger, action, order_id, product_id, outcome, reason, created_at",
         {{"id", Into::number}, {"ruleId", Into::number}, {"ruleName", Into::text}, {"trigger", Into::text},
          {"action", Into::text}, {"orderId", Into::number}, {"productId", Into::number}, {"outcome", Into::text},
          {"reason", Into::text}, {"createdAt", Into::text}}},
        {"notifications", "notifications", "id, user_id, message, order_id, product_id, rule_id, read, created_at",
         {{"id", Into::number}, {"userId", Into::number}, {"message", Into::text}, {"orderId", Into::number},
          {"productId", Into::number}, {"ruleId", Into::number}, {"read", Into::boolean}, {"createdAt", Into::text}}},
        {"movements", "movements", "id, product_id, delta, balance, reason, order_id, user_id, username, created_at",
         {{"id", Into::number}, {"productId", Into::number}, {"delta", Into::number}, {"balance", Into::number},
          {"reason", Into::text}, {"orderId", Into::number}, {"user", Into::person, {"id", "username"}},
          {"createdAt", Into::text}}},
        {"auditLogs", "audit_log", "origin_id, at, user_id, username, role, action, entity, entity_id, changes, "
                                   "request_id, address, origin, id",
         {{"id", Into::number}, {"timestamp", Into::text}, {"user", Into::person, {"id", "username", "role"}},
          {"action", Into::text}, {"entity", Into::text}, {"entityId", Into::number}, {"changes", Into::json},
          {"requestId", Into::text}, {"address", Into::text}, {"origin", Into::number}}},
    };
    return all;
}
// clang-format on

} // namespace

const Shape &shape_of(const std::string &section)
{
    return *std::find_if(shapes().begin(), shapes().end(),
                         [&](const Shape &shape) { return shape.section == section; });
}

} // namespace smartflow

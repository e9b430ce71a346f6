#include "families.hpp"
#include "pages.hpp"
#include "product_rules.hpp"

namespace smartflow::handlers {

namespace {

// clang-format off
constexpr const char *sorts[] = {"id",    "-id",    "name",      "-name",      "price",     "-price",
                                 "stock", "-stock", "available", "-available", "updatedAt", "-updatedAt"};

constexpr Rule filters[] = {
    {"search", Type::text, optional, 1, 200, {}, {}, "Part of the name or SKU, in any case."},
    {"category", Type::text, optional, 1, 100},
    {"lowStock", Type::boolean},
    {"archived", Type::boolean, optional, 0, 0, {}, {}, "`true`: only archived ones."},
    {"sort", Type::choice, optional, 0, 0, sorts},
};
constexpr auto listing = with_paging(filters);

constexpr Rule one_of_all[] = {
    {"archived", Type::boolean, optional, 0, 0, {}, {}, "`true`: an archived one too."},
};
constexpr auto movements = with_paging(one_of_all);

constexpr Rule adjustment[] = {
    {"delta", Type::delta, required, 0, 0, {}, {}, "Goods in, or out when negative."},
    {"reason", Type::text, required, 1, 200},
};

constexpr Route routes[] = {
    {"GET", "/api/products", "products_list", 200, "Product", "List products", {}, listing},
    {"POST", "/api/products", "products_create", 201, "Product", "Create a product", product_rules},
    {"GET", "/api/products/{id}", "products_read", 200, "Product", "Read a product", {}, one_of_all, Access::staff, nullptr,
     "", "application/json", "", true},
    {"PATCH", "/api/products/{id}", "products_update", 200, "Product", "Change a product", product_rules},
    {"DELETE", "/api/products/{id}", "products_delete", 204, "", "Delete or archive a product"},
    {"GET", "/api/products/{id}/movements", "products_movements_list", 200, "Movement",
     "List a product's ledger", {}, movements},
    {"POST", "/api/products/{id}/adjustments", "products_adjust", 201, "Movement",
     "Book goods in or out", adjustment},
};
// clang-format on

} // namespace

const Family products{"products", routes};

} // namespace smartflow::handlers

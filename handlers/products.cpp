#include "families.hpp"
#include "pages.hpp"

namespace smartflow::handlers {

namespace {

// clang-format off
constexpr Rule product[] = {
    {"name", Type::text, required, 1, 200},
    {"sku", Type::text, optional, 1, 100, {}, {}, "Unique among products that aren't archived."},
    {"category", Type::text, optional, 1, 100},
    {"description", Type::long_text, optional, 1, 10000},
    {"stock", Type::quantity, required, 0, 0, {}, {}, "On hand. In a PATCH it is a stocktake."},
    {"minStock", Type::quantity, required, 0, 0, {}, {}, "Below it, the product is low."},
    {"price", Type::money, required},
    {"archived", Type::boolean, not_null},
    {"id", Type::id, read_only},
    {"reserved", Type::quantity, read_only},
    {"available", Type::quantity, read_only},
    {"lowStock", Type::boolean, read_only},
    {"createdAt", Type::instant, read_only},
    {"updatedAt", Type::instant, read_only},
};

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
    {"POST", "/api/products", "products_create", 201, "Product", "Create a product", product},
    {"GET", "/api/products/{id}", "products_read", 200, "Product", "Read a product", {}, one_of_all},
    {"PATCH", "/api/products/{id}", "products_update", 200, "Product", "Change a product", product},
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

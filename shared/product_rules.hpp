#ifndef SMARTFLOW_PRODUCT_RULES_HPP
#define SMARTFLOW_PRODUCT_RULES_HPP

#include "rules.hpp"

namespace smartflow {

/// A product's fields, as a body or a spreadsheet names them (contract, section 3).
// clang-format off
inline constexpr Rule product_rules[] = {
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
// clang-format on

} // namespace smartflow

#endif

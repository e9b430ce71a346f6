#ifndef SMARTFLOW_ADMIN_BACKUP_CSV_HPP
#define SMARTFLOW_ADMIN_BACKUP_CSV_HPP

#include "dispatch.hpp"

namespace smartflow::handlers {

/// `products` or `orders` for a spreadsheet, streamed from one snapshot in constant memory.
Response export_products_csv(Inquiry &inquiry);
Response export_orders_csv(Inquiry &inquiry);

/// Products back from a spreadsheet, all or none; with `dryRun=true` only what would become of
/// them.
Response import_products_csv(Inquiry &inquiry);

// clang-format off
inline constexpr const char *stock_choices[] = {"set"};

inline constexpr Rule import_query[] = {
    {"dryRun", Type::boolean, optional, 0, 0, {}, {}, "`true`: changes nothing, says what would be done."},
    {"stock", Type::choice, optional, 0, 0, stock_choices, {},
     "`set`: the stock of products that exist too, as a stocktake."},
};
// clang-format on

} // namespace smartflow::handlers

#endif

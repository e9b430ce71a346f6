#ifndef SMARTFLOW_DATABASE_ROWS_HPP
#define SMARTFLOW_DATABASE_ROWS_HPP

#include "database.hpp"

#include <pqxx/pqxx>

#include <vector>

namespace smartflow {

/// The composite smartflow_api.response.
/// \throws Error (INTERNAL_ERROR) when the function gave none
Reply reply_of(const pqxx::result &result);

/// What a call for several requests answers: five texts for each, in one array; for none where it
/// is empty. Nothing for one that has to be called alone.
std::vector<std::optional<Reply>> outcomes_of(const pqxx::result &result);

/// A result's columns, by name and by what their text is in JSON.
std::vector<Column> columns_of(const pqxx::result &result);

/// Gives every row to the sink, or one without values where there is none.
/// \returns false when the sink wants no more
bool pass_rows(const pqxx::result &result, const std::vector<Column> &columns, const RowSink &sink);

} // namespace smartflow

#endif

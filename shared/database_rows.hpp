#ifndef SMARTFLOW_DATABASE_ROWS_HPP
#define SMARTFLOW_DATABASE_ROWS_HPP

#include "database.hpp"

#include <pqxx/pqxx>

#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace smartflow {

/// The composite smartflow_api.response.
/// \throws Error (INTERNAL_ERROR) when the function gave none
Reply reply_of(const pqxx::result &result);

/// What a call for several requests answers (publish_gathered); for none where that is empty.
/// Nothing for one that has to be called alone.
/// \throws Error (INTERNAL_ERROR) when it isn't in that form
std::vector<std::optional<Reply>> outcomes_of(const pqxx::result &result);

/// A result's columns, by name and by what their text is in JSON.
std::vector<Column> columns_of(const pqxx::result &result);

/// Gives every row to the sink, or one without values where there is none.
/// \returns false when the sink wants no more
bool pass_rows(const pqxx::result &result, const std::vector<Column> &columns, const RowSink &sink);

/// A list, for all of those who asked for it, each in a thread of his own.
class Rows
{
public:
    /// \param of_many whether several asked: then it is made ready once
    Rows(const pqxx::result &result, bool of_many);

    void pass(const RowSink &sink);

private:
    void make();

    pqxx::result result_;
    std::vector<Column> columns_;
    bool of_many_;
    std::once_flag made_;
    std::vector<Column> with_json_;
    std::deque<std::string> json_; ///< which the rows point to
    std::vector<Row> rows_;
};

} // namespace smartflow

#endif

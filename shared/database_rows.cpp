#include "database_rows.hpp"

#include "column_kind.hpp"
#include "error.hpp"
#include "pages.hpp"

namespace smartflow {

namespace {

std::optional<std::string> text_of(const pqxx::field &field)
{
    if (field.is_null()) {
        return std::nullopt;
    }
    return std::string(field.c_str(), field.size());
}

} // namespace

Reply reply_of(const pqxx::result &result)
{
    if (result.empty() || result[0][0].is_null()) {
        throw Error(Code::internal_error, "Something went wrong here.")
            .because("the SQL function gave no response");
    }
    const pqxx::row row = result[0];
    Reply reply;
    reply.status = row[0].as<int>();
    reply.etag = text_of(row[1]);
    reply.location = text_of(row[2]);
    reply.body = text_of(row[3]);
    reply.replayed = !row[4].is_null() && row[4].as<bool>();
    return reply;
}

std::vector<std::optional<Reply>> outcomes_of(const pqxx::result &result)
{
    std::string_view rest(result[0][0].c_str(), result[0][0].size());
    const auto next = [&rest](char end) {
        const std::size_t length = rest.find(end);
        if (length == std::string_view::npos) {
            throw Error(Code::internal_error, "Something went wrong here.")
                .because("the SQL function gave an answer without its end");
        }
        const std::string_view part = rest.substr(0, length);
        rest.remove_prefix(length + 1);
        return part.empty() ? std::nullopt : std::make_optional<std::string>(part);
    };
    constexpr char end_of_part = '\x1f';
    constexpr char end_of_answer = '\x1e';
    std::vector<std::optional<Reply>> outcomes;
    while (!rest.empty()) {
        const auto status = next(end_of_part);
        Reply reply;
        reply.etag = next(end_of_part);
        reply.location = next(end_of_part);
        reply.replayed = next(end_of_part) == "t";
        reply.body = next(end_of_answer);
        outcomes.emplace_back();
        if (status) {
            reply.status = std::stoi(*status);
            outcomes.back() = std::move(reply);
        }
    }
    return outcomes;
}

std::vector<Column> columns_of(const pqxx::result &result)
{
    std::vector<Column> columns;
    columns.reserve(result.columns());
    for (pqxx::row::size_type i = 0; i < result.columns(); ++i) {
        columns.emplace_back(result.column_name(i), column_kind(result.column_type(i)));
    }
    return columns;
}

bool pass_rows(const pqxx::result &result, const std::vector<Column> &columns, const RowSink &sink)
{
    if (result.empty()) {
        return sink({&columns, {}});
    }
    std::vector<pqxx::oid> types;
    for (pqxx::row::size_type i = 0; i < result.columns(); ++i) {
        types.push_back(result.column_type(i));
    }
    Row row{&columns, std::vector<const char *>(columns.size())};
    for (const auto &given : result) {
        std::size_t i = 0;
        // An iterator is its field: one that is asked for by its number would be made, and share
        // the result, for each value.
        for (auto field = given.begin(); field != given.end(); ++field, ++i) {
            row.values[i] = column_text(types[i], field->is_null() ? nullptr : field->c_str());
        }
        if (!sink(row)) {
            return false;
        }
    }
    return true;
}

Rows::Rows(const pqxx::result &result, bool of_many)
    : result_(result), columns_(columns_of(result)), of_many_(of_many)
{}

void Rows::pass(const RowSink &sink)
{
    if (!of_many_) {
        pass_rows(result_, columns_, sink);
        return;
    }
    std::call_once(made_, [this] { make(); });
    for (const Row &row : rows_) {
        if (!sink(row)) {
            return;
        }
    }
}

void Rows::make()
{
    rows_.clear(); // memory may have been short before
    json_.clear();
    with_json_.clear();
    with_json_.emplace_back("#json", Column::Kind::row);
    with_json_.insert(with_json_.end(), columns_.begin(), columns_.end());
    pass_rows(result_, columns_, [this](const Row &row) {
        Row made{&with_json_, row.values};
        if (!row.values.empty()) {
            json_.emplace_back();
            append_row(json_.back(), row);
            made.values.insert(made.values.begin(), json_.back().c_str());
        }
        rows_.push_back(std::move(made));
        return true;
    });
}

} // namespace smartflow

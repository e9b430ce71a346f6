#include "database_rows.hpp"

#include "error.hpp"

#include <algorithm>
#include <iterator>

namespace smartflow {

namespace {

std::optional<std::string> text_of(const pqxx::field &field)
{
    if (field.is_null()) {
        return std::nullopt;
    }
    return std::string(field.c_str(), field.size());
}

/// PostgreSQL's OIDs of the types whose text is JSON already (catalog pg_type).
bool is_json_text(pqxx::oid type)
{
    constexpr pqxx::oid raw[] = {20, 21, 23, 114, 1700, 3802}; // integers, json, numeric, jsonb
    return std::find(std::begin(raw), std::end(raw), type) != std::end(raw);
}

constexpr pqxx::oid boolean_oid = 16;
constexpr pqxx::oid timestamptz_oid = 1184;

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

std::vector<Column> columns_of(const pqxx::result &result)
{
    std::vector<Column> columns;
    for (pqxx::row::size_type i = 0; i < result.columns(); ++i) {
        const pqxx::oid type = result.column_type(i);
        Column::Kind kind = Column::Kind::text;
        if (is_json_text(type) || type == boolean_oid) {
            kind = Column::Kind::raw;
        } else if (type == timestamptz_oid) {
            kind = Column::Kind::instant;
        }
        columns.push_back({result.column_name(i), kind});
    }
    return columns;
}

bool pass_rows(const pqxx::result &result, const std::vector<Column> &columns, const RowSink &sink)
{
    Row row{&columns, std::vector<const char *>(columns.size())};
    for (const auto &given : result) {
        for (std::size_t i = 0; i < columns.size(); ++i) {
            const pqxx::field field = given[static_cast<pqxx::row::size_type>(i)];
            const char *value = field.is_null() ? nullptr : field.c_str();
            if (value != nullptr && field.type() == boolean_oid) {
                value = *value == 't' ? "true" : "false";
            }
            row.values[i] = value;
        }
        if (!sink(row)) {
            return false;
        }
    }
    return true;
}

} // namespace smartflow

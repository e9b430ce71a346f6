#include "column_kind.hpp"

#include "json.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace smartflow {

namespace {

constexpr unsigned boolean_oid = 16;
constexpr unsigned timestamptz_oid = 1184;

} // namespace

Column::Column(std::string its_name, Kind its_kind)
    : name(std::move(its_name)), member(name.front() == '#' ? "" : json_string(name) + ':'),
      kind(name == "#json" ? Kind::row : its_kind)
{}

Column::Kind column_kind(unsigned type) noexcept
{
    // Types whose text is JSON already: integers, json, numeric, jsonb.
    constexpr unsigned raw[] = {boolean_oid, 20, 21, 23, 114, 1700, 3802};
    if (std::find(std::begin(raw), std::end(raw), type) != std::end(raw)) {
        return Column::Kind::raw;
    }
    return type == timestamptz_oid ? Column::Kind::instant : Column::Kind::text;
}

const char *column_text(unsigned type, const char *value) noexcept
{
    if (type != boolean_oid || value == nullptr) {
        return value;
    }
    return *value == 't' ? "true" : "false";
}

} // namespace smartflow

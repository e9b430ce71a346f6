#ifndef SMARTFLOW_JSON_BUILD_HPP
#define SMARTFLOW_JSON_BUILD_HPP

#include "json.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace smartflow {

/// A JSON string. \param text well-formed UTF-8
inline Json make_text(std::string_view text)
{
    Json value;
    value.kind = Json::Kind::string;
    value.text = text;
    return value;
}

/// A JSON number from its own text (RFC 8259 §6).
inline Json make_number(std::string_view digits)
{
    Json value;
    value.kind = Json::Kind::number;
    value.text = digits;
    return value;
}

/// A JSON number.
inline Json make_number(std::int64_t number)
{
    return make_number(std::to_string(number));
}

/// `true` or `false`.
inline Json make_truth(bool truth)
{
    Json value;
    value.kind = Json::Kind::boolean;
    value.truth = truth;
    return value;
}

/// A JSON array.
inline Json make_list(std::vector<Json> items)
{
    Json value;
    value.kind = Json::Kind::array;
    value.items = std::move(items);
    return value;
}

/// A JSON object with the members in the order given. \param members no name twice
inline Json make_object(std::vector<std::pair<std::string, Json>> members = {})
{
    Json value;
    value.kind = Json::Kind::object;
    value.members = std::move(members);
    return value;
}

/// Adds a member to an object, last. \pre it has none of that name
inline void add_member(Json &object, std::string_view name, Json value)
{
    object.members.emplace_back(name, std::move(value));
}

/// An object's member of that name, to be changed; nullptr when there is none.
inline Json *find_member(Json &object, std::string_view name)
{
    for (auto &[known, value] : object.members) {
        if (known == name) {
            return &value;
        }
    }
    return nullptr;
}

} // namespace smartflow

#endif

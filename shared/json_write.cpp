#include "json.hpp"

#include <algorithm>

namespace smartflow {

const Json *Json::find(std::string_view name) const noexcept
{
    for (const auto &member : members) {
        if (member.first == name) {
            return &member.second;
        }
    }
    return nullptr;
}

void append_json_string(std::string &out, std::string_view text)
{
    constexpr std::string_view hex = "0123456789abcdef";
    const auto stands = [](char c) {
        return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\';
    };
    out += '"';
    while (!text.empty()) {
        const auto end = std::find_if_not(text.begin(), text.end(), stands);
        out.append(text.begin(), end);
        text.remove_prefix(static_cast<std::size_t>(end - text.begin()));
        if (text.empty()) {
            break;
        }
        const char c = text.front();
        text.remove_prefix(1);
        switch (c) {
            case '"': out += "\\\""; break;
            case '\\': out += "\\\\"; break;
            case '\b': out += "\\b"; break;
            case '\f': out += "\\f"; break;
            case '\n': out += "\\n"; break;
            case '\r': out += "\\r"; break;
            case '\t': out += "\\t"; break;
            default:
                out += "\\u00";
                out += hex[static_cast<unsigned char>(c) >> 4U];
                out += hex[static_cast<unsigned char>(c) & 0x0FU];
        }
    }
    out += '"';
}

std::string json_string(std::string_view text)
{
    std::string out;
    append_json_string(out, text);
    return out;
}

void append_json(std::string &out, const Json &value)
{
    const char *separator = "";
    switch (value.kind) {
        case Json::Kind::null: out += "null"; break;
        case Json::Kind::boolean: out += value.truth ? "true" : "false"; break;
        case Json::Kind::number: out += value.text; break;
        case Json::Kind::string: append_json_string(out, value.text); break;
        case Json::Kind::array:
            out += '[';
            for (const Json &item : value.items) {
                out += separator;
                append_json(out, item);
                separator = ",";
            }
            out += ']';
            break;
        case Json::Kind::object:
            out += '{';
            for (const auto &[name, member] : value.members) {
                out += separator;
                append_json_string(out, name);
                out += ':';
                append_json(out, member);
                separator = ",";
            }
            out += '}';
            break;
    }
}

void append_member(std::string &object, std::string_view name, std::string_view json)
{
    object.pop_back();
    object += object.size() > 1 ? "," : "";
    append_json_string(object, name);
    object.append(":").append(json).append("}");
}

} // namespace smartflow

#ifndef SMARTFLOW_JSON_HPP
#define SMARTFLOW_JSON_HPP

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace smartflow {

/// A JSON value as it was sent: numbers keep their text, so that nothing passes through `double`.
struct Json {
    enum class Kind { null, boolean, number, string, array, object };

    Kind kind = Kind::null;
    bool truth = false;                                ///< of a boolean
    std::string text;                                  ///< of a string (UTF-8) or a number
    std::vector<Json> items;                           ///< of an array
    std::vector<std::pair<std::string, Json>> members; ///< of an object, in the order sent

    /// The member of that name, or nullptr.
    const Json *find(std::string_view name) const noexcept;
};

/// How many values one JSON text may have: some hundred times the largest body that makes sense,
/// and few enough that a hostile megabyte of `[0,0,…` costs megabytes, not a hundred of them.
inline constexpr std::size_t json_max_values = 150'000;

/// Reads one JSON text (RFC 8259) strictly: valid UTF-8, no NUL (nor `\u0000`), no byte-order mark,
/// no lone surrogates, no duplicate keys, nothing after it, at most `max_depth` levels of nesting
/// and json_max_values values.
/// \throws Error (VALIDATION_ERROR on `body`) saying what is wrong and at which byte
Json parse_json(std::string_view bytes, std::size_t max_depth = 32);

/// Appends the text as a JSON string, quotes included; escaped exactly as PostgreSQL does it, so
/// that bodies made in SQL and rows written here agree byte for byte.
void append_json_string(std::string &out, std::string_view text);

/// The text as a JSON string, quotes included.
std::string json_string(std::string_view text);

/// Adds a member to an object's text, last. \param json the value's text
void append_member(std::string &object, std::string_view name, std::string_view json);

/// Appends the value as compact JSON text, numbers as they were sent.
void append_json(std::string &out, const Json &value);

} // namespace smartflow

#endif

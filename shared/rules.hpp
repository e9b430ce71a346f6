#ifndef SMARTFLOW_RULES_HPP
#define SMARTFLOW_RULES_HPP

#include "error.hpp"
#include "json.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace smartflow {

/// A view of a constant array, so that tables can be `constexpr`.
template <typename T>
struct Span {
    const T *data = nullptr;
    std::size_t size = 0;

    constexpr Span() = default;
    constexpr Span(const T *first, std::size_t count) : data(first), size(count) {}
    template <std::size_t N>
    constexpr Span(const T (&array)[N]) : data(array), size(N)
    {}
    template <std::size_t N>
    constexpr Span(const std::array<T, N> &array) : data(array.data()), size(N)
    {}
    constexpr const T *begin() const { return data; }
    constexpr const T *end() const { return data + size; }
    constexpr bool empty() const { return size == 0; }
};

/// What a field holds.
enum class Type {
    text,      ///< one line, trimmed; min and max in code points
    long_text, ///< several lines, trimmed; min and max in code points
    email,     ///< text with an `@` and something on both sides
    secret,    ///< text as it is, untrimmed, min and max in code points; never logged or stored
    money,     ///< exact decimal of 2 places
    quantity,  ///< exact decimal of 3 places
    positive,  ///< a quantity above zero
    delta,     ///< a quantity of either sign but not zero
    integer,   ///< whole number from min to max
    id,        ///< whole number from 1 to 2^63 - 1
    boolean,
    choice,  ///< one of `choices`
    instant, ///< RFC 3339 date-time
    moment,  ///< RFC 3339 date-time or date
    list,    ///< array of objects with `fields`; min and max in items
    any,     ///< whatever JSON it is: checked in SQL
};

/// Flags of a rule.
enum : unsigned {
    optional = 0,
    required = 1U,  ///< must be there on POST, and may never be null
    read_only = 2U, ///< the resource has it, a client may send it back, it is ignored
    not_null = 4U,  ///< may be left out, but not null
};

/// One field of a body, one parameter of a query: data that validation, OpenAPI and the tests read.
struct Rule {
    const char *name;
    Type type;
    unsigned flags = optional;
    std::int64_t min = 0;
    std::int64_t max = 0;
    Span<const char *> choices = {};
    Span<Rule> fields = {};
    const char *about = "";  ///< one sentence for OpenAPI
    const char *schema = ""; ///< of Type::any: what OpenAPI calls its schema
};

/// Whether a rule has this flag.
constexpr bool is_set(const Rule &rule, unsigned flag) noexcept
{
    return (rule.flags & flag) != 0;
}

/// Whether a body creates (required fields must be there) or changes (PATCH: what is there counts).
enum class Mode { create, change };

/// Checks a parsed body against its rules in one pass.
/// \param wrong gets every wrong, unknown and missing field, named like `items[1].quantity`
/// \returns the body in canonical JSON: known fields only, in the rules' order, text trimmed
///          (an empty optional text is null), decimals plain; what SQL gets
std::string checked_body(const Json &body, Span<Rule> rules, Mode mode, Details &wrong);

/// Checks a raw query string (without `?`) in the same way; every value comes as text. Unknown and
/// repeated parameters are wrong; an empty optional text counts as not given.
/// \returns canonical JSON, values in their own JSON types
std::string checked_query(std::string_view query, Span<Rule> rules, Details &wrong);

} // namespace smartflow

#endif

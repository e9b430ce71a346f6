#ifndef SMARTFLOW_TEXT_HPP
#define SMARTFLOW_TEXT_HPP

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace smartflow {

/// What a text field allows beside printable characters.
enum class Lines {
    one,  ///< no control character (Unicode category Cc) at all
    many, ///< newline and tab too; CRLF becomes LF
};

/// A decimal digit of ASCII.
constexpr bool is_digit(char c) noexcept
{
    return c >= '0' && c <= '9';
}

/// JSON's white space (RFC 8259 §2).
constexpr bool is_json_space(char c) noexcept
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/// \returns whether the bytes are well-formed UTF-8 (no surrogates, nothing beyond U+10FFFF).
bool is_utf8(std::string_view bytes) noexcept;

/// The text without leading and trailing Unicode white space (property White_Space).
/// \param text well-formed UTF-8
std::string_view trimmed(std::string_view text) noexcept;

/// \returns whether any code point has the property White_Space. \param text well-formed UTF-8
bool has_white_space(std::string_view text) noexcept;

/// \returns the number of code points. \param text well-formed UTF-8
std::size_t code_points(std::string_view text) noexcept;

/// Trims, turns CRLF into LF where lines are allowed and refuses control characters.
/// \param text well-formed UTF-8
/// \param reason set to why it is refused
/// \returns the cleaned text, or nothing when refused
std::optional<std::string> cleaned(std::string_view text, Lines lines, std::string &reason);

/// Decodes %XX; with `plus_is_space`, `+` too (application/x-www-form-urlencoded).
/// \returns nothing for a broken escape
std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_space);

/// Encodes everything but RFC 3986's unreserved characters.
std::string percent_encoded(std::string_view text);

/// A whole number in decimal without sign and leading zeros, from 1 to `maximum`.
std::optional<std::int64_t> positive_integer(std::string_view text,
                                             std::int64_t maximum = INT64_MAX) noexcept;

/// RFC 3339 date-time, as UTC `2025-11-28T10:30:00.000000Z` (microseconds, what is finer falls
/// away); nothing for another form, a day that no calendar has, or a year outside 0001 to 9999. A
/// leap second, only ever the last of a UTC day, becomes the second after it.
std::optional<std::string> utc_instant(std::string_view text);

/// An instant as PostgreSQL writes it (ISO, UTC: `2025-11-28 10:30:00.12+00`) as the API does:
/// `2025-11-28T10:30:00.120Z`.
std::string rfc3339(std::string_view text);
void append_rfc3339(std::string &out, std::string_view text);

/// RFC 3339 full-date that the calendar has, years 0001 to 9999.
bool is_date(std::string_view text) noexcept;

} // namespace smartflow

#endif

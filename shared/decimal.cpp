#include "decimal.hpp"

#include "text.hpp"

#include <cstdint>

namespace smartflow {

namespace {

/// A JSON number taken apart: its value is ± 0.d1d2d3… × 10^point.
struct Parts {
    bool negative = false;
    std::string digits;     ///< without leading and trailing zeros; empty for zero
    std::int64_t point = 0; ///< where the decimal point stands in the digits
};

/// An exponent beyond this has no value that any bounds allow; a sum with a length can't overflow.
constexpr std::int64_t exponent_cap = std::int64_t{1} << 60;

/// Moves `at` over digits. \returns how many there were
std::size_t skip_digits(std::string_view text, std::size_t &at)
{
    const std::size_t start = at;
    while (at < text.size() && is_digit(text[at])) {
        ++at;
    }
    return at - start;
}

/// Reads `e+12` to the end of the text. \returns false when it is none
bool read_exponent(std::string_view text, std::size_t at, std::int64_t &exponent)
{
    ++at; // the letter
    const bool negative = at < text.size() && text[at] == '-';
    if (negative || (at < text.size() && text[at] == '+')) {
        ++at;
    }
    const std::size_t start = at;
    if (skip_digits(text, at) == 0 || at != text.size()) {
        return false;
    }
    exponent = 0;
    for (const char digit : text.substr(start)) {
        if (exponent < exponent_cap / 16) {
            exponent = exponent * 10 + (digit - '0');
        }
    }
    exponent = negative ? -exponent : exponent;
    return true;
}

/// Takes a number apart by the grammar of RFC 8259 §6. \returns false when it is none
bool take_apart(std::string_view number, Parts &parts)
{
    std::size_t at = 0;
    parts.negative = !number.empty() && number[0] == '-';
    at += parts.negative ? 1 : 0;

    const std::size_t whole_start = at;
    const std::size_t whole = skip_digits(number, at);
    if (whole == 0 || (whole > 1 && number[whole_start] == '0')) {
        return false;
    }
    parts.digits = number.substr(whole_start, whole);
    if (at < number.size() && number[at] == '.') {
        const std::size_t fraction_start = ++at;
        const std::size_t fraction = skip_digits(number, at);
        if (fraction == 0) {
            return false;
        }
        parts.digits += number.substr(fraction_start, fraction);
    }
    std::int64_t exponent = 0;
    if (at < number.size() && (number[at] == 'e' || number[at] == 'E')) {
        if (!read_exponent(number, at, exponent)) {
            return false;
        }
    } else if (at != number.size()) {
        return false;
    }

    const std::size_t first = parts.digits.find_first_not_of('0');
    if (first == std::string::npos) {
        parts = Parts{};
        return true;
    }
    parts.point = static_cast<std::int64_t>(whole) + exponent - static_cast<std::int64_t>(first);
    parts.digits.erase(parts.digits.find_last_not_of('0') + 1);
    parts.digits.erase(0, first);
    return true;
}

/// Why the value is refused, empty when it isn't.
std::string refusal(const Parts &parts, const DecimalBounds &bounds)
{
    std::string too_low = bounds.zero_allowed ? "must be at least 0" : "must be greater than 0";
    if (parts.digits.empty()) {
        return bounds.zero_allowed ? "" : bounds.negative_allowed ? "must not be 0" : too_low;
    }
    if (parts.negative && !bounds.negative_allowed) {
        return too_low;
    }
    if (parts.point > bounds.integer_digits) {
        return (parts.negative ? "must be at least -" : "must be at most ") + largest(bounds);
    }
    if (static_cast<std::int64_t>(parts.digits.size()) - parts.point > bounds.places) {
        return bounds.places == 0 ? "must be a whole number"
                                  : "must have at most " + std::to_string(bounds.places) +
                                        " decimal place" + (bounds.places == 1 ? "" : "s");
    }
    return "";
}

} // namespace

std::string largest(const DecimalBounds &bounds)
{
    std::string text(static_cast<std::size_t>(bounds.integer_digits), '9');
    if (bounds.places > 0) {
        text += '.';
        text.append(static_cast<std::size_t>(bounds.places), '9');
    }
    return text;
}

std::string exact_decimal(std::string_view number, const DecimalBounds &bounds, std::string &reason)
{
    Parts parts;
    if (!take_apart(number, parts)) {
        reason = "must be a number";
        return "";
    }
    std::string refused = refusal(parts, bounds);
    if (!refused.empty()) {
        reason = std::move(refused);
        return "";
    }
    if (parts.digits.empty()) {
        return "0";
    }
    // From here on the point lies within the bounds, so the text stays short.
    std::string text = parts.negative ? "-" : "";
    const auto length = static_cast<std::int64_t>(parts.digits.size());
    if (parts.point <= 0) {
        text += "0.";
        text.append(static_cast<std::size_t>(-parts.point), '0');
        text += parts.digits;
    } else if (parts.point >= length) {
        text += parts.digits;
        text.append(static_cast<std::size_t>(parts.point - length), '0');
    } else {
        text += parts.digits.substr(0, static_cast<std::size_t>(parts.point));
        text += '.';
        text += parts.digits.substr(static_cast<std::size_t>(parts.point));
    }
    return text;
}

} // namespace smartflow

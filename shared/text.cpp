#include "text.hpp"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <ctime>

namespace smartflow {

namespace {

/// One decoded code point; length 0 when the bytes are no UTF-8.
struct Decoded {
    std::int32_t code_point;
    std::size_t length;
};

/// Decodes the code point at the start of the bytes (RFC 3629 §3).
Decoded decoded(std::string_view bytes) noexcept
{
    utf8proc_int32_t code_point = -1;
    const utf8proc_ssize_t length =
        utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t *>(bytes.data()),
                         static_cast<utf8proc_ssize_t>(bytes.size()), &code_point);
    return {code_point, length > 0 ? static_cast<std::size_t>(length) : 0};
}

bool is_continuation(char byte) noexcept
{
    return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

/// Unicode's property White_Space (PropList.txt); utf8proc has categories only.
bool is_white_space(std::int32_t c) noexcept
{
    return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
           c == 0x205F || c == 0x3000;
}

int hex_value(char c) noexcept
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool is_unreserved(char c) noexcept
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

/// Reads exactly `digits` decimal digits. \returns the value, or -1
int fixed_number(std::string_view text, std::size_t at, std::size_t digits) noexcept
{
    if (text.size() < at + digits) {
        return -1;
    }
    int value = 0;
    for (const char c : text.substr(at, digits)) {
        if (c < '0' || c > '9') {
            return -1;
        }
        value = value * 10 + (c - '0');
    }
    return value;
}

int days_in_month(int year, int month) noexcept
{
    constexpr std::array<int, 12> days{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[static_cast<std::size_t>(month - 1)];
}

/// The part of an instant behind its seconds: `.25+01:00`.
struct Tail {
    int microseconds = 0;
    int offset_s = 0; ///< of local time, ahead of UTC
};

/// Reads fraction and offset (RFC 3339 §5.6). \returns false when they are none
bool read_tail(std::string_view text, Tail &tail) noexcept
{
    std::size_t at = 0;
    if (!text.empty() && text[0] == '.') {
        int scale = 100'000;
        for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, scale /= 10) {
            tail.microseconds += (text[at] - '0') * scale; // digits beyond a microsecond fall away
        }
        if (at == 1) {
            return false;
        }
    }
    text.remove_prefix(at);
    if (text == "Z" || text == "z") {
        return true;
    }
    const int hours = fixed_number(text, 1, 2);
    const int minutes = fixed_number(text, 4, 2);
    if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':' || hours < 0 ||
        hours > 23 || minutes < 0 || minutes > 59) {
        return false;
    }
    tail.offset_s = (hours * 60 + minutes) * 60 * (text[0] == '-' ? -1 : 1);
    return true;
}

} // namespace

bool is_utf8(std::string_view bytes) noexcept
{
    while (!bytes.empty()) {
        std::size_t length = 1;
        if ((static_cast<unsigned char>(bytes[0]) & 0x80U) != 0) {
            length = decoded(bytes).length;
            if (length == 0) {
                return false;
            }
        }
        bytes.remove_prefix(length);
    }
    return true;
}

std::string_view trimmed(std::string_view text) noexcept
{
    while (!text.empty()) {
        const Decoded first = decoded(text);
        if (first.length == 0 || !is_white_space(first.code_point)) {
            break;
        }
        text.remove_prefix(first.length);
    }
    while (!text.empty()) {
        std::size_t start = text.size() - 1;
        while (start > 0 && is_continuation(text[start])) {
            --start;
        }
        const Decoded last = decoded(text.substr(start));
        if (last.length != text.size() - start || !is_white_space(last.code_point)) {
            break;
        }
        text = text.substr(0, start);
    }
    return text;
}

bool has_white_space(std::string_view text) noexcept
{
    while (!text.empty()) {
        const Decoded next = decoded(text);
        if (next.length != 0 && is_white_space(next.code_point)) {
            return true;
        }
        text.remove_prefix(next.length != 0 ? next.length : 1);
    }
    return false;
}

std::size_t code_points(std::string_view text) noexcept
{
    std::size_t count = 0;
    for (const char byte : text) {
        count += is_continuation(byte) ? 0 : 1;
    }
    return count;
}

std::optional<std::string> cleaned(std::string_view text, Lines lines, std::string &reason)
{
    text = trimmed(text);
    std::string clean;
    clean.reserve(text.size());
    const auto is_plain = [](char c) { return c >= ' ' && c <= '~'; };
    while (!text.empty()) {
        const auto *end = std::find_if_not(text.begin(), text.end(), is_plain);
        clean.append(text.begin(), end);
        text.remove_prefix(static_cast<std::size_t>(end - text.begin()));
        if (text.empty()) {
            break;
        }
        if (lines == Lines::many && text.substr(0, 2) == "\r\n") {
            text.remove_prefix(1);
        }
        const Decoded next = decoded(text);
        if (next.length == 0) {
            reason = "must be valid UTF-8";
            return std::nullopt;
        }
        const bool allowed =
            lines == Lines::many && (next.code_point == '\n' || next.code_point == '\t');
        if (!allowed && utf8proc_category(next.code_point) == UTF8PROC_CATEGORY_CC) {
            reason = "must not contain control characters";
            return std::nullopt;
        }
        clean += text.substr(0, next.length);
        text.remove_prefix(next.length);
    }
    return clean;
}

std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_space)
{
    std::string plain;
    plain.reserve(text.size());
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '%') {
            const int high = at + 1 < text.size() ? hex_value(text[at + 1]) : -1;
            const int low = at + 2 < text.size() ? hex_value(text[at + 2]) : -1;
            if (high < 0 || low < 0) {
                return std::nullopt;
            }
            plain += static_cast<char>(high * 16 + low);
            at += 2;
        } else {
            plain += plus_is_space && text[at] == '+' ? ' ' : text[at];
        }
    }
    return plain;
}

std::string percent_encoded(std::string_view text)
{
    constexpr std::string_view hex = "0123456789ABCDEF";
    std::string encoded;
    encoded.reserve(text.size());
    for (const char c : text) {
        if (is_unreserved(c)) {
            encoded += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            encoded += '%';
            encoded += hex[byte >> 4U];
            encoded += hex[byte & 0x0FU];
        }
    }
    return encoded;
}

std::optional<std::int64_t> positive_integer(std::string_view text, std::int64_t maximum) noexcept
{
    // from_chars takes a sign and leading zeros, which are wrong here.
    if (text.empty() || text[0] < '1' || text[0] > '9') {
        return std::nullopt;
    }
    std::int64_t value = 0;
    const char *end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || stopped != end || value > maximum) {
        return std::nullopt;
    }
    return value;
}

bool is_date(std::string_view text) noexcept
{
    const int year = fixed_number(text, 0, 4);
    const int month = fixed_number(text, 5, 2);
    const int day = fixed_number(text, 8, 2);
    return text.size() == 10 && text[4] == '-' && text[7] == '-' && year >= 1 && month >= 1 &&
           month <= 12 && day >= 1 && day <= days_in_month(year, month);
}

std::optional<std::string> utc_instant(std::string_view text)
{
    Tail tail;
    if (text.size() < 20 || !is_date(text.substr(0, 10)) || (text[10] != 'T' && text[10] != 't') ||
        text[13] != ':' || text[16] != ':' || !read_tail(text.substr(19), tail)) {
        return std::nullopt;
    }
    const int hour = fixed_number(text, 11, 2);
    const int minute = fixed_number(text, 14, 2);
    const int second = fixed_number(text, 17, 2);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) {
        return std::nullopt;
    }
    std::tm local{};
    local.tm_year = fixed_number(text, 0, 4) - 1900;
    local.tm_mon = fixed_number(text, 5, 2) - 1;
    local.tm_mday = fixed_number(text, 8, 2);
    local.tm_hour = hour;
    local.tm_min = minute;
    local.tm_sec = second; // a leap second becomes the next second, as PostgreSQL takes it
    const std::time_t seconds = timegm(&local) - tail.offset_s;
    std::tm utc{};
    if (gmtime_r(&seconds, &utc) == nullptr || utc.tm_year < 1 - 1900 ||
        utc.tm_year > 9999 - 1900 ||
        (second == 60 && (utc.tm_sec != 0 || utc.tm_min != 0 || utc.tm_hour != 0))) {
        return std::nullopt;
    }
    std::array<char, 64> buffer{};
    const int length = std::snprintf(
        buffer.data(), buffer.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", utc.tm_year + 1900,
        utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, tail.microseconds);
    return std::string(buffer.data(), static_cast<std::size_t>(length));
}

void append_rfc3339(std::string &out, std::string_view text)
{
    constexpr std::size_t date = 10;  // bytes of YYYY-MM-DD
    constexpr std::size_t clock = 19; // bytes up to the second
    out += text.substr(0, date);
    if (text.size() > date) {
        out += 'T';
        out += text.substr(date + 1, clock - date - 1);
    }
    out += '.';
    std::size_t digits = 0;
    if (text.size() > clock && text[clock] == '.') {
        const std::string_view fraction = text.substr(clock + 1, 3);
        digits = std::min(fraction.find_first_of("+-"), fraction.size());
        out += fraction.substr(0, digits);
    }
    out.append(3 - digits, '0') += 'Z';
}

std::string rfc3339(std::string_view text)
{
    std::string out;
    append_rfc3339(out, text);
    return out;
}

} // namespace smartflow

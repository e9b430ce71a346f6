#include "mail.hpp"

#include "secrets.hpp"
#include "text.hpp"

#include <algorithm>
#include <array>
#include <ctime>

namespace smartflow {
namespace {

constexpr std::string_view line_end = "\r\n";

bool is_control(char c)
{
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

bool is_ascii(std::string_view text)
{
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

/// Without what would end a header line.
std::string one_line(std::string_view text)
{
    std::string line(text);
    std::replace_if(line.begin(), line.end(), is_control, ' ');
    return line;
}

/// RFC 2047 §2: words of at most 75 characters, each of whole UTF-8 characters, a line each.
std::string encoded_words(std::string_view text)
{
    constexpr std::size_t most_bytes = 45; // 60 characters of base64
    std::string words;
    while (!text.empty()) {
        std::size_t length = std::min(most_bytes, text.size());
        while (length < text.size() && length > 1 &&
               (static_cast<unsigned char>(text[length]) & 0xc0U) == 0x80) {
            --length; // in the middle of a character
        }
        words += (words.empty() ? "=?UTF-8?B?" : "\r\n =?UTF-8?B?") +
                 base64(text.substr(0, length)) + "?=";
        text.remove_prefix(length);
    }
    return words;
}

/// A header's free text. What looks like an encoded word already would be read as one.
std::string header_text(std::string_view text)
{
    constexpr std::size_t longest = 200; // far below the 998 that a line may have
    const std::string line = one_line(text);
    const bool plain =
        is_ascii(line) && line.size() <= longest && line.find("=?") == std::string::npos;
    return plain ? line : encoded_words(line);
}

/// A name before an address: in quotes (RFC 5322 §3.2.4) where it is plain.
std::string phrase(std::string_view name)
{
    const std::string text = header_text(name);
    if (text != name) {
        return encoded_words(one_line(name));
    }
    std::string quoted = "\"";
    for (const char c : text) {
        quoted += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
    }
    return quoted + "\"";
}

std::string date_of(std::int64_t unix_seconds)
{
    const std::time_t time = unix_seconds;
    std::tm parts{};
    gmtime_r(&time, &parts);
    std::array<char, 64> text{};
    // No locale is ever set, so the names are English.
    const std::size_t length =
        std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S +0000", &parts);
    return {text.data(), length};
}

/// base64 in lines of 76 characters (RFC 2045 §6.8).
std::string base64_lines(std::string_view text)
{
    constexpr std::size_t bytes_a_line = 57;
    std::string lines;
    for (; !text.empty(); text.remove_prefix(std::min(bytes_a_line, text.size()))) {
        lines += base64(text.substr(0, bytes_a_line));
        lines += line_end;
    }
    return lines;
}

/// Text in mails ends its lines by CRLF (RFC 2046 §4.1.1).
std::string with_mail_line_ends(std::string_view text)
{
    std::string lines;
    for (const char c : text) {
        if (c == '\n' && (lines.empty() || lines.back() != '\r')) {
            lines += '\r';
        }
        lines += c;
    }
    return lines;
}

} // namespace

bool is_mail_address(std::string_view text) noexcept
{
    constexpr std::string_view special = " ()<>[]:;,\\\"";
    const std::size_t at = text.find('@');
    return at != std::string_view::npos && at > 0 && at + 1 < text.size() && text.size() <= 320 &&
           text.find('@', at + 1) == std::string_view::npos &&
           text.find_first_of(special) == std::string_view::npos &&
           std::none_of(text.begin(), text.end(), is_control) && is_utf8(text) &&
           !has_white_space(text);
}

std::string mail_domain(std::string_view address)
{
    return std::string(address.substr(address.rfind('@') + 1));
}

std::optional<Mailbox> mailbox_of(std::string_view text)
{
    Mailbox mailbox;
    const std::size_t open = text.rfind('<');
    if (open == std::string_view::npos) {
        mailbox.address = trimmed(text);
    } else {
        if (text.back() != '>') {
            return std::nullopt;
        }
        mailbox.address = text.substr(open + 1, text.size() - open - 2);
        std::string_view name = trimmed(text.substr(0, open));
        if (name.size() >= 2 && name.front() == '"' && name.back() == '"') {
            name = name.substr(1, name.size() - 2);
        }
        mailbox.name = name;
    }
    if (!is_mail_address(mailbox.address) ||
        std::any_of(mailbox.name.begin(), mailbox.name.end(), is_control)) {
        return std::nullopt;
    }
    return mailbox;
}

std::string message_of(const Mail &mail, std::int64_t unix_seconds)
{
    const std::string &address = mail.from.address;
    std::string message;
    const auto header = [&](std::string_view name, const std::string &value) {
        message += name;
        message += ": " + value;
        message += line_end;
    };
    header("From",
           mail.from.name.empty() ? address : phrase(mail.from.name) + " <" + address + ">");
    header("To", one_line(mail.to));
    header("Subject", header_text(mail.subject));
    header("Date", date_of(unix_seconds));
    header("Message-ID", "<" + one_line(mail.event) + "@" + mail_domain(address) + ">");
    header("Auto-Submitted", "auto-generated"); // RFC 3834: no answer from those on holiday
    header("MIME-Version", "1.0");
    header("Content-Type", "text/plain; charset=utf-8");
    header("Content-Transfer-Encoding", "base64");
    message += line_end;
    return message + base64_lines(with_mail_line_ends(mail.text));
}

} // namespace smartflow

#ifndef SMARTFLOW_MAIL_HPP
#define SMARTFLOW_MAIL_HPP

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace smartflow {

/// Who a mail is from.
struct Mailbox {
    std::string name;    ///< shown to people; may be empty
    std::string address; ///< `local@domain`
};

/// Whether a text is an e-mail address that can stand in an SMTP command and a header line as it
/// is: no white space, control characters, brackets, quotes or separators, at most 320 bytes.
/// Addresses that would need quoting are refused (RFC 5321 §4.1.2 has them, people don't).
bool is_mail_address(std::string_view text) noexcept;

/// The part of an address behind its @.
std::string mail_domain(std::string_view address);

/// Reads `address` or `Name <address>` (the name may stand in quotes); nothing for anything else.
std::optional<Mailbox> mailbox_of(std::string_view text);

/// A plain text to one person.
struct Mail {
    Mailbox from;
    std::string to;      ///< is_mail_address
    std::string subject; ///< UTF-8; control characters become spaces
    std::string text;    ///< UTF-8
    std::string event;   ///< the delivery's, from which the Message-ID is made: the same in every
                         ///< attempt, so that a mail program can tell a repeat
};

/// The message as RFC 5322 has it, lines ended by CRLF: a subject or a name that isn't plain ASCII
/// is encoded (RFC 2047), the text is UTF-8 in base64. Nothing in a subject, a name or a text can
/// make a header line of its own.
/// \param unix_seconds for Date
std::string message_of(const Mail &mail, std::int64_t unix_seconds);

} // namespace smartflow

#endif

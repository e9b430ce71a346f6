#ifndef SMARTFLOW_OUTBOUND_HPP
#define SMARTFLOW_OUTBOUND_HPP

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace smartflow {

/// A webhook's POST.
struct WebhookPost {
    std::string url;
    std::vector<std::string> headers; ///< `Name: value`
    std::string body;
};

/// A message for the mail server.
struct MailSubmission {
    std::string from;    ///< is_mail_address
    std::string to;      ///< is_mail_address
    std::string message; ///< message_of
};

using Sending = std::variant<WebhookPost, MailSubmission>;

/// What leaves the house by which rules.
struct OutboundRules {
    bool webhooks_anywhere = false; ///< private, loopback… addresses too (WEBHOOK_ALLOW_PRIVATE)
    std::string smtp_url;           ///< smtp:// or smtps://
    std::string smtp_user;          ///< empty: no login
    std::string smtp_password;
    std::string smtp_tls; ///< required, if-offered or no; about smtp:// alone
};

/// What became of one sending.
struct SendResult {
    bool known = false;        ///< false: it was given up halfway; nobody can say
    std::optional<int> status; ///< HTTP's, or SMTP's
    std::string error;         ///< printable ASCII; empty: delivered
    bool permanent = false;    ///< there is no use in trying again
    int duration_ms = 0;
};

/// Sends all of them at the same moment and waits until each is done, for 20 s at most.
///
/// Webhooks: only http and https, TLS verified, no redirect followed, no proxy, cookie, netrc or
/// login; every address is checked when the connection to it is made, whatever name it came from. A
/// 2xx is delivered; 408, 425, 429, 5xx and network errors may be tried again, the rest not. An
/// answer counts from its header on; of header and body at most 64 KiB are read.
/// Mails: a 5xx is permanent, unless it is about this shop's login or TLS, which its administrator
/// can put right.
/// \param stop_descriptor becomes readable when the program is to end: what is under way then has a
///        few seconds more; -1 for none
/// \returns a result for each, in their order
std::vector<SendResult> send_all(const std::vector<Sending> &sendings, const OutboundRules &rules,
                                 int stop_descriptor = -1);

/// The answer to a GET.
struct Fetched {
    int status = 0;                             ///< 0: there was none
    std::map<std::string, std::string> headers; ///< by name in lower case; of several the last
    std::optional<std::int64_t> date_s;         ///< of the header Date, since 1970
    std::string body;                           ///< its first 64 KiB
    std::string error;                          ///< printable ASCII; why there was no answer
};

/// Asks a web server that the administrator named for something, wherever it is. TLS is verified,
/// no redirect is followed. \param headers `Name: value`
Fetched fetch(const std::string &url, const std::vector<std::string> &headers = {});

/// The host of a URL; empty when it is no URL that a webhook may have: http or https, without user
/// and password.
std::string url_host(const std::string &url);

} // namespace smartflow

#endif

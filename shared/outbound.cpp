#include "outbound.hpp"

#include "authorities.hpp"
#include "public_address.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <csignal>
#include <cstring>
#include <curl/curl.h>
#include <memory>
#include <stdexcept>
#include <unistd.h>

namespace smartflow {
namespace {

using Clock = std::chrono::steady_clock;

constexpr long connect_seconds = 5;
constexpr long whole_seconds = 20;
/// Less than what a supervisor waits before it kills (nginx/supervise.sh: 5 s).
constexpr std::chrono::seconds stop_grace{3};
constexpr std::size_t answer_limit = 65536; ///< bytes of header and body
constexpr long connections_a_host = 4;      ///< mail servers take few from one client

template <auto Function>
struct Deleter {
    template <typename T>
    void operator()(T *handle) const
    {
        Function(handle);
    }
};
using Easy = std::unique_ptr<CURL, Deleter<curl_easy_cleanup>>;
using Multi = std::unique_ptr<CURLM, Deleter<curl_multi_cleanup>>;
using HeaderLines = std::unique_ptr<curl_slist, Deleter<curl_slist_free_all>>;
using Url = std::unique_ptr<CURLU, Deleter<curl_url_cleanup>>;

void need_curl()
{
    static const bool ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    // A peer that goes away while it is written to is an error of that sending, no more.
    static const bool quiet = std::signal(SIGPIPE, SIG_IGN) != SIG_ERR;
    if (!ready || !quiet) {
        throw std::runtime_error("libcurl can't be used here");
    }
}

/// One sending under way.
struct Transfer {
    Easy easy;
    HeaderLines lines; ///< header lines or recipients
    bool mail = false;
    bool anywhere = true;
    int refused = 0;       ///< addresses that the rules don't allow
    int opened = 0;        ///< connections that were begun
    bool answered = false; ///< the final header is there
    std::size_t read = 0;  ///< bytes of the answer
    std::string_view rest; ///< of a mail's message
    std::array<char, CURL_ERROR_SIZE> message{};
    Clock::time_point began = Clock::now();
    SendResult result;
};

/// The place where every connection is made: what it is about to be made to is known for sure here.
curl_socket_t open_socket(void *transfer, curlsocktype, curl_sockaddr *address)
{
    auto &self = *static_cast<Transfer *>(transfer);
    if (!self.anywhere && !is_public(address->addr)) {
        ++self.refused;
        return CURL_SOCKET_BAD;
    }
    ++self.opened;
    return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

bool within_limit(Transfer &self, std::size_t bytes)
{
    self.read += bytes;
    return self.read <= answer_limit;
}

std::size_t take_header(const char *line, std::size_t size, std::size_t count, void *transfer)
{
    auto &self = *static_cast<Transfer *>(transfer);
    const std::size_t bytes = size * count;
    if (bytes == 2 && std::memcmp(line, "\r\n", 2) == 0) {
        long status = 0;
        curl_easy_getinfo(self.easy.get(), CURLINFO_RESPONSE_CODE, &status);
        self.answered = self.answered || status >= 200; // below: an interim one
    }
    return within_limit(self, bytes) ? bytes : 0;
}

std::size_t take_body(const char *, std::size_t size, std::size_t count, void *transfer)
{
    auto &self = *static_cast<Transfer *>(transfer);
    return within_limit(self, size * count) ? size * count : 0;
}

std::size_t give_message(char *to, std::size_t size, std::size_t count, void *transfer)
{
    auto &self = *static_cast<Transfer *>(transfer);
    const std::size_t bytes = std::min(size * count, self.rest.size());
    std::memcpy(to, self.rest.data(), bytes);
    self.rest.remove_prefix(bytes);
    return bytes;
}

template <typename Value>
void set(const Transfer &transfer, CURLoption option, Value value)
{
    const CURLcode code = curl_easy_setopt(transfer.easy.get(), option, value);
    if (code != CURLE_OK) { // an option that this libcurl lacks must not be left out silently
        throw std::runtime_error(std::string("libcurl refuses an option: ") +
                                 curl_easy_strerror(code));
    }
}

void add_line(Transfer &transfer, const std::string &line)
{
    curl_slist *longer = curl_slist_append(transfer.lines.get(), line.c_str());
    if (longer == nullptr) {
        throw std::bad_alloc();
    }
    static_cast<void>(transfer.lines.release()); // it is part of the longer one
    transfer.lines.reset(longer);
}

void prepare_any(Transfer &transfer)
{
    set(transfer, CURLOPT_PRIVATE, &transfer);
    set(transfer, CURLOPT_ERRORBUFFER, transfer.message.data());
    set(transfer, CURLOPT_NOSIGNAL, 1L);
    set(transfer, CURLOPT_CONNECTTIMEOUT, connect_seconds);
    set(transfer, CURLOPT_TIMEOUT, whole_seconds);
    set(transfer, CURLOPT_PROXY, "");
    set(transfer, CURLOPT_NOPROXY, "*");
    set(transfer, CURLOPT_NETRC, long{CURL_NETRC_IGNORED});
    const char *usual = nullptr;
    curl_easy_getinfo(transfer.easy.get(), CURLINFO_CAINFO, &usual);
    const std::string authorities = authorities_file(usual == nullptr ? "" : usual);
    if (!authorities.empty()) {
        set(transfer, CURLOPT_CAINFO, authorities.c_str());
    }
    set(transfer, CURLOPT_SSL_VERIFYPEER, 1L);
    set(transfer, CURLOPT_SSL_VERIFYHOST, 2L);
    set(transfer, CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2});
    set(transfer, CURLOPT_OPENSOCKETFUNCTION, &open_socket);
    set(transfer, CURLOPT_OPENSOCKETDATA, &transfer);
    set(transfer, CURLOPT_WRITEFUNCTION, &take_body);
    set(transfer, CURLOPT_WRITEDATA, &transfer);
}

void prepare(Transfer &transfer, const WebhookPost &post, const OutboundRules &rules)
{
    transfer.anywhere = rules.webhooks_anywhere;
    set(transfer, CURLOPT_URL, post.url.c_str());
    set(transfer, CURLOPT_PROTOCOLS_STR, "http,https");
    set(transfer, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
    set(transfer, CURLOPT_FOLLOWLOCATION, 0L);
    set(transfer, CURLOPT_POST, 1L);
    set(transfer, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(post.body.size()));
    set(transfer, CURLOPT_POSTFIELDS, post.body.c_str());
    for (const std::string &line : post.headers) {
        add_line(transfer, line);
    }
    add_line(transfer, "Expect:"); // none: the body is small
    set(transfer, CURLOPT_HTTPHEADER, transfer.lines.get());
    set(transfer, CURLOPT_HEADERFUNCTION, &take_header);
    set(transfer, CURLOPT_HEADERDATA, &transfer);
}

std::size_t keep_header(const char *line, std::size_t size, std::size_t count, void *fetched)
{
    auto &self = *static_cast<Fetched *>(fetched);
    const std::string_view text(line, size * count);
    const std::size_t colon = text.find(':');
    const std::size_t first = text.find_first_not_of(" \t", colon + 1);
    if (colon != std::string_view::npos && first != std::string_view::npos) {
        std::string name(text.substr(0, colon));
        std::transform(name.begin(), name.end(), name.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        self.headers[name] = text.substr(first, text.find_last_not_of("\r\n") + 1 - first);
    }
    return size * count;
}

std::size_t keep_body(const char *part, std::size_t size, std::size_t count, void *fetched)
{
    auto &self = *static_cast<Fetched *>(fetched);
    self.body.append(part, std::min(size * count, answer_limit - self.body.size()));
    return self.body.size() < answer_limit ? size * count : 0; // enough: no more is wanted
}

void prepare(Transfer &transfer, const MailSubmission &mail, const OutboundRules &rules)
{
    transfer.mail = true;
    transfer.rest = mail.message;
    set(transfer, CURLOPT_URL, rules.smtp_url.c_str());
    set(transfer, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    const bool login = !rules.smtp_user.empty();
    // Whoever can take STARTTLS out of a connection must not get the password for it.
    const curl_usessl tls = rules.smtp_tls == "no"                     ? CURLUSESSL_NONE
                            : rules.smtp_tls == "if-offered" && !login ? CURLUSESSL_TRY
                                                                       : CURLUSESSL_ALL;
    set(transfer, CURLOPT_USE_SSL, long{tls});
    if (login) {
        set(transfer, CURLOPT_USERNAME, rules.smtp_user.c_str());
        set(transfer, CURLOPT_PASSWORD, rules.smtp_password.c_str());
        // With a name that has an @, libcurl would go for Kerberos first, and no further.
        set(transfer, CURLOPT_LOGIN_OPTIONS,
            "AUTH=PLAIN;AUTH=LOGIN;AUTH=CRAM-MD5;AUTH=DIGEST-MD5;AUTH=NTLM");
    }
    set(transfer, CURLOPT_MAIL_FROM, ("<" + mail.from + ">").c_str());
    add_line(transfer, "<" + mail.to + ">");
    set(transfer, CURLOPT_MAIL_RCPT, transfer.lines.get());
    set(transfer, CURLOPT_UPLOAD, 1L);
    set(transfer, CURLOPT_READFUNCTION, &give_message);
    set(transfer, CURLOPT_READDATA, &transfer);
    set(transfer, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(mail.message.size()));
}

/// What may stand in the log and in the database: an answer's text may be anything.
std::string printable(std::string text)
{
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
    return text.substr(0, 400);
}

void judge_status(SendResult &result, int status)
{
    result.status = status;
    if (status >= 200 && status < 300) {
        return;
    }
    result.permanent = status < 500 && status != 408 && status != 425 && status != 429;
    result.error = status < 400 ? "The answer was a redirect (" + std::to_string(status) +
                                      "), and those are not followed."
                                : "The answer was " + std::to_string(status) + ".";
}

void judge_failure(const Transfer &transfer, SendResult &result, CURLcode code, int status)
{
    const std::string_view message = transfer.message.data();
    result.error = message.empty() ? curl_easy_strerror(code) : printable(std::string(message));
    if (transfer.refused > 0 && transfer.opened == 0) {
        result.error = "The address is not public.";
        result.permanent = true;
    } else if (transfer.mail && status >= 400) {
        result.status = status;
        const bool own_fault = code == CURLE_LOGIN_DENIED || code == CURLE_USE_SSL_FAILED;
        result.permanent = status >= 500 && !own_fault;
    }
}

void judge(Transfer &transfer, CURLcode code)
{
    SendResult &result = transfer.result;
    long status = 0;
    curl_easy_getinfo(transfer.easy.get(), CURLINFO_RESPONSE_CODE, &status);
    result.known = true;
    result.duration_ms = static_cast<int>(
        std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - transfer.began)
            .count());
    if (transfer.answered) {
        judge_status(result, static_cast<int>(status));
    } else if (code == CURLE_OK && transfer.mail) {
        result.status = static_cast<int>(status);
    } else {
        judge_failure(transfer, result, code == CURLE_OK ? CURLE_GOT_NOTHING : code,
                      static_cast<int>(status));
    }
}

/// Takes note of those that are done.
void take_results(CURLM *multi)
{
    int left = 0;
    while (const CURLMsg *message = curl_multi_info_read(multi, &left)) {
        void *transfer = nullptr;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        // NOLINTNEXTLINE(cppcoreguidelines-pro-type-union-access): libcurl has no other way
        judge(*static_cast<Transfer *>(transfer), message->data.result);
    }
}

void check(CURLMcode code)
{
    if (code != CURLM_OK) {
        throw std::runtime_error(std::string("libcurl: ") + curl_multi_strerror(code));
    }
}

/// Until all are done, or it is time to end.
void run(CURLM *multi, int stop_descriptor)
{
    std::optional<Clock::time_point> end;
    int running = 0;
    while (true) {
        check(curl_multi_perform(multi, &running));
        take_results(multi);
        if (running == 0 || (end && Clock::now() >= *end)) {
            return;
        }
        curl_waitfd stop{stop_descriptor, CURL_WAIT_POLLIN, 0};
        const bool watched = stop_descriptor >= 0 && !end;
        check(curl_multi_poll(multi, &stop, watched ? 1 : 0, end ? 100 : 1000, nullptr));
        if (watched && stop.revents != 0) {
            end = Clock::now() + stop_grace;
        }
    }
}

} // namespace

std::vector<SendResult> send_all(const std::vector<Sending> &sendings, const OutboundRules &rules,
                                 int stop_descriptor)
{
    need_curl();
    std::vector<std::unique_ptr<Transfer>> transfers;
    const Multi multi(curl_multi_init());
    check(curl_multi_setopt(multi.get(), CURLMOPT_MAX_HOST_CONNECTIONS, connections_a_host));
    for (const Sending &sending : sendings) {
        transfers.push_back(std::make_unique<Transfer>());
        Transfer &transfer = *transfers.back();
        transfer.easy.reset(curl_easy_init());
        prepare_any(transfer);
        std::visit([&](const auto &what) { prepare(transfer, what, rules); }, sending);
        check(curl_multi_add_handle(multi.get(), transfer.easy.get()));
    }
    run(multi.get(), stop_descriptor);
    std::vector<SendResult> results;
    for (const auto &transfer : transfers) {
        check(curl_multi_remove_handle(multi.get(), transfer->easy.get()));
        results.push_back(transfer->result);
    }
    return results;
}

Fetched fetch(const std::string &url, const std::vector<std::string> &headers)
{
    need_curl();
    Transfer transfer;
    transfer.easy.reset(curl_easy_init());
    prepare_any(transfer);
    Fetched fetched;
    set(transfer, CURLOPT_URL, url.c_str());
    set(transfer, CURLOPT_PROTOCOLS_STR, "http,https");
    set(transfer, CURLOPT_FOLLOWLOCATION, 0L);
    for (const std::string &line : headers) {
        add_line(transfer, line);
    }
    set(transfer, CURLOPT_HTTPHEADER, transfer.lines.get());
    set(transfer, CURLOPT_HEADERFUNCTION, &keep_header);
    set(transfer, CURLOPT_HEADERDATA, &fetched);
    set(transfer, CURLOPT_WRITEFUNCTION, &keep_body);
    set(transfer, CURLOPT_WRITEDATA, &fetched);
    const CURLcode code = curl_easy_perform(transfer.easy.get());
    long status = 0;
    curl_easy_getinfo(transfer.easy.get(), CURLINFO_RESPONSE_CODE, &status);
    fetched.status = static_cast<int>(status);
    if (status == 0) {
        const std::string_view message = transfer.message.data();
        fetched.error =
            printable(message.empty() ? curl_easy_strerror(code) : std::string(message));
    }
    const auto date = fetched.headers.find("date");
    if (date != fetched.headers.end()) {
        const std::int64_t seconds = curl_getdate(date->second.c_str(), nullptr);
        fetched.date_s = seconds < 0 ? std::nullopt : std::optional(seconds);
    }
    return fetched;
}

std::string url_host(const std::string &url)
{
    need_curl();
    const Url parsed(curl_url());
    if (curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), CURLU_DISALLOW_USER) != CURLUE_OK) {
        return {};
    }
    const auto part = [&](CURLUPart which) {
        char *text = nullptr;
        curl_url_get(parsed.get(), which, &text, 0);
        const std::unique_ptr<char, Deleter<curl_free>> owned(text);
        return std::string(text == nullptr ? "" : text);
    };
    const std::string scheme = part(CURLUPART_SCHEME);
    return scheme == "http" || scheme == "https" ? part(CURLUPART_HOST) : "";
}

} // namespace smartflow

#include "gateway.hpp"

#include "log.hpp"
#include "parameters.hpp"
#include "service_manager.hpp"
#include "settings.hpp"
#include "web_server.hpp"

#include <fcgiapp.h>
#include <malloc.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <system_error>
#include <thread>
#include <vector>

namespace smartflow {

namespace {

using Clock = std::chrono::steady_clock;

constexpr auto patience_at_the_end = std::chrono::seconds(4); ///< for answers under way at SIGTERM
constexpr auto pause_after_a_failed_accept = std::chrono::milliseconds(100);

/// How long a database connection may rest. Processes that come in crowds would else keep all that
/// the server allows after a rush, and other families none.
constexpr auto idle_alone = std::chrono::minutes(5);
constexpr auto idle_among_many = std::chrono::seconds(10);
constexpr timespec look_after_connections{2, 0}; ///< s, ns between two looks

/// The head of an answer in CGI form (RFC 3875 §6).
std::string head_text(const Response &response, bool with_length)
{
    std::string text = "Status: " + std::to_string(response.status) + " " +
                       std::string(reason_phrase(response.status)) + "\r\n";
    for (const auto &[name, value] : response.headers) {
        text.append(name).append(": ").append(value).append("\r\n");
    }
    if (with_length && response.status != 204 && response.status != 304) {
        text += "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
    }
    return text + "\r\n";
}

/// Sends an answer through a function that takes bytes and says whether the client still listens.
class Channel : public Output
{
public:
    void send(const Response &response) override
    {
        if (put(head_text(response, true)) && !response.head_only) {
            put(response.body);
        }
    }

    void start(const Response &head) override
    {
        head_only_ = head.head_only;
        put(head_text(head, false));
    }

    bool write(std::string_view bytes) override { return head_only_ || put(bytes); }

protected:
    virtual bool put(std::string_view bytes) = 0;

private:
    bool head_only_ = false;
};

class FastCgiChannel : public Channel
{
public:
    explicit FastCgiChannel(FCGX_Request &request) : request_(request) {}

    bool finish() override { return FCGX_FFlush(request_.out) == 0; }

    /// Without the end record that FastCGI wants, the web server cuts its own answer short too.
    void abort() override { FCGX_Free(&request_, 1); }

protected:
    bool put(std::string_view bytes) override
    {
        const auto length = static_cast<int>(bytes.size()); // answers are far below 2 GiB
        return FCGX_PutStr(bytes.data(), length, request_.out) == length;
    }

private:
    FCGX_Request &request_;
};

class CgiChannel : public Channel
{
public:
    bool finish() override { return std::fflush(stdout) == 0; }

    void abort() override
    {
        std::fflush(stdout);
        _exit(EXIT_FAILURE);
    }

protected:
    bool put(std::string_view bytes) override
    {
        return std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size();
    }
};

void answer(const Family &family, const Settings &settings, Request &request, const Call &call,
            Output &output)
{
    const auto start = Clock::now();
    separate_base(request);
    believe_proxies(request, settings.trusted_proxies);
    Outcome outcome;
    if (const auto ready = answer_for_web_server(request)) {
        outcome = {ready->status, "", "the web server's own " + request.error_status,
                   ready->body.size()};
        output.send(*ready);
    } else {
        outcome = dispatch(family, settings, request, call, output);
    }
    const std::chrono::duration<double, std::milli> took = Clock::now() - start;
    log_request(family, request, outcome, took.count());
}

/// What a connection prepares: the family's functions, so that each call is one round trip.
std::vector<std::string> functions_of(const Family &family)
{
    std::vector<std::string> functions{"any_session", "any_idempotent"};
    for (const Route &route : family.routes) {
        if (route.released) {
            functions.push_back(route.function + std::string(released_suffix));
        } else if (*route.function != '\0') {
            functions.emplace_back(route.function);
        }
        if (route.together) {
            functions.push_back(route.function + std::string(gathered_suffix));
        }
    }
    return functions;
}

Call calling(Database &database)
{
    return [&database](const std::string &function, const Arguments &arguments,
                       const RowSink &sink) { return database.call(function, arguments, sink); };
}

/// Ends a request whose answer is written. What is left of its body, if only the empty record that
/// ends it, mustn't stay in a connection that the web server keeps: libfcgi would take it for the
/// next request's first record. Where the web server passes files on as they come it keeps no
/// connection, and one that wasn't wanted isn't waited for: a stranger may send it slowly.
/// \param unread bytes of the body
void finish_request(FCGX_Request &fcgi, std::uint64_t unread)
{
    const bool cut_off = fcgi.in == nullptr;
    if (!cut_off && (fcgi.keepConnection != 0 || unread == 0)) {
        std::array<char, 4096> rest{};
        while (FCGX_GetStr(rest.data(), static_cast<int>(rest.size()), fcgi.in) > 0) {
        }
    }
    FCGX_Finish_r(&fcgi);
}

/// What the threads of a process share.
struct Serving {
    const Family &family;
    const Settings &settings;
    Call call;
    std::atomic<std::int64_t> threads{0};
    std::atomic<int> waiting{0}; ///< threads that a new connection can come to
    std::atomic<int> busy{0};
    std::atomic<bool> stopping{false};
    /// Whether the web server starts as many processes of a family as it sees fit, with one request
    /// at a time for each, as mod_fcgid does.
    std::atomic<bool> among_many{false};
};

void start_thread(Serving &serving);

/// Accepts and answers for ever. A connection that the web server keeps open stays with its
/// thread, so there must be more threads than kept connections (nginx/upstream.conf.in); where none
/// is left for a new connection, another starts.
/// Once stopping, each thread ends with the request it has.
void accept_and_answer(Serving &serving)
{
    bool waits = true; // counted as such
    FCGX_Request fcgi;
    FCGX_InitRequest(&fcgi, 0, FCGI_FAIL_ACCEPT_ON_INTR);
    for (;;) {
        if (FCGX_Accept_r(&fcgi) != 0) {
            std::this_thread::sleep_for(pause_after_a_failed_accept);
            continue;
        }
        ++serving.busy;
        if (waits) {
            --serving.waiting;
        }
        if (serving.waiting == 0) {
            start_thread(serving);
        }
        Request request =
            read_request([&](const char *name) { return FCGX_GetParam(name, fcgi.envp); });
        std::uint64_t unread = body_length(request).value_or(0);
        request.read_body = [&](char *into, std::size_t size) {
            const int got = FCGX_GetStr(into, static_cast<int>(size), fcgi.in);
            unread -= std::min<std::uint64_t>(unread, static_cast<std::uint64_t>(std::max(got, 0)));
            return static_cast<std::size_t>(std::max(got, 0));
        };
        FastCgiChannel channel(fcgi);
        serving.among_many = serving.among_many || !request.script_name.empty();
        answer(serving.family, serving.settings, request, serving.call, channel);
        finish_request(fcgi, unread);
        if (serving.stopping) {
            FCGX_Free(&fcgi, 1);
        }
        waits = fcgi.ipcFd < 0; // one whose connection is kept gets what comes there
        if (waits) {
            ++serving.waiting;
        }
        --serving.busy;
        if (serving.stopping) {
            return;
        }
    }
}

/// Starts one more thread, unless there are as many as set. Where the host refuses one, the next
/// request tries again.
void start_thread(Serving &serving)
{
    if (++serving.threads > serving.settings.threads) {
        --serving.threads;
        return;
    }
    ++serving.waiting;
    try {
        std::thread(accept_and_answer, std::ref(serving)).detach();
    } catch (const std::system_error &) {
        --serving.waiting;
        --serving.threads;
    }
}

int serve_fastcgi(const Family &family, const Settings &settings)
{
    mallopt(M_ARENA_MAX, 2); // many threads that mostly wait: few arenas keep memory small
    FCGX_Init();
    sigset_t stop;
    sigemptyset(&stop);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) {
        sigaddset(&stop, signal);
    }
    pthread_sigmask(SIG_BLOCK, &stop, nullptr); // every thread inherits it; the wait is below

    Database database(settings, family.name, functions_of(family));
    Serving serving{family, settings, calling(database)};
    start_thread(serving);
    tell_service_manager("READY=1");
    while (sigtimedwait(&stop, nullptr, &look_after_connections) < 0) {
        database.close_idle(serving.among_many ? idle_among_many : idle_alone);
    }
    tell_service_manager("STOPPING=1");
    serving.stopping = true;
    FCGX_ShutdownPending();
    const auto deadline = Clock::now() + patience_at_the_end;
    while (serving.busy > 0 && Clock::now() < deadline) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    _exit(EXIT_SUCCESS); // threads wait in accept: nothing here may be destroyed under them
}

int serve_cgi(const Family &family, const Settings &settings)
{
    Database database(settings, family.name, {});
    Request request = read_request([](const char *name) { return std::getenv(name); });
    request.read_body = [](char *into, std::size_t size) {
        return std::fread(into, 1, size, stdin);
    };
    CgiChannel channel;
    answer(family, settings, request, calling(database), channel);
    const bool sent = std::fflush(stdout) == 0;
    // A web server that gives the body by a socket (Apache's mod_cgid) loses the answer of a
    // program that ends before it has read all of it.
    std::array<char, 4096> rest{};
    while (read(STDIN_FILENO, rest.data(), rest.size()) > 0) {
    }
    return sent ? EXIT_SUCCESS : EXIT_FAILURE;
}

} // namespace

int serve(const Family &family)
{
    std::signal(SIGPIPE, SIG_IGN);
    const bool as_cgi = FCGX_IsCGI() != 0;
    try {
        const Settings settings = read_settings();
        start_log(settings.log_level);
        return as_cgi ? serve_cgi(family, settings) : serve_fastcgi(family, settings);
    } catch (const std::exception &error) {
        std::fprintf(stderr, "%s: %s\n", family.name, error.what());
        if (as_cgi) {
            CgiChannel channel;
            channel.send(
                {500,
                 {{"Content-Type", "application/json"}},
                 error_body("INTERNAL_ERROR", "Something went wrong here.", {}, timestamp_now())});
        }
        return 2;
    }
}

} // namespace smartflow

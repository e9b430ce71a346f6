#include "dispatch.hpp"

#include "answers.hpp"
#include "credentials.hpp"
#include "file_transfer.hpp"
#include "pages.hpp"
#include "routing.hpp"
#include "secrets.hpp"
#include "text.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

namespace smartflow {

namespace {

bool is_unsafe(std::string_view method)
{
    return method != "GET" && method != "HEAD" && method != "OPTIONS";
}

/// Joins two JSON objects' texts.
std::string joined(const std::string &body, const std::string &query)
{
    if (body.size() <= 2) {
        return query;
    }
    if (query.size() <= 2) {
        return body;
    }
    return body.substr(0, body.size() - 1) + "," + query.substr(1);
}

/// One request on its way through, from the match to the answer.
class Exchange
{
public:
    Exchange(const Family &family, const Settings &settings, Request &request, const Call &call,
             Output &output)
        : family_(family), settings_(settings), request_(request), call_(call), output_(output)
    {}

    Outcome run();

private:
    void answer();
    void authorise(Arguments &arguments);
    std::string checked_form(Arguments &arguments, std::optional<Page> &page);
    std::string checked_content();
    void refuse_unknown_action() const;
    void check_upload() const;
    void check_idempotency_key(Arguments &arguments, Details &wrong) const;
    void list(const Arguments &arguments, const Page &page);
    Response handled(Arguments arguments, const std::optional<Page> &page);
    void send(Response response);
    void fail(const Error &error);

    bool is_list() const { return answers_list(*match_.route); }

    const Family &family_;
    const Settings &settings_;
    Request &request_;
    const Call &call_;
    Output &output_;
    Match match_;
    Target target_;
    Outcome outcome_;
    bool started_ = false;
};

Outcome Exchange::run()
{
    try {
        answer();
    } catch (const Error &error) {
        fail(error);
    } catch (const std::bad_alloc &) {
        fail(Error(Code::service_unavailable, "The server is short of memory.")
                 .because("out of memory")
                 .retry_after(1));
    } catch (const std::exception &error) {
        fail(Error(Code::internal_error, "Something went wrong here.").because(error.what()));
    }
    return outcome_;
}

void Exchange::answer()
{
    target_ = split_target(request_.target);
    match_ = match(family_, request_.method, target_);
    if (match_.allow.empty()) {
        throw Error(Code::not_found, "There is nothing at this path.");
    }
    if (request_.method == "OPTIONS") {
        Response response{204, {{"Allow", match_.allow}}, {}};
        return send(std::move(response));
    }
    if (match_.route == nullptr) {
        throw Error(Code::method_not_allowed, "This path doesn't take this method.");
    }
    const Route &route = *match_.route;
    outcome_.route = route.path;
    Arguments arguments;
    authorise(arguments);
    std::optional<Page> page;
    try {
        arguments.input = checked_form(arguments, page);
    } catch (const Error &) {
        if (route.access != Access::nobody) { // 401 and 403 come before what is wrong in itself
            arguments.key.reset();
            arguments.released = false;
            call_("any_session", arguments, {});
        }
        throw;
    }
    if (route.handle != nullptr) {
        return send(handled(std::move(arguments), page));
    }
    if (is_list()) {
        return list(arguments, *page);
    }
    send(to_response(call_(route.function, arguments, {})));
}

Response Exchange::handled(Arguments arguments, const std::optional<Page> &page)
{
    Stream stream(request_, output_);
    const std::function<Response()> answer_list = [this, &arguments, &page] {
        list(arguments, *page);
        Response done;
        done.sent = true;
        return done;
    };
    Inquiry inquiry{settings_, request_,     *match_.route, arguments,
                    call_,     family_.name, stream,        answer_list};
    const auto note = [&] {
        if (stream.status() != 0) {
            started_ = true;
            outcome_.status = stream.status();
            outcome_.bytes = stream.bytes();
        }
    };
    try {
        Response response = match_.route->handle(inquiry);
        note();
        return response;
    } catch (...) {
        note();
        throw;
    }
}

void Exchange::authorise(Arguments &arguments)
{
    const Route &route = *match_.route;
    arguments.role = route.access == Access::admin ? "admin" : "staff";
    arguments.write = is_unsafe(request_.method);
    arguments.released = route.released;
    arguments.request_id = request_.request_id;
    arguments.address = request_.address;
    arguments.user_agent = is_utf8(request_.user_agent) ? request_.user_agent : "";
    arguments.time_zone = settings_.time_zone;
    arguments.id = match_.id;
    const auto tag = [](const std::string &header) {
        // What isn't UTF-8 can't go to SQL, and names no tag of ours: it is a tag that matches
        // nothing.
        return header.empty() ? std::nullopt
                              : std::optional(is_utf8(header) ? header : std::string("\"\""));
    };
    arguments.if_match = tag(request_.if_match);
    arguments.if_none_match = tag(request_.if_none_match);
    if (route.access == Access::nobody) {
        return;
    }
    const auto credential = presented_credential(request_, settings_);
    if (!credential) {
        throw Error(Code::unauthorized, "Log in first.");
    }
    arguments.credential = credential->digest;
    arguments.cross_site =
        arguments.write && credential->cookie && is_cross_site(request_, settings_);
}

/// Everything about the request's form that needs no database; all that is wrong is named at once.
std::string Exchange::checked_form(Arguments &arguments, std::optional<Page> &page)
{
    const Route &route = *match_.route;
    refuse_unknown_action();
    Details wrong;
    std::string body = "{}";
    if (*route.upload != '\0') {
        check_upload();
    } else if (arguments.write && request_.method != "DELETE") {
        const std::string text = checked_content();
        if (!route.body.empty() || !text.empty()) {
            const Mode mode = request_.method == "PATCH" ? Mode::change : Mode::create;
            body = checked_body(parse_json(text), route.body, mode, wrong);
        }
    }
    std::string query = checked_query(target_.query, QueryRules(family_, route).rules(), wrong);
    check_idempotency_key(arguments, wrong);
    if (is_list() && wrong.empty()) {
        page = read_page(target_.path, target_.query, query, wrong);
        page->path.insert(0, request_.base);
    }
    if (!wrong.empty()) {
        throw validation_error(std::move(wrong));
    }
    std::string input = joined(body, query);
    if (arguments.key) {
        arguments.fingerprint = request_fingerprint(request_.idempotency_key, input);
    }
    return input;
}

/// An action that none of the path's routes has: nothing else of the query can be judged then.
void Exchange::refuse_unknown_action() const
{
    const Route &route = *match_.route;
    if (*route.action == '\0' || names_action(target_.query, route.action)) {
        return;
    }
    std::string actions;
    for (const Route *sibling : siblings(family_, route)) {
        actions += (actions.empty() ? "" : ", ") + std::string(sibling->action);
    }
    throw validation_error({{"action", "must be one of: " + actions}});
}

/// What can be said of a large body before it is read.
void Exchange::check_upload() const
{
    if (!is_media_type(is_utf8(request_.content_type) ? request_.content_type : "",
                       match_.route->upload)) {
        throw Error(Code::unsupported_media_type,
                    std::string("The body must be ") + match_.route->upload + ".");
    }
    const std::optional<std::uint64_t> length = body_length(request_);
    if (!length) {
        throw Error(Code::bad_request, "The Content-Length is no number.");
    }
    if (*length > static_cast<std::uint64_t>(settings_.max_upload)) {
        throw Error(Code::payload_too_large, "The body is larger than MAX_UPLOAD allows.");
    }
}

/// The body, once it is known to have come whole and in the right type.
std::string Exchange::checked_content()
{
    receive_body(request_);
    const bool some = !request_.body.empty() || request_.received != Received::whole;
    if ((some || !match_.route->body.empty()) &&
        !is_media_type(is_utf8(request_.content_type) ? request_.content_type : "",
                       "application/json")) {
        throw Error(Code::unsupported_media_type, "The body must be application/json.");
    }
    switch (request_.received) {
        case Received::whole: break;
        case Received::too_large:
            throw Error(Code::payload_too_large, "The body is larger than 1 MiB.");
        case Received::cut_short:
            throw Error(Code::bad_request, "The body is shorter than its Content-Length.");
        case Received::bad_length:
            throw Error(Code::bad_request, "The Content-Length is no number.");
    }
    return request_.body;
}

void Exchange::check_idempotency_key(Arguments &arguments, Details &wrong) const
{
    const std::string &key = request_.idempotency_key;
    const std::string_view path = match_.route->path;
    if (key.empty() || !takes_idempotency_key(*match_.route)) {
        return;
    }
    const bool visible =
        std::all_of(key.begin(), key.end(), [](char c) { return c >= '!' && c <= '~'; });
    if (key.size() > 255 || !visible) {
        wrong.emplace_back("Idempotency-Key", "must be 1 to 255 visible ASCII characters");
        return;
    }
    const std::string id = match_.id ? std::to_string(*match_.id) : std::string();
    arguments.key =
        token_digest(request_.method + "\n" + std::string(path) + "\n" + id + "\n" + key);
}

void Exchange::list(const Arguments &arguments, const Page &page)
{
    std::string function = match_.route->function;
    if (!page.limit) {
        function.replace(function.size() - 4, 4, "stream");
    }
    Response head{200, {{"Content-Type", "application/json"}}, {}};
    if (page.csv) { // what stands in an object of JSON has columns of its own
        function.insert(function.rfind('_'), "_csv");
        head.headers = download(csv_media, match_.route->action, "csv");
    }
    add_common_headers(head, request_);
    head.head_only = request_.method == "HEAD";
    ListWriter writer(page, std::move(head), output_, request_.method == "HEAD");
    outcome_.status = 200;
    try {
        call_(function, arguments, [&](const Row &row) {
            const bool more = writer.take(row);
            started_ = writer.started();
            return more;
        });
        outcome_.bytes = writer.finish();
    } catch (...) {
        started_ = writer.started();
        throw;
    }
}

void Exchange::send(Response response)
{
    if (response.sent) {
        return;
    }
    add_common_headers(response, request_);
    response.head_only = request_.method == "HEAD";
    outcome_.status = response.status;
    outcome_.bytes = response.body.size();
    output_.send(response);
}

void Exchange::fail(const Error &error)
{
    outcome_.cause = error.cause();
    if (started_) {
        outcome_.cause = "cut off: " + (outcome_.cause.empty() ? error.what() : outcome_.cause);
        output_.abort();
        return;
    }
    send(error_response(error, match_.allow));
}

} // namespace

bool answers_list(const Route &route) noexcept
{
    constexpr std::string_view suffix = "_list";
    const std::string_view name = route.function;
    return name.size() > suffix.size() && name.substr(name.size() - suffix.size()) == suffix;
}

bool comes_as_csv(const Route &route) noexcept
{
    return answers_list(route) &&
           std::any_of(route.query.begin(), route.query.end(),
                       [](const Rule &rule) { return std::string_view(rule.name) == "format"; });
}

bool takes_idempotency_key(const Route &route) noexcept
{
    return std::string_view(route.method) == "POST" &&
           std::string_view(route.path).rfind("/api/auth/", 0) != 0;
}

Outcome dispatch(const Family &family, const Settings &settings, Request &request, const Call &call,
                 Output &output)
{
    return Exchange(family, settings, request, call, output).run();
}

} // namespace smartflow

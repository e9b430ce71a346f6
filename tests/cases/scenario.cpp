#include "scenario.hpp"

#include "error.hpp"
#include "pattern.hpp"

#include <algorithm>
#include <regex>
#include <stdexcept>

namespace smartflow {

namespace {

/// What a family says itself; everything else is the web server's.
constexpr const char *own_headers[] = {"Content-Type",
                                       "ETag",
                                       "Location",
                                       "Allow",
                                       "Link",
                                       "X-Total-Count",
                                       "WWW-Authenticate",
                                       "Idempotent-Replayed",
                                       "Set-Cookie",
                                       "Cache-Control",
                                       "X-Content-Type-Options"};
constexpr int most_pages = 100;

/// Makes what differs from run to run the same.
std::string masked(std::string text)
{
    static const std::pair<std::regex, const char *> masks[] = {
        {std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)"), "<moment>"},
        {std::regex(R"(sf_[A-Za-z0-9_-]{43})"), "<secret>"},
        {std::regex(R"(msg_[0-9a-f]{32})"), "<event>"},
        {std::regex(R"(cursor=[A-Za-z0-9_-]+)"), "cursor=<cursor>"},
        {std::regex(R"("[0-9a-f]{16}")"), "\"<hash>\""},
        {std::regex(R"("retryAfter":"\d+")"), "\"retryAfter\":\"<seconds>\""},
        // how much of the trail `smartflow deliver` has sealed, where it runs
        {std::regex(R"re(("audit_chain", "ok" : true, "checked" : )\d+)re"), "$1<sealed>"},
    };
    for (const auto &[what, mask] : masks) {
        text = std::regex_replace(text, what, mask);
    }
    return text;
}

std::string shortened(const std::string &text)
{
    return text.size() > 600 ? text.substr(0, 600) + "…" : text;
}

std::string body_difference(const Step &step, const std::string &body, Captures &captures)
{
    if (step.expected_body == Step::Body::empty) {
        return body.empty() ? "" : "the body isn't empty: " + shortened(body);
    }
    if (step.expected_body == Step::Body::exactly) {
        return matches_text(step.pattern, body, captures) ? ""
                                                          : "the body is not exactly that: " + body;
    }
    if (step.expected_body == Step::Body::pattern) {
        return json_difference(parse_json(step.pattern), parse_json(body), captures);
    }
    return {};
}

/// What is said of every answer, whatever the case file says of it.
std::string always_expected(const WireResponse &response)
{
    const std::string *id = response.header("X-Request-Id");
    if (id == nullptr || !is_request_id(*id)) {
        return "there is no X-Request-Id";
    }
    const std::string *length = response.header("Content-Length");
    if (length != nullptr && !response.body.empty() &&
        *length != std::to_string(response.body.size())) {
        return "Content-Length is " + *length;
    }
    // The report of an unhealthy shop is a 503 and no error.
    const bool report = response.status == 503 && response.body.find("{\"status\"") == 0;
    if (response.status < 400 || response.body.empty() || report) {
        return {};
    }
    Captures none;
    return json_difference(
        parse_json(R"({"error": "*", "code": "*", "details": {}, "timestamp": "*-*-*T*:*:*.*Z"})"),
        parse_json(response.body), none);
}

/// The target of `Link: <…>; rel="next"` (RFC 8288), empty when there is none.
std::string next_page(const WireResponse &response)
{
    const std::string *link = response.header("Link");
    static const std::regex next(R"(<([^>]*)>; rel="next")");
    std::smatch found;
    return link != nullptr && std::regex_search(*link, found, next) ? found[1].str() : "";
}

/// A scenario on its way.
class Play
{
public:
    Play(Way &way, Shop &shop, const Transcript &transcript)
        : way_(way), shop_(shop), transcript_(transcript), captures_(shop.secrets())
    {}

    void step(const Step &step, Course &course)
    {
        if (is_left_out(step)) {
            course.answers.emplace_back();
            return;
        }
        switch (step.kind) {
            case Step::Kind::as: who_ = step.text; break;
            case Step::Kind::sql: run_sql(step); break;
            case Step::Kind::pages:
                course.answers.push_back(comparable(expect(step, all_pages(step))));
                break;
            case Step::Kind::request: {
                const WireResponse response = send(request_of(step));
                course.answers.push_back(step.own_answer ? "" : comparable(response));
                expect(step, response);
            }
        }
    }

private:
    bool is_left_out(const Step &step) const
    {
        const std::string server = way_.server();
        return !server.empty() && !step.not_under.empty() &&
               (", " + step.not_under + ",").find(", " + server + ",") != std::string::npos;
    }

    WireRequest request_of(const Step &step) const
    {
        WireRequest request{step.method, filled_in(step.target, captures_), {}, {}};
        request.headers = {{"Host", "shop.test"}, {"User-Agent", "case"}};
        bool typed = step.body.empty();
        bool known = false;
        for (const auto &[name, value] : step.headers) {
            request.headers.emplace_back(name, filled_in(value, captures_));
            typed = typed || name == "Content-Type";
            known = known || name == "Authorization" || name == "Cookie";
        }
        if (!typed) {
            request.headers.emplace_back("Content-Type", "application/json");
        }
        if (!known && who_ != "nobody") {
            const auto secret = captures_.find(who_ + "_secret");
            request.headers.emplace_back("Authorization",
                                         "Bearer " + (secret != captures_.end()
                                                          ? secret->second
                                                          : filled_in(who_, captures_)));
        }
        request.body = filled_in(step.body, captures_);
        return request;
    }

    WireResponse send(const WireRequest &request)
    {
        WireResponse response = way_.send(request);
        transcript_(request, response);
        return response;
    }

    const WireResponse &expect(const Step &step, const WireResponse &response)
    {
        const std::string difference = unexpected(step, response, captures_);
        if (!difference.empty()) {
            throw std::runtime_error(difference);
        }
        return response;
    }

    /// One answer whose body is the elements of all pages, in their order.
    WireResponse all_pages(const Step &step)
    {
        WireRequest request = request_of(step);
        WireResponse whole = send(request);
        std::string next = next_page(whole);
        whole.headers.erase(std::remove_if(whole.headers.begin(), whole.headers.end(),
                                           [](const auto &header) {
                                               return header.first == "Link" ||
                                                      header.first == "Content-Length";
                                           }),
                            whole.headers.end());
        for (int page = 1; whole.status == 200 && !next.empty(); ++page) {
            request.target = next;
            const WireResponse part = send(request);
            if (part.status != 200 || page == most_pages || part.body.size() < 3) {
                throw std::runtime_error("page " + std::to_string(page) + " is " +
                                         comparable(part));
            }
            whole.body.back() = ',';
            whole.body += part.body.substr(1);
            next = next_page(part);
        }
        return whole;
    }

    void run_sql(const Step &step)
    {
        const std::string value = shop_.value(filled_in(step.text, captures_));
        if (step.has_value && !matches_text(step.pattern, value, captures_)) {
            throw std::runtime_error("the value is " + value);
        }
    }

    Way &way_;
    Shop &shop_;
    const Transcript &transcript_;
    Captures captures_;
    std::string who_ = "admin";
};

} // namespace

std::string unexpected(const Step &step, const WireResponse &response, Captures &captures)
{
    try {
        if (response.status != step.status) {
            return "status " + std::to_string(response.status) + ": " + shortened(response.body);
        }
        for (const auto &[name, pattern] : step.expected_headers) {
            const std::string *value = response.header(name);
            if (value == nullptr || !matches_text(pattern, *value, captures)) {
                return name + ": " + (value == nullptr ? "(none)" : *value);
            }
        }
        for (const std::string &name : step.absent_headers) {
            if (response.header(name) != nullptr) {
                return "there is a header " + name;
            }
        }
        const std::string difference = body_difference(step, response.body, captures);
        return difference.empty() ? always_expected(response) : difference;
    } catch (const Error &error) { // of parse_json
        const std::string why = error.details().empty() ? "" : error.details()[0].second;
        return "no JSON (" + why + "): " + shortened(response.body);
    }
}

std::string comparable(const WireResponse &response)
{
    std::string text = std::to_string(response.status) + "\n";
    for (const char *name : own_headers) {
        if (const std::string *value = response.header(name)) {
            text += std::string(name) + ": " + *value + "\n";
        }
    }
    text += response.header("Retry-After") != nullptr ? "Retry-After\n" : "";
    return masked(text + "\n" + response.body);
}

Course play(const Scenario &scenario, Way &way, Shop &shop, const Transcript &transcript)
{
    Course course;
    shop.make_new();
    Play state(way, shop, transcript);
    for (const Step &step : scenario.steps) {
        try {
            state.step(step, course);
        } catch (const std::exception &error) {
            course.failure = "line " + std::to_string(step.line) + ": " + step.method + " " +
                             step.target + ": " + error.what();
            return course;
        }
    }
    return course;
}

} // namespace smartflow

#include "answers.hpp"

#include "json.hpp"

namespace smartflow {

void add_common_headers(Response &response, const Request &request)
{
    for (auto &[name, value] : response.headers) {
        if (name == "Location") {
            value.insert(0, request.base);
        }
    }
    response.headers.emplace_back("X-Request-Id", request.request_id);
    response.headers.emplace_back("Cache-Control", "private, no-cache");
    response.headers.emplace_back("X-Content-Type-Options", "nosniff");
}

Response error_response(const Error &error, const std::string &allow)
{
    Response response;
    response.status = error.status();
    response.headers.emplace_back("Content-Type", "application/json");
    if (error.code() == Code::unauthorized) {
        response.headers.emplace_back("WWW-Authenticate", "Bearer");
    }
    if (error.code() == Code::method_not_allowed) {
        response.headers.emplace_back("Allow", allow);
    }
    if (error.retry_after_s() > 0) {
        response.headers.emplace_back("Retry-After", std::to_string(error.retry_after_s()));
    }
    response.body =
        error_body(code_name(error.code()), error.what(), error.details(), timestamp_now());
    return response;
}

Response to_response(const Reply &reply)
{
    Response response;
    response.status = reply.status;
    if (reply.status >= 400) { // a refusal that left something behind, perhaps given once more
        const Json said = parse_json(reply.body.value_or("{}"));
        const auto text = [&](const char *name) {
            const Json *member = said.find(name);
            return member != nullptr ? member->text : std::string();
        };
        Details details;
        if (const Json *given = said.find("details")) {
            for (const auto &[name, reason] : given->members) {
                details.emplace_back(name, reason.text);
            }
        }
        response.body = error_body(text("code"), text("error"), details, text("timestamp"));
    } else if (reply.body) {
        response.body = *reply.body;
    }
    if (!response.body.empty()) {
        response.headers.emplace_back("Content-Type", "application/json");
    }
    if (reply.etag) {
        response.headers.emplace_back("ETag", *reply.etag);
    }
    if (reply.location) {
        response.headers.emplace_back("Location", *reply.location);
    }
    if (reply.replayed) {
        response.headers.emplace_back("Idempotent-Replayed", "true");
    }
    return response;
}

void Stream::send(const Response &whole)
{
    start(whole);
    write(whole.body);
    finish();
}

void Stream::start(const Response &head)
{
    Response complete{head.status, head.headers, {}};
    add_common_headers(complete, request_);
    complete.head_only = request_.method == "HEAD";
    status_ = head.status;
    output_.start(complete);
}

bool Stream::write(std::string_view bytes)
{
    bytes_ += bytes.size();
    return output_.write(bytes);
}

} // namespace smartflow

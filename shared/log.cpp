#include "log.hpp"

#include "json.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace smartflow {

namespace {

void member(std::string &line, std::string_view name, std::string_view text)
{
    line += ',' + json_string(name) + ':' + json_string(text);
}

spdlog::level::level_enum level_of(int status)
{
    if (status >= 500) {
        return spdlog::level::err;
    }
    return spdlog::level::info;
}

} // namespace

void start_log(const std::string &level)
{
    auto logger = spdlog::stderr_logger_mt("smartflow");
    logger->set_pattern("{\"time\":\"%Y-%m-%dT%H:%M:%S.%eZ\",\"level\":\"%l\"%v}",
                        spdlog::pattern_time_type::utc);
    logger->set_level(spdlog::level::from_str(level));
    logger->set_error_handler([](const std::string &) {});
    spdlog::set_default_logger(std::move(logger));
}

void log_request(const Family &family, const Request &request, const Outcome &outcome, double ms)
{
    const auto level = level_of(outcome.status);
    if (!spdlog::should_log(level)) {
        return;
    }
    std::string line;
    member(line, "request", request.request_id);
    member(line, "family", family.name);
    member(line, "method", request.method);
    member(line, "route", outcome.route);
    line +=
        fmt::format(",\"status\":{},\"ms\":{:.3f},\"bytes\":{}", outcome.status, ms, outcome.bytes);
    if (!outcome.cause.empty()) {
        member(line, "cause", outcome.cause);
    }
    spdlog::default_logger_raw()->log(level, spdlog::string_view_t(line));
}

void log_attempt(const AttemptLine &attempt)
{
    std::string line;
    line += ",\"delivery\":" + attempt.id;
    member(line, "event", attempt.event);
    member(line, "channel", attempt.channel);
    member(line, "host", attempt.host);
    if (attempt.status != 0) {
        line += ",\"status\":" + std::to_string(attempt.status);
    }
    line += ",\"ms\":" + std::to_string(attempt.ms);
    if (!attempt.error.empty()) {
        member(line, "error", attempt.error);
    }
    const auto level = attempt.error.empty() ? spdlog::level::info : spdlog::level::warn;
    spdlog::default_logger_raw()->log(level, spdlog::string_view_t(line));
}

void log_error(std::string_view program, std::string_view message)
{
    std::string line;
    member(line, "program", program);
    member(line, "message", message);
    spdlog::default_logger_raw()->log(spdlog::level::err, spdlog::string_view_t(line));
}

} // namespace smartflow

#include "case_file.hpp"

#include "pattern.hpp"

#include <cctype>
#include <sstream>
#include <stdexcept>

namespace smartflow {

namespace {

bool starts_with(const std::string &text, std::string_view start)
{
    return text.compare(0, start.size(), start) == 0;
}

/// `POST /api/products` begins a request: a word of capitals and a path.
bool is_request(const std::string &line)
{
    std::size_t at = 0;
    while (at < line.size() && std::isupper(static_cast<unsigned char>(line[at])) != 0) {
        ++at;
    }
    return at > 1 && starts_with(line.substr(at), " /");
}

/// `Idempotency-Key: abc` is a header: no JSON line begins with a capital letter.
bool is_header(const std::string &line)
{
    const std::size_t colon = line.find(':');
    return colon != std::string::npos && std::isupper(static_cast<unsigned char>(line[0])) != 0 &&
           line.find_first_of(" \"{") >= colon;
}

bool is_status(const std::string &line)
{
    return line.size() >= 3 &&
           line.substr(0, 3).find_first_not_of("0123456789") == std::string::npos &&
           (line.size() == 3 || line[3] == ' ');
}

std::string unescaped(const std::string &text)
{
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\' || i + 1 == text.size()) {
            out += text[i];
            continue;
        }
        switch (text[++i]) {
            case 'n': out += '\n'; break;
            case 'r': out += '\r'; break;
            case 't': out += '\t'; break;
            case 'x':
                out += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
                i += 2;
                break;
            default: out += text[i];
        }
    }
    return out;
}

/// Reads line after line; what a line means depends on the step that is open.
class Reader
{
public:
    std::vector<Scenario> read(const std::string &text)
    {
        std::istringstream lines(text);
        std::string line;
        while (std::getline(lines, line)) {
            ++line_;
            try {
                take(with_repeats(line));
            } catch (const std::exception &error) {
                throw std::runtime_error("line " + std::to_string(line_) + ": " + error.what());
            }
        }
        close();
        return std::move(scenarios_);
    }

private:
    void take(const std::string &line)
    {
        if (line.empty() || line[0] == '#') {
            in_expectation_ = false;
        } else if (starts_with(line, "== ")) {
            close();
            scenarios_.push_back({line.substr(3), line_, {}});
        } else if (starts_with(line, "as ")) {
            add(Step::Kind::as).text = line.substr(3);
        } else if (starts_with(line, "sql ")) {
            add(Step::Kind::sql).text = line.substr(4);
        } else if (starts_with(line, "= ")) {
            sql().pattern = line.substr(2);
            sql().has_value = true;
        } else if (line == "by the web server") {
            own_answer_ = true;
        } else if (starts_with(line, "not under ")) {
            not_under(line.substr(10));
        } else if (is_request(line)) {
            request(line);
        } else if (is_status(line)) {
            status(line);
        } else if (in_expectation_) {
            expectation(line);
        } else {
            part_of_request(line);
        }
    }

    void not_under(const std::string &line)
    {
        const std::size_t colon = line.find(": ");
        if (colon == std::string::npos || colon + 2 == line.size()) {
            throw std::runtime_error(
                "the web server and the reason are wanted: not under NAME: WHY");
        }
        not_under_ = line.substr(0, colon);
    }

    void request(const std::string &line)
    {
        const std::size_t space = line.find(' ');
        const std::size_t end = line.find(' ', space + 1);
        const bool pages = line.substr(0, space) == "PAGES";
        Step &step = add(pages ? Step::Kind::pages : Step::Kind::request);
        step.method = pages ? "GET" : line.substr(0, space);
        step.target = line.substr(space + 1, end == std::string::npos ? end : end - space - 1);
        step.own_answer = own_answer_;
        own_answer_ = false;
        step.not_under = std::move(not_under_);
        not_under_.clear();
        if (end != std::string::npos) {
            part_of_request(line.substr(end + 1));
        }
    }

    void part_of_request(const std::string &line)
    {
        Step &step = open("no request that this could belong to");
        if (is_header(line)) {
            step.headers.push_back(header(line));
        } else if (starts_with(line, "raw ")) {
            step.body = unescaped(line.substr(4));
        } else {
            step.body += (step.body.empty() ? "" : "\n") + line;
        }
    }

    void status(const std::string &line)
    {
        Step &step = open("no request before this status");
        step.status = std::stoi(line);
        in_expectation_ = true;
        if (line.size() > 4) {
            expectation(line.substr(4));
        }
    }

    void expectation(const std::string &line)
    {
        Step &step = steps().back();
        if (is_header(line)) {
            step.expected_headers.push_back(header(line));
        } else if (starts_with(line, "no ")) {
            step.absent_headers.push_back(line.substr(3));
        } else if (starts_with(line, "exactly ")) {
            body(step, Step::Body::exactly).pattern = line.substr(8);
        } else if (line == "empty") {
            body(step, Step::Body::empty);
        } else if (step.expected_body == Step::Body::pattern) {
            step.pattern += line + "\n";
        } else {
            body(step, Step::Body::pattern).pattern = line + "\n";
        }
    }

    static Step &body(Step &step, Step::Body expected)
    {
        if (step.expected_body != Step::Body::any) {
            throw std::runtime_error("the body is expected twice");
        }
        step.expected_body = expected;
        return step;
    }

    static std::pair<std::string, std::string> header(const std::string &line)
    {
        const std::size_t colon = line.find(':');
        const std::size_t value = line.find_first_not_of(' ', colon + 1);
        return {line.substr(0, colon), value == std::string::npos ? "" : line.substr(value)};
    }

    std::vector<Step> &steps()
    {
        if (scenarios_.empty()) {
            throw std::runtime_error("a scenario (== …) must come first");
        }
        return scenarios_.back().steps;
    }

    Step &add(Step::Kind kind)
    {
        close();
        steps().emplace_back();
        steps().back().kind = kind;
        steps().back().line = line_;
        return steps().back();
    }

    /// The request that still waits for its status.
    Step &open(const char *reason)
    {
        if (steps().empty() || steps().back().method.empty() || steps().back().status != 0) {
            throw std::runtime_error(reason);
        }
        return steps().back();
    }

    Step &sql()
    {
        if (steps().empty() || steps().back().kind != Step::Kind::sql) {
            throw std::runtime_error("no sql before this value");
        }
        return steps().back();
    }

    /// Nothing of what came last may be missing.
    void close()
    {
        in_expectation_ = false;
        if (!scenarios_.empty() && !scenarios_.back().steps.empty()) {
            const Step &last = scenarios_.back().steps.back();
            if (!last.method.empty() && last.status == 0) {
                throw std::runtime_error("the request of line " + std::to_string(last.line) +
                                         " has no expected status");
            }
        }
    }

    std::vector<Scenario> scenarios_;
    int line_ = 0;
    bool own_answer_ = false;
    std::string not_under_;
    bool in_expectation_ = false;
};

} // namespace

std::vector<Scenario> parse_cases(const std::string &text)
{
    return Reader().read(text);
}

} // namespace smartflow

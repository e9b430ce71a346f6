#include "dispatch.hpp"
#include "wire.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <vector>

#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace smartflow {

namespace {

/// A file descriptor, closed in the end.
class Descriptor
{
public:
    explicit Descriptor(int number) : number_(number)
    {
        if (number < 0) {
            throw std::system_error(errno, std::generic_category());
        }
    }
    ~Descriptor() { ::close(number_); }
    Descriptor(const Descriptor &) = delete;
    Descriptor &operator=(const Descriptor &) = delete;

    int number() const noexcept { return number_; }

    std::string rest() const
    {
        ::lseek(number_, 0, SEEK_SET);
        std::string text;
        std::array<char, 65536> buffer{};
        for (ssize_t got = 0; (got = ::read(number_, buffer.data(), buffer.size())) > 0;) {
            text.append(buffer.data(), static_cast<std::size_t>(got));
        }
        return text;
    }

private:
    int number_;
};

/// A file in memory that holds the text, to be read from its beginning.
int memory_file(const char *name, const std::string &text)
{
    const int file = ::memfd_create(name, MFD_CLOEXEC);
    std::size_t at = 0;
    while (file >= 0 && at < text.size()) {
        const ssize_t part = ::write(file, text.data() + at, text.size() - at);
        if (part < 0) {
            throw std::system_error(errno, std::generic_category());
        }
        at += static_cast<std::size_t>(part);
    }
    ::lseek(file, 0, SEEK_SET);
    return file;
}

/// The parts of an answer in CGI form (RFC 3875 §6).
WireResponse parsed(const std::string &text)
{
    WireResponse response;
    response.status = 200;
    std::size_t at = 0;
    for (;;) {
        const std::size_t end = text.find("\r\n", at);
        if (end == std::string::npos) {
            throw std::runtime_error("no CGI answer: " + text.substr(0, 200));
        }
        const std::string line = text.substr(at, end - at);
        at = end + 2;
        if (line.empty()) {
            response.body = text.substr(at);
            return response;
        }
        const std::size_t colon = line.find(": ");
        if (colon == std::string::npos) {
            throw std::runtime_error("no CGI header: " + line);
        }
        if (line.compare(0, colon, "Status") == 0) {
            response.status = std::stoi(line.substr(colon + 2));
        } else {
            response.headers.emplace_back(line.substr(0, colon), line.substr(colon + 2));
        }
    }
}

class CgiWay : public Way
{
public:
    CgiWay(std::string database_url, std::string programs)
        : database_url_(std::move(database_url)), programs_(std::move(programs))
    {}

    const char *name() const override { return "cgi"; }

    WireResponse send(const WireRequest &request) override
    {
        const std::string program = programs_ + "/" + family_of(request).name;
        const Descriptor in(memory_file("request", request.body));
        const Descriptor out(memory_file("answer", ""));
        const int status = run(program, environment(request), in.number(), out.number());
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
            throw std::runtime_error(program + " ended with wait status " + std::to_string(status));
        }
        return parsed(out.rest());
    }

private:
    std::vector<std::string> environment(const WireRequest &request) const
    {
        std::vector<std::string> all{"DATABASE_URL=" + database_url_, "LOG_LEVEL=error",
                                     "SMARTFLOW_CONF=/dev/null"};
        for (const auto &[name, value] : cgi_variables(request)) {
            all.push_back(name);
            all.back().append("=").append(value);
        }
        for (const char *name : {"ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"}) {
            if (const char *value = std::getenv(name)) {
                all.push_back(std::string(name) + "=" + value);
            }
        }
        return all;
    }

    /// \returns the wait status
    static int run(const std::string &program, std::vector<std::string> environment, int in,
                   int out)
    {
        std::vector<char *> variables;
        variables.reserve(environment.size() + 1);
        for (std::string &variable : environment) {
            variables.push_back(variable.data());
        }
        variables.push_back(nullptr);
        std::string own_name = program;
        std::array<char *, 2> arguments{own_name.data(), nullptr};
        posix_spawn_file_actions_t files;
        posix_spawn_file_actions_init(&files);
        posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
        posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
        pid_t child = 0;
        const int failed = posix_spawn(&child, program.c_str(), &files, nullptr, arguments.data(),
                                       variables.data());
        posix_spawn_file_actions_destroy(&files);
        if (failed != 0) {
            throw std::system_error(failed, std::generic_category(), program);
        }
        int status = 0;
        while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
        }
        return status;
    }

    std::string database_url_;
    std::string programs_;
};

} // namespace

std::unique_ptr<Way> cgi_way(const std::string &database_url, const std::string &programs)
{
    return std::make_unique<CgiWay>(database_url, programs);
}

} // namespace smartflow

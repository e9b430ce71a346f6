#include "file_transfer.hpp"

#include <algorithm>
#include <array>

namespace smartflow {

Headers download(const char *media, const std::string &name, const std::string &extension)
{
    std::string at = timestamp_now().substr(0, 19);
    at.erase(16, 1).erase(13, 1); // no file system minds what is left
    return {{"Content-Type", media},
            {"Content-Disposition",
             "attachment; filename=\"" + name + "-" + at + "Z." + extension + "\""}};
}

Upload::Upload(const Request &request) : request_(request), left_(body_length(request).value_or(0))
{}

std::size_t Upload::read(char *into, std::size_t size)
{
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(size, left_));
    if (wanted == 0) {
        return 0;
    }
    const std::size_t got = request_.read_body ? request_.read_body(into, wanted) : 0;
    if (got == 0) {
        throw Error(Code::bad_request, "The body is shorter than its Content-Length.");
    }
    left_ -= got;
    hash_.add({into, got});
    return got;
}

void Upload::drain()
{
    std::array<char, 4096> rest{};
    while (read(rest.data(), rest.size()) > 0) {
    }
}

} // namespace smartflow

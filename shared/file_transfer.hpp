#ifndef SMARTFLOW_FILE_TRANSFER_HPP
#define SMARTFLOW_FILE_TRANSFER_HPP

#include "http.hpp"
#include "secrets.hpp"

#include <cstdint>
#include <string>

namespace smartflow {

/// The headers of a file to be kept, with the moment in its name:
/// `smartflow-2025-11-28T103000Z.json`.
Headers download(const char *media, const std::string &name, const std::string &extension);

/// A large body on its way in: in parts, counted, hashed.
class Upload
{
public:
    explicit Upload(const Request &request);

    /// Reads what comes next. \returns the number of bytes, 0 at the end
    /// \throws Error (BAD_REQUEST) when the body is shorter than its Content-Length
    std::size_t read(char *into, std::size_t size);

    /// Reads what is left and forgets it: an answer before the end mightn't be read.
    void drain();

    /// SHA-256 of the body, once it is read, in hex.
    std::string hex() { return hash_.hex(); }

private:
    const Request &request_;
    std::uint64_t left_;
    Sha256 hash_;
};

} // namespace smartflow

#endif

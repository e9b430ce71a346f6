#include "authorities.hpp"

#include <cstdlib>
#include <unistd.h>

namespace smartflow {
namespace {

/// Where Linux distributions keep it; Go's crypto/x509 (root_linux.go) looks there too.
constexpr const char *well_known_files[] = {
    "/etc/ssl/certs/ca-certificates.crt",                // Debian, Ubuntu, Arch, Gentoo
    "/etc/pki/tls/certs/ca-bundle.crt",                  // Fedora, Red Hat 6
    "/etc/ssl/ca-bundle.pem",                            // SUSE
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // Red Hat 7 and its kin
    "/etc/ssl/cert.pem",                                 // Alpine
};

bool may_be_read(const char *path)
{
    return access(path, R_OK) == 0;
}

} // namespace

std::string authorities_file(const std::string &usual)
{
    const char *named = std::getenv("SSL_CERT_FILE"); // nothing here ever changes the environment
    if (named != nullptr && *named != '\0') {
        return named;
    }
    if (may_be_read(usual.c_str())) {
        return usual;
    }
    for (const char *file : well_known_files) {
        if (may_be_read(file)) {
            return file;
        }
    }
    return usual;
}

} // namespace smartflow

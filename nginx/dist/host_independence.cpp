// What the programs of `make dist` do before they begin, so that nothing of the host they run on
// can break them. Linked into these alone: an ordinary build goes by its host's configuration.

#include <netdb.h>
#include <nss.h>
#include <openssl/crypto.h>

namespace {

/// The host's nsswitch.conf may name modules (sss, resolve, ldap…): libraries of the host, made for
/// its own libc, which would crash this one. `files` and `dns` are built in (glibc 2.34 and later).
void look_names_up_without_modules()
{
    __nss_configure_lookup("hosts", "files dns");
    constexpr const char *databases[] = {"passwd", "group", "services", "protocols", "networks"};
    for (const char *database : databases) {
        __nss_configure_lookup(database, "files");
    }
}

/// The host's openssl.cnf is for its own OpenSSL: what it says of another version is an error
/// there, and providers and engines that it names are libraries again.
void ignore_configuration_of_openssl()
{
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
}

__attribute__((constructor)) void become_independent()
{
    look_names_up_without_modules();
    ignore_configuration_of_openssl();
}

} // namespace

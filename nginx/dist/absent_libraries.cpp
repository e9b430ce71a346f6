// Stand-ins for the libraries that Debian has no static version of, in the programs of `make dist`
// alone. libpq and libcurl were built to use Kerberos, LDAP and RTMP; here each of these answers
// the first question it is asked with "not available", as the real ones do on a host that isn't set
// up for them. So these programs can't log in by Kerberos (to PostgreSQL, a mail server or a web
// server), can't encrypt with it (`gssencmode=prefer`, the default, goes on to TLS), and don't
// follow the LDAP addresses that a pg_service.conf may hold. What comes after a first question is
// never reached.
//
// Declared without the libraries' headers, which nothing else needs: all are C functions whose
// parameters are words that nobody reads here.

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace {

// RFC 2744 §3.9.1: routine errors begin at bit 16.
constexpr std::uint32_t complete = 0;
constexpr std::uint32_t unavailable = std::uint32_t{16} << 16;

constexpr int general = 1; ///< the kind of status that isn't a mechanism's own (§5.11)
constexpr char reason[] = "this program was built without Kerberos";

} // namespace

/// gss_buffer_desc
struct GssBuffer {
    std::size_t length;
    const void *value;
};

extern "C" {

const void *GSS_C_NT_HOSTBASED_SERVICE = nullptr;

/// libpq asks this before it offers encryption (pg_GSS_have_cred_cache).
std::uint32_t gss_acquire_cred(std::uint32_t *minor, const void *, std::uint32_t, const void *, int,
                               void **credentials, void **, std::uint32_t *)
{
    *minor = 0;
    *credentials = nullptr;
    return unavailable;
}

/// libpq and libcurl begin with this when the server wants Kerberos (pg_GSS_load_servicename,
/// Curl_auth_create_gssapi_user_message, Curl_auth_decode_spnego_message).
std::uint32_t gss_import_name(std::uint32_t *minor, const GssBuffer *, const void *, void **name)
{
    *minor = 0;
    *name = nullptr;
    return unavailable;
}

/// Why not, for the error message.
std::uint32_t gss_display_status(std::uint32_t *minor, std::uint32_t, int kind, const void *,
                                 std::uint32_t *more, GssBuffer *text)
{
    *minor = 0;
    *more = 0;
    *text = {kind == general ? std::strlen(reason) : 0, reason};
    return complete;
}

std::uint32_t gss_release_buffer(std::uint32_t *minor, GssBuffer *buffer)
{
    *minor = 0;
    *buffer = {0, nullptr};
    return complete;
}

/// What is never made needs no release either; libpq and libcurl call these only for what isn't
/// null.
std::uint32_t gss_delete_sec_context(std::uint32_t *, void **, GssBuffer *)
{
    return complete;
}
std::uint32_t gss_release_cred(std::uint32_t *, void **)
{
    return complete;
}
std::uint32_t gss_release_name(std::uint32_t *, void **)
{
    return complete;
}

// From here on: never reached, because what they work on was never made.
#define NEVER_REACHED(name, answer)                                                                \
    std::uintptr_t name()                                                                          \
    {                                                                                              \
        return answer;                                                                             \
    }
NEVER_REACHED(gss_init_sec_context, unavailable)
NEVER_REACHED(gss_wrap, unavailable)
NEVER_REACHED(gss_unwrap, unavailable)
NEVER_REACHED(gss_wrap_size_limit, unavailable)
NEVER_REACHED(gss_display_name, unavailable)
NEVER_REACHED(gss_inquire_context, unavailable)

/// libpq begins with this where a pg_service.conf has an LDAP address (ldapServiceLookup).
void *ldap_init(const char *, int)
{
    return nullptr;
}

// libcurl speaks LDAP and RTMP only to addresses of those schemes, which outbound.cpp doesn't
// allow.
NEVER_REACHED(ber_bvfree, 0)
NEVER_REACHED(ber_free, 0)
NEVER_REACHED(ber_memfree, 0)
NEVER_REACHED(ber_memvfree, 0)
NEVER_REACHED(ber_sockbuf_add_io, 0)
NEVER_REACHED(ldap_abandon_ext, 0)
NEVER_REACHED(ldap_count_entries, 0)
NEVER_REACHED(ldap_err2string, 0)
NEVER_REACHED(ldap_first_entry, 0)
NEVER_REACHED(ldap_free_urldesc, 0)
NEVER_REACHED(ldap_get_attribute_ber, 0)
NEVER_REACHED(ldap_get_dn_ber, 0)
NEVER_REACHED(ldap_get_option, 0)
NEVER_REACHED(ldap_get_values_len, 0)
NEVER_REACHED(ldap_init_fd, 0)
NEVER_REACHED(ldap_memfree, 0)
NEVER_REACHED(ldap_msgfree, 0)
NEVER_REACHED(ldap_msgtype, 0)
NEVER_REACHED(ldap_parse_result, 0)
NEVER_REACHED(ldap_parse_sasl_bind_result, 0)
NEVER_REACHED(ldap_pvt_url_scheme2proto, 0)
NEVER_REACHED(ldap_result, 0)
NEVER_REACHED(ldap_sasl_bind, 0)
NEVER_REACHED(ldap_search_ext, 0)
NEVER_REACHED(ldap_search_st, 0)
NEVER_REACHED(ldap_set_option, 0)
NEVER_REACHED(ldap_simple_bind, 0)
NEVER_REACHED(ldap_start_tls, 0)
NEVER_REACHED(ldap_unbind, 0)
NEVER_REACHED(ldap_unbind_ext, 0)
NEVER_REACHED(ldap_url_parse, 0)
NEVER_REACHED(ldap_value_free_len, 0)
NEVER_REACHED(RTMP_Alloc, 0)
NEVER_REACHED(RTMP_Close, 0)
NEVER_REACHED(RTMP_Connect1, 0)
NEVER_REACHED(RTMP_ConnectStream, 0)
NEVER_REACHED(RTMP_Free, 0)
NEVER_REACHED(RTMP_Init, 0)
NEVER_REACHED(RTMP_Read, 0)
NEVER_REACHED(RTMP_SetBufferMS, 0)
NEVER_REACHED(RTMP_SetupURL, 0)
NEVER_REACHED(RTMP_Write, 0)

#undef NEVER_REACHED

} // extern "C"

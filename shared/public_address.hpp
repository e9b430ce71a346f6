#ifndef SMARTFLOW_PUBLIC_ADDRESS_HPP
#define SMARTFLOW_PUBLIC_ADDRESS_HPP

#include <sys/socket.h>

namespace smartflow {

/// Whether an address, as a connection is about to be made to it, belongs to the public Internet:
/// none that IANA's special-purpose registries (RFC 6890) call loopback, private, shared,
/// link-local, documentation, multicast or reserved. An IPv6 address that stands for an IPv4 one
/// (mapped, NAT64, 6to4) is judged by that one.
/// \param address of any family; what is neither IPv4 nor IPv6 isn't public
bool is_public(const sockaddr &address) noexcept;

} // namespace smartflow

#endif

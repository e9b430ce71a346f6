#include "public_address.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <netinet/in.h>

namespace smartflow {
namespace {

using Bytes16 = std::array<std::uint8_t, 16>;

struct Network4 {
    std::uint32_t first;
    int bits;
};

struct Network6 {
    Bytes16 first;
    int bits;
};

constexpr std::uint32_t ipv4(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d)
{
    return a << 24U | b << 16U | c << 8U | d;
}

/// https://www.iana.org/assignments/iana-ipv4-special-registry, and multicast.
constexpr Network4 closed4[] = {
    {ipv4(0, 0, 0, 0), 8},        // this network
    {ipv4(10, 0, 0, 0), 8},       // private
    {ipv4(100, 64, 0, 0), 10},    // shared by a provider's customers
    {ipv4(127, 0, 0, 0), 8},      // loopback
    {ipv4(168, 63, 129, 16), 32}, // what a host at Azure asks about itself
    {ipv4(169, 254, 0, 0), 16},   // link-local, and what hosts elsewhere ask about themselves
    {ipv4(172, 16, 0, 0), 12},    // private
    {ipv4(192, 0, 0, 0), 24},     // protocol assignments
    {ipv4(192, 0, 2, 0), 24},     // documentation
    {ipv4(192, 88, 99, 0), 24},   // 6to4 relays, once
    {ipv4(192, 168, 0, 0), 16},   // private
    {ipv4(198, 18, 0, 0), 15},    // benchmarks
    {ipv4(198, 51, 100, 0), 24},  // documentation
    {ipv4(203, 0, 113, 0), 24},   // documentation
    {ipv4(224, 0, 0, 0), 4},      // multicast
    {ipv4(240, 0, 0, 0), 4},      // reserved, and broadcast
};

/// Of 2000::/3, outside of which nothing is public.
constexpr Network6 closed6[] = {
    {{0x20, 0x01, 0x00}, 23},       // protocol assignments, Teredo among them
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, // documentation
    {{0x3f, 0xff, 0x00}, 20},       // documentation
};

constexpr Network6 global_unicast{{0x20}, 3};
constexpr Network6 mapped{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96};
constexpr Network6 nat64{{0x00, 0x64, 0xff, 0x9b}, 96};
constexpr Network6 six_to_four{{0x20, 0x02}, 16};

bool has(const Network4 &network, std::uint32_t address)
{
    return ((network.first ^ address) >> (32 - network.bits)) == 0;
}

bool has(const Network6 &network, const Bytes16 &address)
{
    for (std::size_t bit = 0; bit < static_cast<std::size_t>(network.bits); ++bit) {
        const unsigned differs =
            static_cast<unsigned>(network.first.at(bit / 8)) ^ address.at(bit / 8);
        if ((differs >> (7 - bit % 8) & 1U) != 0) {
            return false;
        }
    }
    return true;
}

bool is_public4(std::uint32_t address)
{
    return std::none_of(std::begin(closed4), std::end(closed4),
                        [=](const Network4 &network) { return has(network, address); });
}

/// The IPv4 address that begins at a byte of an IPv6 one.
std::uint32_t embedded(const Bytes16 &address, std::size_t at)
{
    return ipv4(address.at(at), address.at(at + 1), address.at(at + 2), address.at(at + 3));
}

bool is_public6(const Bytes16 &address)
{
    if (has(mapped, address) || has(nat64, address)) {
        return is_public4(embedded(address, 12));
    }
    if (has(six_to_four, address)) {
        return is_public4(embedded(address, 2));
    }
    return has(global_unicast, address) &&
           std::none_of(std::begin(closed6), std::end(closed6),
                        [&](const Network6 &network) { return has(network, address); });
}

} // namespace

bool is_public(const sockaddr &address) noexcept
{
    if (address.sa_family == AF_INET) {
        sockaddr_in in{};
        std::memcpy(&in, &address, sizeof in);
        return is_public4(ntohl(in.sin_addr.s_addr));
    }
    if (address.sa_family == AF_INET6) {
        sockaddr_in6 in6{};
        std::memcpy(&in6, &address, sizeof in6);
        Bytes16 bytes{};
        std::memcpy(bytes.data(), &in6.sin6_addr, bytes.size());
        return is_public6(bytes);
    }
    return false;
}

} // namespace smartflow

#include "public_address.hpp"

#include <boost/test/unit_test.hpp>

#include <arpa/inet.h>
#include <cstring>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <stdexcept>
#include <string>

using namespace smartflow;

namespace {

/// As the system's resolver reads a numeric host, which takes decimal, octal and hex forms too.
bool reaches_public(const std::string &host)
{
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo *found = nullptr;
    if (::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) {
        throw std::runtime_error(host + " is no address");
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> list(found, &::freeaddrinfo);
    return is_public(*list->ai_addr);
}

/// Those of a list for which the answer isn't the wanted one.
std::string wrong(bool wanted, std::initializer_list<const char *> hosts)
{
    std::string list;
    for (const char *host : hosts) {
        if (reaches_public(host) != wanted) {
            list += std::string(host) + " ";
        }
    }
    return list;
}

} // namespace

BOOST_AUTO_TEST_SUITE(public_addresses)

BOOST_AUTO_TEST_CASE(lets_public_addresses_pass)
{
    BOOST_TEST(
        wrong(true,
              {"1.1.1.1",         "8.8.8.8",         "9.255.255.255",   "11.0.0.0",
               "100.63.255.255",  "100.128.0.0",     "126.255.255.255", "128.0.0.0",
               "169.253.255.255", "169.255.0.0",     "172.15.255.255",  "172.32.0.0",
               "192.0.1.0",       "192.167.255.255", "192.169.0.0",     "198.17.255.255",
               "198.20.0.0",      "223.255.255.255", "2606:4700::1111", "2a00:1450:4001::200e",
               "2001:200::1",     "2003::1",         "3ffe::1"}) == "");
}

BOOST_AUTO_TEST_CASE(refuses_loopback_private_link_local_and_shared_addresses)
{
    BOOST_TEST(wrong(false, {"0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0",
                             "100.100.100.200", "100.127.255.255", "127.0.0.1", "127.255.255.255",
                             "168.63.129.16", "169.254.0.0", "169.254.169.254", "169.254.255.255",
                             "172.16.0.0", "172.31.255.255", "192.168.0.0", "192.168.255.255"}) ==
               "");
}

BOOST_AUTO_TEST_CASE(refuses_documentation_benchmarks_multicast_broadcast_and_reserved_addresses)
{
    BOOST_TEST(wrong(false, {"192.0.0.1", "192.0.0.171", "192.0.2.1", "192.88.99.1", "198.18.0.0",
                             "198.19.255.255", "198.51.100.7", "203.0.113.255", "224.0.0.1",
                             "239.255.255.255", "240.0.0.1", "255.255.255.255"}) == "");
}

BOOST_AUTO_TEST_CASE(refuses_what_is_not_global_of_ipv6)
{
    BOOST_TEST(wrong(false, {"::", "::1", "fe80::1", "febf::1", "fec0::1", "fc00::1",
                             "fd00:ec2::254", "ff02::1", "100::1", "2001:db8::1", "3fff:fff::1",
                             "2001::1", "2001:2::1", "2001:1ff:ffff::1", "64:ff9b:1::1", "5f00::1",
                             "4000::1", "1fff:ffff::1"}) == "");
}

BOOST_AUTO_TEST_CASE(judges_an_ipv6_address_that_stands_for_an_ipv4_one_by_that)
{
    BOOST_TEST(wrong(false, {"::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
                             "::ffff:0:127.0.0.1", "::127.0.0.1", "::8.8.8.8", "64:ff9b::127.0.0.1",
                             "64:ff9b::192.168.1.1", "2002:7f00:1::1", "2002:a00:1::1",
                             "2002:c0a8:101::1"}) == "");
    BOOST_TEST(wrong(true, {"::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"}) == "");
}

BOOST_AUTO_TEST_CASE(refuses_loopback_however_it_is_spelled)
{
    BOOST_TEST(wrong(false, {"2130706433", "0x7f.1", "0177.0.0.1", "127.1", "0x7f000001", "0",
                             "::ffff:7f00:1", "0:0:0:0:0:0:0:1"}) == "");
}

BOOST_AUTO_TEST_CASE(refuses_what_is_no_internet_address)
{
    sockaddr address{};
    address.sa_family = AF_UNIX;
    BOOST_TEST(!is_public(address));
}

BOOST_AUTO_TEST_SUITE_END()

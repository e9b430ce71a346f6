#include "webhook.hpp"

#include "outbound.hpp"

#include <boost/test/unit_test.hpp>

using namespace smartflow;

namespace {

std::string signed_by(const std::string &secret, std::string_view event, std::int64_t unix_seconds,
                      std::string_view body)
{
    return webhook_signature(webhook_key(secret).value(), event, unix_seconds, body);
}

} // namespace

BOOST_AUTO_TEST_SUITE(webhooks)

BOOST_AUTO_TEST_CASE(signs_as_the_example_of_standard_webhooks)
{
    BOOST_TEST(signed_by("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek",
                         1614265330, "{\"test\": 2432232314}") ==
               "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

// The expected values are those of Python's hmac module.
BOOST_AUTO_TEST_CASE(signs_the_bytes_of_the_body_with_keys_of_any_allowed_length)
{
    BOOST_TEST(signed_by("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "msg_1", 1700000000,
                         "{\"a\":\"\xc3\xa4\"}") ==
               "v1,jYknUC7meGdZ2Wm7vh/KWoFR3dy5hypghPCbtzUttR4=");
    BOOST_TEST(signed_by("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMD"
                         "EyMzQ1Njc4OTo7PD0+Pw==",
                         "msg_1", 1700000000,
                         "") == "v1,BWkxbM3LYytg96qlUhITZDXqX4KEiRQYa62SWkzC28w=");
}

BOOST_AUTO_TEST_CASE(takes_secrets_of_24_to_64_bytes_alone)
{
    BOOST_TEST(webhook_key("whsec_" + std::string(32, 'A')).has_value()); // 24 bytes
    BOOST_TEST(!webhook_key("whsec_" + std::string(28, 'A')).has_value());
    BOOST_TEST(webhook_key("whsec_" + std::string(84, 'A')).has_value()); // 63 bytes
    BOOST_TEST(!webhook_key("whsec_" + std::string(88, 'A')).has_value());
    for (const std::string wrong : {"", "whsec_", "whsec", "WHSEC_"}) {
        BOOST_TEST(!webhook_key(wrong).has_value());
    }
    BOOST_TEST(!webhook_key(std::string(32, 'A')).has_value());
    BOOST_TEST(!webhook_key("whsec_" + std::string(31, 'A') + "!").has_value());
    BOOST_TEST(!webhook_key("whsec_" + std::string(33, 'A')).has_value());
}

BOOST_AUTO_TEST_CASE(makes_a_new_secret_each_time)
{
    const std::string one = new_webhook_secret();
    BOOST_TEST(webhook_key(one).value().size() == 32);
    BOOST_TEST(one != new_webhook_secret());
}

BOOST_AUTO_TEST_CASE(names_event_time_signature_and_program_in_the_headers)
{
    const std::string key = webhook_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").value();
    const std::vector<std::string> wanted{
        "Content-Type: application/json", "User-Agent: SmartFlow/1.2.3", "webhook-id: msg_1",
        "webhook-timestamp: 1700000000",
        "webhook-signature: " + webhook_signature(key, "msg_1", 1700000000, "{}")};
    BOOST_TEST(webhook_headers(key, "msg_1", 1700000000, "{}", "1.2.3") == wanted,
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(names_the_host_of_a_url_without_its_secrets)
{
    BOOST_TEST(url_host("https://Hooks.Example:8443/secret?token=1") == "Hooks.Example");
    BOOST_TEST(url_host("http://[::1]/") == "[::1]");
    for (const std::string wrong :
         {"", "hooks.example/a", "http://", "http://user:word@host/", "http://host:99999/",
          "http://a b/", "ftp://host/", "file:///etc/passwd"}) {
        BOOST_TEST(url_host(wrong) == "", wrong);
    }
}

BOOST_AUTO_TEST_SUITE_END()

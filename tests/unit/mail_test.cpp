#include "mail.hpp"

#include "secrets.hpp"

#include <boost/test/unit_test.hpp>

#include <sstream>
#include <vector>

using namespace smartflow;

namespace {

Mail some_mail()
{
    return {
        {"The Shop", "shop@shop.example"}, "ada@customer.example", "New order", "Hello", "msg_1"};
}

/// The lines of a message's header.
std::vector<std::string> header_of(const std::string &message)
{
    std::vector<std::string> lines;
    std::istringstream header(message.substr(0, message.find("\r\n\r\n")));
    for (std::string line; std::getline(header, line);) {
        if (!line.empty() && line.back() == '\r') {
            line.pop_back();
        }
        lines.push_back(line);
    }
    return lines;
}

/// What stands behind a header's name, folded lines joined.
std::string header_field(const std::string &message, const std::string &name)
{
    std::string value;
    bool here = false;
    for (const std::string &line : header_of(message)) {
        const bool folded = line.rfind(' ', 0) == 0;
        here = folded ? here : line.rfind(name + ": ", 0) == 0;
        if (here) {
            value += folded ? line : line.substr(name.size() + 2);
        }
    }
    return value;
}

/// RFC 2047's words read back, as long as there is nothing else.
std::string words_read(std::string text)
{
    const std::string begin = "=?UTF-8?B?";
    std::string result;
    while (text.rfind(begin, 0) == 0) {
        const std::size_t end = text.find("?=");
        BOOST_TEST(end + 2 <= 75U);
        std::string bytes;
        BOOST_TEST(base64_decoded(text.substr(begin.size(), end - begin.size()), bytes));
        result += bytes;
        text.erase(0, end + 2);
        text.erase(0, text.rfind(' ', 0) == 0 ? 1 : 0);
    }
    return result + text;
}

std::string text_of(const std::string &message)
{
    std::string coded = message.substr(message.find("\r\n\r\n") + 4);
    std::string joined;
    for (const char c : coded) {
        joined += c == '\r' || c == '\n' ? "" : std::string(1, c);
    }
    std::string text;
    BOOST_TEST(base64_decoded(joined, text));
    return text;
}

std::string subject_written(const std::string &subject)
{
    Mail mail = some_mail();
    mail.subject = subject;
    return header_field(message_of(mail, 0), "Subject");
}

} // namespace

BOOST_AUTO_TEST_SUITE(mails)

BOOST_AUTO_TEST_CASE(writes_a_whole_message)
{
    BOOST_TEST(message_of(some_mail(), 1700000000) == "From: \"The Shop\" <shop@shop.example>\r\n"
                                                      "To: ada@customer.example\r\n"
                                                      "Subject: New order\r\n"
                                                      "Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n"
                                                      "Message-ID: <msg_1@shop.example>\r\n"
                                                      "Auto-Submitted: auto-generated\r\n"
                                                      "MIME-Version: 1.0\r\n"
                                                      "Content-Type: text/plain; charset=utf-8\r\n"
                                                      "Content-Transfer-Encoding: base64\r\n"
                                                      "\r\n"
                                                      "SGVsbG8=\r\n");
}

BOOST_AUTO_TEST_CASE(keeps_the_message_id_from_attempt_to_attempt)
{
    BOOST_TEST(header_field(message_of(some_mail(), 1), "Message-ID") ==
               header_field(message_of(some_mail(), 100000), "Message-ID"));
}

BOOST_AUTO_TEST_CASE(leaves_out_the_name_where_there_is_none)
{
    Mail mail = some_mail();
    mail.from.name = "";
    BOOST_TEST(header_field(message_of(mail, 0), "From") == "shop@shop.example");
}

BOOST_AUTO_TEST_CASE(writes_a_plain_subject_as_it_is)
{
    BOOST_TEST(subject_written("50% off: \"tea\", (all) <kinds>") ==
               "50% off: \"tea\", (all) <kinds>");
}

BOOST_AUTO_TEST_CASE(encodes_a_subject_that_is_not_ascii_without_cutting_characters)
{
    std::string subject;
    for (int i = 0; i < 40; ++i) {
        subject += "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x8d\xb5"; // 1 to 4 bytes each
    }
    BOOST_TEST(words_read(subject_written(subject)) == subject);
    const std::string written = subject_written(subject);
    for (std::size_t at = written.find("=?"); at != std::string::npos;
         at = written.find("=?", at + 2)) {
        std::string bytes;
        const std::size_t end = written.find("?=", at);
        BOOST_TEST(base64_decoded(written.substr(at + 10, end - at - 10), bytes));
        BOOST_TEST((static_cast<unsigned char>(bytes.front()) & 0xc0U) != 0x80U);
        at = end - 2;
    }
}

BOOST_AUTO_TEST_CASE(encodes_what_would_be_read_as_an_encoded_word)
{
    const std::string subject = "=?UTF-8?B?SGVsbG8=?=";
    BOOST_TEST(subject_written(subject) != subject);
    BOOST_TEST(words_read(subject_written(subject)) == subject);
}

BOOST_AUTO_TEST_CASE(lets_no_line_of_a_message_grow_too_long)
{
    Mail mail = some_mail();
    mail.subject = std::string(5000, 'x');
    mail.from.name = std::string(600, 'y');
    mail.text = std::string(20000, 'z');
    std::istringstream lines(message_of(mail, 0));
    for (std::string line; std::getline(lines, line);) {
        BOOST_TEST(line.size() <= 998U);
    }
    BOOST_TEST(text_of(message_of(mail, 0)) == mail.text);
}

BOOST_AUTO_TEST_CASE(lets_nobody_slip_in_a_header_line)
{
    const std::vector<std::string> names = {
        "From",         "To",           "Subject",
        "Date",         "Message-ID",   "Auto-Submitted",
        "MIME-Version", "Content-Type", "Content-Transfer-Encoding"};
    for (const std::string trick :
         {"\r\nBcc: eve@evil.example", "\nBcc: eve@evil.example", "\rBcc: eve@evil.example",
          "\r\n\r\nbody", "\r\n Bcc: x", "\xc3\xa4\r\nBcc: eve@evil.example", "\v\f\x7f\x01"}) {
        Mail mail = some_mail();
        mail.subject += trick;
        mail.from.name += trick;
        mail.event += trick;
        mail.to += trick;
        mail.text += trick;
        const std::string message = message_of(mail, 0);
        std::vector<std::string> found;
        for (const std::string &line : header_of(message)) {
            if (line.rfind(' ', 0) != 0) {
                found.push_back(line.substr(0, line.find(": ")));
            }
            BOOST_TEST(line.find_first_of("\r\n\v\f\x7f\x01") == std::string::npos);
        }
        BOOST_TEST(found == names, boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_CASE(quotes_a_name_so_that_it_cannot_become_an_address)
{
    Mail mail = some_mail();
    mail.from.name = "Eve\" <eve@evil.example>, \"\\";
    BOOST_TEST(header_field(message_of(mail, 0), "From") ==
               "\"Eve\\\" <eve@evil.example>, \\\"\\\\\" <shop@shop.example>");
}

BOOST_AUTO_TEST_CASE(keeps_every_character_of_the_text_with_lines_ended_as_mails_have_them)
{
    Mail mail = some_mail();
    mail.text = "one\ntwo\r\n.\nthree \xe2\x82\xac\n";
    BOOST_TEST(text_of(message_of(mail, 0)) == "one\r\ntwo\r\n.\r\nthree \xe2\x82\xac\r\n");
}

BOOST_AUTO_TEST_CASE(knows_an_address_that_is_safe_in_a_command)
{
    for (const std::string good : {"a@b", "ada.lovelace+tea@shop.example", "x'y@b.example",
                                   "j\xc3\xb6rg@m\xc3\xbcller.example"}) {
        BOOST_TEST(is_mail_address(good), good);
    }
    for (const std::string bad :
         {"",      "@",       "a@",      "@b",          "a",      "a@b@c",     "a b@c",
          "a@b c", "<a@b>",   "a@b>",    "a@b\r\nDATA", "a@b\n",  "a@b\tc",    "\"a\"@b",
          "a,b@c", "a@b;c@d", "a@b\x7f", "a@b\xc2\xa0", "a@\xff", "a@b SIZE=1"}) {
        BOOST_TEST(!is_mail_address(bad), bad);
    }
    BOOST_TEST(!is_mail_address("a@" + std::string(319, 'b')));
}

BOOST_AUTO_TEST_CASE(reads_who_mails_are_from)
{
    BOOST_TEST(mailbox_of("shop@shop.example")->address == "shop@shop.example");
    BOOST_TEST(mailbox_of("shop@shop.example")->name == "");
    const auto named = mailbox_of("The Shop, Inc. <shop@shop.example>");
    BOOST_TEST(named->name == "The Shop, Inc.");
    BOOST_TEST(named->address == "shop@shop.example");
    BOOST_TEST(mailbox_of("\"The Shop\" <shop@shop.example>")->name == "The Shop");
    for (const std::string wrong :
         {"", "The Shop", "The Shop <shop>", "<a@b", "a@b>", "<a@b> x", "x\r\ny <a@b>"}) {
        BOOST_TEST(!mailbox_of(wrong).has_value(), wrong);
    }
}

BOOST_AUTO_TEST_SUITE_END()

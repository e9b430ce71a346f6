#include "command_line.hpp"
#include "contains.hpp"
#include "settings.hpp"

#include <boost/test/unit_test.hpp>

#include <sstream>

using namespace smartflow;

namespace {

const Command sample = {"user add", "NAME [NICKNAME] [--quiet] [--file FILE]", "Adds a user.",
                        [](const CommandLine &line) { return line.words()[0] == "bad" ? 7 : 0; }};

const std::vector<Command> commands = {
    sample,
    {"user", "", "Says so.", [](const CommandLine &) { return 3; }},
    {"break", "", "Breaks.",
     [](const CommandLine &) -> int { throw std::runtime_error("broken"); }},
    {"misset", "", "Is set wrongly.",
     [](const CommandLine &) -> int { throw SettingsError("PORT must be a port"); }},
};

struct Outcome {
    int code;
    std::string out;
    std::string err;
};

Outcome run(const std::vector<std::string> &arguments)
{
    std::ostringstream out;
    std::ostringstream err;
    const int code = run_command(commands, arguments, "1.2.3", out, err);
    return {code, out.str(), err.str()};
}

std::string refusal(const std::vector<std::string> &arguments)
{
    try {
        parse_command_line(sample, arguments);
    } catch (const UsageError &error) {
        return error.what();
    }
    return "";
}

} // namespace

BOOST_AUTO_TEST_SUITE(command_line)

BOOST_AUTO_TEST_CASE(tells_words_from_options)
{
    const CommandLine line =
        parse_command_line(sample, {"--file", "--odd", "ada", "--quiet", "--", "--dashes"});
    BOOST_TEST(line.words().size() == 2u);
    BOOST_TEST(line.words()[1] == "--dashes");
    BOOST_TEST(line.option("file").value_or("") == "--odd");
    BOOST_TEST(line.has("quiet"));
    BOOST_TEST(parse_command_line(sample, {"ada", "--file=a=b"}).option("file").value_or("") ==
               "a=b");
    BOOST_TEST(!parse_command_line(sample, {"ada"}).option("file").has_value());
}

BOOST_AUTO_TEST_CASE(refuses_what_the_usage_does_not_name)
{
    BOOST_TEST(refusal({}) == "something is missing");
    BOOST_TEST(refusal({"a", "b", "c"}) == "\"c\" is too much");
    BOOST_TEST(refusal({"a", "--loud"}) == "--loud is not an option here");
    BOOST_TEST(refusal({"a", "--file"}) == "--file needs a value");
    BOOST_TEST(refusal({"a", "--quiet=1"}) == "--quiet takes no value");
    BOOST_TEST(refusal({"a", "--quiet", "--quiet"}) == "--quiet is given twice");
    BOOST_TEST(refusal({"a", "--quiet"}) == "");
}

BOOST_AUTO_TEST_CASE(runs_the_command_with_the_longest_name)
{
    BOOST_TEST(run({"user"}).code == 3);
    BOOST_TEST(run({"user", "add", "bad"}).code == 7);
    BOOST_TEST(run({"user", "add", "good"}).code == 0);
}

BOOST_AUTO_TEST_CASE(says_what_went_wrong_by_text_and_exit_code)
{
    BOOST_TEST(run({"break"}).code == 1);
    BOOST_TEST(run({"break"}).err == "smartflow break: broken\n");
    BOOST_TEST(run({"misset"}).code == 2);
    BOOST_TEST(run({"misset"}).err == "PORT must be a port\n");
    BOOST_TEST(run({"user", "add"}).code == 2);
    BOOST_TEST(contains(run({"user", "add"}).err, "Usage: smartflow user add NAME"));
    BOOST_TEST(run({"fly"}).code == 2);
    BOOST_TEST(contains(run({"fly"}).err, "\"fly\" is no command"));
    BOOST_TEST(run({}).code == 2);
}

BOOST_AUTO_TEST_CASE(helps)
{
    for (const std::string word : {"help", "--help"}) {
        BOOST_TEST(run({word}).code == 0);
        BOOST_TEST(contains(run({word}).out, "smartflow user add NAME [NICKNAME]"));
    }
    BOOST_TEST(contains(run({"user", "add", "--help"}).out, "Adds a user."));
    BOOST_TEST(run({"--version"}).out == "1.2.3\n");
}

BOOST_AUTO_TEST_SUITE_END()

#include "json.hpp"
#include "migrate.hpp"
#include "scenario.hpp"
#include "temporary_database.hpp"

#define BOOST_TEST_NO_MAIN
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <sstream>

namespace smartflow {
namespace {

namespace test = boost::unit_test;
using Path = std::filesystem::path;

std::string variable(const char *name, const std::string &otherwise = "")
{
    const char *value = std::getenv(name);
    return value == nullptr || *value == '\0' ? otherwise : value;
}

std::string needed(const char *name)
{
    std::string value = variable(name);
    if (value.empty()) {
        throw std::runtime_error(std::string(name) + " must be set");
    }
    return value;
}

/// A way and the shop behind it.
struct Lane {
    std::unique_ptr<Way> way;
    Shop *shop;
};

/// Everything that lasts for the whole run. $TEST_WAYS says which ways: all three by default.
class Lanes
{
public:
    Lanes()
    {
        std::istringstream wanted(variable("TEST_WAYS", "dispatch cgi http"));
        for (std::string name; wanted >> name;) {
            if (name == "http") {
                web_shop_.emplace(needed("TEST_HTTP_DATABASE_URL"));
                lanes_.push_back({http_way(needed("TEST_URL")), &*web_shop_});
            } else {
                lanes_.push_back({local_way(name), &*own_shop_});
            }
        }
        if (const std::string file = variable("TEST_TRANSCRIPT"); !file.empty()) {
            transcript_.open(file, std::ios::app);
        }
    }

    std::vector<Lane> &all() { return lanes_; }

    /// Adds a line of JSON to $TEST_TRANSCRIPT.
    void note(const char *way, const WireRequest &request, const WireResponse &response)
    {
        if (!transcript_.is_open()) {
            return;
        }
        std::string line = "{\"way\":" + json_string(way) + ",\"method\":" + json_string(request.method) +
                           ",\"path\":" + json_string(request.target) +
                           ",\"requestBody\":" + json_string(readable(request.body)) +
                           ",\"status\":" + std::to_string(response.status) + ",\"headers\":{";
        for (const auto &[name, value] : response.headers) {
            line += (line.back() == '{' ? "" : ",") + json_string(name) + ":" + json_string(value);
        }
        transcript_ << line + "},\"body\":" + json_string(response.body) + "}\n";
    }

private:
    std::unique_ptr<Way> local_way(const std::string &name)
    {
        if (!database_) {
            database_.emplace();
            migrate(database_->url(), embedded_sql(), [](const std::string &) {});
            own_shop_.emplace(database_->url());
        }
        const std::string url = database_->url("smartflow_{family}");
        if (name == "dispatch") {
            return dispatch_way(url);
        }
        if (name == "cgi") {
            return cgi_way(url, PROGRAMS_DIR);
        }
        throw std::runtime_error("TEST_WAYS: there is no way " + name);
    }

    /// A body as far as JSON can hold it.
    static std::string readable(std::string text)
    {
        std::replace_if(text.begin(), text.end(),
                        [](unsigned char c) { return c == 0 || c >= 0x80; }, '?');
        return text;
    }

    std::optional<TemporaryDatabase> database_;
    std::optional<Shop> own_shop_;
    std::optional<Shop> web_shop_;
    std::vector<Lane> lanes_;
    std::ofstream transcript_;
};

Lanes &lanes()
{
    static Lanes all;
    return all;
}

/// Plays a scenario on every way and compares what came back.
void check(const Scenario &scenario, const std::string &file)
{
    std::optional<Course> first;
    std::string first_name;
    for (Lane &lane : lanes().all()) {
        const char *name = lane.way->name();
        Course course = play(scenario, *lane.way, *lane.shop, [&](const auto &request, const auto &response) {
            lanes().note(name, request, response);
        });
        BOOST_CHECK_MESSAGE(course.failure.empty(), file << ", by " << name << ", " << course.failure);
        if (!first) {
            first = std::move(course);
            first_name = name;
            continue;
        }
        for (std::size_t i = 0; i < std::min(course.answers.size(), first->answers.size()); ++i) {
            const bool either = course.answers[i].empty() || first->answers[i].empty();
            BOOST_CHECK_MESSAGE(either || course.answers[i] == first->answers[i],
                                file << ", answer " << i + 1 << ", by " << name << ":\n"
                                     << course.answers[i] << "\nby " << first_name << ":\n"
                                     << first->answers[i]);
        }
    }
}

std::string test_name(std::string sentence)
{
    std::replace_if(sentence.begin(), sentence.end(),
                    [](char c) { return std::string_view(" ,/:*!@+'").find(c) != std::string_view::npos; },
                    '_');
    return sentence;
}

/// A suite for each file, a test for each scenario.
void add_cases(const Path &path)
{
    std::ifstream stream(path);
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    const std::string file = path.filename().string();
    auto *suite = BOOST_TEST_SUITE(path.stem().string());
    try {
        for (const Scenario &scenario : parse_cases(text)) {
            suite->add(test::make_test_case([scenario, file] { check(scenario, file); },
                                            test_name(scenario.name), file,
                                            static_cast<std::size_t>(scenario.line)));
        }
    } catch (const std::exception &error) {
        throw test::framework::setup_error(file + ", " + error.what());
    }
    test::framework::master_test_suite().add(suite);
}

bool add_all_cases()
{
    std::vector<Path> files;
    for (const auto &entry : std::filesystem::directory_iterator(CASES_DIR)) {
        if (entry.path().extension() == ".case") {
            files.push_back(entry.path());
        }
    }
    std::sort(files.begin(), files.end());
    std::for_each(files.begin(), files.end(), add_cases);
    return true;
}

} // namespace
} // namespace smartflow

int main(int argc, char **argv)
{
    return boost::unit_test::unit_test_main(&smartflow::add_all_cases, argc, argv);
}

#define BOOST_TEST_MODULE smartflow
#include <boost/test/unit_test.hpp>

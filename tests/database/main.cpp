#define BOOST_TEST_MODULE database
#include <boost/test/unit_test.hpp>

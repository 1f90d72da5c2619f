// libtorch contains gloo but does not ship its headers. ProcessGroupGloo.hpp needs these names of it, and no more than their names.
//
// Nothing here may be derived from or made in this project: the table of virtual functions of the real class is longer. `Scripts/check-symbols` looks at that.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace gloo::rendezvous {

class Store {
public:
    virtual ~Store();
    virtual void set(const std::string &key, const std::vector<char> &value) = 0;
    virtual std::vector<char> get(const std::string &key) = 0;
    virtual void wait(const std::vector<std::string> &keys) = 0;
    virtual void wait(const std::vector<std::string> &keys, const std::chrono::milliseconds &timeout) = 0;
};

}  // namespace gloo::rendezvous

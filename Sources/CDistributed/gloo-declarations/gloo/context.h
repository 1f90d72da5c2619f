// libtorch contains gloo but does not ship its headers. ProcessGroupGloo.hpp needs these names of it, and no more than their names.
#pragma once

#include <chrono>

namespace gloo {

class Context {
public:
    void setTimeout(std::chrono::milliseconds timeout);
};

}  // namespace gloo

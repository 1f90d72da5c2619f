// libtorch contains gloo but does not ship its headers. ProcessGroupGloo.hpp needs these names of it, and no more than their names.
#pragma once

namespace gloo::transport {

class Device;
class UnboundBuffer;

}  // namespace gloo::transport

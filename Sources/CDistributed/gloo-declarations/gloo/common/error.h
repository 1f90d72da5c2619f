// libtorch contains gloo but does not ship its headers. ProcessGroupGloo.hpp needs these names of it, and no more than their names.
#pragma once

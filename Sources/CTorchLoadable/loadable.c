// A target needs a file. What is here stands in CTorchOperations; this target only says where the linker of libunetrpp-torch finds libtorch, which a target
// that other packages use may not say.
#include "ctorchloadable.h"

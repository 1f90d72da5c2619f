// One file for the compiler: reading libtorch's headers takes it ten seconds, and each part would need them.
#include "parts/arithmetic.hpp"
#include "parts/autograd.hpp"
#include "parts/library.hpp"
#include "parts/life.hpp"
#include "parts/making.hpp"
#include "parts/networks.hpp"
#include "parts/runtime.hpp"
#include "parts/spatial_attention.hpp"

// The functions of cdistributed.h, which stands beside ctorch.h, for a program that links libtorch: see CTorchOperations.

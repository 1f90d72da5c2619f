// The functions of ctorch.h, for a program that links libtorch. A program that does not link this target loads it at run time: see Sources/CTorch/loading.c.

// On Linux the package manager renames an executable's main to NAME_main; libFuzzer's own is not renamed, so here is one that is.

int LLVMFuzzerRunDriver(int *count, char ***arguments, int (*test)(const unsigned char *, unsigned long));
int LLVMFuzzerTestOneInput(const unsigned char *bytes, unsigned long count);

int fuzz_main(int count, char **arguments) { return LLVMFuzzerRunDriver(&count, &arguments, LLVMFuzzerTestOneInput); }

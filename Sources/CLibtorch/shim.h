// Nothing is declared here: this module exists so that the compile and link flags of libtorch.pc, found through PKG_CONFIG_PATH,
// reach the targets of a package that depends on this one by version, without unsafe flags.

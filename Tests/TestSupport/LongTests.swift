import Foundation

/// Whether tests of full-size networks and long runs are wanted too: `UNETRPP_LONG_TESTS=1`.
public let runsLongTests = ["1", "true", "yes"].contains(ProcessInfo.processInfo.environment["UNETRPP_LONG_TESTS"] ?? "")

import ArgumentParser

/// What the exit status of a command over many cases says to a scheduler, as in `sysexits.h`. 64 is a command line that is wrong, 130 and 143 a signal.
enum ExitStatus {
    /// Some cases cannot be done: trying again changes nothing.
    static let badData = ExitCode(65)
    /// Some cases could not be done now: trying again may help.
    static let temporary = ExitCode(75)
}

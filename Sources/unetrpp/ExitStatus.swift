import ArgumentParser
import UNETRVolumes

/// What the exit status of a command says to a scheduler, as in `sysexits.h`. 64 is a command line that is wrong, 130 and 143 a signal.
enum ExitStatus {
    /// Some cases, or the one there is, cannot be done: trying again changes nothing.
    static let badData = ExitCode(65)
    /// Some cases could not be done now: trying again may help.
    static let temporary = ExitCode(75)

    /// The status for an error about a scan, a mask or a DICOM object; nil: the usual one.
    static func of(_ error: any Error) -> ExitCode? {
        switch error {
        case VolumeError.cannotWrite: temporary
        case is VolumeError, is DICOMError, is DICOMObjectError: badData
        default: nil
        }
    }
}

import ArgumentParser
import UNETRSupport
import UNETRTorch
import UNETRTraining
import UNETRVolumes

/// What the exit status of a command says to a scheduler, as in `sysexits.h`. 64 is a command line that is wrong, 130 and 143 a signal.
enum ExitStatus {
    /// Some cases, or the one there is, cannot be done: trying again changes nothing.
    static let badData = ExitCode(65)
    /// Some cases could not be done now, or another process was lost: trying again may help.
    static let temporary = ExitCode(75)
    /// The command was started in a way that cannot work.
    static let badUse = ExitCode(64)
    /// This program cannot do it.
    static let inside = ExitCode(70)
    /// Stopped by SIGTERM, here or in another process.
    static let stopped = ExitCode(143)

    /// The status for an error about a scan, a mask, a DICOM object, a device or other processes; nil: the usual one.
    static func of(_ error: any Error) -> ExitCode? {
        switch error {
        case VolumeError.cannotWrite: temporary
        case is VolumeError, is DICOMError, is DICOMObjectError: badData
        case is CommunicationError: temporary
        case is LaunchError, DeviceError.unknown: badUse
        case DeviceError.absent: inside
        case let error as TorchError where error.isOutOfMemory: temporary
        case let error as ProcessError: status(of: error)
        default: nil
        }
    }

    private static func status(of error: ProcessError) -> ExitCode {
        switch error {
        case .portTaken, .notMet, .lost: temporary
        case .otherProgram, .differs, .batchTooSmall: badUse
        case .otherCases: badData
        case .noBackend: inside
        }
    }
}

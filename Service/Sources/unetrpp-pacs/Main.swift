import ArgumentParser
import Foundation
import UNETRDICOMWeb
import UNETRSupport
import UNETRVolumes

@main
struct PACS: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unetrpp pacs",
        abstract: "Find, get and send studies of an archive (PACS) that speaks DICOMweb.",
        discussion: """
            URL is that of the archive's DICOMweb service, such as https://pacs.example.org/dicom-web. Whatever an archive needs to know of you comes from \
            files or from the environment (UNETRPP_PACS_TOKEN, or UNETRPP_PACS_USER and UNETRPP_PACS_PASSWORD), never from the command line.

            Exit status: 64 where the question or the credentials are wrong, 65 where what the archive holds or answers is, 75 where it may be better later.
            """,
        subcommands: [Find.self, Get.self, Send.self])

    static func main() async {
        Interruption.listen(as: "unetrpp pacs")
        do {
            var command = try parseAsRoot()
            guard var asynchronous = command as? any AsyncParsableCommand else { return try command.run() }
            try await asynchronous.run()
        } catch {
            guard let status = status(of: error) else { exit(withError: advised(error)) }
            FileHandle.standardError.write(Data("Error: \(advised(error))\n".utf8))
            exit(withError: ExitCode(status))
        }
    }

    /// The exit status for an error of these commands, as in `sysexits.h`; nil: what is usual.
    private static func status(of error: any Error) -> Int32? {
        switch error {
        case let error as DICOMWebError: status(error.kind)
        case let error as UnsentObjects: error.isTemporary ? EX_TEMPFAIL : EX_DATAERR
        case is ObjectFileError, is DICOMError: EX_DATAERR
        default: nil
        }
    }

    private static func status(_ kind: DICOMWebProblem.Kind) -> Int32 {
        switch kind {
        case .usage: EX_USAGE
        case .data: EX_DATAERR
        case .temporary: EX_TEMPFAIL
        }
    }

    /// The error with the option that helps, where there is one.
    private static func advised(_ error: any Error) -> any Error {
        if case OutputError.exists(let path) = error { return Sentence("\(path) is already there; --force replaces it") }
        guard let error = error as? DICOMWebError else { return error }
        let advice: String? =
            switch error.problem {
            case .openCredentials: "--insecure does that"
            case .refused(_, hadCredentials: false): "--token-file, or --user with --password-file"
            case .encryption(let reason) where reason.contains("vouches"): "--ca FILE"
            case .slow: "--timeout SECONDS"
            default: nil
            }
        return advice.map { Sentence("\(error) (\($0))") } ?? error
    }
}

/// A sentence as an error.
struct Sentence: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Talk on standard error, beside the results on standard output.
func say(_ text: String) { FileHandle.standardError.write(Data("\(text)\n".utf8)) }
